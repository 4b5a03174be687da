/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * walk.c - stacks that the kernel walks: whether it can, what it learns from each
 * event, what it only counted.
 */
#include "recorder.h"

#include <dwunw/rows.h>
#include <dwunw/trace.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * So many events may wait, each of which asks for rows, before a second one for
 * the same row is a loss; by then they are about as many bytes as a ring of the
 * copies. HOLD_MS: after that the answer is not on its way, but lost.
 */
#define HOLD_FROM 4096u
#define HOLD_MS 1000u

/* Of every process, or a cgroup's, there may be many: 2 MiB of tables. */
#define WIDE_PROCESSES (4 * DWUNW_HEAP_WALK_PROCESSES)

static uint32_t processes_of(const struct dwunw_heap *heap)
{
	return heap->config.all || heap->config.cgroup ?
		       WIDE_PROCESSES :
		       DWUNW_HEAP_WALK_PROCESSES;
}

static struct dwunw_rows_config rows_config(const struct dwunw_heap *heap)
{
	return (struct dwunw_rows_config){
		.rows = DWUNW_HEAP_WALK_ROWS,
		.processes = processes_of(heap),
		.stacks = DWUNW_HEAP_WALK_STACKS,
		.hold_ms = HOLD_MS,
		.hold_from = HOLD_FROM,
		.by_thread = heap->config.by_thread,
		.user_regs = heap->user_regs,
		/* frame pointers may go on with one that ends early */
		.whole = true,
		.by_process = heap->counted.kind != DWUNW_HEAP_ALLOC,
	};
}

#define FRAMES 127u /* of bpf/walk.bpf.h */

size_t dwu_walk_frames(const struct dwunw_heap_config *config)
{
	if (config->walk == DWUNW_HEAP_COPY || config->depth > FRAMES)
		return config->depth;
	return FRAMES;
}

int dwu_walk_prepare(struct dwunw_heap *heap)
{
	const struct dwunw_rows_config config = rows_config(heap);

	return dwunw_rows_prepare(heap->loader, &config);
}

/* Why stacks are copied whatever the kernel can; NULL: no reason. */
const char *dwu_walk_refused(const struct dwunw_heap *heap)
{
	const struct dwunw_heap_config *config = &heap->config;
	struct dwunw_step step;

	if (!config->walk_object)
		return "the tool has no program for it";
	if (config->mode == DWUNW_HEAP_OFF)
		return "only the kernel's walk by frame pointers was asked for";
	if (config->on_block)
		return "each allocation is to be told, not counted";
	if (dwunw_walk_steps(NULL, NULL, NULL, NULL, &step, 0, NULL, NULL) ==
	    DWUNW_ERR_NOT_IMPLEMENTED)
		return "this build's walk does not tell its rows "
		       "(CONFIG_WALK_STEPS)";
	return NULL;
}

int dwu_walk_open(struct dwunw_heap *heap, const char **missing)
{
	const struct dwunw_rows_config config = rows_config(heap);
	int error;

	/* without these the kernel would walk by mappings of before */
	error = dwunw_loader_attach_subsystem(heap->loader, "syscalls",
					      missing);
	if (error)
		return error;
	heap->steps = calloc(heap->frame_room, sizeof(*heap->steps));
	if (!heap->steps)
		return -ENOMEM;
	return dwunw_rows_open(&heap->rows, heap->loader, &heap->dwunw,
			       &config);
}

void dwu_walk_close(struct dwunw_heap *heap)
{
	dwunw_rows_close(heap->rows);
	free(heap->steps);
	heap->rows = NULL;
	heap->steps = NULL;
}

/* There is room again when one of them ends. */
static void tell_full(struct dwunw_heap *heap)
{
	if (!heap->told_spaces)
		fprintf(stderr,
			"note: %" PRIu32 " processes are walked in the kernel; "
			"the stacks of others are copied\n",
			processes_of(heap));
	heap->told_spaces = true;
}

/* The event, or the rest of one, was walked: rows for the next of its kind. */
void dwu_walk_learn(struct dwunw_heap *heap, const struct target *target,
		    size_t walked, size_t count)
{
	int error;

	if (!heap->rows || target->ways != DWUNW_HEAP_SNAPSHOT ||
	    target->exited)
		return;
	error = dwunw_rows_follow(heap->rows, target->pid);
	if (error == -ENOSPC)
		tell_full(heap);
	if (error && error != -EEXIST)
		return;
	(void)dwunw_rows_learn(heap->rows, target->pid, heap->steps + walked,
			       count - walked);
}

void dwu_walk_forget(struct dwunw_heap *heap, int32_t pid)
{
	if (heap->rows)
		dwunw_rows_forget(heap->rows, pid);
}

void dwu_walk_taken(struct dwunw_heap *heap)
{
	if (heap->rows)
		dwunw_rows_taken(heap->rows, heap->statistics.received);
}

bool dwu_walk_is_known(uint64_t key)
{
	return (key & DWUNW_WALK_KNOWN_KEY) != 0;
}

/* --- what was only counted --------------------------------------------------- */

#define BATCH 1024u

void dwu_walk_each(const struct dwunw_heap *heap, void *ctx,
		   void (*one)(void *ctx, uint64_t key,
			       const struct dwunw_walk_stack *stack))
{
	static struct dwunw_walk_stack stacks[BATCH];
	static uint64_t keys[BATCH];
	int fd = dwu_map(heap, "dwunw_walk_stacks");
	int more, first = 1;
	uint64_t position = 0;
	uint32_t count;

	if (!heap->rows)
		return;
	do {
		count = BATCH;
		more = dwunw_bpf_map_batch(fd, &position, first, keys, stacks,
					   &count);
		for (uint32_t i = 0; i < count; i++)
			one(ctx, keys[i], &stacks[i]);
		first = 0;
	} while (more > 0);
}

void dwu_walk_count(const struct dwunw_heap *heap, struct dwunw_heap_counts *c)
{
	struct dwunw_rows_counts rows;

	c->walk = heap->rows != NULL;
	if (!heap->rows || dwunw_rows_stats(heap->rows, &rows))
		return;
	c->counted = rows.counted;
	c->walked_new = rows.fresh;
	c->walked_part = rows.rest;
	c->walked_none = rows.copies;
	c->held = rows.held;
	c->rows = rows.rows;
}
