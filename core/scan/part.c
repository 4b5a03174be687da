/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Parts of functions that stand elsewhere (GCC's .cold): without symbols and
 * CFI they look like functions, but begin with a frame that no instruction of
 * theirs has made.
 *
 *	f:      push rbx; sub rsp, 16; ..; je f.cold	rsp = CFA - 32 here,
 *	f.cold: mov edi, 2; call abort			and here
 *
 * The sign is a call with an sp that no function has there (x86_64: not a
 * multiple of 16, psABI 3.2.2). Then all code is searched for jumps into the
 * place; what is known at such a jump is tried as the part's first state, and
 * believed if with it all calls are aligned and all returns have their sp back.
 *
 * Work is bounded: one pass over the text, of SEARCH_MAX bytes before and behind
 * the place, BRANCH_MAX jumps, BEFORE_MAX functions before each, SWEEP_MAX sweeps.
 */
#include "part.h"

#include "core/base/bytes.h"

/* Branches that are followed back to where they come from. */
#define BRANCH_MAX 4u
/* Times that this may sweep code anew: for branches far away in a large file. */
#define SWEEP_MAX 2u
/* Functions, or what looks so, before a branch that may be part of its own. */
#define BEFORE_MAX 3u

/* How far from the place jumps into it are looked for, either way: a row costs
 * about 1 ms a MiB by that. What is farther away is not found. */
#define SEARCH_MAX (16u << 20)

/* From a place to a place, both in the text. */
struct branch {
	uint32_t from;
	uint32_t to;
};

/* Branches from elsewhere into a function, as its bytes look. */
struct search {
	struct dwu_text *text;
	const struct dwu_function *function;
	uint32_t place;
	uint32_t count;
	/* those to the place or before it, the nearest first */
	struct branch found[BRANCH_MAX];
	uint32_t end; /* where the first one behind the place leads to */
	bool called;  /* a call leads to the function's start */
};

/* Keeps it, in its order, instead of the farthest. */
static void keep(struct search *s, uint32_t from, uint32_t to)
{
	uint32_t i;

	if (s->count == BRANCH_MAX && s->found[BRANCH_MAX - 1].to >= to)
		return;
	if (s->count < BRANCH_MAX)
		s->count++;
	for (i = s->count - 1; i > 0 && s->found[i - 1].to < to; i--)
		s->found[i] = s->found[i - 1];
	s->found[i] = (struct branch){ .from = from, .to = to };
}

/*
 * Branches of the function itself explain nothing. One that leads behind the
 * place says where the part ends, at the latest.
 */
static void note(struct search *s, uint8_t flow, uint32_t from, uint32_t to)
{
	if (from >= s->function->start && from < s->function->end)
		return;
	if (flow == DWU_FLOW_CALL) {
		s->called |= to == s->function->start;
		return;
	}
	if (to <= s->place)
		keep(s, from, to);
	else if (to < s->end)
		s->end = to;
}

/*
 * The text around the place, a window at a time; a branch may stand across two.
 *
 * off + 1: a byte that looks like a jump may be a part of another instruction
 * (x86), so each byte is asked; what is no jump is refuted by find_state().
 */
static void search(struct search *s)
{
	const uint32_t vaddr = (uint32_t)s->text->vaddr;
	const uint32_t lo = vaddr + s->function->start;
	const uint32_t hi = vaddr + s->function->end;
	struct dwu_text *text = s->text;
	uint32_t at = s->place > SEARCH_MAX ? s->place - SEARCH_MAX : 0;
	uint32_t end = text->size - s->place > SEARCH_MAX ?
			       s->place + SEARCH_MAX :
			       text->size;
	struct dwu_code code;
	uint32_t off, to;
	uint8_t flow;

	for (; at < end; at += DWU_WINDOW_SIZE - DWU_INSN_MAX) {
		code.size = text->size - at < DWU_WINDOW_SIZE ?
				    text->size - at :
				    DWU_WINDOW_SIZE;
		code.vaddr = vaddr + at;
		code.isa = 0;
		code.bytes = text->view ? text->view + at :
					  dwu_window_at(&text->window,
							text->file_off + at,
							code.size);
		if (!code.bytes)
			return;
		for (off = 0; (flow = text->ops->far_branch(&code, &off, lo, hi,
							    &to)) != 0 &&
			      off < DWU_WINDOW_SIZE - DWU_INSN_MAX;
		     off++)
			note(s, flow, at + off, to - vaddr);
	}
}

/* --- what is known where the branch stands ---------------------------------- */

/* The state is kept in memory->aside. */
struct origin {
	struct dwu_scan_memory *memory;
	uint32_t from;
	bool found;
};

/* Keeps the state before the jump, and ends the scan there. */
static bool visit_origin(void *ctx, const struct dwu_scan_at *at)
{
	struct origin *o = ctx;

	if (at->op->at != o->from || at->moment != DWU_BEFORE)
		return true;
	o->memory->aside = *at->state;
	o->found = at->op->insn.flow == DWU_FLOW_BRANCH ||
		   at->op->insn.flow == DWU_FLOW_JUMP;
	return false;
}

/* As in `function`, which holds the branch or begins before what does. */
static bool origin_in(const struct dwu_function *function,
		      struct origin *origin)
{
	origin->found = false;
	(void)dwu_scan_explore(origin->memory, function, DWU_NOWHERE,
			       visit_origin, origin);
	return origin->found;
}

/* --- does it explain the part? ----------------------------------------------- */

struct trial {
	const struct dwu_scan_memory *memory;
	bool returns; /* with the stack of the entry */
	bool bad;     /* with another one */
};

/*
 * Behind a return sp is the caller's: CFA - entry_size before the ret, as a
 * call left it. Anything else says that the part's first state was a wrong one.
 */
static bool visit_trial(void *ctx, const struct dwu_scan_at *at)
{
	struct trial *t = ctx;
	const struct dwunw_arch_ops *arch = t->memory->text.arch;
	const struct dwu_value *sp = &at->state->regs[arch->sp];

	if (at->moment != DWU_LEAVING)
		return true;
	if (sp->kind == DWU_VALUE_CFA && sp->n == -arch->entry_size)
		t->returns = true;
	else
		t->bad = true;
	return !t->bad;
}

/* False: not all of it is known. */
static bool try_out(struct dwu_scan_memory *memory,
		    const struct dwu_function *function, struct trial *t)
{
	uint8_t why;

	*t = (struct trial){ .memory = memory };
	why = dwu_scan_explore(memory, function, DWU_NOWHERE, visit_trial, t);
	return why != DWUNW_SCAN_TOO_LARGE && why != DWUNW_SCAN_UNDECODABLE;
}

/* A scan that was not finished explains nothing. */
static bool explains(struct dwu_scan_memory *memory,
		     const struct dwu_function *part)
{
	struct trial t;

	return try_out(memory, part, &t) && !t.bad &&
	       !memory->x.round.misaligned;
}

/*
 * The stack of the entry is that of a return: what comes to one with it began
 * with a return address on the stack. GCC's static functions are so that call
 * no others but static ones, with the stack as it is.
 */
static bool returns(struct dwu_scan_memory *memory,
		    const struct dwu_function *function)
{
	struct trial t;

	return try_out(memory, function, &t) && !t.bad && t.returns &&
	       !memory->x.round.differ;
}

/*
 * Makes memory->aside the state at the start of `part` that the branch from
 * `from` comes with. A landing pad without a list of functions looks like one
 * of its own: then it is explored with what stands before it.
 */
static bool find_state(struct dwu_scan_memory *memory, uint32_t from,
		       uint32_t flags, const struct dwu_function *part)
{
	const struct dwunw_module *module = memory->text.module;
	struct origin origin = { .memory = memory, .from = from };
	struct dwu_function function;
	uint32_t at = from, end = 0, i;

	for (i = 0; i < BEFORE_MAX; i++) {
		if (dwu_function_find(memory, module, memory->text.vaddr + at,
				      flags, &function) != DWUNW_SCAN_OK)
			return false;
		if (i == 0)
			end = function.end;
		at = function.start - 1;
		function.end = end;
		if (origin_in(&function, &origin) && explains(memory, part))
			return true;
		if (function.start == 0)
			return false;
	}
	return false;
}

/* What branches from elsewhere say of a place. */
enum found {
	NOTHING = 0, /* none leads there */
	CALLED,	     /* calls lead to the function that it is in */
	ENTERED,     /* one does, and none explains more */
	PART,
};

/* Code around the place is read once. But for PART *function is as it was. */
static enum found find_part(struct dwu_scan_memory *memory, uint32_t place,
			    uint32_t flags, struct dwu_function *function)
{
	struct search s = { .text = &memory->text,
			    .function = function,
			    .place = place,
			    .end = function->end };
	struct dwu_function part = { .part = true };
	uint32_t i, window, swept = 0;

	if (!memory->text.ops->far_branch)
		return NOTHING;
	search(&s);
	part.end = s.end;
	for (i = 0; i < s.count && swept < SWEEP_MAX; i++) {
		part.start = s.found[i].to;
		window = memory->starts.of.window;
		if (find_state(memory, s.found[i].from, flags, &part)) {
			*function = part;
			return PART;
		}
		swept += memory->starts.of.window != window;
	}
	return s.count > 0 ? ENTERED : s.called ? CALLED : NOTHING;
}

/* --- rows --------------------------------------------------------------------- */

/*
 * The scan is made for what it notes (x.round.misaligned), not for what it
 * tells.
 */
static bool go_on(void *ctx, const struct dwu_scan_at *at)
{
	(void)ctx;
	(void)at;
	return true;
}

uint8_t dwu_part_or_function(struct dwu_scan_memory *memory,
			     const struct dwunw_module *module, uint64_t vaddr,
			     uint32_t flags, struct dwu_function *function)
{
	uint8_t result =
		dwu_function_find(memory, module, vaddr, flags, function);

	if (result != DWUNW_SCAN_OK || !IS_ON(CONFIG_SCAN_PUSHED_RA) ||
	    !memory->text.ops->far_branch)
		return result;
	(void)dwu_scan_explore(memory, function, DWU_NOWHERE, go_on, NULL);
	if (memory->x.round.misaligned)
		(void)find_part(memory, dwu_code_place(&memory->text, vaddr),
				flags, function);
	return result;
}

/* Does the code there begin as compilers open a frame? */
static bool opens_frame(struct dwu_text *text, uint32_t at)
{
	struct dwu_op op;

	dwu_code_read(text, at, &op);
	return op.insn.size != 0 &&
	       text->ops->start(text->arch, &op.code) != DWU_START_NO;
}

/*
 * The function first, as it nearly always is one; then the part, if its calls
 * or a guess say so.
 */
uint8_t dwu_scan_row_in(struct dwu_scan_memory *memory,
			const struct dwu_function *function, uint64_t vaddr,
			uint32_t flags, struct dwunw_row *row)
{
	bool exact = (flags & DWUNW_SCAN_EXACT) != 0, guess, whole;
	uint32_t place = dwu_code_place(&memory->text, vaddr);
	struct dwu_function part = *function;
	uint8_t result = dwu_scan_at(memory, &part, place, exact, row);
	enum found found = CALLED;
	bool odd = memory->x.round.misaligned;

	if (!IS_ON(CONFIG_SCAN_PUSHED_RA))
		return result;
	guess = result == DWUNW_SCAN_OK && (row->flags & DWUNW_ROW_GUESS);
	odd |= memory->starts.unaligned && !function->sure;
	if (odd || guess)
		found = find_part(memory, place, flags, &part);
	if (found == PART)
		return dwu_scan_at(memory, &part, place, exact, row);
	if (guess && found == ENTERED)
		return DWUNW_SCAN_RA_LOST;
	/* a part may be entered through a table alone */
	if (!odd || found != NOTHING)
		return result;
	whole = returns(memory, function);
	if (whole && function->sure)
		return result;
	if (!whole && !function->sure &&
	    !(memory->starts.unaligned &&
	      opens_frame(&memory->text, function->start)))
		return DWUNW_SCAN_UNBOUNDED;
	row->flags |= DWUNW_ROW_GUESS;
	return result;
}

/*
 * A pc that is at no-ops behind a function does not align what follows: that
 * begins there (arm64, _dl_runtime_resolve; an endbr64).
 */
static void begin_at_pads(struct dwu_scan_memory *memory, uint64_t vaddr,
			  uint32_t flags, struct dwu_function *function)
{
	uint32_t place = dwu_code_place(&memory->text, vaddr);
	struct dwu_op op = { .next = place };
	struct dwu_function next;

	if (!(flags & DWUNW_SCAN_EXACT) ||
	    dwu_scan_ops(memory->text.ops)->delay_slots ||
	    place == function->start)
		return;
	while (op.next < function->end) {
		dwu_code_read(&memory->text, op.next, &op);
		if (op.insn.size == 0 || !op.insn.pad)
			return;
	}
	if (dwu_function_find(memory, memory->text.module,
			      memory->text.vaddr + op.next, flags,
			      &next) != DWUNW_SCAN_OK ||
	    next.start != op.next)
		return;
	*function = next;
	function->start = place;
}

uint8_t dwu_scan_module_row(struct dwu_scan_memory *memory,
			    const struct dwunw_module *module, uint64_t vaddr,
			    uint32_t flags, struct dwunw_row *row)
{
	struct dwu_function function;
	uint8_t result =
		dwu_function_find(memory, module, vaddr, flags, &function);

	if (result != DWUNW_SCAN_OK)
		return result;
	begin_at_pads(memory, vaddr, flags, &function);
	return dwu_scan_row_in(memory, &function, vaddr, flags, row);
}
