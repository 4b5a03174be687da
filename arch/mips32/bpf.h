/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * mips32: what BPF programs know of it (bpf/capture.bpf.h, bpf/unwind_ctx.bpf.h).
 *
 * struct dwunw_pt_regs is struct pt_regs of the kernel itself, which on some
 * targets is not the one of its uapi headers; dwunw_regs_fill() gives its
 * registers their DWARF numbers.
 */
#ifndef DWUNW_MIPS32_BPF_H
#define DWUNW_MIPS32_BPF_H

/* a program for a big-endian kernel is compiled by clang -target bpfeb */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define DWUNW_CAPTURE_ARCH 3 /* DWUNW_ARCH_MIPS32EL */
#else
#define DWUNW_CAPTURE_ARCH 4 /* DWUNW_ARCH_MIPS32EB */
#endif
#define DWUNW_CAPTURE_REGS 33
#define DWUNW_RETURN_POPS 0

typedef __u32 dwunw_word;

/*
 * arch/mips/include/asm/ptrace.h of the kernel, CONFIG_32BIT. The uapi struct
 * of the same name, and libbpf's PT_REGS_ macros with it, is another one:
 * those read two registers as one, without an error.
 */
struct dwunw_pt_regs {
	__u32 pad0[8]; /* o32 argument space, left over */
	__u32 regs[32];
	__u32 status, hi, lo, badvaddr, cause, epc;
};

#define DWUNW_PC(ctx) ((ctx)->epc)
#define DWUNW_SP(ctx) ((ctx)->regs[29])
#define DWUNW_RESULT(ctx) ((ctx)->regs[2])
#define DWUNW_ARG1(ctx) ((ctx)->regs[4])
#define DWUNW_ARG2(ctx) ((ctx)->regs[5])
#define DWUNW_ARG3(ctx) ((ctx)->regs[6])

/* GCC's numbers: $0..$31; the pc follows. */
static __always_inline void dwunw_regs_fill(__u64 *regs,
					    struct dwunw_pt_regs *ctx)
{
#pragma clang loop unroll(full)
	for (int i = 0; i < 32; i++)
		regs[i] = ctx->regs[i];
	regs[32] = ctx->epc;
}

static __always_inline long dwunw_return_address(struct dwunw_pt_regs *ctx,
						 uint64_t *addr)
{
	*addr = ctx->regs[31];
	return 0;
}

/* a mapping has less than 1 << 31 bytes */
#define DWUNW_MAPPING_BITS 31
/* a system call's event is named for the function in the kernel */
#define DWUNW_SYS_MMAP "mips_mmap2"
/*
 * map_flags of a hash map that grows on demand: it does not. This kernel has no
 * interrupt of its own for the work of refilling what elements are taken from,
 * so that waits for the timer's tick and a burst finds it empty.
 */
#define DWUNW_GROWING_MAP 0
/* a router's memory: tables are small */
#define DWUNW_SMALL_MAPS 1

/* --- where the kernel keeps the registers of user space (unwind_ctx.bpf.h) --- */

#define UNWIND_STACK_FIRST 8192ull
#define UNWIND_STACK_LAST 65536ull
#define UNWIND_REGS_NEAR (32 + sizeof(struct dwunw_pt_regs))
#define UNWIND_REGS_FAR UNWIND_REGS_NEAR

/* Away from events of system calls, $16 to $23 and $30 may be left over. */
#define DWUNW_USER_REGS_PARTS 1

static __always_inline int unwind_from_user(const struct dwunw_pt_regs *regs)
{
	/* Status.KSU: user mode; addresses of the lower half */
	return (regs->status & 0x18) == 0x10 && regs->epc && regs->regs[29] &&
	       !(regs->epc >> 31) && !(regs->regs[29] >> 31);
}

/* --- the walk in the kernel (walk.bpf.h) --- */

/* The link register and what calls preserve, in the order of
 * dwunw_arch_saved(): $ra, $s0 to $s7, $gp, $s8 (o32). */
#define DWUNW_WALK_DWARF                                   \
	{                                                  \
		31, 16, 17, 18, 19, 20, 21, 22, 23, 28, 30 \
	}
#define DWUNW_WALK_REGISTERS 11
#define DWUNW_WALK_DWARF_SP 29
#define DWUNW_WALK_FP 10
#define DWUNW_WALK_WORD 4
#define DWUNW_WALK_ENTRY_SIZE 0
#define DWUNW_WALK_LINK 1
#define DWUNW_WALK_PC_MASK 0xfffffffeull
#define DWUNW_WALK_ISA_MASK 1

/*
 * struct sigcontext of o32 (Linux, asm/sigcontext.h), in fields of 64 bits from
 * the pc on: pc, $0 to $31. The pc is 8 bytes behind the struct's start, which
 * is at 24 for a plain handler, at 176 for SA_SIGINFO; the low word of the field
 * is told, so that it is 4 bytes farther on a big-endian machine. There is no
 * mark: the upper halves extend the lower ones.
 */
#define DWUNW_WALK_SIGNAL_PCS \
	{                     \
		32, 184       \
	}
#define DWUNW_WALK_SIGNAL_BASE 0
#define DWUNW_WALK_SIGNAL_WORDS 33
#define DWUNW_WALK_SIGNAL_AT                               \
	{                                                  \
		32, 17, 18, 19, 20, 21, 22, 23, 24, 29, 31 \
	}
#define DWUNW_WALK_SIGNAL_SP 30
#define DWUNW_WALK_SIGNAL_PC 0

#define DWUNW_WALK_FILL(r, from)            \
	do {                                \
		(r)[0] = (from)->regs[31];  \
		(r)[1] = (from)->regs[16];  \
		(r)[2] = (from)->regs[17];  \
		(r)[3] = (from)->regs[18];  \
		(r)[4] = (from)->regs[19];  \
		(r)[5] = (from)->regs[20];  \
		(r)[6] = (from)->regs[21];  \
		(r)[7] = (from)->regs[22];  \
		(r)[8] = (from)->regs[23];  \
		(r)[9] = (from)->regs[28];  \
		(r)[10] = (from)->regs[30]; \
	} while (0)

#endif
