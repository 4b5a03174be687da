/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "arena.h"

#include "bytes.h"

void dwunw_arena_init(struct dwunw_arena *arena, void *base, size_t size)
{
	/* bytes up to the first aligned one */
	size_t lost = (size_t)(0 - (uintptr_t)base) & (DWUNW_ARENA_ALIGN - 1);

	*arena = (struct dwunw_arena){ 0 };
	if (!base || lost > size)
		return;
	arena->base = (uint8_t *)base + lost;
	arena->size = size - lost;
}

void dwunw_arena_reset(struct dwunw_arena *arena)
{
	arena->used = 0;
	arena->wanted = 0;
}

/* What does not fit after rounding is more than any arena has: SIZE_MAX. */
size_t dwu_arena_round(size_t size)
{
	size_t mask = DWUNW_ARENA_ALIGN - 1;

	return size > SIZE_MAX - mask ? SIZE_MAX : (size + mask) & ~mask;
}

bool dwu_arena_fits(struct dwunw_arena *arena, uint64_t total)
{
	/* `used` never exceeds `size`. `wanted` is the size of a whole arena
	 * with which this very call would have succeeded. */
	if (total <= arena->size - arena->used)
		return true;
	arena->wanted = total > SIZE_MAX - arena->used ?
				SIZE_MAX :
				arena->used + (size_t)total;
	return false;
}

/*
 * The bytes of a block become 0, but those that are: pages that nobody has
 * touched cost nothing. A router's arenas are small, and its text is counted.
 */
static void clear(struct dwunw_arena *arena, size_t from, size_t size)
{
	size_t fresh = arena->size - arena->fresh;

	if (IS_ON(CONFIG_ARCH_32BIT_ONLY) || from + size <= fresh) {
		memset(arena->base + from, 0, size);
		return;
	}
	if (from < fresh)
		memset(arena->base + from, 0, fresh - from);
	arena->fresh = arena->size - (from + size);
}

void *dwunw_arena_alloc(struct dwunw_arena *arena, size_t size)
{
	size_t rounded = dwu_arena_round(size);
	uint8_t *block;

	if (!dwu_arena_fits(arena, rounded) || !arena->base)
		return NULL;
	dwu_assert(arena->used <= arena->size - rounded);
	block = arena->base + arena->used;
	clear(arena, arena->used, rounded);
	arena->used += rounded;
	return block;
}
