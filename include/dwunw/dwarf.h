/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/dwarf.h - file, line and inlined calls from DWARF 2 to 5.
 *
 *	address -> unit     dwunw_units_open(), dwunw_units_find()
 *	unit    -> calls    dwunw_calls_open(): functions and inlined calls
 *	unit    -> lines    dwunw_lines_open(): rows and file names
 *
 * Only the unit that is asked for is parsed. Sections are read in pieces of a
 * few KB, or seen in place where the source has a view. What a call keeps is
 * taken from `arena`; `scratch` is free again when it returns. A NO_MEMORY
 * names in `wanted` what may be enough.
 */
#ifndef DWUNW_DWARF_H
#define DWUNW_DWARF_H

#include <dwunw/module.h>

#ifdef __cplusplus
extern "C" {
#endif

enum dwunw_dwarf_part {
	DWUNW_DWARF_INFO,
	DWUNW_DWARF_ABBREV,
	DWUNW_DWARF_LINE,
	DWUNW_DWARF_LINE_STR,
	DWUNW_DWARF_STR,
	DWUNW_DWARF_STR_OFFSETS,
	DWUNW_DWARF_ADDR,
	DWUNW_DWARF_RNGLISTS,
	DWUNW_DWARF_RANGES,
	DWUNW_DWARF_ARANGES,
	DWUNW_DWARF_PARTS,
};

/* A section: in memory, or to be read from the file at `off`. */
struct dwunw_dwarf_section {
	const uint8_t *data; /* NULL: read it */
	uint64_t off;
	uint64_t size; /* 0: the file has none */
};

/* Where a unit of .debug_info begins, and ends; both below 4 GiB. */
struct dwunw_unit_place {
	uint32_t off;
	uint32_t end;
};

/*
 * The debug sections of one file. `alt` and `main` are the caller's to set
 * after opening; they, and the source, must outlive it.
 */
struct dwunw_dwarf {
	struct dwunw_source src;
	struct dwunw_dwarf_section parts[DWUNW_DWARF_PARTS];
	const struct dwunw_dwarf *alt;	/* .gnu_debugaltlink, .debug_sup */
	const struct dwunw_dwarf *main; /* of a .dwo: the linked file */
	const struct dwunw_unit_place *units; /* see dwunw_dwarf_list() */
	uint32_t unit_count;
	uint8_t address_size;
	bool big;
	bool dead_zero; /* nothing linked is at address 0 */
	bool dwo;	/* the sections' names end in .dwo */
};

/*
 * Finds the sections, and unpacks those that are compressed. `files->file`
 * and `files->inflate` are looked at. NO_DEBUG_DATA: no .debug_info, or one
 * of 4 GiB and more.
 */
dwunw_status_t dwunw_dwarf_open(struct dwunw_dwarf *dwarf,
				const struct dwunw_module_files *files,
				struct dwunw_arena *arena);

/* Lists the units, 8 bytes each: what names in other units need. */
dwunw_status_t dwunw_dwarf_list(struct dwunw_dwarf *dwarf,
				struct dwunw_arena *arena,
				struct dwunw_arena *scratch);

/* A string in one of the sections, by dwunw_dwarf_text(); 0: none. */
typedef uint64_t dwunw_text_t;

/*
 * Copies a string to dst, with its end; one that is longer is cut.
 * NO_DEBUG_DATA: text is 0; BAD_FORMAT: no string is there.
 */
dwunw_status_t dwunw_dwarf_text(const struct dwunw_dwarf *dwarf,
				dwunw_text_t text, char *dst, size_t size);

/* [start, start + size) belongs to the unit at offset `unit`. */
struct dwunw_unit_range {
	uint64_t start;
	uint32_t size;
	uint32_t unit;
};

/* Sorted by start. */
struct dwunw_units {
	const struct dwunw_unit_range *ranges;
	uint32_t count;
};

/*
 * From .debug_aranges (all = false), which is quick and may lack units, or
 * from all units themselves. 16 bytes a range.
 */
dwunw_status_t dwunw_units_open(struct dwunw_units *units,
				const struct dwunw_dwarf *dwarf, bool all,
				struct dwunw_arena *arena,
				struct dwunw_arena *scratch);
/* NO_DEBUG_DATA: none. */
dwunw_status_t dwunw_units_find(const struct dwunw_units *units, uint64_t vaddr,
				uint32_t *unit);

struct dwunw_abbrev;
struct dwunw_abbrev_spec;

/* An open unit. Fields are for reading. */
struct dwunw_unit {
	const struct dwunw_dwarf *dwarf;
	const struct dwunw_abbrev *abbrevs; /* sorted by code */
	const struct dwunw_abbrev_spec *specs;
	uint64_t off;
	uint64_t end;
	uint64_t die_off; /* its first entry */
	uint64_t abbrev_off;
	uint64_t str_offsets_base;
	uint64_t addr_base;
	uint64_t rnglists_base;
	uint64_t ranges_base; /* DW_AT_GNU_ranges_base */
	uint64_t low_pc;
	uint64_t line_off;
	uint64_t dwo_id;
	dwunw_text_t name;
	dwunw_text_t comp_dir;
	dwunw_text_t dwo_name; /* 0: the unit is all here */
	uint32_t abbrev_count;
	uint16_t version;
	uint16_t language;
	uint8_t type; /* DW_UT_* */
	uint8_t address_size;
	uint8_t offset_size; /* 4, or 8 in 64-bit DWARF */
	bool has_line;
	bool has_linkage; /* some entries may have linkage names */
};

/* BAD_FORMAT, NO_DEBUG_DATA (a version above 5), NO_MEMORY, IO. */
dwunw_status_t dwunw_unit_open(struct dwunw_unit *unit,
			       const struct dwunw_dwarf *dwarf, uint64_t off,
			       struct dwunw_arena *arena,
			       struct dwunw_arena *scratch);

/* The unit of a .dwo that `skeleton` stands for. NO_DEBUG_DATA: not there. */
dwunw_status_t dwunw_unit_open_dwo(struct dwunw_unit *unit,
				   const struct dwunw_dwarf *dwo,
				   const struct dwunw_unit *skeleton,
				   struct dwunw_arena *arena,
				   struct dwunw_arena *scratch);

#define DWUNW_CALL_NONE UINT32_MAX

/* A function, or a call that was inlined into another one. */
struct dwunw_call {
	uint64_t start;	    /* of the function, or of its first piece */
	uint32_t die_off;   /* its entry in .debug_info */
	uint32_t caller;    /* inlined: into this one, or CALL_NONE */
	uint32_t call_file; /* inlined: where the call is, 0: not known */
	uint32_t call_line;
	uint16_t call_column;
	uint16_t inlined; /* 0 or 1 */
	uint32_t depth;
};

/* From `start` to the next one's start. */
struct dwunw_call_piece {
	uint64_t start;
	uint32_t call; /* the innermost; CALL_NONE: none */
	uint32_t reserved;
};

struct dwunw_calls {
	const struct dwunw_call *calls;
	const struct dwunw_call_piece *pieces; /* sorted by start */
	uint32_t count;
	uint32_t piece_count;
};

/* 32 bytes a function or inlined call, up to 32 for each of its ranges. */
dwunw_status_t dwunw_calls_open(struct dwunw_calls *calls,
				const struct dwunw_unit *unit,
				struct dwunw_arena *arena,
				struct dwunw_arena *scratch);
/* The index of the innermost call at vaddr, or DWUNW_CALL_NONE. */
uint32_t dwunw_calls_find(const struct dwunw_calls *calls, uint64_t vaddr);

/*
 * The name of the function at die_off: its linkage name, else its name, of
 * the entry itself or of those that it refers to. INVALID_ARG: that is in a
 * unit elsewhere, and the units are not listed yet. NO_DEBUG_DATA: no name.
 */
dwunw_status_t dwunw_call_name(const struct dwunw_unit *unit, uint64_t die_off,
			       struct dwunw_arena *scratch, char *dst,
			       size_t size);

#define DWUNW_LINE_END UINT16_MAX

/* From vaddr to the next row's. file DWUNW_LINE_END: a sequence ends here. */
struct dwunw_line_row {
	uint64_t vaddr;
	uint32_t line; /* 0: of no line */
	uint16_t file;
	uint16_t column; /* 0: not known */
};

/* Rows of one piece of code, without a gap. */
struct dwunw_line_run {
	uint64_t start;
	uint64_t end;
	uint32_t first; /* row */
	uint32_t count;
	uint64_t reserved;
};

struct dwunw_line_file {
	dwunw_text_t name;
	uint32_t dir;
	uint32_t reserved;
};

struct dwunw_lines {
	const struct dwunw_line_row *rows;
	const struct dwunw_line_run *runs; /* sorted by start */
	const struct dwunw_line_file *dirs;
	const struct dwunw_line_file *files;
	uint32_t row_count;
	uint32_t run_count;
	uint32_t dir_count;
	uint32_t file_count;
	uint16_t version;
};

/*
 * 16 bytes a row, 32 a run, 16 a file or directory. With rows = false the
 * file names only. NO_DEBUG_DATA: the unit has no lines.
 */
dwunw_status_t dwunw_lines_open(struct dwunw_lines *lines,
				const struct dwunw_unit *unit, bool rows,
				struct dwunw_arena *arena,
				struct dwunw_arena *scratch);
/* NULL: no line there. */
const struct dwunw_line_row *dwunw_lines_find(const struct dwunw_lines *lines,
					      uint64_t vaddr);
/*
 * The path of a file by its number in rows and calls: absolute, or as far as
 * the unit knows. NO_DEBUG_DATA: no such file. One that is longer is cut.
 */
dwunw_status_t dwunw_lines_path(const struct dwunw_lines *lines,
				const struct dwunw_unit *unit, uint32_t file,
				char *dst, size_t size);

#ifdef __cplusplus
}
#endif
#endif
