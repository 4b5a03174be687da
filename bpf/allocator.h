/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * allocator.h - what allocator.bpf.h and its loader agree on: what the tool tells
 * while the programs run.
 */
#ifndef DWUNW_ALLOCATOR_H
#define DWUNW_ALLOCATOR_H

#include <stdint.h>

/* The map of this name holds one struct dwunw_allocator_switch. */
#define DWUNW_ALLOCATOR_SWITCH_MAP ".data.memleak"

struct dwunw_allocator_switch {
	uint32_t recording; /* allocations are recorded, or not */
	/* probes are in every process that maps their file: those that are not
	 * followed are left out */
	uint32_t wide;
};

#endif
