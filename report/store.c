/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "store.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK ((size_t)65536)

struct dwunw_report_store *dwu_store(struct dwunw_report *report)
{
	if (!report->store)
		report->store = calloc(1, sizeof(*report->store));
	if (!report->store)
		report->failed = true;
	return report->store;
}

static struct dwu_chunk *new_chunk(struct dwunw_report *report, size_t size)
{
	struct dwunw_report_store *store = dwu_store(report);
	size_t room = size > CHUNK ? size : CHUNK;
	struct dwu_chunk *chunk = store ? malloc(sizeof(*chunk) + room) : NULL;

	if (!chunk) {
		report->failed = true;
		return NULL;
	}
	*chunk = (struct dwu_chunk){ store->chunks, 0, room };
	store->chunks = chunk;
	return chunk;
}

void *dwu_keep(struct dwunw_report *report, const void *bytes, size_t size)
{
	struct dwu_chunk *chunk = report->store ? report->store->chunks : NULL;
	size_t aligned = (size + 7) & ~(size_t)7;
	uint8_t *place;

	if (!chunk || chunk->size - chunk->used < aligned)
		chunk = new_chunk(report, aligned);
	if (!chunk)
		return NULL;
	place = (uint8_t *)(chunk + 1) + chunk->used;
	chunk->used += aligned;
	if (bytes && size)
		memcpy(place, bytes, size);
	else
		memset(place, 0, size);
	return place;
}

static bool grow_table(struct dwunw_report *report, struct dwu_table *table)
{
	uint32_t size = table->size ? table->size * 2 : 64;
	struct dwu_slot *slots = calloc(size, sizeof(*slots));

	if (!slots) {
		report->failed = true;
		return false;
	}
	for (uint32_t i = 0; i < table->size; i++) {
		uint32_t at = table->slots[i].hash;

		if (!table->slots[i].index)
			continue;
		while (slots[at & (size - 1)].index)
			at++;
		slots[at & (size - 1)] = table->slots[i];
	}
	free(table->slots);
	table->slots = slots;
	table->size = size;
	return true;
}

struct dwu_slot *dwu_table_find(struct dwunw_report *report,
				struct dwu_table *table, uint64_t hash,
				bool (*same)(const struct dwunw_report *report,
					     uint32_t index,
					     const void *wanted),
				const void *wanted)
{
	uint32_t at = (uint32_t)hash;

	if (table->count >= table->size / 2 && !grow_table(report, table))
		return NULL;
	for (;; at++) {
		struct dwu_slot *slot = &table->slots[at & (table->size - 1)];

		if (!slot->index || (slot->hash == (uint32_t)hash &&
				     same(report, slot->index - 1, wanted)))
			return slot;
	}
}

void dwu_table_put(struct dwu_table *table, struct dwu_slot *slot,
		   uint64_t hash, uint32_t index)
{
	*slot = (struct dwu_slot){ (uint32_t)hash, index + 1 };
	table->count++;
}

uint32_t dwu_append(struct dwunw_report *report, void *array, uint32_t *count,
		    size_t item)
{
	uint8_t *items, *old;

	memcpy(&old, array, sizeof(old));
	items = old;
	if (!(*count & (*count - 1)))
		items = realloc(old, (*count ? 2 * (size_t)*count : 1) * item);
	if (!items || *count >= UINT32_MAX / 4) {
		report->failed = true;
		return DWUNW_REPORT_NONE;
	}
	memcpy(array, &items, sizeof(items));
	memset(items + *count * item, 0, item);
	return (*count)++;
}

void dwu_free_entry(const struct dwunw_report_entry *entry)
{
	for (uint32_t i = 0; i < DWUNW_REPORT_HISTOGRAM_END; i++)
		free(entry->histograms[i].at);
	free(entry->blocks);
	free(entry->thens);
}

static void free_store(struct dwunw_report_store *store)
{
	struct dwu_chunk *chunk = store ? store->chunks : NULL;

	while (chunk) {
		struct dwu_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	if (!store)
		return;
	free(store->texts.slots);
	free(store->files.slots);
	free(store->frames.slots);
	free(store->stacks.slots);
	free(store->entries.slots);
	free(store->text_at);
	free(store);
}

void dwunw_report_free(struct dwunw_report *report)
{
	for (uint32_t i = 0; i < report->entry_count; i++)
		dwu_free_entry(&report->entries[i]);
	free(report->files);
	free(report->processes);
	free(report->mappings);
	free(report->labels);
	free(report->frames);
	free(report->stacks);
	free(report->entries);
	free(report->points);
	free_store(report->store);
	*report = (struct dwunw_report){ 0 };
}
