/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Function, file, line and inlined calls of one file's addresses, from DWARF. A
 * unit is parsed when the first address of it is asked for, in an arena of its
 * own; the file stays open for the units still to come.
 *
 *	vaddr -> .debug_aranges, else all units -> unit (parsed, or parsed before)
 *	      -> row: file and line; call: function, and what it was inlined into
 *
 * For example, 0x1154 of the unit t.c, in g, which f calls in line 4, which
 * main calls in line 9: levels { g at t.c:2, inlined }, { f at t.c:4, inlined
 * }, { main at t.c:9 }. Units that were not used for long are freed when they
 * take more than max_bytes together.
 */
#include "log.h"
#include "names.h"
#include "pages.h"
#include "shortage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define TEXT_MAX 16384u

enum { /* DWARF 5 7.12 and https://dwarfstd.org/languages.html */
	DW_LANG_C89 = 0x01,
	DW_LANG_C = 0x02,
	DW_LANG_C99 = 0x0c,
	DW_LANG_Go = 0x16,
	DW_LANG_C11 = 0x1d,
	DW_LANG_C17 = 0x2c,
	DW_LANG_Mips_Assembler = 0x8001,
};

/* One unit, parsed. */
struct dwu_unit_names {
	struct dwu_unit_names *next;
	struct dwunw_arena arena;
	struct dwunw_unit unit;
	struct dwunw_unit inner; /* of the .dwo, or unit again */
	struct dwu_lines *dwo;	 /* or NULL */
	bool has_dwo;		 /* looked for */
	struct dwunw_calls calls;
	struct dwunw_lines lines;
	struct dwunw_lines call_lines; /* file names of calls */
	const char **functions;	       /* of calls, as they are asked for */
	const char **paths;	       /* of files */
	uint32_t off;
};

/* --- opening ------------------------------------------------------------------ */

/*
 * *debug is taken over, whatever the status. An alternate file that is missing
 * is no error: names that are in it have none.
 */
dwunw_status_t dwu_lines_open(struct dwu_lines *lines,
			      const struct dwu_lines_ctx *ctx,
			      struct dwu_debug *debug, const char *path)
{
	dwunw_status_t status = dwu_content_open(lines, ctx, debug, path);

	if (status != DWUNW_OK)
		return status;
	lines->alt = dwu_names_alt(lines, ctx);
	if (lines->alt) {
		lines->bytes += lines->alt->bytes;
		lines->dwarf.alt = &lines->alt->dwarf;
	}
	return DWUNW_OK;
}

/* An alternate file, or a .dwo: those have no units of their own here. */
static void close_other(struct dwu_lines *other)
{
	if (!other)
		return;
	dwu_content_close(other);
	free(other);
}

/* Numbers of files begin at 0 or 1; those of calls come behind. */
static size_t path_count(const struct dwu_unit_names *names)
{
	return (size_t)names->lines.file_count + 1 +
	       names->call_lines.file_count + 1;
}

/* What lines->bytes is counted by, up and down. */
static uint64_t unit_size(const struct dwu_unit_names *names)
{
	return sizeof(*names) + names->arena.size +
	       sizeof(char *) * (names->calls.count + path_count(names)) +
	       (names->dwo ? names->dwo->bytes : 0);
}

/* The unit is out of the list, or was never in it. */
static void free_unit(struct dwu_lines *lines, struct dwu_unit_names *names)
{
	lines->bytes -= unit_size(names);
	close_other(names->dwo);
	dwu_pages_free(&names->arena);
	free(names->functions);
	free(names->paths);
	free(names);
}

/* Names that were handed out stay: they are the resolver's. */
void dwu_lines_close(struct dwu_lines *lines)
{
	while (lines->units) {
		struct dwu_unit_names *names = lines->units;

		lines->units = names->next;
		free_unit(lines, names);
	}
	close_other(lines->alt);
	dwu_dwp_close(lines->dwp);
	dwu_pages_free(&lines->index);
	dwu_pages_free(&lines->whole);
	dwu_content_close(lines);
}

/* --- address -> unit ------------------------------------------------------------ */

/* What .debug_aranges says: quick, and not all of it. */
static dwunw_status_t fill_quick(void *what, struct dwunw_arena *arena,
				 struct dwunw_arena *scratch)
{
	struct dwu_lines *lines = what;

	return dwunw_units_open(&lines->quick, &lines->dwarf, false, arena,
				scratch);
}

/* The ranges of all units: each unit's entry is read, once a file. */
static dwunw_status_t fill_all(void *what, struct dwunw_arena *arena,
			       struct dwunw_arena *scratch)
{
	struct dwu_lines *lines = what;

	return dwunw_units_open(&lines->all, &lines->dwarf, true, arena,
				scratch);
}

/* .debug_aranges first; it may not know all units. */
static dwunw_status_t find_unit(struct dwu_lines *lines,
				const struct dwu_lines_ctx *ctx, uint64_t vaddr,
				uint32_t *off)
{
	dwunw_status_t status;

	if (!lines->has_quick) {
		lines->has_quick = true;
		status = dwu_fill(fill_quick, lines, &lines->index,
				  DWU_SMALL_ROOM, ctx->scratch,
				  ctx->config->memory_max);
		if (status != DWUNW_OK)
			lines->quick = (struct dwunw_units){ 0 };
		lines->bytes += lines->index.size;
	}
	if (dwunw_units_find(&lines->quick, vaddr, off) == DWUNW_OK)
		return DWUNW_OK;
	if (!lines->has_all) {
		lines->has_all = true;
		status = dwu_fill(fill_all, lines, &lines->whole,
				  DWU_SMALL_ROOM, ctx->scratch,
				  ctx->config->memory_max);
		lines->too_large = status == DWUNW_ERR_NO_MEMORY;
		if (status != DWUNW_OK)
			lines->all = (struct dwunw_units){ 0 };
		lines->bytes += lines->whole.size;
	}
	status = dwunw_units_find(&lines->all, vaddr, off);
	return status != DWUNW_OK && lines->too_large ? DWUNW_ERR_NO_MEMORY :
							status;
}

/* --- a unit ---------------------------------------------------------------------- */

/* A unit that is being opened. */
struct opening {
	struct dwu_unit_names *names;
	struct dwu_lines *lines;
	const struct dwu_lines_ctx *ctx;
};

/*
 * What is left in the object file: its entries, and its file names.
 *
 * The .dwo may be of another build of the program: then its id is another one,
 * and this is NO_DEBUG_DATA.
 */
static dwunw_status_t fill_dwo(struct dwu_unit_names *names,
			       struct dwunw_arena *arena,
			       struct dwunw_arena *scratch)
{
	struct dwunw_unit *inner = &names->inner;
	dwunw_status_t status;

	status = dwunw_unit_open_dwo(inner, &names->dwo->dwarf, &names->unit,
				     arena, scratch);
	if (status != DWUNW_OK) {
		/* another build's .dwo: what the program itself has is all */
		*inner = names->unit;
		return status;
	}
	if (!names->dwo->dwarf.parts[DWUNW_DWARF_LINE].size)
		return DWUNW_OK;
	inner->has_line = true;
	status = dwunw_lines_open(&names->call_lines, inner, false, arena,
				  scratch);
	if (status != DWUNW_OK)
		names->call_lines = (struct dwunw_lines){ 0 };
	return status;
}

/* Called again with a larger arena after a NO_MEMORY, so all is set anew. */
static dwunw_status_t fill_unit(void *what, struct dwunw_arena *arena,
				struct dwunw_arena *scratch)
{
	const struct opening *opening = what;
	struct dwu_unit_names *names = opening->names;
	dwunw_status_t status;

	status = dwunw_unit_open(&names->unit, &opening->lines->dwarf,
				 names->off, arena, scratch);
	if (status != DWUNW_OK)
		return status;
	names->inner = names->unit;
	names->call_lines = (struct dwunw_lines){ 0 };
	if (names->unit.dwo_name && !names->has_dwo) {
		names->has_dwo = true;
		names->dwo = dwu_names_dwo(opening->lines, opening->ctx,
					   &names->unit);
	}
	if (names->dwo)
		status = fill_dwo(names, arena, scratch);
	/* each is worth something without the others */
	if (status != DWUNW_ERR_NO_MEMORY)
		status = dwunw_calls_open(&names->calls, &names->inner, arena,
					  scratch);
	if (status != DWUNW_ERR_NO_MEMORY)
		status = dwunw_lines_open(&names->lines, &names->unit, true,
					  arena, scratch);
	return status == DWUNW_ERR_NO_MEMORY ? status : DWUNW_OK;
}

/* lines->bytes counts it before it may be freed, which takes it off again. */
static struct dwu_unit_names *new_unit(struct dwu_lines *lines,
				       const struct dwu_lines_ctx *ctx,
				       uint32_t off, dwunw_status_t *status)
{
	struct dwu_unit_names *names = dwu_calloc(1, sizeof(*names));
	struct opening opening = { .names = names, .lines = lines, .ctx = ctx };

	*status = DWUNW_ERR_NO_MEMORY;
	if (!names)
		return NULL;
	names->off = off;
	*status = dwu_fill(fill_unit, &opening, &names->arena, DWU_UNIT_ROOM,
			   ctx->scratch, ctx->config->memory_max);
	if (*status == DWUNW_OK) {
		names->functions = dwu_calloc((size_t)names->calls.count + 1,
					      sizeof(char *));
		names->paths = dwu_calloc(path_count(names), sizeof(char *));
		if (!names->functions || !names->paths)
			*status = DWUNW_ERR_NO_MEMORY;
	}
	lines->bytes += unit_size(names);
	if (*status == DWUNW_OK)
		return names;
	free_unit(lines, names);
	return NULL;
}

/*
 * All but the first, which is in use.
 *
 * Ends: each turn frees a unit. The least recently used stands last.
 */
static void keep_within(struct dwu_lines *lines, uint64_t max)
{
	while (lines->bytes > max && lines->units && lines->units->next) {
		struct dwu_unit_names **last = &lines->units->next;
		struct dwu_unit_names *names;

		while ((*last)->next)
			last = &(*last)->next;
		names = *last;
		*last = NULL;
		free_unit(lines, names);
	}
}

/* The unit at off, first in the list from now on. */
static struct dwu_unit_names *unit_at(struct dwu_lines *lines,
				      const struct dwu_lines_ctx *ctx,
				      uint32_t off, uint64_t max,
				      dwunw_status_t *status)
{
	struct dwu_unit_names **at = &lines->units, *names;

	while (*at && (*at)->off != off)
		at = &(*at)->next;
	names = *at;
	if (names)
		*at = names->next;
	else
		names = new_unit(lines, ctx, off, status);
	if (!names)
		return NULL;
	names->next = lines->units;
	lines->units = names;
	keep_within(lines, max);
	return names;
}

/* --- names ------------------------------------------------------------------------ */

static dwunw_status_t fill_list(void *what, struct dwunw_arena *arena,
				struct dwunw_arena *scratch)
{
	struct dwu_lines *lines = what;

	return dwunw_dwarf_list(&lines->dwarf, arena, scratch);
}

/* Names in other units are found by a list of the units. */
static bool list_units(struct dwu_lines *lines, const struct dwu_lines_ctx *ctx)
{
	if (!lines || lines->list.base ||
	    dwu_fill(fill_list, lines, &lines->list, DWU_SMALL_ROOM,
		     ctx->scratch, ctx->config->memory_max) != DWUNW_OK)
		return false;
	lines->bytes += lines->list.size;
	return true;
}

/*
 * Kept once it is found: the name of a call costs a walk from entry to entry.
 */
static const char *function_of(struct dwu_lines *lines,
			       const struct dwu_lines_ctx *ctx,
			       struct dwu_unit_names *names, uint32_t call)
{
	const char **slot = &names->functions[call];
	uint64_t off = names->calls.calls[call].die_off;
	char text[TEXT_MAX];
	dwunw_status_t status;

	if (*slot)
		return *slot;
	for (int tries = 0; tries < 8; tries++) {
		if (!ctx->scratch->base &&
		    dwu_pages_alloc(ctx->scratch, DWU_UNIT_ROOM) != DWUNW_OK)
			return NULL;
		dwunw_arena_reset(ctx->scratch);
		status = dwunw_call_name(&names->inner, off, ctx->scratch, text,
					 sizeof(text));
		if (status == DWUNW_ERR_INVALID_ARG &&
		    (list_units(names->dwo ? names->dwo : lines, ctx) ||
		     list_units(lines->alt, ctx)))
			continue;
		if (status != DWUNW_ERR_NO_MEMORY ||
		    dwu_pages_grow(ctx->scratch, ctx->config->memory_max) !=
			    DWUNW_OK)
			break;
	}
	if (status == DWUNW_OK)
		*slot = ctx->keep_function(ctx->keep_ctx, text);
	return *slot;
}

/* The path of a file of the row's, or of the call's. */
static const char *path_of(const struct dwu_lines_ctx *ctx,
			   struct dwu_unit_names *names, uint32_t file,
			   bool call)
{
	bool dwo = call && names->call_lines.file_count;
	const struct dwunw_lines *lines = dwo ? &names->call_lines :
						&names->lines;
	const char **slot = names->paths;
	char text[TEXT_MAX];

	if (file > lines->file_count)
		return NULL;
	slot += file + (dwo ? names->lines.file_count + 1 : 0);
	if (!*slot &&
	    dwunw_lines_path(lines, dwo ? &names->inner : &names->unit, file,
			     text, sizeof(text)) == DWUNW_OK)
		*slot = ctx->keep_path(ctx->keep_ctx, text);
	return *slot;
}

/* --- address -> levels -------------------------------------------------------------- */

/*
 * clang's -gmlt leaves linkage names out: of a function in a language that
 * has them, the symbol says more.
 */
static bool is_bare(const struct dwu_unit_names *names)
{
	uint16_t language = names->inner.language ? names->inner.language :
						    names->unit.language;

	switch (language) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_C17:
	case DW_LANG_Go:
	case DW_LANG_Mips_Assembler:
		return false;
	default:
		return !names->inner.has_linkage;
	}
}

/*
 * From the innermost call outwards; each call's site is in its caller.
 *
 * Ends at a function that was not inlined, at DWU_INLINED_MAX levels, or where
 * the caller is not known. c->caller is below calls->count: core/names has made
 * it.
 */
static uint32_t add_levels(struct dwu_lines *lines,
			   const struct dwu_lines_ctx *ctx,
			   struct dwu_unit_names *names, uint32_t call,
			   struct dwu_level *levels)
{
	uint32_t count = 0;

	while (call != DWUNW_CALL_NONE && count < DWU_INLINED_MAX) {
		const struct dwunw_call *c = &names->calls.calls[call];
		struct dwu_level *level = &levels[count++];

		level->function = function_of(lines, ctx, names, call);
		level->start = c->start;
		level->inlined = c->inlined;
		level->bare = is_bare(names);
		if (!c->inlined)
			break;
		call = c->caller;
		if (call == DWUNW_CALL_NONE || count == DWU_INLINED_MAX)
			break;
		levels[count] = (struct dwu_level){
			.file = path_of(ctx, names, c->call_file, true),
			.line = c->call_line,
			.column = c->call_column,
		};
	}
	return count;
}

/* The next question to the file, and to those that it refers to. */
static void begin(struct dwu_lines *lines)
{
	dwu_file_begin(&lines->debug.file);
	if (lines->alt)
		dwu_file_begin(&lines->alt->debug.file);
	if (lines->dwp)
		dwu_dwp_begin(lines->dwp);
}

/*
 * A unit without a line for vaddr may still have a function there, and the
 * other way round.
 */
dwunw_status_t dwu_lines_find(struct dwu_lines *lines,
			      const struct dwu_lines_ctx *ctx, uint64_t vaddr,
			      uint64_t max_bytes, struct dwu_level *levels,
			      uint32_t *count)
{
	const struct dwunw_line_row *row;
	struct dwu_unit_names *names;
	dwunw_status_t status;
	uint32_t off;

	*count = 0;
	begin(lines);
	status = find_unit(lines, ctx, vaddr, &off);
	if (status != DWUNW_OK)
		return status;
	names = unit_at(lines, ctx, off, max_bytes, &status);
	if (!names)
		return status;
	if (names->dwo)
		dwu_file_begin(&names->dwo->debug.file);
	levels[0] = (struct dwu_level){ .function = NULL };
	row = dwunw_lines_find(&names->lines, vaddr);
	if (row) {
		levels[0].file = path_of(ctx, names, row->file, false);
		levels[0].line = row->line;
		levels[0].column = row->column;
	}
	*count = add_levels(lines, ctx, names,
			    dwunw_calls_find(&names->calls, vaddr), levels);
	if (!*count && levels[0].file)
		*count = 1;
	return *count ? DWUNW_OK : DWUNW_ERR_NO_DEBUG_DATA;
}
