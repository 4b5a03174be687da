/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * values.c - the numbers of entries: sums, histograms, points in time; totals and
 * order.
 */
#include "store.h"

#include <stdlib.h>
#include <string.h>

static const char *const value_names[DWUNW_REPORT_VALUE_END] = {
	[DWUNW_REPORT_LIVE_BLOCKS] = "live_blocks",
	[DWUNW_REPORT_LIVE_BYTES] = "live_bytes",
	[DWUNW_REPORT_ALLOCATIONS] = "allocations",
	[DWUNW_REPORT_ALLOCATED_BYTES] = "allocated_bytes",
	[DWUNW_REPORT_FREES] = "frees",
	[DWUNW_REPORT_FREED_BYTES] = "freed_bytes",
	[DWUNW_REPORT_TEMPORARY] = "temporary",
	[DWUNW_REPORT_TEMPORARY_BYTES] = "temporary_bytes",
	[DWUNW_REPORT_SAMPLES] = "samples",
	[DWUNW_REPORT_EVENT] = "event",
};

const char *dwunw_report_value_name(uint32_t value)
{
	return value < DWUNW_REPORT_VALUE_END ? value_names[value] : "?";
}

static const char *const count_names[DWUNW_REPORT_COUNT_END] = {
	[DWUNW_REPORT_COUNT_ALLOCATIONS] = "allocations",
	[DWUNW_REPORT_COUNT_STACKS] = "stacks_sent",
	[DWUNW_REPORT_COUNT_OVER_BUDGET] = "over_budget",
	[DWUNW_REPORT_COUNT_NO_SLOT] = "no_slot",
	[DWUNW_REPORT_COUNT_NO_ROOM] = "buffer_full",
	[DWUNW_REPORT_COUNT_LIVE_FULL] = "live_full",
	[DWUNW_REPORT_COUNT_CALLS_FULL] = "calls_full",
	[DWUNW_REPORT_COUNT_LATE_PROGRAMS] = "late_programs",
	[DWUNW_REPORT_COUNT_LATE_NS] = "late_ns",
	[DWUNW_REPORT_COUNT_SHORTAGES] = "shortages",
	[DWUNW_REPORT_COUNT_SHORTAGE_ERRNO] = "shortage_errno",
	[DWUNW_REPORT_COUNT_DIFFERENT] = "different",
	[DWUNW_REPORT_COUNT_WHOLE] = "whole",
	[DWUNW_REPORT_COUNT_SHORT] = "short",
	[DWUNW_REPORT_COUNT_DAMAGED] = "damaged",
	[DWUNW_REPORT_COUNT_COUNTED] = "stacks_counted",
};

const char *dwunw_report_count_name(uint32_t count)
{
	return count < DWUNW_REPORT_COUNT_END ? count_names[count] : "?";
}

void dwunw_report_add_value(struct dwunw_report *report, uint32_t entry,
			    uint32_t value, int64_t amount)
{
	if (entry < report->entry_count && value < DWUNW_REPORT_VALUE_END)
		report->entries[entry].values[value] += amount;
}

static uint8_t bits_of(uint64_t value)
{
	uint8_t bits = 0;

	for (; value; value >>= 1)
		bits++;
	return bits;
}

/* The bucket of so many bits, made at its place if it is new. */
static struct dwunw_report_bucket *
bucket_of(struct dwunw_report *report, struct dwunw_report_histogram *histogram,
	  uint8_t bits)
{
	uint32_t at = 0;

	while (at < histogram->count && histogram->at[at].bits < bits)
		at++;
	if (at < histogram->count && histogram->at[at].bits == bits)
		return &histogram->at[at];
	if (dwu_append(report, &histogram->at, &histogram->count,
		       sizeof(*histogram->at)) == DWUNW_REPORT_NONE)
		return NULL;
	memmove(&histogram->at[at + 1], &histogram->at[at],
		(histogram->count - 1 - at) * sizeof(*histogram->at));
	histogram->at[at] = (struct dwunw_report_bucket){ .bits = bits };
	return &histogram->at[at];
}

void dwu_add_bucket(struct dwunw_report *report, uint32_t entry, uint32_t kind,
		    const struct dwunw_report_bucket *bucket)
{
	struct dwunw_report_bucket *own = bucket_of(
		report, &report->entries[entry].histograms[kind], bucket->bits);

	if (!own)
		return;
	own->blocks += bucket->blocks;
	own->bytes += bucket->bytes;
}

void dwunw_report_add_histogram(struct dwunw_report *report, uint32_t entry,
				uint32_t kind, uint64_t value, int64_t blocks,
				int64_t bytes)
{
	struct dwunw_report_bucket bucket = { .bits = bits_of(value),
					      .blocks = blocks,
					      .bytes = bytes };

	if (entry < report->entry_count && kind < DWUNW_REPORT_HISTOGRAM_END)
		dwu_add_bucket(report, entry, kind, &bucket);
}

void dwunw_report_add_block(struct dwunw_report *report, uint32_t entry,
			    uint64_t addr, uint64_t size)
{
	struct dwunw_report_entry *own;
	uint32_t at;

	if (entry >= report->entry_count)
		return;
	own = &report->entries[entry];
	at = dwu_append(report, &own->blocks, &own->block_count,
			sizeof(*own->blocks));
	if (at != DWUNW_REPORT_NONE)
		own->blocks[at] = (struct dwunw_report_block){ addr, size };
}

uint32_t dwunw_report_add_point(struct dwunw_report *report, uint64_t time_ns)
{
	uint32_t at = dwu_append(report, &report->points, &report->point_count,
				 sizeof(*report->points));

	if (at != DWUNW_REPORT_NONE)
		report->points[at].time_ns = time_ns;
	return at;
}

void dwunw_report_add_then(struct dwunw_report *report, uint32_t entry,
			   uint32_t point, int64_t live_blocks,
			   int64_t live_bytes)
{
	struct dwunw_report_entry *own;
	uint32_t at;

	if (entry >= report->entry_count || point >= report->point_count)
		return;
	own = &report->entries[entry];
	if (own->then_count) {
		const struct dwunw_report_then *last =
			&own->thens[own->then_count - 1];

		if (last->live_blocks == live_blocks &&
		    last->live_bytes == live_bytes)
			return;
	}
	at = dwu_append(report, &own->thens, &own->then_count,
			sizeof(*own->thens));
	if (at != DWUNW_REPORT_NONE)
		own->thens[at] = (struct dwunw_report_then){
			.point = point,
			.live_blocks = live_blocks,
			.live_bytes = live_bytes,
		};
}

/* --- the next report ---------------------------------------------------------- */

void dwunw_report_clear(struct dwunw_report *report)
{
	for (uint32_t i = 0; i < report->entry_count; i++) {
		struct dwunw_report_entry *entry = &report->entries[i];

		for (uint32_t k = 0; k < DWUNW_REPORT_HISTOGRAM_END; k++) {
			free(entry->histograms[k].at);
			entry->histograms[k].at = NULL;
			entry->histograms[k].count = 0;
		}
		free(entry->blocks);
		entry->blocks = NULL;
		entry->block_count = 0;
		entry->pid = entry->processes = 0;
		entry->program = "";
		memset(entry->values, 0, sizeof(entry->values));
	}
	report->process_count = report->mapping_count = 0;
	memset(report->apart, 0, sizeof(report->apart));
	memset(report->counts, 0, sizeof(report->counts));
}

/* Of two points that become one an entry keeps what it had at the second. */
static void thin_entry(struct dwunw_report_entry *entry)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < entry->then_count; i++) {
		struct dwunw_report_then then = entry->thens[i];

		then.point = (then.point + 1) / 2;
		if (kept && entry->thens[kept - 1].point == then.point)
			kept--;
		entry->thens[kept++] = then;
	}
	entry->then_count = kept;
}

void dwunw_report_thin(struct dwunw_report *report)
{
	uint32_t kept = 0;

	/* an odd last one would have no second to become */
	if (report->point_count < 3)
		return;
	for (uint32_t i = 0; i < report->point_count; i += 2)
		report->points[kept++] = report->points[i];
	if (report->point_count % 2 == 0)
		report->points[kept++] =
			report->points[report->point_count - 1];
	for (uint32_t i = 0; i < report->entry_count; i++)
		thin_entry(&report->entries[i]);
	report->point_count = kept;
}

/* --- totals and order --------------------------------------------------------- */

bool dwu_entry_is_shown(const struct dwunw_report *report,
			const struct dwunw_report_entry *entry)
{
	return !report->stacks[entry->stack].of_thread;
}

int64_t dwunw_report_total(const struct dwunw_report *report, uint32_t value)
{
	int64_t total = 0;

	if (value >= DWUNW_REPORT_VALUE_END)
		return 0;
	total = report->apart[DWUNW_REPORT_UNKNOWN][value] +
		report->apart[DWUNW_REPORT_UNKEPT][value];
	for (uint32_t i = 0; i < report->entry_count; i++)
		if (dwu_entry_is_shown(report, &report->entries[i]))
			total += report->entries[i].values[value];
	return total;
}

/* An entry, where it stood and what it is sorted by. */
struct ranked {
	int64_t by;
	uint64_t id;
	uint32_t at;
};

/* Equal ones by their stacks' ids, so that a report is the same each time. */
static int most_first(const void *a, const void *b)
{
	const struct ranked *left = a, *right = b;

	if (left->by != right->by)
		return left->by < right->by ? 1 : -1;
	if (left->id != right->id)
		return left->id < right->id ? -1 : 1;
	return (left->at > right->at) - (left->at < right->at);
}

static bool is_zero(const struct dwunw_report_entry *entry)
{
	for (uint32_t i = 0; i < DWUNW_REPORT_VALUE_END; i++)
		if (entry->values[i])
			return false;
	return true;
}

/* Entries by their new places. */
static void place_entries(struct dwunw_report *report,
			  const struct ranked *ranked, uint32_t count,
			  struct dwunw_report_entry *entries)
{
	for (uint32_t i = 0; i < count; i++)
		entries[i] = report->entries[ranked[i].at];
	free(report->entries);
	report->entries = entries;
	report->entry_count = count;
	dwu_index_entries(report);
}

/* As dwu_append() has it: for so many, the power of two above. */
static size_t room_for(uint32_t count)
{
	size_t room = 1;

	while (room <= count)
		room *= 2;
	return room;
}

void dwunw_report_sort(struct dwunw_report *report, uint32_t value)
{
	struct dwunw_report_entry *entries;
	struct ranked *ranked;
	uint32_t count = 0;

	if (!report->entry_count || value >= DWUNW_REPORT_VALUE_END)
		return;
	ranked = malloc(report->entry_count * sizeof(*ranked));
	entries = malloc(room_for(report->entry_count) * sizeof(*entries));
	if (!ranked || !entries) {
		report->failed = true;
		free(ranked);
		free(entries);
		return;
	}
	for (uint32_t i = 0; i < report->entry_count; i++) {
		const struct dwunw_report_entry *entry = &report->entries[i];

		if (is_zero(entry))
			dwu_free_entry(entry);
		else
			ranked[count++] = (struct ranked){
				entry->values[value],
				report->stacks[entry->stack].id, i
			};
	}
	qsort(ranked, count, sizeof(*ranked), most_first);
	place_entries(report, ranked, count, entries);
	free(ranked);
}
