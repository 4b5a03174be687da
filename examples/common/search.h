/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * search.h - the one binary search.
 */
#ifndef SEARCH_H
#define SEARCH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Of `count` elements of `size` bytes, sorted by the number that each begins
 * with, of key_size bytes: 4 or 8. The index of the first that is not below
 * `wanted`; count: all are.
 */
static inline uint32_t search_first(const void *elements, uint32_t count,
				    size_t size, size_t key_size,
				    uint64_t wanted)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2, key32;
		const char *at = (const char *)elements + middle * size;
		uint64_t key;

		memcpy(&key32, at, sizeof(key32));
		key = key32;
		if (key_size == sizeof(key))
			memcpy(&key, at, sizeof(key));
		if (key < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#endif
