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

/* --- the walk in the kernel (walk.bpf.h) --- */

/* The link register and what calls preserve, in the order of
 * dwunw_arch_saved(): x30, x19 to x29 (AAPCS64 6.1.1). */
#define DWUNW_WALK_DWARF                                       \
	{                                                      \
		30, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29 \
	}
#define DWUNW_WALK_REGISTERS 12
#define DWUNW_WALK_DWARF_SP 31
#define DWUNW_WALK_FP 11
#define DWUNW_WALK_WORD 8
#define DWUNW_WALK_ENTRY_SIZE 0
#define DWUNW_WALK_LINK 1
/* above stand tags and signatures */
#define DWUNW_WALK_PC_MASK 0x0000ffffffffffffull
#define DWUNW_WALK_ISA_MASK 0

/*
 * struct sigcontext (Linux, asm/sigcontext.h), in words from x0 on: x0 to x30,
 * sp, pc, pstate, padding, and the first record, struct fpsimd_context.
 */
#define DWUNW_WALK_SIGNAL_PCS \
	{                     \
		568, 568      \
	}
#define DWUNW_WALK_SIGNAL_BASE (-256)
#define DWUNW_WALK_SIGNAL_WORDS 36
#define DWUNW_WALK_SIGNAL_AT                                   \
	{                                                      \
		30, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29 \
	}
#define DWUNW_WALK_SIGNAL_SP 31
#define DWUNW_WALK_SIGNAL_PC 32
#define DWUNW_WALK_SIGNAL_MARK 35
#define DWUNW_WALK_SIGNAL_MARK_BITS (-1ull)
#define DWUNW_WALK_SIGNAL_MARK_IS 0x0000021046508001ull

#define DWUNW_WALK_FILL(r, from)            \
	do {                                \
		(r)[0] = (from)->regs[30];  \
		(r)[1] = (from)->regs[19];  \
		(r)[2] = (from)->regs[20];  \
		(r)[3] = (from)->regs[21];  \
		(r)[4] = (from)->regs[22];  \
		(r)[5] = (from)->regs[23];  \
		(r)[6] = (from)->regs[24];  \
		(r)[7] = (from)->regs[25];  \
		(r)[8] = (from)->regs[26];  \
		(r)[9] = (from)->regs[27];  \
		(r)[10] = (from)->regs[28]; \
		(r)[11] = (from)->regs[29]; \
	} while (0)

#endif
