/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * x86_64: what BPF programs know of it (bpf/capture.bpf.h, bpf/unwind_ctx.bpf.h).
 *
 * struct dwunw_pt_regs is struct pt_regs of the kernel itself, which on some
 * targets is not the one of its uapi headers; dwunw_regs_fill() gives its
 * registers their DWARF numbers.
 */
#ifndef DWUNW_X86_64_BPF_H
#define DWUNW_X86_64_BPF_H

#define DWUNW_CAPTURE_ARCH 1 /* DWUNW_ARCH_X86_64 */
#define DWUNW_CAPTURE_REGS 17
#define DWUNW_RETURN_POPS 8 /* sp after a return = sp at entry + 8 */

typedef __u64 dwunw_word; /* unsigned long of the kernel and the program */

struct dwunw_pt_regs {
	__u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
	__u64 ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

#define DWUNW_PC(ctx) ((ctx)->ip)
#define DWUNW_SP(ctx) ((ctx)->sp)
#define DWUNW_RESULT(ctx) ((ctx)->ax)
#define DWUNW_ARG1(ctx) ((ctx)->di)
#define DWUNW_ARG2(ctx) ((ctx)->si)
#define DWUNW_ARG3(ctx) ((ctx)->dx)

/* x86-64 psABI, figure 3.36: DWARF register numbers. */
static __always_inline void dwunw_regs_fill(__u64 *regs,
					    struct dwunw_pt_regs *ctx)
{
	regs[0] = ctx->ax;
	regs[1] = ctx->dx;
	regs[2] = ctx->cx;
	regs[3] = ctx->bx;
	regs[4] = ctx->si;
	regs[5] = ctx->di;
	regs[6] = ctx->bp;
	regs[7] = ctx->sp;
	regs[8] = ctx->r8;
	regs[9] = ctx->r9;
	regs[10] = ctx->r10;
	regs[11] = ctx->r11;
	regs[12] = ctx->r12;
	regs[13] = ctx->r13;
	regs[14] = ctx->r14;
	regs[15] = ctx->r15;
	regs[16] = ctx->ip;
}

/* At a function's first instruction: where the return address is. */
static __always_inline long dwunw_return_address(struct dwunw_pt_regs *ctx,
						 uint64_t *addr)
{
	return bpf_probe_read_user(addr, sizeof(*addr), (void *)ctx->sp);
}

/* a mapping has less than 1 << 47 bytes */
#define DWUNW_MAPPING_BITS 47
/* a system call's event is named for the function in the kernel */
#define DWUNW_SYS_MMAP "mmap"
/* map_flags of a hash map that grows on demand */
#define DWUNW_GROWING_MAP BPF_F_NO_PREALLOC
/* room is not scarce: tables are large */
#define DWUNW_SMALL_MAPS 0

/* --- where the kernel keeps the registers of user space (unwind_ctx.bpf.h) --- */

#define UNWIND_STACK_FIRST 16384ull
#define UNWIND_STACK_LAST 32768ull /* KASAN */
/* Linux 6.9 keeps 16 bytes above for FRED. */
#define UNWIND_REGS_NEAR sizeof(struct dwunw_pt_regs)
#define UNWIND_REGS_FAR (16 + sizeof(struct dwunw_pt_regs))

static __always_inline int unwind_from_user(const struct dwunw_pt_regs *regs)
{
	/* the segments of a 64-bit program */
	return regs->cs == 0x33 && regs->ss == 0x2b && regs->ip && regs->sp &&
	       !(regs->ip >> 47) && !(regs->sp >> 47);
}

#endif
