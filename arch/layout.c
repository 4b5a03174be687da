/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Registers as Linux gives them, of the targets of this build. */
#include "layout.h"

#include "arch.h"
#include "core/base/bytes.h"

#define DWU_LIST(name) { &dwu_arch_##name, &dwu_layout_##name },
static const struct {
	const struct dwunw_arch_ops *arch;
	const struct dwunw_layout *layout;
} layouts[] = { DWU_TARGETS(DWU_LIST) };
#undef DWU_LIST

const struct dwunw_layout *dwunw_layout_of(uint16_t arch_id)
{
	size_t i;

	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (dwunw_arch_id(layouts[i].arch) == arch_id)
			return layouts[i].layout;
	return NULL;
}

dwunw_status_t dwunw_layout_regs(uint16_t arch_id, const void *words,
				 struct dwunw_regset *regs)
{
	const struct dwunw_layout *layout = dwunw_layout_of(arch_id);
	const struct dwunw_arch_ops *arch = dwunw_arch_by_id(arch_id);
	struct dwu_cursor c;
	uint64_t word;
	uint8_t i, n;

	if (!words || !regs)
		return DWUNW_ERR_INVALID_ARG;
	if (!layout)
		return DWUNW_ERR_UNSUPPORTED_ARCH;
	c = dwu_cursor(words, (size_t)layout->words * layout->word_size,
		       dwunw_arch_big_endian(arch));
	for (i = 0; i < layout->words; i++) {
		word = dwu_uint(&c, layout->word_size);
		if (i == layout->pc)
			regs->pc = word;
		if (i == layout->sp)
			regs->sp = word;
		for (n = 0; n < layout->reg_count; n++)
			if (layout->regs[n] == i)
				regs->regs[n] = word;
	}
	return DWUNW_OK;
}
