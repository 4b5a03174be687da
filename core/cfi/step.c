/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A row + the callee's registers + memory -> the caller's registers.
 *
 * For example, x86_64 with the row (cfa, ra, rbp) = (rbp + 16, *(cfa - 8),
 * *(cfa - 16)) and rbp = 0x7ffe1000: cfa = 0x7ffe1010, the caller's pc is the
 * word at 0x7ffe1008, its rbp that at 0x7ffe1000, its rsp is the CFA. Other
 * registers that calls preserve (rbx, r12 to r15) stay, all the rest is lost
 * (psABI x86-64 3.2.1).
 *
 * Nothing is made up: a register is known or it is not (`valid`). A CFA or a
 * return address that needs an unknown one ends the walk with a reason; any
 * other register is then unknown in the caller, too. Full rows are applied by
 * dwu_step(), the packed ones of the row cache by dwu_step_packed(), to the
 * same result.
 */
#include "step.h"

#include "expr.h"

/*
 * What one step needs of everybody. `cfa` is set before the rules are
 * evaluated.
 */
struct step {
	const struct dwunw_arch_ops *arch;
	const struct dwunw_module *module;
	const struct dwunw_row *row;
	struct dwu_reader *reader;
	uint64_t cfa;
};

/*
 * A lost register is a reason to stop and never a 0: a CFA that is computed
 * from a stale value would be a wrong frame that looks right.
 */
static uint8_t get_register(const struct dwu_regs *regs, uint8_t column,
			    uint64_t *value)
{
	if (column >= DWUNW_REG_MAX || !(regs->valid >> column & 1))
		return DWUNW_STOP_NO_REGISTER;
	*value = regs->r[column];
	return DWU_GO;
}

/*
 * 6.4.2.2, 6.4.2.3: the block lies in the module's CFI bytes. Without the
 * module, or in a build without expressions, the row cannot be used.
 */
static uint8_t run_expression(const struct step *s,
			      const struct dwunw_rule *rule,
			      const struct dwu_regs *regs,
			      const uint64_t *initial, uint64_t *value)
{
	struct dwunw_span bytes;

	if (!IS_ON(CONFIG_CFI_EXPRESSIONS) || !s->module)
		return DWUNW_STOP_BAD_ROW;
	bytes = dwunw_module_expression(s->module, s->row, rule);
	return dwu_expr(s->arch, &bytes, regs, s->reader, initial, value);
}

/*
 * A saved register. The address is cut first: on mips32 sums are made in 64
 * bits.
 */
static uint8_t read_word(const struct step *s, uint64_t addr, uint64_t *value)
{
	uint8_t size = dwu_arch(s->arch)->address_size;

	if (dwu_read_word(s->reader, dwu_address(addr, size), value))
		return DWU_GO;
	return dwu_read_stop(s->reader);
}

/* A realigned frame's: what only a register of the frame tells the place of. */
static uint8_t by_register(const struct step *s, const struct dwunw_rule *rule,
			   const struct dwu_regs *regs, uint64_t *value)
{
	uint8_t stop;

	if (!IS_ON(CONFIG_SCAN_PUSHED_RA))
		return DWUNW_STOP_BAD_ROW;
	stop = get_register(regs, rule->reg, value);
	if (stop != DWU_GO)
		return stop;
	return read_word(s, *value + (uint64_t)(int64_t)rule->value, value);
}

/*
 * 6.4.1: the CFA is a register plus an offset, an expression, or, in rows of
 * scans of realigned frames, a word of memory at a register plus an offset.
 */
static uint8_t find_cfa(struct step *s, const struct dwu_regs *regs)
{
	const struct dwunw_rule *cfa = &s->row->cfa;
	uint8_t stop;

	if (cfa->kind == DWUNW_RULE_EXPRESSION)
		return run_expression(s, cfa, regs, NULL, &s->cfa);
	if (cfa->kind == DWUNW_RULE_REG_OFFSET)
		return by_register(s, cfa, regs, &s->cfa);
	stop = get_register(regs, cfa->reg, &s->cfa);
	s->cfa = dwu_address(s->cfa + (uint64_t)(int64_t)cfa->value,
			     dwu_arch(s->arch)->address_size);
	return stop;
}

/*
 * The caller's value of one column by its rule (DWARF 5 6.4.1), from the
 * callee's registers.
 *
 * `old` has the callee's registers throughout: two rules may exchange
 * registers.
 */
static uint8_t evaluate(const struct step *s, const struct dwunw_rule *rule,
			const struct dwu_regs *old, uint64_t *value)
{
	uint64_t at = s->cfa + (uint64_t)(int64_t)rule->value;
	uint8_t stop;

	switch (rule->kind) {
	case DWUNW_RULE_OFFSET:
		return read_word(s, at, value);
	case DWUNW_RULE_VAL_OFFSET:
		*value = at;
		return DWU_GO;
	case DWUNW_RULE_REGISTER:
		return get_register(old, rule->reg, value);
	case DWUNW_RULE_EXPRESSION:
		stop = run_expression(s, rule, old, &s->cfa, &at);
		return stop == DWU_GO ? read_word(s, at, value) : stop;
	case DWUNW_RULE_VAL_EXPRESSION:
		return run_expression(s, rule, old, &s->cfa, value);
	case DWUNW_RULE_REG_OFFSET:
		return by_register(s, rule, old, value);
	default:
		return DWUNW_STOP_BAD_ROW;
	}
}

/*
 * "Unspecified" means that the ABI decides (DWARF 5 6.4.1 leaves it open):
 * registers that calls preserve keep their values, and so does the return
 * address, which is in a register only where the callee has not called yet.
 *
 * x86_64: rbx, rbp, r12 to r15 (psABI 3.2.1); arm64: x19 to x29 (AAPCS64
 * 6.1.1); mips32: s0 to s8 and gp (o32); riscv64: gp, tp and s0 to s11.
 */
static bool survives_call(const struct dwunw_arch_ops *arch, uint8_t column)
{
	arch = dwu_arch(arch);
	return ((arch->preserved | 1ull << arch->ra) >> column & 1) != 0;
}

/*
 * A register whose value cannot be had is lost, which ends the walk only if
 * something hangs on it later: GCC's rules for rbp in the epilogue of a
 * realigned frame point to nowhere once rbp is popped (tests/stacks/micro/
 * frames.c, GCC 12), and nothing needs them. The return address and the stack
 * pointer are needed at once.
 */
static uint8_t apply_rule(const struct step *s, uint8_t column,
			  const struct dwu_regs *old, struct dwu_regs *new)
{
	const struct dwunw_rule *rule = &s->row->rules[column];
	bool needed = column == s->row->ra_column ||
		      column == dwu_arch(s->arch)->sp;
	uint64_t bit = 1ull << column, value = 0;
	uint8_t stop = DWU_GO;

	if (rule->kind == DWUNW_RULE_SAME ||
	    (rule->kind == DWUNW_RULE_UNSPECIFIED &&
	     survives_call(s->arch, column)))
		return DWU_GO;
	/* lost until a value is found */
	new->valid &= ~bit;
	/* no rule for sp: the caller's sp is the CFA, on all targets */
	if (rule->kind == DWUNW_RULE_UNSPECIFIED &&
	    column == dwu_arch(s->arch)->sp)
		value = s->cfa;
	else if (rule->kind <= DWUNW_RULE_UNDEFINED)
		return DWU_GO;
	else
		stop = evaluate(s, rule, old, &value);
	if (stop != DWU_GO)
		return needed || stop == DWUNW_STOP_BAD_ROW ? stop : DWU_GO;
	new->r[column] = dwu_address(value, dwu_arch(s->arch)->address_size);
	new->valid |= bit;
	return DWU_GO;
}

/*
 * The return address becomes the pc, without what is no part of an address: the
 * ISA bit of mips32, kept beside it; the signature of arm64.
 *
 * For example, arm64 with a signed return address: pc_mask clears the bits of
 * the signature. mips32: bit 0 is MIPS16e.
 */
static uint8_t finish(const struct dwunw_arch_ops *arch, uint8_t ra_column,
		      struct dwu_regs *regs)
{
	uint8_t stop = get_register(regs, ra_column, &regs->pc);

	arch = dwu_arch(arch);
	regs->isa = dwu_isa(arch, regs->pc);
	regs->pc &= arch->pc_mask;
	regs->r[arch->pc] = regs->pc;
	regs->valid |= 1ull << arch->pc;
	return stop;
}

/*
 * A return address that is "undefined" is how CFI marks the first function of
 * a thread (_start, clone). Where calls push it, it must have a rule.
 */
uint8_t dwu_step_check(const struct dwunw_arch_ops *arch,
		       const struct dwunw_row *row)
{
	uint8_t kind = row->rules[row->ra_column].kind;

	if (kind == DWUNW_RULE_UNDEFINED)
		return DWUNW_STOP_ROOT;
	if (row->ra_column >= dwu_value_count(arch) ||
	    (!dwu_arch(arch)->link_register &&
	     (kind == DWUNW_RULE_UNSPECIFIED || kind == DWUNW_RULE_SAME)))
		return DWUNW_STOP_BAD_ROW;
	return DWU_GO;
}

/* As apply_rule(), of the columns that need no value: most of them. */
static inline bool needs_none(const struct dwunw_arch_ops *arch,
			      const struct dwunw_rule *rule, uint8_t column,
			      struct dwu_regs *new)
{
	if (IS_ON(CONFIG_OPTIMIZE_SIZE) || rule->kind > DWUNW_RULE_UNDEFINED ||
	    column == dwu_arch(arch)->sp)
		return false;
	if (rule->kind == DWUNW_RULE_UNDEFINED || !survives_call(arch, column))
		new->valid &= ~(1ull << column);
	return true;
}

/* Columns in ascending order; their rules do not depend on each other. */
uint8_t dwu_step(const struct dwunw_arch_ops *arch,
		 const struct dwunw_module *module, const struct dwunw_row *row,
		 struct dwu_regs *regs, struct dwu_reader *reader)
{
	struct step s = {
		.arch = arch, .module = module, .row = row, .reader = reader
	};
	/* rules read the callee's registers while the caller's are written */
	struct dwu_regs old = *regs;
	uint8_t stop = dwu_step_check(arch, row);
	uint8_t column;

	if (stop == DWU_GO)
		stop = find_cfa(&s, regs);
	for (column = 0; stop == DWU_GO && column < dwu_value_count(arch);
	     column++)
		if (!needs_none(arch, &row->rules[column], column, regs))
			stop = apply_rule(&s, column, &old, regs);
	if (stop == DWU_GO)
		stop = finish(arch, row->ra_column, regs);
	/* the next evidence is tried from the same registers */
	if (stop != DWU_GO)
		*regs = old;
	return stop;
}

/*
 * The hot path: no switch over rules, no call where the copy of the stack has
 * the word. Slot i is of register saved[i], bit i says that there is one; bit 0
 * is the return address, whose read must succeed. *regs is changed in place,
 * since a walk that fails here does not go on.
 */
uint8_t dwu_step_packed(const struct dwunw_arch_ops *arch,
			const struct dwunw_packed_row *packed,
			struct dwu_regs *regs, struct dwu_reader *reader)
{
	uint64_t keep = dwu_arch(arch)->preserved | 1ull << dwu_arch(arch)->sp |
			1ull << dwu_arch(arch)->ra;
	uint64_t cfa, addr, bit;
	unsigned int mask, i;
	uint8_t stop;

	dwu_assert(!(packed->bits & (DWU_PACKED_FULL | DWU_PACKED_NONE)));
	if (packed->bits & DWU_PACKED_ROOT)
		return DWUNW_STOP_ROOT;
	if (!dwu_arch(arch)->link_register && !(packed->bits & 1))
		return DWUNW_STOP_BAD_ROW;
	stop = get_register(regs, packed->cfa & 0xff, &cfa);
	if (stop != DWU_GO)
		return stop;
	cfa += (uint64_t)(int64_t)dwu_packed_offset(packed);
	regs->valid &= keep;
	mask = packed->bits & DWU_PACKED_MASK;
	/* mask & (mask - 1) clears the lowest bit that is set: 0x16 -> 0x14 ->
	 * 0x10 */
	for (; mask != 0; mask &= mask - 1) {
		i = (unsigned int)__builtin_ctz(mask);
		bit = 1ull << arch->saved[i];
		if (packed->slots[i] == DWU_SLOT_LOST) {
			regs->valid &= ~bit;
			continue;
		}
		addr = cfa + (uint64_t)(int64_t)(packed->slots[i] * 4);
		if (dwu_read_word(reader,
				  dwu_address(addr,
					      dwu_arch(arch)->address_size),
				  &regs->r[arch->saved[i]]))
			regs->valid |= bit;
		else if (i == 0)
			return dwu_read_stop(reader);
		else
			regs->valid &= ~bit; /* as apply_rule() has it */
	}
	regs->r[dwu_arch(arch)->sp] =
		dwu_address(cfa, dwu_arch(arch)->address_size);
	return finish(arch, dwu_arch(arch)->ra, regs);
}
