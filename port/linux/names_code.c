/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Functions of code that comes and goes. What was told last holds: it took the
 * place of whatever it overlaps, which has no name from then on, not even where
 * nothing else stands.
 *
 * For example, a JIT tells [0x1000, 0x1100) "a", then [0x1080, 0x1180) "b":
 * 0x1040 has no name any more, since "a" was thrown away, 0x1090 is "b".
 *
 * New ones wait in a short list until they are an eighth of all, so a map that
 * grows and grows is sorted a few times only. What a process tells is bounded:
 * ITEM_MAX functions, DWU_CODE_TEXT_MAX bytes of names.
 */
#include "names.h"
#include "shortage.h"

#include <stdlib.h>
#include <string.h>

#define ITEM_MAX ((uint32_t)1 << 21)
#define WAITING_MAX 1024u

/* [start, end), and where in the text its name is. */
struct dwu_code {
	uint64_t start;
	uint64_t end;
	uint32_t name;
	uint32_t number; /* of two, the later one holds */
};

/*
 * Names stand one behind another; *name is where. False: no memory, or too
 * many.
 */
bool dwu_codemap_text(struct dwu_codemap *map, const char *text, size_t size,
		      uint32_t *name)
{
	size_t room = map->text_room ? map->text_room : 4096;
	char *larger;

	if (size >= DWU_CODE_TEXT_MAX - map->text_size)
		return false;
	while (room < map->text_size + size + 1)
		room *= 2;
	if (room != map->text_room) {
		larger = dwu_realloc(map->text, room);
		if (!larger)
			return false;
		map->text = larger;
		map->text_room = room;
	}
	*name = (uint32_t)map->text_size;
	memcpy(map->text + map->text_size, text, size);
	map->text[map->text_size + size] = '\0';
	map->text_size += size + 1;
	return true;
}

/* A size that wraps ends at the last address. */
bool dwu_codemap_add(struct dwu_codemap *map, uint64_t start, uint64_t size,
		     uint32_t name)
{
	uint32_t room = map->room ? 2 * map->room : 256;
	struct dwu_code *items;

	if (map->count == map->room) {
		items = room > ITEM_MAX ?
				NULL :
				dwu_realloc(map->items, room * sizeof(*items));
		if (!items)
			return false;
		map->items = items;
		map->room = room;
	}
	map->items[map->count++] = (struct dwu_code){
		.start = start,
		.end = size > UINT64_MAX - start ? UINT64_MAX : start + size,
		.name = name,
		.number = map->number++,
	};
	return true;
}

/* --- what holds -------------------------------------------------------------- */

static int by_start(const void *a, const void *b)
{
	const struct dwu_code *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static int later_first(const void *a, const void *b)
{
	const struct dwu_code *x = a, *y = b;

	return x->number > y->number ? -1 : x->number < y->number;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Addresses between two bounds are one cell, which is covered or not. */
struct cells {
	uint64_t *bounds;
	uint32_t *next; /* itself, or nearer to the next that is not covered */
	uint32_t count;
};

static uint32_t cell_of(const struct cells *cells, uint64_t bound)
{
	uint32_t low = 0, high = cells->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (cells->bounds[middle] < bound)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The first from i on that is not covered.
 *
 * Union-find (Tarjan 1975) with paths made shorter: nearly constant for each
 * cell.
 */
static uint32_t free_from(struct cells *cells, uint32_t i)
{
	uint32_t root = i, next;

	while (cells->next[root] != root)
		root = cells->next[root];
	for (; cells->next[i] != root && i != root; i = next) {
		next = cells->next[i];
		cells->next[i] = root;
	}
	return root;
}

/*
 * Covers the cells of one function. True: none of them was covered before.
 *
 * Each cell is covered once, whatever overlaps: the loop jumps over those that
 * are.
 */
static bool cover(struct cells *cells, const struct dwu_code *code)
{
	uint32_t at = cell_of(cells, code->start), last, i;
	bool whole = true;

	last = cell_of(cells, code->end);
	for (i = at; i < last; i++) {
		uint32_t next = free_from(cells, i);

		whole &= next == i;
		if (next >= last)
			break;
		i = next;
		cells->next[i] = i + 1;
	}
	return whole;
}

static bool cells_open(struct cells *cells, const struct dwu_codemap *map)
{
	size_t count = 2 * (size_t)map->count;

	*cells = (struct cells){
		.bounds = dwu_calloc(count + 1, sizeof(*cells->bounds)),
		.next = dwu_calloc(count + 2, sizeof(*cells->next)),
		.count = (uint32_t)count,
	};
	if (!cells->bounds || !cells->next)
		return false;
	for (uint32_t i = 0; i < map->count; i++) {
		cells->bounds[2 * i] = map->items[i].start;
		cells->bounds[2 * i + 1] = map->items[i].end;
	}
	qsort(cells->bounds, count, sizeof(*cells->bounds), by_value);
	for (uint32_t i = 0; i < count + 2; i++)
		cells->next[i] = i;
	return true;
}

/*
 * Those that later ones overlap go. False: no memory, nothing has changed.
 *
 * From the latest to the first: one that meets a covered cell was replaced.
 */
static bool drop_replaced(struct dwu_codemap *map)
{
	struct cells cells;
	uint32_t kept = 0;
	bool good = cells_open(&cells, map);

	if (good) {
		qsort(map->items, map->count, sizeof(*map->items), later_first);
		for (uint32_t i = 0; i < map->count; i++)
			if (cover(&cells, &map->items[i]))
				map->items[kept++] = map->items[i];
		map->count = kept;
	}
	free(cells.bounds);
	free(cells.next);
	return good;
}

/* One without a size ends where the next one starts. */
static void end_at_next(struct dwu_codemap *map)
{
	uint64_t next = UINT64_MAX, start;

	for (uint32_t i = map->count; i-- > 0;) {
		start = map->items[i].start;
		if (i + 1 < map->count && map->items[i + 1].start != start)
			next = map->items[i + 1].start;
		map->items[i].end = next;
	}
}

/*
 * /proc/kallsyms (sizeless) has functions of fixed places: nothing replaces
 * another.
 */
void dwu_codemap_settle(struct dwu_codemap *map)
{
	/* without memory all of them go on waiting */
	if (!map->count || (!map->sizeless && !drop_replaced(map)))
		return;
	qsort(map->items, map->count, sizeof(*map->items), by_start);
	if (map->sizeless)
		end_at_next(map);
	map->settled = map->count;
}

void dwu_codemap_grown(struct dwu_codemap *map)
{
	uint32_t waiting = map->count - map->settled;

	if (waiting >= WAITING_MAX && waiting >= map->settled / 8)
		dwu_codemap_settle(map);
}

/* --- looking up --------------------------------------------------------------- */

/* The one that starts last before addr, and holds it. */
static const struct dwu_code *find_settled(const struct dwu_codemap *map,
					   uint64_t addr)
{
	uint32_t low = 0, high = map->settled;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (map->items[middle].start <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || addr >= map->items[low - 1].end)
		return NULL;
	return &map->items[low - 1];
}

/* The name lives as long as the map does not grow. */
const char *dwu_codemap_find(const struct dwu_codemap *map, uint64_t addr,
			     uint64_t *start)
{
	const struct dwu_code *found = find_settled(map, addr);

	/* each may replace those before it */
	for (uint32_t i = map->settled; i < map->count; i++) {
		const struct dwu_code *code = &map->items[i];

		if (addr >= code->start && addr < code->end)
			found = code;
		else if (found && code->start < found->end &&
			 found->start < code->end)
			found = NULL;
	}
	if (!found)
		return NULL;
	*start = found->start;
	return map->text[found->name] ? map->text + found->name : NULL;
}

uint64_t dwu_codemap_bytes(const struct dwu_codemap *map)
{
	return map->text_room + (uint64_t)map->room * sizeof(*map->items);
}

void dwu_codemap_free(struct dwu_codemap *map)
{
	free(map->text);
	free(map->items);
	*map = (struct dwu_codemap){ .text = NULL };
}
