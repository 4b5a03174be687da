/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* What is known before an instruction -> its row. */
#ifndef DWU_SCAN_H
#define DWU_SCAN_H

#include "explore.h"

/* A state of the function explored as a row, whose start and end are left 0.
 * DWUNW_SCAN_OK, SP_UNKNOWN, CONTRADICTION or RA_LOST. */
uint8_t dwu_scan_row(const struct dwu_scan_memory *memory,
		     const struct dwu_scan_state *state, struct dwunw_row *row);

/*
 * The row at a place: of the instruction that begins there (exact), or of
 * the call that returns behind it. DWUNW_SCAN_*.
 */
uint8_t dwu_scan_at(struct dwu_scan_memory *memory,
		    const struct dwu_function *function, uint32_t place,
		    bool exact, struct dwunw_row *row);

/*
 * Does code run from vaddr straight to a return, or with less stack to a jump
 * out of its function, fde's? Then sp is *n higher behind it: that is the CFA.
 * False: no, or it is not known.
 */
bool dwu_scan_to_return(struct dwu_scan_memory *memory,
			const struct dwunw_module *module, uint64_t vaddr,
			uint8_t isa, const struct dwunw_fde *fde, int32_t *n);

/*
 * CFI says that the CFA is sp + cfa at vaddr. Does code deny it: straight code
 * from its function's start, fde's, or with one branch, that puts as much on the
 * stack elsewhere, or something where cfa is 0? (arm64: clang 14 tells CFI of a
 * prologue at its end, or at the function's start, and none of what branches
 * lead around it.)
 */
bool dwu_scan_forgets_push(struct dwu_scan_memory *memory,
			   const struct dwunw_module *module, uint64_t vaddr,
			   const struct dwunw_fde *fde, int32_t cfa);

#endif
