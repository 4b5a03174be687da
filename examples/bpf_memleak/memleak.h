/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * memleak.h - what memleak.bpf.c and memleak_user.c share.
 */
#ifndef MEMLEAK_H
#define MEMLEAK_H

#include "allocator.h"
#include "capture.h"

/* The map "live": address of a block -> this. */
struct live_block {
	uint64_t size;
	uint64_t time_ns;
	uint64_t key; /* of its event's stack; 0: none was sent */
};

/* blocks.h: there is one process, so the address tells. */
typedef uint64_t block_id;
#define block_id_of(addr) (addr)

/* The map of this name holds one struct memleak_options. */
#define MEMLEAK_OPTIONS_MAP ".rodata.memleak"
struct memleak_options {
	uint32_t fp_walk; /* send the kernel's frame-pointer walk as well */
	uint32_t reserved;
};

/* Defaults of the tool's --ring-size and --max-live. A router's maps do not
 * grow on demand (DWUNW_GROWING_MAP): a live block costs 80 bytes at once. */
#ifdef __mips__
#define MEMLEAK_RING_SIZE (1u << 20)
#define DWUNW_LIVE_MAX (1u << 14)
#else
#define MEMLEAK_RING_SIZE (1u << 22)
#define DWUNW_LIVE_MAX (1u << 18)
#endif

/* An event kind of our own: its "stack" is the walk's addresses. */
#define MEMLEAK_EVENT_FP 64

/* A counter of our own: "live" was full. */
#define MEMLEAK_COUNT_LIVE_FULL DWUNW_COUNT_OWN
/* Without BPF: threads whose first calls may have been missed; and of what the
 * kernel had no room for: entries, those of them that free, returns. */
#define MEMLEAK_COUNT_LATE_THREADS (DWUNW_COUNT_OWN + 1)
#define MEMLEAK_COUNT_LOST_ENTRIES (DWUNW_COUNT_OWN + 2)
#define MEMLEAK_COUNT_LOST_FREES (DWUNW_COUNT_OWN + 3)
#define MEMLEAK_COUNT_LOST_RETURNS (DWUNW_COUNT_OWN + 4)

#endif
