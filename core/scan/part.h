/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Parts of functions that stand elsewhere. Compilers move what seldom runs far
 * away; such a part begins with a frame that is already there, and nothing but
 * the branches to it tells which. They are looked for when a function calls
 * with a stack that is not aligned, as none does that a call has entered.
 */
#ifndef DWU_PART_H
#define DWU_PART_H

#include "function.h"

/*
 * dwu_function_find(), but the part that holds vaddr where that belongs to
 * another function; to be explored before anything else is done with memory.
 */
uint8_t dwu_part_or_function(struct dwu_scan_memory *memory,
			     const struct dwunw_module *module, uint64_t vaddr,
			     uint32_t flags, struct dwu_function *function);

/* The row at vaddr, which is in `function` of the text that is open. */
uint8_t dwu_scan_row_in(struct dwu_scan_memory *memory,
			const struct dwu_function *function, uint64_t vaddr,
			uint32_t flags, struct dwunw_row *row);

/* dwunw_scan_row() without its struct. */
uint8_t dwu_scan_module_row(struct dwu_scan_memory *memory,
			    const struct dwunw_module *module, uint64_t vaddr,
			    uint32_t flags, struct dwunw_row *row);

#endif
