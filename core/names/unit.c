/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Units of .debug_info: headers, first entries, and the ranges of addresses
 * that entries have.
 *
 *	4d 00 00 00  05 00  01  08  00 00 00 00		DWARF 5 7.5.1.1
 *	length 77    v5     compile, address 8, abbreviations at 0
 *	01  ..	the first entry: name "t.c", comp_dir "/tmp", low_pc 0x1129, ..
 *
 * becomes a dwunw_unit { off 0, end 81, die_off 12, low_pc 0x1129, .. }.
 *
 * All numbers are the file's: a unit is bounded by its length, which is checked
 * once against the section, a list of ranges by its section, and the bytes of
 * all lists together by range_bytes, as many entries may share one.
 */
#include "unit.h"

#include <dwunw/bounds.h>

#include "core/base/grow.h"

enum {
	DW_UT_compile = 1,
	DW_UT_type = 2,
	DW_UT_skeleton = 4,
	DW_UT_split_compile = 5,
	DW_UT_split_type = 6,
};

/* --- header ---------------------------------------------------------------- */

/* DWARF 5 7.4: 4 bytes, or 0xffffffff and 8; between them reserved. */
uint64_t dwu_initial_length(struct dwu_cursor *c, uint8_t *offset_size)
{
	uint64_t length = dwu_u32(c);

	*offset_size = 4;
	if (length == UINT32_MAX) {
		*offset_size = 8;
		length = dwu_u64(c);
	} else if (length >= 0xfffffff0) {
		c->bad = true;
	}
	return c->bad ? 0 : length;
}

/*
 * DWARF 5 7.5.1; version 5 moved the address size and added the type.
 *
 * A skeleton has the id of its .dwo; type units a signature and an offset
 * (7.5.1.2, 7.5.1.3).
 */
static void read_header(struct dwunw_unit *unit, struct dwu_cursor *c)
{
	unit->version = dwu_u16(c);
	unit->type = DW_UT_compile;
	if (unit->version >= 5) {
		unit->type = dwu_u8(c);
		unit->address_size = dwu_u8(c);
		unit->abbrev_off = dwu_uint(c, unit->offset_size);
	} else {
		unit->abbrev_off = dwu_uint(c, unit->offset_size);
		unit->address_size = dwu_u8(c);
	}
	if (unit->version < 5)
		return;
	if (unit->type == DW_UT_skeleton || unit->type == DW_UT_split_compile)
		unit->dwo_id = dwu_u64(c);
	if (unit->type == DW_UT_type || unit->type == DW_UT_split_type)
		dwu_skip(c, 8 + (uint64_t)unit->offset_size);
}

/*
 * Header and abbreviations' place only. unit->end is set as soon as the length makes sense, also where the rest does
 * not: who walks over units goes on behind it.
 */
static dwunw_status_t open_unit(struct dwunw_unit *unit,
				const struct dwunw_dwarf *dwarf,
				struct dwu_stream *info, uint64_t off)
{
	uint64_t size = dwarf->parts[DWUNW_DWARF_INFO].size, length, head;
	struct dwu_cursor c = dwu_stream_at(info, off, size);

	*unit = (struct dwunw_unit){ .dwarf = dwarf, .off = off };
	length = dwu_initial_length(&c, &unit->offset_size);
	head = c.off;
	/* everything in the unit is bounded by `end` from here on */
	if (c.bad || off > size || length > size - off - head)
		return DWUNW_ERR_BAD_FORMAT;
	unit->end = off + head + length;
	read_header(unit, &c);
	unit->die_off = off + c.off;
	if (c.bad || unit->die_off > unit->end || unit->version < 2)
		return DWUNW_ERR_BAD_FORMAT;
	/* of a later standard: nothing is wrong with it, but nothing is known */
	if (unit->version > 5)
		return DWUNW_ERR_NO_DEBUG_DATA;
	if (unit->address_size != 4 && unit->address_size != 8)
		return DWUNW_ERR_BAD_FORMAT;
	return DWUNW_OK;
}

/* --- addresses and ranges -------------------------------------------------- */

/* .debug_addr and .debug_ranges of a .dwo are in the linked file. */
static const struct dwunw_dwarf *linked(const struct dwunw_dwarf *dwarf)
{
	return dwarf->main ? dwarf->main : dwarf;
}

bool dwu_entries_open(struct dwu_entries *entries,
		      const struct dwunw_unit *unit, size_t room,
		      struct dwunw_arena *scratch)
{
	const struct dwunw_dwarf *dwarf = unit->dwarf;
	bool v5 = unit->version >= 5;

	*entries = (struct dwu_entries){ .unit = unit };
	/* Lists may be shared by many entries, or by all: each list's bytes
	 * count whenever it is read, and honest files stay far below this
	 * sum. */
	entries->range_bytes =
		dwarf->parts[DWUNW_DWARF_INFO].size +
		4 * linked(dwarf)->parts[DWUNW_DWARF_RANGES].size +
		4 * dwarf->parts[DWUNW_DWARF_RNGLISTS].size;
	return dwu_stream_open(&entries->info, dwarf, DWUNW_DWARF_INFO, room,
			       scratch) &&
	       dwu_stream_open(&entries->addr, linked(dwarf), DWUNW_DWARF_ADDR,
			       DWU_STREAM_SMALL, scratch) &&
	       dwu_stream_open(&entries->ranges, v5 ? dwarf : linked(dwarf),
			       v5 ? DWUNW_DWARF_RNGLISTS : DWUNW_DWARF_RANGES,
			       DWU_STREAM_SMALL, scratch);
}

/* 2.17: the attributes that say where code is. True: it was one of them. */
bool dwu_where_take(struct dwu_where *where, uint16_t name,
		    struct dwu_value value)
{
	if (name == DW_AT_low_pc)
		where->low = value;
	else if (name == DW_AT_high_pc)
		where->high = value;
	else if (name == DW_AT_ranges)
		where->ranges = value;
	else
		return false;
	return true;
}

/*
 * DWARF 5 7.27: .debug_addr, from the unit's base on. The first test keeps the
 * product from wrapping.
 */
static bool indexed(struct dwu_entries *entries, uint64_t index, uint64_t *addr)
{
	const struct dwunw_unit *unit = entries->unit;

	return index < entries->addr.section.size &&
	       dwu_stream_uint(&entries->addr,
			       unit->addr_base + index * unit->address_size,
			       unit->address_size, addr);
}

/*
 * DW_AT_low_pc: an address, or an index of one (DW_FORM_addrx, GNU_addr_index).
 */
static bool address(struct dwu_entries *entries, struct dwu_value value,
		    uint64_t *addr)
{
	if (value.kind == DWU_VALUE_ADDRX)
		return indexed(entries, value.u, addr);
	*addr = value.u;
	return value.kind == DWU_VALUE_ADDR;
}

enum list_kind {
	LIST_NONE,
	LIST_ONE,     /* low to high */
	LIST_RANGES,  /* DWARF 4 2.17.3 */
	LIST_RNGLIST, /* DWARF 5 7.25 */
};

static void one_range(struct dwu_range_list *list,
		      const struct dwu_where *where)
{
	uint64_t end;

	if (!address(list->entries, where->low, &list->start))
		return;
	/* DWARF 4 2.17.2: of the class constant it is an offset from low_pc, of
	 * the class address an address */
	end = where->high.u;
	if (where->high.kind == DWU_VALUE_UINT)
		end += list->start;
	else if (!address(list->entries, where->high, &end))
		return;
	list->end = end;
	list->kind = LIST_ONE;
}

/*
 * 2.17: DW_AT_ranges goes before low_pc and high_pc. DW_FORM_rnglistx is an
 * index into the table of offsets at rnglists_base (7.28); all else is an
 * offset itself.
 */
struct dwu_range_list dwu_ranges(struct dwu_entries *entries,
				 const struct dwu_where *where)
{
	const struct dwunw_unit *unit = entries->unit;
	struct dwu_range_list list = { .entries = entries,
				       .base = unit->low_pc };
	uint64_t off = where->ranges.u;

	switch (where->ranges.kind) {
	case DWU_VALUE_NONE:
		one_range(&list, where);
		return list;
	case DWU_VALUE_INDEX: {
		uint64_t at = unit->rnglists_base;

		if (off > entries->ranges.section.size ||
		    !dwu_stream_uint(&entries->ranges,
				     at + off * unit->offset_size,
				     unit->offset_size, &off))
			return list;
		off += at;
		break;
	}
	case DWU_VALUE_OFF:
	case DWU_VALUE_UINT: /* before DWARF 4 */
		if (unit->version < 5)
			off += unit->ranges_base;
		break;
	default:
		return list;
	}
	list.off = off;
	list.kind = unit->version >= 5 ? LIST_RNGLIST : LIST_RANGES;
	return list;
}

/*
 * True if list->start and end are set; false at the end, or with no range.
 * DWARF 4 2.17.3: (0, 0) ends the list, the largest address as a start sets the
 * base that the pairs behind it are relative to.
 */
static bool read_pair(struct dwu_range_list *list, struct dwu_cursor *c)
{
	uint8_t size = list->entries->unit->address_size;
	uint64_t start = dwu_uint(c, size), end = dwu_uint(c, size);

	if (start == 0 && end == 0) {
		list->kind = LIST_NONE;
		return false;
	}
	if (start == dwu_address(UINT64_MAX, size)) {
		list->base = end;
		return false;
	}
	list->start = start + list->base;
	list->end = end + list->base;
	return true;
}

enum {
	DW_RLE_end_of_list = 0,
	DW_RLE_base_addressx = 1,
	DW_RLE_startx_endx = 2,
	DW_RLE_startx_length = 3,
	DW_RLE_offset_pair = 4,
	DW_RLE_base_address = 5,
	DW_RLE_start_end = 6,
	DW_RLE_start_length = 7,
};

/*
 * DWARF 5 7.25. An unknown kind ends the list: its length is not known.
 *
 * For example, 04 10 20 00 with a base of 0x1000: offset_pair 0x1010 to 0x1020,
 * end.
 */
static bool read_rle(struct dwu_range_list *list, struct dwu_cursor *c)
{
	struct dwu_entries *entries = list->entries;
	uint8_t size = entries->unit->address_size, kind = dwu_u8(c);
	uint64_t index;

	switch (kind) {
	case DW_RLE_base_addressx:
		return !indexed(entries, dwu_uleb(c), &list->base) &&
		       (c->bad = true, false);
	case DW_RLE_base_address:
		list->base = dwu_uint(c, size);
		return false;
	case DW_RLE_startx_endx:
		index = dwu_uleb(c);
		return indexed(entries, index, &list->start) &&
		       indexed(entries, dwu_uleb(c), &list->end);
	case DW_RLE_startx_length:
		index = dwu_uleb(c);
		list->end = dwu_uleb(c);
		if (!indexed(entries, index, &list->start))
			return false;
		list->end += list->start;
		return true;
	case DW_RLE_offset_pair:
		list->start = list->base + dwu_uleb(c);
		list->end = list->base + dwu_uleb(c);
		return true;
	case DW_RLE_start_end:
		list->start = dwu_uint(c, size);
		list->end = dwu_uint(c, size);
		return true;
	case DW_RLE_start_length:
		list->start = dwu_uint(c, size);
		list->end = list->start + dwu_uleb(c);
		return true;
	default: /* DW_RLE_end_of_list */
		list->kind = LIST_NONE;
		return false;
	}
}

/*
 * Linkers that drop a function leave its debug data and write a "tombstone" for
 * its address. ld: 0, and 1 in .debug_ranges; lld: -1, and -2 there.
 *
 * In an object file (dead_zero false) code may well be at 0.
 */
bool dwu_is_live(const struct dwunw_unit *unit, uint64_t start, uint64_t end)
{
	uint64_t last = dwu_address(UINT64_MAX, unit->address_size);

	return start < end && start < last - 1 &&
	       (start > 1 || !unit->dwarf->dead_zero);
}

static bool next_of_list(struct dwu_range_list *list)
{
	struct dwu_stream *s = &list->entries->ranges;
	uint64_t end = s->section.size;
	struct dwu_cursor c;
	bool found;

	/* an entry that the stream has cut is read again with more bytes, until
	 * there are no more: then it is the file that cut it */
	do {
		c = dwu_stream_at(s, list->off, end);
		found = list->kind == LIST_RNGLIST ? read_rle(list, &c) :
						     read_pair(list, &c);
	} while (c.bad && dwu_stream_more(s, list->off, end));
	list->off += c.off;
	if (c.bad || list->entries->range_bytes < c.off) {
		list->kind = LIST_NONE;
		list->bad = true;
		return false;
	}
	list->entries->range_bytes -= c.off;
	return found;
}

/* Ranges that are empty, or of functions that were dropped, are passed over. */
bool dwu_ranges_next(struct dwu_range_list *list)
{
	const struct dwunw_unit *unit = list->entries->unit;
	bool found;

	/* next_of_list() consumes a byte and of the budget, or ends the
	 * list */
	while (list->kind != LIST_NONE) {
		if (list->kind == LIST_ONE) {
			list->kind = LIST_NONE;
			found = true;
		} else {
			found = next_of_list(list);
		}
		if (!found)
			continue;
		list->start = dwu_address(list->start, unit->address_size);
		list->end = dwu_address(list->end, unit->address_size);
		if (dwu_is_live(unit, list->start, list->end))
			return true;
	}
	return false;
}

/* --- the first entry -------------------------------------------------------- */

/* What is to be looked up once the bases are known. */
struct root {
	struct dwu_where where;
	struct dwu_value name;
	struct dwu_value comp_dir;
	struct dwu_value dwo_name;
	uint16_t tag;
};

/*
 * Attributes of a unit's first entry (3.1.1). Bases are offsets into the
 * sections that its indexes count from; names may come before their base, so
 * they are looked up later (open_root()).
 */
static void take_root(struct dwunw_unit *unit, struct root *root, uint16_t name,
		      struct dwu_value value)
{
	if (dwu_where_take(&root->where, name, value))
		return;
	switch (name) {
	case DW_AT_name:
		root->name = value;
		break;
	case DW_AT_comp_dir:
		root->comp_dir = value;
		break;
	case DW_AT_dwo_name:
	case DW_AT_GNU_dwo_name:
		root->dwo_name = value;
		break;
	/* GCC's and clang's split DWARF 4; version 5 has it in the header */
	case DW_AT_GNU_dwo_id:
		unit->dwo_id = value.u;
		break;
	case DW_AT_stmt_list:
		unit->line_off = value.u;
		unit->has_line = true;
		break;
	case DW_AT_language:
		unit->language = (uint16_t)value.u;
		break;
	case DW_AT_str_offsets_base:
		unit->str_offsets_base = value.u;
		break;
	case DW_AT_addr_base:
	case DW_AT_GNU_addr_base:
		unit->addr_base = value.u;
		break;
	case DW_AT_rnglists_base:
		unit->rnglists_base = value.u;
		break;
	case DW_AT_GNU_ranges_base:
		unit->ranges_base = value.u;
		break;
	}
}

/* A .dwo has one table of each, behind its header (DWARF 5 7.26, 7.28). */
static void default_bases(struct dwunw_unit *unit)
{
	bool wide = unit->offset_size == 8;

	if (!unit->dwarf->dwo || unit->version < 5)
		return;
	unit->str_offsets_base = wide ? 16 : 8;
	unit->rnglists_base = wide ? 20 : 12;
}

static dwunw_status_t read_root(struct dwunw_unit *unit,
				struct dwu_stream *info, struct root *root)
{
	const struct dwunw_abbrev *abbrev;
	struct dwu_cursor c;
	uint32_t i;

	/* read anew with more bytes as long as the stream has more; an entry
	 * has as many attributes as its abbreviation */
	do {
		*root = (struct root){ .tag = 0 };
		c = dwu_stream_at(info, unit->die_off, unit->end);
		abbrev = dwu_abbrev_find(unit, dwu_uleb(&c));
		if (!abbrev)
			return DWUNW_ERR_BAD_FORMAT;
		root->tag = abbrev->tag;
		for (i = 0; i < abbrev->count && !c.bad; i++) {
			const struct dwunw_abbrev_spec *spec =
				&unit->specs[abbrev->first + i];

			take_root(unit, root, spec->name,
				  dwu_form_read(&c, unit, spec,
						DWUNW_DWARF_INFO,
						unit->die_off));
		}
	} while (c.bad && dwu_stream_more(info, unit->die_off, unit->end));
	return c.bad ? DWUNW_ERR_BAD_FORMAT : DWUNW_OK;
}

/*
 * A string that stands somewhere, or an index of its offset (DW_FORM_strx,
 * GNU_str_index).
 */
dwunw_text_t dwu_unit_text(const struct dwunw_unit *unit,
			   struct dwu_stream *str_offsets,
			   struct dwu_value value)
{
	uint64_t off;

	if (value.kind == DWU_VALUE_TEXT)
		return value.u;
	/* DWARF 5 7.26. The index is bounded first, so that its product does
	 * not wrap; the sum is bounded by the stream */
	if (value.kind != DWU_VALUE_STRX ||
	    value.u > str_offsets->section.size ||
	    !dwu_stream_uint(str_offsets,
			     unit->str_offsets_base +
				     value.u * unit->offset_size,
			     unit->offset_size, &off))
		return 0;
	return dwu_text_ref(DWUNW_DWARF_STR, false, off);
}

/*
 * The streams are taken from `scratch`, once for all units that are opened with
 * it.
 */
bool dwu_opener_open(struct dwu_opener *o, const struct dwunw_dwarf *dwarf,
		     struct dwunw_arena *scratch)
{
	o->dwarf = dwarf;
	o->scratch = scratch;
	/* tables are shared by few units, and first entries' codes are low */
	o->abbrev_bytes = 16 * dwarf->parts[DWUNW_DWARF_ABBREV].size;
	return dwu_stream_open(&o->info, dwarf, DWUNW_DWARF_INFO,
			       DWU_STREAM_SMALL, scratch) &&
	       dwu_stream_open(&o->abbrev, dwarf, DWUNW_DWARF_ABBREV,
			       DWU_STREAM_ROOM, scratch) &&
	       dwu_stream_open(&o->str_offsets, dwarf, DWUNW_DWARF_STR_OFFSETS,
			       DWU_STREAM_SMALL, scratch);
}

static dwunw_status_t open_root(struct dwunw_unit *unit, struct dwu_opener *o,
				struct root *root)
{
	dwunw_status_t status;

	default_bases(unit);
	status = read_root(unit, &o->info, root);
	if (status != DWUNW_OK)
		return status;
	unit->name = dwu_unit_text(unit, &o->str_offsets, root->name);
	unit->comp_dir = dwu_unit_text(unit, &o->str_offsets, root->comp_dir);
	unit->dwo_name = dwu_unit_text(unit, &o->str_offsets, root->dwo_name);
	return DWUNW_OK;
}

/*
 * Needs scratch for .debug_addr only where low_pc is an index.
 *
 * low_pc of the unit is the base of its range lists (2.17.3).
 */
static bool set_low_pc(struct dwunw_unit *unit, const struct root *root,
		       struct dwunw_arena *scratch)
{
	struct dwu_entries entries;
	size_t used = scratch->used;

	if (root->where.low.kind == DWU_VALUE_ADDR)
		unit->low_pc = root->where.low.u;
	if (root->where.low.kind != DWU_VALUE_ADDRX)
		return true;
	if (!dwu_entries_open(&entries, unit, DWU_STREAM_SMALL, scratch))
		return false;
	(void)address(&entries, root->where.low, &unit->low_pc);
	scratch->used = used;
	return true;
}

/* The code of the unit's first entry; 0: none. */
static uint64_t root_code(struct dwu_opener *o, const struct dwunw_unit *unit)
{
	struct dwu_cursor c = dwu_stream_at(&o->info, unit->die_off, unit->end);

	return dwu_uleb(&c);
}

/*
 * `all` false: the abbreviations end with that of the first entry, so nothing
 * but this can be read of the unit.
 */
dwunw_status_t dwu_unit_root(struct dwunw_unit *unit, struct dwu_where *where,
			     struct dwu_opener *o, uint64_t off, bool all,
			     struct dwunw_arena *arena)
{
	const struct dwunw_dwarf *dwarf = o->dwarf;
	struct root root;
	dwunw_status_t status;

	status = open_unit(unit, dwarf, &o->info, off);
	if (status != DWUNW_OK)
		return status;
	status = dwu_abbrevs_open(unit, &o->abbrev,
				  all ? 0 : root_code(o, unit),
				  &o->abbrev_bytes, arena);
	if (status == DWUNW_OK)
		status = open_root(unit, o, &root);
	if (status != DWUNW_OK)
		return status;
	*where = root.where;
	return set_low_pc(unit, &root, o->scratch) ? DWUNW_OK :
						     DWUNW_ERR_NO_MEMORY;
}

/*
 * The unit's abbreviations lie in `arena` and live as long as the unit is used.
 */
dwunw_status_t dwunw_unit_open(struct dwunw_unit *unit,
			       const struct dwunw_dwarf *dwarf, uint64_t off,
			       struct dwunw_arena *arena,
			       struct dwunw_arena *scratch)
{
	struct dwu_opener opener;
	struct dwu_where where;
	dwunw_status_t status;
	size_t used;

	if (!unit || !dwarf || !arena || !scratch)
		return DWUNW_ERR_INVALID_ARG;
	*unit = (struct dwunw_unit){ .off = off };
	used = scratch->used;
	status =
		dwu_opener_open(&opener, dwarf, scratch) ?
			dwu_unit_root(unit, &where, &opener, off, true, arena) :
			DWUNW_ERR_NO_MEMORY;
	scratch->used = used;
	return status;
}

/* --- all units -------------------------------------------------------------- */

/*
 * Headers only. The list ends where a length leads nowhere, or at
 * DWUNW_UNITS_MAX, with what was found: `arena` has 8 bytes a unit.
 */
dwunw_status_t dwunw_dwarf_list(struct dwunw_dwarf *dwarf,
				struct dwunw_arena *arena,
				struct dwunw_arena *scratch)
{
	struct dwu_array places;
	struct dwu_stream info;
	struct dwunw_unit unit;
	uint32_t left = DWUNW_UNITS_MAX;
	size_t used;
	uint64_t off = 0;

	if (!dwarf || !arena || !scratch)
		return DWUNW_ERR_INVALID_ARG;
	used = scratch->used;
	if (!dwu_stream_open(&info, dwarf, DWUNW_DWARF_INFO, DWU_STREAM_SMALL,
			     scratch))
		return DWUNW_ERR_NO_MEMORY;
	scratch->used = used;
	places = dwu_array(arena, sizeof(struct dwunw_unit_place));
	while (off < info.section.size && left-- > 0) {
		struct dwunw_unit_place *place;
		dwunw_status_t status = open_unit(&unit, dwarf, &info, off);

		/* what the length leads to is worth as much as before */
		if (unit.end <= off)
			break;
		off = unit.end;
		if (status != DWUNW_OK)
			continue;
		place = dwu_array_push(&places);
		if (!place)
			return DWUNW_ERR_NO_MEMORY;
		place->off = (uint32_t)unit.off;
		place->end = (uint32_t)unit.end;
	}
	dwarf->units = (const struct dwunw_unit_place *)(void *)places.items;
	dwarf->unit_count = places.count;
	return DWUNW_OK;
}

/* Units follow each other, so their ends ascend: the first that ends behind off. */
const struct dwunw_unit_place *dwu_unit_at(const struct dwunw_dwarf *dwarf,
					   uint64_t off)
{
	uint32_t low = 0, high = dwarf->unit_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (dwarf->units[middle].end <= off)
			low = middle + 1;
		else
			high = middle;
	}
	return low < dwarf->unit_count && dwarf->units[low].off <= off ?
		       &dwarf->units[low] :
		       NULL;
}

/*
 * Split DWARF (3.1.2, 7.3.2): the skeleton is in the linked file, with the
 * addresses and bases; the unit of the same id is in the .dwo, with everything
 * else.
 */
dwunw_status_t dwunw_unit_open_dwo(struct dwunw_unit *unit,
				   const struct dwunw_dwarf *dwo,
				   const struct dwunw_unit *skeleton,
				   struct dwunw_arena *arena,
				   struct dwunw_arena *scratch)
{
	dwunw_status_t status;
	uint64_t off = 0;
	size_t kept;

	if (!unit || !dwo || !skeleton || !arena || !scratch)
		return DWUNW_ERR_INVALID_ARG;
	/* a .dwo has one compile unit, and type units */
	while (off < dwo->parts[DWUNW_DWARF_INFO].size) {
		kept = arena->used;
		status = dwunw_unit_open(unit, dwo, off, arena, scratch);
		if (status == DWUNW_ERR_NO_MEMORY || status == DWUNW_ERR_IO)
			return status;
		if (status == DWUNW_OK && unit->type != DW_UT_type &&
		    unit->type != DW_UT_split_type &&
		    unit->version == skeleton->version &&
		    unit->dwo_id == skeleton->dwo_id) {
			unit->addr_base = skeleton->addr_base;
			unit->ranges_base = skeleton->ranges_base;
			unit->low_pc = skeleton->low_pc;
			return DWUNW_OK;
		}
		arena->used = kept;
		/* a length that leads nowhere would be read for ever */
		if (unit->end <= off)
			break;
		off = unit->end;
	}
	/* the last one that was looked at has no abbreviations any more */
	*unit = (struct dwunw_unit){ 0 };
	return DWUNW_ERR_NO_DEBUG_DATA;
}
