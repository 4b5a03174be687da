/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * check.bpf.c - the walk in the kernel as a tool uses it, beside the copy of the
 * same moment, and what both are measured against.
 */
#define DWUNW_CAPTURE_RETURNS 1024
#include "walk.bpf.h"

#include "check.h"

const volatile struct check_options check_options SEC(".rodata.check") = {
	.flags = DWUNW_EVENT_FLAG_ENTRY,
};

/* Both, of one moment: for comparison. */
SEC("uprobe") int check(struct dwunw_pt_regs *ctx)
{
	struct dwunw_capture_args args = {
		.flags = check_options.flags,
		.key = dwunw_next_key(),
	};
	struct dwunw_walk *w;
	__u32 slot;
	int cause;

	if (!dwunw_followed())
		return 0;
	w = dwunw_walk_claim(&slot);
	if (!w)
		return 0;
	cause = dwunw_walk_from(w, slot, ctx, &args);
	dwunw_walk_send(ctx, w, cause, &args);
	dwunw_send_stack(ctx, &args);
	dwunw_walk_release(w);
	return 0;
}

SEC("uprobe") int walk(struct dwunw_pt_regs *ctx)
{
	struct dwunw_capture_args args = {
		.flags = check_options.flags,
	};

	return dwunw_walk_stack(ctx, ctx, &args);
}

SEC("uprobe") int copy(struct dwunw_pt_regs *ctx)
{
	struct dwunw_capture_args args = {
		.flags = check_options.flags,
	};

	return dwunw_send_stack(ctx, &args);
}

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16384);
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
} stack_traces SEC(".maps");

/* The kernel's own walk, by frame pointers. */
SEC("uprobe") int stackid(void *ctx)
{
	bpf_get_stackid(ctx, &stack_traces, BPF_F_USER_STACK);
	return 0;
}

SEC("uprobe") int empty(void *ctx __attribute__((unused)))
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
