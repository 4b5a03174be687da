/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * trial.h - whether a way to record allocations works here: it is tried on a process
 * whose allocations, and whose stacks, are known.
 */
#ifndef DWUNW_TOOLS_TRIAL_H
#define DWUNW_TOOLS_TRIAL_H

#include <dwunw/heap.h>

#define TRIAL_BLOCKS 20u

struct trial {
	bool sampled; /* without BPF */
	enum dwunw_heap_walk walk;
};

struct trial_result {
	int status;	  /* of dwunw_heap_open(); -1: the trial itself died */
	uint32_t seen;	  /* of TRIAL_BLOCKS: those that were recorded, */
	uint32_t right;	  /* and those with each caller of their stack, */
	uint32_t whole;	  /* and those that lead to the program's start */
	uint64_t counted; /* by the kernel's walk */
	char said[3000];  /* what the library said */
};

/* In a process of its own, for 120 s at most. 0, or a negative errno: no pipe, no
 * process, no memory. */
int trial_run(const struct trial *trial, struct trial_result *result);

#endif
