/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Where the function around an address begins and ends: by symbols, .pdr,
 * the CFI of its neighbours; else by a sweep of the code for call targets.
 */
#ifndef DWU_FUNCTION_H
#define DWU_FUNCTION_H

#include "scan.h"

/*
 * Opens memory->text for vaddr and finds the function around it. flags:
 * DWUNW_SCAN_NO_SYMBOLS, DWUNW_SCAN_MIPS16. DWUNW_SCAN_OK, OFF, UNBOUNDED, or
 * UNDECODABLE: MIPS16e code in a file that says it has none is microMIPS.
 */
uint8_t dwu_function_find(struct dwu_scan_memory *memory,
			  const struct dwunw_module *module, uint64_t vaddr,
			  uint32_t flags, struct dwu_function *function);

#endif
