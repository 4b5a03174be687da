/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The arches of this build, by number, by ELF header, by register set; and what
 * is true of all of them: DWARF numbers <-> columns, the empty row, the row at
 * a function's entry.
 *
 * For example, arm64: DWARF registers 0 to 31 (x0 .. x30, sp) are columns 0 to
 * 31, the pc is column 32, v8 to v15 (DWARF 72 to 79) are columns 33 to 40,
 * which have rules and no values. Register 40 has no column: -1, and its rules
 * are stepped over.
 */
#include "arch.h"

#include "core/base/bytes.h"

#ifndef DWU_ALONE
const struct dwu_arch_file dwu_arch_file_plain = { 0 };
#endif

static const struct dwunw_arch_ops *const arches[] = {
#define DWU_LIST(name) &dwu_arch_##name,
	DWU_TARGETS(DWU_LIST)
#undef DWU_LIST
};

#define ARCH_COUNT (sizeof(arches) / sizeof(arches[0]))

/* NULL: not in this build. The list has a few elements. */
const struct dwunw_arch_ops *dwunw_arch_by_id(uint16_t arch_id)
{
	size_t i;

	for (i = 0; i < ARCH_COUNT; i++)
		if (arches[i]->id == arch_id)
			return arches[i];
	return NULL;
}

const struct dwunw_arch_ops *
dwunw_arch_from_regset(const struct dwunw_regset *regs)
{
	if (!regs || regs->version != DWUNW_REGSET_VERSION)
		return NULL;
	return dwunw_arch_by_id(regs->arch);
}

const struct dwunw_arch_ops *
dwunw_arch_by_elf(uint16_t machine, uint8_t elf_class, uint8_t elf_data)
{
	size_t i;

	for (i = 0; i < ARCH_COUNT; i++)
		if (arches[i]->machine == machine &&
		    arches[i]->elf_class == elf_class &&
		    arches[i]->elf_data == elf_data)
			return arches[i];
	return NULL;
}

/* All registers are valid until the caller says otherwise, and 0. */
dwunw_status_t dwunw_regset_prepare(struct dwunw_regset *regs, uint16_t arch_id)
{
	const struct dwunw_arch_ops *arch = dwunw_arch_by_id(arch_id);

	if (!regs)
		return DWUNW_ERR_INVALID_ARG;
	memset(regs, 0, sizeof(*regs));
	if (!arch)
		return DWUNW_ERR_UNSUPPORTED_ARCH;
	regs->version = DWUNW_REGSET_VERSION;
	regs->arch = arch_id;
	regs->reg_count = dwu_arch(arch)->reg_count;
	regs->valid = (1ull << dwu_arch(arch)->reg_count) - 1;
	return DWUNW_OK;
}

uint16_t dwunw_arch_id(const struct dwunw_arch_ops *arch)
{
	return arch->id;
}

const char *dwunw_arch_name(const struct dwunw_arch_ops *arch)
{
	return arch->name;
}

uint8_t dwunw_arch_address_size(const struct dwunw_arch_ops *arch)
{
	return dwu_arch(arch)->address_size;
}

bool dwunw_arch_big_endian(const struct dwunw_arch_ops *arch)
{
	return arch->big_endian;
}

uint8_t dwunw_arch_sp(const struct dwunw_arch_ops *arch)
{
	return dwu_arch(arch)->sp;
}

uint8_t dwunw_arch_column_count(const struct dwunw_arch_ops *arch)
{
	return dwu_column_count(arch);
}

/*
 * -1: no column. dwarf_reg is a ULEB128 of a file, so it may have 64 bits:
 * below extra_first the difference wraps, and the last test is there for that.
 */
int dwunw_arch_column(const struct dwunw_arch_ops *arch, uint64_t dwarf_reg)
{
	uint64_t extra = dwarf_reg - dwu_arch(arch)->extra_first;

	if (dwarf_reg < dwu_arch(arch)->reg_count)
		return (int)dwarf_reg;
	if (dwu_arch(arch)->extra_gap && extra >= dwu_arch(arch)->extra_low) {
		extra -= dwu_arch(arch)->extra_gap;
		if (extra < dwu_arch(arch)->extra_low)
			return -1;
	}
	if (extra < dwu_arch(arch)->extra_count &&
	    dwarf_reg >= dwu_arch(arch)->extra_first)
		return (int)extra + dwu_value_count(arch);
	return -1;
}

/*
 * UINT16_MAX: the pc of targets with a link register, which is no DWARF
 * register.
 */
uint16_t dwunw_arch_column_reg(const struct dwunw_arch_ops *arch,
			       uint8_t column)
{
	if (column < dwu_arch(arch)->reg_count)
		return column;
	if (column < dwu_value_count(arch))
		return UINT16_MAX;
	column = (uint8_t)(column - dwu_value_count(arch));
	if (dwu_arch(arch)->extra_gap && column >= dwu_arch(arch)->extra_low)
		column = (uint8_t)(column + dwu_arch(arch)->extra_gap);
	return (uint16_t)(dwu_arch(arch)->extra_first + column);
}

const char *dwunw_arch_column_name(const struct dwunw_arch_ops *arch,
				   uint8_t column)
{
	return column < dwu_column_count(arch) ? arch->column_names[column] :
						 "?";
}

/* In the order of slots of packed rows: the return address first. */
const uint8_t *dwunw_arch_saved(const struct dwunw_arch_ops *arch,
				uint8_t *count)
{
	*count = dwu_arch(arch)->saved_count;
	return arch->saved;
}

/* start and end too. Only the columns that the target has are written. */
void dwu_row_clear(const struct dwunw_arch_ops *arch, struct dwunw_row *row)
{
	row->start = 0;
	row->end = 0;
	row->ra_column = dwu_arch(arch)->ra;
	row->flags = 0;
	row->column_count = dwu_column_count(arch);
	memset(row->reserved, 0, sizeof(row->reserved));
	row->cfa = (struct dwunw_rule){ .kind = DWUNW_RULE_REGISTER,
					.reg = dwu_arch(arch)->sp };
	memset(row->rules, 0, row->column_count * sizeof(row->rules[0]));
}

/*
 * (cfa, ra) = (sp + pushed + entry_size, *(cfa - entry_size)), x86_64:
 * entry_size 8; or (sp + pushed, the link register).
 */
void dwu_entry_row(const struct dwunw_arch_ops *arch, int32_t pushed,
		   struct dwunw_row *row)
{
	dwu_row_clear(arch, row);
	row->cfa.value = pushed + dwu_arch(arch)->entry_size;
	row->rules[dwu_arch(arch)->ra].kind = dwu_arch(arch)->link_register ?
						      DWUNW_RULE_SAME :
						      DWUNW_RULE_OFFSET;
	row->rules[dwu_arch(arch)->ra].value =
		-(int32_t)dwu_arch(arch)->entry_size;
}
