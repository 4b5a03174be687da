/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * export.c - reports for programs: folded stacks, JSON.
 */
#include "tool.h"

#include <inttypes.h>
#include <string.h>

/* ';' and ' ' are the format's own. */
static void print_folded_name(const char *name)
{
	putchar(';');
	for (; *name; name++)
		putchar(*name == ';' ? ':' : *name == ' ' ? '_' : *name);
}

/* A frame, and each call that was inlined there as one of its own. */
static void print_folded_frame(const struct named_frame *named)
{
	const struct dwunw_symbol_info *info;

	if (named->function)
		print_folded_name(named->function);
	else if (named->module[0])
		named_frame_print_module(stdout, named, ";");
	else
		printf(";[unknown]");
	for (info = named->inlined; info; info = info->inlined)
		print_folded_name(info->function ? info->function :
						   "[unknown]");
}

/* comm;outermost;…;innermost BYTES */
void print_folded(struct tool *tool, const struct lines *lines)
{
	for (uint32_t i = 0; i < lines->count; i++) {
		const struct line *line = &lines->at[i];
		const struct target *target =
			target_find(tool, (int32_t)line->pid);

		printf("%s", target ? target->comm : "?");
		for (uint32_t k = line->stack->count; k-- > 0;)
			print_folded_frame(&line->stack->frames[k]);
		printf(" %.0f\n", line->bytes);
	}
	if (lines->unknown_bytes > 0)
		printf("[no_stack] %.0f\n", lines->unknown_bytes);
}

static void print_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c >= 0x7f) /* whatever encoding it is */
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_json_source(const char *file, uint32_t line)
{
	if (!file)
		return;
	printf(",\"source\":");
	print_string(file);
	printf(",\"line\":%" PRIu32, line);
}

/* Inwards: each was called by the one before it. */
static void print_json_inlined(const struct dwunw_symbol_info *info)
{
	const char *comma = "";

	printf(",\"inlined\":[");
	for (; info; info = info->inlined) {
		printf("%s{\"function\":", comma);
		print_string(info->function ? info->function : "");
		print_json_source(info->file, info->line);
		putchar('}');
		comma = ",";
	}
	putchar(']');
}

static void print_json_frame(const struct named_frame *named)
{
	printf("{\"address\":\"0x%" PRIx64 "\"", named->frame.pc);
	if (named->function) {
		printf(",\"function\":");
		print_string(named->function);
		printf(",\"offset\":%" PRIu64, named->offset);
	}
	print_json_source(named->file, named->line);
	if (named->inlined)
		print_json_inlined(named->inlined);
	if (named->module[0]) {
		printf(",\"file\":");
		print_string(base_name(named->module));
		printf(",\"file_address\":\"0x%" PRIx64 "\"",
		       named->frame.vaddr);
	}
	printf(",\"found_by\":");
	print_string(dwunw_how_name(named->frame.how));
	if (named->frame.flags & DWUNW_FRAME_FLAG_GUESS)
		printf(",\"guess\":true");
	putchar('}');
}

static void print_json_line(struct tool *tool, const struct line *line)
{
	const struct target *target = target_find(tool, (int32_t)line->pid);

	printf("{\"bytes\":%.0f,\"allocations\":%.0f,\"pid\":%" PRIu32
	       ",\"processes\":%" PRIu32 ",\"program\":",
	       line->bytes, line->blocks, line->pid, line->processes);
	print_string(target ? target->comm : "");
	if (line->tid) {
		printf(",\"tid\":%" PRIu32 ",\"thread\":", line->tid);
		print_string(thread_name(tool, line->tid));
	}
	if (line->stack->of_thread)
		printf(",\"of_thread\":true");
	printf(",\"ends\":");
	print_string(line->stack->stop_text);
	printf(",\"frames\":[");
	for (uint32_t i = 0; i < line->stack->count; i++) {
		if (i)
			putchar(',');
		print_json_frame(&line->stack->frames[i]);
	}
	printf("]}");
}

void print_json(struct tool *tool, const struct lines *lines, bool last)
{
	printf("{\"last\":%s,\"time_ns\":%" PRIu64 ",\"estimated\":%s,",
	       last ? "true" : "false", now_ns(),
	       tool->arguments.sample_bytes ||
			       tool->arguments.sample_every > 1 ?
		       "true" :
		       "false");
	printf("\"allocations\":%" PRIu64 ",\"stacks_sent\":%" PRIu64
	       ",\"over_budget\":%" PRIu64 ",\"no_slot\":%" PRIu64
	       ",\"buffer_full\":%" PRIu64 ",\"live_full\":%" PRIu64
	       ",\"unknown_bytes\":%.0f,\"unknown_allocations\":%.0f,",
	       map_counter(tool, MEMLEAK_COUNT_ALLOCATIONS),
	       map_counter(tool, MEMLEAK_COUNT_STACKS),
	       map_counter(tool, MEMLEAK_COUNT_OVER_BUDGET),
	       map_counter(tool, MEMLEAK_COUNT_NO_SLOT),
	       map_counter(tool, MEMLEAK_COUNT_NO_ROOM),
	       map_counter(tool, MEMLEAK_COUNT_LIVE_FULL), lines->unknown_bytes,
	       lines->unknown_blocks);
	printf("\"stacks\":[");
	for (uint32_t i = 0; i < lines->count; i++) {
		if (i)
			putchar(',');
		print_json_line(tool, &lines->at[i]);
	}
	printf("]}\n");
}
