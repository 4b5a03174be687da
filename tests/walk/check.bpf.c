/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * check.bpf.c - the walk in the kernel as a tool uses it, beside the copy of the
 * same moment, and what both are measured against.
 */
#define DWUNW_CAPTURE_RETURNS 1024
#define DWUNW_MAPS_FIXED
#include "walk.bpf.h"

#include "check.h"

const volatile struct check_options check_options SEC(".rodata.check") = {
	.flags = DWUNW_EVENT_FLAG_ENTRY,
};

/* Both, of one moment, for comparison; and what is sent of a walk that is not whole. */
static __always_inline void pair(void *ctx, struct dwunw_pt_regs *regs,
				 struct dwunw_walk *w, __u32 slot, __u16 flags,
				 __u64 cookie)
{
	struct dwunw_capture_args args = {
		.flags = flags,
		.key = dwunw_next_key(),
		.cookie = cookie,
	};
	int cause = dwunw_walk_from(w, slot, regs, &args);

	dwunw_walk_send(ctx, w, cause, &args);
	if (cause && w->count)
		dwunw_walk_send_rest(ctx, regs, w, cause, &args);
	dwunw_send_stack_of(ctx, regs, &args);
}

SEC("uprobe") int check(struct dwunw_pt_regs *ctx)
{
	struct dwunw_walk *w;
	__u32 slot;

	if (!dwunw_followed())
		return 0;
	w = dwunw_walk_claim(&slot);
	if (!w)
		return 0;
	pair(ctx, ctx, w, slot, check_options.flags, CHECK_UPROBE);
	dwunw_walk_release(w);
	return 0;
}

static __always_inline int check_from_kernel(void *ctx)
{
	struct dwunw_walk *w;
	__u32 slot;

	if (!dwunw_followed())
		return 0;
	w = dwunw_walk_claim(&slot);
	if (!w)
		return 0;
	if (dwunw_user_regs(&w->user, dwunw_walk_options.user_regs, &w->note))
		pair(ctx, &w->user, w, slot, 0, CHECK_KERNEL);
	dwunw_walk_release(w);
	return 0;
}

SEC("tracepoint/check") int check_kernel(void *ctx)
{
	return check_from_kernel(ctx);
}

SEC("kprobe") int check_kprobe(void *ctx)
{
	return check_from_kernel(ctx);
}

SEC("perf_event") int check_sample(struct dwunw_perf_event *ctx)
{
	struct dwunw_walk *w;
	__u64 cookie;
	__u32 slot;

	if (!dwunw_followed())
		return 0;
	w = dwunw_walk_claim(&slot);
	if (!w)
		return 0;
	cookie = unwind_from_user(&ctx->regs) ? CHECK_USER : CHECK_KERNEL;
	if (dwunw_user_regs_sampled(&w->user, dwunw_walk_options.user_regs,
				    ctx))
		pair(ctx, &w->user, w, slot, 0, cookie);
	dwunw_walk_release(w);
	return 0;
}

/* The tool's own return probes. */
SEC("uprobe") int note(struct dwunw_pt_regs *ctx)
{
	dwunw_return_note(ctx);
	return 0;
}

SEC("uprobe") int drop(struct dwunw_pt_regs *ctx)
{
	dwunw_return_drop(ctx);
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

/* The same into what cannot be read, each time: nothing is remembered. */
SEC("uprobe") int copy_pages(struct dwunw_pt_regs *ctx)
{
	struct dwunw_slot *slot = dwunw_slot_claim();
	__u64 addr = DWUNW_SP(ctx) - DWUNW_BELOW_SP, size;

	if (!slot)
		return 0;
	dwunw_slot_header(slot, DWUNW_EVENT_STACK);
	slot->header.flags = check_options.flags;
	slot->header.reg_count = DWUNW_CAPTURE_REGS;
	dwunw_regs_fill(slot->regs, ctx);
	size = dwunw_slot_pages(slot, 0, DWUNW_SP(ctx), dwunw_options.stack_cap,
				&addr);
	slot->header.stack_addr = addr;
	slot->header.stack_size = size;
	dwunw_slot_send(ctx, slot, DWUNW_HEAD_SIZE + size);
	dwunw_slot_release(slot);
	return 0;
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
