/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* FDE + address -> row, by the CFA program; rows packed for the row cache. */
#ifndef DWU_ROW_H
#define DWU_ROW_H

#include <dwunw/module.h>

#include "arch/arch.h"

/*
 * A row as the row cache keeps it: the CFA is a register plus an offset, and
 * each saved column stands at CFA + slot * 4. What does not fit is FULL: the
 * row is then made anew each time.
 */
#define DWU_PACKED_FULL 1u
#define DWU_PACKED_ROOT 2u	 /* the return address is undefined */
#define DWU_PACKED_RA_SIGNED 4u
#define DWU_PACKED_NONE 8u	 /* nothing is known here */

/* Among the slots: the register's value is lost. */
#define DWU_SLOT_LOST INT16_MIN

struct dwu_packed {
	int32_t cfa_offset;
	uint8_t cfa_reg;
	uint8_t flags; /* DWU_PACKED_* */
	uint16_t mask; /* bit n: arch->saved[n] is saved */
	int16_t slots[DWU_SAVED_MAX];
};

_Static_assert(sizeof(struct dwu_packed) == 32, "half a cache line");

/* Packs, or marks it FULL. */
void dwu_row_pack(const struct dwunw_arch_ops *arch,
		  const struct dwunw_row *row, struct dwu_packed *packed);

#endif
