/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "memleak.h"
#include "tool.h"

#include <dwunw/report.h>
#include <dwunw/trace.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct sums {
	struct dwunw_totals totals;
	uint64_t blocks;
	uint64_t bytes;
	uint64_t doubtful_blocks; /* their free may have been lost */
	uint64_t doubtful_bytes;
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
	struct dwunw_stack_key *key =
		dwunw_stacks_find_key(&adding->tool->stacks, block->key);
	struct dwunw_total part = { .stack = key ? key->stack : NULL,
				    .bytes = (double)block->size,
				    .blocks = 1 };

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
	dwunw_totals_add(&sums->totals, &part, false);
}

static void print_share(const char *what, uint32_t part, uint32_t count)
{
	printf("%s: %" PRIu32 " of %" PRIu32 " stacks (%" PRIu32 " %%)\n", what,
	       part, count, part * 100 / count);
}

static bool write_out(void *ctx, const void *bytes, size_t size)
{
	(void)ctx;
	return fwrite(bytes, 1, size, stdout) == size;
}

static void print_stack(const struct tool *tool,
			const struct dwunw_stack *stack)
{
	struct dwunw_report_output output = { .write = write_out };
	struct dwunw_report report = { 0 };
	uint32_t index = dwunw_stack_report(stack, &tool->ctx, &report);

	if (dwunw_report_write_stack(&report, index, NULL, &output))
		printf("\tout of memory\n");
	dwunw_report_free(&report);
}

static void print_stacks(const struct tool *tool,
			 const struct dwunw_totals *totals)
{
	uint32_t main_count = 0, root = 0, fp = 0;

	for (uint32_t i = 0; i < totals->count; i++) {
		const struct dwunw_stack *stack = totals->at[i].stack;

		printf("%.0f bytes in %.0f allocations from stack\n",
		       totals->at[i].bytes, totals->at[i].blocks);
		print_stack(tool, stack);
		main_count += dwunw_stack_reaches_main(stack);
		root += dwunw_stop_is_complete(stack->stop.reason);
		fp += dwunw_stack_fp_reaches_main(stack);
	}
	if (!totals->count)
		return;
	print_share("complete to the program's start", root, totals->count);
	print_share("complete to main", main_count, totals->count);
	if (tool->options.fp_walk)
		print_share("by frame pointers, to main", fp, totals->count);
}

/* Sums apart from the stacks. */
static void print_apart(const struct tool *tool, const struct sums *sums)
{
	const struct dwunw_totals *totals = &sums->totals;

	if (totals->thread_blocks > 0)
		printf("%.0f bytes in %.0f allocations are threads' stacks and "
		       "tables, by pthread_create; threads now: %" PRIu32 "\n",
		       totals->thread_bytes, totals->thread_blocks,
		       dwunw_proc_threads(tool->options.pid) - 1);
	if (totals->unknown_blocks > 0)
		printf("%.0f bytes in %.0f allocations from stacks that were "
		       "not sent, or are on their way\n",
		       totals->unknown_bytes, totals->unknown_blocks);
	if (sums->doubtful_blocks)
		printf("%" PRIu64 " bytes in %" PRIu64
		       " allocations whose free may have been lost: not shown\n",
		       sums->doubtful_bytes, sums->doubtful_blocks);
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
	uint64_t start = dwunw_heap_now(), counters[DWUNW_COUNT_END] = { 0 };
	struct adding adding = { .tool = tool };
	struct sums *sums = &adding.sums;
	char time_text[16];
	time_t now = time(NULL);

	/* first: what is told of losses is of all that is counted then */
	probes_counters(&tool->probes, counters);
	adding.doubt_ns = probes_doubt_ns(&tool->probes);
	probes_live(&tool->probes, tool->exec_time_ns, add_block, &adding);
	dwunw_totals_sort(&sums->totals);
	strftime(time_text, sizeof(time_text), "%H:%M:%S", localtime(&now));
	printf("\n[%s] pid %d: %" PRIu64 " bytes in %" PRIu64
	       " allocations are live\n",
	       time_text, tool->options.pid, sums->bytes, sums->blocks);
	print_stacks(tool, &sums->totals);
	print_apart(tool, sums);
	print_counters(tool, counters);
	fflush(stdout);
	dwunw_totals_free(&sums->totals);
	/* An event may be here before its block is in the map. */
	dwunw_stacks_sweep_keys(&tool->stacks, start - SECOND);
}
