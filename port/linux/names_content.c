/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The DWARF sections of one file, open and unpacked: a program's or its debug
 * file's, an alternate file's (dwz), a .dwo's, a .dwp's. The file stays open
 * for what is still to be read.
 *
 * For example, a debug file of 80 MB whose .debug_info is compressed: it is
 * mapped or read as needed; the 240 MB of .debug_info are unpacked into
 * lines->content if they are within CONTENT_TIMES * memory_max, else the file
 * is used without its DWARF.
 */
#include "log.h"
#include "names.h"
#include "pages.h"

#include <stdio.h>
#include <sys/mman.h>

/* --- arenas ------------------------------------------------------------------ */

/* Gives back the pages behind what is used. */
static void trim(struct dwunw_arena *arena)
{
	size_t page = (size_t)64 << 10;
	size_t size = (arena->used + page - 1) & ~(page - 1);

	if (size >= arena->size)
		return;
	if (!size) {
		dwu_pages_free(arena);
		return;
	}
	munmap(arena->base + size, arena->size - size);
	arena->fresh -= arena->fresh < arena->size - size ? arena->fresh :
							    arena->size - size;
	arena->size = size;
}

/*
 * fn is called until both arenas are large enough, each time from the start;
 * one of them grows in each turn, up to max, so it ends. What `arena` does not
 * use is given back.
 */
dwunw_status_t dwu_fill(dwu_fill_fn *fn, void *what, struct dwunw_arena *arena,
			size_t room, struct dwunw_arena *scratch, uint64_t max)
{
	dwunw_status_t status = dwu_pages_alloc(arena, room);

	if (status == DWUNW_OK && !scratch->base)
		status = dwu_pages_alloc(scratch, DWU_UNIT_ROOM);
	while (status == DWUNW_OK) {
		dwunw_arena_reset(scratch);
		dwunw_arena_reset(arena);
		status = fn(what, arena, scratch);
		if (status != DWUNW_ERR_NO_MEMORY)
			break;
		status = dwu_pages_grow(scratch->wanted ? scratch : arena, max);
	}
	if (status == DWUNW_OK)
		trim(arena);
	else
		dwu_pages_free(arena);
	/* one that grew for once is not kept */
	if (scratch->size > DWU_UNIT_ROOM)
		dwu_pages_free(scratch);
	return status;
}

/* --- opening ------------------------------------------------------------------ */

static dwunw_status_t fill_content(void *what, struct dwunw_arena *arena,
				   struct dwunw_arena *scratch)
{
	struct dwu_lines *lines = what;
	const struct dwunw_module_files files = {
		.file = &lines->debug.src,
		.inflate = dwu_unpack,
	};

	(void)scratch;
	return dwunw_dwarf_open(&lines->dwarf, &files, arena);
}

/* A file without DWARF is no news. */
static void tell_content(const struct dwu_lines_ctx *ctx, const char *path,
			 dwunw_status_t status)
{
	const struct dwunw_symbol_config *config = ctx->config;
	char line[DWU_LOG_LINE];

	if (!config->log || !path ||
	    (status != DWUNW_ERR_NO_MEMORY && status != DWUNW_ERR_BAD_FORMAT))
		return;
	snprintf(line, sizeof(line),
		 "%s: its compressed debug sections are not used: damaged, or "
		 "beyond the bounds of %llu bytes of content in all (%u times "
		 "memory_max) and, from 1 MiB on, %u for each packed one",
		 path,
		 (unsigned long long)(DWUNW_CONTENT_TIMES * config->memory_max),
		 DWUNW_CONTENT_TIMES, DWUNW_CONTENT_RATIO);
	config->log(config->log_ctx, line);
}

/* *debug is taken over, whatever the status. */
dwunw_status_t dwu_content_open(struct dwu_lines *lines,
				const struct dwu_lines_ctx *ctx,
				struct dwu_debug *debug, const char *path)
{
	dwunw_status_t status;

	*lines = (struct dwu_lines){ .debug = *debug };
	*debug = (struct dwu_debug){ .file.fd = -1 };
	dwu_file_map(&lines->debug.file);
	dwu_file_source(&lines->debug.file, &lines->debug.src);
	status = dwunw_elf_open(&lines->debug.elf, &lines->debug.src, NULL);
	if (status == DWUNW_OK)
		status =
			dwu_fill(fill_content, lines, &lines->content,
				 DWU_SMALL_ROOM, ctx->scratch,
				 DWUNW_CONTENT_TIMES * ctx->config->memory_max);
	if (status != DWUNW_OK) {
		tell_content(ctx, path, status);
		dwu_content_close(lines);
		return status;
	}
	lines->bytes = lines->content.size;
	return DWUNW_OK;
}

void dwu_content_close(struct dwu_lines *lines)
{
	dwu_pages_free(&lines->content);
	dwu_pages_free(&lines->list);
	dwu_debug_close(&lines->debug);
	*lines = (struct dwu_lines){ .debug.file.fd = -1 };
}
