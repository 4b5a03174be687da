/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What the program has mapped by mmap(2), sorted, under a lock: each call is one of
 * the kernel anyway. munmap(2) may take a part of an area, or parts of several: an
 * area that is cut in two is two from then on.
 */
#include "inproc.h"

#include <string.h>
#include <sys/auxv.h>

#define AREAS_MAX 65536u

struct area {
	uint64_t start;
	uint64_t size;
	uint32_t stack;
	uint32_t reserved;
};

static struct area *areas;
static struct dwu_inproc_lock lock;

bool dwu_areas_open(void)
{
	areas = dwu_kept_table(DWU_ROOT_AREAS, AREAS_MAX * sizeof(*areas));
	return areas;
}

void dwu_areas_take(void)
{
	dwu_inproc_take(&lock);
}

void dwu_areas_give(void)
{
	dwu_inproc_give(&lock);
}

/* The first that ends behind addr. */
static uint32_t place_of(uint64_t addr)
{
	uint32_t low = 0, high = dwu_kept->area_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (areas[middle].start + areas[middle].size > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool insert(uint32_t at, const struct area *area)
{
	if (dwu_kept->area_count == AREAS_MAX)
		return false;
	memmove(&areas[at + 1], &areas[at],
		(dwu_kept->area_count - at) * sizeof(*areas));
	areas[at] = *area;
	dwu_kept->area_count++;
	return true;
}

static void erase(uint32_t at)
{
	dwu_kept->area_count--;
	memmove(&areas[at], &areas[at + 1],
		(dwu_kept->area_count - at) * sizeof(*areas));
}

/* What is left of areas[at] without [start, end); the next place to look at. */
static uint32_t cut_one(uint32_t at, uint64_t start, uint64_t end,
			const struct dwu_areas_tell *tell)
{
	struct area was = areas[at], rest = was;
	uint64_t was_end = was.start + was.size, before = 0, behind = 0;
	int pieces = -1;

	if (was.start < start)
		before = start - was.start;
	if (was_end > end)
		behind = was_end - end;
	erase(at);
	if (before) {
		rest.size = before;
		pieces += insert(at++, &rest);
	}
	if (behind) {
		rest.start = end;
		rest.size = behind;
		if (insert(at, &rest)) {
			pieces++;
			at++;
		} else {
			behind = 0;
		}
	}
	tell->cut(tell->ctx, was.size - before - behind, was.stack, pieces);
	return at;
}

void dwu_areas_cut(uint64_t start, uint64_t size,
		   const struct dwu_areas_tell *tell)
{
	uint64_t page = getauxval(AT_PAGESZ);
	uint64_t end = start + (size + page - 1) / page * page;
	uint32_t at;

	dwu_inproc_take(&lock);
	at = place_of(start);
	while (at < dwu_kept->area_count && areas[at].start < end)
		at = cut_one(at, start, end, tell);
	dwu_inproc_give(&lock);
}

bool dwu_areas_put(uint64_t start, uint64_t size, uint32_t stack)
{
	struct area area = { .start = start, .size = size, .stack = stack };
	bool there;

	dwu_inproc_take(&lock);
	there = insert(place_of(start), &area);
	dwu_inproc_give(&lock);
	return there;
}

void dwu_areas_each(void (*visit)(void *ctx, uint64_t size, uint32_t stack),
		    void *ctx)
{
	for (uint32_t i = 0; i < dwu_kept->area_count; i++)
		visit(ctx, areas[i].size, areas[i].stack);
}
