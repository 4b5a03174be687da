/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * json.c - a report as one line of JSON. doc/memleak.md has the keys
 * (tests/docs/json.t).
 */
#include "out.h"

#include <inttypes.h>

static void put_source(struct dwu_out *out,
		       const struct dwunw_report_call *call)
{
	if (!call->source)
		return;
	dwu_out_text(out, ",\"source\":");
	dwu_out_json(out, call->source);
	dwu_out_print(out, ",\"line\":%" PRIu32, call->line);
}

/* Inwards: each was called by the one before it. */
static void put_inlined(struct dwu_out *out,
			const struct dwunw_report_frame *frame)
{
	dwu_out_text(out, ",\"inlined\":[");
	for (uint32_t i = 0; i < frame->inlined_count; i++) {
		const struct dwunw_report_call *call = &frame->inlined[i];

		dwu_out_text(out, i ? ",{\"function\":" : "{\"function\":");
		dwu_out_json(out, call->function ? call->function : "");
		put_source(out, call);
		dwu_out_char(out, '}');
	}
	dwu_out_char(out, ']');
}

static void put_file(struct dwu_out *out, const struct dwunw_report *report,
		     const struct dwunw_report_frame *frame)
{
	const char *file = dwu_file_of(report, frame);

	if (!*file)
		return;
	dwu_out_text(out, ",\"file\":");
	dwu_out_json(out, dwu_base_name(file));
	dwu_out_print(out, ",\"file_address\":\"0x%" PRIx64 "\"",
		      frame->frame.vaddr);
}

static void put_frame(struct dwu_out *out, const struct dwunw_report *report,
		      const struct dwunw_report_frame *frame)
{
	dwu_out_print(out, "{\"address\":\"0x%" PRIx64 "\"", frame->frame.pc);
	if (frame->call.function) {
		dwu_out_text(out, ",\"function\":");
		dwu_out_json(out, frame->call.function);
		dwu_out_print(out, ",\"offset\":%" PRIu64, frame->offset);
	}
	put_source(out, &frame->call);
	if (frame->inlined_count)
		put_inlined(out, frame);
	put_file(out, report, frame);
	dwu_out_text(out, ",\"found_by\":");
	dwu_out_json(out, dwunw_how_name(frame->frame.how));
	if (frame->frame.flags & DWUNW_FRAME_FLAG_GUESS)
		dwu_out_text(out, ",\"guess\":true");
	dwu_out_char(out, '}');
}

static void put_whose(struct dwu_out *out,
		      const struct dwunw_report_entry *entry)
{
	dwu_out_print(out, ",\"pid\":%" PRIu32 ",\"processes\":%" PRIu32,
		      entry->pid, entry->processes);
	dwu_out_text(out, ",\"program\":");
	dwu_out_json(out, entry->program);
	if (!entry->tid)
		return;
	dwu_out_print(out, ",\"tid\":%" PRIu32 ",\"thread\":", entry->tid);
	dwu_out_json(out, entry->thread);
}

/* Of a stack: blocks that are live, or another event. */
static void put_sums(struct dwu_out *out, const struct dwunw_report *report,
		     const int64_t *values)
{
	if (!report->meta.event) {
		dwu_out_print(out,
			      "{\"bytes\":%" PRId64 ",\"allocations\":%" PRId64,
			      values[DWUNW_REPORT_LIVE_BYTES],
			      values[DWUNW_REPORT_LIVE_BLOCKS]);
		return;
	}
	dwu_out_print(out, "{\"events\":%" PRId64,
		      values[DWUNW_REPORT_SAMPLES]);
	if (report->meta.unit)
		dwu_out_print(out, ",\"amount\":%" PRId64,
			      values[DWUNW_REPORT_EVENT]);
}

static void put_entry(struct dwu_out *out, const struct dwunw_report *report,
		      const struct dwunw_report_entry *entry)
{
	const struct dwunw_report_stack *stack = &report->stacks[entry->stack];

	put_sums(out, report, entry->values);
	put_whose(out, entry);
	if (stack->of_thread)
		dwu_out_text(out, ",\"of_thread\":true");
	dwu_out_text(out, ",\"ends\":");
	dwu_out_json(out, stack->end);
	dwu_out_text(out, ",\"frames\":[");
	for (uint32_t i = 0; i < stack->count; i++) {
		if (i)
			dwu_out_char(out, ',');
		put_frame(out, report, &report->frames[stack->frames[i]]);
	}
	dwu_out_text(out, "]}");
}

static void put_counts(struct dwu_out *out, const struct dwunw_report *report)
{
	const uint64_t *c = report->counts;

	dwu_out_text(out,
		     report->meta.event ? "\"events\":" : "\"allocations\":");
	dwu_out_print(out,
		      "%" PRIu64 ",\"stacks_sent\":%" PRIu64
		      ",\"stacks_counted\":%" PRIu64 ",\"over_budget\":%" PRIu64
		      ",\"no_slot\":%" PRIu64 ",\"buffer_full\":%" PRIu64
		      ",\"live_full\":%" PRIu64 ",\"shortages\":%" PRIu64 ",",
		      c[DWUNW_REPORT_COUNT_ALLOCATIONS],
		      c[DWUNW_REPORT_COUNT_STACKS],
		      c[DWUNW_REPORT_COUNT_COUNTED],
		      c[DWUNW_REPORT_COUNT_OVER_BUDGET],
		      c[DWUNW_REPORT_COUNT_NO_SLOT],
		      c[DWUNW_REPORT_COUNT_NO_ROOM],
		      c[DWUNW_REPORT_COUNT_LIVE_FULL],
		      c[DWUNW_REPORT_COUNT_SHORTAGES]);
}

/* Sums that no stack has. */
static void put_blocks(struct dwu_out *out, const struct dwunw_report *report)
{
	const int64_t *unknown = report->apart[DWUNW_REPORT_UNKNOWN];
	const int64_t *unkept = report->apart[DWUNW_REPORT_UNKEPT];

	dwu_out_print(out,
		      "\"unknown_bytes\":%" PRId64
		      ",\"unknown_allocations\":%" PRId64
		      ",\"unkept_bytes\":%" PRId64
		      ",\"unkept_allocations\":%" PRId64 ",",
		      unknown[DWUNW_REPORT_LIVE_BYTES],
		      unknown[DWUNW_REPORT_LIVE_BLOCKS],
		      unkept[DWUNW_REPORT_LIVE_BYTES],
		      unkept[DWUNW_REPORT_LIVE_BLOCKS]);
}

/* … of another event, and what it is. */
static void put_event(struct dwu_out *out, const struct dwunw_report *report)
{
	const int64_t *unknown = report->apart[DWUNW_REPORT_UNKNOWN];
	const int64_t *unkept = report->apart[DWUNW_REPORT_UNKEPT];

	dwu_out_text(out, "\"event\":");
	dwu_out_json(out, report->meta.event);
	dwu_out_print(out,
		      ",\"unknown_events\":%" PRId64
		      ",\"unkept_events\":%" PRId64 ",",
		      unknown[DWUNW_REPORT_SAMPLES],
		      unkept[DWUNW_REPORT_SAMPLES]);
	if (!report->meta.unit)
		return;
	dwu_out_text(out, "\"unit\":");
	dwu_out_json(out, report->meta.unit);
	dwu_out_print(out,
		      ",\"unknown_amount\":%" PRId64
		      ",\"unkept_amount\":%" PRId64 ",",
		      unknown[DWUNW_REPORT_EVENT], unkept[DWUNW_REPORT_EVENT]);
}

void dwu_write_json(struct dwu_out *out, const struct dwunw_report *report,
		    const struct dwunw_report_options *options)
{
	const char *comma = "";

	(void)options;
	dwu_out_print(out,
		      "{\"last\":%s,\"time_ns\":%" PRIu64 ",\"estimated\":%s,",
		      report->meta.last ? "true" : "false", report->meta.end_ns,
		      report->meta.estimated ? "true" : "false");
	put_counts(out, report);
	if (report->meta.event)
		put_event(out, report);
	else
		put_blocks(out, report);
	dwu_out_text(out, "\"stacks\":[");
	for (uint32_t i = 0; i < report->entry_count; i++) {
		if (!dwu_entry_has_any(report, &report->entries[i]))
			continue;
		dwu_out_text(out, comma);
		put_entry(out, report, &report->entries[i]);
		comma = ",";
	}
	dwu_out_text(out, "]}\n");
}
