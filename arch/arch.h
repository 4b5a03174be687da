/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What the core needs to know of a target, as constant data and a few pure
 * functions over code bytes. The folder of a target defines such a struct for
 * each byte order; CONFIG_ARCH_TARGET_NAMES lists those that are built in.
 */
#ifndef DWU_ARCH_H
#define DWU_ARCH_H

#include <dwunw/module.h>

/* Registers that a packed row has a slot for, at most. */
#define DWU_SAVED_MAX 13u

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

/* What ELF and DWARF leave to the processor's supplement. */
struct dwu_arch_file {
	/* e_flags of a file that only looks like the target's: any of these, or
	 * not below flags_end, unless that is 0 */
	uint32_t flags_never;
	uint32_t flags_end;
	/* e_flags of a file that has code of both ISAs */
	uint32_t isa_flag;
	/* st_other & 0xf0 of functions of the other ISA, either of these */
	uint8_t isa_other[2];
	/* a section of entries of function_size bytes whose first word is the
	 * address of a function; NULL: none */
	uint8_t function_size;
	/* CFI has DW_CFA_AARCH64_negate_ra_state (AADWARF64 4.4) */
	bool signs_ra;
	const char *function_table;
};

extern const struct dwu_arch_file dwu_arch_file_plain;

struct dwunw_arch_ops {
	const char *name;
	uint16_t id;	   /* enum dwunw_arch_id */
	uint16_t machine;  /* e_machine */
	uint8_t elf_class; /* EI_CLASS */
	uint8_t elf_data;  /* EI_DATA */
	uint8_t address_size;
	bool big_endian;

	/*
	 * Columns 0 .. reg_count - 1 are the DWARF registers of that number,
	 * then comes the pc where it is not one of them (see pc below): these
	 * have values. Behind them stand extra_count DWARF registers from
	 * extra_first on, which only have rules; behind the first extra_low of
	 * these extra_gap registers are left out.
	 */
	uint8_t reg_count;
	uint8_t extra_count;
	uint16_t extra_first;
	const char *const *column_names;
	/* by dwu_arch() alone */
	const struct dwu_arch_file *file;

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
	/* of the extra columns: see above; here no padding is spent */
	uint8_t extra_low;
	uint8_t extra_gap;
	/* the bits of a code address: others are an ISA or a signature */
	uint64_t pc_mask;
	/* mips: bit 0 of a code address is its ISA; 0: there is one */
	uint8_t isa_mask;
	/* the stack pointer at a function's entry is CFA - entry_size */
	uint8_t entry_size;
	/* column of the frame pointer, as JITs use it: fp_above bytes below it
	 * stands the caller's, and behind that the return address */
	uint8_t fp;
	uint8_t fp_above;
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

/* The targets of this build, by config.h's one list. */
#define DWU_DECLARE(name) extern const struct dwunw_arch_ops dwu_arch_##name;
DWU_TARGETS(DWU_DECLARE)
#undef DWU_DECLARE

/*
 * The numbers of a target: big_endian, saved and the functions are in `arch`.
 * Where there is one target, it may have them as constants, and code that only
 * others need is left out then.
 */
#ifdef DWU_ALONE
#include DWU_ALONE
static inline const struct dwunw_arch_ops *
dwu_arch(const struct dwunw_arch_ops *arch)
{
	(void)arch;
	return &dwu_arch_alone;
}
#else
static inline const struct dwunw_arch_ops *
dwu_arch(const struct dwunw_arch_ops *arch)
{
	return arch;
}
#endif

/*
 * The numbers of a target, by the fields of an ELF header; NULL: not in this
 * build. Where one target is, they are its own: dwunw_arch_by_elf() tells that
 * a file is of another.
 */
static inline const struct dwunw_arch_ops *
dwu_arch_of(uint16_t machine, uint8_t elf_class, uint8_t elf_data)
{
#ifdef DWU_ALONE
	(void)machine;
	(void)elf_class;
	(void)elf_data;
	return &dwu_arch_alone;
#else
	return dwunw_arch_by_elf(machine, elf_class, elf_data);
#endif
}

/* A function that some targets have. */
#define DWU_ARCH_HAS(arch, function) (dwu_arch(arch)->function)

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

/* A link register of 64 bits. */
static inline bool dwu_has_wide_link(const struct dwunw_arch_ops *arch)
{
	return IS_ON(CONFIG_ARCH_WIDE_LINK) && arch->link_register &&
	       arch->address_size == 8;
}

/* An empty row of this arch: no rules, CFA = sp. */
void dwu_row_clear(const struct dwunw_arch_ops *arch, struct dwunw_row *row);

/* The row at a function's first instruction, `pushed` bytes later. */
void dwu_entry_row(const struct dwunw_arch_ops *arch, int32_t pushed,
		   struct dwunw_row *row);

#endif
