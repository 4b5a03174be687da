/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* arm64: registers as Linux gives them. Constants only: bpf/, port/ and tools
 * may include this. */
#ifndef DWUNW_ARM64_LAYOUT_H
#define DWUNW_ARM64_LAYOUT_H

/* struct user_pt_regs of <asm/ptrace.h>: x0 to x30, sp, pc, pstate */
#define DWUNW_ARM64_WORDS 34
#define DWUNW_ARM64_PC 32
#define DWUNW_ARM64_SP 31
/* by DWARF number (AADWARF64 4.1) */
#define DWUNW_ARM64_REGS                                                       \
	{                                                                      \
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,  \
			18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 \
	}
#define DWUNW_ARM64_REG_COUNT 32
/* struct elf_prstatus: its size, pr_pid, pr_reg */
#define DWUNW_ARM64_PRSTATUS 392, 32, 112

/* <asm/perf_regs.h>: the bit of a register in sample_regs_user, by DWARF number,
 * the pc last; who carries the result and the first arguments */
#define DWUNW_ARM64_PERF_BITS                                                 \
	{                                                                     \
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, \
			18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,   \
			31, 32                                                \
	}
#define DWUNW_ARM64_PERF_COUNT 33
#define DWUNW_ARM64_RESULT 0
#define DWUNW_ARM64_ARGUMENTS \
	{                     \
		0, 1, 2       \
	}
#define DWUNW_ARM64_RETURN_POPS 0
#define DWUNW_ARM64_DWARF_SP 31

/* ucontext_t of <asm/ucontext.h>: where x0 stands; fields of 8 bytes from there,
 * x0 to x30, sp, pc; by DWARF number. And e_machine of its files */
#define DWUNW_ARM64_UCONTEXT 184
#define DWUNW_ARM64_UCONTEXT_FIELDS 33
#define DWUNW_ARM64_UCONTEXT_PC 32
#define DWUNW_ARM64_UCONTEXT_REGS DWUNW_ARM64_REGS
#define DWUNW_ARM64_MACHINE 183

#endif
