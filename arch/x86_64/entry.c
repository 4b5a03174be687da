/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The first instructions of functions of x86_64, by the scan's decoder. Which
 * of them the kernel computes: arch/x86/kernel/uprobes.c of Linux,
 * branch_setup_xol_ops() and push_setup_xol_ops().
 *
 * For example, endbr64; test %rdi, %rdi; je ..: endbr64 and test are harmless,
 * je is emulated, so the probe goes to offset 7.
 */
#include "insn.h"
#include "target.h"

#include "core/base/bytes.h"

/*
 * rdx, rsi and rdi carry arguments, rsp is the stack.
 *
 * The first three arguments (psABI 3.2.3) are what dwunw_entry_cheap_offset()
 * promises; rcx, r8 and r9 may change.
 */
static enum dwu_entry_kind writes_reg(uint8_t reg)
{
	return reg == 2 || reg == 4 || reg == 6 || reg == 7 ?
		       DWU_ENTRY_UNKNOWN :
		       DWU_ENTRY_HARMLESS;
}

/* push, jcc, jmp, call, nop */
static bool is_emulated(const struct dwu_x86_insn *insn)
{
	uint8_t op = insn->opcode;

	if (insn->map == DWU_X86_0F)
		return op >> 4 == 8;
	return op >> 3 == 0x50 >> 3 || op >> 4 == 7 || op == 0x90 ||
	       op == 0xeb || op == 0xe8 || op == 0xe9;
}

/* Instructions of which insn->writes and flags are all that they do. */
static bool is_plain(const struct dwu_x86_insn *insn)
{
	uint8_t op = insn->opcode;

	if (insn->map == DWU_X86_0F) /* nop, cmovcc, movzx, movsx */
		return op == 0x1f || op >> 4 == 4 || op == 0xb6 || op == 0xb7 ||
		       op == 0xbe || op == 0xbf;
	if (op == 0xf6 || op == 0xf7) /* test; not, neg, mul, div */
		return insn->writes == DWU_X86_NOTHING;
	/* add … cmp, test, mov, lea, movsxd, of registers or an immediate */
	return (op < 0x40 && (op & 7) < 4) || op == 0x3d || op == 0xa9 ||
	       op == 0x63 || op == 0x80 || op == 0x81 || op == 0x83 ||
	       op == 0x84 || op == 0x85 || (op >= 0x88 && op <= 0x8b) ||
	       op == 0x8d || op >> 3 == 0xb8 >> 3 || op == 0xc7;
}

/* What is not known to be harmless ends the search. */
static enum dwu_entry_kind effect_of(const struct dwu_x86_insn *insn)
{
	if (is_emulated(insn))
		return DWU_ENTRY_EMULATED;
	if (!is_plain(insn))
		return DWU_ENTRY_UNKNOWN;
	switch (insn->writes) {
	case DWU_X86_NOTHING:
		return DWU_ENTRY_HARMLESS;
	case DWU_X86_RM: /* memory, if it is no register */
		return insn->rm == DWU_X86_NONE ? DWU_ENTRY_UNKNOWN :
						  writes_reg(insn->rm);
	case DWU_X86_REG:
		return writes_reg(insn->reg);
	case DWU_X86_OPCODE:
		return writes_reg(insn->low);
	default:
		return DWU_ENTRY_UNKNOWN;
	}
}

/* None but %fs, the thread's own data, and a REX. */
static bool has_usual_prefixes(const struct dwu_x86_insn *insn,
			       const uint8_t *bytes)
{
	size_t at = bytes[0] == 0x64;

	if ((bytes[at] & 0xf0) == 0x40)
		at++;
	if (insn->map == DWU_X86_0F)
		return bytes[at] == 0x0f && bytes[at + 1] == insn->opcode;
	return insn->map == DWU_X86_ONE && bytes[at] == insn->opcode;
}

/* UNKNOWN, too, where less than the longest instruction is left. */
static enum dwu_entry_kind kind(const uint8_t *bytes, size_t size,
				uint32_t *insn_size)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	const struct dwu_code code = { .bytes = bytes, .size = size };
	struct dwu_x86_insn insn;

	/* the longest instruction, whole */
	if (size < DWU_INSN_MAX)
		return DWU_ENTRY_UNKNOWN;
	*insn_size = sizeof(endbr64);
	if (!memcmp(bytes, endbr64, sizeof(endbr64)))
		return DWU_ENTRY_HARMLESS;
	dwu_x86_decode(&code, &insn);
	*insn_size = insn.size;
	if (!insn.size || !has_usual_prefixes(&insn, bytes))
		return DWU_ENTRY_UNKNOWN;
	return effect_of(&insn);
}

/* Whatever bytes could be a branch are taken for one: a false one only costs
 * the better place. */
static bool leads_to(const uint8_t *code, size_t size, uint32_t first,
		     uint32_t last)
{
	for (size_t i = 0; i + 6 <= size; i++) {
		uint8_t op = code[i];
		size_t wide = op == 0x0f && code[i + 1] >> 4 == 8;
		int64_t target;
		struct dwu_cursor c;

		if (op >> 4 == 7 || op == 0xeb || (op >= 0xe0 && op <= 0xe3)) {
			target = (int64_t)i + 2 + (int8_t)code[i + 1];
		} else if (wide || op == 0xe8 || op == 0xe9) {
			c = dwu_cursor(code + i + 1 + wide, 4, false);
			target = (int64_t)(i + 5 + wide) +
				 (int64_t)dwu_sint(&c, 4);
		} else {
			continue;
		}
		if (target >= first && target <= last)
			return true;
	}
	return false;
}

uint8_t dwu_x86_insn_size(const uint8_t *bytes, size_t size)
{
	const struct dwu_code code = { .bytes = bytes, .size = size };
	struct dwu_x86_insn insn;

	dwu_x86_decode(&code, &insn);
	return insn.size;
}

const struct dwu_entry_form dwu_entry_x86_64 = { kind, leads_to };
