/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Code that no file has, by the bytes around an exact pc. Two questions, of
 * straight code alone:
 *
 *	Does it come to a return, and leaves the frame pointer as it is?
 *	    ret			ra = *sp
 *	Does it come to where a frame pointer is set up, as at a function's
 *	start, from here or from a few bytes before?
 *	    push rbp		ra = *sp
 *	    mov rbp, rsp	ra = *(sp + 8), rbp = *sp
 *
 * Else the frame pointer is this frame's, or nothing is known. The start of a
 * function is not known: what is decoded from bytes before pc may be the midst
 * of an instruction, so whoever asks calls the answer a guess.
 */
#include "made.h"

#include "core/base/bytes.h"

enum {
	PROLOGUE_MAX = 8,  /* instructions */
	EPILOGUE_MAX = 16, /* … to a return */
	SLOT_MAX = 32,	   /* words above sp where a return address is */
};

/* Instructions one by one. */
struct run {
	const struct dwunw_arch_ops *arch;
	const struct dwu_made *made;
	struct dwu_scan_state *state;
	struct dwu_insn insn;
	uint32_t at;
};

/* Values of kind 0 are unknown; no slot is where a column's entry value is. */
static void nothing_known(struct run *r)
{
	uint32_t i;

	memset(r->state, 0, sizeof(*r->state));
	for (i = 0; i < DWU_SCAN_REGS; i++)
		r->state->slots[i] = DWU_SLOT_NONE;
}

/* As at a function's entry, or where it is as good: nobody has changed it. */
static void holds_entry(struct run *r, uint8_t reg)
{
	r->state->regs[reg] =
		(struct dwu_value){ .kind = DWU_VALUE_ENTRY, .reg = reg };
}

static bool is_entry(const struct run *r, uint8_t reg)
{
	const struct dwu_value *value = &r->state->regs[reg];

	return value->kind == DWU_VALUE_ENTRY && value->reg == reg;
}

/* False: there is no instruction. What jumps or calls has no effect. */
static bool next(struct run *r)
{
	struct dwu_code code = { .bytes = r->made->bytes + r->at,
				 .size = r->made->size - r->at,
				 .vaddr = r->at };

	if (code.size > DWU_INSN_MAX)
		code.size = DWU_INSN_MAX;
	if (code.size == 0)
		return false;
	r->arch->scan->decode(r->arch, &code, &r->insn);
	if (r->insn.size == 0 || r->insn.size > code.size)
		return false;
	if (r->insn.flow == DWU_FLOW_NEXT)
		r->arch->scan->effect(r->arch, &code, &r->insn, r->state);
	r->at += r->insn.size;
	return true;
}

/* Has the state a frame pointer, below which its caller's stands, and behind
 * that the return address, both in this frame? */
static bool has_frame(const struct run *r)
{
	const struct dwunw_arch_ops *arch = dwu_arch(r->arch);
	const struct dwu_value *fp = &r->state->regs[arch->fp];
	int32_t at = fp->n - arch->fp_above;

	return fp->kind == DWU_VALUE_CFA && at <= -2 * arch->address_size &&
	       r->state->slots[arch->fp] == at &&
	       r->state->slots[arch->ra] == at + arch->address_size;
}

/* In its slot, which lasts, else in its register; a pushed return address is in
 * the slot that the call has made. */
static void rule_of(const struct run *r, uint8_t reg, struct dwunw_row *row)
{
	struct dwunw_rule *rule = &row->rules[reg];

	rule->kind = r->state->slots[reg] != DWU_SLOT_NONE ? DWUNW_RULE_OFFSET :
		     is_entry(r, reg)			   ? DWUNW_RULE_SAME :
							     DWUNW_RULE_UNDEFINED;
	rule->value = rule->kind == DWUNW_RULE_OFFSET ? r->state->slots[reg] :
							0;
}

/*
 * From the state before pc.
 *
 * For example, behind push rbp: sp = CFA - 16, rbp saved at CFA - 16 -> (cfa,
 * ra, rbp) = (rsp + 16, *(cfa - 8), *(cfa - 16)).
 */
static void fill_row(const struct run *r, struct dwunw_row *row)
{
	const struct dwunw_arch_ops *arch = dwu_arch(r->arch);
	uint8_t i;

	dwu_row_clear(r->arch, row);
	for (i = 0; i < arch->saved_count; i++)
		row->rules[r->arch->saved[i]].kind = DWUNW_RULE_UNDEFINED;
	row->cfa.reg = arch->sp;
	row->cfa.value = -r->state->regs[arch->sp].n;
	rule_of(r, arch->ra, row);
	rule_of(r, arch->fp, row);
}

/*
 * Is bytes[from] a function's start, whose prologue has not set the frame
 * pointer before pc, and does? *body: it has. The row is that before pc.
 *
 * For example, mips32 at sw fp, 0(sp) behind addiu sp, -8 and sw ra, 4(sp): ra
 * is in its slot, and the caller's fp still in its register.
 */
static bool sets_up(struct run *r, uint32_t from, bool *body,
		    struct dwunw_row *row)
{
	const struct dwunw_arch_ops *arch = dwu_arch(r->arch);
	bool passed = false;
	uint32_t i;

	nothing_known(r);
	holds_entry(r, arch->fp);
	if (arch->link_register)
		holds_entry(r, arch->ra);
	else
		r->state->slots[arch->ra] = -arch->address_size;
	r->state->regs[arch->sp] = (struct dwu_value){ .kind = DWU_VALUE_CFA,
						       .n = -arch->entry_size };
	r->at = from;
	for (i = 0; i < PROLOGUE_MAX && !has_frame(r); i++) {
		if (r->at == r->made->before) {
			passed = true;
			fill_row(r, row);
		}
		if (!next(r) || r->insn.flow != DWU_FLOW_NEXT)
			return false;
	}
	*body = has_frame(r) && !passed && r->at <= r->made->before;
	return has_frame(r) && passed;
}

/*
 * Straight to a return, from pc: the CFA is sp + *n, and the return address at
 * sp + slot, or in its register (slot is DWU_SLOT_NONE).
 *
 * What loads the frame pointer on the way ends in "no": then it is still this
 * frame's, and tells more. The delay slot runs before control goes.
 */
static bool returns(struct run *r, int32_t slot, int32_t *n)
{
	const struct dwunw_arch_ops *arch = dwu_arch(r->arch);
	const struct dwu_value *sp = &r->state->regs[arch->sp];
	uint32_t i;

	nothing_known(r);
	holds_entry(r, arch->fp);
	if (slot == DWU_SLOT_NONE)
		holds_entry(r, arch->ra);
	r->state->slots[arch->ra] = slot;
	r->state->regs[arch->sp].kind = DWU_VALUE_CFA;
	r->at = r->made->before;
	for (i = 0; i < EPILOGUE_MAX; i++) {
		if (!next(r) || (r->insn.flow & ~DWU_FLOW_RETURN))
			return false;
		if (r->insn.flow == DWU_FLOW_RETURN)
			break;
	}
	if (i == EPILOGUE_MAX || (r->insn.delay && !next(r)))
		return false;
	*n = sp->n + arch->entry_size;
	return sp->kind == DWU_VALUE_CFA && *n >= 0 && is_entry(r, arch->fp) &&
	       (!arch->link_register || is_entry(r, arch->ra));
}

/* … as the state before pc. */
static void set_state(struct run *r, int32_t slot, int32_t n)
{
	const struct dwunw_arch_ops *arch = dwu_arch(r->arch);

	nothing_known(r);
	holds_entry(r, arch->fp);
	r->state->regs[arch->sp] =
		(struct dwu_value){ .kind = DWU_VALUE_CFA, .n = -n };
	if (!arch->link_register)
		r->state->slots[arch->ra] = -arch->address_size;
	else if (slot != DWU_SLOT_NONE)
		r->state->slots[arch->ra] = slot - n;
	else
		holds_entry(r, arch->ra);
}

/* The slot is tried where an epilogue loads the return address from memory: a
 * load tells no more than whether it was the right one. */
static bool is_epilogue(struct run *r, struct dwunw_row *row)
{
	const struct dwunw_arch_ops *arch = dwu_arch(r->arch);
	int32_t n, slot = DWU_SLOT_NONE;
	bool found = returns(r, slot, &n);
	int32_t i;

	for (i = 0; i < SLOT_MAX && !found && arch->link_register; i++) {
		slot = i * arch->address_size;
		found = returns(r, slot, &n);
	}
	if (!found)
		return false;
	set_state(r, slot, n);
	fill_row(r, row);
	return true;
}

bool dwu_made_row(const struct dwunw_arch_ops *arch,
		  const struct dwu_made *made, struct dwu_scan_state *state,
		  struct dwunw_row *row)
{
	struct run r = { .arch = arch, .made = made, .state = state };
	uint32_t unit = arch->scan ? dwu_scan_ops(arch->scan)->unit : 0, from;
	bool body = false;

	if (!unit)
		return false;
	if (is_epilogue(&r, row))
		return true;
	/* the nearest start that has an answer */
	for (from = made->before; !body; from -= unit) {
		if (sets_up(&r, from, &body, row))
			return true;
		if (from < unit)
			break;
	}
	return false;
}
