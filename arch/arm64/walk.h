/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* arm64: what the walk in the kernel knows of it. Constants only: bpf/ may
 * include this. */
#ifndef DWUNW_ARM64_WALK_H
#define DWUNW_ARM64_WALK_H

/* The link register and what calls preserve, in the order of
 * dwunw_arch_saved(): x30, x19 to x29 (AAPCS64 6.1.1). */
#define DWUNW_WALK_DWARF { 30, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29 }
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
#define DWUNW_WALK_SIGNAL_PCS { 568, 568 }
#define DWUNW_WALK_SIGNAL_BASE (-256)
#define DWUNW_WALK_SIGNAL_WORDS 36
#define DWUNW_WALK_SIGNAL_AT \
	{ 30, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29 }
#define DWUNW_WALK_SIGNAL_SP 31
#define DWUNW_WALK_SIGNAL_PC 32
#define DWUNW_WALK_SIGNAL_MARK 35
#define DWUNW_WALK_SIGNAL_MARK_BITS (-1ull)
#define DWUNW_WALK_SIGNAL_MARK_IS 0x0000021046508001ull

#define DWUNW_WALK_FILL(r, from)                         \
	do {                                                   \
		(r)[0] = (from)->regs[30];                     \
		(r)[1] = (from)->regs[19];                     \
		(r)[2] = (from)->regs[20];                     \
		(r)[3] = (from)->regs[21];                     \
		(r)[4] = (from)->regs[22];                     \
		(r)[5] = (from)->regs[23];                     \
		(r)[6] = (from)->regs[24];                     \
		(r)[7] = (from)->regs[25];                     \
		(r)[8] = (from)->regs[26];                     \
		(r)[9] = (from)->regs[27];                     \
		(r)[10] = (from)->regs[28];                    \
		(r)[11] = (from)->regs[29];                    \
	} while (0)

#endif
