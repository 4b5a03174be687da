/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * count.bpf.c - any event of a process, counted by its whole stack: a function's
 * calls or returns, a tracepoint, a function of the kernel, samples of a clock. The
 * recorder puts one of these programs on the event.
 *
 * Two objects are made of it, as of heap.bpf.c.
 */
#define DWUNW_CAPTURE_PROCESS
/* a perf event's program takes no others before Linux 6.1 */
#define DWUNW_MAPS_FIXED
#include "heap.h"
#include "stack.bpf.h"

/* Set by the tool, as for the probes of an allocator. */
volatile struct dwunw_allocator_switch
	counting SEC(DWUNW_ALLOCATOR_SWITCH_MAP) = { 0 };

static __always_inline int count(void *ctx, enum stack_from from, __u16 flags)
{
	struct dwunw_capture_args args = { .flags = flags };
	struct taken taken;

	take_stack(ctx, from, &args, &taken);
	return 0;
}

/* Those of each process come here, unless its probes are its own. */
static __always_inline bool is_own_call(void)
{
	return counting.recording && (!counting.wide || dwunw_followed());
}

static __always_inline bool is_own(void)
{
	return counting.recording && dwunw_followed();
}

SEC("uprobe") int count_call(struct dwunw_pt_regs *ctx)
{
	return is_own_call() ?
		       count(ctx, STACK_FROM_CALL, DWUNW_EVENT_FLAG_ENTRY) :
		       0;
}

SEC("uprobe") int count_return(struct dwunw_pt_regs *ctx)
{
	return is_own_call() ? count(ctx, STACK_FROM_CALL, 0) : 0;
}

SEC("tracepoint/dwunw/any") int count_tracepoint(void *ctx)
{
	return is_own() ? count(ctx, STACK_FROM_KERNEL, 0) : 0;
}

SEC("kprobe") int count_kprobe(void *ctx)
{
	return is_own() ? count(ctx, STACK_FROM_KERNEL, 0) : 0;
}

SEC("perf_event") int count_sample(struct dwunw_perf_event *ctx)
{
	return is_own() ? count(ctx, STACK_FROM_SAMPLE, 0) : 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
