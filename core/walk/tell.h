/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Row -> what a walk tells of the step that it made by it. */
#ifndef DWU_TELL_H
#define DWU_TELL_H

#include "core/cfi/row.h"

/*
 * Both: kind and row of *step, which are 0 before. `stop` is how the step went:
 * DWU_GO, or why there is no caller.
 */
void dwu_tell_packed(const struct dwunw_packed_row *packed, uint8_t stop,
		     struct dwunw_step *step);

/* `module` may be NULL for rows without expressions; pc is the frame's. */
void dwu_tell_row(const struct dwunw_arch_ops *arch,
		  const struct dwunw_module *module,
		  const struct dwunw_row *row, uint64_t pc, uint8_t stop,
		  struct dwunw_step *step);

#endif
