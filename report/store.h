/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * report/store.h - what a model needs beside its arrays: bytes that live as long
 * as it does, and tables that find what is there already.
 *
 *   store.c	 those
 *   model.c	 files, processes, frames, stacks, entries
 *   values.c	 their numbers; totals, order
 *   sum.c	 several models -> their sum or difference
 *   suppress.c	 entries that are known, and not shown
 *   write.c	 the format by its number; the others are a format each
 */
#ifndef DWU_REPORT_STORE_H
#define DWU_REPORT_STORE_H

#include <dwunw/report.h>

/* Hash table of indices; slots of 2^n, half of them free. */
struct dwu_slot {
	uint32_t hash;
	uint32_t index; /* 1 + it; 0: free */
};
struct dwu_table {
	struct dwu_slot *slots;
	uint32_t size;
	uint32_t count;
};

struct dwu_chunk {
	struct dwu_chunk *next;
	size_t used;
	size_t size;
};

struct dwunw_report_store {
	struct dwu_chunk *chunks;
	struct dwu_table texts;
	const char **text_at;
	uint32_t text_count;
	struct dwu_table files;
	struct dwu_table frames;
	struct dwu_table stacks;
	struct dwu_table entries;
};

/* Made when it is first asked for; NULL: no memory. */
struct dwunw_report_store *dwu_store(struct dwunw_report *report);

/* A copy of `size` bytes (NULL: zeros), aligned to 8, until the model goes. NULL:
 * no memory. */
void *dwu_keep(struct dwunw_report *report, const void *bytes, size_t size);

static inline uint64_t dwu_hash_step(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

/*
 * The slot of what same() says is the wanted one, or a free one. NULL: no
 * memory. Whoever fills a free one sets its hash and index and counts it.
 */
struct dwu_slot *dwu_table_find(struct dwunw_report *report,
				struct dwu_table *table, uint64_t hash,
				bool (*same)(const struct dwunw_report *report,
					     uint32_t index,
					     const void *wanted),
				const void *wanted);
/* Takes a free slot. */
void dwu_table_put(struct dwu_table *table, struct dwu_slot *slot,
		   uint64_t hash, uint32_t index);

/*
 * A zeroed item at the end of an array: its room doubles when the count is a
 * power of two, so the count says it. NONE: no memory, and the model has failed.
 */
uint32_t dwu_append(struct dwunw_report *report, void *array, uint32_t *count,
		    size_t item);

/* As dwunw_report_text(): its number among all texts. NONE: no memory. */
uint32_t dwu_text_index(struct dwunw_report *report, const char *text);
/* What a histogram has, from another model's. */
void dwu_add_bucket(struct dwunw_report *report, uint32_t entry, uint32_t kind,
		    const struct dwunw_report_bucket *bucket);
/* Is it in every format, and not in JSON alone? */
bool dwu_entry_is_shown(const struct dwunw_report *report,
			const struct dwunw_report_entry *entry);
/* Finds entries by where they are now. */
void dwu_index_entries(struct dwunw_report *report);
/* What it alone has. */
void dwu_free_entry(const struct dwunw_report_entry *entry);

#endif
