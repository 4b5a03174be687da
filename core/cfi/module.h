/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A module beyond dwunw/module.h: its code bytes. */
#ifndef DWU_MODULE_H
#define DWU_MODULE_H

#include <dwunw/walk.h>

#include "arch/arch.h"

/*
 * The row of a signal trampoline or of a stub (a PLT entry, a return) whose
 * code stands at vaddr; *how says which. NO_DEBUG_DATA: neither.
 */
dwunw_status_t dwu_module_code_row(const struct dwunw_module *module,
				   uint64_t vaddr, struct dwunw_row *row,
				   uint8_t *how);

/* Is at vaddr the first instruction of a signal trampoline? Then its row, unless
 * that is NULL. */
bool dwu_module_signal(const struct dwunw_module *module, uint64_t vaddr,
		       struct dwunw_row *row);

/*
 * The row of the frame-pointer chain, if the code before vaddr sets up a
 * frame pointer. NO_DEBUG_DATA.
 */
dwunw_status_t dwu_module_fp_row(const struct dwunw_module *module,
				 uint64_t vaddr, struct dwunw_row *row);

enum dwu_call {
	DWU_CALL_NONE,
	DWU_CALL_UNKNOWN,
	DWU_CALL_SEEN
};

/*
 * Is the code before a return address a call? UNKNOWN: it cannot be read. isa:
 * of struct dwu_code.
 */
uint8_t dwu_module_call(const struct dwunw_module *module, uint64_t vaddr,
			uint8_t isa);

/* Does the code before vaddr start a thread, as libc does it? */
bool dwu_module_thread(const struct dwunw_module *module, uint64_t vaddr);

/* Does the code at vaddr end its thread? */
bool dwu_module_exit(const struct dwunw_module *module, uint64_t vaddr);

/* Is at vaddr what restores the registers of an interrupted thread? */
bool dwu_module_preempt(const struct dwunw_module *module, uint64_t vaddr);

/* Does the code at vaddr go back to another stack? at: as switch_code(). */
bool dwu_module_switch(const struct dwunw_module *module, uint64_t vaddr,
		       uint8_t at[2]);

/* Is at vaddr what a context returns to when its function ends? */
bool dwu_module_context(const struct dwunw_module *module, uint64_t vaddr);

#endif
