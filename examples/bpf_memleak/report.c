/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "tool.h"

#include <dwunw/report.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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
	uint32_t index = dwunw_stack_report(
		stack, dwunw_heap_context(tool->heap), &report);

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
	if (tool->fp_walk)
		print_share("by frame pointers, to main", fp, totals->count);
}

/* Sums apart from the stacks. */
static void print_apart(const struct tool *tool,
			const struct dwunw_totals *totals)
{
	if (totals->thread_blocks > 0)
		printf("%.0f bytes in %.0f allocations are threads' stacks and "
		       "tables, by pthread_create; threads now: %" PRIu32 "\n",
		       totals->thread_bytes, totals->thread_blocks,
		       dwunw_proc_threads(tool->pid) - 1);
	if (totals->unknown_blocks > 0)
		printf("%.0f bytes in %.0f allocations from stacks that were "
		       "not sent, or are on their way\n",
		       totals->unknown_bytes, totals->unknown_blocks);
	if (totals->doubtful_blocks > 0)
		printf("%.0f bytes in %.0f allocations whose free may have "
		       "been lost: not shown\n",
		       totals->doubtful_bytes, totals->doubtful_blocks);
}

static void print_lost(const struct dwunw_heap_counts *c)
{
	printf("lost without BPF: entries %" PRIu64 " (of them frees %" PRIu64
	       "), returns %" PRIu64 "\n",
	       c->lost_entries, c->lost_frees, c->lost_returns);
	if (c->late_threads)
		printf("threads whose first calls may be missing: %" PRIu64
		       "\n",
		       c->late_threads);
}

static void print_counters(const struct tool *tool)
{
	struct dwunw_heap_counts c;
	int error = 0;

	dwunw_heap_count(tool->heap, &c);
	printf("calls %" PRIu64 " = events %" PRIu64 " + drops %" PRIu64
	       " (no scratch slot %" PRIu64 ", buffer full %" PRIu64
	       ", too many threads %" PRIu64 ")\n",
	       c.calls + c.calls_full, c.events,
	       c.drop_slot + c.drop_buffer + c.calls_full, c.drop_slot,
	       c.drop_buffer, c.calls_full);
	printf("received %" PRIu64 ", not unwound %" PRIu64
	       ", live map full %" PRIu64 "\n",
	       c.received, c.not_unwound, c.live_full);
	if (dwunw_shortages(&error))
		printf("%s, %" PRIu32
		       " times: names or frames may be missing\n",
		       strerror(error), dwunw_shortages(NULL));
	if (tool->capture == CAPTURE_PERF)
		print_lost(&c);
	printf("memory: tool %" PRIu64 " KiB, maps %" PRIu64 " KiB, %" PRIu64
	       " bytes an event\n",
	       dwunw_proc_resident() / 1024, c.map_bytes / 1024,
	       c.stack_events ? c.stack_bytes / c.stack_events : 0);
}

static void print_sum(const struct tool *tool,
		      const struct dwunw_totals *totals)
{
	double bytes = totals->unknown_bytes + totals->thread_bytes;
	double blocks = totals->unknown_blocks + totals->thread_blocks;
	time_t now = time(NULL);
	char text[16];

	for (uint32_t i = 0; i < totals->count; i++) {
		bytes += totals->at[i].bytes;
		blocks += totals->at[i].blocks;
	}
	strftime(text, sizeof(text), "%H:%M:%S", localtime(&now));
	printf("\n[%s] pid %" PRId32 ": %.0f bytes in %.0f allocations are "
	       "live\n",
	       text, tool->pid, bytes, blocks);
}

bool report(struct tool *tool)
{
	const struct dwunw_heap_view view = { 0 };
	struct dwunw_totals totals;

	if (dwunw_heap_sum(tool->heap, &view, &totals)) {
		printf("\nout of memory\n");
		return false;
	}
	print_sum(tool, &totals);
	print_stacks(tool, &totals);
	print_apart(tool, &totals);
	print_counters(tool);
	fflush(stdout);
	dwunw_totals_free(&totals);
	dwunw_heap_forget(tool->heap);
	return true;
}
