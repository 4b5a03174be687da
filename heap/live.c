/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * live.c - the map of live blocks to totals; what was counted meanwhile.
 */
#include "recorder.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define KEYS_MIN 65536u /* 2 MiB of them */

/* --- blocks to totals ------------------------------------------------------ */

struct visit {
	struct dwunw_heap *heap;
	const struct dwunw_heap_view *view;
	uint64_t now;
	struct dwunw_totals *totals;
};

double dwu_weight_of(const struct dwunw_heap_config *config, uint64_t size)
{
	if (!config->sample_bytes)
		return config->sample_every;
	return size ? 1 / -expm1(-(double)size / config->sample_bytes) : 0;
}

/* Blocks of a program before its exec are none any more. */
static void sum_block(void *ctx, const struct block_id *id,
		      const struct live_block *block)
{
	struct visit *visit = ctx;
	struct dwunw_heap *heap = visit->heap;
	const struct dwunw_heap_view *view = visit->view;
	const struct target *target = dwu_target_see(heap, (int32_t)block->pid);
	struct dwunw_stack_key *key =
		dwunw_stacks_find_key(&heap->stacks, block->key);
	double weight = dwu_weight_of(&heap->config, block->size);
	struct dwunw_total part = {
		.stack = key ? key->stack : NULL,
		.bytes = weight * (double)block->size,
		.blocks = weight,
		.pid = block->pid,
		.apart = view->by_process ? block->pid : 0,
		.tid = view->by_thread ? block->tid : 0,
	};

	if (!target || block->time_ns < target->exec_time_ns) {
		dwu_source_remove(heap, id);
		return;
	}
	if (key)
		key->live = true;
	if (visit->now - block->time_ns < view->min_age_ns)
		return;
	if (key && !key->stack->unkept && view->is_wanted &&
	    !view->is_wanted(view->ctx, key->stack))
		return;
	if (block->time_ns <= heap->lost.doubt_ns) {
		visit->totals->doubtful_bytes += part.bytes;
		visit->totals->doubtful_blocks += part.blocks;
		return;
	}
	dwunw_totals_add(visit->totals, &part, view->threads);
	if (view->each && key && !key->stack->unkept && !key->stack->of_free)
		view->each(view->each_ctx, &part,
			   &(struct dwunw_live_block){
				   id->addr, block->size,
				   visit->now - block->time_ns });
}

int dwunw_heap_sum(struct dwunw_heap *heap, const struct dwunw_heap_view *view,
		   struct dwunw_totals *totals)
{
	struct visit visit = { .heap = heap,
			       .view = view,
			       .now = dwunw_heap_now(),
			       .totals = totals };

	*totals = (struct dwunw_totals){ .size = 256 };
	totals->at = calloc(totals->size, sizeof(*totals->at));
	if (!totals->at)
		return -ENOMEM;
	heap->summed_ns = visit.now;
	dwu_source_live(heap, &visit, sum_block);
	dwunw_totals_sort(totals);
	return 0;
}

/* --- one by one, for who counts by itself ------------------------------------- */

struct tell {
	struct dwunw_heap *heap;
	void (*tell)(void *ctx, const struct dwunw_heap_block *block);
	void *ctx;
};

static void tell_block(void *ctx, const struct block_id *id,
		       const struct live_block *block)
{
	const struct tell *tell = ctx;
	struct dwunw_heap *heap = tell->heap;
	const struct target *target =
		dwu_target_find(heap, (int32_t)block->pid);
	const struct dwunw_stack_key *key =
		dwunw_stacks_find_key(&heap->stacks, block->key);

	if (!target || block->time_ns < target->exec_time_ns)
		return;
	tell->tell(tell->ctx,
		   &(struct dwunw_heap_block){
			   .stack = key ? key->stack : NULL,
			   .addr = id->addr,
			   .size = block->size,
			   .time_ns = block->time_ns,
			   .weight = dwu_weight_of(&heap->config, block->size),
			   .pid = block->pid,
			   .tid = block->tid,
		   });
}

void dwunw_heap_visit(struct dwunw_heap *heap,
		      void (*visit)(void *ctx,
				    const struct dwunw_heap_block *block),
		      void *ctx)
{
	struct tell tell = { .heap = heap, .tell = visit, .ctx = ctx };

	dwu_source_live(heap, &tell, tell_block);
}

uint64_t dwunw_heap_summed_ns(const struct dwunw_heap *heap)
{
	return heap->summed_ns;
}

/* --- what is not live any more ----------------------------------------------- */

/* Those of a process that has ended: they have been in a report. */
static void drop_ended(void *ctx, const struct block_id *id,
		       const struct live_block *block)
{
	const struct dwunw_heap *heap = ctx;
	const struct target *target =
		dwu_target_find(heap, (int32_t)block->pid);

	if (target && target->exited)
		dwu_source_remove(heap, id);
}

static void mark_key(void *ctx, const struct block_id *id,
		     const struct live_block *block)
{
	const struct dwunw_heap *heap = ctx;
	struct dwunw_stack_key *key =
		dwunw_stacks_find_key(&heap->stacks, block->key);

	(void)id;
	if (key)
		key->live = true;
}

/* Keys of blocks that are not live go. An event may be here before its block
 * is in the map. */
static void sweep_keys(struct dwunw_heap *heap, uint64_t now)
{
	dwunw_stacks_sweep_keys(&heap->stacks, now - SECOND);
	heap->keys_kept = heap->stacks.key_count;
}

void dwu_forget_keys(struct dwunw_heap *heap)
{
	uint64_t now = dwunw_heap_now();

	if (heap->stacks.key_count < 2 * heap->keys_kept + KEYS_MIN)
		return;
	dwu_source_live(heap, heap, mark_key);
	sweep_keys(heap, now);
}

void dwunw_heap_forget(struct dwunw_heap *heap)
{
	if (dwu_targets_ended(heap))
		dwu_source_live(heap, heap, drop_ended);
	dwu_targets_forget(heap);
	sweep_keys(heap, heap->summed_ns);
}

/* --- what was counted -------------------------------------------------------- */

static void count_events(const struct dwunw_heap *heap,
			 struct dwunw_heap_counts *c)
{
	c->calls = dwu_map_counter(heap, DWUNW_COUNT_CALLS);
	c->events = dwu_map_counter(heap, DWUNW_COUNT_EVENTS);
	c->drop_slot = dwu_map_counter(heap, DWUNW_COUNT_DROP_SLOT);
	c->drop_buffer = dwu_map_counter(heap, DWUNW_COUNT_DROP_BUFFER);
}

/* Of one moment, if there is one within a while. */
static void count_losses(const struct dwunw_heap *heap,
			 struct dwunw_heap_counts *c)
{
	for (int tries = 0; tries < 100; tries++) {
		c->allocations =
			dwu_map_counter(heap, DWUNW_HEAP_COUNT_ALLOCATIONS);
		c->stacks = dwu_map_counter(heap, DWUNW_HEAP_COUNT_STACKS);
		c->over_budget =
			dwu_map_counter(heap, DWUNW_HEAP_COUNT_OVER_BUDGET);
		c->no_slot = dwu_map_counter(heap, DWUNW_HEAP_COUNT_NO_SLOT);
		c->no_room = dwu_map_counter(heap, DWUNW_HEAP_COUNT_NO_ROOM);
		count_events(heap, c);
		if (c->allocations == c->stacks + c->over_budget + c->no_slot +
					      c->no_room &&
		    c->calls == c->events + c->drop_slot + c->drop_buffer)
			break;
	}
	c->live_full = dwu_map_counter(heap, DWUNW_HEAP_COUNT_LIVE_FULL);
	c->calls_full = dwu_map_counter(heap, DWUNW_HEAP_COUNT_CALLS_FULL);
	c->ignored = dwu_map_counter(heap, DWUNW_HEAP_COUNT_IGNORED);
}

static void count_length(struct dwunw_heap_counts *c,
			 const struct dwunw_stack *stack, uint64_t count)
{
	if (dwunw_stop_is_complete(stack->stop.reason))
		c->whole += count;
	else if (dwunw_stack_reaches_main(stack))
		c->to_main += count;
	else
		c->short_ones += count;
}

struct lengths {
	const struct dwunw_heap *heap;
	struct dwunw_heap_counts *counts;
};

static void count_walked(void *ctx, uint64_t key,
			 const struct dwunw_walk_stack *walked)
{
	const struct lengths *lengths = ctx;
	const struct dwunw_stack_key *known =
		dwunw_stacks_find_key(&lengths->heap->stacks, key);

	if (known)
		count_length(lengths->counts, known->stack, walked->count);
}

static void count_lengths(const struct dwunw_heap *heap,
			  struct dwunw_heap_counts *c)
{
	for (uint32_t i = 0; i < heap->stacks.all_size; i++) {
		const struct dwunw_stack *stack = heap->stacks.all[i];

		if (!stack)
			continue;
		c->by_fp += stack->joined;
		count_length(c, stack, stack->seen - stack->joined);
	}
	dwu_walk_each(heap, &(struct lengths){ heap, c }, count_walked);
}

/* Processes, and those of their threads that were created. */
static void count_targets(const struct dwunw_heap *heap,
			  struct dwunw_heap_counts *c)
{
	for (const struct target *target = heap->targets; target;
	     target = target->next) {
		uint32_t threads = dwunw_proc_threads(target->pid);

		c->processes++;
		c->threads += threads ? threads - 1 : 0;
	}
}

void dwunw_heap_count(const struct dwunw_heap *heap,
		      struct dwunw_heap_counts *counts)
{
	const struct statistics *s = &heap->statistics;

	*counts = (struct dwunw_heap_counts){
		.received = s->received,
		.stack_events = s->stack_events,
		.stack_bytes = s->stack_bytes,
		.by_fp = s->by_fp,
		.not_unwound = s->not_unwound,
		.storage_full = s->storage_full,
		.different = heap->stacks.count,
		.probes = s->probes,
		.cheap_probes = s->cheap_probes,
		.failed_probes = s->failed_probes,
		.late_children = s->late_children,
		.late_programs = s->late_programs,
		.late_ns = s->late_ns,
		.map_bytes = dwu_source_bytes(heap),
		.lost_entries = heap->lost.entries,
		.lost_frees = heap->lost.frees,
		.lost_returns = heap->lost.returns,
		.late_threads = heap->lost.late_threads,
		.multi = heap->multi,
		.map_watch = heap->watch != NULL,
	};
	count_losses(heap, counts);
	count_lengths(heap, counts);
	dwu_walk_count(heap, counts);
	count_targets(heap, counts);
}

const char *dwunw_heap_program(const struct dwunw_heap *heap, int32_t pid)
{
	const struct target *target = dwu_target_find(heap, pid);

	return target ? target->comm : NULL;
}
