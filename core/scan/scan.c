/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What is known before an instruction -> its row; and two questions of code
 * that CFI is wrong about.
 *
 *	rsp = CFA - 48, rbp saved at CFA - 16, ra at CFA - 8
 *	-> (cfa, rbp, ra) = (rsp + 48, *(cfa - 16), *(cfa - 8))
 *
 * A row says no more than the states of all paths agree in. What is missing has
 * a name: SP_UNKNOWN, CONTRADICTION (paths met with different frames), RA_LOST.
 */
#include "scan.h"

#include "core/base/bytes.h"

/* Instructions of an epilogue, at most. */
#define RETURN_MAX 24u

/*
 * A place in a realigned frame, by a register that points there.
 *
 * Both are known by their distance from one aligned place A: the difference is
 * what the rule adds to the register. For example, a slot at A - 16 and rbp =
 * A: *(rbp - 16).
 */
static void aligned_rule(const struct dwu_scan_memory *m,
			 const struct dwu_scan_state *state,
			 struct dwunw_rule *rule)
{
	rule->reg = dwu_scan_aligned_column(m, state);
	rule->kind = DWUNW_RULE_UNDEFINED;
	if (rule->reg == DWU_SCAN_REGS)
		return;
	rule->kind = DWUNW_RULE_REG_OFFSET;
	rule->value -= state->regs[rule->reg].n;
}

/*
 * Where the CFA is. False: nowhere.
 *
 * A register first; else, in a realigned frame, the word in which the CFA was
 * saved.
 */
static bool cfa_rule(const struct dwu_scan_memory *m,
		     const struct dwu_scan_state *state,
		     struct dwunw_rule *rule)
{
	uint8_t column = dwu_scan_cfa_column(m, state);

	if (column != DWU_SCAN_REGS) {
		rule->reg = column;
		rule->value = -state->regs[column].n;
		return true;
	}
	rule->value = state->slots[dwu_arch(m->text.arch)->sp];
	if (!dwu_is_aligned(rule->value))
		return false;
	aligned_rule(m, state, rule);
	return rule->kind == DWUNW_RULE_REG_OFFSET;
}

/*
 * Where the entry value of a column is.
 *
 * In its own register, in memory, in another register, or nowhere. For example,
 * x30 of arm64 before stp x29, x30, [sp, -32]!: SAME; behind it OFFSET, CFA -
 * 24.
 */
static void saved_rule(const struct dwu_scan_memory *m,
		       const struct dwu_scan_state *state, uint8_t reg,
		       struct dwunw_rule *rule)
{
	uint8_t at = dwu_scan_holder(state, reg);

	rule->kind = at == reg		 ? DWUNW_RULE_SAME :
		     at == DWU_SCAN_REGS ? DWUNW_RULE_UNDEFINED :
					   DWUNW_RULE_REGISTER;
	/* a copy of a register that was not changed may be an argument's,
	 * which its callee may change */
	if (state->slots[reg] != DWU_SLOT_NONE &&
	    (reg == dwu_arch(m->text.arch)->ra || at != reg)) {
		rule->kind = DWUNW_RULE_OFFSET;
		rule->value = state->slots[reg];
		if (dwu_is_aligned(rule->value))
			aligned_rule(m, state, rule);
	} else if (rule->kind == DWUNW_RULE_REGISTER) {
		rule->reg = at;
	}
}

uint8_t dwu_scan_row(const struct dwu_scan_memory *m,
		     const struct dwu_scan_state *state, struct dwunw_row *row)
{
	const struct dwunw_arch_ops *arch = dwu_arch(m->text.arch);
	struct dwunw_rule *ra = &row->rules[arch->ra];
	uint8_t i;

	dwu_row_clear(m->text.arch, row);
	/* other columns are what callers do not want back: they stay without a
	 * rule, and are lost */
	for (i = 0; i < DWU_SCAN_REGS; i++)
		if (dwu_scan_is_saved(arch, i))
			saved_rule(m, state, i, &row->rules[i]);
	/* nothing calls a program's first function, or one that has set its
	 * return address to 0 */
	if (m->x.function.entry || (dwu_value_is_zero(&state->regs[arch->ra]) &&
				    ra->kind == DWUNW_RULE_UNDEFINED)) {
		ra->kind = DWUNW_RULE_UNDEFINED;
		return DWUNW_SCAN_OK;
	}
	if (!cfa_rule(m, state, &row->cfa))
		return state->regs[arch->sp].n == DWU_SP_DIFFERS ?
			       DWUNW_SCAN_CONTRADICTION :
			       DWUNW_SCAN_SP_UNKNOWN;
	/* a function that calls, or leaves, with its return address nowhere has
	 * been given it by no call: it is a part of another one */
	if (ra->kind == DWUNW_RULE_UNDEFINED ||
	    (ra->kind == DWUNW_RULE_SAME && m->x.round.loses &&
	     !m->x.round.saves))
		return DWUNW_SCAN_RA_LOST;
	if (IS_ON(CONFIG_SCAN_WIDE_LINK) &&
	    (ra->kind == DWUNW_RULE_OFFSET ? state->slot_signed :
					     state->ra_signed))
		row->flags |= DWUNW_ROW_RA_SIGNED;
	return DWUNW_SCAN_OK;
}

/* The search for one place. */
struct wanted {
	const struct dwu_scan_memory *memory;
	struct dwunw_row *row;
	uint32_t place;
	uint32_t at; /* the instruction there, [at, next) */
	uint32_t next;
	uint8_t result;
	bool exact;
	bool found;
	bool passed; /* the place is in code, but not at a call's end */
};

/*
 * The instruction at the place, before it runs (exact), or the call that
 * returns to place + 1: `place` is a return address - 1 then.
 */
static bool visit_wanted(void *ctx, const struct dwu_scan_at *at)
{
	struct wanted *w = ctx;
	bool in_call = at->moment == DWU_IN_CALL;

	if (w->place < at->op->at || w->place >= at->op->next ||
	    at->moment >= DWU_LEAVING)
		return true;
	/* a return address stands behind a call */
	if (w->exact == in_call || (in_call && at->op->next != w->place + 1)) {
		w->passed = true;
		return true;
	}
	w->result = dwu_scan_row(w->memory, at->state, w->row);
	/* a jump that is a function of its own is called, and jumped to */
	if (IS_ON(CONFIG_SCAN_PUSHED_RA) && w->exact &&
	    at->op->insn.size > DWU_INSN_ONE &&
	    (w->place != at->op->at ||
	     (w->place == w->memory->x.function.start &&
	      at->op->insn.flow == DWU_FLOW_INDIRECT)))
		w->result = DWUNW_SCAN_SP_UNKNOWN;
	w->at = at->op->at;
	w->next = at->op->next;
	w->found = true;
	return false;
}

/*
 * With `watch` the scan tells only what is near the place; all of the function
 * is explored all the same, since any path may take knowledge away.
 */
uint8_t dwu_scan_at(struct dwu_scan_memory *memory,
		    const struct dwu_function *function, uint32_t place,
		    bool exact, struct dwunw_row *row)
{
	struct wanted w = {
		.memory = memory, .row = row, .place = place, .exact = exact
	};
	uint8_t result;

	/* its caller's row is that behind it */
	if (IS_ON(CONFIG_SCAN_WIDE_LINK) && !function->part &&
	    dwu_scan_piece(memory, function->start))
		return DWUNW_SCAN_SP_UNKNOWN;
	result = dwu_scan_explore(memory, function, place, visit_wanted, &w);
	/* half of a join would be wrong: what was seen until then is not used */
	if (result == DWUNW_SCAN_TOO_LARGE)
		return result;
	if (!w.found)
		return w.passed		       ? DWUNW_SCAN_NO_CALL :
		       result == DWUNW_SCAN_OK ? DWUNW_SCAN_UNREACHED :
						 result;
	if (dwu_scan_is_guess(memory, place))
		row->flags |= DWUNW_ROW_GUESS;
	row->start = memory->text.vaddr + w.at;
	row->end = memory->text.vaddr + w.next;
	return w.result;
}

/*
 * A tail call?
 *
 * A jump out of the function, or to where a register says without a table.
 */
static bool leaves_by_jump(const struct dwu_insn *insn,
			   const struct dwunw_fde *fde)
{
	uint32_t start = (uint32_t)fde->start;

	return insn->flow == DWU_FLOW_INDIRECT ?
		       !insn->table :
		       insn->flow == DWU_FLOW_JUMP && insn->target != 0 &&
			       insn->target - start >=
				       (uint32_t)(fde->end - fde->start);
}

/*
 * Where straight code from `at` to `end` stops, which flows only as `flows` has
 * it; what it does is in m->next.
 *
 * RETURN_MAX instructions at most; m->next.regs[sp] is then CFA + how far sp
 * moved.
 */
static uint32_t run_straight(struct dwu_scan_memory *m, uint32_t at,
			     uint32_t end, uint32_t flows, struct dwu_op *op)
{
	const struct dwu_text *text = &m->text;
	uint32_t i;

	/* all is unknown but sp, which CFA stands for: only its changes count */
	memset(&m->next, 0, sizeof(m->next));
	for (i = 0; i < DWU_SCAN_REGS; i++)
		m->next.slots[i] = DWU_SLOT_NONE;
	m->next.regs[text->arch->sp].kind = DWU_VALUE_CFA;
	op->insn.flow = DWU_FLOW_NEXT;
	for (i = 0; i < RETURN_MAX && at < end; i++) {
		dwu_code_read(&m->text, at, op);
		if (op->insn.size == 0 || (op->insn.flow & ~flows))
			break;
		text->ops->effect(text->arch, &op->code, &op->insn, &m->next);
		at = op->next;
	}
	return at;
}

/*
 * Does the code before a jump take off stack, as an epilogue does?
 *
 * arm64: ldp x29, x30, [sp], 32; (autiasp;) b elsewhere.
 */
static bool pops_before(struct dwu_scan_memory *m, uint32_t at)
{
	const struct dwu_value *sp = &m->next.regs[m->text.arch->sp];
	struct dwu_op op;

	/* ldp, and what checks the signed address */
	return dwu_has_wide_link(m->text.arch) &&
	       ((at >= 4 && run_straight(m, at - 4, at, 0, &op) == at &&
		 sp->n > 0) ||
		(at >= 8 && run_straight(m, at - 8, at, 0, &op) == at &&
		 sp->n > 0));
}

/*
 * For example, mips32 at lw ra, 28(sp); jr ra; addiu sp, sp, 32: *n is 32. The
 * delay slot runs before control goes.
 */
bool dwu_scan_to_return(struct dwu_scan_memory *m,
			const struct dwunw_module *module, uint64_t vaddr,
			uint8_t isa, const struct dwunw_fde *fde, int32_t *n)
{
	const struct dwu_value *sp = &m->next.regs[module->arch->sp];
	struct dwu_op op;
	uint32_t at;
	bool jump;

	if (!dwu_code_open(&m->text, module, vaddr))
		return false;
	m->text.isa = isa;
	at = dwu_code_place(&m->text, vaddr);
	run_straight(m, at, DWU_NOWHERE, 0, &op);
	jump = leaves_by_jump(&op.insn, fde);
	if (op.insn.size == 0 || (!jump && op.insn.flow != DWU_FLOW_RETURN))
		return false;
	if (op.insn.delay) {
		dwu_code_read(&m->text, op.next, &op);
		m->text.ops->effect(m->text.arch, &op.code, &op.insn, &m->next);
	}
	*n = sp->n;
	/* a jump may lead to a part of the function that stands elsewhere */
	return sp->kind == DWU_VALUE_CFA &&
	       (!jump || sp->n > 0 || (sp->n == 0 && pops_before(m, at)));
}

/* Does straight code from `at` come to where sp is n? */
static bool comes_to(struct dwu_scan_memory *m, uint32_t at, int32_t n)
{
	const struct dwu_value *sp = &m->next.regs[m->text.arch->sp];
	struct dwu_op op;
	uint32_t i;

	for (i = 0; i < RETURN_MAX && sp->kind == DWU_VALUE_CFA && sp->n != n;
	     i++, at = op.next) {
		dwu_code_read(&m->text, at, &op);
		if (op.insn.size == 0 || (op.insn.flow & ~DWU_FLOW_BRANCH))
			return false;
		m->text.ops->effect(m->text.arch, &op.code, &op.insn, &m->next);
	}
	return sp->kind == DWU_VALUE_CFA && sp->n == n;
}

/* The last branch of straight code from `from` that leads to straight code
 * before `to`; DWU_NOWHERE. */
static uint32_t branch_to(struct dwu_scan_memory *m, uint32_t from, uint32_t to)
{
	uint32_t i, found = DWU_NOWHERE;
	struct dwu_op op = { .next = from }, last;

	for (i = 0; i < RETURN_MAX && op.next < to; i++) {
		dwu_code_read(&m->text, op.next, &op);
		if (op.insn.size == 0 || (op.insn.flow & ~DWU_FLOW_BRANCH))
			break;
		if (op.target != DWU_NOWHERE && op.target > op.at &&
		    op.target <= to &&
		    run_straight(m, op.target, to, 0, &last) == to)
			found = op.at;
	}
	return found;
}

/* Does the one branch of straight code from `start` lead to `at`, where sp is
 * not -cfa, which is so behind the prologue? */
static bool branch_denies(struct dwu_scan_memory *m, uint32_t start,
			  uint32_t at, int32_t cfa)
{
	const struct dwu_value *sp = &m->next.regs[m->text.arch->sp];
	uint32_t branch;
	struct dwu_op op;
	int32_t n;

	run_straight(m, start, start, 0, &op);
	if (!comes_to(m, start, -cfa))
		return false;
	branch = branch_to(m, start, at);
	if (branch == DWU_NOWHERE)
		return false;
	run_straight(m, start, branch, DWU_FLOW_BRANCH, &op);
	if (sp->kind != DWU_VALUE_CFA)
		return false;
	n = sp->n;
	dwu_code_read(&m->text, branch, &op);
	run_straight(m, op.target, at, 0, &op);
	return sp->kind == DWU_VALUE_CFA && n + sp->n != -cfa;
}

/*
 * True: the walk does without the CFI of this frame (core/walk/walk.c,
 * forgets_code()).
 */
bool dwu_scan_forgets_push(struct dwu_scan_memory *m,
			   const struct dwunw_module *module, uint64_t vaddr,
			   const struct dwunw_fde *fde, int32_t cfa)
{
	const struct dwu_value *sp = &m->next.regs[module->arch->sp];
	uint32_t at, start;
	struct dwu_op op;

	if (!IS_ON(CONFIG_ARCH_WIDE_LINK) ||
	    !dwu_code_open(&m->text, module, vaddr))
		return false;
	m->text.isa = 0;
	at = dwu_code_place(&m->text, vaddr);
	start = dwu_code_place(&m->text, fde->start);
	/* its CFI forgets what the PLT has pushed, at the first instruction */
	if (cfa == 0 && dwu_scan_is_resolver(m, start))
		return true;
	if (run_straight(m, start, at, DWU_FLOW_BRANCH | DWU_FLOW_CALL, &op) !=
	    at)
		return branch_denies(m, start, at, cfa);
	if (sp->kind != DWU_VALUE_CFA)
		return false;
	return cfa == 0 ? sp->n < 0 : sp->n != -cfa && comes_to(m, at, -cfa);
}
