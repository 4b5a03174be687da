/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What the kernel walks by: its maps, and what a walk in user space puts there.
 *
 *	a walk's steps -> rows (walk_row.c) -> buckets of two, by a hash of the key
 *	a process's mappings -> a table (walk_spaces.c)
 *
 * For example, the step "file 3, 0x1136 - 1: (cfa, ra, rbp) = (rbp + 16, ..)"
 * becomes 32 bytes in bucket dwunw_walk_bucket_of(key); the next stack that
 * passes there is walked by the kernel, and no bytes of it are copied.
 *
 * The maps are mapped into this process and written while the kernel reads them
 * on other CPUs. A row checks itself (check = key ^ w1 ^ w2 ^ w3): one that is
 * half written is none, and the kernel asks for that step.
 */
#include "walk_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROWS 32768u
/* possible processors, of which /sys tells more exactly than is needed */
#define CPUS_MAX 1024

struct dwunw_rows {
	struct dwunw_walk_bucket *buckets; /* the kernel's */
	uint32_t log2;
	struct dwunw_walk_asked *asked; /* the kernel's */
	uint64_t *taken;		/* the kernel's */
	struct dwu_row_target target;
	struct dwu_walk_files *files;
	struct dwu_walk_spaces *spaces;
	int counters;
	uint32_t cpus;
	struct dwunw_rows_counts stats; /* the tool's part */
};

static uint32_t or_else(uint32_t value, uint32_t standard)
{
	return value ? value : standard;
}

/* Of buckets; 0: not a power of two. */
static uint32_t log2_of(const struct dwunw_rows_config *config)
{
	uint32_t rows = or_else(config->rows, ROWS), log2 = 0;

	if (rows < 4 || (rows & (rows - 1)))
		return 0;
	while (rows >> log2 > DWUNW_WALK_WAYS)
		log2++;
	return log2;
}

/*
 * As the kernel counts those that a per-CPU map has values for.
 *
 * Too many cost memory, too few would lose counts.
 */
static uint32_t possible_cpus(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	return cpus < 1 ? 1 : cpus > CPUS_MAX ? CPUS_MAX : (uint32_t)cpus;
}

/*
 * Before the object is loaded: sizes of maps cannot change behind that.
 * -ENOENT: it has no walk in it.
 */
int dwunw_rows_prepare(struct dwunw_loader *loader,
		       const struct dwunw_rows_config *config)
{
	struct dwunw_walk_options options = {
		.rows_log2 = log2_of(config),
		.hold_ms = config->hold_ms,
		.hold_from = config->hold_from,
		.by_thread = config->by_thread,
		.whole = config->whole,
		.user_regs = config->user_regs,
		.by_process = config->by_process,
	};
	uint32_t processes = or_else(config->processes, DWUNW_WALK_SPACES);

	if (!options.rows_log2)
		return -EINVAL;
	if (dwunw_loader_set_value(loader, DWUNW_WALK_OPTIONS_MAP, &options,
				   sizeof(options)) ||
	    dwunw_loader_set_entries(loader, "dwunw_walk_rows",
				     1u << options.rows_log2) ||
	    dwunw_loader_set_entries(loader, "dwunw_walk_spaces", processes) ||
	    dwunw_loader_set_entries(loader, "dwunw_walk_space_of",
				     processes) ||
	    dwunw_loader_set_entries(loader, "dwunw_walk_stacks",
				     or_else(config->stacks,
					     DWUNW_WALK_STACKS)) ||
	    dwunw_loader_set_entries(loader, "dwunw_walk_slots",
				     possible_cpus() * DWUNW_WALK_LEVELS))
		return -ENOENT;
	return 0;
}

/* BPF_F_MMAPABLE arrays: their values, page by page. */
static void *map_values(const struct dwunw_loader *loader, const char *name,
			size_t size)
{
	void *values = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			    dwunw_loader_map(loader, name), 0);

	return values == MAP_FAILED ? NULL : values;
}

static size_t bucket_bytes(const struct dwunw_rows *rows)
{
	return sizeof(*rows->buckets) << rows->log2;
}

static int open_maps(struct dwunw_rows *rows, struct dwunw_loader *loader,
		     struct dwunw_context *ctx, uint32_t processes)
{
	rows->buckets =
		map_values(loader, "dwunw_walk_rows", bucket_bytes(rows));
	if (!rows->buckets)
		return -errno;
	rows->asked = map_values(loader, "dwunw_walk_held",
				 DWUNW_WALK_HELD * sizeof(*rows->asked));
	if (!rows->asked)
		return -errno;
	rows->taken =
		map_values(loader, "dwunw_walk_taken", sizeof(*rows->taken));
	if (!rows->taken)
		return -errno;
	rows->counters = dwunw_loader_map(loader, "dwunw_walk_counters");
	rows->files = dwu_walk_files_new(ctx);
	if (!rows->files)
		return -ENOMEM;
	return dwu_walk_spaces_open(
		&rows->spaces, dwunw_loader_map(loader, "dwunw_walk_spaces"),
		dwunw_loader_map(loader, "dwunw_walk_space_of"), processes,
		ctx);
}

/* -ENOENT: this object walks nothing, and the tool goes on without rows. */
int dwunw_rows_open(struct dwunw_rows **result, struct dwunw_loader *loader,
		    struct dwunw_context *ctx,
		    const struct dwunw_rows_config *config)
{
	struct dwunw_rows *rows;
	int error;

	if (dwunw_loader_map(loader, "dwunw_walk_rows") < 0)
		return -ENOENT;
	rows = calloc(1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	rows->log2 = log2_of(config);
	rows->cpus = possible_cpus();
	error = open_maps(rows, loader, ctx,
			  or_else(config->processes, DWUNW_WALK_SPACES));
	if (error)
		dwunw_rows_close(rows);
	else
		*result = rows;
	return error;
}

int dwunw_rows_follow(struct dwunw_rows *rows, int32_t pid)
{
	return pid > 0 ? dwu_walk_space_follow(rows->spaces, pid) : -ESRCH;
}

void dwunw_rows_forget(struct dwunw_rows *rows, int32_t pid)
{
	dwu_walk_space_forget(rows->spaces, pid);
}

void dwunw_rows_taken(struct dwunw_rows *rows, uint64_t events)
{
	*(volatile uint64_t *)rows->taken = events;
}

/* --- rows ------------------------------------------------------------------ */

/* What was stored is key ^ w1 ^ w2 ^ w3, so the key comes out again. */
static uint64_t key_of(const struct dwunw_walk_row *row)
{
	return row->check ^ row->w1 ^ row->w2 ^ row->w3;
}

/* What a 0 means was learned by another stack. */
static void keep_zero(struct dwunw_walk_row *row,
		      const struct dwunw_walk_row *old, uint64_t key)
{
	uint64_t zero =
		(uint64_t)(DWUNW_WALK_ROW_ZERO_ROOT | DWUNW_WALK_ROW_ZERO_END)
		<< 40;

	if ((row->w1 & ~zero) != (old->w1 & ~zero) || row->w2 != old->w2 ||
	    row->w3 != old->w3)
		return;
	row->w1 |= old->w1 & zero;
	row->check = key ^ row->w1 ^ row->w2 ^ row->w3;
}

/*
 * The kernel may be reading: a row that is torn is none to it.
 *
 * check first and last: in between it is wrong for any key.
 */
static void store(struct dwunw_walk_row *to, const struct dwunw_walk_row *row)
{
	volatile struct dwunw_walk_row *at = to;

	at->check = ~at->check;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	at->w1 = row->w1;
	at->w2 = row->w2;
	at->w3 = row->w3;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	at->check = row->check;
}

static bool is_empty(const struct dwunw_walk_row *row)
{
	return !row->check && !row->w1 && !row->w2 && !row->w3;
}

/*
 * The newest stands first, the oldest goes.
 *
 * Full: all move on by a place, and the last is gone (evicted).
 */
static void put(struct dwunw_rows *rows, uint64_t key,
		struct dwunw_walk_row *row)
{
	struct dwunw_walk_row *at =
		rows->buckets[dwunw_walk_bucket_of(key, rows->log2)].rows;
	uint32_t way = 0;

	while (way < DWUNW_WALK_WAYS && !is_empty(&at[way]) &&
	       key_of(&at[way]) != key)
		way++;
	if (way < DWUNW_WALK_WAYS && !is_empty(&at[way]))
		keep_zero(row, &at[way], key);
	if (way == DWUNW_WALK_WAYS) {
		for (way--; way > 0; way--)
			store(&at[way], &at[way - 1]);
		rows->stats.evicted++;
	} else if (!memcmp(&at[way], row, sizeof(*row))) {
		return;
	}
	store(&at[way], row);
	rows->stats.rows++;
}

/* Who waits for that row need not wait any more. */
static void answer(struct dwunw_rows *rows, uint64_t key)
{
	struct dwunw_walk_asked *asked = &rows->asked[dwunw_walk_held_of(key)];

	if (asked->key == key)
		asked->time_ns = 0;
}

/* module 0 is code without a file: its mapping is told, not its rows. */
static void learn_step(struct dwunw_rows *rows, int32_t pid,
		       const struct dwunw_step *step)
{
	struct dwunw_walk_row row;
	uint64_t key;

	if (step->module == 0) {
		if (step->how == DWUNW_HOW_FP && step->kind != DWUNW_STEP_NONE)
			dwu_walk_space_made_code(rows->spaces, pid,
						 step->vaddr - !step->exact);
		return;
	}
	if (!dwu_row_of_step(&rows->target, step,
			     dwu_walk_file_number(rows->files, step->module),
			     &key, &row))
		return;
	rows->stats.asked += row.w3 >> 52 == DWUNW_WALK_ASK;
	put(rows, key, &row);
	answer(rows, key);
}

/* Mappings before rows: a row is of use only where its file is in the table. */
int dwunw_rows_learn(struct dwunw_rows *rows, int32_t pid,
		     const struct dwunw_step *steps, size_t count)
{
	int error = dwu_walk_space_read(rows->spaces, pid);

	if (error)
		return error;
	if (!rows->target.arch) {
		const struct dwunw_arch_ops *arch =
			dwu_walk_space_arch(rows->spaces, pid);

		if (!arch)
			return -ESRCH;
		dwu_row_target(arch, &rows->target);
	}
	for (size_t i = 0; i < count; i++)
		learn_step(rows, pid, &steps[i]);
	answer(rows, (uint64_t)pid);
	return dwu_walk_space_write(rows->spaces, pid, rows->files,
				    &rows->stats);
}

/* --- counts ------------------------------------------------------------------ */

/* Of all processors. */
static uint64_t counter(const struct dwunw_rows *rows, uint32_t index)
{
	uint64_t values[CPUS_MAX] = { 0 }, sum = 0;

	if (dwunw_bpf_map_get(rows->counters, &index, values))
		return 0;
	for (uint32_t i = 0; i < rows->cpus; i++)
		sum += values[i];
	return sum;
}

/* The tool's own counts and the kernel's, summed over all CPUs. */
int dwunw_rows_stats(const struct dwunw_rows *rows,
		     struct dwunw_rows_counts *stats)
{
	if (!rows || !stats)
		return -EINVAL;
	*stats = rows->stats;
	stats->calls = counter(rows, DWUNW_WALK_COUNT_CALLS);
	stats->counted = counter(rows, DWUNW_WALK_COUNT_KNOWN);
	stats->fresh = counter(rows, DWUNW_WALK_COUNT_NEW);
	stats->rest = counter(rows, DWUNW_WALK_COUNT_REST);
	stats->copies = counter(rows, DWUNW_WALK_COUNT_COPIES);
	stats->held = counter(rows, DWUNW_WALK_COUNT_HELD);
	stats->drops = counter(rows, DWUNW_WALK_COUNT_DROPS);
	stats->frames = counter(rows, DWUNW_WALK_COUNT_FRAMES);
	stats->slow = counter(rows, DWUNW_WALK_COUNT_SLOW);
	stats->stacks_full = counter(rows, DWUNW_WALK_COUNT_STACKS_FULL);
	for (uint32_t i = 0; i < DWUNW_WALK_CAUSES; i++)
		stats->causes[i] = counter(rows, DWUNW_WALK_COUNT_CAUSE + i);
	return 0;
}

/* Also of what dwunw_rows_open() has left half done. */
void dwunw_rows_close(struct dwunw_rows *rows)
{
	if (!rows)
		return;
	dwu_walk_spaces_close(rows->spaces);
	dwu_walk_files_free(rows->files);
	if (rows->buckets)
		munmap(rows->buckets, bucket_bytes(rows));
	if (rows->asked)
		munmap(rows->asked, DWUNW_WALK_HELD * sizeof(*rows->asked));
	if (rows->taken)
		munmap(rows->taken, sizeof(*rows->taken));
	free(rows);
}
