/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Arenas are public (dwunw/types.h); this adds planning ahead. */
#ifndef DWU_ARENA_H
#define DWU_ARENA_H

#include <dwunw/types.h>

/* size rounded up to DWUNW_ARENA_ALIGN; SIZE_MAX if that overflows. */
size_t dwu_arena_round(size_t size);

/*
 * True if blocks that add up to `total` rounded bytes fit now. Otherwise
 * sets `wanted` to the size with which all of them would have.
 */
bool dwu_arena_fits(struct dwunw_arena *arena, uint64_t total);

#endif
