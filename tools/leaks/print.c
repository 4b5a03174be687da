/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * print.c - what the texts of leak tools have beside the report: what was sent, and
 * memory (--stats).
 */
#include "leak.h"

#include <inttypes.h>
#include <stdio.h>

bool leak_is_estimated(const struct leak *leak)
{
	return leak->config.sample_bytes || leak->config.sample_every > 1;
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

void leak_print_statistics(const struct leak *leak)
{
	struct dwunw_heap_counts counts;

	if (!leak->report_options.losses ||
	    (!leak->statistics && !leak->config.verbose))
		return;
	dwunw_heap_count(leak->heap, &counts);
	print_statistics(&counts);
}

void leak_print_report(struct leak *leak)
{
	struct dwunw_report_output output = leak_output(stdout);

	dwunw_report_write(&leak->report, DWUNW_REPORT_AS_TEXT,
			   &leak->report_options, &output);
	leak_print_statistics(leak);
}
