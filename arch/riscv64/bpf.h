/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * riscv64: what BPF programs know of it (bpf/capture.bpf.h, bpf/unwind_ctx.bpf.h).
 *
 * struct dwunw_pt_regs is struct pt_regs of the kernel itself, which on some
 * targets is not the one of its uapi headers; dwunw_regs_fill() gives its
 * registers their DWARF numbers.
 */
#ifndef DWUNW_RISCV64_BPF_H
#define DWUNW_RISCV64_BPF_H

#define DWUNW_CAPTURE_ARCH 5 /* DWUNW_ARCH_RISCV64 */
#define DWUNW_CAPTURE_REGS 33
#define DWUNW_RETURN_POPS 0

typedef __u64 dwunw_word;

/* arch/riscv/include/asm/ptrace.h of the kernel: the pc, then x1 to x31. */
struct dwunw_pt_regs {
	__u64 regs[32];
	__u64 status, badaddr, cause, orig_a0;
};

#define DWUNW_PC(ctx) ((ctx)->regs[0])
#define DWUNW_SP(ctx) ((ctx)->regs[2])
#define DWUNW_RESULT(ctx) ((ctx)->regs[10])
#define DWUNW_ARG1(ctx) ((ctx)->regs[10])
#define DWUNW_ARG2(ctx) ((ctx)->regs[11])
#define DWUNW_ARG3(ctx) ((ctx)->regs[12])

/* RISC-V psABI: x0 to x31; the pc follows. */
static __always_inline void dwunw_regs_fill(__u64 *regs,
					    struct dwunw_pt_regs *ctx)
{
	regs[0] = 0;
#pragma clang loop unroll(full)
	for (int i = 1; i < 32; i++)
		regs[i] = ctx->regs[i];
	regs[32] = ctx->regs[0];
}

static __always_inline long dwunw_return_address(struct dwunw_pt_regs *ctx,
						 uint64_t *addr)
{
	*addr = ctx->regs[1];
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

#endif
