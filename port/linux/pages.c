/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Arenas straight from the kernel: given back whole, zero until touched, so an
 * arena of 16 MiB of which 1 MiB is used costs 1 MiB. For example,
 * dwunw_module_open() says NO_MEMORY and wanted 1,400,000: dwu_pages_grow()
 * maps 1,441,792 bytes (22 x 64 KiB) in place of what there was, and the caller
 * opens it again.
 */
#include "pages.h"

#include <errno.h>
#include <sys/mman.h>

#define PAGE ((size_t)64 << 10)

/* What was made in it is gone. An arena that has no pages is well. */
void dwu_pages_free(struct dwunw_arena *arena)
{
	if (arena->base)
		munmap(arena->base, arena->size);
	*arena = (struct dwunw_arena){ 0 };
}

/*
 * fresh: the kernel's pages are 0, and dwunw_arena_alloc() need not touch them.
 */
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

/* `wanted` is what a hostile file asks for, so callers bound it. */
dwunw_status_t dwu_pages_grow(struct dwunw_arena *arena, uint64_t max)
{
	size_t wanted = arena->wanted;

	if (wanted <= arena->size || wanted > max)
		return DWUNW_ERR_NO_MEMORY;
	return dwu_pages_alloc(arena, wanted);
}
