/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "flow.h"

#include <stdlib.h>
#include <string.h>

uint64_t dwu_flow_saved(const struct dwunw_arch_ops *arch)
{
	switch (dwunw_arch_id(arch)) {
	case DWUNW_ARCH_X86_64:
		return 0xf048; /* rbx, rbp, r12 to r15 */
	case DWUNW_ARCH_ARM64:
		return 0x3ff80000; /* x19 to x29 */
	default:
		return 0x40ff0000; /* $16 to $23, $30 */
	}
}

static bool by_register(const struct dwunw_row *row)
{
	return row && row->cfa.kind == DWUNW_RULE_REGISTER;
}

/* --- rows --- */

static bool take_row(void *ctx, const struct dwunw_row *row)
{
	struct dwu_flow *f = ctx;

	if (row->end <= row->start)
		return true;
	if (f->row_count == f->row_room) {
		f->row_room = 2 * f->row_room + 64;
		f->rows = dwu_cmd_grow(f->rows, f->row_room, sizeof(*f->rows));
	}
	f->rows[f->row_count++] = *row;
	return true;
}

const struct dwunw_row *dwu_flow_row(const struct dwu_flow *f, uint64_t vaddr)
{
	size_t low = 0, high = f->row_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (f->rows[middle].end <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->row_count && f->rows[low].start <= vaddr ?
		       &f->rows[low] :
		       NULL;
}

/* sp is the first. */
static void choose_regs(struct dwu_flow *f)
{
	uint8_t i, sp = dwunw_arch_sp(f->module->arch);

	f->saved = dwu_flow_saved(f->module->arch);
	f->regs[0] = sp;
	f->reg_count = 1;
	for (i = 0; i < DWU_FLOW_REGS; i++)
		if (i != sp)
			f->regs[f->reg_count++] = i;
}

/* --- instructions --- */

static void add_insn(struct dwu_flow *f, uint64_t vaddr,
		     const struct dwunw_scan_insn *insn)
{
	struct dwu_flow_insn *i;

	if (f->count == f->room) {
		f->room = 2 * f->room + 256;
		f->insns = dwu_cmd_grow(f->insns, f->room, sizeof(*f->insns));
	}
	i = &f->insns[f->count++];
	*i = (struct dwu_flow_insn){ .insn = *insn,
				     .vaddr = vaddr,
				     .row = dwu_flow_row(f,
							 vaddr + insn->isa) };
	f->at[vaddr - f->start] = (uint32_t)f->count;
}

static void decode_all(struct dwu_flow *f)
{
	struct dwunw_scan_insn insn;
	uint64_t vaddr = f->start;

	f->count = 0;
	if (f->at_room < f->size) {
		f->at_room = (size_t)f->size;
		f->at = dwu_cmd_grow(f->at, f->at_room, sizeof(*f->at));
	}
	memset(f->at, 0, (size_t)f->size * sizeof(*f->at));
	while (vaddr < f->start + f->size) {
		dwunw_scan_decode(f->scan, f->module, vaddr, &insn);
		if (insn.size)
			add_insn(f, vaddr, &insn);
		vaddr += insn.last ? insn.last : insn.size ? insn.size : 1;
	}
}

/* NULL: none of this FDE begins there. */
static struct dwu_flow_insn *insn_at(const struct dwu_flow *f, uint64_t vaddr)
{
	uint32_t number = vaddr - f->start < f->size ? f->at[vaddr - f->start] :
						       0;

	return number ? &f->insns[number - 1] : NULL;
}

/* --- states --- */

/*
 * What CFI says of a register counts more than what was followed; the others
 * are as far from it as before.
 */
static void believe_row(const struct dwu_flow *f, const struct dwunw_row *row,
			struct dwu_flow_state *state)
{
	int32_t moved;
	uint8_t i, base = 0;

	while (by_register(row) && base < f->reg_count &&
	       f->regs[base] != row->cfa.reg)
		base++;
	if (!by_register(row) || base == f->reg_count)
		return;
	moved = row->cfa.value - state->n[base];
	for (i = 0; state->kind[base] == DWU_FLOW_KNOWN && i < f->reg_count;
	     i++)
		if (state->kind[i] == DWU_FLOW_KNOWN)
			state->n[i] += moved;
	state->kind[base] = DWU_FLOW_KNOWN;
	state->n[base] = row->cfa.value;
}

/* … and what it says is in its register has been put back there. */
static void believe_kept(const struct dwu_flow *f, const struct dwunw_row *row,
			 struct dwu_flow_state *state)
{
	uint8_t i, kind;

	for (i = 0; row && i < row->column_count; i++) {
		kind = row->rules[i].kind;
		if ((f->saved >> i & 1) &&
		    (kind == DWUNW_RULE_SAME || kind == DWUNW_RULE_UNSPECIFIED))
			state->changed &= ~(1ull << i);
	}
}

/* Joins b into a. True: a is another one now. */
static bool join(struct dwu_flow_state *a, const struct dwu_flow_state *b)
{
	struct dwu_flow_state old = *a;

	if (!a->reached) {
		*a = *b;
		a->reached = true;
		return true;
	}
	a->changed |= b->changed;
	a->entered &= b->entered;
	for (size_t i = 0; i < DWU_FLOW_REGS; i++) {
		if (b->kind[i] == DWU_FLOW_NONE ||
		    (a->kind[i] == b->kind[i] && a->n[i] == b->n[i]))
			continue;
		if (a->kind[i] == DWU_FLOW_NONE) {
			a->kind[i] = b->kind[i];
			a->n[i] = b->n[i];
		} else {
			a->kind[i] = DWU_FLOW_VARIES;
			a->n[i] = 0;
		}
	}
	return a->changed != old.changed || a->entered != old.entered ||
	       memcmp(a->kind, old.kind, sizeof(old.kind)) != 0 ||
	       memcmp(a->n, old.n, sizeof(old.n)) != 0;
}

/* Register i behind an instruction of these effects, by register `from`. */
static bool move(const struct dwu_flow *f,
		 const struct dwunw_scan_effect *effect, uint8_t from,
		 const struct dwu_flow_state *old, uint8_t i,
		 struct dwu_flow_state *state)
{
	if (!(effect->moved >> f->regs[i] & 1))
		return false;
	state->kind[i] = old->kind[from];
	state->n[i] = 0;
	if (state->kind[i] == DWU_FLOW_KNOWN)
		state->n[i] = old->n[from] - effect->n[f->regs[i]];
	return true;
}

/* Behind an instruction that is no call. */
static void apply(const struct dwu_flow *f, uint64_t vaddr,
		  struct dwu_flow_state *state)
{
	const struct dwu_flow_state old = *state;
	struct dwunw_scan_effect effect;
	uint64_t done = 0;
	uint8_t i, from;

	for (from = 0; from < f->reg_count; from++) {
		/* what is not known makes nothing known */
		if (from > 0 && old.kind[from] != DWU_FLOW_KNOWN)
			continue;
		dwunw_scan_apply(f->scan, vaddr, f->regs[from], &effect);
		state->changed |= ~effect.kept;
		for (i = 0; i < f->reg_count; i++)
			if (move(f, &effect, from, &old, i, state))
				done |= 1ull << i;
	}
	for (i = 0; i < f->reg_count; i++) {
		if ((done >> i & 1) || (effect.kept >> f->regs[i] & 1))
			continue;
		state->kind[i] = DWU_FLOW_VARIES;
		state->n[i] = 0;
	}
}

/* Behind a call. */
static void forget(const struct dwu_flow *f, struct dwu_flow_state *state)
{
	uint8_t i;

	for (i = 1; i < f->reg_count; i++)
		if (!(f->saved >> f->regs[i] & 1)) {
			state->kind[i] = DWU_FLOW_VARIES;
			state->n[i] = 0;
		}
}

uint8_t dwu_flow_cfa(const struct dwu_flow *f, const struct dwunw_row *row,
		     const struct dwu_flow_state *state, uint8_t column,
		     int32_t *n)
{
	struct dwu_flow_state believed = *state;

	believe_row(f, row, &believed);
	for (size_t i = 0; i < f->reg_count; i++)
		if (f->regs[i] == column) {
			*n = believed.n[i];
			return believed.kind[i];
		}
	return DWU_FLOW_NONE;
}

/* --- the flow --- */

static void reach(struct dwu_flow *f, uint64_t vaddr,
		  const struct dwu_flow_state *state)
{
	struct dwu_flow_insn *insn = insn_at(f, vaddr);

	if (!insn || !join(&insn->in, state) || insn->queued)
		return;
	insn->queued = true;
	f->queue[f->queue_count++] = (uint32_t)(insn - f->insns);
}

/*
 * Does the call return, as far as CFI knows? Not if the next instruction's sp
 * is not what this one leaves: arguments were pushed for what does not return,
 * and another block stands behind it.
 */
static bool returns(const struct dwu_flow *f, uint64_t next,
		    const struct dwu_flow_state *state)
{
	const struct dwu_flow_insn *insn = insn_at(f, next);

	return !insn || !by_register(insn->row) ||
	       insn->row->cfa.reg != f->regs[0] ||
	       state->kind[0] != DWU_FLOW_KNOWN ||
	       state->n[0] == insn->row->cfa.value;
}

/* Everything an instruction leads to. */
static void leave(struct dwu_flow *f, const struct dwu_flow_insn *i)
{
	struct dwu_flow_state state = i->in;
	uint64_t next = i->vaddr + i->insn.size;
	uint8_t flow = i->insn.flow;

	believe_row(f, i->row, &state);
	believe_kept(f, i->row, &state);
	if (flow != DWUNW_SCAN_FLOW_CALL)
		apply(f, i->vaddr, &state);
	/* a slot is an instruction of its own, which is judged too */
	if (i->insn.last) {
		struct dwu_flow_insn *slot =
			insn_at(f, i->vaddr + i->insn.last);

		if (slot)
			join(&slot->in, &state);
		if (i->insn.likely)
			reach(f, next, &state);
		apply(f, i->vaddr + i->insn.last, &state);
	}
	if (flow == DWUNW_SCAN_FLOW_CALL) {
		forget(f, &state);
		if (!returns(f, next, &state))
			return;
	}
	if ((flow == DWUNW_SCAN_FLOW_NEXT || flow == DWUNW_SCAN_FLOW_CALL ||
	     flow == DWUNW_SCAN_FLOW_BRANCH) &&
	    !i->insn.likely)
		reach(f, next, &state);
	if (flow == DWUNW_SCAN_FLOW_BRANCH || flow == DWUNW_SCAN_FLOW_JUMP)
		reach(f, i->insn.target, &state);
}

static void drain(struct dwu_flow *f)
{
	while (f->queue_count) {
		struct dwu_flow_insn *i = &f->insns[f->queue[--f->queue_count]];

		i->queued = false;
		leave(f, i);
	}
}

/* Is this a row as a call leaves it: nothing is saved but where that must be? */
static bool is_entry(const struct dwu_flow *f, const struct dwunw_row *row)
{
	uint8_t i;

	if (!by_register(row) || row->cfa.reg != f->regs[0] ||
	    row->cfa.value > 8)
		return false;
	for (i = 0; i < row->column_count; i++)
		if (i != row->ra_column &&
		    row->rules[i].kind == DWUNW_RULE_OFFSET)
			return false;
	return true;
}

/*
 * What no edge leads to: behind a switch, what all of them say; nothing else
 * is known of what lands there, and `entered` stays false.
 */
static void switches(struct dwu_flow *f)
{
	struct dwu_flow_state all = { 0 };
	size_t i;

	for (i = 0; i < f->count; i++) {
		struct dwu_flow_state state = f->insns[i].in;

		if (f->insns[i].insn.flow != DWUNW_SCAN_FLOW_INDIRECT ||
		    !state.reached)
			continue;
		believe_row(f, f->insns[i].row, &state);
		if (f->insns[i].insn.last)
			apply(f, f->insns[i].vaddr + f->insns[i].insn.last,
			      &state);
		join(&all, &state);
	}
	all.entered = false;
	for (i = 0; all.reached && i < f->count; i++)
		if (!f->insns[i].in.reached && !f->insns[i].insn.pad) {
			reach(f, f->insns[i].vaddr, &all);
			drain(f);
		}
}

/* Its slot runs before the callee does. */
static void enter_calls(struct dwu_flow *f)
{
	struct dwu_flow_insn *i;

	for (i = f->insns; i < f->insns + f->count; i++) {
		i->in_call = i->in;
		if (!i->insn.call)
			continue;
		believe_row(f, i->row, &i->in_call);
		if (i->insn.last)
			apply(f, i->vaddr + i->insn.last, &i->in_call);
	}
}

bool dwu_flow_run(struct dwu_flow *f, const struct dwunw_module *cfi,
		  const struct dwunw_fde *fde,
		  struct dwunw_row_scratch *scratch)
{
	struct dwu_flow_state entry = { .entered = true };
	struct dwunw_row row;

	/* the low bit of MIPS16e code's addresses is not part of them */
	f->start = fde->start;
	if (dwunw_arch_address_size(f->module->arch) == 4)
		f->start &= ~1ull;
	f->size = fde->end - f->start;
	f->row_count = 0;
	f->queue_count = 0;
	if (dwunw_fde_rows(cfi, fde, scratch, &row, take_row, f) ||
	    f->row_count == 0)
		return false;
	choose_regs(f);
	decode_all(f);
	if (f->queue_room < f->count) {
		f->queue_room = f->count;
		f->queue = dwu_cmd_grow(f->queue, f->queue_room,
					sizeof(*f->queue));
	}
	if (f->count == 0)
		return false;
	entry.entered = is_entry(f, f->insns[0].row);
	if (entry.entered)
		believe_row(f, f->insns[0].row, &entry);
	reach(f, f->insns[0].vaddr, &entry);
	drain(f);
	switches(f);
	enter_calls(f);
	return true;
}

void dwu_flow_free(struct dwu_flow *f)
{
	free(f->insns);
	free(f->rows);
	free(f->at);
	free(f->queue);
}
