/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * report.c - live blocks by stack, in upstream's form; what was lost.
 */
#include "tool.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH 4096u
#define KEYS_MIN 65536u /* 2 MiB of them */

uint64_t map_counter(const struct tool *tool, uint32_t index)
{
	uint64_t value = 0;

	dwunw_bpf_map_get(dwunw_loader_map(tool->loader, "dwunw_counters"),
			  &index, &value);
	return value;
}

/* --- blocks to lines --------------------------------------------------------- */

/* Blocks that one which was sampled stands for. */
static double weight_of(const struct arguments *arguments, uint64_t size)
{
	if (!arguments->sample_bytes)
		return arguments->sample_every;
	return size ? 1 / -expm1(-(double)size / arguments->sample_bytes) : 0;
}

bool stack_is_wanted(const struct tool *tool, const struct stack *stack)
{
	const char *only = tool->arguments.only;

	for (uint32_t i = 0; only && i < stack->count; i++) {
		const struct named_frame *frame = &stack->frames[i];

		if ((frame->function && !fnmatch(only, frame->function, 0)) ||
		    !fnmatch(only, base_name(frame->module), 0))
			return true;
	}
	return !only;
}

static uint64_t line_hash(const struct line *line)
{
	uint64_t hash = (uint64_t)(uintptr_t)line->stack >> 4;

	hash = (hash ^ line->apart) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ line->tid) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 31;
}

static struct line *line_slot(const struct lines *lines,
			      const struct line *wanted)
{
	uint64_t at = line_hash(wanted);

	for (;; at++) {
		struct line *line = &lines->at[at & (lines->size - 1)];

		if (!line->used ||
		    (line->stack == wanted->stack &&
		     line->apart == wanted->apart && line->tid == wanted->tid))
			return line;
	}
}

static bool grow_lines(struct lines *lines)
{
	struct lines larger = *lines;

	larger.size = lines->size ? lines->size * 2 : 256;
	larger.at = calloc(larger.size, sizeof(*larger.at));
	if (!larger.at)
		return false;
	for (uint32_t i = 0; i < lines->size; i++) {
		if (lines->at[i].used)
			*line_slot(&larger, &lines->at[i]) = lines->at[i];
	}
	free(lines->at);
	*lines = larger;
	return true;
}

static void add_process(struct line *line, uint32_t pid)
{
	for (uint32_t i = 0; i < line->processes; i++) {
		if (line->pids[i] == pid)
			return;
	}
	if (line->processes < LINE_PIDS)
		line->pids[line->processes++] = pid;
}

static void add_to_line(struct lines *lines, const struct line *part)
{
	struct line *line;

	if (lines->count >= lines->size / 2 && !grow_lines(lines)) {
		lines->unknown_bytes += part->bytes;
		lines->unknown_blocks += part->blocks;
		return;
	}
	line = line_slot(lines, part);
	if (!line->used) {
		*line = *part;
		line->bytes = line->blocks = 0;
		line->used = true;
		lines->count++;
	}
	line->bytes += part->bytes;
	line->blocks += part->blocks;
	add_process(line, part->pid);
}

static void print_block(uint64_t addr, uint64_t size)
{
	printf("\taddr = 0x%" PRIx64 " size = %" PRIu64 "\n", addr, size);
}

/* One live block. False: it is none any more. */
static bool add_block(struct tool *tool, struct lines *lines,
		      const struct live_block *block, uint64_t now)
{
	const struct arguments *arguments = &tool->arguments;
	const struct target *target = target_see(tool, (int32_t)block->pid);
	double weight = weight_of(arguments, block->size);
	struct stack_key *key = stacks_find_key(&tool->stacks, block->key);
	struct line part = { .bytes = weight * (double)block->size,
			     .blocks = weight };

	if (!target || block->time_ns < target->exec_time_ns)
		return false;
	if (key)
		key->live = true;
	if (now - block->time_ns < arguments->min_age_ns)
		return true;
	if (!key) {
		lines->unknown_bytes += part.bytes;
		lines->unknown_blocks += part.blocks;
		return true;
	}
	if (key->stack->of_free || !stack_is_wanted(tool, key->stack))
		return true;
	if (key->stack->of_thread) {
		lines->thread_bytes += part.bytes;
		lines->thread_blocks += part.blocks;
		if (!arguments->json) /* there it is marked */
			return true;
	}
	part.stack = key->stack;
	part.pid = block->pid;
	part.apart = arguments->by_process ? block->pid : 0;
	part.tid = arguments->by_thread ? block->tid : 0;
	add_to_line(lines, &part);
	return true;
}

/* By batches: next-key iteration starts over when its key was just freed. */
static void visit_live(struct tool *tool, uint64_t now,
		       void (*visit)(struct tool *tool, void *ctx,
				     const struct block_id *id,
				     const struct live_block *block,
				     uint64_t now),
		       void *ctx)
{
	static struct live_block blocks[BATCH];
	static struct block_id ids[BATCH];
	int fd = dwunw_loader_map(tool->loader, "live"), more, first = 1;
	uint64_t position[2] = { 0 };
	uint32_t count;

	do {
		count = BATCH;
		more = dwunw_bpf_map_batch(fd, position, first, ids, blocks,
					   &count);
		for (uint32_t i = 0; i < count; i++)
			visit(tool, ctx, &ids[i], &blocks[i], now);
		first = 0;
	} while (more > 0);
}

static void visit_sum(struct tool *tool, void *ctx, const struct block_id *id,
		      const struct live_block *block, uint64_t now)
{
	if (!add_block(tool, ctx, block, now))
		dwunw_bpf_map_remove(dwunw_loader_map(tool->loader, "live"),
				     id);
}

/* Those of a process that has ended: they have been in a report. */
static void visit_ended(struct tool *tool, void *ctx, const struct block_id *id,
			const struct live_block *block, uint64_t now)
{
	const struct target *target = target_find(tool, (int32_t)block->pid);

	(void)ctx;
	(void)now;
	if (target && target->exited)
		dwunw_bpf_map_remove(dwunw_loader_map(tool->loader, "live"),
				     id);
}

/* -a: the blocks of one line. */
static void visit_print(struct tool *tool, void *ctx, const struct block_id *id,
			const struct live_block *block, uint64_t now)
{
	const struct line *line = ctx;
	const struct stack_key *key =
		stacks_find_key(&tool->stacks, block->key);

	if (key && key->stack == line->stack &&
	    (!line->apart || block->pid == line->apart) &&
	    (!tool->arguments.by_thread || line->tid == block->tid) &&
	    now - block->time_ns >= tool->arguments.min_age_ns)
		print_block(id->addr, block->size);
}

static void visit_mark(struct tool *tool, void *ctx, const struct block_id *id,
		       const struct live_block *block, uint64_t now)
{
	struct stack_key *key = stacks_find_key(&tool->stacks, block->key);

	(void)ctx;
	(void)id;
	(void)now;
	if (key)
		key->live = true;
}

/* Keys of blocks that are not live go. An event may be here before its block
 * is in the map. */
static void sweep_keys(struct tool *tool, uint64_t now)
{
	stacks_sweep_keys(&tool->stacks, now - SECOND);
	tool->keys_kept = tool->stacks.key_count;
}

void forget_keys(struct tool *tool)
{
	uint64_t now = now_ns();

	if (tool->stacks.key_count < 2 * tool->keys_kept + KEYS_MIN)
		return;
	visit_live(tool, now, visit_mark, NULL);
	sweep_keys(tool, now);
}

static int more_bytes_first(const void *a, const void *b)
{
	const struct line *left = a, *right = b;

	if (left->used != right->used)
		return left->used ? -1 : 1;
	return (left->bytes < right->bytes) - (left->bytes > right->bytes);
}

/* --- text --------------------------------------------------------------------- */

static void print_frames(const struct stack *stack)
{
	for (uint32_t i = 0; i < stack->count; i++) {
		const struct named_frame *named = &stack->frames[i];
		char how[32];

		named_frame_print_inlined(stdout, named);
		printf("\t%" PRIu32 " [<%016" PRIx64 ">] ", i, named->frame.pc);
		if (named->function)
			printf("%s+0x%" PRIx64, named->function, named->offset);
		else if (named->module[0])
			printf("0x%" PRIx64, named->frame.vaddr);
		else
			printf("<null sym>");
		named_frame_print_line(stdout, named);
		if (named->module[0])
			named_frame_print_module(stdout, named, " ");
		/* dwunw-added 10 */
		if (dwunw_frame_text(&named->frame, how, sizeof(how))[0])
			printf(" (%s)", how);
		putchar('\n');
	}
	if (stack->stop_text[0]) /* dwunw-added 10: why it is short */
		printf("\tends here: %s\n", stack->stop_text);
}

static void print_line(struct tool *tool, const struct line *line, uint64_t now)
{
	const struct target *target = target_find(tool, (int32_t)line->pid);

	printf("%.0f bytes in %.0f allocations from stack", line->bytes,
	       line->blocks);
	if (line->processes == LINE_PIDS)
		printf(" of %u processes or more", LINE_PIDS);
	else if (line->processes > 1)
		printf(" of %" PRIu32 " processes", line->processes);
	else if (tool->targets && tool->targets->next && target)
		printf(" of pid %" PRIu32 " (%s)", line->pid, target->comm);
	if (line->tid)
		printf(" of thread %" PRIu32 " (%s)", line->tid,
		       thread_name(tool, line->tid));
	putchar('\n');
	if (tool->arguments.show_allocs)
		visit_live(tool, now, visit_print, (void *)(uintptr_t)line);
	print_frames(line->stack);
}

/* Those that were created, of all targets. */
static uint32_t count_threads(const struct tool *tool)
{
	uint32_t count = 0;

	for (const struct target *target = tool->targets; target;
	     target = target->next) {
		uint32_t threads = dwunw_proc_threads(target->pid);

		count += threads ? threads - 1 : 0;
	}
	return count;
}

static void print_text(struct tool *tool, const struct lines *lines,
		       uint64_t now)
{
	const struct arguments *arguments = &tool->arguments;
	uint32_t count = lines->count;
	time_t wall = time(NULL);
	char clock[16];

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&wall));
	if (count > arguments->top)
		count = arguments->top;
	printf("[%s] Top %" PRIu32 " stacks with outstanding allocations%s:\n",
	       clock, count,
	       arguments->sample_bytes || arguments->sample_every > 1 ?
		       " (estimated from samples)" :
		       "");
	for (uint32_t i = 0; i < count; i++)
		print_line(tool, &lines->at[i], now);
	if (lines->thread_blocks > 0)
		printf("%.0f bytes in %.0f allocations are threads' stacks and "
		       "tables, by pthread_create; threads now: %" PRIu32 "\n",
		       lines->thread_bytes, lines->thread_blocks,
		       count_threads(tool));
	if (lines->unknown_blocks > 0)
		printf("%.0f bytes in %.0f allocations from stacks that were "
		       "not sent, or are on their way\n",
		       lines->unknown_bytes, lines->unknown_blocks);
}

/* --- what was lost -------------------------------------------------------------- */

struct losses {
	uint64_t allocations, stacks, over_budget, no_slot, no_room;
	uint64_t live_full, calls_full;
};

/* Of one moment, if there is one within a while. */
static struct losses read_losses(const struct tool *tool)
{
	struct losses l = { 0 };

	for (int tries = 0; tries < 100; tries++) {
		l.allocations = map_counter(tool, MEMLEAK_COUNT_ALLOCATIONS);
		l.stacks = map_counter(tool, MEMLEAK_COUNT_STACKS);
		l.over_budget = map_counter(tool, MEMLEAK_COUNT_OVER_BUDGET);
		l.no_slot = map_counter(tool, MEMLEAK_COUNT_NO_SLOT);
		l.no_room = map_counter(tool, MEMLEAK_COUNT_NO_ROOM);
		if (l.allocations ==
		    l.stacks + l.over_budget + l.no_slot + l.no_room)
			break;
	}
	l.live_full = map_counter(tool, MEMLEAK_COUNT_LIVE_FULL);
	l.calls_full = map_counter(tool, MEMLEAK_COUNT_CALLS_FULL);
	return l;
}

/* Events by how far their stacks go. */
struct lengths {
	uint64_t whole;	     /* to the program's or thread's start */
	uint64_t to_main;    /* to main, but no further */
	uint64_t short_ones; /* ended before */
	uint64_t by_fp;	     /* wholly or partly by frame pointers */
};

static struct lengths count_lengths(const struct tool *tool)
{
	struct lengths lengths = { .by_fp = tool->statistics.by_fp };

	for (uint32_t i = 0; i < tool->stacks.all_size; i++) {
		const struct stack *stack = tool->stacks.all[i];
		uint64_t alone;

		if (!stack)
			continue;
		alone = stack->seen - stack->joined;
		lengths.by_fp += stack->joined;
		if (dwunw_stop_is_complete(stack->stop.reason))
			lengths.whole += alone;
		else if (stack_reaches_main(stack))
			lengths.to_main += alone;
		else
			lengths.short_ones += alone;
	}
	return lengths;
}

static void print_statistics(const struct tool *tool)
{
	const struct statistics *s = &tool->statistics;
	struct lengths lengths = count_lengths(tool);

	printf("dwunw: stacks to the start %" PRIu64 ", to main %" PRIu64
	       ", shorter %" PRIu64 ", by frame pointers %" PRIu64
	       ", not unwound %" PRIu64 ", different %" PRIu32
	       " (storage full %" PRIu64 ")\n",
	       lengths.whole, lengths.to_main, lengths.short_ones,
	       lengths.by_fp, s->not_unwound, tool->stacks.count,
	       s->storage_full);
	printf("dwunw: probes %" PRIu64 " by %s, %" PRIu64
	       " functions past their first instruction, mappings by %s, "
	       "failed %" PRIu64 ", late children %" PRIu64
	       ", ignored allocations %" PRIu64 "\n",
	       s->probes, tool->multi ? "uprobe_multi" : "perf events",
	       s->cheap_probes, tool->watch ? "perf records" : "tracepoints",
	       s->failed_probes, s->late_children,
	       map_counter(tool, MEMLEAK_COUNT_IGNORED));
	printf("dwunw: events %" PRIu64 ", received %" PRIu64 ", memory: tool "
	       "%" PRIu64 " KiB, maps %" PRIu64 " KiB, %" PRIu64
	       " bytes an event\n",
	       map_counter(tool, DWUNW_COUNT_EVENTS), s->received,
	       dwunw_proc_resident() / 1024,
	       dwunw_loader_map_bytes(tool->loader) / 1024,
	       s->stack_events ? s->stack_bytes / s->stack_events : 0);
}

/* What was short while stacks were unwound and named. */
static void print_shortages(void)
{
	uint32_t count;
	int error = 0;

	count = dwunw_shortages(&error);
	if (count)
		printf("dwunw: %s, %" PRIu32
		       " times: names or frames may be missing\n",
		       strerror(error), count);
}

/* dwunw-added 11: nothing is lost silently. */
static void print_losses(const struct tool *tool)
{
	struct losses l = read_losses(tool);

	printf("dwunw: allocations %" PRIu64 " = stacks %" PRIu64
	       " + drops %" PRIu64 " (over budget %" PRIu64
	       ", no scratch slot %" PRIu64 ", buffer full %" PRIu64
	       "); live map full %" PRIu64 ", too many threads %" PRIu64 "\n",
	       l.allocations, l.stacks, l.over_budget + l.no_slot + l.no_room,
	       l.over_budget, l.no_slot, l.no_room, l.live_full, l.calls_full);
	print_shortages();
	if (tool->statistics.late_programs)
		printf("dwunw: %" PRIu64 " programs had their first probes "
		       "after their exec, %" PRIu64 " ms in all: what they "
		       "allocated before is missed\n",
		       tool->statistics.late_programs,
		       tool->statistics.late_ns / 1000000);
	if (tool->arguments.statistics || tool->arguments.verbose)
		print_statistics(tool);
}

int report(struct tool *tool, bool last)
{
	const struct arguments *arguments = &tool->arguments;
	struct lines lines = { 0 };
	uint64_t start = now_ns();
	bool text = !export_is_to_stdout(arguments->folded) &&
		    !export_is_to_stdout(arguments->json);

	if (!text && !last && !arguments->json && !*arguments->folded)
		return 0;
	if (!grow_lines(&lines)) {
		fprintf(stderr, TOOL ": out of memory: no report\n");
		tool->export_failed = true;
		return -1;
	}
	visit_live(tool, start, visit_sum, &lines);
	qsort(lines.at, lines.size, sizeof(*lines.at), more_bytes_first);
	export_report(tool, &lines, last);
	if (text) {
		print_text(tool, &lines, start);
		if (arguments->mode != MODE_OFF || arguments->statistics)
			print_losses(tool);
	}
	fflush(stdout);
	free(lines.at);
	if (targets_ended(tool))
		visit_live(tool, start, visit_ended, NULL);
	targets_forget(tool);
	sweep_keys(tool, start);
	return 0;
}
