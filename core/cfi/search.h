/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Finds .eh_frame in a file that has neither section headers nor
 * PT_GNU_EH_FRAME, as static and musl-gcc links are when stripped of them.
 */
#ifndef DWU_SEARCH_H
#define DWU_SEARCH_H

#include <dwunw/elf.h>

/*
 * The section from its first CIE to the end of the segment; zeroed if there
 * is none. One pass over the file bytes of the readable segments.
 */
void dwu_search_eh_frame(const struct dwunw_elf *elf,
			 struct dwunw_section *section);

#endif
