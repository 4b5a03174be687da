/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* mips32: registers as Linux gives them. Constants only: bpf/, port/ and tools
 * may include this. */
#ifndef DWUNW_MIPS32_LAYOUT_H
#define DWUNW_MIPS32_LAYOUT_H

/* elf_gregset_t of o32 (<asm/reg.h>): $0 is word 6, the pc word 40 */
#define DWUNW_MIPS32_WORDS 45
#define DWUNW_MIPS32_PC 40
#define DWUNW_MIPS32_SP 35
/* by GCC's numbers */
#define DWUNW_MIPS32_REGS                                                   \
	{                                                                   \
		6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, \
			22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, \
			35, 36, 37                                          \
	}
#define DWUNW_MIPS32_REG_COUNT 32
/* struct elf_prstatus: its size, pr_pid, pr_reg */
#define DWUNW_MIPS32_PRSTATUS 256, 24, 72

/* <asm/perf_regs.h>: the bit of a register in sample_regs_user, by DWARF number,
 * the pc last, which is bit 0; $k0 and $k1 are the kernel's. Who carries the
 * result and the first arguments */
#define DWUNW_MIPS32_PERF_BITS                                               \
	{                                                                    \
		0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
			17, 18, 19, 20, 21, 22, 23, 24, 25, 0xff, 0xff, 28,  \
			29, 30, 31, 0                                        \
	}
#define DWUNW_MIPS32_PERF_COUNT 33
#define DWUNW_MIPS32_RESULT 2
#define DWUNW_MIPS32_ARGUMENTS \
	{                      \
		4, 5, 6        \
	}
#define DWUNW_MIPS32_RETURN_POPS 0
#define DWUNW_MIPS32_DWARF_SP 29

/* ucontext_t of o32 (<asm/ucontext.h>, <asm/sigcontext.h>): where the pc stands;
 * fields of 8 bytes from there, pc, $0 to $31, of which the low half counts; by
 * GCC's number. And e_machine of its files */
#define DWUNW_MIPS32_UCONTEXT 32
#define DWUNW_MIPS32_UCONTEXT_FIELDS 33
#define DWUNW_MIPS32_UCONTEXT_PC 0
#define DWUNW_MIPS32_UCONTEXT_REGS                                             \
	{                                                                      \
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, \
			19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32 \
	}
#define DWUNW_MIPS32_MACHINE 8

#endif
