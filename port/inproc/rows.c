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

_Static_assert(sizeof(struct dwu_row) == sizeof(uintptr_t[DWU_ROW_WORDS]),
	       "an entry has room for a row");

struct dwu_row_entry *dwu_row_entries;

bool dwu_rows_open(void)
{
	if (!dwu_row_entries)
		dwu_row_entries =
			dwu_inproc_pages(ROWS * sizeof(*dwu_row_entries));
	return dwu_row_entries;
}

static void write(struct dwu_row_entry *entry, uint64_t key,
		  const uintptr_t words[DWU_ROW_WORDS])
{
	uintptr_t check[2];

	dwu_row_check(key, words, check);
	for (size_t i = 0; i < 2; i++)
		__atomic_store_n(&entry->check[i], check[i], __ATOMIC_RELAXED);
	for (size_t i = 0; i < DWU_ROW_WORDS; i++)
		__atomic_store_n(&entry->words[i], words[i], __ATOMIC_RELAXED);
}

void dwu_rows_put(uint64_t key, const struct dwu_row *row)
{
	uintptr_t words[DWU_ROW_WORDS];

	memcpy(words, row, sizeof(words));
	write(dwu_row_entry(key), key, words);
}

static bool is_used(const struct dwu_row_entry *entry)
{
	return __atomic_load_n(&entry->check[0], __ATOMIC_RELAXED) ||
	       __atomic_load_n(&entry->check[1], __ATOMIC_RELAXED);
}

/* Key 0 is no frame's. */
void dwu_rows_flush(void)
{
	const uintptr_t none[DWU_ROW_WORDS] = { 0 };

	for (uint32_t i = 0; i < ROWS; i++)
		if (is_used(&dwu_row_entries[i]))
			write(&dwu_row_entries[i], 0, none);
}
