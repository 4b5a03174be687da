/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Row + registers + memory -> the caller's registers. */
#ifndef DWU_STEP_H
#define DWU_STEP_H

#include "reader.h"
#include "row.h"

/*
 * Applies a row to *regs. `module` gives the bytes of expressions and may be
 * NULL for rows without. DWU_GO, or why there is no caller: ROOT, BAD_ROW,
 * NO_REGISTER, UNREADABLE, TRUNCATED; *regs is then as it was.
 */
uint8_t dwu_step(const struct dwunw_arch_ops *arch,
		 const struct dwunw_module *module, const struct dwunw_row *row,
		 struct dwu_regs *regs, struct dwu_reader *reader);

/* What of that can be told by the row alone: ROOT, BAD_ROW, else DWU_GO.
 * Without a link register an unmentioned return address is nowhere. */
uint8_t dwu_step_check(const struct dwunw_arch_ops *arch,
		       const struct dwunw_row *row);

/* The same for a packed row that is neither FULL nor NONE, but *regs is
 * undefined where there is no caller. */
uint8_t dwu_step_packed(const struct dwunw_arch_ops *arch,
			const struct dwunw_packed_row *packed, struct dwu_regs *regs,
			struct dwu_reader *reader);

#endif
