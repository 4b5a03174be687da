/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * totals.c - live blocks to sums by stack, and by process or thread where those
 * are apart.
 */
#include <dwunw/heap.h>

#include <stdlib.h>

static uint64_t hash_of(const struct dwunw_total *total)
{
	uint64_t hash = (uint64_t)(uintptr_t)total->stack >> 4;

	hash = (hash ^ total->apart) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ total->tid) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 31;
}

static struct dwunw_total *slot_of(const struct dwunw_totals *totals,
				   const struct dwunw_total *wanted)
{
	uint64_t at = hash_of(wanted);

	for (;; at++) {
		struct dwunw_total *total =
			&totals->at[at & (totals->size - 1)];

		if (!total->used || (total->stack == wanted->stack &&
				     total->apart == wanted->apart &&
				     total->tid == wanted->tid))
			return total;
	}
}

static bool grow(struct dwunw_totals *totals)
{
	struct dwunw_totals larger = *totals;

	larger.size = totals->size ? totals->size * 2 : 256;
	larger.at = calloc(larger.size, sizeof(*larger.at));
	if (!larger.at)
		return false;
	for (uint32_t i = 0; i < totals->size; i++) {
		if (totals->at[i].used)
			*slot_of(&larger, &totals->at[i]) = totals->at[i];
	}
	free(totals->at);
	*totals = larger;
	return true;
}

static void add_process(struct dwunw_total *total, uint32_t pid)
{
	for (uint32_t i = 0; i < total->processes; i++) {
		if (total->pids[i] == pid)
			return;
	}
	if (total->processes < DWUNW_TOTAL_PIDS)
		total->pids[total->processes++] = pid;
}

static void add_to_slot(struct dwunw_totals *totals,
			const struct dwunw_total *part)
{
	struct dwunw_total *total = slot_of(totals, part);

	if (!total->used) {
		*total = *part;
		total->bytes = total->blocks = 0;
		total->used = true;
		totals->count++;
	}
	total->bytes += part->bytes;
	total->blocks += part->blocks;
	add_process(total, part->pid);
}

void dwunw_totals_add(struct dwunw_totals *totals,
		      const struct dwunw_total *part, bool threads)
{
	const struct dwunw_stack *stack = part->stack;

	if (stack && stack->of_free)
		return;
	if (stack && stack->unkept) {
		totals->unkept_bytes += part->bytes;
		totals->unkept_blocks += part->blocks;
		return;
	}
	if (stack && stack->of_thread) {
		totals->thread_bytes += part->bytes;
		totals->thread_blocks += part->blocks;
		if (!threads)
			return;
	}
	if (stack && (totals->count < totals->size / 2 || grow(totals))) {
		add_to_slot(totals, part);
		return;
	}
	totals->unknown_bytes += part->bytes;
	totals->unknown_blocks += part->blocks;
}

static int more_bytes_first(const void *a, const void *b)
{
	const struct dwunw_total *left = a, *right = b;

	if (left->used != right->used)
		return left->used ? -1 : 1;
	return (left->bytes < right->bytes) - (left->bytes > right->bytes);
}

void dwunw_totals_sort(struct dwunw_totals *totals)
{
	if (totals->count)
		qsort(totals->at, totals->size, sizeof(*totals->at),
		      more_bytes_first);
}

void dwunw_totals_free(struct dwunw_totals *totals)
{
	free(totals->at);
	*totals = (struct dwunw_totals){ 0 };
}
