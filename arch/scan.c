/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* What the scans of all targets do to a state in the same way. */
#include "scan.h"

#include "core/bytes.h"

/* The place of a column in arch->saved, or saved_count. */
static uint8_t place_of(const struct dwunw_arch_ops *arch, uint8_t reg)
{
	uint8_t i;

	for (i = 0; i < arch->saved_count; i++)
		if (arch->saved[i] == reg)
			break;
	return i;
}

void dwu_scan_store(const struct dwunw_arch_ops *arch,
		    struct dwu_scan_state *state, uint8_t reg, int32_t n)
{
	const struct dwu_value *value = &state->regs[reg];
	uint8_t i;

	/* whatever stood there is overwritten */
	for (i = 0; i < arch->saved_count; i++)
		if (state->slots[i] == n)
			state->saved &= (uint16_t) ~(1u << i);
	if (value->kind != DWU_VALUE_ENTRY)
		return;
	i = place_of(arch, value->reg);
	/* of two copies the first is the one that is kept: the second is an
	 * argument's, spilled */
	if (i == arch->saved_count || (state->saved & 1u << i))
		return;
	state->slots[i] = n;
	state->saved |= (uint16_t)(1u << i);
	if (value->reg == arch->ra)
		state->slot_signed = state->ra_signed;
}

void dwu_scan_load(const struct dwunw_arch_ops *arch,
		   struct dwu_scan_state *state, uint8_t reg, int32_t n)
{
	uint8_t i;

	state->regs[reg] = (struct dwu_value){ .kind = DWU_VALUE_UNKNOWN };
	for (i = 0; i < arch->saved_count; i++) {
		if (!(state->saved & 1u << i) || state->slots[i] != n)
			continue;
		state->regs[reg].kind = DWU_VALUE_ENTRY;
		state->regs[reg].reg = arch->saved[i];
		if (reg == arch->ra && arch->saved[i] == reg)
			state->ra_signed = state->slot_signed;
	}
}
