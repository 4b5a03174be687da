/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * regs.h - what stub.S leaves on the stack: the registers that calls preserve, as
 * the caller has them, and where it is returned to. The CFA is behind `ra`.
 */
#ifndef DWU_INPROC_REGS_H
#define DWU_INPROC_REGS_H

#include <dwunw/regset.h>

/* psABI figure 3.36 */
enum {
	DWU_REG_RBX = 3,
	DWU_REG_FP = 6,
	DWU_REG_SP = 7,
	DWU_REG_R12 = 12,
	DWU_REG_PC = 16,
};

struct dwu_inproc_regs {
	uint64_t rbx, fp;
	uint64_t r12[4];
	uint64_t pad; /* the stack stays a multiple of 16 */
	uint64_t ra;
};

static inline uint64_t dwu_regs_sp(const struct dwu_inproc_regs *regs)
{
	return (uint64_t)(uintptr_t)(regs + 1);
}

static inline void dwu_regs_set(const struct dwu_inproc_regs *regs,
				struct dwunw_regset *set)
{
	set->valid = 1u << DWU_REG_RBX | 1u << DWU_REG_FP | 1u << DWU_REG_SP |
		     0xfu << DWU_REG_R12 | 1u << DWU_REG_PC;
	set->pc = regs->ra;
	set->sp = dwu_regs_sp(regs);
	set->regs[DWU_REG_RBX] = regs->rbx;
	set->regs[DWU_REG_FP] = regs->fp;
	for (int i = 0; i < 4; i++)
		set->regs[DWU_REG_R12 + i] = regs->r12[i];
}

#endif
