/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * memleak.bpf.c - blocks that were allocated and not freed: blocks.h, on the
 * probes of the allocator.
 */
#define DWUNW_CAPTURE_PROCESS
#include "memleak.h"
#include "capture.bpf.h"

#include "allocator.bpf.h"

const volatile struct memleak_options options SEC(MEMLEAK_OPTIONS_MAP) = {};

static __always_inline int enter(struct dwunw_pt_regs *ctx, __u32 function,
				 __u64 size, __u64 ptr, __u64 old_size)
{
	struct call call = {
		.sp = DWUNW_SP(ctx),
		.size = size,
		.ptr = ptr,
		.old_size = old_size,
		.function = function,
	};

	if (probing.recording && is_watched() &&
	    !blocks_enter(this_thread(), &call))
		dwunw_count_drop(DWUNW_COUNT_DROP_TOOL);
	return 0;
}

/* The same moment by frame pointers: what bpf_get_stack() can do. */
static __always_inline void send_fp_walk(struct dwunw_pt_regs *ctx,
					 struct dwunw_slot *slot)
{
	long size = bpf_get_stack(ctx, slot->tail, 1024, BPF_F_USER_STACK);

	slot->header.kind = MEMLEAK_EVENT_FP;
	slot->header.return_count = 0;
	slot->header.stack_size = size > 0 ? size : 0;
	dwunw_slot_send(ctx, slot, DWUNW_HEAD_SIZE + slot->header.stack_size);
}

/* dwunw_send_stack(), and the other walk if asked for. */
static __always_inline long capture(struct dwunw_pt_regs *ctx,
				    const struct dwunw_capture_args *args)
{
	struct dwunw_slot *slot;
	long status;

	if (!options.fp_walk)
		return dwunw_send_stack(ctx, args);
	slot = dwunw_slot_claim();
	if (!slot) {
		dwunw_count_drop(DWUNW_COUNT_DROP_SLOT);
		return -1;
	}
	status = dwunw_slot_send(ctx, slot, dwunw_slot_fill(slot, ctx, args));
	send_fp_walk(ctx, slot);
	dwunw_slot_release(slot);
	return status;
}

/* The return probe of them all: registers are the caller's already. A block
 * whose stack was not sent is followed too: its bytes stay right. */
SEC("uprobe") int alloc_exit(struct dwunw_pt_regs *ctx)
{
	struct dwunw_capture_args args = {};
	struct live_block block = {};
	struct call call;
	__u64 addr;

	addr = blocks_return(this_thread(), DWUNW_SP(ctx) - DWUNW_RETURN_POPS,
			     DWUNW_RESULT(ctx), &call);
	if (!addr)
		return 0;
	block.size = call.size;
	block.time_ns = bpf_ktime_get_ns();
	block.key = dwunw_next_key();
	args.key = block.key;
	args.cookie = addr;
	args.value = call.size;
	if (capture(ctx, &args))
		block.key = 0;
	if (!blocks_keep(&call, addr, &block))
		dwunw_count(MEMLEAK_COUNT_LIVE_FULL);
	return 0;
}

SEC("uprobe") int free_enter(struct dwunw_pt_regs *ctx)
{
	if (is_watched())
		blocks_free(DWUNW_ARG1(ctx));
	return 0;
}

SEC("uprobe") int munmap_enter(struct dwunw_pt_regs *ctx)
{
	if (is_watched())
		blocks_unmap(DWUNW_ARG1(ctx), DWUNW_ARG2(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
