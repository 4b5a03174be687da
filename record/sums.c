/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * sums.c - the entries of one stack in one process -> their sum. An entry has a few
 * of the 448 fields; a sum looks at the fields that its entries have and at no
 * other.
 */
#include "record.h"

void dwu_rec_sums_add(struct dwu_rec_sums *sums,
		      const struct dwunw_recording_entry *entry)
{
	for (uint32_t i = 0; i < entry->count; i++) {
		uint32_t field = entry->values[i].field;
		uint64_t bit = 1ull << (field % 64);

		if (!(sums->there[field / 64] & bit))
			sums->amounts[field] = 0;
		sums->there[field / 64] |= bit;
		sums->amounts[field] += (uint64_t)entry->values[i].amount;
	}
}

/* The field of the lowest bit that is set at or above `field`. */
static uint32_t next_field(const struct dwu_rec_sums *sums, uint32_t field)
{
	while (field < DWUNW_RECORDING_FIELDS) {
		uint64_t rest = sums->there[field / 64] >> (field % 64);

		if (rest)
			return field + (uint32_t)__builtin_ctzll(rest);
		field = (field / 64 + 1) * 64;
	}
	return field;
}

uint32_t dwu_rec_sums_take(const struct dwu_rec_sums *sums,
			   struct dwunw_recording_value *values)
{
	uint32_t count = 0;

	for (uint32_t field = next_field(sums, 0);
	     field < DWUNW_RECORDING_FIELDS;
	     field = next_field(sums, field + 1)) {
		if (!sums->amounts[field])
			continue;
		if (values)
			values[count] = (struct dwunw_recording_value){
				(uint16_t)field, (int64_t)sums->amounts[field]
			};
		count++;
	}
	return count;
}

int dwu_rec_by_stack(const void *a, const void *b)
{
	const struct dwunw_recording_entry *const *left = a, *const *right = b;

	if ((*left)->stack != (*right)->stack)
		return (*left)->stack < (*right)->stack ? -1 : 1;
	return ((*left)->process > (*right)->process) -
	       ((*left)->process < (*right)->process);
}
