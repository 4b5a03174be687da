/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * text.c - the report for people.
 */
#include "out.h"

#include <dwunw/linux.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- frames ------------------------------------------------------------------- */

static void put_source(struct dwu_out *out,
		       const struct dwunw_report_call *call)
{
	if (!call->source)
		return;
	dwu_out_char(out, ' ');
	dwu_out_name(out, call->source);
	dwu_out_print(out, ":%" PRIu32, call->line);
}

/* What was inlined there, a line each, innermost first. */
static void put_inlined(struct dwu_out *out,
			const struct dwunw_report_frame *frame)
{
	for (uint32_t i = frame->inlined_count; i-- > 0;) {
		const struct dwunw_report_call *call = &frame->inlined[i];

		dwu_out_print(out, "\t%24s", "");
		dwu_out_name(out, call->function ? call->function : "??");
		dwu_out_text(out, " (inlined)");
		put_source(out, call);
		dwu_out_char(out, '\n');
	}
}

static bool put_function(struct dwu_out *out, const char *before,
			 const struct dwunw_report_frame *frame)
{
	if (frame->call.function) {
		dwu_out_text(out, before);
		dwu_out_name(out, frame->call.function);
		dwu_out_print(out, "+0x%" PRIx64, frame->offset);
	} else if (frame->frame.module) {
		dwu_out_print(out, "%s0x%" PRIx64, before, frame->frame.vaddr);
	}
	return frame->call.function || frame->frame.module;
}

/* "#0  0x…  function+0x…", or in bcc's form "0 [<…>] function+0x…" */
static void put_place(struct dwu_out *out, uint32_t index,
		      const struct dwunw_report_frame *frame, bool bcc)
{
	if (!bcc) {
		dwu_out_print(out, "\t#%-2" PRIu32 " 0x%016" PRIx64, index,
			      frame->frame.pc);
		put_function(out, "  ", frame);
		return;
	}
	dwu_out_print(out, "\t%" PRIu32 " [<%016" PRIx64 ">] ", index,
		      frame->frame.pc);
	if (!put_function(out, "", frame))
		dwu_out_text(out, "<null sym>");
}

static void put_frame(struct dwu_out *out, const struct dwunw_report *report,
		      uint32_t index, const struct dwunw_report_frame *frame,
		      bool bcc)
{
	const char *file = dwu_file_of(report, frame);
	const char *gap = bcc ? " " : "  ";
	char how[32];

	put_inlined(out, frame);
	put_place(out, index, frame, bcc);
	put_source(out, &frame->call);
	if (*file) {
		dwu_out_print(out, "%s[", gap);
		dwu_out_name(out, dwu_base_name(file));
		dwu_out_char(out, ']');
	}
	if (dwunw_frame_text(&frame->frame, how, sizeof(how))[0])
		dwu_out_print(out, "%s(%s)", gap, how);
	dwu_out_char(out, '\n');
}

/* The kernel's walk of the same stack, by frame pointers. */
static void put_fp(struct dwu_out *out, const struct dwunw_report *report,
		   const struct dwunw_report_stack *stack)
{
	dwu_out_print(out, "\tframe pointers: %" PRIu32 " frames\n",
		      stack->fp_count);
	for (uint32_t i = 0; i < stack->fp_count; i++) {
		uint32_t same = 0;

		while (same < stack->count &&
		       report->frames[stack->frames[same]].frame.pc !=
			       stack->fp[i])
			same++;
		dwu_out_print(out, "\t   #%-2" PRIu32 " 0x%016" PRIx64, i,
			      stack->fp[i]);
		if (same < stack->count)
			put_function(out, "  ",
				     &report->frames[stack->frames[same]]);
		dwu_out_char(out, '\n');
	}
}

/* Of a stack that the copy cuts off no caller further out is known. */
static void put_end(struct dwu_out *out, const struct dwunw_report_stack *stack)
{
	if (stack->end[0]) {
		dwu_out_text(out, "\tends here: ");
		dwu_out_name(out, stack->end);
		dwu_out_char(out, '\n');
	}
	if (stack->reason == DWUNW_STOP_TRUNCATED)
		dwu_out_text(out, "\tstacks that differ further out are this "
				  "one entry: --stack-bytes N copies more "
				  "(28672 at most)\n");
}

void dwu_write_stack(struct dwu_out *out, const struct dwunw_report *report,
		     uint32_t index, const struct dwunw_report_options *options)
{
	const struct dwunw_report_stack *stack = &report->stacks[index];

	for (uint32_t i = 0; i < stack->count; i++)
		put_frame(out, report, i, &report->frames[stack->frames[i]],
			  options->bcc_frames);
	put_end(out, stack);
	if (stack->fp)
		put_fp(out, report, stack);
}

/* --- entries ------------------------------------------------------------------ */

static uint32_t count_processes(const struct dwunw_report *report)
{
	return report->meta.processes ? report->meta.processes :
					report->process_count;
}

static void put_whose(struct dwu_out *out, const struct dwunw_report *report,
		      const struct dwunw_report_entry *entry)
{
	if (report->meta.difference)
		return; /* of two runs */
	if (entry->processes == DWUNW_REPORT_PIDS)
		dwu_out_print(out, " of %u processes or more",
			      DWUNW_REPORT_PIDS);
	else if (entry->processes > 1)
		dwu_out_print(out, " of %" PRIu32 " processes",
			      entry->processes);
	else if (count_processes(report) > 1 && *entry->program) {
		dwu_out_print(out, " of pid %" PRIu32 " (", entry->pid);
		dwu_out_name(out, entry->program);
		dwu_out_char(out, ')');
	}
	if (entry->tid) {
		dwu_out_print(out, " of thread %" PRIu32 " (", entry->tid);
		dwu_out_name(out, entry->thread);
		dwu_out_char(out, ')');
	}
}

/* "990 ms in 99 cpu events" */
static void put_event_sum(struct dwu_out *out,
			  const struct dwunw_report *report,
			  const int64_t *values)
{
	int64_t sum = values[DWUNW_REPORT_EVENT];

	if (!strcmp(report->meta.unit, "nanoseconds"))
		dwu_out_print(out, "%" PRId64 " ms", (sum + 500000) / 1000000);
	else if (!strcmp(report->meta.unit, "microseconds"))
		dwu_out_print(out, "%" PRId64 " ms", (sum + 500) / 1000);
	else
		dwu_out_print(out, "%" PRId64 " %s", sum, report->meta.unit);
	dwu_out_print(out, " in %" PRId64 " %s events",
		      values[DWUNW_REPORT_SAMPLES], report->meta.event);
}

/* A sum, and of what: "12 bytes in 3 allocations". */
static void put_sum(struct dwu_out *out, const struct dwunw_report *report,
		    const int64_t *values)
{
	uint32_t has = report->meta.has;

	if (has & 1u << DWUNW_REPORT_LIVE_BYTES)
		dwu_out_print(out,
			      "%" PRId64 " bytes in %" PRId64 " allocations",
			      values[DWUNW_REPORT_LIVE_BYTES],
			      values[DWUNW_REPORT_LIVE_BLOCKS]);
	else if (has & 1u << DWUNW_REPORT_EVENT)
		put_event_sum(out, report, values);
	else
		dwu_out_print(out, "%" PRId64 " events",
			      values[DWUNW_REPORT_SAMPLES]);
}

void dwu_write_entry(struct dwu_out *out, const struct dwunw_report *report,
		     uint32_t index)
{
	const struct dwunw_report_entry *entry = &report->entries[index];

	put_sum(out, report, entry->values);
	dwu_out_text(out, " from stack");
	put_whose(out, report, entry);
	dwu_out_char(out, '\n');
	for (uint32_t i = 0; i < entry->block_count; i++)
		dwu_out_print(out,
			      "\taddr = 0x%" PRIx64 " size = %" PRIu64 "\n",
			      entry->blocks[i].addr, entry->blocks[i].size);
}

/* --- the rest ----------------------------------------------------------------- */

/* What was short while stacks were unwound and named. */
static void put_shortages(struct dwu_out *out,
			  const struct dwunw_report *report)
{
	uint64_t count = report->counts[DWUNW_REPORT_COUNT_SHORTAGES];

	if (!count)
		return;
	dwu_out_text(out, "dwunw: ");
	dwu_out_text(
		out,
		strerror(
			(int)report->counts[DWUNW_REPORT_COUNT_SHORTAGE_ERRNO]));
	dwu_out_print(out,
		      ", %" PRIu64 " times: names or frames may be missing\n",
		      count);
}

/* dwunw-added 11: nothing is lost silently. */
static void put_losses(struct dwu_out *out, const struct dwunw_report *report)
{
	const uint64_t *c = report->counts;

	dwu_out_print(out,
		      "dwunw: %s %" PRIu64 " = stacks %" PRIu64
		      " + drops %" PRIu64 " (over budget %" PRIu64
		      ", no scratch slot %" PRIu64 ", buffer full %" PRIu64 ")",
		      report->meta.event ? "events" : "allocations",
		      c[DWUNW_REPORT_COUNT_ALLOCATIONS],
		      c[DWUNW_REPORT_COUNT_STACKS],
		      c[DWUNW_REPORT_COUNT_OVER_BUDGET] +
			      c[DWUNW_REPORT_COUNT_NO_SLOT] +
			      c[DWUNW_REPORT_COUNT_NO_ROOM],
		      c[DWUNW_REPORT_COUNT_OVER_BUDGET],
		      c[DWUNW_REPORT_COUNT_NO_SLOT],
		      c[DWUNW_REPORT_COUNT_NO_ROOM]);
	if (!report->meta.event || c[DWUNW_REPORT_COUNT_CALLS_FULL])
		dwu_out_print(out,
			      "; live map full %" PRIu64
			      ", too many threads %" PRIu64,
			      c[DWUNW_REPORT_COUNT_LIVE_FULL],
			      c[DWUNW_REPORT_COUNT_CALLS_FULL]);
	dwu_out_char(out, '\n');
	put_shortages(out, report);
	if (c[DWUNW_REPORT_COUNT_LATE_PROGRAMS])
		dwu_out_print(out,
			      "dwunw: %" PRIu64
			      " programs had their first probes after their "
			      "exec, %" PRIu64 " ms in all: what they "
			      "allocated before is missed\n",
			      c[DWUNW_REPORT_COUNT_LATE_PROGRAMS],
			      c[DWUNW_REPORT_COUNT_LATE_NS] / 1000000);
	if (c[DWUNW_REPORT_COUNT_DAMAGED])
		dwu_out_print(out,
			      "dwunw: %" PRIu64 " records of the recording are "
			      "missing or damaged\n",
			      c[DWUNW_REPORT_COUNT_DAMAGED]);
}

static bool is_there(const struct dwunw_report *report, uint32_t kind)
{
	return report->apart[kind][DWUNW_REPORT_LIVE_BLOCKS] ||
	       report->apart[kind][DWUNW_REPORT_SAMPLES];
}

static void put_unkept(struct dwu_out *out, const struct dwunw_report *report,
		       const struct dwunw_report_options *options)
{
	put_sum(out, report, report->apart[DWUNW_REPORT_UNKEPT]);
	dwu_out_print(out,
		      " from stacks that were not kept: %" PRIu64
		      " different ones are",
		      report->counts[DWUNW_REPORT_COUNT_DIFFERENT]);
	if (options->stacks_option)
		dwu_out_print(out, " (%s)", options->stacks_option);
	dwu_out_char(out, '\n');
}

void dwu_write_rest(struct dwu_out *out, const struct dwunw_report *report,
		    const struct dwunw_report_options *options)
{
	if (is_there(report, DWUNW_REPORT_THREADS)) {
		put_sum(out, report, report->apart[DWUNW_REPORT_THREADS]);
		dwu_out_print(out,
			      " are threads' stacks and tables, by "
			      "pthread_create; threads now: %" PRIu32 "\n",
			      report->meta.threads);
	}
	if (is_there(report, DWUNW_REPORT_UNKNOWN)) {
		put_sum(out, report, report->apart[DWUNW_REPORT_UNKNOWN]);
		dwu_out_text(out, " from stacks that were not sent, or are on "
				  "their way\n");
	}
	if (is_there(report, DWUNW_REPORT_UNKEPT))
		put_unkept(out, report, options);
	if (is_there(report, DWUNW_REPORT_SUPPRESSED)) {
		put_sum(out, report, report->apart[DWUNW_REPORT_SUPPRESSED]);
		dwu_out_text(out, " are suppressed\n");
	}
	if (is_there(report, DWUNW_REPORT_KNOWN)) {
		put_sum(out, report, report->apart[DWUNW_REPORT_KNOWN]);
		dwu_out_text(out, " are of stacks that the baseline has\n");
	}
	if (options->losses)
		put_losses(out, report);
}

/* --- all of it ------------------------------------------------------------------ */

static void put_clock(struct dwu_out *out, const struct dwunw_report *report)
{
	const struct dwunw_report_meta *meta = &report->meta;
	uint64_t then = meta->start_realtime_ns + meta->end_ns - meta->start_ns;
	time_t wall = (time_t)(then / 1000000000u);
	char clock[16] = "";
	struct tm tm;

	if (localtime_r(&wall, &tm))
		snprintf(clock, sizeof(clock), "%02d:%02d:%02d",
			 tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
	dwu_out_print(out, "[%s] ", clock);
}

static void put_head(struct dwu_out *out, const struct dwunw_report *report,
		     uint32_t shown)
{
	int64_t totals[DWUNW_REPORT_VALUE_END];

	for (uint32_t i = 0; i < DWUNW_REPORT_VALUE_END; i++)
		totals[i] = dwunw_report_total(report, i);
	put_clock(out, report);
	put_sum(out, report, totals);
	if (report->meta.difference)
		dwu_out_text(out, " more");
	else if (report->meta.has & 1u << DWUNW_REPORT_LIVE_BYTES)
		dwu_out_text(out, " are live,");
	dwu_out_print(out, " from %" PRIu32 " stacks%s\n", shown,
		      report->meta.estimated ? " (estimated from samples)" :
					       "");
}

static bool is_printed(const struct dwunw_report *report, uint32_t entry)
{
	return dwu_entry_is_shown(report, &report->entries[entry]) &&
	       dwu_entry_has_any(report, &report->entries[entry]);
}

void dwu_write_text(struct dwu_out *out, const struct dwunw_report *report,
		    const struct dwunw_report_options *options)
{
	uint32_t shown = 0, printed = 0;

	for (uint32_t i = 0; i < report->entry_count; i++)
		shown += is_printed(report, i);
	put_head(out, report, shown);
	for (uint32_t i = 0; i < report->entry_count && printed < options->top;
	     i++) {
		if (!is_printed(report, i))
			continue;
		dwu_write_entry(out, report, i);
		dwu_write_stack(out, report, report->entries[i].stack, options);
		printed++;
	}
	if (shown > printed)
		dwu_out_print(out, "and %" PRIu32 " stacks more (--top)\n",
			      shown - printed);
	dwu_write_rest(out, report, options);
}
