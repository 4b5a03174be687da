/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Functions that nobody has listed: where calls lead to, where code ends, and
 * what is whole by itself.
 */
#ifndef DWU_SWEEP_H
#define DWU_SWEEP_H

#include "scan.h"

/*
 * Finds the function around a place of memory->text. It lies in
 * [function->start, function->end), which are set to its own; isa is read.
 * False: the window that fits into memory does not reach its start.
 *
 * All code of the module is read once, for call targets; they are kept until
 * another module, or a far part of a large one, is asked for.
 */
bool dwu_sweep(struct dwu_scan_memory *memory, uint32_t place,
	       struct dwu_function *function);

#endif
