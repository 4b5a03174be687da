/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * sums.c - events that are no allocations, summed by stack and process.
 *
 *	an event with its stack	  one more of that stack in its process
 *	a stack that is known	  the kernel's count, under the key of its first
 *	a thread that comes back  how long it was off its processor: in the kernel
 *				  under such a key, else by an event of its own
 */
#include "recorder.h"

#include <stdlib.h>

#define KEYS_MAX (1u << 22)

struct event_sum {
	const struct dwunw_stack *stack;
	uint32_t pid;
	uint64_t events;
	uint64_t ns;
	/* of the visit at hand: what the kernel has */
	uint64_t counted;
	uint64_t counted_ns;
	uint64_t told_ns; /* less is never told: an event may be on its way */
};

struct event_sums {
	struct event_sum *at;
	uint32_t count;
	uint32_t room;
	uint32_t *slots;      /* index, plus 1; hashed, of 2 * room */
	struct dwu_hash keys; /* of events -> index */
};

bool dwu_sums_begin(struct dwunw_heap *heap)
{
	if (!heap->counted.kind)
		return true;
	heap->sums = calloc(1, sizeof(*heap->sums));
	if (!heap->sums)
		return false;
	heap->sums->keys.value_size = sizeof(uint32_t);
	heap->sums->keys.max = KEYS_MAX;
	return true;
}

void dwu_sums_free(struct dwunw_heap *heap)
{
	if (!heap->sums)
		return;
	dwu_hash_clear(&heap->sums->keys);
	free(heap->sums->at);
	free(heap->sums->slots);
	free(heap->sums);
}

static uint32_t *slot_of(const struct event_sums *sums,
			 const struct dwunw_stack *stack, uint32_t pid)
{
	uint64_t hash = ((uint64_t)(uintptr_t)stack ^ (uint64_t)pid << 40) *
			0x9e3779b97f4a7c15u;
	uint32_t at = (uint32_t)(hash >> 32);

	for (;; at++) {
		uint32_t *slot = &sums->slots[at & (2 * sums->room - 1)];

		if (!*slot || (sums->at[*slot - 1].stack == stack &&
			       sums->at[*slot - 1].pid == pid))
			return slot;
	}
}

static bool make_room(struct event_sums *sums)
{
	uint32_t room = sums->room ? 2 * sums->room : 256;
	struct event_sum *at;
	uint32_t *slots;

	if (sums->count < sums->room)
		return true;
	at = realloc(sums->at, room * sizeof(*at));
	if (at)
		sums->at = at;
	slots = at ? calloc(2 * (size_t)room, sizeof(*slots)) : NULL;
	if (!slots)
		return false;
	free(sums->slots);
	sums->slots = slots;
	sums->room = room;
	for (uint32_t i = 0; i < sums->count; i++)
		*slot_of(sums, at[i].stack, at[i].pid) = i + 1;
	return true;
}

/* NULL: no memory. */
static struct event_sum *sum_of(struct event_sums *sums,
				const struct dwunw_stack *stack, uint32_t pid)
{
	uint32_t *slot;

	if (!make_room(sums))
		return NULL;
	slot = slot_of(sums, stack, pid);
	if (!*slot) {
		sums->at[sums->count] =
			(struct event_sum){ .stack = stack, .pid = pid };
		*slot = ++sums->count;
	}
	return &sums->at[*slot - 1];
}

/* Will anybody ask for the key again? */
static bool is_asked_for(const struct dwunw_heap *heap, uint64_t key)
{
	return dwu_walk_is_known(key) ||
	       heap->counted.kind == DWUNW_HEAP_OFFCPU;
}

void dwu_sums_event(struct dwunw_heap *heap, const struct dwunw_stack *stack)
{
	const struct dwunw_event_header *header = &heap->event.header;
	struct event_sums *sums = heap->sums;
	struct event_sum *sum;
	uint32_t index;

	if (!sums)
		return;
	sum = sum_of(sums, stack, header->pid);
	if (!sum)
		return;
	sum->events++;
	index = (uint32_t)(sum - sums->at);
	if (is_asked_for(heap, header->key))
		dwu_hash_put(&sums->keys, &header->key, &index);
}

static struct event_sum *find_key(const struct event_sums *sums, uint64_t key)
{
	const uint32_t *index = dwu_hash_find(&sums->keys, &key);

	return index ? &sums->at[*index] : NULL;
}

void dwu_sums_time(struct dwunw_heap *heap)
{
	const struct dwunw_event_header *header = &heap->event.header;
	struct event_sum *sum = heap->sums ? find_key(heap->sums, header->key) :
					     NULL;

	if (!sum)
		return;
	sum->ns += header->value;
	if (!dwu_walk_is_known(header->key))
		dwu_hash_drop(&heap->sums->keys, &header->key);
}

/* --- all of them --------------------------------------------------------------- */

#define BATCH 1024u

static void add_counted(void *ctx, uint64_t key,
			const struct dwunw_walk_stack *stack)
{
	const struct dwunw_heap *heap = ctx;
	struct event_sum *sum = find_key(heap->sums, key);

	if (!sum)
		return;
	sum->counted += stack->count;
	sum->counted_ns += stack->ns;
}

/* Threads that are still off their processors: until now, or until recording
 * ended. */
static void add_away(struct dwunw_heap *heap)
{
	static struct dwunw_heap_away away[BATCH];
	static uint32_t tids[BATCH];
	int fd = dwu_map(heap, DWUNW_HEAP_AWAY_MAP), more, first = 1;
	uint64_t now = heap->recording ? dwunw_heap_now() : heap->stopped_ns;
	uint64_t position = 0;
	uint32_t count;

	do {
		count = BATCH;
		more = dwunw_bpf_map_batch(fd, &position, first, tids, away,
					   &count);
		for (uint32_t i = 0; i < count; i++) {
			struct event_sum *sum =
				find_key(heap->sums, away[i].key);

			if (sum && now > away[i].since_ns)
				sum->counted_ns += now - away[i].since_ns;
		}
		first = 0;
	} while (more > 0);
}

/* In the unit of dwunw_heap_event_unit(). */
static uint64_t amount_of(const struct dwunw_heap *heap, uint64_t events,
			  uint64_t ns)
{
	if (heap->counted.kind == DWUNW_HEAP_OFFCPU)
		return (ns + 500) / 1000;
	return events * dwunw_heap_event_period(&heap->counted);
}

/* What was not sent, and its time as far as that is known. */
static void tell_lost(struct dwunw_heap *heap, void *ctx,
		      void (*visit)(void *ctx,
				    const struct dwunw_heap_event_sum *sum))
{
	uint64_t ns = 0,
		 lost = dwu_map_counter(heap, DWUNW_HEAP_COUNT_NO_SLOT) +
			dwu_map_counter(heap, DWUNW_HEAP_COUNT_NO_ROOM);
	struct dwunw_heap_event_sum sum = { .events = lost };
	uint32_t zero = 0;

	if (heap->counted.kind == DWUNW_HEAP_OFFCPU)
		dwunw_bpf_map_get(dwu_map(heap, DWUNW_HEAP_LOST_MAP), &zero,
				  &ns);
	sum.amount = amount_of(heap, lost, ns);
	if (sum.events || sum.amount)
		visit(ctx, &sum);
}

void dwunw_heap_visit_events(
	struct dwunw_heap *heap,
	void (*visit)(void *ctx, const struct dwunw_heap_event_sum *sum),
	void *ctx)
{
	struct event_sums *sums = heap->sums;

	if (!sums)
		return;
	for (uint32_t i = 0; i < sums->count; i++)
		sums->at[i].counted = sums->at[i].counted_ns = 0;
	dwu_walk_each(heap, heap, add_counted);
	if (heap->counted.kind == DWUNW_HEAP_OFFCPU)
		add_away(heap);
	for (uint32_t i = 0; i < sums->count; i++) {
		struct event_sum *at = &sums->at[i];
		uint64_t events = at->events + at->counted;
		struct dwunw_heap_event_sum sum = {
			.stack = at->stack,
			.pid = at->pid,
			.events = events,
		};

		if (at->ns + at->counted_ns > at->told_ns)
			at->told_ns = at->ns + at->counted_ns;
		sum.amount = amount_of(heap, events, at->told_ns);
		visit(ctx, &sum);
	}
	tell_lost(heap, ctx, visit);
}
