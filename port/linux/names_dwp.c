/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A .dwp file: the .dwo files of a program in one. An index says for each
 * unit, by its id of 64 bits, which part of each section is its own (DWARF 5
 * 7.3.5; version 2 is GNU's, of DWARF 4: https://gcc.gnu.org/wiki/DebugFissionDWP).
 * With those parts as its sections a unit is as a .dwo file of its own.
 *
 *	version, columns, units, slots: 4 bytes each
 *	ids, 8 bytes a slot; rows, 4 bytes a slot, from 1 on
 *	a section's number for each column
 *	offsets, a row a unit; sizes, a row a unit: 4 bytes each
 */
#include "names.h"
#include "shortage.h"

#include <stdlib.h>

#define INDEX_SIZE_MAX ((uint64_t)256 << 20)
#define COLUMN_MAX 16u

enum {
	DW_SECT_INFO = 1,
	DW_SECT_ABBREV = 3,
	DW_SECT_LINE = 4,
	DW_SECT_STR_OFFSETS = 6,
	DW_SECT_RNGLISTS = 8, /* in version 2 another one, of no use here */
};

struct dwu_dwp {
	struct dwu_lines lines;
	uint8_t *index;
	size_t size;
	uint32_t version;
	uint32_t columns;
	uint32_t units;
	uint32_t slots;
};

/* What lies in the index is there: dwu_dwp_open() has made sure. */
static uint64_t get(const struct dwu_dwp *dwp, uint64_t off, unsigned int size)
{
	bool big = dwp->lines.debug.elf.data == 2;
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value = value << 8 | dwp->index[off + (big ? i : size - 1 - i)];
	return value;
}

/* In DWARF 5 the version has 2 bytes, and 2 of padding follow. */
static bool read_header(struct dwu_dwp *dwp)
{
	uint64_t cells;

	if (dwp->size < 16)
		return false;
	dwp->version = (uint32_t)get(dwp, 0, 4);
	if (dwp->version != 2)
		dwp->version = (uint32_t)get(dwp, 0, 2);
	dwp->columns = (uint32_t)get(dwp, 4, 4);
	dwp->units = (uint32_t)get(dwp, 8, 4);
	dwp->slots = (uint32_t)get(dwp, 12, 4);
	if ((dwp->version != 2 && dwp->version != 5) ||
	    dwp->columns > COLUMN_MAX || !dwp->slots ||
	    (dwp->slots & (dwp->slots - 1)))
		return false;
	cells = (1 + 2 * (uint64_t)dwp->units) * dwp->columns;
	return 16 + 12 * (uint64_t)dwp->slots + 4 * cells <= dwp->size;
}

/*
 * The row of a unit, from 1 on; 0: it is not there.
 *
 * For example, of 0x10 slots with id 0xabcd...0003: slot 3, then 3 + step, ..
 * until the id or an empty slot. The step is odd and the number of slots a
 * power of two, so all of them are visited once (DWARF 5 7.3.5.3).
 */
static uint32_t find_row(const struct dwu_dwp *dwp, uint64_t id)
{
	uint32_t mask = dwp->slots - 1, slot = (uint32_t)id & mask;
	uint32_t step = ((uint32_t)(id >> 32) & mask) | 1;
	uint64_t rows = 16 + 8 * (uint64_t)dwp->slots;
	uint32_t row;

	for (uint32_t i = 0; i < dwp->slots; i++) {
		row = (uint32_t)get(dwp, rows + 4 * (uint64_t)slot, 4);
		if (!row || row > dwp->units)
			return 0;
		if (get(dwp, 16 + 8 * (uint64_t)slot, 8) == id)
			return row;
		slot = (slot + step) & mask;
	}
	return 0;
}

/* The part of a section becomes the section. */
static void narrow(struct dwunw_dwarf_section *section, uint64_t off,
		   uint64_t size)
{
	if (off > section->size || size > section->size - off)
		size = off = 0;
	section->off += off;
	if (section->data)
		section->data += off;
	section->size = size;
}

/*
 * DWARF 5 table 7.1, GNU's DW_SECT_*: which section a column is of; -1: not
 * needed.
 */
static int part_of(const struct dwu_dwp *dwp, uint64_t column)
{
	switch (column) {
	case DW_SECT_INFO:
		return DWUNW_DWARF_INFO;
	case DW_SECT_ABBREV:
		return DWUNW_DWARF_ABBREV;
	case DW_SECT_LINE:
		return DWUNW_DWARF_LINE;
	case DW_SECT_STR_OFFSETS:
		return DWUNW_DWARF_STR_OFFSETS;
	case DW_SECT_RNGLISTS:
		return dwp->version == 5 ? DWUNW_DWARF_RNGLISTS : -1;
	default:
		return -1;
	}
}

/* .debug_str.dwo is shared by all units, so it is left whole. */
static void narrow_all(const struct dwu_dwp *dwp, uint32_t row,
		       struct dwunw_dwarf *dwarf)
{
	uint64_t head = 16 + 12 * (uint64_t)dwp->slots;
	uint64_t width = 4 * (uint64_t)dwp->columns;
	bool seen[DWUNW_DWARF_PARTS] = { false };

	for (uint32_t i = 0; i < dwp->columns; i++) {
		uint64_t at = head + row * width + 4 * i;
		int part = part_of(dwp, get(dwp, head + 4 * i, 4));

		if (part < 0 || seen[part])
			continue;
		seen[part] = true;
		narrow(&dwarf->parts[part], get(dwp, at, 4),
		       get(dwp, at + dwp->units * width, 4));
	}
	/* without any of those, it has none of its own */
	for (int part = 0; part < DWUNW_DWARF_PARTS; part++)
		if (!seen[part] && part != DWUNW_DWARF_STR &&
		    part != DWUNW_DWARF_LINE_STR)
			dwarf->parts[part].size = 0;
}

/*
 * A copy with narrower sections: nothing of it is to be closed, its bytes are
 * the .dwp's.
 */
struct dwu_lines *dwu_dwp_unit(const struct dwu_dwp *dwp, uint64_t id)
{
	uint32_t row = find_row(dwp, id);
	struct dwu_lines *unit = row ? dwu_calloc(1, sizeof(*unit)) : NULL;

	if (!unit)
		return NULL;
	unit->debug.file.fd = -1;
	unit->dwarf = dwp->lines.dwarf;
	narrow_all(dwp, row, &unit->dwarf);
	return unit;
}

struct dwu_dwp *dwu_dwp_open(const struct dwu_lines_ctx *ctx,
			     struct dwu_debug *debug)
{
	struct dwu_dwp *dwp = dwu_calloc(1, sizeof(*dwp));
	struct dwunw_section section;
	const struct dwunw_source *src;

	if (!dwp) {
		dwu_debug_close(debug);
		return NULL;
	}
	if (dwu_content_open(&dwp->lines, ctx, debug, NULL) != DWUNW_OK) {
		free(dwp);
		return NULL;
	}
	src = &dwp->lines.debug.src;
	if (dwunw_elf_section(&dwp->lines.debug.elf, ".debug_cu_index",
			      &section) == DWUNW_OK &&
	    section.size <= INDEX_SIZE_MAX) {
		dwp->size = (size_t)section.size;
		dwp->index = dwu_malloc(dwp->size + 1);
	}
	if (dwp->index && dwp->lines.dwarf.dwo &&
	    src->read(src->ctx, section.off, dwp->index, dwp->size) ==
		    DWUNW_OK &&
	    read_header(dwp))
		return dwp;
	dwu_dwp_close(dwp);
	return NULL;
}

uint64_t dwu_dwp_bytes(const struct dwu_dwp *dwp)
{
	return dwp->lines.bytes + dwp->size;
}

void dwu_dwp_begin(struct dwu_dwp *dwp)
{
	dwu_file_begin(&dwp->lines.debug.file);
}

/* NULL is well. */
void dwu_dwp_close(struct dwu_dwp *dwp)
{
	if (!dwp)
		return;
	dwu_content_close(&dwp->lines);
	free(dwp->index);
	free(dwp);
}
