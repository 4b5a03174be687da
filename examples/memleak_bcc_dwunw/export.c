/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * export.c - reports for programs: folded stacks, JSON.
 */
#include "replace.h"
#include "tool.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* ';' and ' ' are the format's own. */
static void print_folded_name(FILE *out, const char *name)
{
	putc(';', out);
	for (; *name; name++)
		putc(*name == ';' ? ':' : *name == ' ' ? '_' : *name, out);
}

/* A frame, and each call that was inlined there as one of its own. */
static void print_folded_frame(FILE *out, const struct named_frame *named)
{
	const struct dwunw_symbol_info *info;

	if (named->function)
		print_folded_name(out, named->function);
	else if (named->module[0])
		named_frame_print_module(out, named, ";");
	else
		fprintf(out, ";[unknown]");
	for (info = named->inlined; info; info = info->inlined)
		print_folded_name(out, info->function ? info->function :
							"[unknown]");
}

/* comm;outermost;…;innermost BYTES */
static void print_folded(struct tool *tool, FILE *out,
			 const struct lines *lines)
{
	for (uint32_t i = 0; i < lines->count; i++) {
		const struct line *line = &lines->at[i];
		const struct target *target =
			target_find(tool, (int32_t)line->pid);

		fputs(target ? target->comm : "?", out);
		for (uint32_t k = line->stack->count; k-- > 0;)
			print_folded_frame(out, &line->stack->frames[k]);
		fprintf(out, " %.0f\n", line->bytes);
	}
	if (lines->unknown_bytes > 0)
		fprintf(out, "[no_stack] %.0f\n", lines->unknown_bytes);
}

static void print_string(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f) /* whatever encoding it is */
			fprintf(out, "\\u%04x", c);
		else
			putc(c, out);
	}
	putc('"', out);
}

static void print_json_source(FILE *out, const char *file, uint32_t line)
{
	if (!file)
		return;
	fprintf(out, ",\"source\":");
	print_string(out, file);
	fprintf(out, ",\"line\":%" PRIu32, line);
}

/* Inwards: each was called by the one before it. */
static void print_json_inlined(FILE *out, const struct dwunw_symbol_info *info)
{
	const char *comma = "";

	fprintf(out, ",\"inlined\":[");
	for (; info; info = info->inlined) {
		fprintf(out, "%s{\"function\":", comma);
		print_string(out, info->function ? info->function : "");
		print_json_source(out, info->file, info->line);
		putc('}', out);
		comma = ",";
	}
	putc(']', out);
}

static void print_json_frame(FILE *out, const struct named_frame *named)
{
	fprintf(out, "{\"address\":\"0x%" PRIx64 "\"", named->frame.pc);
	if (named->function) {
		fprintf(out, ",\"function\":");
		print_string(out, named->function);
		fprintf(out, ",\"offset\":%" PRIu64, named->offset);
	}
	print_json_source(out, named->file, named->line);
	if (named->inlined)
		print_json_inlined(out, named->inlined);
	if (named->module[0]) {
		fprintf(out, ",\"file\":");
		print_string(out, base_name(named->module));
		fprintf(out, ",\"file_address\":\"0x%" PRIx64 "\"",
			named->frame.vaddr);
	}
	fprintf(out, ",\"found_by\":");
	print_string(out, dwunw_how_name(named->frame.how));
	if (named->frame.flags & DWUNW_FRAME_FLAG_GUESS)
		fprintf(out, ",\"guess\":true");
	putc('}', out);
}

static void print_json_line(struct tool *tool, FILE *out,
			    const struct line *line)
{
	const struct target *target = target_find(tool, (int32_t)line->pid);

	fprintf(out,
		"{\"bytes\":%.0f,\"allocations\":%.0f,\"pid\":%" PRIu32
		",\"processes\":%" PRIu32 ",\"program\":",
		line->bytes, line->blocks, line->pid, line->processes);
	print_string(out, target ? target->comm : "");
	if (line->tid) {
		fprintf(out, ",\"tid\":%" PRIu32 ",\"thread\":", line->tid);
		print_string(out, thread_name(tool, line->tid));
	}
	if (line->stack->of_thread)
		fprintf(out, ",\"of_thread\":true");
	fprintf(out, ",\"ends\":");
	print_string(out, line->stack->stop_text);
	fprintf(out, ",\"frames\":[");
	for (uint32_t i = 0; i < line->stack->count; i++) {
		if (i)
			putc(',', out);
		print_json_frame(out, &line->stack->frames[i]);
	}
	fprintf(out, "]}");
}

static void print_json(struct tool *tool, FILE *out, const struct lines *lines,
		       bool last)
{
	fprintf(out, "{\"last\":%s,\"time_ns\":%" PRIu64 ",\"estimated\":%s,",
		last ? "true" : "false", now_ns(),
		tool->arguments.sample_bytes ||
				tool->arguments.sample_every > 1 ?
			"true" :
			"false");
	fprintf(out,
		"\"allocations\":%" PRIu64 ",\"stacks_sent\":%" PRIu64
		",\"over_budget\":%" PRIu64 ",\"no_slot\":%" PRIu64
		",\"buffer_full\":%" PRIu64 ",\"live_full\":%" PRIu64
		",\"shortages\":%" PRIu32
		",\"unknown_bytes\":%.0f,\"unknown_allocations\":%.0f,",
		map_counter(tool, MEMLEAK_COUNT_ALLOCATIONS),
		map_counter(tool, MEMLEAK_COUNT_STACKS),
		map_counter(tool, MEMLEAK_COUNT_OVER_BUDGET),
		map_counter(tool, MEMLEAK_COUNT_NO_SLOT),
		map_counter(tool, MEMLEAK_COUNT_NO_ROOM),
		map_counter(tool, MEMLEAK_COUNT_LIVE_FULL),
		dwunw_shortages(NULL), lines->unknown_bytes,
		lines->unknown_blocks);
	fprintf(out, "\"stacks\":[");
	for (uint32_t i = 0; i < lines->count; i++) {
		if (i)
			putc(',', out);
		print_json_line(tool, out, &lines->at[i]);
	}
	fprintf(out, "]}\n");
}

/* --- where to -------------------------------------------------------------------- */

bool export_is_to_stdout(const char *where)
{
	return where && !*where;
}

/* The stream of --folded or --json; NULL: none for this report, or not to be
 * had, which is told. */
static FILE *open_export(struct tool *tool, const char *option,
			 const char *where)
{
	FILE *out = *where ? replace_open(where) : stdout;

	if (out)
		return out;
	fprintf(stderr, TOOL ": %s=%s: %s\n", option, where, strerror(errno));
	tool->export_failed = true;
	return NULL;
}

static void close_export(struct tool *tool, const char *option,
			 const char *where, FILE *out)
{
	int error = *where ? replace_done(out, where) : 0;

	if (!error)
		return;
	fprintf(stderr, TOOL ": %s=%s: %s: the report before is still there\n",
		option, where, strerror(error));
	tool->export_failed = true;
}

/* A file has each report, the one before goes; stdout those of --json one after
 * the other, and of --folded the last, since scripts add up what they read. */
void export_report(struct tool *tool, const struct lines *lines, bool last)
{
	const char *folded = tool->arguments.folded;
	const char *json = tool->arguments.json;
	FILE *out;

	if (folded && (last || *folded) &&
	    (out = open_export(tool, "--folded", folded))) {
		print_folded(tool, out, lines);
		close_export(tool, "--folded", folded, out);
	}
	if (json && (out = open_export(tool, "--json", json))) {
		print_json(tool, out, lines, last);
		close_export(tool, "--json", json, out);
	}
}
