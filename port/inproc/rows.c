/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * How frames are left, by return address and evidence: (pc, how) -> row. All
 * threads share it; who reads takes no lock.
 *
 * An entry is four words. Its check is the xor of its key with the others, so one
 * that is read while it is written is a miss, as in the kernel (SPEC.md 5). For
 * example, key k and words a, b: (k ^ a ^ b, a, b, 0).
 */
#include "inproc.h"

#include <string.h>

#define ROWS_LOG2 15
#define ROWS (1u << ROWS_LOG2)

struct entry {
	uint64_t check;
	uint64_t words[3];
};
union packed {
	struct dwu_row row;
	uint64_t words[3];
};
_Static_assert(sizeof(struct dwu_row) <= sizeof(uint64_t[3]), "an entry");

static struct entry *entries;

bool dwu_rows_open(void)
{
	entries = dwu_inproc_pages(ROWS * sizeof(*entries));
	return entries;
}

/* Knuth 6.4: multiplicative hashing */
static struct entry *entry_of(uint64_t key)
{
	return &entries[key * 0x9e3779b97f4a7c15ull >> (64 - ROWS_LOG2)];
}

bool dwu_rows_get(uint64_t key, struct dwu_row *row)
{
	const struct entry *entry = entry_of(key);
	union packed packed;
	uint64_t check = __atomic_load_n(&entry->check, __ATOMIC_RELAXED);

	for (int i = 0; i < 3; i++) {
		packed.words[i] =
			__atomic_load_n(&entry->words[i], __ATOMIC_RELAXED);
		check ^= packed.words[i];
	}
	*row = packed.row;
	return check == key;
}

static void write(struct entry *entry, uint64_t check,
		  const union packed *packed)
{
	__atomic_store_n(&entry->check, check, __ATOMIC_RELAXED);
	for (int i = 0; i < 3; i++)
		__atomic_store_n(&entry->words[i], packed->words[i],
				 __ATOMIC_RELAXED);
}

void dwu_rows_put(uint64_t key, const struct dwu_row *row)
{
	union packed packed = { .words = { 0 } };
	uint64_t check = key;

	memcpy(&packed.row, row, sizeof(*row));
	for (int i = 0; i < 3; i++)
		check ^= packed.words[i];
	write(entry_of(key), check, &packed);
}

/* Key 0 is no frame's. */
void dwu_rows_flush(void)
{
	const union packed none = { .words = { 0 } };

	for (uint32_t i = 0; i < ROWS; i++)
		if (__atomic_load_n(&entries[i].check, __ATOMIC_RELAXED))
			write(&entries[i], 0, &none);
}
