/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Arenas straight from the kernel: given back whole, zero until touched. */
#include "pages.h"

#include <errno.h>
#include <sys/mman.h>

#define PAGE ((size_t)64 << 10)

void dwu_pages_free(struct dwunw_arena *arena)
{
	if (arena->base)
		munmap(arena->base, arena->size);
	*arena = (struct dwunw_arena){ 0 };
}

dwunw_status_t dwu_pages_alloc(struct dwunw_arena *arena, size_t size)
{
	void *base;

	dwu_pages_free(arena);
	if (size > SIZE_MAX - PAGE)
		return DWUNW_ERR_NO_MEMORY;
	size = (size + PAGE - 1) & ~(PAGE - 1);
	base = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED) {
		dwunw_short(ENOMEM);
		return DWUNW_ERR_NO_MEMORY;
	}
	dwunw_arena_init(arena, base, size);
	arena->fresh = arena->size;
	return DWUNW_OK;
}

dwunw_status_t dwu_pages_grow(struct dwunw_arena *arena, uint64_t max)
{
	size_t wanted = arena->wanted;

	if (wanted <= arena->size || wanted > max)
		return DWUNW_ERR_NO_MEMORY;
	return dwu_pages_alloc(arena, wanted);
}
