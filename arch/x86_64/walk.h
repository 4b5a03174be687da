/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* x86_64: what the walk in the kernel knows of it. Constants only: bpf/ may
 * include this. */
#ifndef DWUNW_X86_64_WALK_H
#define DWUNW_X86_64_WALK_H

/* The return address and what calls preserve, in the order of
 * dwunw_arch_saved(): rip, rbx, rbp, r12 to r15 (psABI 3.2.1). */
#define DWUNW_WALK_DWARF { 16, 3, 6, 12, 13, 14, 15 }
#define DWUNW_WALK_REGISTERS 7
#define DWUNW_WALK_DWARF_SP 7
#define DWUNW_WALK_FP 2
#define DWUNW_WALK_WORD 8
/* A call pushes the return address: it is no register. */
#define DWUNW_WALK_ENTRY_SIZE 8
#define DWUNW_WALK_LINK 0
#define DWUNW_WALK_PC_MASK (-1ull)
#define DWUNW_WALK_ISA_MASK 0
/*
 * struct sigcontext_64 (Linux, asm/sigcontext.h), in words: r8 to r15, rdi, rsi,
 * rbp, rbx, rdx, rax, rcx, rsp, rip, flags, cs. Where it begins, from rip's
 * place; the places of the registers above, of rsp and rip; and the mark.
 */
#define DWUNW_WALK_SIGNAL_PCS { 168, 168 }
#define DWUNW_WALK_SIGNAL_BASE (-128)
#define DWUNW_WALK_SIGNAL_WORDS 19
#define DWUNW_WALK_SIGNAL_AT { 16, 11, 10, 4, 5, 6, 7 }
#define DWUNW_WALK_SIGNAL_SP 15
#define DWUNW_WALK_SIGNAL_PC 16
#define DWUNW_WALK_SIGNAL_MARK 18
#define DWUNW_WALK_SIGNAL_MARK_BITS 0xffffull
#define DWUNW_WALK_SIGNAL_MARK_IS 0x33ull

/* The registers above, from those of a BPF program. */
#define DWUNW_WALK_FILL(r, regs)                                  \
	do {                                                             \
		(r)[0] = 0;                                              \
		(r)[1] = (regs)->bx;                                     \
		(r)[2] = (regs)->bp;                                     \
		(r)[3] = (regs)->r12;                                    \
		(r)[4] = (regs)->r13;                                    \
		(r)[5] = (regs)->r14;                                    \
		(r)[6] = (regs)->r15;                                    \
	} while (0)

#endif
