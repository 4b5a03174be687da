/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Functions that nobody has listed: where calls lead to, where code ends, and
 * what is whole by itself.
 *
 *	mark()		call targets and sure starts: a bit each, for all code
 *	cut()		the piece between two bits, split behind returns and jumps
 *			that no branch goes past, and where a frame opens
 *	join()		pieces that branch into each other are one
 *	join_before()	a piece that is not whole belongs to what stands before it
 *	split()		what begins behind a call that does not return is cut off
 *
 * For example, bits at 0x1000 and 0x1100, the place 0x1050: code of [0x1000,
 * 0x1100) returns at 0x103f and nothing jumps past that, so the function is
 * [0x1040, 0x1100).
 *
 * All of it is evidence, not proof: the result is a range whose scan makes
 * sense. Work is bounded: bytes swept for a walk (DWUNW_SWEEP_WALK_MAX),
 * instructions explored (STEP_MAX), pieces (PIECE_MAX), calls (CALL_MAX).
 */
#include "sweep.h"

#include <dwunw/bounds.h>

#include "core/base/bytes.h"
#include "isas.h"

/* A frame that opens this near behind a call may be the next function's. */
#define NEAR 32u
/* Data that a jump in a function goes over, in bytes. */
#define OVER_MAX 32u
/* Pieces that are joined, or cut off, to make one function. */
#define PIECE_MAX 16u
/* Calls that are looked at as the end of one. */
#define CALL_MAX 32u
/* Instructions explored to see what is whole: a few milliseconds of them. */
#define STEP_MAX (1u << 18)
/* Code around a gap that is looked at as well: who calls a function that has no
 * name stands near. In bytes: 1 ms of them. */
#define AROUND 16384u
/* Functions that are asked whether sp is aligned in calls, and of them 1 in so
 * many that is not. GCC's static functions are 1 in 50. */
#define ASKED_MAX 256u
/* The first call of each is looked for in so many bytes. */
#define ASKED_BYTES 4096u
#define ODD_SHARE 5u

static const struct dwunw_arch_ops *arch_of(const struct dwu_scan_memory *m)
{
	return dwu_arch(m->text.arch);
}

/*
 * 1 byte (x86) or 4: instructions stand at multiples of it, those of MIPS16e at
 * half.
 */
static uint32_t unit_of(const struct dwu_scan_memory *m)
{
	return dwu_scan_ops(m->text.ops)->unit;
}

/* --- a bit for each unit where a function may start ------------------------------ */

/* Bytes of the window. */
static uint32_t window_size(const struct dwu_scan_memory *m)
{
	return m->starts.count * unit_of(m);
}

/* The bit of a place: starts.count or more outside of the window, since what
 * stands before it wraps around. */
static uint32_t bit_of(const struct dwu_scan_memory *m, uint32_t at)
{
	/* 1, 2, 4 bytes: 0, 1, 2 */
	return (at - m->starts.of.window) >> (unit_of(m) >> 1);
}

/* Outside of the window nothing is kept: a large file is swept in parts. */
static void set_start(struct dwu_scan_memory *m, uint32_t at)
{
	uint32_t bit = bit_of(m, at);

	if (bit < m->starts.count)
		dwu_set_bit(m->starts.bits, bit);
}

static bool is_start(const struct dwu_scan_memory *m, uint32_t at)
{
	uint32_t bit = bit_of(m, at);

	return bit < m->starts.count && dwu_bit(m->starts.bits, bit);
}

/*
 * Forgets the starts in (lo, hi], both in the window.
 *
 * (lo, hi], so that the start at lo, of the function that goes on, stays.
 */
static void clear_starts(struct dwu_scan_memory *m, uint32_t lo, uint32_t hi)
{
	uint32_t bit = bit_of(m, lo), last = bit_of(m, hi);

	while (bit++ < last)
		m->starts.bits[bit / 32] &= ~(1u << bit % 32);
}

/*
 * Makes *piece that of starts.within between the starts around a place.
 *
 * A step of a unit each, within starts.within: bounded by the gap that is
 * looked at.
 */
static void between_starts(const struct dwu_scan_memory *m, uint32_t at,
			   struct dwu_range *piece)
{
	const struct dwu_range *in = &m->starts.within;
	uint32_t unit = unit_of(m), next;

	at &= ~(unit - 1);
	for (next = at + unit; next < in->to && !is_start(m, next);)
		next += unit;
	while (at > in->from && !is_start(m, at))
		at -= unit;
	piece->from = at > in->from ? at : in->from;
	piece->to = next < in->to ? next : in->to;
}

/* How much the instruction looks like a function's first one. */
static uint8_t start_kind(const struct dwu_scan_memory *m,
			  const struct dwu_op *op)
{
	return op->insn.size == 0 ? DWU_START_NO :
				    m->text.ops->start(m->text.arch, &op->code);
}

/* x86: linkers fill with zeros what stands between two sections. */
static bool is_fill(const struct dwu_scan_memory *m, const struct dwu_op *op,
		    bool filled)
{
	const uint8_t *bytes = op->code.bytes;

	return IS_ON(CONFIG_SCAN_PUSHED_RA) && unit_of(m) == 1 &&
	       op->code.size > 1 && bytes[0] == 0 && (filled || bytes[1] == 0);
}

/* No-ops and fill between functions; `end` bounds it. */
static uint32_t skip_pads(struct dwu_scan_memory *m, uint32_t at, uint32_t end)
{
	bool filled = false;
	struct dwu_op op;

	for (; at < end; at = filled ? at + 1 : op.next) {
		dwu_code_read(&m->text, at, &op);
		filled = is_fill(m, &op, filled);
		if (!filled && (op.insn.size == 0 || !op.insn.pad))
			break;
	}
	return at;
}

/* May the function end behind it? A jump through a table stays inside. */
static bool ends(const struct dwu_insn *insn)
{
	return insn->flow & (DWU_FLOW_RETURN | DWU_FLOW_JUMP | DWU_FLOW_END) ||
	       (insn->flow == DWU_FLOW_INDIRECT && !insn->table);
}

/* Does nothing run on behind it, for sure? */
static bool leaves(const struct dwu_insn *insn)
{
	return insn->flow & (DWU_FLOW_RETURN | DWU_FLOW_JUMP | DWU_FLOW_END |
			     DWU_FLOW_INDIRECT);
}

/* Where there are two isas: the end of a function, with its data. */
static void note_end(struct dwu_scan_memory *m, const struct dwu_op *op,
		     uint32_t to, struct dwu_turn *turn)
{
	uint32_t at;

	if (!leaves(&op->insn))
		return;
	at = dwu_constants_skip(&m->text, &turn->constants, op, dwu_behind(op));
	turn->ended = dwu_isa_aligned(&m->text, skip_pads(m, at, to));
}

/* --- where functions begin ------------------------------------------------------- */

/*
 * Call targets, and what looks like nothing but a start, of [from, to).
 *
 * One pass: each instruction is decoded once. Data among the code gives some
 * bits that are wrong; join() and join_before() undo those that matter.
 */
static void mark(struct dwu_scan_memory *m, uint32_t from, uint32_t to)
{
	const bool two = IS_ON(CONFIG_SCAN_TWO_ISAS) &&
			 m->text.module->elf.mips16 && m->text.ops->isa;
	struct dwu_turn turn = { .ended = from };
	struct dwu_op op;
	uint8_t kind;

	m->text.isa = 0;
	for (; from < to; from = op.next) {
		dwu_code_read(&m->text, from, &op);
		if (two && dwu_turns(&m->text, &op, &turn, NEAR)) {
			set_start(m, turn.at);
			op.next = turn.at;
			continue;
		}
		if (op.insn.flow == DWU_FLOW_CALL &&
		    op.target != dwu_behind(&op))
			set_start(m, op.target);
		kind = start_kind(m, &op);
		/* MIPS16e: what begins with a frame behind a jump or its data
		 * is no block of a function */
		if (kind == DWU_START_SURE ||
		    (two && m->text.isa && kind == DWU_START_MAYBE &&
		     from == turn.ended))
			set_start(m, from);
		if (!two)
			continue;
		dwu_constants_note(&turn.constants, &op);
		note_end(m, &op, to, &turn);
		/* data is no code of any isa */
		if (m->text.isa && leaves(&op.insn))
			op.next = turn.ended;
	}
}

/* Where the program begins. */
static uint32_t entry_of(const struct dwu_scan_memory *m)
{
	return dwu_code_place(&m->text,
			      m->text.module->elf.entry & arch_of(m)->pc_mask);
}

/*
 * The program's first function, and the one it goes on to.
 *
 * Two functions that nothing calls: e_entry, and where it jumps to
 * (_dl_start_user).
 */
static void mark_entry(struct dwu_scan_memory *m)
{
	uint32_t entry = entry_of(m);
	struct dwu_op op = { .next = entry };

	set_start(m, entry);
	do {
		dwu_code_read(&m->text, op.next, &op);
		/* a jump with a delay slot may ask where it is: bal */
		if (op.insn.flow == DWU_FLOW_JUMP &&
		    (!op.insn.delay || op.target - entry >= DWU_ENTRY_SIZE))
			set_start(m, op.target);
	} while (op.insn.size != 0 && op.insn.flow == DWU_FLOW_NEXT &&
		 op.next - entry < DWU_ENTRY_SIZE);
}

/* … of a section, as far as it is swept. */
static void mark_section(struct dwu_scan_memory *m, uint32_t from, uint32_t to)
{
	set_start(m, from);
	if (from < m->starts.of.from)
		from = m->starts.of.from;
	if (to > m->starts.of.to)
		to = m->starts.of.to;
	mark(m, from, to);
}

/*
 * Section by section, so that data between them is not read as code; a file
 * without section headers is one.
 */
static void mark_all(struct dwu_scan_memory *m)
{
	struct dwunw_section s;
	uint32_t i = 1, start;
	bool any = false;

	while (dwu_code_section(&m->text, &i, &s)) {
		start = dwu_code_place(&m->text, s.vaddr);
		if (start == DWU_NOWHERE || s.size > m->text.size - start)
			continue;
		any = true;
		mark_section(m, start, start + (uint32_t)s.size);
	}
	if (!any)
		mark_section(m, 0, m->text.size);
	m->text.isa = dwu_isa(arch_of(m), m->text.module->elf.entry);
	mark_entry(m);
}

/*
 * x86: is sp, in the first call of [at, end), what a function's is that begins
 * there? Arguments are pushed in a frame whose calls are aligned already.
 *
 * psABI x86-64 3.2.2: rsp + 8 is a multiple of 16 at a function's entry, so rsp
 * is one at each call it makes.
 */
static bool calls_aligned(struct dwu_scan_memory *m, uint32_t at, uint32_t end)
{
	struct dwu_value *sp = &m->next.regs[arch_of(m)->sp];
	uint8_t align = dwu_call_align(m->text.ops);
	struct dwu_op op = { .next = at };

	if (align == 0)
		return true;
	*sp = (struct dwu_value){ .kind = DWU_VALUE_CFA,
				  .n = -arch_of(m)->entry_size };
	do {
		dwu_code_read(&m->text, op.next, &op);
		if (op.insn.flow == DWU_FLOW_CALL)
			return sp->kind != DWU_VALUE_CFA || sp->n % align == 0;
		if (op.insn.size != 0)
			m->text.ops->effect(m->text.arch, &op.code, &op.insn,
					    &m->next);
	} while (op.insn.size != 0 && !(op.insn.flow & ~DWU_FLOW_BRANCH) &&
		 op.next < end);
	return true;
}

/*
 * x86: is sp aligned in calls at all? Kernels, and programs that are compiled
 * as they are (-mpreferred-stack-boundary=3), leave it as it is. Those functions
 * are asked that calls lead to.
 */
static bool is_unaligned(struct dwu_scan_memory *m)
{
	const struct dwu_start_map *map = &m->starts;
	uint32_t bit, at, end, asked = 0, odd = 0;

	if (dwu_call_align(m->text.ops) == 0)
		return false;
	for (bit = 0; bit < map->count && asked < ASKED_MAX; bit++) {
		if (map->bits[bit / 32] == 0) {
			bit |= 31;
			continue;
		}
		if (!dwu_bit(map->bits, bit))
			continue;
		at = map->of.window + bit;
		end = m->text.size - at > ASKED_BYTES ? at + ASKED_BYTES :
							m->text.size;
		asked++;
		odd += !calls_aligned(m, at, end);
	}
	return ODD_SHARE * odd > asked;
}

/*
 * Marks the starts of a window that begins at `window`, unless they are.
 *
 * starts.of says what the bits are of: the same question costs one comparison.
 */
static void sweep(struct dwu_scan_memory *m, uint32_t window, uint32_t from,
		  uint32_t to)
{
	const struct dwu_swept now = { .segment = m->text.vaddr,
				       .serial = m->text.module->serial,
				       .window = window,
				       .from = from,
				       .to = to };
	struct dwu_start_map *map = &m->starts;

	if (!memcmp(&map->of, &now, sizeof(now)))
		return;
	map->of = now;
	m->swept += to - from;
	memset(map->bits, 0, map->count / 8);
	mark_all(m);
	m->starts.unaligned = is_unaligned(m);
}

/* All code, or what is near in a large file: a window of all of the text, or
 * twice the half of a window's size that holds `at`, with a quarter before and
 * behind it. */
static void sweep_all(struct dwu_scan_memory *m, uint32_t at)
{
	uint32_t half = window_size(m) / 2, window = 0, from = 0;
	uint32_t to = m->text.size;

	if (to > 2 * half && at >= half)
		window = (at / half * half - half / 2) & ~31u;
	if (window > DWUNW_SWEEP_MAX / 2)
		from = window - DWUNW_SWEEP_MAX / 2;
	if (to - from > DWUNW_SWEEP_MAX)
		to = from + DWUNW_SWEEP_MAX;
	sweep(m, window, from, to);
}

/*
 * What is around a gap, if that is not most of the code. Code of two isas tells
 * them apart from its start on.
 */
static bool sweep_gap(struct dwu_scan_memory *m, const struct dwu_range *gap)
{
	uint32_t from = gap->from > AROUND ? gap->from - AROUND : 0;
	uint32_t to = m->text.size, window = gap->from & ~31u;

	if (gap->to - window > window_size(m) ||
	    (IS_ON(CONFIG_SCAN_TWO_ISAS) && m->text.module->elf.mips16))
		return false;
	if (to - gap->to > AROUND)
		to = gap->to + AROUND;
	sweep(m, window, from & ~3u, to);
	return true;
}

/* --- pieces between call targets ------------------------------------------------ */

/* Code read one instruction after another, as the passes below do. */
struct line {
	struct dwu_op op;
	uint32_t next; /* behind the instruction and its delay slot */
	bool opens;    /* a frame, here */
	bool first;    /* no branch yet since a function began */
	bool released; /* sp was moved up since control last could leave */
	/* what was taken since then, or since the last branch: for arguments */
	int32_t taken;
	struct dwu_constants constants; /* where there are two isas */
};

/*
 * Does the instruction, by itself, free stack, and not that of arguments? That is
 * no more than was taken since a branch; before the first branch of a function it
 * is less, as the frame is taken there as well. Behind an sp from elsewhere
 * (alloca) that is not known.
 */
static void note_sp(struct dwu_scan_memory *m, struct line *l,
		    const struct dwu_op *op)
{
	struct dwu_value *sp = &m->next.regs[arch_of(m)->sp];

	if (op->insn.size == 0 || op->insn.flow != DWU_FLOW_NEXT)
		return;
	*sp = (struct dwu_value){ .kind = DWU_VALUE_CFA };
	m->text.ops->effect(m->text.arch, &op->code, &op->insn, &m->next);
	if (sp->kind != DWU_VALUE_CFA) {
		l->first = false;
		l->taken = 0;
		return;
	}
	l->released |= sp->n > 0 && sp->n + l->first > l->taken;
	l->taken -= sp->n;
}

/* A jump to a detour, or back from one, leads nowhere else. */
static void pass_detour(struct dwu_scan_memory *m, struct dwu_op *jump)
{
	uint8_t size = jump->insn.size;
	struct dwu_op op;

	if (dwu_scan_ops(m->text.ops)->delay_slots)
		return;
	if (dwu_scan_detour(&m->text, jump)) {
		jump->insn.flow = DWU_FLOW_NEXT;
		return;
	}
	if (unit_of(m) != 4)
		return;
	dwu_code_read(&m->text, jump->target - size, &op);
	if (op.insn.flow == DWU_FLOW_JUMP && op.target == jump->at - size)
		jump->insn.flow = DWU_FLOW_END;
}

static void read_line(struct dwu_scan_memory *m, struct line *l)
{
	struct dwu_op slot;

	if (l->op.insn.flow != DWU_FLOW_NEXT)
		l->released = false;
	if (l->op.insn.flow & ~DWU_FLOW_CALL) {
		l->first = false;
		l->taken = 0;
	}
	if (is_start(m, l->next)) {
		l->first = true;
		l->taken = 0;
	}
	dwu_code_read(&m->text, l->next, &l->op);
	l->next = l->op.next;
	l->opens = start_kind(m, &l->op) == DWU_START_MAYBE;
	note_sp(m, l, &l->op);
	if (l->op.insn.flow == DWU_FLOW_JUMP)
		pass_detour(m, &l->op);
	if (l->op.insn.delay) {
		dwu_code_read(&m->text, l->next, &slot);
		note_sp(m, l, &slot);
		l->next = slot.next;
	}
	if (!IS_ON(CONFIG_SCAN_TWO_ISAS))
		return;
	dwu_constants_note(&l->constants, &l->op);
	if (leaves(&l->op.insn))
		l->next = dwu_constants_skip(&m->text, &l->constants, &l->op,
					     l->next);
}

/* A function while its end is looked for. */
struct extent {
	uint32_t reach; /* the farthest place that a branch leads to */
	/* behind the last call, or jump through a table; 0: none yet */
	uint32_t called;
	uint32_t near; /* a frame that opens there does so in these bytes */
	bool past;     /* a branch from before that call goes past it */
	bool padded;   /* … and no-ops follow it */
	bool framed;   /* a frame was opened */
};

/*
 * A new function at `at`: its start gets a bit, and nothing is known of its
 * end.
 */
static void begin(struct dwu_scan_memory *m, struct extent *x, uint32_t at)
{
	set_start(m, dwu_isa_aligned(&m->text, at));
	memset(x, 0, sizeof(*x));
}

/*
 * Does a function begin behind the last call, which then does not return, or
 * behind a jump, which then was the last function's end? A frame opens there;
 * or behind no-ops stands a jump to where a register says, alone (musl's qsort
 * has one).
 */
static bool begins_behind_call(struct dwu_scan_memory *m, const struct line *l,
			       const struct extent *x, uint32_t end)
{
	if (x->called == 0 || x->past)
		return false;
	if (l->opens && l->op.at - x->called <= x->near)
		return m->starts.unaligned || calls_aligned(m, x->called, end);
	return l->op.insn.flow == DWU_FLOW_INDIRECT && !l->op.insn.table &&
	       x->padded && l->op.at == x->called;
}

/* A jump over a few words that cannot be decoded (musl's _start on mips). */
static bool is_over_data(struct dwu_scan_memory *m, const struct line *l)
{
	struct dwu_op op;

	if (l->op.insn.flow != DWU_FLOW_JUMP || l->op.target <= l->next ||
	    l->op.target - l->next > OVER_MAX)
		return false;
	dwu_code_read(&m->text, l->next, &op);
	return op.insn.size == 0;
}

/*
 * Cuts the piece, which no call leads into, where a function seems to end:
 * behind a return or a jump that no branch goes past; behind a call where
 * a frame opens; behind data. A jump in a function without a frame, or behind
 * the frame's end, may be a tail call: how far it goes says nothing.
 */
static void cut(struct dwu_scan_memory *m, uint32_t from, uint32_t to)
{
	struct line l = { .next = skip_pads(m, from, to) };
	struct extent x;

	/* one that is called may begin with a no-op */
	begin(m, &x, is_start(m, from) ? from : l.next);
	while (l.next < to) {
		read_line(m, &l);
		if (l.op.insn.size == 0) {
			begin(m, &x, l.next);
			continue;
		}
		if (is_over_data(m, &l)) {
			l.next = l.op.target;
			continue;
		}
		if (begins_behind_call(m, &l, &x, to))
			begin(m, &x, x.called);
		x.framed |= l.opens;
		if ((l.op.insn.flow == DWU_FLOW_BRANCH ||
		     (l.op.insn.flow == DWU_FLOW_JUMP && x.framed &&
		      !l.released)) &&
		    l.op.target < to && l.op.target > x.reach)
			x.reach = l.op.target;
		if (l.op.insn.flow == DWU_FLOW_CALL || l.op.insn.table) {
			x.near = unit_of(m) == 1 && !l.op.insn.table ? 0 : NEAR;
			x.called = skip_pads(m, l.next, to);
			x.padded = x.called != l.next;
			x.past = x.reach > x.called;
		}
		if (ends(&l.op.insn) && l.next > x.reach) {
			l.next = skip_pads(m, l.next, to);
			if (l.next < to)
				begin(m, &x, l.next);
		}
	}
}

/*
 * Has the piece at `at`, up to `end`, what cannot be decoded? Or does it stand
 * behind such a word, where instructions all have the size of one: in the
 * middle of a table.
 *
 * Ends at `end` or at the next start.
 */
static bool is_data(struct dwu_scan_memory *m, uint32_t at, uint32_t end)
{
	struct dwu_op op = { .next = at };

	/* MIPS16e: what data there is among the code is seen by its loads */
	if (IS_ON(CONFIG_SCAN_TWO_ISAS) && m->text.isa)
		return false;
	if (unit_of(m) == 4 && at >= 4) {
		dwu_code_read(&m->text, at - 4, &op);
		if (op.insn.size == 0)
			return true;
		op.next = at;
	}
	do {
		dwu_code_read(&m->text, op.next, &op);
	} while (op.insn.size != 0 && op.next < end && !is_start(m, op.next));
	return op.insn.size == 0;
}

/*
 * Joins what was cut and branches into each other.
 *
 * A branch from one piece into the next makes one function of both: what stands
 * between them loses its bits.
 */
static void join(struct dwu_scan_memory *m, uint32_t from, uint32_t to)
{
	struct line l = { .next = from };
	bool data = false;
	uint32_t target;

	while (l.next < to) {
		read_line(m, &l);
		if (l.op.at == from || is_start(m, l.op.at))
			data = is_data(m, l.op.at, to);
		target = l.op.target;
		if (!(l.op.insn.flow & (DWU_FLOW_BRANCH | DWU_FLOW_JUMP)) ||
		    data || target < from || target >= to)
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

/* Makes *piece the one around `at`, cut and joined; what was done is not done
 * again. */
static void find_piece(struct dwu_scan_memory *m, uint32_t at,
		       struct dwu_range *piece)
{
	between_starts(m, at, piece);
	if (piece->from >= m->starts.done)
		return;
	m->starts.done = piece->from;
	cut(m, piece->from, piece->to);
	join(m, piece->from, piece->to);
	between_starts(m, at, piece);
}

/* --- pieces that are no functions ----------------------------------------------- */

/*
 * Is sp so where no function's is: at a call, at a return, at a jump to the
 * function's start, or at a tail call where that is no jump to a part of the
 * function, or (MIPS16e, which has none) data among the code?
 *
 * sp counts from the CFA: -16 at a call is aligned, -24 is not.
 */
static bool is_odd(struct dwu_scan_memory *m, const struct dwu_scan_at *at,
		   int32_t sp)
{
	uint8_t align = dwu_call_align(m->text.ops);

	if (at->moment == DWU_IN_CALL)
		return align != 0 && !m->starts.unaligned && sp % align != 0;
	if (sp >= -arch_of(m)->entry_size)
		return false;
	return at->moment == DWU_LEAVING ||
	       (at->moment == DWU_JUMPING &&
		at->op->insn.flow == DWU_FLOW_JUMP &&
		((align == 0 && !m->text.isa &&
		  !dwu_scan_is_bare(m, at->op->target)) ||
		 at->op->target == m->x.function.start));
}

/*
 * Does the instruction put sp at, or near, where the frame pointer points that
 * the function was entered with? That is its caller's: what runs here is in the
 * frame of a function that began before.
 */
static bool takes_sp(struct dwu_scan_memory *m, const struct dwu_scan_at *at)
{
	const struct dwunw_arch_ops *arch = arch_of(m);
	const struct dwu_value *fp = &at->state->regs[arch->fp];

	if (!(IS_ON(CONFIG_SCAN_PUSHED_RA) || IS_ON(CONFIG_SCAN_WIDE_LINK)) ||
	    at->moment != DWU_BEFORE || fp->kind != DWU_VALUE_ENTRY ||
	    fp->reg != arch->fp || at->op->insn.flow != DWU_FLOW_NEXT)
		return false;
	dwu_scan_fresh(&m->aside);
	m->aside.regs[arch->fp].kind = DWU_VALUE_CFA;
	m->text.ops->effect(m->text.arch, &at->op->code, &at->op->insn,
			    &m->aside);
	return m->aside.regs[arch->sp].kind == DWU_VALUE_CFA;
}

/* What exploring a piece says of it. */
struct verdict {
	struct dwu_scan_memory *memory; /* where it is explored */
	/* where it returns with something left on the stack, or calls with a
	 * stack that is not aligned, the first time; DWU_NOWHERE */
	uint32_t odd;
	/* x86: where what is only guessed to run there returns so */
	uint32_t stray;
	/* what no whole function does: it frees more than was taken since its
	 * start, or calls others without keeping its return address */
	bool inside;
};

static bool judge(void *ctx, const struct dwu_scan_at *at)
{
	struct verdict *v = ctx;
	struct dwu_scan_memory *m = v->memory;
	const struct dwunw_arch_ops *arch = arch_of(m);
	const struct dwu_value *sp = &at->state->regs[arch->sp];
	int32_t entry = -arch->entry_size;
	uint32_t *first;

	if ((at->moment == DWU_IN_CALL && dwu_scan_ra_lost(m, at->state)) ||
	    takes_sp(m, at))
		v->inside = true;
	if (sp->kind != DWU_VALUE_CFA)
		return true;
	/* a thread's start takes its return address off the stack and stays */
	v->inside |= sp->n > (at->moment >= DWU_LEAVING ? entry : 0);
	first = &v->odd;
	/* x86: what is only guessed to run there has another stack */
	if (m->x.round.untold && dwu_call_align(m->text.ops) != 0) {
		if (at->moment != DWU_LEAVING)
			return true;
		first = &v->stray;
	}
	if (is_odd(m, at, sp->n) && at->op->at < *first)
		*first = at->op->at;
	return true;
}

/* Beyond STEP_MAX nothing is explored, and the piece is what it seems. */
static void judge_piece(struct dwu_scan_memory *m, uint32_t from, uint32_t to,
			struct verdict *v)
{
	const struct dwu_function function = { .start = from,
					       .end = to,
					       .isa = m->text.isa };

	v->memory = m;
	v->odd = v->stray = DWU_NOWHERE;
	v->inside = false;
	if (m->steps <= STEP_MAX)
		(void)dwu_scan_explore(m, &function, DWU_NOWHERE, judge, v);
}

/* Is there a jump in the function explored that may lead to any of it? */
static bool has_switch(const struct dwu_scan_memory *m)
{
	uint8_t i = m->x.round.switch_count;

	while (i > 0)
		if (m->x.switches[--i].sure)
			return true;
	return false;
}

/*
 * Does a function begin with [from, to)? x86: a piece, the first one asked about,
 * that is only odd (GCC's static functions may be) is none where it is not so
 * behind a jump to where a register says, in the frame that stands there.
 */
static bool is_whole(struct dwu_scan_memory *m, uint32_t from, uint32_t to,
		     bool first, bool *odd)
{
	struct verdict v;

	judge_piece(m, from, to, &v);
	if (!IS_ON(CONFIG_SCAN_PUSHED_RA) || dwu_call_align(m->text.ops) == 0)
		return !v.inside;
	if (first)
		*odd = !v.inside && v.odd != DWU_NOWHERE;
	return !v.inside && (!*odd || (v.odd == DWU_NOWHERE &&
				       !m->x.round.differ && has_switch(m)));
}

/*
 * A landing pad, or blocks of a switch, belong to the function before them:
 * makes *piece what holds it. The program's first function keeps no return
 * address.
 *
 * PIECE_MAX pieces before it at most; each turn goes further back.
 */
static void join_before(struct dwu_scan_memory *m, struct dwu_range *piece)
{
	uint32_t entry = entry_of(m), i;
	struct dwu_range before = *piece;
	bool odd = false;

	for (i = 0; i <= PIECE_MAX; i++) {
		if ((before.from == entry &&
		     !(IS_ON(CONFIG_SCAN_PUSHED_RA) && odd)) ||
		    is_whole(m, before.from, piece->to, i == 0, &odd)) {
			clear_starts(m, before.from, piece->from);
			piece->from = before.from;
			return;
		}
		if (before.from <= m->starts.within.from)
			return;
		find_piece(m, before.from - 1, &before);
	}
}

/*
 * Behind the last call up to `end` that no branch in the piece goes past: if it
 * does not return, a function may begin there. 0: there is none.
 *
 * For example, call abort at 0x1083, the next function at 0x1088 without a bit.
 */
static uint32_t last_call(struct dwu_scan_memory *m,
			  const struct dwu_range *piece, uint32_t end)
{
	struct line l = { .next = piece->from };
	uint32_t reach = 0, found = 0;

	while (l.next < end) {
		if (m->steps++ > STEP_MAX)
			return 0;
		read_line(m, &l);
		if (l.op.insn.flow & (DWU_FLOW_BRANCH | DWU_FLOW_JUMP) &&
		    l.op.target > reach && l.op.target < piece->to)
			reach = l.op.target;
		if (l.op.insn.flow == DWU_FLOW_CALL && reach <= l.next &&
		    l.next <= end)
			found = l.next;
	}
	return found;
}

/* Does what was cut off look better than all, in which `odd` was odd? */
static bool is_better(struct dwu_scan_memory *m, uint32_t start, uint32_t end,
		      uint32_t odd)
{
	struct verdict v;

	judge_piece(m, start, end, &v);
	if (m->x.round.shares && !m->x.round.saves)
		return false;
	/* misaligned calls: the next function may be one more to cut off */
	return !v.inside && (v.odd == DWU_NOWHERE ||
			     (dwu_call_align(m->text.ops) != 0 && v.odd > odd));
}

/* Cuts the piece at a start; what is left holds the place. */
static void cut_at(struct dwu_scan_memory *m, struct dwu_range *piece,
		   uint32_t start, uint32_t place)
{
	set_start(m, start);
	if (place >= start)
		piece->from = start;
	else
		piece->to = start;
}

/*
 * x86: what no edge leads to, behind a call, and returns with something left on
 * the stack if it has the frame of calls before it, is the next function (bash:
 * behind __stack_chk_fail). False: it is not cut off.
 */
static bool split_stray(struct dwu_scan_memory *m, struct dwu_range *piece,
			uint32_t stray, uint32_t place)
{
	uint32_t call, start;

	if (!IS_ON(CONFIG_SCAN_PUSHED_RA) || stray == DWU_NOWHERE)
		return false;
	call = last_call(m, piece, stray);
	start = skip_pads(m, call, piece->to);
	if (call == 0 || !dwu_scan_is_guess(m, start) ||
	    dwu_scan_is_guess(m, call - 1))
		return false;
	cut_at(m, piece, start, place);
	return true;
}

/*
 * What begins behind a call that does not return is cut off; what is left holds
 * the place.
 *
 * Ends: each turn takes something off the piece, PIECE_MAX times at most.
 */
static void split(struct dwu_scan_memory *m, struct dwu_range *piece,
		  uint32_t place)
{
	uint32_t end, start, left, calls;
	struct verdict v;

	for (left = PIECE_MAX; left > 0; left--) {
		judge_piece(m, piece->from, piece->to, &v);
		end = v.odd;
		if (end == DWU_NOWHERE) {
			if (split_stray(m, piece, v.stray, place))
				continue;
			return;
		}
		calls = CALL_MAX;
		do {
			end = last_call(m, piece, end);
			if (end == 0 || calls-- == 0)
				return;
			start = skip_pads(m, end--, piece->to);
		} while (!is_better(m, start, piece->to, v.odd));
		cut_at(m, piece, start, place);
	}
}

/* steps are for one question, swept bytes for one walk. */
bool dwu_sweep(struct dwu_scan_memory *m, uint32_t place,
	       struct dwu_function *function)
{
	struct dwu_range *within = &m->starts.within, piece;
	uint32_t window, end;

	if (m->swept >= DWUNW_SWEEP_WALK_MAX)
		return false;
	within->from = function->start;
	within->to = function->end;
	if (!function->gap || !sweep_gap(m, within))
		sweep_all(m, place);
	m->text.isa = function->isa;
	m->steps = 0;
	m->starts.done = DWU_NOWHERE;
	window = m->starts.of.window;
	end = window + window_size(m);
	if (within->from < window)
		within->from = window;
	if (within->to > end)
		within->to = end;
	between_starts(m, place, &piece);
	if (piece.from == window && piece.from > function->start)
		return false;
	find_piece(m, place, &piece);
	join_before(m, &piece);
	split(m, &piece, place);
	function->start = piece.from;
	function->end = piece.to;
	return true;
}
