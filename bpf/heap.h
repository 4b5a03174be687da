/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * heap.h - what heap.bpf.c, count.bpf.c, kernel.bpf.c and their loaders agree on.
 */
#ifndef DWUNW_BPF_HEAP_H
#define DWUNW_BPF_HEAP_H

#include "allocator.h"
#include "capture.h"

/* The map "live": a block's address and process -> this. */
struct block_id {
	uint64_t addr;
	uint32_t host_pid; /* in the initial pid namespace */
	uint32_t zero;
};

struct live_block {
	uint64_t size;
	uint64_t time_ns;
	uint64_t key; /* of its stack's event; 0: none was sent */
	uint32_t tid;
	uint32_t pid; /* as the tool's pid namespace counts; tid too */
};

/* The map of this name holds one struct dwunw_heap_options. */
#define DWUNW_HEAP_OPTIONS_MAP ".rodata.memleak"
struct dwunw_heap_options {
	uint64_t min_size;
	uint64_t max_size;
	uint32_t sample_every; /* one in so many at random; 1: all */
	uint32_t sample_bytes; /* mean distance of samples; 0: off */
	uint32_t budget;       /* stacks in 2^30 ns; 0: no limit */
	uint32_t depth;	       /* of the frame-pointer walk, in frames */
	uint32_t trace_frees;  /* send an event for each free */
	uint32_t user_regs;    /* enum unwind_regs: events inside the kernel */
};

/* The map "processes": pid -> how its stacks are taken. */
struct dwunw_heap_process {
	uint32_t ways;
	uint32_t zero;
	uint64_t stack_end; /* its first thread's; the environment is above */
};
#define DWUNW_HEAP_SNAPSHOT 1u /* dwunw-added 2: registers and stack */
#define DWUNW_HEAP_FP 2u       /* the kernel's walk by frame pointers */

/* Our own event kinds: that walk's addresses (as "stack"), and a free. */
#define DWUNW_HEAP_EVENT_FP 64
#define DWUNW_HEAP_EVENT_FREE 65
/* An allocation, where the kernel walks and each is to be told: its stack is the
 * one that has come under that key. */
#define DWUNW_HEAP_EVENT_ALLOC 66
/* A thread is on a processor again: it was away for `value` ns, since the stack that
 * has come under that key. */
#define DWUNW_HEAP_EVENT_TIME 67

/* Of time off processors: the map of this name has, by thread, those that are. */
#define DWUNW_HEAP_AWAY_MAP "away"
struct dwunw_heap_away {
	uint64_t since_ns;
	uint64_t key; /* of its stack; 0: that was not sent */
	uint32_t pid; /* as the tool counts; tid too */
	uint32_t tid;
};
/* … one u64, the ns of stacks that were not sent. */
#define DWUNW_HEAP_LOST_MAP "lost_ns"
/* … one struct dwunw_heap_switch_fields: where sched_switch has what is read. */
#define DWUNW_HEAP_SWITCH_MAP ".rodata.switch"
struct dwunw_heap_switch_fields {
	uint32_t prev_state; /* a long of the kernel's: its low half */
	uint32_t next_pid;
};

/*
 * Our own counters. allocations = stacks + unsent, and unsent are those over
 * the budget, or without scratch space, or for which the buffer was full.
 */
enum dwunw_heap_counter {
	DWUNW_HEAP_COUNT_ALLOCATIONS = DWUNW_COUNT_OWN,
	DWUNW_HEAP_COUNT_STACKS,
	DWUNW_HEAP_COUNT_OVER_BUDGET,
	DWUNW_HEAP_COUNT_NO_SLOT,
	DWUNW_HEAP_COUNT_NO_ROOM,
	DWUNW_HEAP_COUNT_LIVE_FULL,  /* the block is not followed */
	DWUNW_HEAP_COUNT_CALLS_FULL, /* the call was not seen as one */
	DWUNW_HEAP_COUNT_IGNORED,    /* not sampled, or not of that size */
};

/*
 * Defaults. A host of 32 bits is a router, whose maps do not grow on demand
 * (DWUNW_GROWING_MAP): a live block costs 96 bytes at once.
 */
#if __SIZEOF_POINTER__ < 8 || defined(CONFIG_TOOL_SMALL)
#define DWUNW_HEAP_RING_SIZE (1u << 20)
#define DWUNW_LIVE_MAX (1u << 14)
#if __SIZEOF_POINTER__ < 8 /* as the objects say */
#define DWUNW_HEAP_PROCESSES 0u
#define DWUNW_HEAP_SPANS_MAX 0u
#else
#define DWUNW_HEAP_PROCESSES 1024u
#define DWUNW_HEAP_SPANS_MAX 8192u
#endif
/* where the kernel walks (walk.bpf.h) */
#define DWUNW_HEAP_WALK_RING_SIZE (1u << 19)
#define DWUNW_HEAP_WALK_ROWS 8192u
#define DWUNW_HEAP_WALK_PROCESSES 8u
#define DWUNW_HEAP_WALK_STACKS 2048u
#else
#define DWUNW_HEAP_RING_SIZE (1u << 22)
#define DWUNW_LIVE_MAX (5u << 14)
/* Processes that are followed, but of "every process". A map has 16 bytes for
 * each entry that it may get. */
#define DWUNW_HEAP_PROCESSES 4096u
/* The map "spans": as many as half the live blocks, at most. */
#define DWUNW_HEAP_SPANS_MAX 65536u
#define DWUNW_HEAP_WALK_RING_SIZE (1u << 20)
#define DWUNW_HEAP_WALK_ROWS 32768u
#define DWUNW_HEAP_WALK_PROCESSES 32u
#define DWUNW_HEAP_WALK_STACKS 16384u
#endif

/* --- allocations of the kernel (kernel.bpf.c) --------------- */

/* The map "live": address, page or percpu pointer -> this. */
struct kernel_block {
	uint64_t size;
	uint64_t time_ns;
	uint64_t stack; /* key of the map "stacks"; 0: none */
};
#define KERNEL_ID_PAGE (1ull << 62)
#define KERNEL_ID_PERCPU (1ull << 61)

/* Where a tracepoint's fields are, as its format file says. */
struct dwunw_heap_fields {
	uint32_t ptr;
	uint32_t ptr_bytes;
	uint32_t size;
	uint32_t size_bytes;
};

#define DWUNW_HEAP_KERNEL_OPTIONS_MAP ".rodata.kernel"
enum dwunw_heap_tracepoint {
	KERNEL_KMALLOC,
	KERNEL_KMALLOC_NODE,
	KERNEL_CACHE_ALLOC,
	KERNEL_CACHE_ALLOC_NODE,
	KERNEL_KFREE,
	KERNEL_CACHE_FREE,
	KERNEL_PAGE_ALLOC,
	KERNEL_PAGE_FREE,
	KERNEL_PERCPU_ALLOC,
	KERNEL_PERCPU_FREE,
	KERNEL_TRACEPOINTS
};
struct dwunw_heap_kernel_options {
	struct dwunw_heap_fields fields[KERNEL_TRACEPOINTS];
	uint64_t min_size;
	uint64_t max_size;
	uint32_t sample_every;
	uint32_t page_size;
	uint32_t missing_free; /* an address allocated again was freed */
	uint32_t own_pid;      /* what the tool itself does is left out */
};

#define KERNEL_STACK_DEPTH 48
struct kernel_stack {
	uint64_t pcs[KERNEL_STACK_DEPTH]; /* 0 behind the last */
};

enum kernel_counter {
	KERNEL_COUNT_ALLOCATIONS,
	KERNEL_COUNT_LIVE_FULL,
	KERNEL_COUNT_NO_STACK, /* no room for one more: bytes still count */
	KERNEL_COUNT_FREES,
	KERNEL_COUNT_MISSED_FREES,
	KERNEL_COUNT_END
};

#endif
