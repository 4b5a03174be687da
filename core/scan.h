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

#endif
