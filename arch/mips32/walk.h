/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* mips32: what the walk in the kernel knows of it. Constants only: bpf/ may
 * include this. */
#ifndef DWUNW_MIPS32_WALK_H
#define DWUNW_MIPS32_WALK_H

/* The link register and what calls preserve, in the order of
 * dwunw_arch_saved(): $ra, $s0 to $s7, $gp, $s8 (o32). */
#define DWUNW_WALK_DWARF { 31, 16, 17, 18, 19, 20, 21, 22, 23, 28, 30 }
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
#define DWUNW_WALK_SIGNAL_PCS { 32, 184 }
#define DWUNW_WALK_SIGNAL_BASE 0
#define DWUNW_WALK_SIGNAL_WORDS 33
#define DWUNW_WALK_SIGNAL_AT { 32, 17, 18, 19, 20, 21, 22, 23, 24, 29, 31 }
#define DWUNW_WALK_SIGNAL_SP 30
#define DWUNW_WALK_SIGNAL_PC 0

#define DWUNW_WALK_FILL(r, from)       \
	do {                                  \
		(r)[0] = (from)->regs[31];    \
		(r)[1] = (from)->regs[16];    \
		(r)[2] = (from)->regs[17];    \
		(r)[3] = (from)->regs[18];    \
		(r)[4] = (from)->regs[19];    \
		(r)[5] = (from)->regs[20];    \
		(r)[6] = (from)->regs[21];    \
		(r)[7] = (from)->regs[22];    \
		(r)[8] = (from)->regs[23];    \
		(r)[9] = (from)->regs[28];    \
		(r)[10] = (from)->regs[30];   \
	} while (0)

#endif
