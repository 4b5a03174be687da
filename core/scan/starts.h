/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Where functions begin, by what a loader needs of a file: its entry point,
 * and what is called before and behind main().
 */
#ifndef DWU_STARTS_H
#define DWU_STARTS_H

#include <dwunw/elf.h>

#include "core/base/window.h"

/* A function's address as a pointer has it: bit 0 may say MIPS16e. */
typedef void (*dwu_start_fn)(void *ctx, uint64_t pointer);

/*
 * Tells e_entry, DT_INIT and DT_FINI, and what stands in the arrays of
 * functions that the dynamic section and section headers name (gABI 5,
 * Initialization and Termination Functions); in no order, some of them twice.
 * Those of a file that is linked anywhere are in its relocations.
 */
void dwu_starts(const struct dwunw_elf *elf, struct dwu_window *window,
		dwu_start_fn tell, void *ctx);

#endif
