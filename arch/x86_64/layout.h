/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* x86_64: registers as Linux gives them. Constants only: bpf/, port/ and tools
 * may include this. */
#ifndef DWUNW_X86_64_LAYOUT_H
#define DWUNW_X86_64_LAYOUT_H

/* struct user_regs_struct of <sys/user.h>: r15 is word 0, ss word 23 */
#define DWUNW_X86_64_WORDS 27
#define DWUNW_X86_64_PC 16
#define DWUNW_X86_64_SP 19
/* by DWARF number (psABI 3.6.2, figure 3.36): rax rdx rcx rbx rsi rdi rbp rsp,
 * r8 to r15, rip */
#define DWUNW_X86_64_REGS                                                \
	{                                                                \
		10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0, 16 \
	}
#define DWUNW_X86_64_REG_COUNT 17
/* struct elf_prstatus: its size, pr_pid, pr_reg */
#define DWUNW_X86_64_PRSTATUS 336, 32, 112

/* <asm/perf_regs.h>: the bit of a register in sample_regs_user, by DWARF number,
 * the pc last; who carries the result and the first arguments */
#define DWUNW_X86_64_PERF_BITS                                            \
	{                                                                 \
		0, 3, 2, 1, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 8 \
	}
#define DWUNW_X86_64_PERF_COUNT 17
#define DWUNW_X86_64_RESULT 0
#define DWUNW_X86_64_ARGUMENTS \
	{                      \
		5, 4, 1        \
	}
/* bytes by which a return moves sp */
#define DWUNW_X86_64_RETURN_POPS 8
#define DWUNW_X86_64_DWARF_SP 7

/* ucontext_t of <asm/ucontext.h>: where struct sigcontext begins; fields of 8
 * bytes from there, r8 to r15, rdi rsi rbp rbx rdx rax rcx rsp rip; by DWARF
 * number. And e_machine of its files */
#define DWUNW_X86_64_UCONTEXT 40
#define DWUNW_X86_64_UCONTEXT_FIELDS 17
#define DWUNW_X86_64_UCONTEXT_PC 16
#define DWUNW_X86_64_UCONTEXT_REGS                                       \
	{                                                                \
		13, 12, 14, 11, 9, 8, 10, 15, 0, 1, 2, 3, 4, 5, 6, 7, 16 \
	}
#define DWUNW_X86_64_MACHINE 62

#endif
