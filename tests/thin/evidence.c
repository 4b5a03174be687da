/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "evidence.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file {
	uint8_t *bytes;
	size_t size;
	const char *path;
	bool wide;
	bool big;
};

/* Sections are known by their names, segments by their types. */
struct part {
	uint64_t off;
	uint64_t size;
	uint64_t vaddr;
};

uint64_t evidence_hash(uint64_t a, uint64_t b)
{
	uint64_t x = a * 0x9e3779b97f4a7c15u + b;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static bool inside(const struct file *f, uint64_t off, uint64_t size)
{
	return off <= f->size && size <= f->size - off;
}

static uint64_t get(const struct file *f, uint64_t off, size_t size)
{
	uint64_t value = 0;

	if (!inside(f, off, size))
		return 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 |
			f->bytes[off + (f->big ? i : size - 1 - i)];
	return value;
}

static void put(const struct file *f, uint64_t off, size_t size, uint64_t value)
{
	if (!inside(f, off, size))
		return;
	for (size_t i = 0; i < size; i++, value >>= 8)
		f->bytes[off + (f->big ? size - 1 - i : i)] = (uint8_t)value;
}

static size_t word(const struct file *f)
{
	return f->wide ? 8 : 4;
}

/* --- headers (gABI: ELF Header, Section Header, Program Header) --- */

static uint64_t section_header(const struct file *f, uint64_t index)
{
	uint64_t table = get(f, f->wide ? 40 : 32, word(f));

	return table + index * get(f, f->wide ? 58 : 46, 2);
}

static uint64_t section_count(const struct file *f)
{
	return get(f, f->wide ? 40 : 32, word(f)) ?
		       get(f, f->wide ? 60 : 48, 2) :
		       0;
}

static struct part section_at(const struct file *f, uint64_t at)
{
	size_t w = word(f);

	return (struct part){ .vaddr = get(f, at + 8 + w, w),
			      .off = get(f, at + 8 + 2 * w, w),
			      .size = get(f, at + 8 + 3 * w, w) };
}

static const char *section_name(const struct file *f, uint64_t at)
{
	uint64_t names = section_header(f, get(f, f->wide ? 62 : 50, 2));
	uint64_t off = section_at(f, names).off + get(f, at, 4);

	if (!inside(f, off, 1) ||
	    !memchr(f->bytes + off, 0, f->size - (size_t)off))
		return "";
	return (const char *)f->bytes + off;
}

/* The header of a section with content in this file; 0: none. */
static uint64_t find_section(const struct file *f, const char *name)
{
	for (uint64_t i = 1; i < section_count(f); i++) {
		uint64_t at = section_header(f, i);
		struct part part = section_at(f, at);

		if (get(f, at + 4, 4) != SHT_NOBITS &&
		    inside(f, part.off, part.size) &&
		    strcmp(section_name(f, at), name) == 0)
			return at;
	}
	return 0;
}

/* Its content is zeros and its header that of an unused entry. */
static void remove_section(const struct file *f, const char *name)
{
	uint64_t at = find_section(f, name);
	struct part part = section_at(f, at);

	if (!at)
		return;
	memset(f->bytes + part.off, 0, (size_t)part.size);
	memset(f->bytes + at, 0,
	       f->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr));
}

/* The program header of PT_GNU_EH_FRAME; 0: none. */
static uint64_t find_eh_header(const struct file *f)
{
	uint64_t at = get(f, f->wide ? 32 : 28, word(f));
	uint64_t size = get(f, f->wide ? 54 : 42, 2);
	uint64_t count = get(f, f->wide ? 56 : 44, 2);

	for (; count--; at += size)
		if (get(f, at, 4) == PT_GNU_EH_FRAME)
			return at;
	return 0;
}

/* --- what can be taken away --- */

static void remove_cfi(const struct file *f)
{
	uint64_t header = find_eh_header(f);

	remove_section(f, ".eh_frame");
	remove_section(f, ".eh_frame_hdr");
	remove_section(f, ".debug_frame");
	if (header)
		put(f, header, 4, PT_NULL);
}

static bool chosen(uint64_t off)
{
	return evidence_hash(off, 30) % 10 < 3;
}

/*
 * An FDE (LSB 10.6.1.2) becomes padding of the record before it: that is
 * longer, and what it took in is DW_CFA_nop (0).
 */
static bool remove_fdes(const struct file *f, struct part part, bool debug)
{
	uint64_t off = part.off, end = part.off + part.size, before = 0;
	uint64_t cie_id = debug ? 0xffffffff : 0;

	while (off + 8 <= end) {
		uint64_t size = get(f, off, 4);

		if (size == 0)
			break;
		if (size == 0xffffffff || size > end - off - 4)
			return false;
		if (get(f, off + 4, 4) == cie_id || !before ||
		    !chosen(off - part.off)) {
			before = off;
		} else {
			put(f, before, 4, off + 4 + size - before - 4);
			memset(f->bytes + off, 0, (size_t)size + 4);
		}
		off += size + 4;
	}
	return true;
}

/* The entries of the search table that lead to FDEs which are gone. */
static bool shorten_table(const struct file *f, struct part frames)
{
	uint64_t header = find_eh_header(f), at, left = 0, count, vaddr;
	size_t w = word(f);

	if (!header)
		return true;
	at = get(f, header + w, w);
	vaddr = get(f, header + 2 * w, w);
	/* LSB 10.6.2: version 1, sdata4, udata4, sdata4 from the section */
	if (!inside(f, at, 12) || f->bytes[at] != 1 ||
	    (f->bytes[at + 1] & 15) != 0xb || f->bytes[at + 2] != 3 ||
	    f->bytes[at + 3] != 0x3b)
		return false;
	count = get(f, at + 8, 4);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t entry = at + 12 + 8 * i;
		uint64_t fde = vaddr +
			       (uint64_t)(int64_t)(int32_t)get(f, entry + 4, 4);

		if (chosen((fde - frames.vaddr) &
			   (f->wide ? UINT64_MAX : UINT32_MAX)))
			continue;
		memmove(f->bytes + at + 12 + 8 * left, f->bytes + entry, 8);
		left++;
	}
	memset(f->bytes + at + 12 + 8 * left, 0, (size_t)(8 * (count - left)));
	put(f, at + 8, 4, left);
	return true;
}

static bool remove_some_fdes(const struct file *f)
{
	uint64_t eh = find_section(f, ".eh_frame");
	uint64_t debug = find_section(f, ".debug_frame");

	if (eh && !remove_fdes(f, section_at(f, eh), false))
		return false;
	if (eh && !shorten_table(f, section_at(f, eh)))
		return false;
	return !debug || remove_fdes(f, section_at(f, debug), true);
}

static void remove_sections(const struct file *f)
{
	put(f, f->wide ? 40 : 32, word(f), 0); /* e_shoff */
	put(f, f->wide ? 60 : 48, 4, 0);       /* e_shnum, e_shstrndx */
}

uint8_t *evidence_remove(const uint8_t *bytes, size_t size, unsigned without,
			 const char *path)
{
	struct file f = { .bytes = malloc(size), .size = size, .path = path };

	if (!f.bytes)
		return NULL;
	memcpy(f.bytes, bytes, size);
	f.wide = bytes[EI_CLASS] == ELFCLASS64;
	f.big = bytes[EI_DATA] == ELFDATA2MSB;
	if (without & WITHOUT_CFI)
		remove_cfi(&f);
	if ((without & WITHOUT_SOME_FDES) && !remove_some_fdes(&f)) {
		fprintf(stderr, "%s: CFI of a form that nobody here removes\n",
			path);
		free(f.bytes);
		return NULL;
	}
	if (without & (WITHOUT_SYMBOLS | WITHOUT_SECTIONS)) {
		remove_section(&f, ".symtab");
		remove_section(&f, ".strtab");
	}
	if (without & WITHOUT_SECTIONS)
		remove_sections(&f);
	return f.bytes;
}
