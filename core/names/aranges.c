/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Which unit an address belongs to: by .debug_aranges (DWARF 5 6.1.2), or by
 * the first entry of every unit. The result is an array of ranges, sorted by
 * start, each with the offset of its unit.
 *
 *	2c 00 00 00  02 00  00 00 00 00  08  00  (4 bytes of padding)
 *	length 44    v2     unit at 0    address 8, no segment
 *	29 11 00 00 00 00 00 00  1f 00 00 00 00 00 00 00	0x1129, 31 bytes
 *	and a pair of zeros
 *
 * becomes { 0x1129, 31, unit 0 }. Compilers may leave sets out (clang writes
 * none by default), so a caller that finds nothing asks again with all = true:
 * that reads the first entry of each unit, and costs more.
 *
 * Sets, units and ranges are bounded by their sections and DWUNW_UNITS_MAX;
 * memory by the arena.
 */
#include <dwunw/bounds.h>

#include "core/base/grow.h"
#include "core/base/sort.h"
#include "unit.h"

/* Ranges that a look-up goes back over, where units overlap. */
#define LOOK_BACK 64

/* An index in the making. */
struct maker {
	const struct dwunw_dwarf *dwarf;
	struct dwunw_arena *scratch;
	struct dwu_array ranges;
	uint64_t unit;	      /* whose ranges come next */
	uint64_t range_bytes; /* that may still be read, for all units */
};

/* A range of 4 GiB and more is cut: no unit is so large. */
static dwunw_status_t add(struct maker *m, uint64_t start, uint64_t end)
{
	struct dwunw_unit_range *range;
	uint64_t size = end - start;

	range = dwu_array_push(&m->ranges);
	if (!range)
		return DWUNW_ERR_NO_MEMORY;
	range->start = start;
	range->size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
	range->unit = (uint32_t)m->unit;
	return DWUNW_OK;
}

/*
 * Of ranges with one start the longest comes first: a search that goes back
 * then sees the inner ones before it.
 */
static bool before(void *ctx, uint32_t a, uint32_t b)
{
	const struct dwunw_unit_range *ranges = ctx;

	if (ranges[a].start != ranges[b].start)
		return ranges[a].start < ranges[b].start;
	return ranges[a].size > ranges[b].size;
}

static void swap(void *ctx, uint32_t a, uint32_t b)
{
	struct dwunw_unit_range *ranges = ctx, held = ranges[a];

	ranges[a] = ranges[b];
	ranges[b] = held;
}

/* --- .debug_aranges ---------------------------------------------------------- */

/*
 * A set's header (DWARF 5 6.1.2). False: it cannot be read, or is left out: a
 * segment selector, another version, an address of 2 bytes, a unit beyond
 * .debug_info. *end says where the next one is.
 */
static bool set_header(struct maker *m, struct dwu_cursor *c, uint64_t off,
		       uint64_t *end, struct dwunw_unit *unit)
{
	uint64_t length = dwu_initial_length(c, &unit->offset_size);
	uint64_t left = *end - off;
	uint8_t segment;

	if (c->bad || length > left - c->off)
		return false;
	*end = off + c->off + length;
	unit->version = dwu_u16(c);
	m->unit = dwu_uint(c, unit->offset_size);
	unit->address_size = dwu_u8(c);
	segment = dwu_u8(c);
	/* pairs are aligned to their own size, from the set's start on */
	/* for example, 12 bytes of header, pairs of 16: 4 bytes of padding */
	dwu_skip(c, (0 - (uint64_t)c->off) &
			    (2 * (uint64_t)unit->address_size - 1));
	return !c->bad && unit->version == 2 && segment == 0 &&
	       (unit->address_size == 4 || unit->address_size == 8) &&
	       m->unit < m->dwarf->parts[DWUNW_DWARF_INFO].size;
}

/* The pairs of one set, [off, end). */
static dwunw_status_t read_set(struct maker *m, struct dwu_stream *s,
			       uint64_t off, uint64_t end,
			       const struct dwunw_unit *unit)
{
	uint8_t size = unit->address_size;
	dwunw_status_t status;

	while (off < end) {
		struct dwu_cursor c = dwu_stream_at(s, off, end);

		/* all that is at hand, at once */
		while (c.size - c.off >= 2u * size) {
			uint64_t start = dwu_uint(&c, size);
			uint64_t length = dwu_uint(&c, size);

			/* the pair of zeros that ends a set */
			if (!start && !length)
				return DWUNW_OK;
			if (!dwu_is_live(unit, start, start + length))
				continue;
			status = add(m, start, start + length);
			if (status != DWUNW_OK)
				return status;
		}
		if (!c.off)
			break;
		off += c.off;
	}
	return DWUNW_OK;
}

/* A set that is left out costs its ranges only. */
static dwunw_status_t read_aranges(struct maker *m)
{
	struct dwu_stream s;
	uint64_t off = 0;
	uint32_t left = DWUNW_UNITS_MAX;
	dwunw_status_t status = DWUNW_OK;

	if (!dwu_stream_open(&s, m->dwarf, DWUNW_DWARF_ARANGES, 16384,
			     m->scratch))
		return DWUNW_ERR_NO_MEMORY;
	/* ends with the section, where a length leads nowhere, and at the
	 * bound: a set may be 12 bytes */
	while (off < s.section.size && left-- > 0 && status == DWUNW_OK) {
		struct dwunw_unit unit = { .dwarf = m->dwarf };
		struct dwu_cursor c;
		uint64_t end;
		bool good;

		do {
			end = s.section.size;
			c = dwu_stream_at(&s, off, end);
			good = set_header(m, &c, off, &end, &unit);
		} while (c.bad && dwu_stream_more(&s, off, s.section.size));
		if (good)
			status = read_set(m, &s, off + c.off, end, &unit);
		if (end <= off || (!good && end == s.section.size))
			break;
		off = end;
	}
	return status;
}

/* --- the units themselves ------------------------------------------------------ */

/*
 * The ranges of a unit's first entry: low_pc and high_pc, or a list. Without
 * either the unit has no code (a partial unit, one of declarations).
 */
static dwunw_status_t add_unit(struct maker *m, struct dwunw_unit *unit,
			       const struct dwu_where *where)
{
	struct dwu_entries entries;
	struct dwu_range_list list;
	dwunw_status_t status = DWUNW_OK;

	m->unit = unit->off;
	if (!where->ranges.kind && !where->high.kind)
		return DWUNW_OK;
	if (!dwu_entries_open(&entries, unit, DWU_STREAM_SMALL, m->scratch))
		return DWUNW_ERR_NO_MEMORY;
	/* the first one's share is for all of them */
	if (m->range_bytes < entries.range_bytes)
		entries.range_bytes = m->range_bytes;
	list = dwu_ranges(&entries, where);
	while (status == DWUNW_OK && dwu_ranges_next(&list))
		status = add(m, list.start, list.end);
	m->range_bytes = entries.range_bytes;
	return status;
}

/*
 * Each unit's abbreviations are read up to the code of its first entry, and
 * forgotten again: scratch->used goes back.
 */
static dwunw_status_t read_units(struct maker *m)
{
	struct dwunw_arena *scratch = m->scratch;
	uint64_t off = 0, size = m->dwarf->parts[DWUNW_DWARF_INFO].size;
	struct dwu_opener opener;
	struct dwu_where where;
	struct dwunw_unit unit;
	uint32_t left = DWUNW_UNITS_MAX;
	size_t used;

	if (!dwu_opener_open(&opener, m->dwarf, scratch))
		return DWUNW_ERR_NO_MEMORY;
	used = scratch->used;
	/* unit.end lies behind off, or the loop ends: 11 bytes a unit at
	 * least */
	while (off < size && left-- > 0) {
		dwunw_status_t status = dwu_unit_root(&unit, &where, &opener,
						      off, false, scratch);

		if (status == DWUNW_OK)
			status = add_unit(m, &unit, &where);
		scratch->used = used;
		if (status == DWUNW_ERR_NO_MEMORY)
			return status;
		/* one that is broken keeps no others from being found */
		if (unit.end <= off)
			break;
		off = unit.end;
	}
	return DWUNW_OK;
}

/* --- public ---------------------------------------------------------------------- */

/*
 * `arena` grows by the ranges alone. An empty result is OK: the file says
 * nothing.
 */
dwunw_status_t dwunw_units_open(struct dwunw_units *units,
				const struct dwunw_dwarf *dwarf, bool all,
				struct dwunw_arena *arena,
				struct dwunw_arena *scratch)
{
	struct maker m = { .dwarf = dwarf,
			   .scratch = scratch,
			   .range_bytes = UINT64_MAX };
	dwunw_status_t status;
	size_t used;

	if (!units || !dwarf || !arena || !scratch)
		return DWUNW_ERR_INVALID_ARG;
	*units = (struct dwunw_units){ 0 };
	used = scratch->used;
	m.ranges = dwu_array(arena, sizeof(struct dwunw_unit_range));
	status = all ? read_units(&m) : read_aranges(&m);
	scratch->used = used;
	if (status != DWUNW_OK)
		return status;
	dwu_sort(&(struct dwu_sort){ .ctx = m.ranges.items,
				     .count = m.ranges.count,
				     .before = before,
				     .swap = swap });
	units->ranges = (const struct dwunw_unit_range *)(void *)m.ranges.items;
	units->count = m.ranges.count;
	return DWUNW_OK;
}

/*
 * The last range that starts at vaddr or before it; where units overlap, those
 * before it, LOOK_BACK of them at most.
 */
dwunw_status_t dwunw_units_find(const struct dwunw_units *units, uint64_t vaddr,
				uint32_t *unit)
{
	uint32_t low = 0, high, middle, tries;

	if (!units || !unit)
		return DWUNW_ERR_INVALID_ARG;
	high = units->count;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (units->ranges[middle].start <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	for (tries = 0; low > 0 && tries < LOOK_BACK; tries++) {
		const struct dwunw_unit_range *range = &units->ranges[--low];

		if (vaddr - range->start < range->size) {
			*unit = range->unit;
			return DWUNW_OK;
		}
	}
	return DWUNW_ERR_NO_DEBUG_DATA;
}
