/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * heap/report.c - live blocks, or events, to a report.
 */
#include "recorder.h"

#include <dwunw/report.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

/* So many points in time are kept, and then every second one. */
#define POINTS_MAX 512u

/* A stack that is in the report. */
struct known_stack {
	const struct dwunw_stack *stack; /* NULL: this slot is free */
	uint32_t index;
};

struct filling {
	struct dwunw_heap *heap;
	const struct dwunw_heap_view *view;
	struct dwunw_report *report;
	struct known_stack *known; /* hashed, of 2^n slots, half of them free */
	uint32_t size;
	bool blocks;
	/* what was rounded off, for the next block: sums stay right */
	double rest_blocks;
	double rest_bytes;
};

/* --- stacks ---------------------------------------------------------------- */

static uint32_t add_file(const struct dwunw_context *ctx, uint32_t serial,
			 struct dwunw_report *report)
{
	struct dwunw_report_file file = {
		.identity = dwunw_module_identity(ctx, serial),
		.path = dwunw_module_label(ctx, serial),
		.size = dwunw_module_size(ctx, serial),
	};

	file.build_id_size =
		(uint32_t)dwunw_module_build_id(ctx, serial, file.build_id);
	return dwunw_report_add_file(report, &file);
}

static uint32_t add_frame(const struct dwunw_named_frame *named,
			  const struct dwunw_context *ctx,
			  struct dwunw_report *report)
{
	struct dwunw_symbol_info info = {
		.function = named->function,
		.file = named->file,
		.line = named->line,
		.offset = named->offset,
		.inlined = named->inlined,
	};
	uint32_t file = named->frame.module ?
				add_file(ctx, named->frame.module, report) :
				DWUNW_REPORT_NONE;

	return dwunw_report_add_frame(report, &named->frame, file,
				      named->function || named->file ? &info :
								       NULL);
}

uint32_t dwunw_stack_report(const struct dwunw_stack *stack,
			    const struct dwunw_context *ctx,
			    struct dwunw_report *report)
{
	struct dwunw_report_stack like = {
		.owner = stack->owner,
		.reason = stack->stop.reason,
		.of_thread = stack->of_thread,
		.end = stack->stop_text,
		.fp = stack->fp,
		.fp_count = stack->fp_count,
	};
	uint32_t *frames = malloc((stack->count + 1ul) * sizeof(*frames));
	uint32_t index;

	if (!frames) {
		report->failed = true;
		return DWUNW_REPORT_NONE;
	}
	for (uint32_t i = 0; i < stack->count; i++)
		frames[i] = add_frame(&stack->frames[i], ctx, report);
	index = dwunw_report_add_stack(report, frames, stack->count, &like);
	free(frames);
	return index;
}

/* --- blocks ------------------------------------------------------------------ */

static uint32_t find_stack(struct filling *filling,
			   const struct dwunw_stack *stack)
{
	uint64_t at = (uint64_t)(uintptr_t)stack * 0x9e3779b97f4a7c15u >> 32;
	struct known_stack *known;

	for (;; at++) {
		known = &filling->known[at & (filling->size - 1)];
		if (known->stack == stack)
			return known->index;
		if (!known->stack)
			break;
	}
	known->stack = stack;
	known->index = dwunw_stack_report(stack, &filling->heap->dwunw,
					  filling->report);
	return known->index;
}

static uint32_t find_entry(struct filling *filling,
			   const struct dwunw_total *part)
{
	return dwunw_report_add_entry(filling->report,
				      find_stack(filling, part->stack),
				      part->apart, part->tid, part->pid);
}

/* A whole number; what is left counts with the next one. */
static int64_t whole(double amount, double *rest)
{
	double sum = amount + *rest, number = floor(sum);

	*rest = sum - number;
	return (int64_t)number;
}

static void add_block(void *ctx, const struct dwunw_total *part,
		      const struct dwunw_live_block *block)
{
	struct filling *filling = ctx;
	struct dwunw_report *report = filling->report;
	uint32_t entry = find_entry(filling, part);
	int64_t blocks = whole(part->blocks, &filling->rest_blocks);
	int64_t bytes = whole(part->bytes, &filling->rest_bytes);

	dwunw_report_add_histogram(report, entry, DWUNW_REPORT_SIZES,
				   block->size, blocks, bytes);
	dwunw_report_add_histogram(report, entry, DWUNW_REPORT_LIVE_AGES,
				   block->age_ns, blocks, bytes);
	if (filling->blocks)
		dwunw_report_add_block(report, entry, block->addr, block->size);
}

/* --- sums ---------------------------------------------------------------------- */

static void add_totals(struct filling *filling,
		       const struct dwunw_totals *totals)
{
	struct dwunw_report *report = filling->report;

	for (uint32_t i = 0; i < totals->count; i++) {
		const struct dwunw_total *total = &totals->at[i];
		uint32_t entry = find_entry(filling, total);

		for (uint32_t k = 0; k < total->processes; k++)
			dwunw_report_add_entry(
				report, find_stack(filling, total->stack),
				total->apart, total->tid, total->pids[k]);
		dwunw_report_add_value(report, entry, DWUNW_REPORT_LIVE_BLOCKS,
				       llrint(total->blocks));
		dwunw_report_add_value(report, entry, DWUNW_REPORT_LIVE_BYTES,
				       llrint(total->bytes));
		if (total->tid)
			dwunw_report_name_thread(
				report, entry,
				dwunw_heap_thread(filling->heap, total->tid));
	}
}

static void set_apart(struct dwunw_report *report, uint32_t kind, double blocks,
		      double bytes)
{
	report->apart[kind][DWUNW_REPORT_LIVE_BLOCKS] = llrint(blocks);
	report->apart[kind][DWUNW_REPORT_LIVE_BYTES] = llrint(bytes);
}

static void add_counts(struct dwunw_report *report,
		       const struct dwunw_heap_counts *counts)
{
	int error = 0;

	report->meta.threads = counts->threads;
	report->counts[DWUNW_REPORT_COUNT_ALLOCATIONS] = counts->allocations;
	report->counts[DWUNW_REPORT_COUNT_STACKS] = counts->stacks;
	report->counts[DWUNW_REPORT_COUNT_COUNTED] = counts->counted;
	report->counts[DWUNW_REPORT_COUNT_OVER_BUDGET] = counts->over_budget;
	report->counts[DWUNW_REPORT_COUNT_NO_SLOT] = counts->no_slot;
	report->counts[DWUNW_REPORT_COUNT_NO_ROOM] = counts->no_room;
	report->counts[DWUNW_REPORT_COUNT_LIVE_FULL] = counts->live_full;
	report->counts[DWUNW_REPORT_COUNT_CALLS_FULL] = counts->calls_full;
	report->counts[DWUNW_REPORT_COUNT_LATE_PROGRAMS] =
		counts->late_programs;
	report->counts[DWUNW_REPORT_COUNT_LATE_NS] = counts->late_ns;
	report->counts[DWUNW_REPORT_COUNT_SHORTAGES] = dwunw_shortages(&error);
	report->counts[DWUNW_REPORT_COUNT_SHORTAGE_ERRNO] = (uint64_t)error;
	report->counts[DWUNW_REPORT_COUNT_DIFFERENT] = counts->different;
	report->counts[DWUNW_REPORT_COUNT_WHOLE] =
		counts->whole + counts->to_main;
	report->counts[DWUNW_REPORT_COUNT_SHORT] = counts->short_ones;
}

/* --- what was followed ------------------------------------------------------------ */

static void add_mappings(struct filling *filling, const struct target *target)
{
	const struct dwunw_space *space =
		target->process ? dwunw_process_space(target->process) : NULL;

	for (uint32_t i = 0; space && i < space->count; i++) {
		const struct dwunw_mapping *mapping = &space->mappings[i];
		struct dwunw_report_mapping own = {
			.start = mapping->start,
			.end = mapping->end,
			.off = mapping->off,
			.bias = mapping->bias,
			.pid = target->pid,
		};

		if (!mapping->serial)
			continue; /* nobody has asked about its code */
		own.file = add_file(&filling->heap->dwunw, mapping->serial,
				    filling->report);
		dwunw_report_add_mapping(filling->report, &own);
	}
}

static void add_targets(struct filling *filling)
{
	for (const struct target *target = filling->heap->targets; target;
	     target = target->next) {
		struct dwunw_report_process process = {
			.pid = target->pid,
			.name = target->comm,
			.threads = dwunw_proc_threads(target->pid),
		};

		dwunw_report_add_process(filling->report, &process);
		add_mappings(filling, target);
	}
}

/* CLOCK_REALTIME of a CLOCK_MONOTONIC. */
static uint64_t realtime_of(uint64_t monotonic)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec -
	       (dwunw_heap_now() - monotonic);
}

static void add_event(struct filling *filling)
{
	const struct dwunw_heap_event *event = &filling->heap->counted;
	const char *unit = dwunw_heap_event_unit(event);
	struct dwunw_report_meta *meta = &filling->report->meta;

	meta->has = 1u << DWUNW_REPORT_SAMPLES;
	meta->event = dwunw_report_text(filling->report, event->text);
	meta->period = (uint32_t)dwunw_heap_event_period(event);
	if (!unit)
		return;
	meta->has |= 1u << DWUNW_REPORT_EVENT;
	meta->unit = dwunw_report_text(filling->report, unit);
}

static void add_meta(struct filling *filling)
{
	const struct dwunw_heap_config *config = &filling->heap->config;
	struct dwunw_report_meta *meta = &filling->report->meta;
	struct utsname name;

	if (!meta->version) {
		if (!meta->start_ns)
			meta->start_ns = filling->heap->summed_ns;
		meta->start_realtime_ns = realtime_of(meta->start_ns);
		if (!meta->tool)
			meta->tool = dwunw_report_text(filling->report,
						       config->tool);
		meta->version =
			dwunw_report_text(filling->report, dwunw_version());
		meta->kernel = dwunw_report_text(
			filling->report, uname(&name) ? "" : name.release);
	}
	if (filling->heap->counted.kind) {
		add_event(filling);
	} else {
		meta->has = 1u << DWUNW_REPORT_LIVE_BLOCKS |
			    1u << DWUNW_REPORT_LIVE_BYTES;
		meta->period = config->sample_bytes;
	}
	meta->estimated = config->sample_bytes || config->sample_every > 1;
	meta->end_ns = filling->heap->summed_ns;
}

static void add_point(struct dwunw_report *report)
{
	uint32_t point;

	if (report->point_count >= POINTS_MAX)
		dwunw_report_thin(report);
	point = dwunw_report_add_point(report, report->meta.end_ns);
	if (point == DWUNW_REPORT_NONE)
		return;
	for (uint32_t i = 0; i < DWUNW_REPORT_VALUE_END; i++)
		report->points[point].values[i] = dwunw_report_total(report, i);
	for (uint32_t i = 0; i < report->entry_count; i++) {
		const int64_t *values = report->entries[i].values;

		dwunw_report_add_then(report, i, point,
				      values[DWUNW_REPORT_LIVE_BLOCKS],
				      values[DWUNW_REPORT_LIVE_BYTES]);
	}
}

static void fill(struct filling *filling, const struct dwunw_totals *totals)
{
	struct dwunw_report *report = filling->report;

	add_totals(filling, totals);
	set_apart(report, DWUNW_REPORT_UNKNOWN, totals->unknown_blocks,
		  totals->unknown_bytes);
	set_apart(report, DWUNW_REPORT_UNKEPT, totals->unkept_blocks,
		  totals->unkept_bytes);
	set_apart(report, DWUNW_REPORT_THREADS, totals->thread_blocks,
		  totals->thread_bytes);
}

/* --- events by stack -------------------------------------------------------------- */

static void add_events(void *ctx, const struct dwunw_heap_event_sum *sum)
{
	struct filling *filling = ctx;
	const struct dwunw_heap_view *view = filling->view;
	struct dwunw_report *report = filling->report;
	int64_t *apart = NULL;
	uint32_t entry;

	if (!sum->stack)
		apart = report->apart[DWUNW_REPORT_UNKNOWN];
	else if (sum->stack->unkept)
		apart = report->apart[DWUNW_REPORT_UNKEPT];
	if (apart) {
		apart[DWUNW_REPORT_SAMPLES] += (int64_t)sum->events;
		apart[DWUNW_REPORT_EVENT] += (int64_t)sum->amount;
		return;
	}
	if (!sum->events ||
	    (view->is_wanted && !view->is_wanted(view->ctx, sum->stack)))
		return;
	entry = dwunw_report_add_entry(report, find_stack(filling, sum->stack),
				       view->by_process ? sum->pid : 0, 0,
				       sum->pid);
	dwunw_report_add_value(report, entry, DWUNW_REPORT_SAMPLES,
			       (int64_t)sum->events);
	dwunw_report_add_value(report, entry, DWUNW_REPORT_EVENT,
			       (int64_t)sum->amount);
}

/* --- all of it ------------------------------------------------------------------- */

static void finish(struct filling *filling)
{
	struct dwunw_report *report = filling->report;
	struct dwunw_heap_counts counts;

	dwunw_heap_count(filling->heap, &counts);
	add_counts(report, &counts);
	add_meta(filling);
	add_point(report);
	dwunw_report_sort(report, report->meta.has & 1u << DWUNW_REPORT_EVENT ?
					  DWUNW_REPORT_EVENT :
				  filling->heap->counted.kind ?
					  DWUNW_REPORT_SAMPLES :
					  DWUNW_REPORT_LIVE_BYTES);
}

/* Live blocks, or events. 0 or -ENOMEM. */
static int fill_all(struct filling *filling)
{
	struct dwunw_heap_view view = *filling->view;
	struct dwunw_totals totals = { 0 };
	int error;

	if (filling->heap->counted.kind) {
		filling->heap->summed_ns = dwunw_heap_now();
		dwunw_heap_visit_events(filling->heap, add_events, filling);
		return 0;
	}
	view.threads = true;
	view.each = add_block;
	view.each_ctx = filling;
	error = dwunw_heap_sum(filling->heap, &view, &totals);
	if (!error)
		fill(filling, &totals);
	dwunw_totals_free(&totals);
	return error;
}

int dwunw_heap_report(struct dwunw_heap *heap,
		      const struct dwunw_heap_view *view, bool blocks,
		      struct dwunw_report *report)
{
	struct filling filling = { .heap = heap,
				   .view = view,
				   .report = report,
				   .size = 256,
				   .blocks = blocks };
	int error = -ENOMEM;

	while (filling.size < 2 * heap->stacks.count + 2)
		filling.size *= 2;
	filling.known = calloc(filling.size, sizeof(*filling.known));
	if (filling.known) {
		dwunw_report_clear(report);
		add_targets(&filling);
		error = fill_all(&filling);
	}
	if (!error)
		finish(&filling);
	free(filling.known);
	return error ? error : report->failed ? -ENOMEM : 0;
}
