/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Where a text has two instruction sets (MIPS16e beside mips32), the sweep reads
 * it without knowing which one a place is of; and functions of the second keep
 * their data among the code. Functions of sweep.c, which alone includes this: a
 * call of each would cost a router 248 bytes.
 */
#ifndef DWU_ISAS_H
#define DWU_ISAS_H

#include "code.h"

/* Constants that nothing loads, or a no-op, before those of a function. */
#define DWU_UNUSED_MAX 6u
/* Words that look like another isa, to be believed: one in 70 does by chance */
#define DWU_TURN_COUNT 4u

/* The next words [lo, hi) of data among the code, by their loads. */
struct dwu_constants {
	uint32_t lo;
	uint32_t hi;
};

/* Takes a load of such a word, if the instruction is one. */
static inline void dwu_constants_note(struct dwu_constants *c,
				      const struct dwu_op *op)
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
static inline uint32_t dwu_constants_skip(struct dwu_text *text,
					  const struct dwu_constants *c,
					  const struct dwu_op *op, uint32_t at)
{
	if (op->insn.table)
		at = dwu_code_table(text, at);
	return at <= c->lo && c->lo - at <= DWU_UNUSED_MAX ? c->hi : at;
}

/* Functions begin at multiples of 4, like those of mips32. */
static inline uint32_t dwu_isa_aligned(const struct dwu_text *text, uint32_t at)
{
	return IS_ON(CONFIG_SCAN_TWO_ISAS) && text->isa ? at + (at & 2) : at;
}

/*
 * Of which isa the code is that is read: words that look like the other one
 * are counted, those that look like this one are taken off (Page 1954,
 * CUSUM), and where the count began to grow the isa changes.
 */
struct dwu_turn {
	uint32_t at;	/* where it does, if it does */
	uint32_t seen;	/* up to here it is known: no turn comes twice */
	uint32_t ended; /* behind the last function's end, as it looks */
	struct dwu_constants constants;
	uint32_t count;
};

/*
 * Does the isa change? text->isa is then the other one, from turn->at on: at the
 * last function's end, if that is no more than `near` bytes before.
 */
static inline bool dwu_turns(struct dwu_text *text, const struct dwu_op *op,
			     struct dwu_turn *turn, uint32_t near)
{
	int like;

	if (op->at & 3 || op->code.size < 4 || op->at < turn->seen)
		return false;
	turn->seen = op->at + 1;
	like = text->ops->isa(text->arch, &op->code);
	if (text->isa)
		like = -like;
	if (like > 0 && turn->count++ == 0)
		turn->at = op->at;
	if (like < 0 && turn->count > 0)
		turn->count--;
	if (turn->count < DWU_TURN_COUNT)
		return false;
	if (turn->at - turn->ended <= near)
		turn->at = turn->ended;
	turn->count = 0;
	text->isa ^= 1;
	return true;
}

#endif
