/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/regset.h - the registers of one thread of the target, as numbers.
 *
 * Registers are indexed by their DWARF number, so one struct serves every
 * target: x86-64 psABI 3.6.2 (0..15, 16 is the return address), AADWARF64
 * 4.1 (0..30, 31 is sp), mips o32 by GCC's numbering (0..31).
 */
#ifndef DWUNW_REGSET_H
#define DWUNW_REGSET_H

#include <dwunw/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Fixed numbers: they are written into events and recordings. A build may know
 * fewer targets. */
enum dwunw_arch_id {
	DWUNW_ARCH_NONE = 0,
	DWUNW_ARCH_X86_64 = 1,
	DWUNW_ARCH_ARM64 = 2,
	DWUNW_ARCH_MIPS32EL = 3,
	DWUNW_ARCH_MIPS32EB = 4,
	DWUNW_ARCH_RISCV64 = 5,
};

#define DWUNW_REGSET_VERSION 1u
#define DWUNW_REG_MAX 33u

/*
 * `pc` and `sp` are the truth for the program counter and the stack pointer;
 * the element of regs[] that has the stack pointer's number is not looked at.
 * Bit n of `valid`: regs[n] holds the register's value. mips: bit 0 of `pc` is
 * the ISA, as the kernel has it in epc; without it MIPS16e is taken for mips32.
 */
struct dwunw_regset {
	uint32_t version;
	uint16_t arch;
	uint16_t reg_count;
	uint64_t valid;
	uint64_t pc;
	uint64_t sp;
	uint64_t regs[DWUNW_REG_MAX];
};

/*
 * Zeroes *regs and makes it one for `arch_id`, all registers valid.
 * DWUNW_ERR_UNSUPPORTED_ARCH: not in this build; DWUNW_ERR_INVALID_ARG: NULL.
 */
dwunw_status_t dwunw_regset_prepare(struct dwunw_regset *regs,
				    uint16_t arch_id);

/* What the library knows of a target. Constant; made by arch/. */
struct dwunw_arch_ops;

/* NULL: no such arch in this build. */
const struct dwunw_arch_ops *dwunw_arch_by_id(uint16_t arch_id);

/* NULL: regs is NULL, of another version, or of an arch not built in. */
const struct dwunw_arch_ops *
dwunw_arch_from_regset(const struct dwunw_regset *regs);

/* By the fields of an ELF header (gABI 4, e_machine, EI_CLASS, EI_DATA). */
const struct dwunw_arch_ops *
dwunw_arch_by_elf(uint16_t machine, uint8_t elf_class, uint8_t elf_data);

uint16_t dwunw_arch_id(const struct dwunw_arch_ops *arch);
/* "x86_64"; static. */
const char *dwunw_arch_name(const struct dwunw_arch_ops *arch);
/* 8 or 4. */
uint8_t dwunw_arch_address_size(const struct dwunw_arch_ops *arch);
bool dwunw_arch_big_endian(const struct dwunw_arch_ops *arch);
/* The DWARF number of the stack pointer. */
uint8_t dwunw_arch_sp(const struct dwunw_arch_ops *arch);

/*
 * A row has a column for each register that a call preserves or an unwinder
 * tracks; other registers have none. The number of columns, the column of a
 * DWARF register (-1: none), and the DWARF register of a column (UINT16_MAX:
 * the pc of an arch that has no number for it).
 */
uint8_t dwunw_arch_column_count(const struct dwunw_arch_ops *arch);
int dwunw_arch_column(const struct dwunw_arch_ops *arch, uint64_t dwarf_reg);
uint16_t dwunw_arch_column_reg(const struct dwunw_arch_ops *arch,
			       uint8_t column);
/* The register's name in this arch's assembly: "rbx"; static. */
const char *dwunw_arch_column_name(const struct dwunw_arch_ops *arch,
				   uint8_t column);

#ifdef __cplusplus
}
#endif
#endif
