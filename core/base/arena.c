/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Memory of the core: blocks cut off one buffer, one behind another. The buffer
 * is the caller's (dwunw/types.h); the core asks nobody else and frees nothing
 * by itself. Who took blocks for a while notes `used` and sets it back.
 *
 * For example, a buffer of 100 bytes at 0x1004: the arena begins at 0x1010 and
 * has 88 bytes. A block of 20 takes 32 (the next multiple of 16) and stands at
 * 0x1010, the next block at 0x1030.
 *
 * Sizes that callers pass may come from a file: dwunw_arena_alloc(SIZE_MAX - 3)
 * is a NULL, not a small block.
 */
#include "arena.h"

#include "bytes.h"

void dwunw_arena_init(struct dwunw_arena *arena, void *base, size_t size)
{
	/* bytes up to the first aligned one */
	/* 0 - base is how far it is to the next multiple of 2^n, for any n, in
	 * the low n bits: of 0x1004 they are 0xc */
	size_t lost = (size_t)(0 - (uintptr_t)base) & (DWUNW_ARENA_ALIGN - 1);

	*arena = (struct dwunw_arena){ 0 };
	if (!base || lost > size)
		return;
	arena->base = (uint8_t *)base + lost;
	arena->size = size - lost;
}

/*
 * `fresh` stays as it is: blocks that were handed out may have been written to,
 * and clear() and dwu_room() have taken them off `fresh` already.
 */
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

/*
 * The one place that hands out zeroed memory. dwu_room() is the other: not
 * zeroed.
 */
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
