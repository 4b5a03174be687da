/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t *slot_at(const struct dwu_hash *table, uint32_t index)
{
	return table->slots +
	       (size_t)(index & (table->size - 1)) * table->stride;
}

static uint32_t home(const struct dwu_hash *table, uint64_t key)
{
	return (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32) &
	       (table->size - 1);
}

/* The key's slot, or the free one where it belongs. */
static uint32_t find_slot(const struct dwu_hash *table, uint64_t key)
{
	uint32_t at = home(table, key);

	while (slot_at(table, at)[0] && slot_at(table, at)[1] != key)
		at++;
	return at & (table->size - 1);
}

void *dwu_hash_find(const struct dwu_hash *table, const uint64_t *key)
{
	uint64_t *slot;

	if (!table->size)
		return NULL;
	slot = slot_at(table, find_slot(table, *key));
	return slot[0] ? slot + 2 : NULL;
}

static bool grow(struct dwu_hash *table)
{
	struct dwu_hash larger = *table;

	larger.stride = (uint32_t)(2 + (table->value_size + 7) / 8);
	larger.size = table->size ? 2 * table->size : 64;
	larger.slots = calloc(larger.size, larger.stride * sizeof(uint64_t));
	if (!larger.slots)
		return false;
	for (uint32_t i = 0; i < table->size; i++) {
		uint64_t *slot = slot_at(table, i);

		if (slot[0])
			memcpy(slot_at(&larger, find_slot(&larger, slot[1])),
			       slot, table->stride * sizeof(uint64_t));
	}
	free(table->slots);
	*table = larger;
	return true;
}

int dwu_hash_put(struct dwu_hash *table, const uint64_t *key, const void *value)
{
	uint64_t *slot;

	if (!dwu_hash_find(table, key)) {
		if (table->count == table->max ||
		    (table->count >= table->size / 2 && !grow(table)))
			return -ENOSPC;
		table->count++;
	}
	slot = slot_at(table, find_slot(table, *key));
	slot[0] = 1;
	slot[1] = *key;
	memcpy(slot + 2, value, table->value_size);
	return 0;
}

/* What stood behind it because of it moves up. */
void dwu_hash_drop(struct dwu_hash *table, const uint64_t *key)
{
	uint32_t hole, at, mask = table->size - 1;

	if (!dwu_hash_find(table, key))
		return;
	hole = find_slot(table, *key);
	for (at = (hole + 1) & mask; slot_at(table, at)[0];
	     at = (at + 1) & mask) {
		uint32_t wanted = home(table, slot_at(table, at)[1]);

		if (((at - wanted) & mask) < ((at - hole) & mask))
			continue;
		memcpy(slot_at(table, hole), slot_at(table, at),
		       table->stride * sizeof(uint64_t));
		hole = at;
	}
	slot_at(table, hole)[0] = 0;
	table->count--;
}

void *dwu_hash_at(const struct dwu_hash *table, uint32_t index, uint64_t *key)
{
	uint64_t *slot = slot_at(table, index);

	*key = slot[1];
	return slot[0] ? slot + 2 : NULL;
}

uint64_t dwu_hash_bytes(const struct dwu_hash *table)
{
	return (uint64_t)table->size * table->stride * sizeof(uint64_t);
}

void dwu_hash_clear(struct dwu_hash *table)
{
	free(table->slots);
	table->slots = NULL;
	table->size = table->count = 0;
}
