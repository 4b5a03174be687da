/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * capture.h - what a capturing BPF program and its loader agree on.
 */
#ifndef DWUNW_CAPTURE_H
#define DWUNW_CAPTURE_H

#include <dwunw/event.h>

/*
 * The map of this name holds one struct dwunw_capture_options. A loader sets
 * it between bpf_object__open and bpf_object__load, by
 * bpf_map__set_initial_value().
 */
#define DWUNW_CAPTURE_OPTIONS_MAP ".rodata.dwunw"

struct dwunw_capture_options {
	uint32_t stack_cap; /* stack bytes copied at most; 0: no stack */
	uint32_t slots;	    /* max_entries of the map dwunw_slots */
	uint32_t perf;	    /* dwunw_events is a perf event array */
	/* ring buffer: the reader is woken when so many bytes wait (it then
	 * has to look by itself now and then); 0: at once */
	uint32_t wakeup_size;
	/* The pid namespace whose numbers events carry, the tool's: device (as
	 * the kernel has it, major << 20 | minor) and inode of
	 * /proc/self/ns/pid. 0, 0: the initial one. */
	uint64_t namespace_dev;
	uint64_t namespace_ino;
	uint32_t follow;       /* enum dwunw_follow */
	uint32_t own_pid;      /* FOLLOW_CGROUP, FOLLOW_ALL: but this one */
	uint64_t cgroup;       /* FOLLOW_CGROUP: the inode of its directory, */
	uint32_t cgroup_level; /* and how deep that is; the root is 0 */
	uint32_t reserved;
};

/* Which processes are in the map dwunw_generations (capture.bpf.h). */
enum dwunw_follow {
	DWUNW_FOLLOW_GIVEN,    /* those that the tool has put there */
	DWUNW_FOLLOW_CHILDREN, /* and what they fork, from its first
				* instruction on */
	DWUNW_FOLLOW_CGROUP,   /* and all of a cgroup of version 2, and below */
	DWUNW_FOLLOW_ALL,      /* and all that the tool's namespace sees */
};

/*
 * Namespaces inside of the tool's that have targets. The map
 * dwunw_namespaces holds one struct dwunw_namespace for each, by index; the
 * map dwunw_inner has for a target's number there, as struct dwunw_inner_pid,
 * its number in the tool's.
 */
#define DWUNW_CAPTURE_NAMESPACES 8u

struct dwunw_namespace {
	uint64_t dev;
	uint64_t ino; /* 0: none */
};

struct dwunw_inner_pid {
	uint32_t namespace; /* index */
	uint32_t pid;
};

#define DWUNW_CAPTURE_STACK_CAP 16384u
#define DWUNW_CAPTURE_STACK_CAP_MAX 28672u
#define DWUNW_CAPTURE_SLOTS 8u

/* Indices of the array dwunw_counters; calls = events + all drops. */
enum dwunw_capture_counter {
	DWUNW_COUNT_CALLS = 0,
	DWUNW_COUNT_EVENTS,	 /* really in the buffer */
	DWUNW_COUNT_DROP_SLOT,	 /* no scratch slot was free */
	DWUNW_COUNT_DROP_BUFFER, /* the ring or perf buffer was full */
	DWUNW_COUNT_DROP_TOOL,	 /* for the tool: dropped before a capture */
	DWUNW_COUNT_RETURN_LOST, /* no drop: a return was not noted */
	DWUNW_COUNT_OWN = 8,	 /* the tool's own, up to the end */
	DWUNW_COUNT_END = 16,
};

/*
 * Up to where a thread's stack is of use, in the map dwunw_stack_ends by its
 * process << 32 | thread as events have them: nothing could be read there when it
 * was last copied, or the tool has seen its first frame. `print` is of the bytes
 * below, by which a copy tells that this is still so; 0: nothing is known.
 */
struct dwunw_stack_end {
	uint64_t end;
	uint64_t print;
};

#define DWUNW_STACK_PRINT_SIZE 64u

/* Of the DWUNW_STACK_PRINT_SIZE bytes below an end, as words; 0: all are 0. */
static inline uint64_t dwunw_stack_print(const uint64_t *words)
{
	uint64_t print = 0;

#ifdef __clang__
#pragma clang loop unroll(full)
#endif
	for (uint32_t i = 0; i < DWUNW_STACK_PRINT_SIZE / 8; i++)
		print = (print ^ words[i]) * 0x9e3779b97f4a7c15ull;
	return print;
}

/* Returns noted of one thread and sent with one event, at most. */
#define DWUNW_CAPTURE_RETURN_MAX 16u

#endif
