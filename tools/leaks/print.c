/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * print.c - what the texts of leak tools have in common: a total's first line,
 * sums apart, what was lost.
 */
#include "leak.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_block(uint64_t addr, uint64_t size)
{
	printf("\taddr = 0x%" PRIx64 " size = %" PRIu64 "\n", addr, size);
}

bool leak_is_estimated(const struct leak *leak)
{
	return leak->config.sample_bytes || leak->config.sample_every > 1;
}

void leak_print_total(struct leak *leak, const struct dwunw_total *total,
		      const struct dwunw_heap_counts *counts)
{
	const char *program =
		dwunw_heap_program(leak->heap, (int32_t)total->pid);

	printf("%.0f bytes in %.0f allocations from stack", total->bytes,
	       total->blocks);
	if (total->processes == DWUNW_TOTAL_PIDS)
		printf(" of %u processes or more", DWUNW_TOTAL_PIDS);
	else if (total->processes > 1)
		printf(" of %" PRIu32 " processes", total->processes);
	else if (counts->processes > 1 && program)
		printf(" of pid %" PRIu32 " (%s)", total->pid, program);
	if (total->tid)
		printf(" of thread %" PRIu32 " (%s)", total->tid,
		       dwunw_heap_thread(leak->heap, total->tid));
	putchar('\n');
	if (leak->show_allocs)
		dwunw_heap_blocks(leak->heap, &leak->view, total, print_block);
}

static void print_statistics(const struct dwunw_heap_counts *c)
{
	printf("dwunw: stacks to the start %" PRIu64 ", only to main %" PRIu64
	       ", shorter %" PRIu64 ", by frame pointers %" PRIu64
	       ", not unwound %" PRIu64 ", different %" PRIu64
	       " (storage full %" PRIu64 ")\n",
	       c->whole, c->to_main, c->short_ones, c->by_fp, c->not_unwound,
	       c->different, c->storage_full);
	printf("dwunw: probes %" PRIu64 " by %s, %" PRIu64
	       " functions past their first instruction, mappings by %s, "
	       "failed %" PRIu64 ", late children %" PRIu64
	       ", ignored allocations %" PRIu64 "\n",
	       c->probes, c->multi ? "uprobe_multi" : "perf events",
	       c->cheap_probes, c->map_watch ? "perf records" : "tracepoints",
	       c->failed_probes, c->late_children, c->ignored);
	if (c->walk)
		printf("dwunw: walked in the kernel: counted %" PRIu64
		       ", new %" PRIu64 ", in part %" PRIu64 ", copied %" PRIu64
		       ", held back %" PRIu64 "; rows %" PRIu64 "\n",
		       c->counted, c->walked_new, c->walked_part,
		       c->walked_none, c->held, c->rows);
	printf("dwunw: events %" PRIu64 ", received %" PRIu64 ", memory: tool "
	       "%" PRIu64 " KiB, maps %" PRIu64 " KiB, %" PRIu64
	       " bytes an event\n",
	       c->events, c->received, dwunw_proc_resident() / 1024,
	       c->map_bytes / 1024,
	       c->stack_events ? c->stack_bytes / c->stack_events : 0);
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
static void print_losses(const struct leak *leak,
			 const struct dwunw_heap_counts *c)
{
	printf("dwunw: allocations %" PRIu64 " = stacks %" PRIu64
	       " + drops %" PRIu64 " (over budget %" PRIu64
	       ", no scratch slot %" PRIu64 ", buffer full %" PRIu64
	       "); live map full %" PRIu64 ", too many threads %" PRIu64 "\n",
	       c->allocations, c->stacks,
	       c->over_budget + c->no_slot + c->no_room, c->over_budget,
	       c->no_slot, c->no_room, c->live_full, c->calls_full);
	print_shortages();
	if (c->late_programs)
		printf("dwunw: %" PRIu64 " programs had their first probes "
		       "after their exec, %" PRIu64 " ms in all: what they "
		       "allocated before is missed\n",
		       c->late_programs, c->late_ns / 1000000);
	if (leak->statistics || leak->config.verbose)
		print_statistics(c);
}

void leak_print_rest(const struct leak *leak, const struct dwunw_totals *totals,
		     const struct dwunw_heap_counts *counts)
{
	if (totals->thread_blocks > 0)
		printf("%.0f bytes in %.0f allocations are threads' stacks and "
		       "tables, by pthread_create; threads now: %" PRIu32 "\n",
		       totals->thread_bytes, totals->thread_blocks,
		       counts->threads);
	if (totals->unknown_blocks > 0)
		printf("%.0f bytes in %.0f allocations from stacks that were "
		       "not sent, or are on their way\n",
		       totals->unknown_bytes, totals->unknown_blocks);
	if (totals->unkept_blocks > 0)
		printf("%.0f bytes in %.0f allocations from stacks that were "
		       "not kept: %" PRIu64 " different ones are (%s)\n",
		       totals->unkept_bytes, totals->unkept_blocks,
		       counts->different, leak->config.words.stacks);
	if (leak->losses)
		print_losses(leak, counts);
}
