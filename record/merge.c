/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * merge.c - the steps of a recording made fewer: the changes of two neighbours add
 * up to those of one, so sums stay what they are, and the past is told in longer
 * steps.
 */
#include "record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where the steps of the new file end: at(s) of the old ones, exclusive. */
struct plan {
	uint32_t *ends;
	uint32_t count;
};

/* Those of one stack and process; amounts that come out as 0 go. */
static int add_entry(struct dwunw_recording_entry *sum,
		     const struct dwunw_recording_entry *const *all,
		     size_t count)
{
	struct dwu_rec_sums sums;
	struct dwunw_recording_value *values;

	memset(sums.there, 0, sizeof(sums.there));
	for (size_t i = 0; i < count; i++)
		dwu_rec_sums_add(&sums, all[i]);
	/* an entry of no values has memory, too */
	values = malloc((dwu_rec_sums_take(&sums, NULL) + 1) * sizeof(*values));
	if (!values)
		return -ENOMEM;
	*sum = (struct dwunw_recording_entry){ .process = all[0]->process,
					       .stack = all[0]->stack,
					       .values = values,
					       .count = dwu_rec_sums_take(
						       &sums, values) };
	return 0;
}

static int add_entries(struct dwunw_recording_step *sum,
		       struct dwunw_recording_entry *entries,
		       const struct dwunw_recording_entry **all, size_t count)
{
	size_t from, to;
	int error = 0;

	if (count)
		qsort(all, count, sizeof(*all), dwu_rec_by_stack);
	for (from = 0; !error && from < count; from = to) {
		for (to = from + 1;
		     to < count && !dwu_rec_by_stack(&all[from], &all[to]);)
			to++;
		error = add_entry(&entries[sum->count], &all[from], to - from);
		sum->count += !error;
	}
	return error;
}

/* The steps [from, to) as one. */
static int add_steps(const struct dwunw_recording *recording, uint32_t from,
		     uint32_t to, struct dwunw_recording_step *sum)
{
	const struct dwunw_recording_entry **all;
	struct dwunw_recording_entry *entries;
	size_t count = 0;
	int error;

	*sum = (struct dwunw_recording_step){
		.time_ns = recording->steps[to - 1].time_ns
	};
	for (uint32_t i = from; i < to; i++) {
		sum->merged += recording->steps[i].merged;
		count += recording->steps[i].count;
	}
	all = calloc(count + 1, sizeof(*all));
	entries = calloc(count + 1, sizeof(*entries));
	sum->entries = entries;
	if (!all || !entries) {
		free(all);
		return -ENOMEM;
	}
	count = 0;
	for (uint32_t i = from; i < to; i++)
		for (uint32_t k = 0; k < recording->steps[i].count; k++)
			all[count++] = &recording->steps[i].entries[k];
	error = add_entries(sum, entries, all, count);
	free(all);
	return error;
}

void dwu_rec_step_free(struct dwunw_recording_step *step)
{
	for (uint32_t i = 0; step->entries && i < step->count; i++)
		free((void *)(uintptr_t)step->entries[i].values);
	free((void *)(uintptr_t)step->entries);
	*step = (struct dwunw_recording_step){ 0 };
}

/* --- the file ----------------------------------------------------------------------- */

static void put_tables(const struct dwunw_recording *recording,
		       struct dwu_rec_chunks *chunks)
{
	uint64_t told = 0;

	if (!chunks->event)
		dwu_rec_put_file_head(&chunks->out, &recording->head,
				      chunks->events);
	dwu_rec_put_head(&chunks->content, &recording->head);
	dwu_rec_end_chunk(chunks, DWU_REC_HEAD);
	dwu_rec_put_processes(chunks, recording->processes, 0,
			      recording->process_count);
	dwu_rec_put_files(chunks, recording->files, 0, recording->file_count);
	dwu_rec_put_frames(chunks, recording->frames, 0,
			   recording->frame_count);
	dwu_rec_put_stacks(chunks, recording->stacks, 0,
			   recording->stack_count);
	dwu_rec_put_counts(chunks, recording->counters, &told);
}

/* The mappings of each process as they were last. */
static void put_last_maps(const struct dwunw_recording *recording,
			  struct dwu_rec_chunks *chunks)
{
	for (uint32_t i = 0; i < recording->map_count; i++) {
		uint32_t later = i + 1;

		while (later < recording->map_count &&
		       recording->maps[later].process !=
			       recording->maps[i].process)
			later++;
		if (later < recording->map_count)
			continue;
		dwu_rec_put_maps(&chunks->content, &recording->maps[i]);
		dwu_rec_end_chunk(chunks, DWU_REC_MAPS);
	}
}

static int put_steps(const struct dwunw_recording *recording,
		     const struct plan *plan, struct dwu_rec_chunks *chunks)
{
	uint32_t from = 0;
	int error = 0;

	for (uint32_t i = 0; !error && i < plan->count; i++) {
		struct dwunw_recording_step sum;

		error = add_steps(recording, from, plan->ends[i], &sum);
		if (!error)
			dwu_rec_put_step(chunks, &sum);
		dwu_rec_step_free(&sum);
		from = plan->ends[i];
	}
	return error;
}

static int put_all(const struct dwunw_recording *recording,
		   const struct plan *plan, struct dwu_rec_chunks *chunks)
{
	int error;

	chunks->out.size = 0;
	chunks->number = chunks->first;
	put_tables(recording, chunks);
	put_last_maps(recording, chunks);
	error = put_steps(recording, plan, chunks);
	return chunks->out.failed ? -ENOMEM : error;
}

/* --- which steps ---------------------------------------------------------------------- */

/* Pairs of the older half, at least one. */
static void shorten(struct plan *plan)
{
	uint32_t half = (plan->count + 1) / 2, used = 0;

	if (half < 2)
		half = 2;
	for (uint32_t i = 0; i < plan->count; i++) {
		if (i + 1 < plan->count && i < half && i % 2 == 0)
			continue;
		plan->ends[used++] = plan->ends[i];
	}
	plan->count = used;
}

int dwu_rec_merge(const struct dwunw_recording *recording, uint64_t wanted,
		  uint64_t before_ns, struct dwu_rec_chunks *chunks)
{
	struct plan plan = { 0 };
	int error;

	plan.ends = calloc(recording->step_count + 1u, sizeof(*plan.ends));
	if (!plan.ends)
		return -ENOMEM;
	for (uint32_t i = 0; i < recording->step_count; i++)
		if (recording->steps[i].time_ns >= before_ns ||
		    i + 1 == recording->step_count ||
		    recording->steps[i + 1].time_ns >= before_ns)
			plan.ends[plan.count++] = i + 1;
	error = put_all(recording, &plan, chunks);
	while (!error && wanted && chunks->out.size > wanted &&
	       plan.count > 1) {
		shorten(&plan);
		error = put_all(recording, &plan, chunks);
	}
	free(plan.ends);
	return error;
}
