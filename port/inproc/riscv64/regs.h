/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * regs.h - what stub.S leaves on the stack: the registers that calls preserve, as
 * the caller has them, and where it is returned to. The CFA, sp at the call, is
 * behind it.
 */
#ifndef DWU_INPROC_REGS_H
#define DWU_INPROC_REGS_H

#include <dwunw/regset.h>

/* RISC-V ELF psABI, DWARF: x0..x31; the pc is dwunw's own (arch/riscv64/target.c) */
enum {
	DWU_REG_SP = 2,
	DWU_REG_FP = 8, /* s0 */
	DWU_REG_S1 = 9,
	DWU_REG_S2 = 18,
	DWU_REG_PC = 32,
};

struct dwu_inproc_regs {
	uint64_t s1;
	uint64_t s2[10];
	uint64_t fp;
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
	set->valid = 1ull << DWU_REG_SP | 1ull << DWU_REG_FP |
		     1ull << DWU_REG_S1 | 0x3ffull << DWU_REG_S2 |
		     1ull << DWU_REG_PC;
	set->pc = regs->ra;
	set->sp = dwu_regs_sp(regs);
	set->regs[DWU_REG_S1] = regs->s1;
	for (int i = 0; i < 10; i++)
		set->regs[DWU_REG_S2 + i] = regs->s2[i];
	set->regs[DWU_REG_FP] = regs->fp;
}

#endif
