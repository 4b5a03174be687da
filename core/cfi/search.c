/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A file without section headers and without PT_GNU_EH_FRAME still has its
 * .eh_frame, somewhere in a segment: static and musl-gcc links that were
 * stripped of both. Its first CIE is searched for by its bytes.
 *
 *	14 00 00 00  00 00 00 00  01 'z' 'R' 00 ..
 *	length       id 0         version, augmentation
 *
 * Any 4-byte place may look like that by chance, so the records behind it must
 * agree: eight in a row, one FDE at least, each pointing back to a record
 * before it. All bytes of the segments are looked at once, DWUNW_SEARCH_MAX of
 * them at most.
 */
#include "search.h"

#include <dwunw/bounds.h>

#include "core/base/bytes.h"
#include "core/base/window.h"
#include "entry.h"

enum {
	PT_LOAD = 1,
	PF_R = 4,
	CIE_LENGTH_MAX = 256, /* augmentation and initial rules are short */
	CIE_LENGTH_MIN = 8,
	RECORDS_CHECKED = 8,
};

/* "zR" and its relatives: 'z', then letters of LSB 10.6.1.1.1. */
static bool is_augmentation(struct dwu_cursor *c)
{
	const char *s = dwu_string(c);

	if (c->bad || *s++ != 'z')
		return false;
	for (; *s; s++)
		if (*s != 'R' && *s != 'L' && *s != 'P' && *s != 'S' &&
		    *s != 'B')
			return false;
	return true;
}

/*
 * Do these bytes look like a CIE? 32 bytes, or as many as there are, hold the
 * length, the id, the version and the augmentation. Any bytes may look like a
 * length and an id of 0, so the version and the letters have to be right as
 * well.
 */
static bool is_cie(const uint8_t *bytes, size_t size, bool big)
{
	struct dwu_cursor c = dwu_cursor(bytes, size, big);
	uint32_t length = dwu_u32(&c);
	uint8_t version;

	if (length < CIE_LENGTH_MIN || length > CIE_LENGTH_MAX ||
	    dwu_u32(&c) != 0)
		return false;
	version = dwu_u8(&c);
	return (version == 1 || version == 3) && is_augmentation(&c);
}

/*
 * Does the record at off + *next belong to this section?
 *
 * `size` is what is left of the segment: the section's own size is not known,
 * so a record may be as long as that. A terminator ends the look (*next =
 * size).
 */
static bool next_record(const struct dwunw_elf *elf, struct dwu_window *w,
			dwu_place_t off, dwu_place_t size, dwu_place_t *next,
			uint32_t *fdes)
{
	struct dwu_record rec;
	struct dwu_cursor c;
	const uint8_t *bytes;
	size_t head = size - *next < 20 ? (size_t)(size - *next) : 20;

	bytes = dwu_window_at(w, off + *next, head);
	if (!bytes)
		return false;
	c = dwu_cursor(bytes, head, elf->data == 2);
	if (dwu_record_head(&c, false, size, *next, &rec) != DWUNW_OK)
		return false;
	/* an FDE points back to a CIE of the same section */
	if (!rec.cie && !rec.empty) {
		if (rec.cie_off >= *next)
			return false;
		++*fdes;
	}
	*next = rec.empty ? size : rec.next;
	return true;
}

/* A CIE followed by records that agree, at least one FDE among them. */
static bool is_section(const struct dwunw_elf *elf, struct dwu_window *w,
		       dwu_place_t off, dwu_place_t size)
{
	dwu_place_t next = 0;
	uint32_t fdes = 0;
	int i;

	/* next grows with each record; eight that agree are no coincidence */
	for (i = 0; i < RECORDS_CHECKED && next < size; i++)
		if (!next_record(elf, w, off, size, &next, &fdes))
			return false;
	return fdes > 0;
}

/*
 * Every fourth byte from `off` to `end`: one pass, plus eight records for each
 * place that looks like a CIE.
 */
static bool search_segment(const struct dwunw_elf *elf, struct dwu_window *w,
			   struct dwu_window *records, dwu_place_t off,
			   dwu_place_t end, dwu_place_t *found)
{
	const uint8_t *bytes;
	size_t size;

	/* records are aligned to 4 bytes at least. Two windows: looking at
	 * records ahead must not throw away the bytes that are searched */
	for (off = (off + 3) & ~(dwu_place_t)3; off < end; off += 4) {
		size = end - off < 32 ? (size_t)(end - off) : 32;
		bytes = dwu_window_at(w, off, size);
		if (!bytes)
			return false;
		if (is_cie(bytes, size, elf->data == 2) &&
		    is_section(elf, records, off, end - off)) {
			*found = off;
			return true;
		}
	}
	return false;
}

/*
 * Segments are taken in the order of their headers; the first .eh_frame wins,
 * as a program has one. Segments whose bytes are not all in the file are left
 * out.
 */
void dwu_search_eh_frame(const struct dwunw_elf *elf,
			 struct dwunw_section *section)
{
	struct dwu_window w = { .src = &elf->src };
	struct dwu_window records = { .src = &elf->src };
	struct dwunw_program_header h;
	/* segments that overlap are not worth the square of the file's size */
	uint32_t budget = DWUNW_SEARCH_MAX;
	dwu_place_t off, size, found, file = (dwu_place_t)elf->src.size;
	uint32_t i;

	if (file < DWUNW_SEARCH_MAX / 2)
		budget = 2 * (uint32_t)file;
	*section = (struct dwunw_section){ 0 };
	for (i = 0; i < elf->program_count; i++) {
		if (dwunw_elf_program_header(elf, i, &h) != DWUNW_OK)
			return;
		off = (dwu_place_t)h.at.off;
		size = (dwu_place_t)h.at.file_size;
		if (h.type != PT_LOAD || !(h.at.flags & PF_R) || off > file ||
		    size > file - off || size > budget)
			continue;
		budget -= (uint32_t)size;
		if (search_segment(elf, &w, &records, off, off + size,
				   &found)) {
			section->off = found;
			section->vaddr = h.at.vaddr + (found - off);
			section->size = off + size - found;
			return;
		}
	}
}
