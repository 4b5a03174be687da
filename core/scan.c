/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "scan.h"

#include "bytes.h"

/* A column that is a known distance from the CFA: sp, else one that lasts. */
static uint8_t cfa_column(const struct dwunw_arch_ops *arch,
			  const struct dwu_scan_state *state)
{
	uint8_t i, found = DWU_SCAN_REGS;

	if (state->regs[arch->sp].kind == DWU_VALUE_CFA)
		return arch->sp;
	for (i = 0; i < arch->reg_count; i++) {
		if (state->regs[i].kind != DWU_VALUE_CFA)
			continue;
		if (arch->preserved >> i & 1)
			return i;
		found = i;
	}
	return found;
}

/* The column that holds the entry value of `reg`, itself first; or none. */
static uint8_t holder(const struct dwunw_arch_ops *arch,
		      const struct dwu_scan_state *state, uint8_t reg)
{
	const struct dwu_value *v = &state->regs[reg];
	uint8_t i;

	if (v->kind == DWU_VALUE_ENTRY && v->reg == reg)
		return reg;
	for (i = 0; i < arch->reg_count; i++) {
		v = &state->regs[i];
		if (v->kind == DWU_VALUE_ENTRY && v->reg == reg)
			return i;
	}
	return DWU_SCAN_REGS;
}

/* Where the entry value of arch->saved[i] is. */
static struct dwunw_rule saved_rule(const struct dwunw_arch_ops *arch,
				    const struct dwu_scan_state *state,
				    uint8_t i)
{
	struct dwunw_rule rule = { .kind = DWUNW_RULE_OFFSET };
	uint8_t reg = arch->saved[i], at = holder(arch, state, reg);

	/* a copy of a register that was not changed may be an argument's,
	 * which its callee may change */
	if ((state->saved & 1u << i) && (i == 0 || at != reg)) {
		rule.value = state->slots[i];
		return rule;
	}
	rule.kind = at == reg		? DWUNW_RULE_SAME :
		    at == DWU_SCAN_REGS ? DWUNW_RULE_UNDEFINED :
					  DWUNW_RULE_REGISTER;
	if (rule.kind == DWUNW_RULE_REGISTER)
		rule.reg = at;
	return rule;
}

bool dwu_scan_ra_lost(const struct dwunw_arch_ops *arch,
		      const struct dwu_scan_state *state)
{
	return !(state->saved & 1) &&
	       !dwu_value_is_zero(&state->regs[arch->ra]) &&
	       holder(arch, state, arch->ra) == DWU_SCAN_REGS;
}

uint8_t dwu_scan_row(const struct dwu_text *text,
		     const struct dwu_function *function,
		     const struct dwu_op *op,
		     const struct dwu_scan_state *state, struct dwunw_row *row)
{
	const struct dwunw_arch_ops *arch = text->arch;
	uint8_t column = cfa_column(arch, state), i;
	struct dwunw_rule *ra = &row->rules[arch->ra];

	dwu_row_clear(arch, row);
	row->start = text->vaddr + op->at;
	row->end = text->vaddr + op->next;
	for (i = 0; i < arch->saved_count; i++)
		row->rules[arch->saved[i]] = saved_rule(arch, state, i);
	/* nothing calls a program's first function, or one that has set its
	 * return address to 0 */
	if (function->entry || (dwu_value_is_zero(&state->regs[arch->ra]) &&
				ra->kind == DWUNW_RULE_UNDEFINED)) {
		ra->kind = DWUNW_RULE_UNDEFINED;
		return DWUNW_SCAN_OK;
	}
	if (column == DWU_SCAN_REGS)
		return DWUNW_SCAN_SP_UNKNOWN;
	row->cfa.reg = column;
	row->cfa.value = -state->regs[column].n;
	if (ra->kind == DWUNW_RULE_UNDEFINED)
		return DWUNW_SCAN_RA_LOST;
	if (ra->kind == DWUNW_RULE_OFFSET ? state->slot_signed :
					    state->ra_signed)
		row->flags |= DWUNW_ROW_RA_SIGNED;
	return DWUNW_SCAN_OK;
}

/* The search for one place. */
struct wanted {
	const struct dwu_text *text;
	const struct dwu_function *function;
	struct dwunw_row *row;
	struct dwu_scan_state state;
	struct dwu_op op; /* the instruction there */
	uint32_t place;
	uint8_t reach;
	uint8_t moment; /* of what was found */
	uint8_t result;
	bool exact;
	bool found;
	bool passed; /* the place is in code, but not at a call's end */
};

static uint8_t row_of(struct wanted *w, const struct dwu_scan_state *state)
{
	return dwu_scan_row(w->text, w->function, &w->op, state, w->row);
}

/*
 * Another path is here. Two of which both could tell a row, but not the two
 * together, contradict each other: the better evidence counts.
 */
static void join_again(struct wanted *w, const struct dwu_scan_at *at)
{
	struct dwu_scan_state both = w->state;

	dwu_scan_join(&both, at->state);
	if (row_of(w, &both) == DWUNW_SCAN_OK) {
		w->state = both;
	} else if (row_of(w, at->state) != DWUNW_SCAN_OK) {
		return;
	} else if (row_of(w, &w->state) != DWUNW_SCAN_OK ||
		   at->reach < w->reach) {
		w->state = *at->state;
		w->reach = at->reach;
	} else if (at->reach == w->reach) {
		w->result = DWUNW_SCAN_CONTRADICTION;
	}
}

static bool visit_wanted(void *ctx, const struct dwu_scan_at *at)
{
	struct wanted *w = ctx;
	bool in_call = at->moment == DWU_IN_CALL;

	if (w->place < at->op->at || w->place >= at->op->next ||
	    at->moment >= DWU_LEAVING || (w->exact && in_call))
		return true;
	/* a return address stands behind a call */
	if (!w->exact && (!in_call || at->op->next != w->place + 1)) {
		w->passed = true;
		return true;
	}
	if (at->again && w->found && w->moment == at->moment) {
		join_again(w, at);
		return true;
	}
	if (at->again || w->found)
		return true;
	w->state = *at->state;
	w->op = *at->op;
	w->reach = at->reach;
	w->moment = at->moment;
	w->found = true;
	return true;
}

uint8_t dwu_scan_at(struct dwu_scan_memory *memory,
		    const struct dwu_function *function, uint32_t place,
		    bool exact, struct dwunw_row *row)
{
	struct wanted w = { .text = &memory->text,
			    .function = function,
			    .row = row,
			    .place = place,
			    .exact = exact };
	uint8_t result =
		dwu_scan_explore(memory, function, place, visit_wanted, &w);

	if (!w.found && w.passed)
		return DWUNW_SCAN_NO_CALL;
	if (!w.found)
		return result == DWUNW_SCAN_OK ? DWUNW_SCAN_UNREACHED : result;
	if (w.result)
		return w.result;
	result = row_of(&w, &w.state);
	if (result == DWUNW_SCAN_RA_LOST &&
	    !dwu_scan_may_return(memory, function,
				 w.moment == DWU_IN_CALL ? w.op.next :
							   w.op.at)) {
		row->rules[w.text->arch->ra].kind = DWUNW_RULE_UNDEFINED;
		return DWUNW_SCAN_OK;
	}
	return result;
}
