/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * ends.c - a whole stack tells where its thread's stack begins, so that later
 * copies of that thread end there (bpf/capture.h, struct dwunw_stack_end).
 *
 * Only a stack that ends with the thread's start tells it: the start of a context
 * may stand on the thread's own stack, below frames that are needed. Of the first
 * thread /proc tells. The print is of the event's own bytes: whatever has changed
 * since makes the next copy a long one, as before.
 *
 * A copy that was too short for its stack ends a walk in memory that is not there.
 * Then what is remembered of the thread goes, and its next copy is a long one.
 */
#include "recorder.h"

#include <dwunw/loader.h>

#include <string.h>

/* What was told last of a thread, direct-mapped. */
static struct thread_end *told_of(struct dwunw_heap *heap, uint64_t thread)
{
	uint32_t at = (uint32_t)(thread * 0x9e3779b97f4a7c15u >> 32);

	return &heap->thread_ends[at % THREAD_ENDS];
}

/* The print of the bytes below `end`; 0: they are not in the event. */
static uint64_t print_below(const struct dwunw_snapshot *stack, uint64_t end)
{
	uint64_t words[DWUNW_STACK_PRINT_SIZE / 8];
	uint64_t off = end - sizeof(words) - stack->addr;

	if (off % 8 != 0 || stack->size < sizeof(words) ||
	    off > stack->size - sizeof(words))
		return 0;
	memcpy(words, stack->bytes + off, sizeof(words));
	return dwunw_stack_print(words);
}

static bool is_short(const struct dwunw_stop *stop)
{
	return stop->reason == DWUNW_STOP_UNREADABLE ||
	       stop->reason == DWUNW_STOP_TRUNCATED;
}

static void forget(struct dwunw_heap *heap, uint64_t thread)
{
	struct thread_end *told = told_of(heap, thread);

	dwunw_bpf_map_remove(dwu_map(heap, "dwunw_stack_ends"), &thread);
	if (told->thread == thread)
		*told = (struct thread_end){ 0 };
}

static void tell(struct dwunw_heap *heap, uint64_t thread,
		 const struct dwunw_stack_end *now)
{
	struct thread_end *told = told_of(heap, thread);

	if (told->thread == thread && told->end == now->end &&
	    told->print == now->print)
		return;
	*told = (struct thread_end){ thread, now->end, now->print };
	dwunw_bpf_map_set(dwu_map(heap, "dwunw_stack_ends"), &thread, now);
}

void dwu_end_learn(struct dwunw_heap *heap, size_t count,
		   const struct dwunw_stop *stop)
{
	const struct dwunw_event_header *header = &heap->event.header;
	uint64_t thread = (uint64_t)header->pid << 32 | header->tid;
	struct dwunw_stack_end now = { 0 };

	if (is_short(stop))
		forget(heap, thread);
	if (stop->reason != DWUNW_STOP_ROOT || count < 2 ||
	    header->pid == header->tid)
		return;
	now.end = heap->frames[count - 2].cfa;
	now.print = print_below(&heap->event.input.stack, now.end);
	if (now.print)
		tell(heap, thread, &now);
}
