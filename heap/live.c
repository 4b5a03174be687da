/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * live.c - the map of live blocks to totals; what was counted meanwhile.
 */
#include "recorder.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define BATCH 4096u
#define KEYS_MIN 65536u /* 2 MiB of them */

uint64_t dwu_map_counter(const struct dwunw_heap *heap, uint32_t index)
{
	uint64_t value = 0;

	dwunw_bpf_map_get(dwunw_loader_map(heap->loader, "dwunw_counters"),
			  &index, &value);
	return value;
}

/* --- every live block ----------------------------------------------------- */

struct visit {
	struct dwunw_heap *heap;
	const struct dwunw_heap_view *view;
	uint64_t now;
	struct dwunw_totals *totals;
};

/* By batches: next-key iteration starts over when its key was just freed. */
static void visit_live(struct visit *visit,
		       void (*one)(struct visit *visit,
				   const struct block_id *id,
				   const struct live_block *block))
{
	static struct live_block blocks[BATCH];
	static struct block_id ids[BATCH];
	int fd = dwunw_loader_map(visit->heap->loader, "live"), more, first = 1;
	uint64_t position[2] = { 0 };
	uint32_t count;

	do {
		count = BATCH;
		more = dwunw_bpf_map_batch(fd, position, first, ids, blocks,
					   &count);
		for (uint32_t i = 0; i < count; i++)
			one(visit, &ids[i], &blocks[i]);
		first = 0;
	} while (more > 0);
}

static void remove_block(const struct dwunw_heap *heap,
			 const struct block_id *id)
{
	dwunw_bpf_map_remove(dwunw_loader_map(heap->loader, "live"), id);
}

/* --- blocks to totals ------------------------------------------------------ */

double dwu_weight_of(const struct dwunw_heap_config *config, uint64_t size)
{
	if (!config->sample_bytes)
		return config->sample_every;
	return size ? 1 / -expm1(-(double)size / config->sample_bytes) : 0;
}

/* Blocks of a program before its exec are none any more. */
static void sum_block(struct visit *visit, const struct block_id *id,
		      const struct live_block *block)
{
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
		remove_block(heap, id);
		return;
	}
	if (key)
		key->live = true;
	if (visit->now - block->time_ns < view->min_age_ns)
		return;
	if (key && !key->stack->unkept && view->is_wanted &&
	    !view->is_wanted(view->ctx, key->stack))
		return;
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
	visit_live(&visit, sum_block);
	dwunw_totals_sort(totals);
	return 0;
}

/* --- one by one, for who counts by itself ------------------------------------- */

struct tell {
	struct visit visit;
	void (*tell)(void *ctx, const struct dwunw_heap_block *block);
	void *ctx;
};

static void tell_block(struct visit *visit, const struct block_id *id,
		       const struct live_block *block)
{
	const struct tell *tell = (const struct tell *)(const void *)visit;
	struct dwunw_heap *heap = visit->heap;
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
	struct tell tell = { .visit = { .heap = heap },
			     .tell = visit,
			     .ctx = ctx };

	visit_live(&tell.visit, tell_block);
}

uint64_t dwunw_heap_summed_ns(const struct dwunw_heap *heap)
{
	return heap->summed_ns;
}

/* --- what is not live any more ----------------------------------------------- */

/* Those of a process that has ended: they have been in a report. */
static void drop_ended(struct visit *visit, const struct block_id *id,
		       const struct live_block *block)
{
	const struct target *target =
		dwu_target_find(visit->heap, (int32_t)block->pid);

	if (target && target->exited)
		remove_block(visit->heap, id);
}

static void mark_key(struct visit *visit, const struct block_id *id,
		     const struct live_block *block)
{
	struct dwunw_stack_key *key =
		dwunw_stacks_find_key(&visit->heap->stacks, block->key);

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
	struct visit visit = { .heap = heap, .now = dwunw_heap_now() };

	if (heap->stacks.key_count < 2 * heap->keys_kept + KEYS_MIN)
		return;
	visit_live(&visit, mark_key);
	sweep_keys(heap, visit.now);
}

void dwunw_heap_forget(struct dwunw_heap *heap)
{
	struct visit visit = { .heap = heap };

	if (dwu_targets_ended(heap))
		visit_live(&visit, drop_ended);
	dwu_targets_forget(heap);
	sweep_keys(heap, heap->summed_ns);
}

/* --- what was counted -------------------------------------------------------- */

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
		if (c->allocations ==
		    c->stacks + c->over_budget + c->no_slot + c->no_room)
			break;
	}
	c->live_full = dwu_map_counter(heap, DWUNW_HEAP_COUNT_LIVE_FULL);
	c->calls_full = dwu_map_counter(heap, DWUNW_HEAP_COUNT_CALLS_FULL);
	c->ignored = dwu_map_counter(heap, DWUNW_HEAP_COUNT_IGNORED);
	c->events = dwu_map_counter(heap, DWUNW_COUNT_EVENTS);
}

static void count_length(void *ctx, const struct dwunw_stack *stack,
			 uint64_t count)
{
	struct dwunw_heap_counts *c = ctx;

	if (dwunw_stop_is_complete(stack->stop.reason))
		c->whole += count;
	else if (dwunw_stack_reaches_main(stack))
		c->to_main += count;
	else
		c->short_ones += count;
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
	dwu_walk_each(heap, c, count_length);
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
		.map_bytes = dwunw_loader_map_bytes(heap->loader),
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
