/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * hosted.c of each target of this build, and registers as Linux gives them.
 *
 * For example, x86_64: ptrace(2)'s NT_PRSTATUS has r15, r14, r13, .. as words
 * 0, 1, 2, ..; layout->regs[15] is 0, so regs->regs[15] gets word 0. A core's
 * prstatus has the same.
 */
#include "hosted.h"

#include "arch.h"
#include "core/base/bytes.h"

#define DWU_LIST(name) { &dwu_arch_##name, &dwu_hosted_##name },
static const struct {
	const struct dwunw_arch_ops *arch;
	const struct dwu_hosted *hosted;
} targets[] = { DWU_TARGETS(DWU_LIST) };
#undef DWU_LIST

/* NULL: an arch that is not in this build, or NULL itself. */
const struct dwu_hosted *dwu_hosted_of(const struct dwunw_arch_ops *arch)
{
	size_t i;

	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (targets[i].arch == arch)
			return targets[i].hosted;
	return NULL;
}

const struct dwunw_layout *dwunw_layout_of(uint16_t arch_id)
{
	const struct dwu_hosted *hosted =
		dwu_hosted_of(dwunw_arch_by_id(arch_id));

	return hosted ? &hosted->layout : NULL;
}

/*
 * `words` has layout->words words of layout->word_size bytes, in the target's
 * byte order.
 */
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
