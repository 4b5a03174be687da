/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * flows.c - what is allocated and freed, one by one, with the stack of each, for
 * who counts it.
 */
#include "recorder.h"

#include <stdlib.h>

#define LAST_BLOCKS 4096u

/* What a thread has allocated last. Where two threads share a slot, fewer blocks
 * are found to be temporary. */
struct last_block {
	uint32_t tid;
	uint64_t addr;
};

bool dwu_flows_begin(struct dwunw_heap *heap)
{
	if (!heap->config.on_flow)
		return true;
	heap->last_blocks = calloc(LAST_BLOCKS, sizeof(*heap->last_blocks));
	return heap->last_blocks;
}

/* pthread_create's memory is no block of the program's to be told of, nor is what
 * free itself maps; their stacks are known by their names, later. */
static void tell(const struct dwunw_heap *heap, struct dwunw_heap_flow *flow)
{
	const struct dwunw_event_header *header = &heap->event.header;

	flow->size = header->value;
	flow->weight = dwu_weight_of(&heap->config, header->value);
	flow->pid = header->pid;
	flow->tid = header->tid;
	heap->config.on_flow(heap->config.flow_ctx, flow);
}

void dwu_flow_allocated(struct dwunw_heap *heap,
			const struct dwunw_stack *stack)
{
	const struct dwunw_event_header *header = &heap->event.header;
	struct dwunw_heap_flow flow = { .stack = stack };

	if (!heap->config.on_flow)
		return;
	heap->last_blocks[header->tid % LAST_BLOCKS] =
		(struct last_block){ header->tid, header->cookie };
	tell(heap, &flow);
}

void dwu_flow_counted(struct dwunw_heap *heap)
{
	const struct dwunw_stack_key *key =
		dwunw_stacks_find_key(&heap->stacks, heap->event.header.key);

	dwu_flow_allocated(heap, key ? key->stack : NULL);
}

/* The event has the block: its key, its size and when it was allocated. */
void dwu_flow_freed(struct dwunw_heap *heap)
{
	const struct dwunw_event_header *header = &heap->event.header;
	const struct last_block *last;
	const struct dwunw_stack_key *key;
	struct dwunw_heap_flow flow = { .freed = true };

	if (!heap->config.on_flow || !header->stack_addr)
		return;
	last = &heap->last_blocks[header->tid % LAST_BLOCKS];
	key = dwunw_stacks_find_key(&heap->stacks, header->key);
	flow.stack = key ? key->stack : NULL;
	flow.temporary = last->tid == header->tid &&
			 last->addr == header->cookie;
	if (header->time_ns > header->stack_addr)
		flow.age_ns = header->time_ns - header->stack_addr;
	tell(heap, &flow);
}
