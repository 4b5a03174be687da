/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tool.h - memleak_user's state, and what its files call of each other.
 */
#ifndef TOOL_H
#define TOOL_H

#include <dwunw/heap.h>

#define SECOND 1000000000ull

/* How calls are seen: --capture. */
enum capture {
	CAPTURE_BPF_RING, /* BPF and a ring buffer: Linux 5.8 */
	CAPTURE_BPF_PERF, /* BPF and a perf buffer for each CPU */
	CAPTURE_PERF,	  /* no BPF: samples of the uprobe PMU */
};

struct tool {
	int32_t pid;
	enum capture capture;
	bool fp_walk;
	uint64_t interval_ns;
	uint32_t reports; /* 0: until the target ends */
	struct dwunw_heap_config config;
	struct dwunw_heap *heap;
};

/* Prints what is live now, by stack, and the counters (report.c). False: there was
 * no memory for that, which is said. */
bool report(struct tool *tool);

/* Fills tool from the command line. -1: go on; else the exit status
 * (options.c). */
int parse_options(struct tool *tool, char **argv);

#endif
