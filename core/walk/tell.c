/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Row -> what a walk tells of the step that it made by it, in a form that the
 * kernel can apply later (bpf/walk.bpf.h): END, a packed ROW, SIGNAL, or
 * REALIGNED.
 *
 * For example, rbp + 16, ra at CFA - 8, rbp at CFA - 16 is a packed row; a PLT
 * entry's CFA, rsp + 8 + ((rip & 15) >= 11) * 8, is at one pc rsp + 8 or rsp +
 * 16, and so a packed row as well. What fits none of them is NONE, and the
 * kernel stops there.
 */
#include "tell.h"

#include "core/cfi/expr.h"
#include "core/cfi/module.h"
#include "core/cfi/step.h"

enum {
	DW_OP_deref = 0x06,
	DW_OP_breg0 = 0x70,
	DW_OP_breg31 = 0x8f
};

void dwu_tell_packed(const struct dwunw_packed_row *packed, uint8_t stop,
		     struct dwunw_step *step)
{
	if ((packed->bits & DWU_PACKED_ROOT) || stop == DWUNW_STOP_CONTEXT) {
		step->kind = DWUNW_STEP_END;
	} else if (!(packed->bits & (DWU_PACKED_FULL | DWU_PACKED_NONE))) {
		step->kind = DWUNW_STEP_ROW;
		step->row = *packed;
	}
}

/* Was a row there and applied? That a read failed says nothing against it. */
static bool has_row(uint8_t stop)
{
	return stop == DWU_GO || stop == DWUNW_STOP_ROOT ||
	       stop == DWUNW_STOP_UNREADABLE || stop == DWUNW_STOP_TRUNCATED ||
	       stop == DWUNW_STOP_NO_REGISTER;
}

/*
 * "At register reg + offset", with a dereference behind it? Else false.
 *
 * DWARF 5 2.5.1.2, 2.5.1.3: breg and an offset, with or without deref, and no
 * more.
 */
static bool is_place(const struct dwunw_module *module,
		     const struct dwunw_row *row, const struct dwunw_rule *rule,
		     bool deref, struct dwunw_rule *place)
{
	struct dwunw_span bytes = dwunw_module_expression(module, row, rule);
	struct dwu_cursor c = dwu_cursor(bytes.data, bytes.size, false);
	uint8_t op = dwu_u8(&c);
	int64_t value = dwu_sleb(&c);

	if (op < DW_OP_breg0 || op > DW_OP_breg31 || value != (int32_t)value ||
	    (deref && dwu_u8(&c) != DW_OP_deref) || c.bad || !dwu_at_end(&c))
		return false;
	*place = (struct dwunw_rule){ .kind = DWUNW_RULE_REG_OFFSET,
				      .reg = (uint8_t)(op - DW_OP_breg0),
				      .value = (int32_t)value };
	return true;
}

/*
 * A rule that says where a register of a realigned frame is: by the register
 * that finds the CFA. GCC has the former as an expression (-mstackrealign,
 * DW_CFA_def_cfa_expression breg, deref), scans have it as REG_OFFSET.
 */
static bool as_place(const struct dwunw_module *module,
		     const struct dwunw_row *row, const struct dwunw_rule *rule,
		     bool deref, struct dwunw_rule *place)
{
	*place = *rule;
	if (rule->kind == DWUNW_RULE_REG_OFFSET)
		return true;
	return rule->kind == DWUNW_RULE_EXPRESSION && module &&
	       is_place(module, row, rule, deref, place);
}

/*
 * (sp, ra, r) = (*(reg + n), *(sp - word), *(reg + m)); see the header.
 *
 * Each saved register must hang on the same register as the CFA: the packed row
 * has one.
 */
static bool realigned(const struct dwunw_arch_ops *arch,
		      const struct dwunw_module *module,
		      const struct dwunw_row *row, struct dwunw_row *plain)
{
	struct dwunw_rule *rule, cfa, at;
	uint8_t i;

	if (!as_place(module, row, &row->cfa, true, &cfa) ||
	    row->rules[row->ra_column].kind != DWUNW_RULE_OFFSET)
		return false;
	*plain = *row;
	plain->cfa = cfa;
	plain->cfa.kind = DWUNW_RULE_REGISTER;
	for (i = 0; i < dwu_value_count(arch); i++) {
		rule = &plain->rules[i];
		if (rule->kind <= DWUNW_RULE_SAME || i == row->ra_column)
			continue;
		if (!as_place(module, row, rule, false, &at) ||
		    at.reg != cfa.reg)
			return false;
		rule->kind = DWUNW_RULE_OFFSET;
		rule->value = at.value;
	}
	return true;
}

/*
 * A CFA that hangs on sp and the pc alone: at this pc it is sp and a constant
 * (stubs of the procedure linkage table: 8 or 16 bytes, by pc & 15).
 *
 * The expression runs twice, with two values of sp, without memory: what reads
 * memory, or another register, fails and is not constant.
 */
static bool constant(const struct dwunw_arch_ops *arch,
		     const struct dwunw_module *module,
		     const struct dwunw_row *row, uint64_t pc,
		     struct dwunw_row *plain)
{
	struct dwunw_span bytes;
	struct dwu_reader none = { .failed = 0 };
	struct dwu_regs regs = { .pc = pc };
	uint64_t at[2], base;
	int i;

	if (!IS_ON(CONFIG_CFI_EXPRESSIONS) || !module ||
	    row->cfa.kind != DWUNW_RULE_EXPRESSION)
		return false;
	bytes = dwunw_module_expression(module, row, &row->cfa);
	regs.r[arch->pc] = pc;
	regs.valid = 1ull << arch->pc | 1ull << arch->sp;
	for (i = 0; i < 2; i++) {
		/* of two that have no bit in common, and as far apart */
		base = i ? 0x5555555555554440u : 0x2aaaaaaaaaaaaaa0u;
		regs.r[arch->sp] = base;
		if (dwu_expr(arch, &bytes, &regs, &none, NULL, &at[i]) !=
		    DWU_GO)
			return false;
		at[i] -= base;
	}
	*plain = *row;
	plain->cfa = (struct dwunw_rule){ .kind = DWUNW_RULE_REGISTER,
					  .reg = arch->sp,
					  .value = (int32_t)at[0] };
	return at[0] == at[1] && at[0] == (uint64_t)(int64_t)plain->cfa.value;
}

/*
 * By the place of the pc: the rest follows from the target. CFI that describes
 * the frame in its own way (glibc on x86_64, by expressions) stands at code that
 * tells as well.
 */
static void tell_signal(const struct dwunw_arch_ops *arch,
			const struct dwunw_module *module,
			const struct dwunw_row *row, struct dwunw_step *step)
{
	const struct dwunw_rule *pc = &row->rules[dwu_arch(arch)->pc];
	struct dwunw_row known;
	uint8_t how;

	if (IS_ON(CONFIG_ARCH_PUSHED_RA) &&
	    row->cfa.kind != DWUNW_RULE_REGISTER) {
		if (!module || dwu_module_code_row(module, step->vaddr, &known,
						   &how) != DWUNW_OK)
			return;
		row = &known;
		pc = &known.rules[dwu_arch(arch)->pc];
	}
	if (!(row->flags & DWUNW_ROW_SIGNAL) ||
	    row->cfa.reg != dwu_arch(arch)->sp || row->cfa.value != 0 ||
	    pc->kind != DWUNW_RULE_OFFSET)
		return;
	step->kind = DWUNW_STEP_SIGNAL;
	step->row.cfa = (uint32_t)pc->value << 8 | row->cfa.reg;
}

/*
 * Without the rules of registers that a call need not preserve, which no CFA
 * hangs on: they are lost then (libgcc's _Unwind_RaiseException saves those that
 * hold an exception).
 */
static void pack_preserved(const struct dwunw_arch_ops *arch,
			   const struct dwunw_row *row,
			   struct dwunw_packed_row *packed)
{
	uint64_t keep = dwu_arch(arch)->preserved | 1ull << dwu_arch(arch)->sp |
			1ull << dwu_arch(arch)->ra | 1ull << dwu_arch(arch)->pc;
	struct dwunw_row plain = *row;
	uint8_t i;

	for (i = 0; i < dwu_value_count(arch); i++)
		if (!(keep >> i & 1))
			plain.rules[i].kind = DWUNW_RULE_UNSPECIFIED;
	dwu_row_pack(arch, &plain, packed);
}

/*
 * In this order: signal, end or packed row, constant CFA, realigned. A row that
 * is none of these leaves *step NONE.
 */
void dwu_tell_row(const struct dwunw_arch_ops *arch,
		  const struct dwunw_module *module,
		  const struct dwunw_row *row, uint64_t pc, uint8_t stop,
		  struct dwunw_step *step)
{
	struct dwunw_packed_row packed = { .bits = DWU_PACKED_NONE };
	struct dwunw_row plain;

	if (has_row(stop)) {
		if (row->flags & DWUNW_ROW_SIGNAL) {
			tell_signal(arch, module, row, step);
			return;
		}
		pack_preserved(arch, row, &packed);
	}
	dwu_tell_packed(&packed, stop, step);
	if (!IS_ON(CONFIG_ARCH_PUSHED_RA) || !(packed.bits & DWU_PACKED_FULL) ||
	    step->kind != DWUNW_STEP_NONE)
		return;
	if (constant(arch, module, row, pc, &plain)) {
		pack_preserved(arch, &plain, &packed);
		dwu_tell_packed(&packed, stop, step);
	} else if (realigned(arch, module, row, &plain)) {
		dwu_row_pack(arch, &plain, &packed);
		dwu_tell_packed(&packed, stop, step);
		if (step->kind == DWUNW_STEP_ROW)
			step->kind = DWUNW_STEP_REALIGNED;
	}
}
