/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * arm64: what BPF programs know of it (bpf/capture.bpf.h, bpf/unwind_ctx.bpf.h).
 *
 * struct dwunw_pt_regs is struct pt_regs of the kernel itself, which on some
 * targets is not the one of its uapi headers; dwunw_regs_fill() gives its
 * registers their DWARF numbers.
 */
#ifndef DWUNW_ARM64_BPF_H
#define DWUNW_ARM64_BPF_H

#define DWUNW_CAPTURE_ARCH 2 /* DWUNW_ARCH_ARM64 */
#define DWUNW_CAPTURE_REGS 33
#define DWUNW_RETURN_POPS 0

typedef __u64 dwunw_word;

struct dwunw_pt_regs {
	__u64 regs[31]; /* [30] is the link register */
	__u64 sp, pc, pstate;
};

#define DWUNW_PC(ctx) ((ctx)->pc)
#define DWUNW_SP(ctx) ((ctx)->sp)
#define DWUNW_RESULT(ctx) ((ctx)->regs[0])
#define DWUNW_ARG1(ctx) ((ctx)->regs[0])
#define DWUNW_ARG2(ctx) ((ctx)->regs[1])
#define DWUNW_ARG3(ctx) ((ctx)->regs[2])

/* AADWARF64 4.1: 0..30, 31 is sp; the pc follows. */
static __always_inline void dwunw_regs_fill(__u64 *regs,
					    struct dwunw_pt_regs *ctx)
{
	/* by constant offsets: the verifier allows no others from ctx */
#pragma clang loop unroll(full)
	for (int i = 0; i < 31; i++)
		regs[i] = ctx->regs[i];
	regs[31] = ctx->sp;
	regs[32] = ctx->pc;
}

/* Not signed yet: paciasp is the first instruction, if it is one at all. */
static __always_inline long dwunw_return_address(struct dwunw_pt_regs *ctx,
						 uint64_t *addr)
{
	*addr = ctx->regs[30];
	return 0;
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
#define UNWIND_STACK_LAST 65536ull /* pages of 64 KiB */
/* Without and with what only an entry from the kernel itself fills. */
#define UNWIND_REGS_NEAR 320ull
#define UNWIND_REGS_FAR 336ull

static __always_inline int unwind_from_user(const struct dwunw_pt_regs *regs)
{
	/* PSTATE.M: EL0, 64 bits; PSTATE has 32 */
	return !(regs->pstate & 0xffffffff0000001f) && regs->pc && regs->sp &&
	       !(regs->pc >> 52) && !(regs->sp >> 52) && !(regs->pc & 3) &&
	       !(regs->sp & 15);
}

#endif
