/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The memory of the row cache: count entries of 64 bytes, aligned to a cache
 * line. For example, 16,384 entries are 1 MiB and 64 bytes; a key has one place
 * there (rowcache.h), so finding it takes no search.
 *
 * The block is the walker's and must be zeroed: serial 0 is an empty entry.
 *
 * A short life needs few rows. So START entries are used at first, and four
 * times as many once one of 32 was taken from another key: 30 rows of
 * a first stack touch 8 pages, not 30.
 */
#include "rowcache.h"

#include "core/base/bytes.h"

#define START_LOG2 9u

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
	cache->room_log2 = cache->count_log2;
	if (!IS_ON(CONFIG_ARCH_32BIT_ONLY) && cache->count_log2 > START_LOG2)
		cache->count_log2 = START_LOG2;
}

/*
 * Entry i of 2^n goes to one of 4i to 4i + 3 of 2^(n + 2), since a place is the
 * upper bits of a hash: from the last one on, none meets another that has yet to
 * go.
 */
static void grow(struct dwu_rowcache *cache)
{
	uint32_t i = 1u << cache->count_log2;
	struct dwu_rowcache_entry moved;

	cache->count_log2 += 2;
	if (cache->count_log2 > cache->room_log2)
		cache->count_log2 = cache->room_log2;
	cache->taken = 0;
	while (i-- > 0) {
		moved = cache->entries[i];
		if (moved.serial == 0)
			continue;
		cache->entries[i].serial = 0;
		*dwu_rowcache_at(cache, moved.serial, moved.vaddr) = moved;
	}
}

void dwu_rowcache_take(struct dwu_rowcache *cache)
{
	if (!IS_ON(CONFIG_ARCH_32BIT_ONLY) &&
	    cache->count_log2 < cache->room_log2 &&
	    ++cache->taken > 1u << (cache->count_log2 - 5))
		grow(cache);
}
