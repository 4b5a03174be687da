/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * pages.h - arenas straight from the kernel.
 */
#ifndef DWU_PAGES_H
#define DWU_PAGES_H

#include <dwunw/linux.h>

/*
 * An arena of at least `size` bytes; what it held is given back first, also
 * when the answer is NO_MEMORY: the kernel has none.
 */
dwunw_status_t dwu_pages_alloc(struct dwunw_arena *arena, size_t size);
void dwu_pages_free(struct dwunw_arena *arena);
/* After a NO_MEMORY: an arena as large as it wants. NO_MEMORY: in vain, or it
 * wants more than max; then it is left as it is. */
dwunw_status_t dwu_pages_grow(struct dwunw_arena *arena, uint64_t max);

#endif
