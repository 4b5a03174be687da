/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * memleak_user.c - who allocated what was not freed: a whole leak tool on
 * dwunw/heap.h.
 *
 *   options.c	 the command line -> what the library is asked for
 *   this file	 the run: open, read, report, close
 *   report.c	 live blocks by stack, counters
 */
#include "interrupt.h"
#include "objects.h"
#include "streams.h"
#include "tool.h"
#include "unpack.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

/* Finds the allocators that the process has mapped, puts probes on them, and
 * records from then on. What is wrong is said by the library. */
static int begin(struct tool *tool)
{
	struct dwunw_heap_config *config = &tool->config;

	config->tool = "memleak_user";
	config->words.pids = "-p";
	config->object = leak_unpack(dwunw_heap_object, dwunw_heap_object_end,
				     &config->object_size);
	config->pids = &tool->pid;
	config->pid_count = 1;
	config->stack_storage = UINT32_MAX;
	config->depth = 128;
	config->mode = tool->fp_walk ? DWUNW_HEAP_BESIDE : DWUNW_HEAP_ALONE;
	config->sampled = tool->capture == CAPTURE_PERF;
	config->perf_buffer = tool->capture == CAPTURE_BPF_PERF;
	return dwunw_heap_open(&tool->heap, config);
}

/* The exit status: 1 where a report is missing. */
static int run(struct tool *tool)
{
	uint64_t next = dwunw_heap_now() + tool->interval_ns;
	uint32_t done = 0;
	bool alive, whole = true;

	fprintf(stderr, "recording pid %" PRId32 "\n", tool->pid);
	do {
		alive = dwunw_heap_read(tool->heap) && !interrupted();
		if (!alive || dwunw_heap_now() < next)
			continue;
		next += tool->interval_ns;
		if (tool->reports && ++done == tool->reports)
			break;
		dwunw_heap_settle(tool->heap);
		whole &= report(tool);
	} while (alive);
	dwunw_heap_stop(tool->heap);
	whole &= report(tool);
	if (!dwunw_heap_read(tool->heap))
		printf("pid %" PRId32 " has ended\n", tool->pid);
	return !whole;
}

int main(int argc, char **argv)
{
	static struct tool tool;
	int status = parse_options(&tool, argv);

	(void)argc;
	if (status >= 0)
		return streams_end("memleak_user", status);
	interrupt_watch();
	status = begin(&tool);
	if (!status)
		status = run(&tool);
	dwunw_heap_close(tool.heap);
	return streams_end("memleak_user", status);
}
