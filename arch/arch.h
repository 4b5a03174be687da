/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What the core needs to know of a target, as constant data and a few pure
 * functions over code bytes. One file per arch defines one such struct per
 * byte order; arch.c lists those that are built in.
 */
#ifndef DWU_ARCH_H
#define DWU_ARCH_H

#include <dwunw/module.h>

/* Registers that a packed row has a slot for, at most. */
#define DWU_SAVED_MAX 12u

/* Code bytes from pc on that signal_row() and stub_code() are given. */
#define DWU_CODE_SIZE 16u
/* … and before pc that made_code() is given. */
#define DWU_CONTEXT_MADE 12u
/* … and before pc that stub_code() may look at, 0 where there are none. */
#define DWU_STUB_BEFORE 4u
/* Code bytes before a return address that behind_call() is given, at most. */
#define DWU_CALL_SIZE 8u
/* Code bytes before pc that frame_pointer_row() is given, at most. */
#define DWU_CODE_BEFORE 64u

struct dwu_scan_ops;

struct dwunw_arch_ops {
	const char *name;
	uint16_t id; /* enum dwunw_arch_id */
	uint16_t machine; /* e_machine */
	uint8_t elf_class; /* EI_CLASS */
	uint8_t elf_data; /* EI_DATA */
	uint8_t address_size;
	bool big_endian;

	/*
	 * Columns 0 .. reg_count - 1 are the DWARF registers of that number,
	 * then comes the pc where it is not one of them (see pc below): these
	 * have values. Behind them stand extra_count DWARF registers from
	 * extra_first on, which only have rules.
	 */
	uint8_t reg_count;
	uint8_t extra_count;
	uint16_t extra_first;
	const char *const *column_names;

	uint8_t sp;
	uint8_t ra; /* column of the return address where CFI is silent */
	/* a second DWARF number of it, in CFI that calls its return address
	 * so; 0: none */
	uint8_t ra_alias;
	/*
	 * Column of the pc. With a link register it is reg_count, for rows
	 * that restore both the pc and ra (signal frames); else it is ra.
	 */
	uint8_t pc;
	/* the return address of a leaf is in column ra, not in memory */
	bool link_register;
	/* the bits of a code address: others are an ISA or a signature */
	uint64_t pc_mask;
	/* mips: bit 0 of a code address is its ISA; 0: there is one */
	uint8_t isa_mask;
	/* the stack pointer at a function's entry is CFA - entry_size */
	uint8_t entry_size;
	/* column of the frame pointer, as JITs use it: it points at the
	 * caller's, and behind that stands the return address */
	uint8_t fp;
	/* columns that a call preserves, as a mask; sp is not among them */
	uint64_t preserved;
	/* columns that a packed row can say are saved at CFA + offset */
	/* the first one is the return address, the others ascend: rows full
	 * and packed read the target in one order */
	uint8_t saved[DWU_SAVED_MAX];
	uint8_t saved_count;

	/* Each target has signal_row, behind_call, exit_code and context_code;
	 * the others may be NULL. */

	/* Is this the code of a signal trampoline? Then its row, unless that is
	 * NULL. */
	bool (*signal_row)(const struct dwunw_arch_ops *arch,
			   const uint8_t *code, struct dwunw_row *row);
	/* bytes of its first instruction; the second one leaves */
	uint8_t signal_step;
	/*
	 * What the kernel writes into each signal frame: these bits of the
	 * word at sp + mark_off, when the handler has returned, are `mark`. 0:
	 * it writes no such word, but registers of 32 bits into fields of 64.
	 */
	uint16_t mark_off;
	uint64_t mark_bits;
	uint64_t mark;
	/* Code that leaves while the stack is as at the function's entry: a
	 * PLT entry, a return? */
	bool (*stub_code)(const uint8_t *code);
	/* Does the code before pc set up a frame pointer? Then the row that
	 * hangs on it: [code, code + size) ends at pc. */
	bool (*frame_pointer_row)(const uint8_t *code, size_t size,
				  struct dwunw_row *row);
	/* Do the bytes that end at a return address end with a call, its delay
	 * slot with it? [code, code + size), at most DWU_CALL_SIZE. */
	bool (*behind_call)(const struct dwunw_arch_ops *arch,
			    const uint8_t *code, size_t size, uint8_t isa);
	/* Does the code before a return address start a thread, as libc does
	 * behind its clone()? [code, code + size), at most DWU_CODE_BEFORE;
	 * NULL: a scan finds that out. */
	bool (*thread_code)(const uint8_t *code, size_t size);
	/* Does the code at a return address end its thread by a system call? */
	bool (*exit_code)(const struct dwunw_arch_ops *arch,
			  const uint8_t *code);
	/* Does the code at a return address begin to restore all registers,
	 * since its function was put where a thread was interrupted? Then its
	 * caller is not behind a call. NULL: not looked for. */
	bool (*preempt_code)(const uint8_t *code);
	/*
	 * Does the code at a return address go back to another stack? *(sp +
	 * at[0]) is a structure whose second word is the end of that stack,
	 * *(sp + at[1]) the distance from there to the return address of this
	 * function. NULL: not looked for.
	 */
	bool (*switch_code)(const uint8_t *code, uint8_t at[2]);
	/* Is this code that a context returns to when its function ends, as
	 * the libraries have it that switch contexts? */
	bool (*context_code)(const struct dwunw_arch_ops *arch,
			     const uint8_t *code);
	/* … told by the DWU_CONTEXT_MADE bytes before it, which put its address
	 * into a new context, and its first instruction. NULL: not looked for. */
	bool (*made_code)(const uint8_t *code);
	/* What its instructions do (scan.h). */
	const struct dwu_scan_ops *scan;
};

extern const struct dwunw_arch_ops dwu_arch_x86_64;
extern const struct dwunw_arch_ops dwu_arch_arm64;
extern const struct dwunw_arch_ops dwu_arch_mips32el;
extern const struct dwunw_arch_ops dwu_arch_mips32eb;

/*
 * What is the same in both byte orders of mips32: where that is the only
 * target, these are constants, and what only others have is left out
 * (tests/unit/scan_mips32.c compares them).
 */
static const struct dwunw_arch_ops dwu_arch_mips32_numbers = {
	.machine = 8,
	.elf_class = 1,
	.address_size = 4,
	.reg_count = 32,
	.extra_count = 12,
	.extra_first = 32 + 20,
	.sp = 29,
	.ra = 31,
	.ra_alias = 64,
	.pc = 32,
	.link_register = true,
	.pc_mask = 0xfffffffe,
	.isa_mask = 1,
	.fp = 30,
	.preserved = 0x50ff0000,
	.saved_count = 11,
	.signal_step = 4,
};

/* For what is above; big_endian, saved and the functions are in `arch`. */
static inline const struct dwunw_arch_ops *
dwu_arch(const struct dwunw_arch_ops *arch)
{
	return IS_ON(CONFIG_ARCH_MIPS32_ALONE) ? &dwu_arch_mips32_numbers :
						 arch;
}

/* A function that mips32 does not have. */
#define DWU_ARCH_HAS(arch, function) \
	(!IS_ON(CONFIG_ARCH_MIPS32_ALONE) && (arch)->function)

/* Columns that have values: the registers, and the pc if it is apart. */
static inline uint8_t dwu_value_count(const struct dwunw_arch_ops *arch)
{
	arch = dwu_arch(arch);
	return (uint8_t)(arch->reg_count + arch->link_register);
}

/* All columns: those with values and the extra ones. */
static inline uint8_t dwu_column_count(const struct dwunw_arch_ops *arch)
{
	return (uint8_t)(dwu_value_count(arch) + dwu_arch(arch)->extra_count);
}

/* Of a code address that may have bits beside pc_mask: struct dwu_code. */
static inline uint8_t dwu_isa(const struct dwunw_arch_ops *arch, uint64_t addr)
{
	return (uint8_t)(addr & dwu_arch(arch)->isa_mask);
}

/* A link register of 64 bits: arm64's. What it alone needs is asked by this, and
 * is not in a build without it. */
static inline bool dwu_has_wide_link(const struct dwunw_arch_ops *arch)
{
	return IS_ON(CONFIG_ARCH_ARM64) && arch->link_register &&
	       arch->address_size == 8;
}

/* An empty row of this arch: no rules, CFA = sp. */
void dwu_row_clear(const struct dwunw_arch_ops *arch, struct dwunw_row *row);

/* The row at a function's first instruction, `pushed` bytes later. */
void dwu_entry_row(const struct dwunw_arch_ops *arch, int32_t pushed,
		   struct dwunw_row *row);

#endif
