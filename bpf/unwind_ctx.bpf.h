/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * unwind_ctx.bpf.h - registers and stack of user space, from any BPF program.
 *
 *	#include "unwind_ctx.bpf.h"
 *
 *	SEC("tracepoint/syscalls/sys_enter_pwrite64")
 *	int on_pwrite64(void *ctx)
 *	{
 *		return unwind_wanted() ? get_unwind_ctx_kernel(ctx) : 0;
 *	}
 *
 * A uprobe or uretprobe program calls get_unwind_ctx(): its ctx has the
 * registers. Inside the kernel (kprobe, tracepoint) they are those that the
 * thread came in with, and get_unwind_ctx_kernel() finds them.
 * On mips these are whole at the events of system calls, where the kernel
 * saves them all; at other places $16 to $23 and $30 may be left over.
 *
 * What is sent is an event of dwunw/event.h; `cookie` and `value` hold the
 * 16 bytes of the thread's name. Everything else is as in capture.bpf.h, with
 * its events of exec, exit and fork.
 */
#ifndef DWUNW_UNWIND_CTX_BPF_H
#define DWUNW_UNWIND_CTX_BPF_H

#ifndef DWUNW_CAPTURE_PROCESS
#define DWUNW_CAPTURE_PROCESS
#endif
#include "capture.bpf.h"
#include "unwind_ctx.h"
#include "user_regs.bpf.h"

const volatile struct unwind_options
	unwind_options SEC(UNWIND_OPTIONS_MAP) = { 0 };

/* 0: this thread has none, or runs 32-bit code on a 64-bit kernel. */
static __always_inline int unwind_user_regs(struct dwunw_slot *slot,
					    struct dwunw_pt_regs *regs)
{
	return dwunw_user_regs(regs, unwind_options.regs, &slot->regs[0]);
}

/* Is this thread one that is followed: of a process in dwunw_generations? */
static __always_inline int unwind_wanted(void)
{
	__u32 tid = (__u32)dwunw_current_id();

	return (!unwind_options.tid || unwind_options.tid == tid) &&
	       dwunw_followed();
}

static __always_inline long unwind_send(void *ctx, struct dwunw_slot *slot,
					struct dwunw_pt_regs *regs, __u16 flags)
{
	struct dwunw_capture_args args = { .flags = flags };
	__u64 size = dwunw_slot_fill(slot, regs, &args);

	bpf_get_current_comm(&slot->header.cookie, 16);
	return dwunw_slot_send(ctx, slot, size);
}

/*
 * From a uprobe or uretprobe. flags: DWUNW_EVENT_FLAG_ENTRY at a function's
 * first instruction, else 0. 0: sent; else counted as a drop.
 */
static __always_inline long get_unwind_ctx(struct dwunw_pt_regs *ctx,
					   __u16 flags)
{
	struct dwunw_slot *slot = dwunw_slot_claim();
	long status;

	if (!slot) {
		dwunw_count_drop(DWUNW_COUNT_DROP_SLOT);
		return -1;
	}
	status = unwind_send(ctx, slot, ctx, flags);
	dwunw_slot_release(slot);
	return status;
}

/* From inside the kernel. Without registers of user space: DROP_TOOL. */
static __always_inline long get_unwind_ctx_kernel(void *ctx)
{
	struct dwunw_slot *slot = dwunw_slot_claim();
	struct dwunw_pt_regs regs;
	long status = -1;

	if (!slot) {
		dwunw_count_drop(DWUNW_COUNT_DROP_SLOT);
		return -1;
	}
	if (unwind_user_regs(slot, &regs))
		status = unwind_send(ctx, slot, &regs, 0);
	else
		dwunw_count_drop(DWUNW_COUNT_DROP_TOOL);
	dwunw_slot_release(slot);
	return status;
}

#endif
