/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "memleak.h"
#include "tool.h"

#include <dwunw/trace.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

struct sums {
	uint64_t blocks;
	uint64_t bytes;
	uint64_t unknown_blocks; /* their event is not here, or not unwound */
	uint64_t unknown_bytes;
	uint64_t doubtful_blocks; /* their free may have been lost */
	uint64_t doubtful_bytes;
	uint64_t thread_blocks; /* pthread_create's own */
	uint64_t thread_bytes;
};

struct adding {
	struct tool *tool;
	uint64_t doubt_ns;
	struct sums sums;
};

static void add_block(void *ctx, const struct live_block *block)
{
	struct adding *adding = ctx;
	struct sums *sums = &adding->sums;
	struct stack_key *key;

	key = stacks_find_key(&adding->tool->stacks, block->key);
	if (key)
		key->live = true;
	if (block->time_ns <= adding->doubt_ns) {
		sums->doubtful_blocks++;
		sums->doubtful_bytes += block->size;
		return;
	}
	if (key && key->stack->of_free)
		return;
	sums->blocks++;
	sums->bytes += block->size;
	if (!key) {
		sums->unknown_blocks++;
		sums->unknown_bytes += block->size;
		return;
	}
	if (key->stack->of_thread) {
		sums->thread_blocks++;
		sums->thread_bytes += block->size;
		return;
	}
	key->stack->blocks++;
	key->stack->bytes += block->size;
}

static int more_bytes_first(const void *a, const void *b)
{
	const struct stack *left = *(struct stack *const *)a;
	const struct stack *right = *(struct stack *const *)b;

	return (left->bytes < right->bytes) - (left->bytes > right->bytes);
}

static void print_share(const char *what, uint32_t part, uint32_t count)
{
	printf("%s: %" PRIu32 " of %" PRIu32 " stacks (%" PRIu32 " %%)\n", what,
	       part, count, part * 100 / count);
}

static void print_stacks(struct tool *tool)
{
	struct stacks *stacks = &tool->stacks;
	struct stack **sorted = calloc(stacks->count + 1, sizeof(*sorted));
	uint32_t count = 0, main_count = 0, root = 0, fp = 0;

	for (uint32_t i = 0; sorted && i < stacks->all_size; i++) {
		if (stacks->all[i] && stacks->all[i]->blocks)
			sorted[count++] = stacks->all[i];
	}
	if (!sorted)
		printf("no stacks are shown: out of memory\n");
	else
		qsort(sorted, count, sizeof(*sorted), more_bytes_first);
	for (uint32_t i = 0; i < count; i++) {
		printf("%" PRIu64 " bytes in %" PRIu64
		       " allocations from stack\n",
		       sorted[i]->bytes, sorted[i]->blocks);
		stack_print(stdout, sorted[i]);
		main_count += stack_reaches_main(sorted[i]);
		root += dwunw_stop_is_complete(sorted[i]->stop.reason);
		fp += stack_fp_reaches_main(sorted[i]);
	}
	if (count) {
		print_share("complete to the program's start", root, count);
		print_share("complete to main", main_count, count);
	}
	if (count && tool->options.fp_walk)
		print_share("by frame pointers, to main", fp, count);
	free(sorted);
}

static void print_lost(const uint64_t *c)
{
	printf("lost without BPF: entries %" PRIu64 " (of them frees %" PRIu64
	       "), returns %" PRIu64 "\n",
	       c[MEMLEAK_COUNT_LOST_ENTRIES], c[MEMLEAK_COUNT_LOST_FREES],
	       c[MEMLEAK_COUNT_LOST_RETURNS]);
	if (c[MEMLEAK_COUNT_LATE_THREADS])
		printf("threads whose first calls may be missing: %" PRIu64
		       "\n",
		       c[MEMLEAK_COUNT_LATE_THREADS]);
}

static void print_counters(struct tool *tool, const uint64_t *c)
{
	int error = 0;

	printf("calls %" PRIu64 " = events %" PRIu64 " + drops %" PRIu64
	       " (no scratch slot %" PRIu64 ", buffer full %" PRIu64
	       ", too many threads %" PRIu64 ")\n",
	       c[DWUNW_COUNT_CALLS], c[DWUNW_COUNT_EVENTS],
	       c[DWUNW_COUNT_DROP_SLOT] + c[DWUNW_COUNT_DROP_BUFFER] +
		       c[DWUNW_COUNT_DROP_TOOL],
	       c[DWUNW_COUNT_DROP_SLOT], c[DWUNW_COUNT_DROP_BUFFER],
	       c[DWUNW_COUNT_DROP_TOOL]);
	printf("received %" PRIu64 ", not unwound %" PRIu64
	       ", live map full %" PRIu64 "\n",
	       tool->received, tool->not_unwound, c[MEMLEAK_COUNT_LIVE_FULL]);
	if (dwunw_shortages(&error))
		printf("%s, %" PRIu32
		       " times: names or frames may be missing\n",
		       strerror(error), dwunw_shortages(NULL));
	if (tool->options.capture == CAPTURE_PERF)
		print_lost(c);
	printf("memory: tool %" PRIu64 " KiB, maps %" PRIu64 " KiB, %" PRIu64
	       " bytes an event\n",
	       dwunw_proc_resident() / 1024,
	       probes_map_bytes(&tool->probes) / 1024,
	       tool->stack_events ?
		       tool->stack_event_bytes / tool->stack_events :
		       0);
}

void report(struct tool *tool)
{
	uint64_t start = now_ns(), counters[DWUNW_COUNT_END] = { 0 };
	struct adding adding = { .tool = tool };
	const struct sums *sums = &adding.sums;
	char time_text[16];
	time_t now = time(NULL);

	for (uint32_t i = 0; i < tool->stacks.all_size; i++) {
		if (!tool->stacks.all[i])
			continue;
		tool->stacks.all[i]->blocks = 0;
		tool->stacks.all[i]->bytes = 0;
	}
	/* first: what is told of losses is of all that is counted then */
	probes_counters(&tool->probes, counters);
	adding.doubt_ns = probes_doubt_ns(&tool->probes);
	probes_live(&tool->probes, tool->exec_time_ns, add_block, &adding);
	strftime(time_text, sizeof(time_text), "%H:%M:%S", localtime(&now));
	printf("\n[%s] pid %d: %" PRIu64 " bytes in %" PRIu64
	       " allocations are live\n",
	       time_text, tool->options.pid, sums->bytes, sums->blocks);
	print_stacks(tool);
	if (sums->thread_blocks)
		printf("%" PRIu64 " bytes in %" PRIu64
		       " allocations are threads' stacks and tables, by "
		       "pthread_create; threads now: %" PRIu32 "\n",
		       sums->thread_bytes, sums->thread_blocks,
		       dwunw_proc_threads(tool->options.pid) - 1);
	if (sums->unknown_blocks)
		printf("%" PRIu64 " bytes in %" PRIu64
		       " allocations from stacks that were not sent, or are on "
		       "their way\n",
		       sums->unknown_bytes, sums->unknown_blocks);
	if (sums->doubtful_blocks)
		printf("%" PRIu64 " bytes in %" PRIu64
		       " allocations whose free may have been lost: not shown\n",
		       sums->doubtful_bytes, sums->doubtful_blocks);
	print_counters(tool, counters);
	fflush(stdout);
	/* An event may be here before its block is in the map. */
	stacks_sweep_keys(&tool->stacks, start - SECOND);
}
