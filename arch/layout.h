/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The tables of layout.c of each target, linked into libdwunw.a. */
#ifndef DWU_ARCH_LAYOUT_H
#define DWU_ARCH_LAYOUT_H

#include <dwunw/layout.h>

#define DWU_LAYOUT_OF(NAME, bytes)                                      \
	{                                                               \
		DWUNW_##NAME##_PRSTATUS, (bytes), DWUNW_##NAME##_WORDS, \
			DWUNW_##NAME##_REG_COUNT, DWUNW_##NAME##_PC,    \
			DWUNW_##NAME##_SP, DWUNW_##NAME##_REGS          \
	}

#define DWU_DECLARE(name) extern const struct dwunw_layout dwu_layout_##name;
DWU_TARGETS(DWU_DECLARE)
#undef DWU_DECLARE

#endif
