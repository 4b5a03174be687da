/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The memory of the row cache: count entries of 64 bytes, aligned to a cache
 * line. For example, 16,384 entries are 1 MiB and 64 bytes; a key has one place
 * there (rowcache.h), so finding it takes no search.
 *
 * The block is the walker's and must be zeroed: serial 0 is an empty entry.
 */
#include "rowcache.h"

#include "core/base/bytes.h"

/* The entries are aligned within their block, which costs one more. */
size_t dwu_rowcache_size(uint32_t count)
{
	if (!IS_ON(CONFIG_ROW_CACHE) || count == 0)
		return 0;
	return ((size_t)count + 1) * sizeof(struct dwu_rowcache_entry);
}

/* 0 - block is how far it is to the next multiple of 64, in the low 6 bits. */
void dwu_rowcache_init(struct dwu_rowcache *cache, void *block, uint32_t count)
{
	size_t lost = (size_t)(0 - (uintptr_t)block) &
		      (sizeof(struct dwu_rowcache_entry) - 1);
	void *aligned = (uint8_t *)block + lost;

	dwu_assert(count > 0 && (count & (count - 1)) == 0);
	cache->entries = aligned;
	cache->count_log2 = 0;
	/* ends: a power of two, which is asserted above, has one bit */
	while (count >> cache->count_log2 > 1)
		cache->count_log2++;
}
