/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What the scans of all targets do to a state in the same way: stores and loads
 * of registers at a known distance from the CFA.
 *
 * For example, push rbx with rsp = CFA - 16: dwu_scan_store(state, rbx, -24)
 * makes slots[rbx] = -24, if rbx still holds its entry value; pop rbx later is
 * dwu_scan_load(state, rbx, -24), and rbx holds it again.
 */
#include "scan.h"

#include "core/base/bytes.h"

void dwu_scan_store(const struct dwunw_arch_ops *arch,
		    struct dwu_scan_state *state, uint8_t reg, int32_t n)
{
	const struct dwu_value *value = &state->regs[reg];
	uint8_t i;

	arch = dwu_arch(arch);
	/* whatever stood there is overwritten */
	for (i = 0; i < DWU_SCAN_REGS; i++)
		if (state->slots[i] == n)
			state->slots[i] = DWU_SLOT_NONE;
	/* of two copies the first is the one that is kept: the second is an
	 * argument's, spilled */
	if (value->kind != DWU_VALUE_ENTRY ||
	    !dwu_scan_is_saved(arch, value->reg) ||
	    state->slots[value->reg] != DWU_SLOT_NONE)
		return;
	state->slots[value->reg] = n;
	if (IS_ON(CONFIG_SCAN_WIDE_LINK) && value->reg == arch->ra)
		state->slot_signed = state->ra_signed;
}

/*
 * A register that is loaded from its own slot holds its entry value; from that
 * of another it holds that one's; from anywhere else nothing that is known.
 */
void dwu_scan_load(const struct dwunw_arch_ops *arch,
		   struct dwu_scan_state *state, uint8_t reg, int32_t n)
{
	uint8_t i;

	state->regs[reg] = (struct dwu_value){ .kind = DWU_VALUE_UNKNOWN };
	for (i = 0; i < DWU_SCAN_REGS; i++) {
		if (state->slots[i] != n || n == DWU_SLOT_NONE)
			continue;
		state->regs[reg].kind = DWU_VALUE_ENTRY;
		state->regs[reg].reg = i;
		if (IS_ON(CONFIG_SCAN_WIDE_LINK) && reg == arch->ra && i == reg)
			state->ra_signed = state->slot_signed;
	}
}
