/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The DWARF expressions that may stand in CFI (DWARF 5 2.5, 6.4.2). */
#ifndef DWU_EXPR_H
#define DWU_EXPR_H

#include "reader.h"

/*
 * Runs an expression over registers and memory. For register rules `initial`
 * points to the CFA, pushed first (6.4.2.3); for the CFA's own it is NULL.
 *
 * DWU_GO with *result, or why the walk ends: BAD_ROW (malformed, an operation
 * that may not stand in CFI, too many steps, too deep), NO_REGISTER,
 * UNREADABLE, TRUNCATED.
 */
uint8_t dwu_expr(const struct dwunw_arch_ops *arch,
		 const struct dwunw_span *bytes, const struct dwu_regs *regs,
		 struct dwu_reader *reader, const uint64_t *initial,
		 uint64_t *result);

#endif
