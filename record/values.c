/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * values.c - what is counted of a stack in a process: now, and when it was last
 * written. A step has the differences.
 */
#include "record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct value {
	int64_t now;
	int64_t written;
	uint16_t field;
};

struct entry {
	uint32_t process;
	uint32_t stack;
	uint16_t count;
	uint16_t room;
	bool changed;
	struct value *values; /* in the order they came */
};

struct dwu_rec_values {
	struct entry *entries;
	uint32_t count;
	uint32_t room;
	uint32_t *slots; /* index in entries, plus 1; hashed, half free */
	uint32_t slot_count;
};

int dwu_rec_values_new(struct dwu_rec_values **values)
{
	*values = calloc(1, sizeof(**values));
	return *values ? 0 : -ENOMEM;
}

void dwu_rec_values_free(struct dwu_rec_values *values)
{
	if (!values)
		return;
	for (uint32_t i = 0; i < values->count; i++)
		free(values->entries[i].values);
	free(values->entries);
	free(values->slots);
	free(values);
}

static uint32_t *slot_of(const struct dwu_rec_values *values, uint32_t process,
			 uint32_t stack)
{
	uint64_t hash =
		((uint64_t)process << 32 | stack) * 0x9e3779b97f4a7c15ull;
	uint32_t at = (uint32_t)(hash >> 32);

	for (;; at++) {
		uint32_t *slot = &values->slots[at & (values->slot_count - 1)];
		const struct entry *entry =
			*slot ? &values->entries[*slot - 1] : NULL;

		if (!entry ||
		    (entry->process == process && entry->stack == stack))
			return slot;
	}
}

static bool make_room(struct dwu_rec_values *values)
{
	uint32_t room = values->room ? values->room * 2 : 128;
	struct entry *entries;
	uint32_t *slots;

	if (values->count < values->room)
		return true;
	entries = realloc(values->entries, room * sizeof(*entries));
	if (!entries)
		return false;
	values->entries = entries;
	slots = calloc(2 * (size_t)room, sizeof(*slots));
	if (!slots)
		return false;
	free(values->slots);
	values->slots = slots;
	values->slot_count = 2 * room;
	values->room = room;
	for (uint32_t i = 0; i < values->count; i++)
		*slot_of(values, entries[i].process, entries[i].stack) = i + 1;
	return true;
}

static struct entry *entry_of(struct dwu_rec_values *values, uint32_t process,
			      uint32_t stack)
{
	uint32_t *slot;

	if (!make_room(values))
		return NULL;
	slot = slot_of(values, process, stack);
	if (!*slot) {
		values->entries[values->count] =
			(struct entry){ .process = process, .stack = stack };
		*slot = ++values->count;
	}
	return &values->entries[*slot - 1];
}

static struct value *value_of(struct entry *entry, uint16_t field)
{
	struct value *more;

	for (uint16_t i = 0; i < entry->count; i++)
		if (entry->values[i].field == field)
			return &entry->values[i];
	if (entry->count == entry->room) {
		uint16_t room = (uint16_t)(entry->room ? entry->room * 2 : 8);

		more = realloc(entry->values, room * sizeof(*more));
		if (!more)
			return NULL;
		entry->values = more;
		entry->room = room;
	}
	entry->values[entry->count] = (struct value){ .field = field };
	return &entry->values[entry->count++];
}

bool dwu_rec_values_set(struct dwu_rec_values *values, uint32_t process,
			uint32_t stack, uint16_t field, int64_t amount,
			bool add)
{
	struct entry *entry = entry_of(values, process, stack);
	struct value *value = entry ? value_of(entry, field) : NULL;

	if (!value)
		return false;
	value->now = add ? (int64_t)((uint64_t)value->now + (uint64_t)amount) :
			   amount;
	entry->changed = true;
	return true;
}

void dwu_rec_values_clear_gauges(struct dwu_rec_values *values)
{
	for (uint32_t i = 0; i < values->count; i++) {
		struct entry *entry = &values->entries[i];

		for (uint16_t k = 0; k < entry->count; k++) {
			struct value *value = &entry->values[k];

			if (!value->now ||
			    !dwunw_recording_is_gauge(value->field))
				continue;
			value->now = 0;
			entry->changed = true;
		}
	}
}

/* --- a step ------------------------------------------------------------------------- */

static int by_field(const void *a, const void *b)
{
	const struct dwunw_recording_value *left = a, *right = b;

	return (left->field > right->field) - (left->field < right->field);
}

/* 0, also where nothing has changed after all: count is 0 then. */
static int take_changes(struct entry *entry, struct dwunw_recording_entry *into)
{
	struct dwunw_recording_value *changes =
		malloc((entry->count + 1u) * sizeof(*changes));

	if (!changes)
		return -ENOMEM;
	*into = (struct dwunw_recording_entry){ .process = entry->process,
						.stack = entry->stack,
						.values = changes };
	for (uint16_t i = 0; i < entry->count; i++) {
		struct value *value = &entry->values[i];

		if (value->now == value->written)
			continue;
		changes[into->count++] = (struct dwunw_recording_value){
			value->field, (int64_t)((uint64_t)value->now -
						(uint64_t)value->written)
		};
		value->written = value->now;
	}
	entry->changed = false;
	qsort(changes, into->count, sizeof(*changes), by_field);
	return 0;
}

static int by_stack(const void *a, const void *b)
{
	const struct dwunw_recording_entry *left = a, *right = b;

	if (left->stack != right->stack)
		return left->stack < right->stack ? -1 : 1;
	return (left->process > right->process) -
	       (left->process < right->process);
}

int dwu_rec_values_step(struct dwu_rec_values *values,
			struct dwunw_recording_step *step)
{
	struct dwunw_recording_entry *entries =
		calloc(values->count + 1u, sizeof(*entries));
	int error = entries ? 0 : -ENOMEM;

	step->entries = entries;
	step->count = 0;
	for (uint32_t i = 0; !error && i < values->count; i++) {
		struct dwunw_recording_entry *into = &entries[step->count];

		if (!values->entries[i].changed)
			continue;
		error = take_changes(&values->entries[i], into);
		if (into->count)
			step->count++;
		else
			free((void *)(uintptr_t)into->values);
	}
	if (!error)
		qsort(entries, step->count, sizeof(*entries), by_stack);
	return error;
}
