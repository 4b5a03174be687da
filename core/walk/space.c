/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The mappings of a process, sorted: pc -> mapping by a binary search. For
 * example, of [0x401000, 0x402000) and [0x7f0000000000, 0x7f0000028000),
 * 0x401136 is in the first and 0x402000 in none.
 *
 * The array is the caller's; it is sorted in place by dwunw_space_init() and
 * must not change while walks use it, but for the serials, which open_module()
 * sets.
 */
#include <dwunw/walk.h>

#include "core/base/sort.h"

/* By start alone: mappings that overlap are refused behind the sort. */
static bool before(void *ctx, uint32_t a, uint32_t b)
{
	const struct dwunw_space *space = ctx;

	return space->mappings[a].start < space->mappings[b].start;
}

static void swap(void *ctx, uint32_t a, uint32_t b)
{
	const struct dwunw_space *space = ctx;
	struct dwunw_mapping held = space->mappings[a];

	space->mappings[a] = space->mappings[b];
	space->mappings[b] = held;
}

dwunw_status_t dwunw_space_init(struct dwunw_space *space)
{
	uint32_t i;

	if (!space || !space->open_module || !space->close_module ||
	    (space->count > 0 && !space->mappings) ||
	    space->count > CONFIG_MAPPING_MAX)
		return DWUNW_ERR_INVALID_ARG;
	dwu_sort(&(struct dwu_sort){ .ctx = space,
				     .count = space->count,
				     .before = before,
				     .swap = swap });
	/* the search below relies on it: not empty, and none overlaps the
	 * next */
	for (i = 0; i < space->count; i++)
		if (space->mappings[i].end <= space->mappings[i].start ||
		    (i > 0 &&
		     space->mappings[i].start < space->mappings[i - 1].end))
			return DWUNW_ERR_INVALID_ARG;
	return DWUNW_OK;
}

struct dwunw_mapping *dwunw_space_find(const struct dwunw_space *space,
				       uint64_t addr)
{
	uint32_t low = 0, high = space->count, middle;

	/* the first mapping that ends behind addr; halves the rest in each
	 * turn */
	while (low < high) {
		middle = low + (high - low) / 2;
		if (space->mappings[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < space->count && space->mappings[low].start <= addr)
		return &space->mappings[low];
	return NULL;
}
