/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * make_walker.h - a walker in memory of the size that this build's has: states of
 * rows, scans and caches are as a configuration says. One at a time: the last
 * one's memory is taken, zeroed.
 */
#ifndef MAKE_WALKER_H
#define MAKE_WALKER_H

#include <dwunw/walk.h>

#include <stdlib.h>
#include <string.h>

static inline struct dwunw_walker *make_walker(uint32_t entries)
{
	static uint8_t *memory;
	size_t size = (dwunw_walker_size(entries) + 63) & ~(size_t)63;
	struct dwunw_walker *walker;
	struct dwunw_arena arena;

	free(memory);
	memory = aligned_alloc(64, size);
	if (!memory)
		abort();
	memset(memory, 0, size);
	dwunw_arena_init(&arena, memory, size);
	if (dwunw_walker_init(&walker, entries, &arena) != DWUNW_OK)
		abort();
	return walker;
}

#endif
