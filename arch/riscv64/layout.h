/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* riscv64: registers as Linux gives them. Constants only: bpf/, port/ and tools
 * may include this. */
#ifndef DWUNW_RISCV64_LAYOUT_H
#define DWUNW_RISCV64_LAYOUT_H

/* struct user_regs_struct of <asm/ptrace.h>: pc, x1 to x31 */
#define DWUNW_RISCV64_WORDS 32
#define DWUNW_RISCV64_PC 0
#define DWUNW_RISCV64_SP 2
/* by DWARF number (RISC-V psABI): x0 is 0 */
#define DWUNW_RISCV64_REGS                                                    \
	{                                                                     \
		DWUNW_LAYOUT_ZERO, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, \
			14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,   \
			27, 28, 29, 30, 31                                    \
	}
#define DWUNW_RISCV64_REG_COUNT 32
/* struct elf_prstatus: its size, pr_pid, pr_reg */
#define DWUNW_RISCV64_PRSTATUS 376, 32, 112

/* <asm/perf_regs.h>: the bit of a register in sample_regs_user, by DWARF number,
 * the pc last, which is bit 0; x0 is always 0. Who carries the result and the first
 * arguments */
#define DWUNW_RISCV64_PERF_BITS                                              \
	{                                                                    \
		0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
			17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,  \
			30, 31, 0                                            \
	}
#define DWUNW_RISCV64_PERF_COUNT 33
#define DWUNW_RISCV64_RESULT 10
#define DWUNW_RISCV64_ARGUMENTS \
	{                       \
		10, 11, 12      \
	}
#define DWUNW_RISCV64_RETURN_POPS 0
#define DWUNW_RISCV64_DWARF_SP 2

/* ucontext_t of <asm/ucontext.h>: where the pc stands; fields of 8 bytes from
 * there, pc, x1 to x31; by DWARF number. And e_machine of its files */
#define DWUNW_RISCV64_UCONTEXT 176
#define DWUNW_RISCV64_UCONTEXT_FIELDS 32
#define DWUNW_RISCV64_UCONTEXT_PC 0
#define DWUNW_RISCV64_UCONTEXT_REGS DWUNW_RISCV64_REGS
#define DWUNW_RISCV64_MACHINE 243

#endif
