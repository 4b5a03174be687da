/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Functions that nobody has listed: where calls lead to, where code ends, and
 * what is whole by itself.
 */
#ifndef DWU_SWEEP_H
#define DWU_SWEEP_H

#include "scan.h"

/* A program's first function is smaller, in bytes. */
#define DWU_ENTRY_SIZE 256u

/*
 * Finds the function around a place of memory->text. It lies in
 * [function->start, function->end), which are set to its own; isa and gap are
 * read.
 * False: the window that fits into memory does not reach its start.
 *
 * All code of the module is read once, for call targets; they are kept until
 * another module, or a far part of a large one, is asked for. With
 * function->gap what stands around it is enough, unless it is most of the code.
 */
bool dwu_sweep(struct dwu_scan_memory *memory, uint32_t place,
	       struct dwu_function *function);

#endif
