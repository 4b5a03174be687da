/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Registers from the three ways in which they lie in memory. */
#include "port.h"

#include <stddef.h>

enum {
	S0 = 16,
	GP = 28,
	SP = 29,
	S8 = 30,
};

#define LAYOUT(type, member, at)                                             \
	_Static_assert(offsetof(struct dwunw_mips32_##type, member) == (at), \
		       #type "." #member)

LAYOUT(sigcontext, pc, 8);
LAYOUT(sigcontext, regs, 16);
LAYOUT(ucontext, mcontext, 24);
LAYOUT(saved, gp, 40);
LAYOUT(saved, s8, 44);

struct block {
	const uint8_t *bytes;
	bool big;
};

static uint32_t word_at(const struct block *b, size_t off)
{
	const uint8_t *p = b->bytes + off;

	if (b->big)
		return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		       (uint32_t)p[2] << 8 | p[3];
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[1] << 8 | p[0];
}

static bool usable(const struct dwunw_regset *regs, uint16_t arch_id,
		   const void *bytes, size_t size, size_t wanted)
{
	return regs && bytes && size >= wanted &&
	       (arch_id == DWUNW_ARCH_MIPS32EL ||
		arch_id == DWUNW_ARCH_MIPS32EB);
}

dwunw_status_t dwunw_mips32_regset_from_sigcontext(struct dwunw_regset *regs,
						   uint16_t arch_id,
						   const void *bytes,
						   size_t size)
{
	if (!usable(regs, arch_id, bytes, size,
		    sizeof(struct dwunw_mips32_sigcontext)))
		return DWUNW_ERR_INVALID_ARG;
	return dwu_regset_from_fields(
		regs, arch_id,
		(const uint8_t *)bytes +
			offsetof(struct dwunw_mips32_sigcontext, pc));
}

dwunw_status_t dwunw_mips32_regset_from_ucontext(struct dwunw_regset *regs,
						 uint16_t arch_id,
						 const void *bytes, size_t size)
{
	size_t off = offsetof(struct dwunw_mips32_ucontext, mcontext);

	if (!bytes || size < off)
		return DWUNW_ERR_INVALID_ARG;
	return dwunw_mips32_regset_from_sigcontext(
		regs, arch_id, (const uint8_t *)bytes + off, size - off);
}

dwunw_status_t dwunw_mips32_regset_from_saved(struct dwunw_regset *regs,
					      uint16_t arch_id,
					      const void *bytes, size_t size)
{
	const struct block b = { .bytes = bytes,
				 .big = arch_id == DWUNW_ARCH_MIPS32EB };
	dwunw_status_t status;
	uint32_t i;

	if (!usable(regs, arch_id, bytes, size,
		    sizeof(struct dwunw_mips32_saved)))
		return DWUNW_ERR_INVALID_ARG;
	status = dwunw_regset_prepare(regs, arch_id);
	if (status != DWUNW_OK)
		return status;
	for (i = 0; i < 8; i++)
		regs->regs[S0 + i] = word_at(
			&b, offsetof(struct dwunw_mips32_saved, s) + 4 * i);
	regs->regs[GP] = word_at(&b, offsetof(struct dwunw_mips32_saved, gp));
	regs->regs[S8] = word_at(&b, offsetof(struct dwunw_mips32_saved, s8));
	regs->pc = word_at(&b, offsetof(struct dwunw_mips32_saved, pc));
	regs->sp = word_at(&b, offsetof(struct dwunw_mips32_saved, sp));
	regs->regs[SP] = regs->sp;
	/* $ra is not: a function that has called another has saved its own */
	regs->valid = 0xffull << S0 | 1ull << GP | 1ull << SP | 1ull << S8;
	return DWUNW_OK;
}
