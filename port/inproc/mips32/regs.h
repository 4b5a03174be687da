/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * regs.h - what stub.S leaves on the stack: the registers that calls preserve, as
 * the caller has them, and where it is returned to. The CFA, sp at the call, is
 * behind it. $gp is missing: whoever was called has set it to its own.
 */
#ifndef DWU_INPROC_REGS_H
#define DWU_INPROC_REGS_H

#include <dwunw/regset.h>

/* GCC's mips port: $0..$31; the pc is dwunw's own (arch/mips32/target.c) */
enum {
	DWU_REG_S0 = 16,
	DWU_REG_SP = 29,
	DWU_REG_FP = 30, /* $s8 */
	DWU_REG_PC = 32,
};

struct dwu_inproc_regs {
	uint32_t s0[8];
	uint32_t fp;
	uint32_t ra; /* bit 0: MIPS16e code */
};

static inline uint64_t dwu_regs_sp(const struct dwu_inproc_regs *regs)
{
	return (uint64_t)(uintptr_t)(regs + 1);
}

static inline void dwu_regs_set(const struct dwu_inproc_regs *regs,
				struct dwunw_regset *set)
{
	set->valid = 0xffull << DWU_REG_S0 | 1ull << DWU_REG_FP |
		     1ull << DWU_REG_SP | 1ull << DWU_REG_PC;
	set->pc = regs->ra;
	set->sp = dwu_regs_sp(regs);
	for (int i = 0; i < 8; i++)
		set->regs[DWU_REG_S0 + i] = regs->s0[i];
	set->regs[DWU_REG_FP] = regs->fp;
}

#endif
