/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tool.h - memleak_user's state, and what its files call of each other.
 */
#ifndef TOOL_H
#define TOOL_H

#include "probes.h"

#include <dwunw/heap.h>

#define SECOND 1000000000ull
#define FRAMES 128

struct tool {
	struct probe_options options;
	bool leader_ends; /* an event has said so, and /proc is still to */
	uint64_t interval_ns;
	uint32_t reports; /* 0: until the target ends */
	const char *debug_file;
	uint64_t memory_max; /* 0: the library's */
	struct dwunw_context ctx;
	struct dwunw_symbol_resolver resolver; /* naming's */
	struct dwunw_symbol_resolver places;   /* where functions are */
	struct dwunw_naming *naming;
	struct dwunw_process *process;
	struct probes probes;
	struct dwunw_stacks stacks;
	struct dwunw_event event;
	struct dwunw_frame frames[FRAMES];
	uint64_t received;
	uint64_t stack_events;
	uint64_t stack_event_bytes;
	uint64_t not_unwound;
	uint64_t exec_time_ns; /* blocks of the program before are gone */
	bool new_program;
};

/* Prints what is live now, by stack, and the counters (report.c). */
void report(struct tool *tool);

/* Fills tool from the command line. -1: go on; else the exit status
 * (options.c). */
int parse_options(struct tool *tool, char **argv);

#endif
