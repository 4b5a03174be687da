/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* fill.c - a recording to the model of a report (dwunw/report.h). */
#include "report.h"

#include <stdlib.h>
#include <string.h>

/* Numbers of the recording, and indices of the model. */
struct filling {
	struct dwunw_report *report;
	const struct dwunw_recording *recording;
	struct report_names *names;
	bool by_process;
	uint32_t *files; /* by number; [0]: NONE */
	uint32_t *frames;
	uint32_t *stacks;
};

static const struct {
	uint16_t field;
	uint32_t value;
} values[] = {
	{ DWUNW_RECORDING_LIVE, DWUNW_REPORT_LIVE_BLOCKS },
	{ DWUNW_RECORDING_LIVE_BYTES, DWUNW_REPORT_LIVE_BYTES },
	{ DWUNW_RECORDING_ALLOCATIONS, DWUNW_REPORT_ALLOCATIONS },
	{ DWUNW_RECORDING_BYTES, DWUNW_REPORT_ALLOCATED_BYTES },
	{ DWUNW_RECORDING_FREES, DWUNW_REPORT_FREES },
	{ DWUNW_RECORDING_FREED_BYTES, DWUNW_REPORT_FREED_BYTES },
	{ DWUNW_RECORDING_TEMPORARY, DWUNW_REPORT_TEMPORARY },
	{ DWUNW_RECORDING_TEMPORARY_BYTES, DWUNW_REPORT_TEMPORARY_BYTES },
	{ DWUNW_RECORDING_EVENTS, DWUNW_REPORT_SAMPLES },
	{ DWUNW_RECORDING_EVENT_AMOUNT, DWUNW_REPORT_EVENT },
};
#define VALUES (sizeof(values) / sizeof(values[0]))

static const struct {
	uint16_t blocks;
	uint16_t bytes;
	uint32_t kind;
} histograms[] = {
	{ DWUNW_RECORDING_SIZES, DWUNW_RECORDING_SIZES_BYTES,
	  DWUNW_REPORT_SIZES },
	{ DWUNW_RECORDING_FREED_AGES, DWUNW_RECORDING_FREED_AGES_BYTES,
	  DWUNW_REPORT_FREED_AGES },
	{ DWUNW_RECORDING_LIVE_AGES, DWUNW_RECORDING_LIVE_AGES_BYTES,
	  DWUNW_REPORT_LIVE_AGES },
};
#define HISTOGRAMS (sizeof(histograms) / sizeof(histograms[0]))

/* To the nearest whole one. */
static int64_t in_units(const struct filling *filling, int64_t amount)
{
	int64_t unit = filling->recording->head.unit;

	if (unit == 1)
		return amount;
	return (amount + (amount < 0 ? -unit / 2 : unit / 2)) / unit;
}

/* --- what was followed ---------------------------------------------------------------- */

static void add_files(struct filling *filling)
{
	const struct dwunw_recording *recording = filling->recording;

	filling->files[0] = DWUNW_REPORT_NONE;
	for (uint32_t i = 0; i < recording->file_count; i++) {
		const struct dwunw_recording_file *file = &recording->files[i];
		struct dwunw_report_file own = {
			.identity = file->identity,
			.path = file->path,
			.build_id_size = file->build_id_size,
			.size = file->size,
		};

		memcpy(own.build_id, file->build_id, sizeof(own.build_id));
		filling->files[i + 1] =
			dwunw_report_add_file(filling->report, &own);
	}
}

static int32_t pid_of(const struct filling *filling, uint32_t process)
{
	return process ? filling->recording->processes[process - 1].pid : 0;
}

static void add_processes(struct filling *filling)
{
	const struct dwunw_recording *recording = filling->recording;

	for (uint32_t i = 0; i < recording->process_count; i++) {
		const struct dwunw_recording_process *process =
			&recording->processes[i];

		dwunw_report_add_process(filling->report,
					 &(struct dwunw_report_process){
						 .pid = process->pid,
						 .name = process->name,
						 .start_ns = process->start_ns,
					 });
	}
}

/* Each that a process has had: what was unmapped since may be in a stack. */
static void add_maps(struct filling *filling)
{
	const struct dwunw_recording *recording = filling->recording;

	for (uint32_t i = 0; i < recording->map_count; i++) {
		const struct dwunw_recording_maps *maps = &recording->maps[i];

		for (uint32_t k = 0; k < maps->count; k++) {
			const struct dwunw_recording_mapping *at = &maps->at[k];
			struct dwunw_report_mapping own = {
				.start = at->start,
				.end = at->end,
				.off = at->off,
				.bias = at->bias,
				.file = filling->files[at->file],
				.pid = pid_of(filling, maps->process),
			};

			if (at->file)
				dwunw_report_add_mapping(filling->report, &own);
		}
	}
}

/* --- stacks ----------------------------------------------------------------------------- */

static void add_frames(struct filling *filling)
{
	const struct dwunw_recording *recording = filling->recording;

	for (uint32_t i = 0; i < recording->frame_count; i++) {
		const struct dwunw_recording_frame *frame =
			&recording->frames[i];
		struct dwunw_frame own = { .pc = frame->pc,
					   .vaddr = frame->vaddr,
					   .how = frame->how,
					   .flags = frame->flags };
		struct dwunw_symbol_info info;
		bool named = report_names_of(filling->names, recording, frame,
					     &info);

		filling->frames[i + 1] = dwunw_report_add_frame(
			filling->report, &own, filling->files[frame->file],
			named ? &info : NULL);
	}
}

/* Of which process code without a file is; 0: all has one. */
static int32_t owner_of(const struct filling *filling,
			const struct dwunw_recording_stack *stack)
{
	for (uint32_t i = 0; i < stack->count; i++)
		if (!filling->recording->frames[stack->frames[i] - 1].file)
			return pid_of(filling, stack->process);
	return 0;
}

static uint32_t add_stack(struct filling *filling,
			  const struct dwunw_recording_stack *stack)
{
	uint32_t *frames = calloc(stack->count + 1u, sizeof(*frames));
	struct dwunw_report_stack like = {
		.owner = owner_of(filling, stack),
		.reason = stack->stop,
		.of_thread = stack->flags & DWUNW_RECORDING_STACK_FLAG_THREAD,
		.end = stack->end,
	};
	uint32_t index;

	for (uint32_t i = 0; frames && i < stack->count; i++)
		frames[i] = filling->frames[stack->frames[i]];
	index = frames ? dwunw_report_add_stack(filling->report, frames,
						stack->count, &like) :
			 DWUNW_REPORT_NONE;
	filling->report->failed |= !frames;
	free(frames);
	return index;
}

static void add_stacks(struct filling *filling)
{
	const struct dwunw_recording *recording = filling->recording;

	for (uint32_t i = 0; i < recording->stack_count; i++)
		filling->stacks[i + 1] =
			add_stack(filling, &recording->stacks[i]);
}

/* --- values ------------------------------------------------------------------------------ */

/* Where a stack's values go that are in no entry; APART_END: they are in one. */
static uint32_t apart_of(const struct filling *filling, uint32_t stack)
{
	const struct dwunw_recording_stack *at;

	if (!stack)
		return DWUNW_REPORT_UNKNOWN;
	at = &filling->recording->stacks[stack - 1];
	return at->flags & DWUNW_RECORDING_STACK_FLAG_UNKEPT ?
		       DWUNW_REPORT_UNKEPT :
		       DWUNW_REPORT_APART_END;
}

static bool is_own(const struct filling *filling, uint32_t stack)
{
	return stack && filling->recording->stacks[stack - 1].flags &
				DWUNW_RECORDING_STACK_FLAG_OWN;
}

static bool is_of_thread(const struct filling *filling, uint32_t stack)
{
	return stack && filling->recording->stacks[stack - 1].flags &
				DWUNW_RECORDING_STACK_FLAG_THREAD;
}

/* The sums of `count` totals. */
static int64_t sum_of(const struct filling *filling,
		      const struct dwunw_recording_entry *at, uint32_t count,
		      uint16_t field)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += dwunw_recording_amount(&at[i], field);
	return in_units(filling, sum);
}

static void add_apart(struct filling *filling, uint32_t apart,
		      const struct dwunw_recording_entry *at, uint32_t count)
{
	for (uint32_t i = 0; i < VALUES; i++)
		filling->report->apart[apart][values[i].value] +=
			sum_of(filling, at, count, values[i].field);
}

/* A value that is in that bucket. */
static uint64_t in_bucket(uint32_t bucket)
{
	return bucket ? (uint64_t)1 << (bucket - 1) : 0;
}

static void add_histograms(struct filling *filling, uint32_t entry,
			   const struct dwunw_recording_entry *at,
			   uint32_t count)
{
	for (uint32_t i = 0; i < HISTOGRAMS; i++)
		for (uint16_t k = 0; k < DWUNW_RECORDING_BUCKETS; k++) {
			int64_t blocks =
				sum_of(filling, at, count,
				       (uint16_t)(histograms[i].blocks + k));
			int64_t bytes =
				sum_of(filling, at, count,
				       (uint16_t)(histograms[i].bytes + k));

			if (blocks || bytes)
				dwunw_report_add_histogram(filling->report,
							   entry,
							   histograms[i].kind,
							   in_bucket(k), blocks,
							   bytes);
		}
}

static uint32_t entry_of(struct filling *filling,
			 const struct dwunw_recording_entry *at)
{
	uint32_t pid = (uint32_t)pid_of(filling, at->process);

	return dwunw_report_add_entry(filling->report,
				      filling->stacks[at->stack],
				      filling->by_process ? pid : 0, 0, pid);
}

/* A stack's totals, of one process or of all. */
static void add_totals(struct filling *filling,
		       const struct dwunw_recording_entry *at, uint32_t count)
{
	uint32_t apart = apart_of(filling, at->stack), entry;

	if (is_own(filling, at->stack))
		return;
	if (apart != DWUNW_REPORT_APART_END) {
		add_apart(filling, apart, at, count);
		return;
	}
	if (is_of_thread(filling, at->stack))
		add_apart(filling, DWUNW_REPORT_THREADS, at, count);
	entry = entry_of(filling, at);
	for (uint32_t i = 1; i < count; i++)
		entry_of(filling, &at[i]);
	for (uint32_t i = 0; i < VALUES; i++)
		dwunw_report_add_value(filling->report, entry, values[i].value,
				       sum_of(filling, at, count,
					      values[i].field));
	add_histograms(filling, entry, at, count);
}

static void add_all_totals(struct filling *filling)
{
	const struct dwunw_recording *recording = filling->recording;
	uint32_t from, to;

	for (from = 0; from < recording->total_count; from = to) {
		for (to = from + 1; to < recording->total_count &&
				    !filling->by_process &&
				    recording->totals[to].stack ==
					    recording->totals[from].stack;)
			to++;
		add_totals(filling, &recording->totals[from], to - from);
	}
}

/* --- over time ------------------------------------------------------------------------------ */

struct then {
	int64_t blocks;
	int64_t bytes;
};

/* Adds the changes of a step to `now` of each entry, and tells of those. */
static void add_step(struct filling *filling,
		     const struct dwunw_recording_step *step, uint32_t point,
		     struct then *now, int64_t *sums)
{
	for (uint32_t i = 0; i < step->count; i++) {
		const struct dwunw_recording_entry *at = &step->entries[i];
		bool in_entry = apart_of(filling, at->stack) ==
				DWUNW_REPORT_APART_END;
		uint32_t entry;

		if (is_own(filling, at->stack))
			continue;
		for (uint32_t k = 0;
		     k < VALUES && !is_of_thread(filling, at->stack); k++)
			sums[k] += dwunw_recording_amount(at, values[k].field);
		if (!in_entry)
			continue;
		entry = entry_of(filling, at);
		if (entry == DWUNW_REPORT_NONE)
			continue;
		now[entry].blocks +=
			dwunw_recording_amount(at, DWUNW_RECORDING_LIVE);
		now[entry].bytes +=
			dwunw_recording_amount(at, DWUNW_RECORDING_LIVE_BYTES);
		dwunw_report_add_then(filling->report, entry, point,
				      in_units(filling, now[entry].blocks),
				      in_units(filling, now[entry].bytes));
	}
}

static void add_steps(struct filling *filling)
{
	const struct dwunw_recording *recording = filling->recording;
	struct dwunw_report *report = filling->report;
	struct then *now = calloc(report->entry_count + 1u, sizeof(*now));
	int64_t sums[VALUES] = { 0 };

	report->failed |= !now;
	for (uint32_t i = 0; now && i < recording->step_count; i++) {
		const struct dwunw_recording_step *step = &recording->steps[i];
		uint32_t point = dwunw_report_add_point(report, step->time_ns);

		add_step(filling, step, point, now, sums);
		for (uint32_t k = 0; k < VALUES && point != DWUNW_REPORT_NONE;
		     k++)
			report->points[point].values[values[k].value] =
				in_units(filling, sums[k]);
	}
	free(now);
}

/* --- all of it -------------------------------------------------------------------------------- */

/* When what is reported was counted. */
static uint64_t last_ns(const struct dwunw_recording *recording)
{
	return recording->step_count ?
		       recording->steps[recording->step_count - 1].time_ns :
		       recording->end_ns;
}

/* Which values it has, and of what. */
static void add_event(struct filling *filling)
{
	const struct dwunw_recording_head *head = &filling->recording->head;
	struct dwunw_report_meta *meta = &filling->report->meta;

	if (head->event == DWUNW_RECORDING_ALLOC) {
		for (uint32_t i = 0; i < VALUES; i++)
			meta->has |= 1u << values[i].value;
		meta->has &= ~(1u << DWUNW_REPORT_SAMPLES |
			       1u << DWUNW_REPORT_EVENT);
		return;
	}
	meta->has = 1u << DWUNW_REPORT_SAMPLES;
	meta->event = dwunw_report_text(filling->report, head->event_text);
	meta->period = (uint32_t)head->event_period;
	if (!*head->event_unit)
		return;
	meta->has |= 1u << DWUNW_REPORT_EVENT;
	meta->unit = dwunw_report_text(filling->report, head->event_unit);
}

static void add_meta(struct filling *filling)
{
	const struct dwunw_recording_head *head = &filling->recording->head;
	struct dwunw_report *report = filling->report;
	struct dwunw_report_meta *meta = &report->meta;

	meta->arch = head->arch;
	meta->estimated = head->flags & DWUNW_RECORDING_FLAG_ESTIMATED;
	meta->last = true;
	add_event(filling);
	meta->processes = (uint32_t)filling->recording
				  ->counters[DWUNW_RECORDING_COUNT_PROCESSES];
	meta->threads = (uint32_t)filling->recording
				->counters[DWUNW_RECORDING_COUNT_THREADS];
	meta->tool = dwunw_report_text(report, "dwunw report");
	meta->version = dwunw_report_text(report, head->tool);
	meta->kernel = dwunw_report_text(report, head->kernel);
	meta->start_realtime_ns = head->real_ns;
	meta->start_ns = head->start_ns;
	meta->end_ns = last_ns(filling->recording);
}

static uint32_t kept_stacks(const struct dwunw_recording *recording)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < recording->stack_count; i++)
		count += !(recording->stacks[i].flags &
			   DWUNW_RECORDING_STACK_FLAG_UNKEPT);
	return count;
}

static void add_counts(struct filling *filling)
{
	static const struct {
		uint32_t counter;
		uint32_t count;
	} counts[] = {
		{ DWUNW_RECORDING_COUNT_ALLOCATIONS,
		  DWUNW_REPORT_COUNT_ALLOCATIONS },
		{ DWUNW_RECORDING_COUNT_STACKS, DWUNW_REPORT_COUNT_STACKS },
		{ DWUNW_RECORDING_COUNT_COUNTED, DWUNW_REPORT_COUNT_COUNTED },
		{ DWUNW_RECORDING_COUNT_OVER_BUDGET,
		  DWUNW_REPORT_COUNT_OVER_BUDGET },
		{ DWUNW_RECORDING_COUNT_NO_SLOT, DWUNW_REPORT_COUNT_NO_SLOT },
		{ DWUNW_RECORDING_COUNT_NO_ROOM, DWUNW_REPORT_COUNT_NO_ROOM },
		{ DWUNW_RECORDING_COUNT_LIVE_FULL,
		  DWUNW_REPORT_COUNT_LIVE_FULL },
		{ DWUNW_RECORDING_COUNT_CALLS_FULL,
		  DWUNW_REPORT_COUNT_CALLS_FULL },
		{ DWUNW_RECORDING_COUNT_LATE_PROGRAMS,
		  DWUNW_REPORT_COUNT_LATE_PROGRAMS },
		{ DWUNW_RECORDING_COUNT_LATE_NS, DWUNW_REPORT_COUNT_LATE_NS },
		{ DWUNW_RECORDING_COUNT_SHORTAGES,
		  DWUNW_REPORT_COUNT_SHORTAGES },
		{ DWUNW_RECORDING_COUNT_SHORT, DWUNW_REPORT_COUNT_SHORT },
	};
	const uint64_t *from = filling->recording->counters;
	uint64_t *to = filling->report->counts;

	for (uint32_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		to[counts[i].count] += from[counts[i].counter];
	to[DWUNW_REPORT_COUNT_WHOLE] += from[DWUNW_RECORDING_COUNT_WHOLE] +
					from[DWUNW_RECORDING_COUNT_TO_MAIN];
	to[DWUNW_REPORT_COUNT_DIFFERENT] += kept_stacks(filling->recording);
	to[DWUNW_REPORT_COUNT_DAMAGED] += filling->recording->end ==
					  DWUNW_RECORDING_DAMAGED;
}

static void fill(struct filling *filling)
{
	add_files(filling);
	add_processes(filling);
	add_maps(filling);
	add_frames(filling);
	add_stacks(filling);
	add_meta(filling);
	add_counts(filling);
	add_all_totals(filling);
	add_steps(filling);
}

bool report_fill(struct dwunw_report *report,
		 const struct dwunw_recording *recording,
		 struct report_names *names, bool by_process)
{
	struct filling filling = {
		.report = report,
		.recording = recording,
		.names = names,
		.by_process = by_process,
		.files = calloc(recording->file_count + 1u, sizeof(uint32_t)),
		.frames = calloc(recording->frame_count + 1u, sizeof(uint32_t)),
		.stacks = calloc(recording->stack_count + 1u, sizeof(uint32_t)),
	};
	bool good = filling.files && filling.frames && filling.stacks;

	if (good)
		fill(&filling);
	free(filling.files);
	free(filling.frames);
	free(filling.stacks);
	return good && !report->failed;
}
