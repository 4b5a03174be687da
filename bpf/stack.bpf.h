/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * stack.bpf.h - the stack of an event, for the recorder of dwunw/heap.h: walked in
 * the kernel (with DWUNW_HEAP_WALK), copied, or walked by frame pointers, as
 * the map `processes` says of its process.
 *
 *	struct dwunw_capture_args args = { .value = size };
 *	struct taken taken;
 *
 *	take_stack(ctx, STACK_FROM_CALL, &args, &taken);
 *	... taken.key is the stack's, 0: none was sent, which is counted
 *
 * Programs that include it are loaded by heap/recorder.c: heap.bpf.c, count.bpf.c.
 */
#ifndef STACK_BPF_H
#define STACK_BPF_H

#include "heap.h"
#include <stdbool.h>
#ifdef DWUNW_HEAP_WALK
#include "walk.bpf.h"
#else
#include "user_regs.bpf.h"
#endif

/* Where the registers of user space are; a constant in each call. */
enum stack_from {
	STACK_FROM_CALL,   /* a uprobe: ctx has them */
	STACK_FROM_KERNEL, /* a tracepoint, a kprobe: on the kernel's stack */
	STACK_FROM_SAMPLE, /* a perf event: ctx has those of what it interrupts */
};

struct taken {
	__u64 key;
	__u64 time_ns; /* of the event */
};

/* pid -> how; not there: both. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, DWUNW_GROWING_MAP);
	__type(key, __u32);
	__type(value, struct dwunw_heap_process);
} processes SEC(".maps");

/* Stacks sent in this piece of time. */
struct window {
	__u64 number;
	__u64 sent;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct window);
} windows SEC(".maps");

const volatile struct dwunw_heap_options options SEC(DWUNW_HEAP_OPTIONS_MAP) = {
	.max_size = -1ull,
	.sample_every = 1,
	.depth = 127,
};

/* False: enough stacks have been sent in this piece of time. */
static __always_inline bool within_budget(void)
{
	struct window *window;
	__u32 zero = 0;
	__u64 number;

	if (!options.budget)
		return true;
	number = bpf_ktime_get_ns() >> 30;
	window = bpf_map_lookup_elem(&windows, &zero);
	if (!window)
		return false;
	if (window->number != number) {
		window->number = number;
		window->sent = 0;
	}
	/* not what the addition returns: that needs Linux 5.12. Of several at a
	 * time each may see the others' */
	__sync_fetch_and_add(&window->sent, 1);
	return *(volatile __u64 *)&window->sent <= options.budget;
}

/* What the kernel's walk by frame pointers gives: all that upstream has. */
static __always_inline long send_fp_walk(void *ctx, struct dwunw_pt_regs *regs,
					 struct dwunw_slot *slot,
					 const struct dwunw_capture_args *args,
					 __u32 ways)
{
	__u64 room = 8ull * options.depth;
	long size;

	if (room > 8192)
		room = 8192;
	dwunw_slot_header(slot, DWUNW_HEAP_EVENT_FP);
	slot->header.key = args->key;
	slot->header.cookie = args->cookie;
	slot->header.value = args->value;
	slot->header.entry_offset = ways; /* is there more to come? */
	slot->header.reg_count = DWUNW_CAPTURE_REGS;
	dwunw_regs_fill(slot->regs, regs);
	size = bpf_get_stack(ctx, slot->tail, room, BPF_F_USER_STACK);
	slot->header.stack_size = size > 0 ? size : 0;
	return dwunw_slot_send(ctx, slot,
			       DWUNW_HEAD_SIZE + slot->header.stack_size);
}

/* The walk goes first: when the other event is read, both are there. */
static __always_inline long send_stack(void *ctx, struct dwunw_pt_regs *regs,
				       struct dwunw_slot *slot,
				       const struct dwunw_capture_args *args,
				       __u32 ways)
{
	long status = 0;

	if (ways & DWUNW_HEAP_FP)
		status = send_fp_walk(ctx, regs, slot, args, ways);
	if (ways & DWUNW_HEAP_SNAPSHOT) /* dwunw-added 2: registers and stack */
		status = dwunw_slot_send(ctx, slot,
					 dwunw_slot_fill(slot, regs, args));
	return status;
}

/* … with registers that have to be found first. */
static __always_inline long
send_stack_from(void *ctx, enum stack_from from, struct dwunw_slot *slot,
		const struct dwunw_capture_args *args, __u32 ways)
{
	struct dwunw_pt_regs regs;

	if (from == STACK_FROM_CALL)
		return send_stack(ctx, ctx, slot, args, ways);
	if (from == STACK_FROM_KERNEL ?
		    dwunw_user_regs(&regs, options.user_regs,
				    (__u64 *)slot->tail) :
		    dwunw_user_regs_sampled(&regs, options.user_regs, ctx))
		return send_stack(ctx, &regs, slot, args, ways);
	dwunw_count_drop(DWUNW_COUNT_DROP_TOOL);
	return -1;
}

/* How stacks of this process are taken, and where its first one ends. */
static __always_inline __u32 find_ways(struct dwunw_capture_args *args)
{
	__u64 id = dwunw_current_id();
	__u32 pid = id >> 32;
	struct dwunw_heap_process *process;

	process = bpf_map_lookup_elem(&processes, &pid);
	if (!process)
		return DWUNW_HEAP_SNAPSHOT | DWUNW_HEAP_FP;
	/* of the first thread: its stack is the program's */
	id = bpf_get_current_pid_tgid();
	if (id >> 32 == (__u32)id)
		args->stack_end = process->stack_end; /* dwunw-added 8 */
	return process->ways;
}

static __always_inline void count_sent(long status)
{
	dwunw_count(status ? DWUNW_HEAP_COUNT_NO_ROOM :
			     DWUNW_HEAP_COUNT_STACKS);
}

/* False: no slot is free. */
static __always_inline bool copy_stack(void *ctx, enum stack_from from,
				       const struct dwunw_capture_args *args,
				       __u32 ways, struct taken *taken)
{
	struct dwunw_slot *slot = dwunw_slot_claim();
	long status;

	if (!slot) {
		dwunw_count_drop(DWUNW_COUNT_DROP_SLOT);
		return false;
	}
	status = send_stack_from(ctx, from, slot, args, ways);
	taken->time_ns = slot->header.time_ns;
	dwunw_slot_release(slot);
	count_sent(status);
	taken->key = status ? 0 : args->key;
	return true;
}

#ifdef DWUNW_HEAP_WALK
static __always_inline bool walk_stack(void *ctx, enum stack_from from,
				       struct dwunw_capture_args *args,
				       struct taken *taken)
{
	long status = from == STACK_FROM_CALL ?
			      dwunw_walk_stack(ctx, ctx, args) :
		      from == STACK_FROM_KERNEL ? dwunw_walk_kernel(ctx, args) :
						  dwunw_walk_sample(ctx, args);

	if (status == DWUNW_WALK_NO_SLOT)
		return false;
	count_sent(status);
	taken->key = status ? 0 : args->key;
	return true;
}
#else
#define walk_stack(ctx, from, args, taken) false
#endif

/* Only a copy goes with the walk by frame pointers. */
static __always_inline bool is_walked(__u32 ways)
{
#ifdef DWUNW_HEAP_WALK
	return ways == DWUNW_HEAP_SNAPSHOT;
#else
	(void)ways;
	return false;
#endif
}

/* One event and its stack; args->key is set here. */
static __always_inline void take_stack(void *ctx, enum stack_from from,
				       struct dwunw_capture_args *args,
				       struct taken *taken)
{
	__u32 ways;

	dwunw_count(DWUNW_HEAP_COUNT_ALLOCATIONS);
	*taken = (struct taken){ .time_ns = bpf_ktime_get_ns() };
	if (!within_budget()) {
		dwunw_count(DWUNW_HEAP_COUNT_OVER_BUDGET);
		return;
	}
	args->key = dwunw_next_key();
	ways = find_ways(args);
	if (!args->key)
		dwunw_count_drop(DWUNW_COUNT_DROP_SLOT);
	else if (is_walked(ways) ? walk_stack(ctx, from, args, taken) :
				   copy_stack(ctx, from, args, ways, taken))
		return;
	dwunw_count(DWUNW_HEAP_COUNT_NO_SLOT);
}

#endif
