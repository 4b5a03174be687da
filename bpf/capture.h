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

/* Returns noted of one thread and sent with one event, at most. */
#define DWUNW_CAPTURE_RETURN_MAX 16u

#endif
