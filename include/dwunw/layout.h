/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/layout.h - a thread's registers as Linux gives them: by ptrace and in
 * core files, which have the same words.
 */
#ifndef DWUNW_LAYOUT_H
#define DWUNW_LAYOUT_H

#include <dwunw/regset.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most words of any target: NT_PRSTATUS of mips o32. */
#define DWUNW_LAYOUT_WORDS_MAX 45u
/* regs[n]: the register is always 0. */
#define DWUNW_LAYOUT_ZERO 0xffu

/*
 * NT_PRSTATUS of ptrace(2) (PTRACE_GETREGSET), pr_reg of struct elf_prstatus: an
 * array of `words` of `word_size` bytes in the byte order of the target. regs[n],
 * pc and sp say which word.
 */
struct dwunw_layout {
	uint16_t prstatus_size; /* of struct elf_prstatus, in bytes; in it */
	uint16_t pid_off;	/* … pr_pid, 4 bytes */
	uint16_t reg_off;	/* … pr_reg */
	uint8_t word_size;
	uint8_t words;
	uint8_t reg_count;
	uint8_t pc;
	uint8_t sp;
	uint8_t regs[DWUNW_REG_MAX]; /* by DWARF number */
};

/* Static; NULL: no such arch in this build. */
const struct dwunw_layout *dwunw_layout_of(uint16_t arch_id);

/*
 * Sets pc, sp and regs[] of what dwunw_regset_prepare() made for `arch_id` from
 * layout->words words at `words`, of any alignment. INVALID_ARG: a NULL;
 * UNSUPPORTED_ARCH: not in this build.
 */
dwunw_status_t dwunw_layout_regs(uint16_t arch_id, const void *words,
				 struct dwunw_regset *regs);

#ifdef __cplusplus
}
#endif
#endif
