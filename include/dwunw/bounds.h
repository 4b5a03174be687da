/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/bounds.h - how much of a file is read, kept and looked at, whatever
 * the file says. What is larger is not used, and who asks is told.
 *
 * Each number is well beyond what real files have; in brackets the largest of
 * the 3,353 ELF files with .eh_frame of a development machine. Those that
 * may be raised are fields of a configuration, and this is their default.
 */
#ifndef DWUNW_BOUNDS_H
#define DWUNW_BOUNDS_H

/* --- files ------------------------------------------------------------------- */

/*
 * Bytes read of a file for one question: to open it, to walk through it once,
 * to name one address by it. Each read counts as 1 KiB more.
 */
#define DWUNW_READ_MAX ((uint64_t)1 << 30)
/* Bytes of a debug file that only its CRC tells to be the one. */
#define DWUNW_CRC_MAX ((uint64_t)512 << 20)

/* --- ELF --------------------------------------------------------------------- */

/* Section headers; a file with more is as one without. */
#define DWUNW_SECTIONS_MAX 65536u
/* Program headers: a core has one for each mapping. */
#define DWUNW_PROGRAMS_MAX 262144u
/* PT_LOADs of a module. */
#define DWUNW_SEGMENTS_MAX 4096u
/* Bytes of notes that are searched for a build id. */
#define DWUNW_NOTES_MAX (16u << 20)

/* --- call frame information ------------------------------------------------- */

/*
 * dwunw_config.tables_max: bytes that a file's tables take in memory, its
 * .eh_frame_hdr or what is made in its place, its .debug_frame;
 * and as many of its .eh_frame [7,398,496], of which only what is used is
 * read. All files together: four times that.
 */
#define DWUNW_TABLES_MAX ((uint64_t)32 << 20)
/* Bytes of a CIE [52] and of an FDE [60,768], behind the id. */
#define DWUNW_CIE_MAX 512u
#define DWUNW_FDE_MAX (256u << 10)
/* Records of a section without a table, each terminator one [171,047]. */
#define DWUNW_RECORDS_MAX (2u << 20)
/* So many terminators in a row end a section [2 in all]. */
#define DWUNW_TERMINATORS_MAX 4096u
/* Bytes of segments that are searched for an .eh_frame that no header names. */
#define DWUNW_SEARCH_MAX (128u << 20)

/* --- code --------------------------------------------------------------------- */

/* Bytes of code around a function without CFI that are read for calls to it. */
#define DWUNW_SWEEP_MAX (64u << 20)
/* … of all functions of one walk. */
#define DWUNW_SWEEP_WALK_MAX (128u << 20)

/* --- core files ---------------------------------------------------------------- */

/* Notes of all PT_NOTEs, of which a thread has four or five. */
#define DWUNW_CORE_NOTES_MAX 1048576u
#define DWUNW_CORE_THREADS_MAX 65536u
/* Bytes of NT_FILE (the kernel's own bound is 4 MiB) and its mappings. */
#define DWUNW_CORE_FILES_MAX (16u << 20)
#define DWUNW_CORE_MAPS_MAX 262144u
/* Frames of a thread that `dwunw stack` prints: an 8 MiB stack holds so many
 * of 16 bytes; and of all threads of a core. */
#define DWUNW_FRAMES_MAX 524288u
#define DWUNW_CORE_FRAMES_MAX 4194304u

/* --- names ------------------------------------------------------------------- */

/*
 * dwunw_symbol_config.memory_max: bytes of what is known of all files. Of one
 * file its ELF symbols and their names may take twice that, an index of its
 * DWARF or a unit that, its sections unpacked CONTENT_TIMES that.
 */
#define DWUNW_MEMORY_MAX ((uint64_t)64 << 20)
#define DWUNW_CONTENT_TIMES 4u
/* Units of .debug_info that are looked at for an address. */
#define DWUNW_UNITS_MAX (2u << 20)
/* Bytes of a unit's line table. */
#define DWUNW_LINE_MAX (64u << 20)
/* Bytes of content for each packed one, in sections of more than 1 MiB. */
#define DWUNW_CONTENT_RATIO 64u

#endif
