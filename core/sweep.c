/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "sweep.h"

#include "bytes.h"

/* A frame that opens this near behind a call may be the next function's. */
#define NEAR 32u
/* A program's first function is smaller, in bytes. */
#define ENTRY_SIZE 256u
/* Data that a jump in a function goes over, in bytes. */
#define OVER_MAX 32u
/* Pieces that are joined, or cut off, to make one function. */
#define PIECE_MAX 16u
/* Calls that are looked at as the end of one. */
#define CALL_MAX 32u
/* Instructions explored to see what is whole: a few milliseconds of them. */
#define STEP_MAX (1u << 18)
/* Constants that nothing loads, or a no-op, before those of a function. */
#define UNUSED_MAX 6u
/* Words that look like another isa, to be believed: one in 70 does by chance */
#define TURN_COUNT 4u

/* --- a bit for each unit where a function may start ------------------------------ */

static uint8_t shift_of(const struct dwu_scan_memory *m)
{
	return m->text.ops->unit >> 1; /* 1, 2, 4 bytes: 0, 1, 2 */
}

static uint32_t window_end(const struct dwu_scan_memory *m)
{
	return m->window + (m->start_count << shift_of(m));
}

/* The bit of a place; start_count: it is outside of the window. */
static uint32_t bit_of(const struct dwu_scan_memory *m, uint32_t at)
{
	uint32_t bit = (at - m->window) >> shift_of(m);

	return at >= m->window && bit < m->start_count ? bit : m->start_count;
}

static uint32_t place_of(const struct dwu_scan_memory *m, uint32_t bit)
{
	return m->window + (bit << shift_of(m));
}

static bool is_set(const struct dwu_scan_memory *m, uint32_t bit)
{
	return m->starts[bit / 32] >> bit % 32 & 1;
}

static void set_start(struct dwu_scan_memory *m, uint32_t at)
{
	uint32_t bit = bit_of(m, at);

	if (bit != m->start_count)
		m->starts[bit / 32] |= 1u << bit % 32;
}

static bool is_start(const struct dwu_scan_memory *m, uint32_t at)
{
	uint32_t bit = bit_of(m, at);

	return bit != m->start_count && is_set(m, bit);
}

/* Forgets the starts in (lo, hi], both in the window. */
static void clear_starts(struct dwu_scan_memory *m, uint32_t lo, uint32_t hi)
{
	uint32_t bit = bit_of(m, lo), last = bit_of(m, hi);

	while (bit++ < last)
		m->starts[bit / 32] &= ~(1u << bit % 32);
}

/* Makes [*lo, *hi), of the window, the piece between the starts around at. */
static void between_starts(const struct dwu_scan_memory *m, uint32_t at,
			   uint32_t *lo, uint32_t *hi)
{
	uint32_t first = bit_of(m, *lo), last = bit_of(m, *hi - 1);
	uint32_t bit = bit_of(m, at), next = bit + 1;

	for (; bit > first && !is_set(m, bit); bit--)
		if (bit % 32 == 31 && m->starts[bit / 32] == 0)
			bit -= bit - first > 31 ? 31 : 0;
	if (bit > first)
		*lo = place_of(m, bit);
	for (bit = next; bit <= last && !is_set(m, bit); bit++)
		if (bit % 32 == 0 && m->starts[bit / 32] == 0)
			bit += 31;
	if (bit <= last)
		*hi = place_of(m, bit);
}

/* How much the instruction looks like a function's first one. */
static uint8_t start_kind(const struct dwu_scan_memory *m,
			  const struct dwu_op *op)
{
	if (op->insn.size == 0 || !m->text.ops->start)
		return DWU_START_NO;
	return m->text.ops->start(m->text.arch, &op->code);
}

static uint32_t skip_pads(struct dwu_scan_memory *m, uint32_t at, uint32_t end)
{
	struct dwu_op op;

	for (; at < end; at = op.next) {
		dwu_code_read(&m->text, at, &op);
		if (op.insn.size == 0 || !op.insn.pad)
			break;
	}
	return at;
}

static bool ends(const struct dwu_insn *insn)
{
	return insn->flow == DWU_FLOW_RETURN || insn->flow == DWU_FLOW_JUMP ||
	       insn->flow == DWU_FLOW_END ||
	       (insn->flow == DWU_FLOW_INDIRECT && !insn->table);
}

/* Does nothing run on behind it, for sure? */
static bool leaves(const struct dwu_insn *insn)
{
	return ends(insn) || insn->flow == DWU_FLOW_INDIRECT;
}

/* mips16: the next words [lo, hi) of data among the code, by their loads. */
struct constants {
	uint32_t lo;
	uint32_t hi;
};

static void note_constant(struct constants *c, const struct dwu_op *op)
{
	uint32_t at = op->target;

	if (op->insn.flow != DWU_FLOW_NEXT || at == DWU_NOWHERE || at < op->at)
		return;
	if (c->lo <= op->at || at < c->lo)
		c->lo = at;
	if (c->hi <= op->at || at >= c->hi)
		c->hi = at + 4;
}

/* Behind the data, if some begins at `at`, where control does not go on. */
static uint32_t skip_data(struct dwu_scan_memory *m, const struct constants *c,
			  const struct dwu_op *op, uint32_t at)
{
	if (op->insn.table)
		at = dwu_code_table(&m->text, at);
	return at <= c->lo && c->lo - at <= UNUSED_MAX ? c->hi : at;
}

/* mips16: functions begin at multiples of 4, like those of mips32. */
static uint32_t aligned(const struct dwu_scan_memory *m, uint32_t at)
{
	return m->text.isa ? at + (at & 2) : at;
}

/*
 * Of which isa the code is that is read: words that look like the other one
 * are counted, those that look like this one are taken off (Page 1954,
 * CUSUM), and where the count began to grow the isa changes.
 */
struct turn {
	uint32_t at;	/* where it does, if it does */
	uint32_t seen;	/* up to here it is known: no turn comes twice */
	uint32_t ended; /* behind the last function's end, as it looks */
	struct constants constants;
	uint8_t count;
};

/* Does the isa change? text.isa is then the other one, from turn->at on. */
static bool turns(struct dwu_scan_memory *m, const struct dwu_op *op,
		  struct turn *turn)
{
	struct dwu_text *text = &m->text;
	int8_t like;

	if (op->at & 3 || op->code.size < 4 || op->at < turn->seen)
		return false;
	turn->seen = op->at + 1;
	like = text->ops->isa(text->arch, &op->code);
	if (text->isa)
		like = (int8_t)-like;
	if (like > 0 && turn->count++ == 0)
		turn->at = op->at;
	if (like < 0 && turn->count > 0)
		turn->count--;
	if (turn->count < TURN_COUNT)
		return false;
	if (turn->at - turn->ended <= NEAR)
		turn->at = turn->ended;
	turn->count = 0;
	text->isa ^= 1;
	set_start(m, turn->at);
	return true;
}

static void note_end(struct dwu_scan_memory *m, const struct dwu_op *op,
		     uint32_t to, struct turn *turn)
{
	uint32_t at = op->next;

	if (!leaves(&op->insn))
		return;
	if (op->insn.delay)
		at += op->insn.size;
	at = skip_data(m, &turn->constants, op, at);
	turn->ended = aligned(m, skip_pads(m, at, to));
}

/* Call targets, and what looks like nothing but a start, of [from, to). */
static void mark(struct dwu_scan_memory *m, uint32_t from, uint32_t to)
{
	const bool two = m->text.module->elf.mips16 && m->text.ops->isa;
	struct turn turn = { .ended = from };
	struct dwu_op op;
	uint8_t kind;

	m->text.isa = 0;
	for (; from < to; from = op.next) {
		dwu_code_read(&m->text, from, &op);
		if (two && turns(m, &op, &turn)) {
			op.next = turn.at;
			continue;
		}
		if (op.insn.flow == DWU_FLOW_CALL)
			set_start(m, op.target);
		kind = start_kind(m, &op);
		/* mips16: what begins with a frame behind a jump or its data
		 * is no block of a function */
		if (kind == DWU_START_SURE ||
		    (m->text.isa && kind == DWU_START_MAYBE &&
		     from == turn.ended))
			set_start(m, from);
		if (!two)
			continue;
		note_constant(&turn.constants, &op);
		note_end(m, &op, to, &turn);
		/* data is no code of any isa */
		if (m->text.isa && leaves(&op.insn))
			op.next = turn.ended;
	}
}

/* The program's first function, and the one it goes on to. */
static void mark_entry(struct dwu_scan_memory *m, uint32_t entry)
{
	struct dwu_op op = { .next = entry };

	set_start(m, entry);
	do {
		dwu_code_read(&m->text, op.next, &op);
		/* a jump with a delay slot may ask where it is: bal */
		if (op.insn.flow == DWU_FLOW_JUMP &&
		    (!op.insn.delay || op.target - entry >= ENTRY_SIZE))
			set_start(m, op.target);
	} while (op.insn.size != 0 && op.insn.flow == DWU_FLOW_NEXT &&
		 op.next - entry < ENTRY_SIZE);
}

static void mark_all(struct dwu_scan_memory *m)
{
	const struct dwunw_elf *elf = &m->text.module->elf;
	struct dwunw_section s;
	uint32_t i = 1, start;
	bool any = false;

	while (dwu_code_section(elf, &i, &s)) {
		start = dwu_code_place(&m->text, s.vaddr);
		if (start == DWU_NOWHERE || s.size > m->text.size - start)
			continue;
		any = true;
		set_start(m, start);
		mark(m, start, start + (uint32_t)s.size);
	}
	if (!any)
		mark(m, 0, m->text.size);
	start = dwu_code_place(&m->text, elf->entry & m->text.arch->pc_mask);
	m->text.isa = dwu_isa(m->text.arch, elf->entry);
	if (start != DWU_NOWHERE)
		mark_entry(m, start);
}

/* Does the window hold `at`, and not at an edge that is not the text's? */
static bool well_inside(const struct dwu_scan_memory *m, uint32_t at)
{
	uint32_t end = window_end(m), margin = (end - m->window) / 4;

	return m->serial == m->text.module->serial &&
	       m->segment == m->text.vaddr && at >= m->window && at < end &&
	       (m->window == 0 || at - m->window >= margin) &&
	       (end >= m->text.size || end - at >= margin);
}

/* A window around `at`, with its starts marked. */
static void sweep(struct dwu_scan_memory *m, uint32_t at)
{
	uint32_t size = m->start_count << shift_of(m);

	if (well_inside(m, at))
		return;
	m->serial = m->text.module->serial;
	m->segment = m->text.vaddr;
	m->window = 0;
	if (m->text.size > size && at > size / 2)
		m->window = (at - size / 2) & ~31u;
	memset(m->starts, 0, m->start_count / 8);
	mark_all(m);
}

/* --- pieces between call targets ------------------------------------------------ */

/* A function while its end is looked for. */
struct extent {
	uint32_t reach;	 /* the farthest place that a branch leads to */
	uint32_t called; /* behind the last call; 0: none yet */
	bool past;	 /* a branch from before that call goes past it */
	bool padded;	 /* … and no-ops follow it */
	bool framed;	 /* a frame was opened */
};

/* Code read one instruction after another, as the passes below do. */
struct line {
	struct dwu_scan_memory *m;
	struct dwu_op op;
	uint32_t next; /* behind the instruction and its delay slot */
	bool opens;    /* a frame, here */
	bool released; /* sp was moved up since control last could leave */
	struct constants constants;
};

/* Does the instruction, by itself, free stack? */
static bool moves_up(struct dwu_scan_memory *m, const struct dwu_op *op)
{
	struct dwu_value *sp = &m->next.regs[m->text.arch->sp];

	if (op->insn.size == 0 || op->insn.flow != DWU_FLOW_NEXT)
		return false;
	*sp = (struct dwu_value){ .kind = DWU_VALUE_CFA };
	m->text.ops->effect(m->text.arch, &op->code, &op->insn, &m->next);
	return sp->kind == DWU_VALUE_CFA && sp->n > 0;
}

/* A jump to a detour, or back from one, leads nowhere else. */
static void pass_detour(struct dwu_scan_memory *m, struct dwu_op *jump)
{
	uint8_t size = jump->insn.size;
	struct dwu_op op;

	if (dwu_scan_detour(&m->text, jump)) {
		jump->insn.flow = DWU_FLOW_NEXT;
		return;
	}
	if (m->text.ops->unit != 4 || jump->insn.delay)
		return;
	dwu_code_read(&m->text, jump->target - size, &op);
	if (op.insn.flow == DWU_FLOW_JUMP && op.target == jump->at - size)
		jump->insn.flow = DWU_FLOW_END;
}

static void read_line(struct line *l)
{
	struct dwu_op slot;

	if (l->op.insn.flow != DWU_FLOW_NEXT)
		l->released = false;
	dwu_code_read(&l->m->text, l->next, &l->op);
	l->next = l->op.next;
	l->opens = start_kind(l->m, &l->op) == DWU_START_MAYBE;
	l->released |= moves_up(l->m, &l->op);
	if (l->op.insn.flow == DWU_FLOW_JUMP)
		pass_detour(l->m, &l->op);
	if (l->op.insn.delay) {
		dwu_code_read(&l->m->text, l->next, &slot);
		l->released |= moves_up(l->m, &slot);
		l->next = slot.next;
	}
	note_constant(&l->constants, &l->op);
	if (leaves(&l->op.insn))
		l->next = skip_data(l->m, &l->constants, &l->op, l->next);
}

/* A branch or a jump within a function? */
static bool is_branch(const struct line *l)
{
	return l->op.insn.flow == DWU_FLOW_BRANCH ||
	       l->op.insn.flow == DWU_FLOW_JUMP;
}

/* Does a frame open here, behind a call that did not return? */
static bool opens_behind_call(const struct line *l, const struct extent *x)
{
	uint32_t near = l->m->text.ops->unit == 1 ? 0 : NEAR;

	return l->opens && x->called != 0 && !x->past &&
	       l->op.at - x->called <= near;
}

/*
 * A call, no-ops, and a jump to where a register says, alone: the call does not
 * return, and the jump is a function (musl's qsort has one).
 */
static bool leaves_behind_call(const struct line *l, const struct extent *x)
{
	return l->op.insn.flow == DWU_FLOW_INDIRECT && !l->op.insn.table &&
	       x->padded && !x->past && l->op.at == x->called;
}

static struct extent extent_from(struct dwu_scan_memory *m, uint32_t at)
{
	set_start(m, aligned(m, at));
	return (struct extent){ 0 };
}

/* A jump over a few words that cannot be decoded (musl's _start on mips). */
static bool is_over_data(const struct line *l)
{
	struct dwu_op op;

	if (l->op.insn.flow != DWU_FLOW_JUMP || l->op.target <= l->next ||
	    l->op.target - l->next > OVER_MAX)
		return false;
	dwu_code_read(&l->m->text, l->next, &op);
	return op.insn.size == 0;
}

/*
 * Cuts [lo, hi), which no call leads into, where a function seems to end:
 * behind a return or a jump that no branch goes past; behind a call where
 * a frame opens; behind data. A jump in a function without a frame, or behind
 * the frame's end, may be a tail call: how far it goes says nothing.
 */
static void cut(struct dwu_scan_memory *m, uint32_t lo, uint32_t hi)
{
	struct line l = { .m = m, .next = skip_pads(m, lo, hi) };
	struct extent x = extent_from(m, l.next);

	while (l.next < hi) {
		read_line(&l);
		if (l.op.insn.size == 0) {
			x = extent_from(m, l.next);
			continue;
		}
		if (is_over_data(&l)) {
			l.next = l.op.target;
			continue;
		}
		if (opens_behind_call(&l, &x) || leaves_behind_call(&l, &x))
			x = extent_from(m, x.called);
		x.framed |= l.opens;
		if ((l.op.insn.flow == DWU_FLOW_BRANCH ||
		     (is_branch(&l) && x.framed && !l.released)) &&
		    l.op.target < hi && l.op.target > x.reach)
			x.reach = l.op.target;
		if (l.op.insn.flow == DWU_FLOW_CALL) {
			x.called = skip_pads(m, l.next, hi);
			x.padded = x.called != l.next;
			x.past = x.reach > x.called;
		}
		if (ends(&l.op.insn) && l.next > x.reach) {
			l.next = skip_pads(m, l.next, hi);
			if (l.next < hi)
				x = extent_from(m, l.next);
		}
	}
}

/*
 * Has the piece at `at` what cannot be decoded? Or does it stand behind such a
 * word, where instructions all have the size of one: in the middle of a table.
 */
static bool is_data(struct dwu_scan_memory *m, uint32_t at, uint32_t hi)
{
	struct dwu_op op = { .next = at };

	/* mips16: what data there is among the code is seen by its loads */
	if (m->text.isa)
		return false;
	if (m->text.ops->unit == 4 && at >= 4) {
		dwu_code_read(&m->text, at - 4, &op);
		if (op.insn.size == 0)
			return true;
		op.next = at;
	}
	do {
		dwu_code_read(&m->text, op.next, &op);
	} while (op.insn.size != 0 && op.next < hi && !is_start(m, op.next));
	return op.insn.size == 0;
}

/* Joins pieces of [lo, hi) that branch into each other. */
static void join(struct dwu_scan_memory *m, uint32_t lo, uint32_t hi)
{
	struct line l = { .m = m, .next = lo };
	bool data = false;
	uint32_t target;

	while (l.next < hi) {
		read_line(&l);
		if (l.op.at == lo || is_start(m, l.op.at))
			data = is_data(m, l.op.at, hi);
		target = l.op.target;
		if (!is_branch(&l) || data || target < lo || target >= hi)
			continue;
		/* a tail call */
		if (l.op.insn.flow == DWU_FLOW_JUMP &&
		    (l.released || is_start(m, target)))
			continue;
		if (target > l.op.at)
			clear_starts(m, l.op.at, target);
		else
			clear_starts(m, target, l.op.at);
	}
}

/*
 * The piece of [*lo, *hi) around `at`, cut and joined. What was cut begins at
 * *done, and that is not done again.
 */
static void piece(struct dwu_scan_memory *m, uint32_t at, uint32_t *lo,
		  uint32_t *hi, uint32_t *done)
{
	between_starts(m, at, lo, hi);
	if (*lo >= *done)
		return;
	*done = *lo;
	cut(m, *lo, *hi);
	join(m, *lo, *hi);
	between_starts(m, at, lo, hi);
}

/* --- pieces that are no functions ----------------------------------------------- */

/* Where a function is looked for: `place` of it, and between what. */
struct limits {
	struct dwu_scan_memory *memory;
	uint32_t place;
	uint32_t lo;
	uint32_t hi;
	uint8_t isa;
};

/* What no whole function does. */
struct verdict {
	const struct dwunw_arch_ops *arch;
	/* it frees more than was taken since its start, or calls others
	 * without keeping its return address */
	bool inside;
	/* it returns with something left on the stack, or calls with a stack
	 * that is not aligned: here, the first time */
	uint32_t odd;
	const struct dwu_scan_ops *ops;
};

static bool is_odd(const struct verdict *v, uint8_t moment, int32_t sp)
{
	uint8_t align = dwu_call_align(v->ops);

	if (moment == DWU_IN_CALL)
		return align != 0 && sp % align != 0;
	return moment == DWU_LEAVING && sp < -v->arch->entry_size;
}

static bool judge(void *ctx, const struct dwu_scan_at *at)
{
	struct verdict *v = ctx;
	const struct dwu_value *sp = &at->state->regs[v->arch->sp];
	int32_t entry = -v->arch->entry_size;

	if (at->moment == DWU_IN_CALL && dwu_scan_ra_lost(v->arch, at->state))
		v->inside = true;
	if (sp->kind != DWU_VALUE_CFA)
		return true;
	/* a thread's start takes its return address off the stack and stays */
	v->inside |= sp->n > (at->moment >= DWU_LEAVING ? entry : 0);
	if (is_odd(v, at->moment, sp->n) && at->op->at < v->odd)
		v->odd = at->op->at;
	return true;
}

static struct verdict verdict(const struct limits *b, uint32_t lo, uint32_t hi)
{
	const struct dwu_function function = { .start = lo,
					       .end = hi,
					       .isa = b->isa };
	struct verdict v = { .arch = b->memory->text.arch,
			     .odd = DWU_NOWHERE,
			     .ops = b->memory->text.ops };

	if (b->memory->steps <= STEP_MAX)
		(void)dwu_scan_explore(b->memory, &function, DWU_NOWHERE, judge,
				       &v);
	return v;
}

/* The first place of the window that the function may begin at. */
static uint32_t lowest(const struct limits *b)
{
	return b->lo > b->memory->window ? b->lo : b->memory->window;
}

/* The program's first function keeps no return address. */
static bool is_entry(const struct dwu_scan_memory *m, uint32_t at)
{
	const struct dwu_text *text = &m->text;
	uint64_t entry = text->module->elf.entry;

	return at == dwu_code_place(text, entry & text->arch->pc_mask);
}

/*
 * A landing pad, or blocks of a switch, belong to the function before them.
 * The start of the function that holds [lo, hi).
 */
static uint32_t join_before(const struct limits *b, uint32_t lo, uint32_t hi,
			    uint32_t done)
{
	uint32_t start = lo, end, i;

	if (is_entry(b->memory, lo) || !verdict(b, lo, hi).inside)
		return lo;
	for (i = 0; i < PIECE_MAX && start > lowest(b); i++) {
		end = start;
		start = lowest(b);
		piece(b->memory, end - 1, &start, &end, &done);
		if (!is_entry(b->memory, start) && verdict(b, start, hi).inside)
			continue;
		clear_starts(b->memory, start, lo);
		return start;
	}
	return lo;
}

/*
 * The last calls of the function before `hi` that no branch within it goes
 * past: behind one that does not return another may begin. Their number.
 */
static uint32_t last_calls(const struct limits *b, uint32_t hi,
			   uint32_t calls[CALL_MAX])
{
	struct line l = { .m = b->memory, .next = b->lo };
	uint32_t reach = 0, kept = 0;

	while (l.next < hi) {
		read_line(&l);
		if (is_branch(&l) && l.op.target > reach && l.op.target < b->hi)
			reach = l.op.target;
		if (l.op.insn.flow != DWU_FLOW_CALL || reach > l.next)
			continue;
		if (kept == CALL_MAX) {
			kept--;
			memmove(&calls[0], &calls[1],
				(CALL_MAX - 1) * sizeof(calls[0]));
		}
		calls[kept++] = skip_pads(b->memory, l.next, hi);
	}
	return kept;
}

/* Is v, of code that was cut off, better than what was odd at `odd`? */
static bool is_better(const struct verdict *v, uint32_t odd)
{
	if (v->inside)
		return false;
	/* misaligned calls: the next function may be one more to cut off */
	return v->odd == DWU_NOWHERE ||
	       (dwu_call_align(v->ops) != 0 && v->odd > odd);
}

/* What begins behind a call that does not return is cut off. */
static void split(struct limits *b)
{
	uint32_t calls[CALL_MAX], i, left, odd;
	struct verdict v;

	for (left = PIECE_MAX; left > 0; left--) {
		v = verdict(b, b->lo, b->hi);
		odd = v.odd;
		if (odd == DWU_NOWHERE)
			return;
		i = last_calls(b, odd, calls);
		do {
			if (i-- == 0)
				return;
			v = verdict(b, calls[i], b->hi);
		} while (!is_better(&v, odd));
		set_start(b->memory, calls[i]);
		if (b->place >= calls[i])
			b->lo = calls[i];
		else
			b->hi = calls[i];
	}
}

bool dwu_sweep(struct dwu_scan_memory *memory, uint32_t place,
	       struct dwu_function *function)
{
	struct limits limits = { .memory = memory,
				 .place = place,
				 .lo = function->start,
				 .hi = function->end,
				 .isa = function->isa };
	struct limits *b = &limits;
	uint32_t lo, hi, done = DWU_NOWHERE;

	sweep(memory, place);
	memory->text.isa = function->isa;
	memory->steps = 0;
	lo = lowest(b);
	hi = b->hi < window_end(memory) ? b->hi : window_end(memory);
	between_starts(memory, place, &lo, &hi);
	if (lo == memory->window && lo > b->lo)
		return false;
	piece(memory, place, &lo, &hi, &done);
	b->lo = join_before(b, lo, hi, done);
	b->hi = hi;
	split(b);
	function->start = b->lo;
	function->end = b->hi;
	return true;
}
