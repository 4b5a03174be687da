/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * user_regs.bpf.h - the registers that a thread had in user space, for programs
 * that run inside the kernel: tracepoints, kprobes, perf events.
 *
 * The kernel puts them at the top of the thread's kernel stack when the thread
 * comes in. bpf_task_pt_regs() says where (Linux 5.15, with BTF of the kernel).
 * Without it they are looked for at the places that are possible.
 *
 * On mips they are whole at the events of system calls, where the kernel saves
 * them all; at other places $16 to $23 and $30 may be left over.
 */
#ifndef DWUNW_USER_REGS_BPF_H
#define DWUNW_USER_REGS_BPF_H

#include "capture.bpf.h"
#include "unwind_ctx.h"

/*
 * arch/TARGET/bpf.h has the sizes a kernel stack may have, what may lie between
 * its top and struct pt_regs, that struct's sizes, and whether what was found
 * there was saved on the way in from user space. struct dwunw_pt_regs is its
 * first part. A wrong guess reads other bytes of the same stack, or none.
 */
#ifndef UNWIND_STACK_FIRST
#error "user_regs.bpf.h: where this target's kernel keeps the registers of \
user space is not known"
#endif

static __always_inline int dwunw_user_regs_at(struct dwunw_pt_regs *regs,
					      __u64 at)
{
	return !bpf_probe_read_kernel(regs, sizeof(*regs), (void *)at) &&
	       unwind_from_user(regs);
}

/* `here` is an address on the kernel stack of this thread. */
static __always_inline int dwunw_user_regs_above(struct dwunw_pt_regs *regs,
						 __u64 here)
{
	__u64 size = UNWIND_STACK_FIRST;

#pragma clang loop unroll(full)
	for (int i = 0; i < 4; i++, size *= 2) {
		__u64 top = (here | (size - 1)) + 1;

		if (size > UNWIND_STACK_LAST)
			break;
		if (dwunw_user_regs_at(regs, top - UNWIND_REGS_FAR) ||
		    dwunw_user_regs_at(regs, top - UNWIND_REGS_NEAR))
			return 1;
	}
	return 0;
}

/*
 * Leaves an address on this kernel stack in *note, which is in a map. A function
 * of its own with a small frame: larger ones may be given a stack elsewhere.
 */
static __noinline int dwunw_note_stack(__u64 *note)
{
	__u64 here = 0;

	if (!note)
		return 0;
	asm volatile("*(u64 *)(%0 + 0) = %1"
		     :
		     : "r"(note), "r"(&here)
		     : "memory");
	return 1;
}

static __always_inline int dwunw_user_regs_by_helper(struct dwunw_pt_regs *regs)
{
	return dwunw_user_regs_at(
		regs, (__u64)bpf_task_pt_regs(bpf_get_current_task_btf()));
}

/*
 * From a tracepoint or a kprobe. `by`: enum unwind_regs, a constant, since the
 * verifier of a kernel that lacks the helper must not see it. `note`: 8 bytes in a
 * map. 0: this thread has none, or runs 32-bit code on a 64-bit kernel.
 */
static __always_inline int dwunw_user_regs(struct dwunw_pt_regs *regs, __u32 by,
					   __u64 *note)
{
	if (by != UNWIND_REGS_STACK)
		return dwunw_user_regs_by_helper(regs);
	dwunw_note_stack(note);
	return dwunw_user_regs_above(regs, *note);
}

/* struct bpf_perf_event_data of the kernel. */
struct dwunw_perf_event {
	struct dwunw_pt_regs regs; /* of what was interrupted */
};

/* 1 in arch/TARGET/bpf.h: that kernel keeps all registers of user space at some
 * entries only. */
#ifndef DWUNW_USER_REGS_PARTS
#define DWUNW_USER_REGS_PARTS 0
#endif

/* By constant offsets: the verifier allows no others from ctx. */
static __always_inline void
dwunw_user_regs_copy(struct dwunw_pt_regs *to,
		     const struct dwunw_perf_event *from)
{
#pragma clang loop unroll(full)
	for (unsigned int i = 0; i < sizeof(*to) / sizeof(dwunw_word); i++)
		((dwunw_word *)to)[i] =
			((const volatile dwunw_word *)&from->regs)[i];
}

/*
 * From a perf event, which interrupts user space or the kernel. Its program runs
 * on a stack of interrupts: only the interrupted sp is on the thread's.
 */
static __always_inline int
dwunw_user_regs_sampled(struct dwunw_pt_regs *regs, __u32 by,
			const struct dwunw_perf_event *event)
{
	dwunw_user_regs_copy(regs, event);
	if (unwind_from_user(regs))
		return 1;
	if (DWUNW_USER_REGS_PARTS)
		return 0;
	if (by != UNWIND_REGS_STACK)
		return dwunw_user_regs_by_helper(regs);
	return dwunw_user_regs_above(regs, DWUNW_SP(regs));
}

#endif
