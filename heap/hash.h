/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * hash.h - u64 -> a value of some bytes, by linear probing. Half of the slots at
 * least are free; a table grows up to `max` entries.
 */
#ifndef DWU_HASH_H
#define DWU_HASH_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed but for value_size and max: empty. */
struct dwu_hash {
	uint32_t value_size;
	uint32_t max;
	uint32_t count;
	uint32_t size;	 /* slots, a power of two, or 0 */
	uint64_t *slots; /* stride words each: 1, key, value; 0: free */
	uint32_t stride;
};

/* Valid until the next key is put or dropped. NULL: it is not there. */
void *dwu_hash_find(const struct dwu_hash *table, const uint64_t *key);
/* 0; else it is full, or there is no memory. */
int dwu_hash_put(struct dwu_hash *table, const uint64_t *key,
		 const void *value);
void dwu_hash_drop(struct dwu_hash *table, const uint64_t *key);
/* The value in the slot of that number below `size`, and its key. NULL: it is
 * free. */
void *dwu_hash_at(const struct dwu_hash *table, uint32_t index, uint64_t *key);
uint64_t dwu_hash_bytes(const struct dwu_hash *table);
/* Empty again. */
void dwu_hash_clear(struct dwu_hash *table);

#endif
