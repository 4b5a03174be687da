/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * regs.h - what stub.S leaves on the stack: the registers that calls preserve, as
 * the caller has them, and where it is returned to. The CFA, sp at the call, is
 * behind it.
 */
#ifndef DWU_INPROC_REGS_H
#define DWU_INPROC_REGS_H

#include <dwunw/regset.h>

/* AADWARF64 4.1 */
enum {
	DWU_REG_X19 = 19,
	DWU_REG_FP = 29,
	DWU_REG_RA = 30,
	DWU_REG_SP = 31,
	DWU_REG_PC = 32,
};

struct dwu_inproc_regs {
	uint64_t x19[10];
	uint64_t fp;
	uint64_t ra;
};

static inline uint64_t dwu_regs_sp(const struct dwu_inproc_regs *regs)
{
	return (uint64_t)(uintptr_t)(regs + 1);
}

static inline void dwu_regs_set(const struct dwu_inproc_regs *regs,
				struct dwunw_regset *set)
{
	set->valid = 0x3ffull << DWU_REG_X19 | 1ull << DWU_REG_FP |
		     1ull << DWU_REG_SP | 1ull << DWU_REG_PC;
	set->pc = regs->ra;
	set->sp = dwu_regs_sp(regs);
	for (int i = 0; i < 10; i++)
		set->regs[DWU_REG_X19 + i] = regs->x19[i];
	set->regs[DWU_REG_FP] = regs->fp;
}

#endif
