/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Arrays whose length shows only when they are made: they grow at the end of
 * an arena, one at a time.
 */
#ifndef DWU_GROW_H
#define DWU_GROW_H

#include <dwunw/types.h>

/*
 * `size` bytes as they are, or NULL with a `wanted` of twice the arena, as
 * more of the same is likely to come.
 */
void *dwu_room(struct dwunw_arena *arena, size_t size);

struct dwu_array {
	struct dwunw_arena *arena;
	uint8_t *items;
	size_t room; /* bytes taken */
	uint32_t count;
	uint32_t item_size;
};

struct dwu_array dwu_array(struct dwunw_arena *arena, size_t item_size);

/* A new last item, not zeroed. NULL: no memory, or 2^31 items. */
void *dwu_array_push(struct dwu_array *array);

#endif
