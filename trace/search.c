/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include <dwunw/trace.h>

#include <string.h>

/*
 * The first of sorted elements whose key is not below `wanted`; count: none.
 * The key stands first in each element, 4 or 8 bytes, in this machine's byte
 * order; it is copied out, so elements may have any alignment. The rest is
 * halved in each turn.
 */
uint32_t dwunw_search_first(const void *elements, uint32_t count, size_t size,
			    size_t key_size, uint64_t wanted)
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
