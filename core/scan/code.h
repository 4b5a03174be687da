/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Code bytes of a module by their address as linked. */
#ifndef DWU_CODE_H
#define DWU_CODE_H

#include <dwunw/module.h>

#include "arch/scan.h"
#include "core/base/window.h"

/*
 * One executable segment. A place in it is told by its distance from the
 * start, in 32 bits: half the code on 32-bit hosts.
 */
struct dwu_text {
	const struct dwunw_module *module;
	const struct dwunw_arch_ops *arch;
	const struct dwu_scan_ops *ops;
	const uint8_t *view; /* of the whole segment, or NULL */
	uint64_t vaddr;
	uint64_t file_off;
	uint32_t size; /* of the file's bytes */
	uint8_t isa;   /* of the instructions read */
	struct dwu_window window;
};

/* A place outside of the segment. */
#define DWU_NOWHERE UINT32_MAX

/* An instruction and where it stands. */
struct dwu_op {
	struct dwu_code code;
	struct dwu_insn insn; /* size 0: there is none, or an unknown one */
	uint32_t at;
	uint32_t next;	 /* at + size, or the next unit */
	uint32_t target; /* DWU_NOWHERE if unknown or in no text of ours */
};

/* Behind an instruction and its delay slot. */
static inline uint32_t dwu_behind(const struct dwu_op *op)
{
	return op->next + (op->insn.delay ? op->insn.size : 0);
}

/* False: vaddr is in no code, or its arch has no scan in this build. */
bool dwu_code_open(struct dwu_text *text, const struct dwunw_module *module,
		   uint64_t vaddr);

/* Where vaddr is in the text, DWU_NOWHERE if it is not. */
uint32_t dwu_code_place(const struct dwu_text *text, uint64_t vaddr);

/* The next section with code, from number *index on. False: no more. */
bool dwu_code_section(struct dwu_text *text, uint32_t *index,
		      struct dwunw_section *s);

/* Reads the instruction at a place. op->code is valid until the next call. */
void dwu_code_read(struct dwu_text *text, uint32_t at, struct dwu_op *op);

/* 2 or 4 bytes at a place, in the target's order; 0 where there are none. */
uint32_t dwu_code_number(struct dwu_text *text, uint32_t at, uint8_t size);

/*
 * Does control come from e_entry to vaddr with nothing but calls between? Then
 * vaddr is in the first function of a program, or of ld.so, whatever is known
 * of its end. `called`: it is a return address, and behind the first of them.
 */
bool dwu_code_from_entry(struct dwu_text *text,
			 const struct dwunw_module *module, uint64_t vaddr,
			 bool called);

/*
 * Behind a jump through a table: the end of the table, or `at` if none stands
 * there. GCC's of MIPS16e code are half-words, as far from the table as the
 * block, with the ISA bit; the first block stands behind the table.
 */
uint32_t dwu_code_table(struct dwu_text *text, uint32_t at);

#endif
