/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The mappings of processes, as the kernel's walk looks them up. A table is
 * written beside the one in use, then exchanged for it.
 *
 *   follow   the kernel counts changes from now on
 *   read     count, then mappings: what changes later has a higher number
 *   write    table with that count, if anything is different
 */
#include "walk_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Pieces of code without a file that are known to have frame pointers. */
#define MADE_MAX 32u

struct followed {
	int32_t pid; /* 0: none */
	struct dwunw_process *process;
	uint64_t changes; /* when its mappings were read last */
	bool read;
	uint32_t made_count;
	uint64_t made[MADE_MAX]; /* starts of their mappings */
};

struct dwu_walk_spaces {
	struct dwunw_context *ctx;
	struct dwunw_walk_space *values; /* the kernel's */
	struct followed *followed;	 /* by the same index */
	struct dwunw_walk_table table;	 /* as it is to be */
	uint32_t count;
	int by_pid;
};

/* `values` is mapped: a table is written without a system call. */
int dwu_walk_spaces_open(struct dwu_walk_spaces **result, int values,
			 int by_pid, uint32_t count, struct dwunw_context *ctx)
{
	struct dwu_walk_spaces *spaces = calloc(1, sizeof(*spaces));
	int error = ENOMEM;

	if (!spaces)
		return -ENOMEM;
	*spaces = (struct dwu_walk_spaces){ .ctx = ctx,
					    .count = count,
					    .by_pid = by_pid };
	spaces->followed = calloc(count, sizeof(*spaces->followed));
	if (spaces->followed) {
		void *map = mmap(NULL, count * sizeof(*spaces->values),
				 PROT_READ | PROT_WRITE, MAP_SHARED, values, 0);

		error = errno;
		spaces->values = map == MAP_FAILED ? NULL : map;
	}
	if (spaces->values) {
		*result = spaces;
		return 0;
	}
	dwu_walk_spaces_close(spaces);
	return -error;
}

void dwu_walk_spaces_close(struct dwu_walk_spaces *spaces)
{
	if (!spaces)
		return;
	for (uint32_t i = 0; spaces->followed && i < spaces->count; i++)
		if (spaces->followed[i].process)
			dwunw_process_close(spaces->followed[i].process);
	if (spaces->values)
		munmap(spaces->values, spaces->count * sizeof(*spaces->values));
	free(spaces->followed);
	free(spaces);
}

/* pid 0 finds a free place. */
static struct followed *find(struct dwu_walk_spaces *spaces, int32_t pid)
{
	for (uint32_t i = 0; i < spaces->count; i++)
		if (spaces->followed[i].pid == pid)
			return &spaces->followed[i];
	return NULL;
}

/* The kernel's part has the same index. */
static struct dwunw_walk_space *value_of(struct dwu_walk_spaces *spaces,
					 const struct followed *followed)
{
	return &spaces->values[followed - spaces->followed];
}

/* An odd version is a table that nobody may use. */
static void open_table(struct dwunw_walk_table *table)
{
	__atomic_store_n(&table->version, table->version | 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void close_table(struct dwunw_walk_table *table)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&table->version, table->version + 1, __ATOMIC_RELEASE);
}

/*
 * Both tables are made unusable first: the place may have been another
 * process's.
 */
int dwu_walk_space_follow(struct dwu_walk_spaces *spaces, int32_t pid)
{
	struct followed *free_one;
	uint32_t index;

	if (find(spaces, pid))
		return -EEXIST;
	free_one = find(spaces, 0);
	if (!free_one)
		return -ENOSPC;
	*free_one = (struct followed){ .pid = pid };
	open_table(&value_of(spaces, free_one)->tables[0]);
	open_table(&value_of(spaces, free_one)->tables[1]);
	index = (uint32_t)(free_one - spaces->followed);
	return dwunw_bpf_map_set(spaces->by_pid, &pid, &index);
}

/* A pid that nobody follows is well. */
void dwu_walk_space_forget(struct dwu_walk_spaces *spaces, int32_t pid)
{
	struct followed *followed = pid ? find(spaces, pid) : NULL;

	if (!followed)
		return;
	dwunw_bpf_map_remove(spaces->by_pid, &pid);
	if (followed->process)
		dwunw_process_close(followed->process);
	*followed = (struct followed){ 0 };
}

/* The kernel's count; of two halves, on a 32-bit machine. */
static uint64_t changes_of(const struct dwunw_walk_space *value)
{
	const volatile uint64_t *changes = &value->changes;
	uint64_t count;

	do {
		count = *changes;
	} while (count != *changes);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return count;
}

/*
 * The count is read before the mappings: a change between is seen at the next
 * call. -ESRCH: not followed, or the process has ended.
 */
int dwu_walk_space_read(struct dwu_walk_spaces *spaces, int32_t pid)
{
	struct followed *followed = find(spaces, pid);
	uint64_t changes;

	if (!followed)
		return -ESRCH;
	changes = changes_of(value_of(spaces, followed));
	if (followed->read && followed->changes == changes)
		return 0;
	if (!followed->process &&
	    dwunw_process_open(spaces->ctx, pid, &followed->process)) {
		followed->process = NULL;
		return -ESRCH;
	}
	/* one that was open may be as old as its last event */
	if (dwunw_process_refresh(followed->process))
		return -ESRCH;
	followed->changes = changes;
	followed->read = true;
	return 0;
}

const struct dwunw_arch_ops *dwu_walk_space_arch(struct dwu_walk_spaces *spaces,
						 int32_t pid)
{
	struct followed *followed = find(spaces, pid);

	return followed && followed->process ?
		       dwunw_process_space(followed->process)->arch :
		       NULL;
}

/* Code that a program has made itself, as far as its mapping tells. */
static bool is_made(const struct dwunw_process *process,
		    const struct dwunw_mapping *mapping)
{
	const char *path = dwunw_process_path(process, mapping);

	return mapping->serial == 0 && (mapping->flags & DWUNW_MAPPING_EXEC) &&
	       !(mapping->flags & DWUNW_MAPPING_TRAMPOLINE) &&
	       (!*path || !strncmp(path, "[anon", 5));
}

void dwu_walk_space_made_code(struct dwu_walk_spaces *spaces, int32_t pid,
			      uint64_t pc)
{
	struct followed *followed = find(spaces, pid);
	const struct dwunw_mapping *mapping;

	if (!followed || !followed->process)
		return;
	mapping = dwunw_space_find(dwunw_process_space(followed->process), pc);
	if (!mapping || !is_made(followed->process, mapping))
		return;
	for (uint32_t i = 0; i < followed->made_count; i++)
		if (followed->made[i] == mapping->start)
			return;
	if (followed->made_count < MADE_MAX)
		followed->made[followed->made_count++] = mapping->start;
}

/*
 * Only what a walk has left by its frame pointer, and only while the mapping is
 * of the same kind: addresses are used again.
 */
static bool has_frame_pointers(const struct followed *followed,
			       const struct dwunw_mapping *mapping)
{
	for (uint32_t i = 0; i < followed->made_count; i++)
		if (followed->made[i] == mapping->start)
			return is_made(followed->process, mapping);
	return false;
}

/*
 * The kernel adds entry.add to a pc and has the key of its row: file number
 * above, address as linked below. What has no number or is too high is left
 * out, and asked for.
 */
static void add_mapping(struct dwu_walk_spaces *spaces,
			const struct followed *followed,
			const struct dwunw_mapping *mapping,
			struct dwu_walk_files *files,
			struct dwunw_rows_counts *stats)
{
	struct dwunw_walk_table *table = &spaces->table;
	struct dwunw_walk_mapping entry = {
		.start = mapping->start,
		.size = mapping->end - mapping->start,
	};

	if (mapping->serial) {
		uint64_t number = dwu_walk_file_number(files, mapping->serial);

		if (!number ||
		    (mapping->end - mapping->bias) >> DWUNW_WALK_ADDRESS_BITS)
			return;
		entry.add = (number << DWUNW_WALK_KEY_FILE) - mapping->bias;
		entry.file = dwu_walk_file_identity(files, (uint32_t)number);
	} else if (!has_frame_pointers(followed, mapping)) {
		return;
	}
	if (table->count == DWUNW_WALK_MAPPINGS) {
		stats->unmapped++;
		return;
	}
	table->at[table->count++] = entry;
}

/*
 * As it is to be, in spaces->table: compared with what is there before it is
 * written.
 */
static void make_table(struct dwu_walk_spaces *spaces,
		       const struct followed *followed,
		       struct dwu_walk_files *files,
		       struct dwunw_rows_counts *stats)
{
	const struct dwunw_space *space =
		dwunw_process_space(followed->process);

	memset(&spaces->table, 0, sizeof(spaces->table));
	spaces->table.changes = followed->changes;
	for (uint32_t i = 0; i < space->count; i++) {
		const struct dwunw_mapping *mapping = &space->mappings[i];

		if (mapping->flags & DWUNW_MAPPING_TRAMPOLINE) {
			spaces->table.trampoline = mapping->start;
			spaces->table.trampoline_size =
				mapping->end - mapping->start;
		} else if (mapping->flags & DWUNW_MAPPING_EXEC) {
			add_mapping(spaces, followed, mapping, files, stats);
		}
	}
}

#define BODY offsetof(struct dwunw_walk_table, count)

/* Up to its last mapping; what is behind that nobody reads. */
static bool is_current(const struct dwunw_walk_space *value,
		       const struct dwunw_walk_table *table)
{
	const struct dwunw_walk_table *now = &value->tables[value->current & 1];

	return !(now->version & 1) &&
	       !memcmp((const char *)now + BODY, (const char *)table + BODY,
		       offsetof(struct dwunw_walk_table, at) - BODY +
			       table->count * sizeof(table->at[0]));
}

/*
 * The kernel may use the table in `current` all the time; the other one is
 * changed, and then `current`. It looks at the version again behind its
 * look-up.
 */
int dwu_walk_space_write(struct dwu_walk_spaces *spaces, int32_t pid,
			 struct dwu_walk_files *files,
			 struct dwunw_rows_counts *stats)
{
	struct followed *followed = find(spaces, pid);
	struct dwunw_walk_space *value;
	struct dwunw_walk_table *table;
	uint32_t next;

	if (!followed || !followed->read)
		return -ESRCH;
	value = value_of(spaces, followed);
	make_table(spaces, followed, files, stats);
	if (is_current(value, &spaces->table))
		return 0;
	next = !(value->current & 1);
	table = &value->tables[next];
	open_table(table);
	memcpy((char *)table + BODY, (char *)&spaces->table + BODY,
	       sizeof(*table) - BODY);
	close_table(table);
	__atomic_store_n(&value->current, next, __ATOMIC_RELEASE);
	stats->tables++;
	return 0;
}
