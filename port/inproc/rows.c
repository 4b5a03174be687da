/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * How frames are left, by return address and evidence: (pc, how) -> row. All
 * threads share it; who reads takes no lock (dwu_rows_get()).
 *
 * An entry has the xor of its key and its words. For example, key k and words a, b:
 * (k ^ a ^ b, a, b).
 */
#include "inproc.h"

#include <string.h>

#define ROWS (1u << DWU_ROWS_LOG2)

_Static_assert(sizeof(struct dwu_row) == sizeof(uint64_t[2]), "an entry");

struct dwu_row_entry *dwu_row_entries;

bool dwu_rows_open(void)
{
	dwu_row_entries = dwu_inproc_pages(ROWS * sizeof(*dwu_row_entries));
	return dwu_row_entries;
}

static void write(struct dwu_row_entry *entry, uint64_t key,
		  const uint64_t words[2])
{
	__atomic_store_n(&entry->check, key ^ words[0] ^ words[1],
			 __ATOMIC_RELAXED);
	__atomic_store_n(&entry->words[0], words[0], __ATOMIC_RELAXED);
	__atomic_store_n(&entry->words[1], words[1], __ATOMIC_RELAXED);
}

void dwu_rows_put(uint64_t key, const struct dwu_row *row)
{
	uint64_t words[2];

	memcpy(words, row, sizeof(words));
	write(dwu_row_entry(key), key, words);
}

/* Key 0 is no frame's. */
void dwu_rows_flush(void)
{
	const uint64_t none[2] = { 0 };

	for (uint32_t i = 0; i < ROWS; i++)
		if (__atomic_load_n(&dwu_row_entries[i].check,
				    __ATOMIC_RELAXED))
			write(&dwu_row_entries[i], 0, none);
}
