/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * export.c - reports for programs: folded stacks, JSON.
 */
#include "leak.h"

#include "frames.h"
#include "replace.h"

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
static void print_folded_frame(FILE *out, const struct dwunw_named_frame *named)
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

/* A frame of its own, NAME-TID. */
static void print_folded_thread(struct leak *leak, FILE *out, uint32_t tid)
{
	print_folded_name(out, dwunw_heap_thread(leak->heap, tid));
	fprintf(out, "-%" PRIu32, tid);
}

/* comm;outermost;…;innermost BYTES; apart comm-PID and a thread's NAME-TID */
static void print_folded(struct leak *leak, FILE *out,
			 const struct dwunw_totals *totals)
{
	for (uint32_t i = 0; i < totals->count; i++) {
		const struct dwunw_total *total = &totals->at[i];
		const char *program =
			dwunw_heap_program(leak->heap, (int32_t)total->pid);

		fputs(program ? program : "?", out);
		if (total->apart)
			fprintf(out, "-%" PRIu32, total->apart);
		if (total->tid)
			print_folded_thread(leak, out, total->tid);
		for (uint32_t k = total->stack->count; k-- > 0;)
			print_folded_frame(out, &total->stack->frames[k]);
		fprintf(out, " %.0f\n", total->bytes);
	}
	if (totals->unknown_bytes > 0)
		fprintf(out, "[no_stack] %.0f\n", totals->unknown_bytes);
	if (totals->unkept_bytes > 0)
		fprintf(out, "[not_kept] %.0f\n", totals->unkept_bytes);
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

static void print_json_frame(FILE *out, const struct dwunw_named_frame *named)
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

static void print_json_total(struct leak *leak, FILE *out,
			     const struct dwunw_total *total)
{
	const char *program =
		dwunw_heap_program(leak->heap, (int32_t)total->pid);

	fprintf(out,
		"{\"bytes\":%.0f,\"allocations\":%.0f,\"pid\":%" PRIu32
		",\"processes\":%" PRIu32 ",\"program\":",
		total->bytes, total->blocks, total->pid, total->processes);
	print_string(out, program ? program : "");
	if (total->tid) {
		fprintf(out, ",\"tid\":%" PRIu32 ",\"thread\":", total->tid);
		print_string(out, dwunw_heap_thread(leak->heap, total->tid));
	}
	if (total->stack->of_thread)
		fprintf(out, ",\"of_thread\":true");
	fprintf(out, ",\"ends\":");
	print_string(out, total->stack->stop_text);
	fprintf(out, ",\"frames\":[");
	for (uint32_t i = 0; i < total->stack->count; i++) {
		if (i)
			putc(',', out);
		print_json_frame(out, &total->stack->frames[i]);
	}
	fprintf(out, "]}");
}

static void print_json(struct leak *leak, FILE *out,
		       const struct dwunw_totals *totals, bool last)
{
	struct dwunw_heap_counts counts;

	dwunw_heap_count(leak->heap, &counts);
	fprintf(out, "{\"last\":%s,\"time_ns\":%" PRIu64 ",\"estimated\":%s,",
		last ? "true" : "false", dwunw_heap_now(),
		leak_is_estimated(leak) ? "true" : "false");
	fprintf(out,
		"\"allocations\":%" PRIu64 ",\"stacks_sent\":%" PRIu64
		",\"stacks_counted\":%" PRIu64 ",\"over_budget\":%" PRIu64
		",\"no_slot\":%" PRIu64 ",\"buffer_full\":%" PRIu64
		",\"live_full\":%" PRIu64 ",\"shortages\":%" PRIu32
		",\"unknown_bytes\":%.0f,\"unknown_allocations\":%.0f,"
		"\"unkept_bytes\":%.0f,\"unkept_allocations\":%.0f,",
		counts.allocations, counts.stacks, counts.counted,
		counts.over_budget, counts.no_slot, counts.no_room,
		counts.live_full, dwunw_shortages(NULL), totals->unknown_bytes,
		totals->unknown_blocks, totals->unkept_bytes,
		totals->unkept_blocks);
	fprintf(out, "\"stacks\":[");
	for (uint32_t i = 0; i < totals->count; i++) {
		if (i)
			putc(',', out);
		print_json_total(leak, out, &totals->at[i]);
	}
	fprintf(out, "]}\n");
}

/* --- where to -------------------------------------------------------------------- */

bool leak_is_to_stdout(const char *where)
{
	return where && !*where;
}

/* The stream of --folded or --json; NULL: none for this report, or not to be
 * had, which is told. */
static FILE *open_export(struct leak *leak, const char *option,
			 const char *where)
{
	FILE *out = *where ? replace_open(where) : stdout;

	if (out)
		return out;
	fprintf(stderr, "%s: %s=%s: %s\n", leak->config.tool, option, where,
		strerror(errno));
	leak->export_failed = true;
	return NULL;
}

static void close_export(struct leak *leak, const char *option,
			 const char *where, FILE *out)
{
	int error = *where ? replace_done(out, where) : 0;

	if (!error)
		return;
	fprintf(stderr, "%s: %s=%s: %s: the report before is still there\n",
		leak->config.tool, option, where, strerror(error));
	leak->export_failed = true;
}

/* A file has each report, the one before goes; stdout those of --json one after
 * the other, and of --folded the last, since scripts add up what they read. */
void leak_export(struct leak *leak, const struct dwunw_totals *totals,
		 bool last)
{
	const char *folded = leak->folded;
	const char *json = leak->json;
	FILE *out;

	if (folded && (last || *folded) &&
	    (out = open_export(leak, "--folded", folded))) {
		print_folded(leak, out, totals);
		close_export(leak, "--folded", folded, out);
	}
	if (json && (out = open_export(leak, "--json", json))) {
		print_json(leak, out, totals, last);
		close_export(leak, "--json", json, out);
	}
}
