/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The dynamic symbol table of a file without section headers: the loader
 * needs it, so sstrip leaves it.
 */
#ifndef DWU_DYNAMIC_H
#define DWU_DYNAMIC_H

#include <dwunw/elf.h>

/*
 * Symbols and their strings by PT_DYNAMIC (gABI 5, Dynamic Section), sizes
 * included. Zeroed and OK: there are none. BAD_FORMAT: they lie outside of
 * the file.
 */
dwunw_status_t dwu_dynamic_symbols(const struct dwunw_elf *elf,
				   struct dwunw_section *symbols,
				   struct dwunw_section *strings);

/*
 * Is e_entry where the kernel or the dynamic linker begins to run the file?
 * In a program, and in what needs no other file (ld.so, a static program);
 * in another shared library it may be just the first of its code, as older
 * linkers wrote it.
 */
bool dwu_elf_is_started(const struct dwunw_elf *elf);

#endif
