/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* FDE + address -> row, by the CFA program; rows packed for the row cache. */
#ifndef DWU_ROW_H
#define DWU_ROW_H

#include <dwunw/walk.h>

#include "arch/arch.h"

/*
 * A row as the row cache keeps it: the CFA is a register plus an offset, and
 * each saved column stands at CFA + slot * 4. What does not fit is FULL: the
 * row is then made anew each time.
 */
#define DWU_PACKED_FULL 0x8000u
#define DWU_PACKED_ROOT 0x4000u /* the return address is undefined */
#define DWU_PACKED_NONE 0x2000u /* nothing is known here */
#define DWU_PACKED_MASK ((1u << DWU_SAVED_MAX) - 1)

#define DWU_SLOT_LOST DWUNW_PACKED_LOST

_Static_assert(DWU_SAVED_MAX == DWUNW_PACKED_MAX, "one row");
_Static_assert(DWU_PACKED_NONE > DWU_PACKED_MASK, "bits of their own");

_Static_assert(sizeof(struct dwunw_packed_row) == 32, "half a cache line");

static inline int32_t dwu_packed_offset(const struct dwunw_packed_row *packed)
{
	return (int32_t)packed->cfa >> 8;
}

/* Packs, or marks it FULL. */
void dwu_row_pack(const struct dwunw_arch_ops *arch,
		  const struct dwunw_row *row, struct dwunw_packed_row *packed);

#endif
