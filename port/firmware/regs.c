/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Registers as an exception handler stores them, and as Linux does. */
#include "port.h"

static const uint8_t field_of[] = HOST(UCONTEXT_REGS);

/* A field of 8 bytes; of a register of 32 bits, the low half. */
static uint64_t field_at(const uint8_t *bytes, bool big, uint8_t width)
{
	uint64_t value = 0;
	uint8_t i;

	for (i = 0; i < width; i++)
		value |= (uint64_t)bytes[big ? 7 - i : i] << (8 * i);
	return value;
}

dwunw_status_t dwu_regset_from_fields(struct dwunw_regset *regs,
				      uint16_t arch_id, const uint8_t *fields)
{
	dwunw_status_t status = dwunw_regset_prepare(regs, arch_id);
	const struct dwunw_arch_ops *arch = dwunw_arch_by_id(arch_id);
	uint8_t i, width;
	bool big;

	if (status != DWUNW_OK)
		return status;
	big = dwunw_arch_big_endian(arch);
	width = dwunw_arch_address_size(arch);
	for (i = 0; i < sizeof(field_of); i++)
		if (field_of[i] < HOST(UCONTEXT_FIELDS))
			regs->regs[i] =
				field_at(fields + 8 * field_of[i], big, width);
	regs->pc = field_at(fields + 8 * HOST(UCONTEXT_PC), big, width);
	regs->sp = regs->regs[HOST(DWARF_SP)];
	return DWUNW_OK;
}

dwunw_status_t dwunw_firmware_regset_from_ucontext(struct dwunw_regset *regs,
						   const void *ucontext,
						   size_t size)
{
	if (!regs || !ucontext ||
	    size < HOST(UCONTEXT) + 8 * HOST(UCONTEXT_FIELDS))
		return DWUNW_ERR_INVALID_ARG;
	return dwu_regset_from_fields(regs, DWU_HOST_ARCH,
				      (const uint8_t *)ucontext +
					      HOST(UCONTEXT));
}

dwunw_status_t
dwunw_firmware_regset(struct dwunw_regset *regs,
		      const struct dwunw_firmware_registers *registers)
{
	dwunw_status_t status;
	uint8_t i;

	if (!regs || !registers)
		return DWUNW_ERR_INVALID_ARG;
	status = dwunw_regset_prepare(regs, DWU_HOST_ARCH);
	if (status != DWUNW_OK)
		return status;
	for (i = 0; i < 32; i++)
		regs->regs[i] = registers->regs[i];
	regs->pc = registers->pc;
	regs->sp = registers->sp;
	regs->regs[HOST(DWARF_SP)] = registers->sp;
	return DWUNW_OK;
}
