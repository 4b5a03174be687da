/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "rowcache.h"

#include "core/base/bytes.h"

/* The entries are aligned within their block, which costs one more. */
size_t dwu_rowcache_size(uint32_t count)
{
	if (!IS_ON(CONFIG_ROW_CACHE) || count == 0)
		return 0;
	return ((size_t)count + 1) * sizeof(struct dwu_rowcache_entry);
}

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
