/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* switch.h - what a tool tells its BPF programs while they run. */
#ifndef SWITCH_H
#define SWITCH_H

#include <stdint.h>

/* The map of this name holds one struct memleak_switch. */
#define MEMLEAK_SWITCH_MAP ".data.memleak"

struct memleak_switch {
	uint32_t recording; /* allocations are recorded, or not */
	/* probes are in every process that maps their file: those that are not
	 * followed are left out */
	uint32_t wide;
};

#endif
