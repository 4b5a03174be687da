/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What the loader needs of a file, and sstrip therefore leaves: its dynamic
 * section, the symbols that this names, and where functions begin by it.
 */
#ifndef DWU_DYNAMIC_H
#define DWU_DYNAMIC_H

#include "elf.h"

/* Values of a dynamic section; tags[] in dynamic.c has the same order. */
enum dwu_dynamic_value {
	DWU_DYN_NEEDED, /* the last of them */
	DWU_DYN_HASH,
	DWU_DYN_STRTAB,
	DWU_DYN_SYMTAB,
	DWU_DYN_STRSZ,
	DWU_DYN_GNU_HASH,
	DWU_DYN_SYMBOL_COUNT,
	DWU_DYN_INIT,
	DWU_DYN_FINI,
	DWU_DYN_RELA,
	DWU_DYN_RELASZ,
	DWU_DYN_RELACOUNT,
	/* an array of functions and its bytes, three times */
	DWU_DYN_INIT_ARRAY,
	DWU_DYN_INIT_ARRAYSZ,
	DWU_DYN_FINI_ARRAY,
	DWU_DYN_FINI_ARRAYSZ,
	DWU_DYN_PREINIT_ARRAY,
	DWU_DYN_PREINIT_ARRAYSZ,
	DWU_DYN_COUNT
};

/* By PT_DYNAMIC (gABI 5, Dynamic Section); 0: not there. */
void dwu_dynamic_read(const struct dwunw_elf *elf, struct dwu_window *window,
		      uint64_t values[DWU_DYN_COUNT]);

/* A word of 4 or 8 bytes at an address as linked. False: it is not there. */
bool dwu_dynamic_word(const struct dwunw_elf *elf, struct dwu_window *window,
		      uint64_t vaddr, uint8_t size, uint64_t *value);

/*
 * Symbols and their strings, sizes included. Zeroed and OK: there are none.
 * BAD_FORMAT: they lie outside of the file.
 */
dwunw_status_t dwu_dynamic_symbols(const struct dwunw_elf *elf,
				   struct dwunw_section *symbols,
				   struct dwunw_section *strings);

/* Is e_entry where the kernel or the dynamic linker begins to run the file? */
bool dwu_elf_is_program(const struct dwunw_elf *elf);

/*
 * … or may it be, since the file needs no other (ld.so, a static-pie program)?
 * A plugin may need none either, and its e_entry is just the first of its code
 * (mold, older GNU ld), as in other shared libraries, and in the vdso.
 */
bool dwu_elf_is_started(const struct dwunw_elf *elf);

#endif
