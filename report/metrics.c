/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * metrics.c - OpenMetrics text, for Prometheus and for node_exporter's directory:
 * sums, and the largest stacks by their id. There are no more label sets than
 * options->top and three, and no times.
 */
#include "out.h"

#include <inttypes.h>

/* OpenMetrics 1.0, "escaped-string"; a line is a sample. */
static void put_label(struct dwu_out *out, const char *name, const char *text)
{
	dwu_out_print(out, "%s=\"", name);
	while (*text) {
		size_t size = dwu_utf8_size(text);
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			dwu_out_char(out, '\\');
		if (!size || c < 0x20 || c == 0x7f)
			dwu_out_char(out, '?');
		else
			dwu_out_bytes(out, text, size);
		text += size ? size : 1;
	}
	dwu_out_char(out, '"');
}

static void put_family(struct dwu_out *out, const char *name, const char *type,
		       const char *unit, const char *help)
{
	dwu_out_print(out, "# TYPE %s %s\n", name, type);
	if (*unit)
		dwu_out_print(out, "# UNIT %s %s\n", name, unit);
	dwu_out_print(out, "# HELP %s %s\n", name, help);
}

/* The innermost function: the one that called the allocator. */
static void put_function(struct dwu_out *out, const struct dwunw_report *report,
			 const struct dwunw_report_stack *stack)
{
	const struct dwunw_report_frame *frame;
	const struct dwunw_report_call *call;
	char text[300];

	if (!stack->count)
		return;
	frame = &report->frames[stack->frames[0]];
	call = frame->inlined_count ?
		       &frame->inlined[frame->inlined_count - 1] :
		       &frame->call;
	dwu_out_char(out, ',');
	put_label(out, "function",
		  call->function ?
			  call->function :
			  dwu_frame_name(report, frame, text, sizeof(text)));
	if (!call->source)
		return;
	dwu_out_char(out, ',');
	put_label(out, "source", dwu_base_name(call->source));
	dwu_out_print(out, ",line=\"%" PRIu32 "\"", call->line);
}

static void put_stack(struct dwu_out *out, const struct dwunw_report *report,
		      const char *name, const struct dwunw_report_entry *entry,
		      int64_t value)
{
	const struct dwunw_report_stack *stack = &report->stacks[entry->stack];

	dwu_out_print(out, "%s{stack=\"%016" PRIx64 "\",", name, stack->id);
	put_label(out, "program", entry->program);
	if (entry->apart || stack->owner)
		dwu_out_print(out, ",pid=\"%" PRIu32 "\"",
			      entry->apart ? entry->apart :
					     (uint32_t)stack->owner);
	if (entry->tid)
		dwu_out_print(out, ",tid=\"%" PRIu32 "\"", entry->tid);
	put_function(out, report, stack);
	dwu_out_print(out, "} %" PRId64 "\n", value);
}

static int64_t bytes_of(const struct dwunw_report_entry *entry)
{
	return entry->values[DWUNW_REPORT_LIVE_BYTES];
}

/* Since the first point in time: what was not there then had nothing. */
static int64_t growth_of(const struct dwunw_report_entry *entry)
{
	bool there = entry->then_count && entry->thens[0].point == 0;

	return bytes_of(entry) - (there ? entry->thens[0].live_bytes : 0);
}

/* `rest`: of what no stack has, this value; VALUE_END: it is not told. */
static void put_stacks(struct dwu_out *out, const struct dwunw_report *report,
		       const char *name, uint32_t top,
		       int64_t (*number)(const struct dwunw_report_entry *),
		       uint32_t rest)
{
	int64_t others = 0;
	uint32_t shown = 0;

	for (uint32_t i = 0; i < report->entry_count; i++) {
		const struct dwunw_report_entry *entry = &report->entries[i];

		if (!dwu_entry_is_shown(report, entry))
			continue;
		if (shown++ < top)
			put_stack(out, report, name, entry, number(entry));
		else
			others += number(entry);
	}
	if (shown > top)
		dwu_out_print(out, "%s{stack=\"other\"} %" PRId64 "\n", name,
			      others);
	for (uint32_t i = 0;
	     rest < DWUNW_REPORT_VALUE_END && i < DWUNW_REPORT_APART_END; i++)
		if (dwu_apart_name(i))
			dwu_out_print(out, "%s{stack=\"%s\"} %" PRId64 "\n",
				      name, dwu_apart_name(i),
				      report->apart[i][rest]);
}

static void put_lost(struct dwu_out *out, const struct dwunw_report *report,
		     const char *help)
{
	put_family(out, "dwunw_lost", "counter", "", help);
	for (uint32_t i = DWUNW_REPORT_COUNT_OVER_BUDGET;
	     i <= DWUNW_REPORT_COUNT_CALLS_FULL; i++)
		dwu_out_print(out,
			      "dwunw_lost_total{reason=\"%s\"} %" PRIu64 "\n",
			      dwunw_report_count_name(i), report->counts[i]);
}

static void put_sums(struct dwu_out *out, const struct dwunw_report *report)
{
	put_family(out, "dwunw_live_bytes", "gauge", "bytes",
		   "Bytes that were allocated and not freed.");
	dwu_out_print(out, "dwunw_live_bytes %" PRId64 "\n",
		      dwunw_report_total(report, DWUNW_REPORT_LIVE_BYTES));
	put_family(out, "dwunw_live_allocations", "gauge", "",
		   "Allocations that were not freed.");
	dwu_out_print(out, "dwunw_live_allocations %" PRId64 "\n",
		      dwunw_report_total(report, DWUNW_REPORT_LIVE_BLOCKS));
	put_family(out, "dwunw_allocations", "counter", "",
		   "Allocations that were counted.");
	dwu_out_print(out, "dwunw_allocations_total %" PRIu64 "\n",
		      report->counts[DWUNW_REPORT_COUNT_ALLOCATIONS]);
	put_lost(out, report,
		 "Allocations whose stack or block is not known, by reason.");
}

/* --- another event ------------------------------------------------------------ */

static int64_t events_of(const struct dwunw_report_entry *entry)
{
	return entry->values[DWUNW_REPORT_SAMPLES];
}

static int64_t amount_of(const struct dwunw_report_entry *entry)
{
	return entry->values[DWUNW_REPORT_EVENT];
}

static void put_total(struct dwu_out *out, const struct dwunw_report *report,
		      const char *name, uint32_t value)
{
	dwu_out_print(out, "%s{", name);
	put_label(out, "event", report->meta.event);
	dwu_out_print(out, "} %" PRId64 "\n",
		      dwunw_report_total(report, value));
}

static void put_event(struct dwu_out *out, const struct dwunw_report *report,
		      uint32_t top)
{
	put_family(out, "dwunw_events", "gauge", "",
		   "Events that were counted, of the kind of the label.");
	put_total(out, report, "dwunw_events", DWUNW_REPORT_SAMPLES);
	put_lost(out, report, "Events whose stack is not known, by reason.");
	put_family(out, "dwunw_stack_events", "gauge", "",
		   "Events of the largest stacks, and of all others.");
	put_stacks(out, report, "dwunw_stack_events", top, events_of,
		   DWUNW_REPORT_SAMPLES);
	if (!report->meta.unit)
		return;
	put_family(
		out, "dwunw_event_amount", "gauge", "",
		"What is summed of the event; nanoseconds of cpu, microseconds "
		"of offcpu.");
	put_total(out, report, "dwunw_event_amount", DWUNW_REPORT_EVENT);
	put_family(out, "dwunw_stack_event_amount", "gauge", "",
		   "The same of the largest stacks, and of all others.");
	put_stacks(out, report, "dwunw_stack_event_amount", top, amount_of,
		   DWUNW_REPORT_EVENT);
}

void dwu_write_metrics(struct dwu_out *out, const struct dwunw_report *report,
		       const struct dwunw_report_options *options)
{
	if (report->meta.event) {
		put_event(out, report, options->top);
		dwu_out_text(out, "# EOF\n");
		return;
	}
	put_sums(out, report);
	put_family(out, "dwunw_stack_live_bytes", "gauge", "bytes",
		   "Live bytes of the largest stacks, and of all others.");
	put_stacks(out, report, "dwunw_stack_live_bytes", options->top,
		   bytes_of, DWUNW_REPORT_LIVE_BYTES);
	if (report->point_count) {
		put_family(out, "dwunw_stack_growth_bytes", "gauge", "bytes",
			   "What they have more than at the first report.");
		put_stacks(out, report, "dwunw_stack_growth_bytes",
			   options->top, growth_of, DWUNW_REPORT_VALUE_END);
	}
	dwu_out_text(out, "# EOF\n");
}
