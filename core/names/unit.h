/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Units of .debug_info (DWARF 5 7.5.1), their entries and ranges.
 */
#ifndef DWU_UNIT_H
#define DWU_UNIT_H

#include "abbrev.h"

/* DWARF 5 7.5.3, 7.5.4; MIPS and GNU ones of DWARF 4 */
enum {
	DW_TAG_class_type = 0x02,
	DW_TAG_enumeration_type = 0x04,
	DW_TAG_compile_unit = 0x11,
	DW_TAG_structure_type = 0x13,
	DW_TAG_union_type = 0x17,
	DW_TAG_inlined_subroutine = 0x1d,
	DW_TAG_subprogram = 0x2e,
	DW_TAG_partial_unit = 0x3c,
	DW_TAG_skeleton_unit = 0x4a,

	DW_AT_sibling = 0x01,
	DW_AT_name = 0x03,
	DW_AT_stmt_list = 0x10,
	DW_AT_low_pc = 0x11,
	DW_AT_high_pc = 0x12,
	DW_AT_language = 0x13,
	DW_AT_comp_dir = 0x1b,
	DW_AT_abstract_origin = 0x31,
	DW_AT_specification = 0x47,
	DW_AT_entry_pc = 0x52,
	DW_AT_ranges = 0x55,
	DW_AT_call_column = 0x57,
	DW_AT_call_file = 0x58,
	DW_AT_call_line = 0x59,
	DW_AT_linkage_name = 0x6e,
	DW_AT_str_offsets_base = 0x72,
	DW_AT_addr_base = 0x73,
	DW_AT_rnglists_base = 0x74,
	DW_AT_dwo_name = 0x76,
	DW_AT_MIPS_linkage_name = 0x2007,
	DW_AT_GNU_dwo_name = 0x2130,
	DW_AT_GNU_dwo_id = 0x2131,
	DW_AT_GNU_ranges_base = 0x2132,
	DW_AT_GNU_addr_base = 0x2133,
};

/* What reading a unit's entries takes; in a scratch arena. */
struct dwu_entries {
	const struct dwunw_unit *unit;
	struct dwu_stream info;
	struct dwu_stream ranges; /* .debug_ranges or .debug_rnglists */
	struct dwu_stream addr;
	uint64_t range_bytes; /* of range lists that may still be read */
};

/* `room` is that of the stream over .debug_info. False: no memory. */
bool dwu_entries_open(struct dwu_entries *entries,
		      const struct dwunw_unit *unit, size_t room,
		      struct dwunw_arena *scratch);

/* An entry's place in the code, as its attributes say it. */
struct dwu_where {
	struct dwu_value low;
	struct dwu_value high;
	struct dwu_value ranges;
};

/* Takes the attribute if it is one of these. */
bool dwu_where_take(struct dwu_where *where, uint16_t name,
		    struct dwu_value value);

/* The ranges of one entry, one after another. */
struct dwu_range_list {
	struct dwu_entries *entries;
	uint64_t off; /* in the list */
	uint64_t base;
	uint64_t start; /* the result */
	uint64_t end;
	uint8_t kind; /* see unit.c */
	bool bad;
};

struct dwu_range_list dwu_ranges(struct dwu_entries *entries,
				 const struct dwu_where *where);
/* Skips empty ranges and those of code that was not linked. */
bool dwu_ranges_next(struct dwu_range_list *list);

/* What opening units takes; in a scratch arena. */
struct dwu_opener {
	const struct dwunw_dwarf *dwarf;
	struct dwunw_arena *scratch;
	struct dwu_stream info;
	struct dwu_stream abbrev;
	struct dwu_stream str_offsets;
	uint64_t abbrev_bytes; /* that may still be read, for all units */
};

/* False: no memory. */
bool dwu_opener_open(struct dwu_opener *opener, const struct dwunw_dwarf *dwarf,
		     struct dwunw_arena *scratch);

/*
 * dwunw_unit_open() for many units. With all = false, only the abbreviations
 * up to that of the first entry are there.
 */
dwunw_status_t dwu_unit_root(struct dwunw_unit *unit, struct dwu_where *where,
			     struct dwu_opener *opener, uint64_t off, bool all,
			     struct dwunw_arena *arena);

/* A TEXT or STRX as text; 0: it is neither, or broken. */
dwunw_text_t dwu_unit_text(const struct dwunw_unit *unit,
			   struct dwu_stream *str_offsets,
			   struct dwu_value value);

/* Of the listed units, the one that holds off; NULL: none. */
const struct dwunw_unit_place *dwu_unit_at(const struct dwunw_dwarf *dwarf,
					   uint64_t off);

/* Is that code in the linked file? Linkers leave what they dropped at 0, 1
 * or the two largest addresses. */
bool dwu_is_live(const struct dwunw_unit *unit, uint64_t start, uint64_t end);

/* DWARF 5 7.4: the length, and by it the size of offsets; 0: bad. */
uint64_t dwu_initial_length(struct dwu_cursor *c, uint8_t *offset_size);

#endif
