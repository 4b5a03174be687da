/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * source.c - where events come from: BPF programs, or perf samples of calls, from
 * which samples.c makes the same.
 */
#include "recorder.h"

#include <errno.h>
#include <stdlib.h>

/* Probes are put when the samples at hand have been looked at. */
static void on_sampled(void *ctx, void *bytes, size_t size)
{
	struct dwunw_heap *heap = ctx;

	heap->in_samples = true;
	dwu_unwind_event(heap, bytes, size);
	heap->in_samples = false;
}

int dwu_source_open_samples(struct dwunw_heap *heap)
{
	const struct dwunw_heap_config *config = &heap->config;
	const struct dwu_samples_config samples = {
		.pid = config->pids[0],
		.stack_size = config->stack_cap,
		.ring_size = config->ring_size ? config->ring_size :
						 DWUNW_HEAP_RING_SIZE,
		.live_max = config->live_max,
		.on_event = on_sampled,
		.ctx = heap,
	};

	return dwu_samples_open(&heap->samples, &samples);
}

/* Of heap.bpf.c and allocator.bpf.h. */
static const char *const programs[] = {
	[DWU_CALL_MALLOC] = "malloc_enter",
	[DWU_CALL_CALLOC] = "calloc_enter",
	[DWU_CALL_REALLOC] = "realloc_enter",
	[DWU_CALL_POSIX_MEMALIGN] = "posix_memalign_enter",
	[DWU_CALL_ALIGNED_ALLOC] = "aligned_alloc_enter",
	[DWU_CALL_MMAP] = "mmap_enter",
	[DWU_CALL_MREMAP] = "mremap_enter",
	[DWU_CALL_FREE] = "free_enter",
	[DWU_CALL_MUNMAP] = "munmap_enter",
	[DWU_CALL_RETURN] = "alloc_exit",
};

int dwu_source_probe(struct dwunw_heap *heap, enum dwu_call call, int32_t pid,
		     const char *path, uint64_t off)
{
	if (heap->samples)
		return dwu_samples_probe(heap->samples, call, path, off);
	return dwunw_loader_attach_uprobe(heap->loader, programs[call],
					  call == DWU_CALL_RETURN, pid, path,
					  off);
}

int dwu_source_start(struct dwunw_heap *heap)
{
	return heap->samples ? dwu_samples_start(heap->samples) : 0;
}

void dwu_set_switch(struct dwunw_heap *heap)
{
	struct dwunw_allocator_switch now = { heap->recording, heap->wide };
	uint32_t zero = 0;

	if (heap->samples)
		dwu_samples_record(heap->samples, heap->recording);
	else
		dwunw_bpf_map_set(dwu_map(heap, DWUNW_ALLOCATOR_SWITCH_MAP),
				  &zero, &now);
}

void dwu_read(struct dwunw_heap *heap, int timeout_ms)
{
	if (heap->samples)
		dwu_samples_read(heap->samples, timeout_ms, false);
	else
		dwunw_inbox_read(heap->inbox, timeout_ms);
}

void dwu_read_all(struct dwunw_heap *heap)
{
	if (heap->samples)
		dwu_samples_read(heap->samples, 0, true);
	else
		dwunw_inbox_read_all(heap->inbox);
}

int dwu_map(const struct dwunw_heap *heap, const char *name)
{
	return heap->loader ? dwunw_loader_map(heap->loader, name) : -ENOENT;
}

uint64_t dwu_map_counter(const struct dwunw_heap *heap, uint32_t index)
{
	uint64_t value = 0;

	if (heap->samples)
		return dwu_samples_counter(heap->samples, index);
	dwunw_bpf_map_get(dwu_map(heap, "dwunw_counters"), &index, &value);
	return value;
}

/* By batches: next-key iteration starts over when its key was just freed. */
static void each_of_map(const struct dwunw_heap *heap, void *ctx,
			dwu_block_fn one)
{
	static struct live_block blocks[LIVE_BATCH];
	static struct block_id ids[LIVE_BATCH];
	int fd = dwu_map(heap, "live"), more, first = 1;
	uint64_t position[2] = { 0 };
	uint32_t count;

	do {
		count = LIVE_BATCH;
		more = dwunw_bpf_map_batch(fd, position, first, ids, blocks,
					   &count);
		for (uint32_t i = 0; i < count; i++)
			one(ctx, &ids[i], &blocks[i]);
		first = 0;
	} while (more > 0);
}

struct each {
	void *ctx;
	dwu_block_fn one;
};

static void on_live(void *ctx, uint64_t addr, const struct live_block *block)
{
	const struct each *each = ctx;
	struct block_id id = { .addr = addr };

	each->one(each->ctx, &id, block);
}

void dwu_source_live(const struct dwunw_heap *heap, void *ctx, dwu_block_fn one)
{
	struct each each = { .ctx = ctx, .one = one };

	if (heap->samples)
		dwu_samples_live(heap->samples, on_live, &each);
	else
		each_of_map(heap, ctx, one);
}

/* Samples are of one process: its blocks go by dwu_samples_forget() when it
 * executes another program. */
void dwu_source_remove(const struct dwunw_heap *heap, const struct block_id *id)
{
	dwunw_bpf_map_remove(dwu_map(heap, "live"), id);
}

uint64_t dwu_source_bytes(const struct dwunw_heap *heap)
{
	return heap->samples ? dwu_samples_bytes(heap->samples) :
			       dwunw_loader_map_bytes(heap->loader);
}

void dwu_source_close(struct dwunw_heap *heap)
{
	dwu_samples_close(heap->samples);
	dwunw_inbox_close(heap->inbox);
	dwu_walk_close(heap);
	dwunw_loader_close(heap->loader);
}
