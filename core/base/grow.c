/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Arrays of debug data whose length nobody knows beforehand: rows of a line
 * table, calls of a unit. They grow at the end of an arena in chunks of 512
 * bytes, so each needs an arena in which nobody else takes a block meanwhile.
 *
 * For example, 1000 rows of 16 bytes are 32 chunks (31.25, rounded up) that
 * follow each other, and rows[999] is found without a list of chunks.
 */
#include "grow.h"

#include "arena.h"
#include "bytes.h"

#define CHUNK 512u
#define COUNT_MAX (UINT32_C(1) << 31)

/*
 * As dwunw_arena_alloc(), but not zeroed: debug data is megabytes. Nobody
 * knows how large an array will become while it grows, so twice the need is
 * asked for, and a caller that gets as much as it is asked for arrives in a
 * few attempts.
 */
void *dwu_room(struct dwunw_arena *arena, size_t size)
{
	size_t rounded = dwu_arena_round(size);
	uint8_t *block = arena->base + arena->used;

	if (!dwu_arena_fits(arena, rounded)) {
		if (arena->wanted < SIZE_MAX / 4)
			arena->wanted *= 2;
		return NULL;
	}
	if (!arena->base)
		return NULL;
	arena->used += rounded;
	if (arena->fresh > arena->size - arena->used)
		arena->fresh = arena->size - arena->used;
	return block;
}

/* Nothing is taken from the arena before the first push. */
struct dwu_array dwu_array(struct dwunw_arena *arena, size_t item_size)
{
	return (struct dwu_array){ .arena = arena,
				   .item_size = (uint32_t)item_size };
}

/*
 * An item has at most CHUNK bytes, and stays where it is: an array never moves.
 * A count of 2^31 items ends it, so that index + 1 and 32-bit sums of two
 * indexes do not wrap.
 */
void *dwu_array_push(struct dwu_array *array)
{
	size_t used = (size_t)array->count * array->item_size;
	uint8_t *more;

	if (array->count == COUNT_MAX)
		return NULL;
	if (used + array->item_size > array->room) {
		/* chunks of an array follow each other without a gap: nobody
		 * else may take from its arena until it is finished */
		more = dwu_room(array->arena, CHUNK);
		if (!more)
			return NULL;
		if (!array->items)
			array->items = more;
		dwu_assert(more == array->items + array->room);
		array->room += CHUNK;
	}
	array->count++;
	return array->items + used;
}
