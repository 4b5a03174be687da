/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Code that no file has, since the program made it: where the frame pointer is
 * not its frame's, which is in a prologue that has not set it yet, and in an
 * epilogue that has given the caller's back.
 */
#ifndef DWU_MADE_H
#define DWU_MADE_H

#include <dwunw/module.h>

#include "arch/scan.h"

/* Bytes before pc, and from pc on, that are looked at, at most. */
#define DWU_MADE_BEFORE 24u
#define DWU_MADE_BEHIND 88u

/* bytes[before] stands at pc. */
struct dwu_made {
	uint8_t bytes[DWU_MADE_BEFORE + DWU_MADE_BEHIND];
	uint32_t before; /* how many of them, and of all, there are */
	uint32_t size;
};

/*
 * The row at an exact pc there, if the frame pointer is not this frame's. It
 * tells of the return address and the frame pointer alone: code that a program
 * has made need not keep what an ABI says. `state` is working memory.
 */
bool dwu_made_row(const struct dwunw_arch_ops *arch,
		  const struct dwu_made *made, struct dwu_scan_state *state,
		  struct dwunw_row *row);

#endif
