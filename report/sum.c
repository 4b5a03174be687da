/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * sum.c - a model added to another one, or taken off: reports of several
 * processes and recordings, what grew between two.
 */
#include "store.h"

#include <stdlib.h>

/* What was added so far, and where it is in the sum. */
struct adding {
	struct dwunw_report *to;
	const struct dwunw_report *from;
	int factor;
	uint32_t *files; /* index there -> index here */
	uint32_t *frames;
	uint32_t *points; /* NULL: they are not added */
	uint32_t *list;	  /* of one stack */
};

static void add_files(struct adding *adding)
{
	const struct dwunw_report *from = adding->from;

	for (uint32_t i = 0; i < from->file_count; i++)
		adding->files[i] =
			dwunw_report_add_file(adding->to, &from->files[i]);
	for (uint32_t i = 0; i < from->process_count; i++)
		dwunw_report_add_process(adding->to, &from->processes[i]);
	for (uint32_t i = 0; i < from->label_count; i++)
		dwunw_report_add_label(adding->to, from->labels[i].key,
				       from->labels[i].value);
	for (uint32_t i = 0; i < from->mapping_count; i++) {
		struct dwunw_report_mapping mapping = from->mappings[i];

		mapping.file = adding->files[mapping.file];
		dwunw_report_add_mapping(adding->to, &mapping);
	}
}

/* Its names, in the form in which they are added. calls has room for all. */
static const struct dwunw_symbol_info *
names_of(const struct dwunw_report_frame *frame,
	 struct dwunw_symbol_info *calls)
{
	for (uint32_t i = 0; i <= frame->inlined_count; i++) {
		const struct dwunw_report_call *call =
			i ? &frame->inlined[i - 1] : &frame->call;

		calls[i] = (struct dwunw_symbol_info){
			.function = call->function,
			.file = call->source,
			.line = call->line,
			.column = call->column,
			.offset = i ? 0 : frame->offset,
			.inlined = i < frame->inlined_count ? &calls[i + 1] :
							      NULL,
		};
	}
	return frame->call.function || frame->call.source ? calls : NULL;
}

static void add_frame(struct adding *adding, uint32_t at)
{
	const struct dwunw_report_frame *frame = &adding->from->frames[at];
	uint32_t module = frame->frame.module;
	struct dwunw_symbol_info *calls =
		calloc(frame->inlined_count + 1, sizeof(*calls));
	uint32_t added;

	if (!calls) {
		adding->to->failed = true;
		return;
	}
	added = dwunw_report_add_frame(adding->to, &frame->frame,
				       module ? adding->files[module - 1] :
						DWUNW_REPORT_NONE,
				       names_of(frame, calls));
	if (added != DWUNW_REPORT_NONE)
		adding->to->frames[added].kernel = frame->kernel;
	adding->frames[at] = added;
	free(calls);
}

static uint32_t add_stack(struct adding *adding,
			  const struct dwunw_report_stack *stack)
{
	for (uint32_t i = 0; i < stack->count; i++)
		adding->list[i] = adding->frames[stack->frames[i]];
	return dwunw_report_add_stack(adding->to, adding->list, stack->count,
				      stack);
}

static void add_details(struct adding *adding, uint32_t to,
			const struct dwunw_report_entry *entry)
{
	for (uint32_t kind = 0; kind < DWUNW_REPORT_HISTOGRAM_END; kind++)
		for (uint32_t i = 0; i < entry->histograms[kind].count; i++)
			dwu_add_bucket(adding->to, to, kind,
				       &entry->histograms[kind].at[i]);
	for (uint32_t i = 0; i < entry->block_count; i++)
		dwunw_report_add_block(adding->to, to, entry->blocks[i].addr,
				       entry->blocks[i].size);
	for (uint32_t i = 0; adding->points && i < entry->then_count; i++)
		dwunw_report_add_then(adding->to, to,
				      adding->points[entry->thens[i].point],
				      entry->thens[i].live_blocks,
				      entry->thens[i].live_bytes);
}

static void add_entry(struct adding *adding,
		      const struct dwunw_report_entry *entry)
{
	uint32_t stack = add_stack(adding, &adding->from->stacks[entry->stack]);
	uint32_t to =
		dwunw_report_add_entry(adding->to, stack, 0, 0, entry->pid);

	if (to == DWUNW_REPORT_NONE)
		return;
	for (uint32_t i = 0; i < entry->processes; i++)
		dwunw_report_add_entry(adding->to, stack, 0, 0, entry->pids[i]);
	for (uint32_t i = 0; i < DWUNW_REPORT_VALUE_END; i++)
		adding->to->entries[to].values[i] +=
			adding->factor * entry->values[i];
	if (adding->factor > 0)
		add_details(adding, to, entry);
}

static void add_points(struct adding *adding)
{
	for (uint32_t i = 0; i < adding->from->point_count; i++) {
		uint32_t at = dwunw_report_add_point(
			adding->to, adding->from->points[i].time_ns);

		adding->points[i] = at;
		if (at != DWUNW_REPORT_NONE)
			adding->to->points[at] = adding->from->points[i];
	}
}

/* What is known of both; where nothing was known, what is of the other. */
static void add_meta(struct dwunw_report *to, const struct dwunw_report *from,
		     int factor)
{
	bool first = !to->meta.version;

	if (first) {
		to->meta = from->meta;
		to->meta.tool = dwunw_report_text(to, from->meta.tool);
		to->meta.version = dwunw_report_text(to, from->meta.version);
		to->meta.kernel = dwunw_report_text(to, from->meta.kernel);
		to->meta.event = dwunw_report_text(to, from->meta.event);
		to->meta.unit = dwunw_report_text(to, from->meta.unit);
	}
	if (to->meta.period != from->meta.period)
		to->meta.period = 0;
	to->meta.estimated |= from->meta.estimated;
	to->meta.difference |= factor < 0;
	to->meta.has = first ? from->meta.has : to->meta.has & from->meta.has;
	if (from->meta.end_ns > to->meta.end_ns)
		to->meta.end_ns = from->meta.end_ns;
	for (uint32_t i = 0; i < DWUNW_REPORT_APART_END; i++)
		for (uint32_t k = 0; k < DWUNW_REPORT_VALUE_END; k++)
			to->apart[i][k] += factor * from->apart[i][k];
	for (uint32_t i = 0; factor > 0 && i < DWUNW_REPORT_COUNT_END; i++)
		to->counts[i] += from->counts[i];
}

/* What a difference was at earlier points is not known; and two recordings have their
 * own times, so their sum at a point of one of them is not known either. */
static void drop_points(struct dwunw_report *report)
{
	report->point_count = 0;
	for (uint32_t i = 0; i < report->entry_count; i++)
		report->entries[i].then_count = 0;
}

static uint32_t longest(const struct dwunw_report *report)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < report->stack_count; i++)
		if (report->stacks[i].count > most)
			most = report->stacks[i].count;
	return most;
}

static void add_all(struct adding *adding)
{
	add_meta(adding->to, adding->from, adding->factor);
	add_files(adding);
	for (uint32_t i = 0; i < adding->from->frame_count; i++)
		add_frame(adding, i);
	if (adding->points)
		add_points(adding);
	else
		drop_points(adding->to);
	for (uint32_t i = 0; i < adding->from->entry_count; i++)
		add_entry(adding, &adding->from->entries[i]);
}

dwunw_status_t dwunw_report_add(struct dwunw_report *report,
				const struct dwunw_report *other, int factor)
{
	struct adding adding = { report, other, factor, NULL, NULL, NULL, NULL };
	bool first = !report->meta.version && factor > 0;

	adding.files = calloc(other->file_count + 1ul, sizeof(uint32_t));
	adding.frames = calloc(other->frame_count + 1ul, sizeof(uint32_t));
	if (first)
		adding.points =
			calloc(other->point_count + 1ul, sizeof(uint32_t));
	adding.list = calloc(longest(other) + 1ul, sizeof(uint32_t));
	if (adding.files && adding.frames && adding.list &&
	    (adding.points || !first))
		add_all(&adding);
	else
		report->failed = true;
	free(adding.files);
	free(adding.frames);
	free(adding.points);
	free(adding.list);
	report->failed |= other->failed;
	return report->failed ? DWUNW_ERR_NO_MEMORY : DWUNW_OK;
}
