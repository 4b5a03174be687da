/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Instructions of one function -> the state before each: which register is how
 * far from the CFA, where entry values are saved. explore.h has the method;
 * this is its engine.
 *
 *	0x1129 push rbp		rsp = CFA - 8
 *	0x112a mov rbp, rsp	rsp = CFA - 16, rbp saved at CFA - 16
 *	0x112d sub rsp, 32	.. rbp = CFA - 16
 *	0x1131 call g		rsp = CFA - 48
 *
 *	begin()		blocks: where branches lead to (one pass over the bytes)
 *	settle()	pop() a block whose state is new, run() from there, arrive()
 *			at others with what is known; until nothing is new
 *	explore_rest()	what no edge leads to, by a guess
 *	tell_all()	visit() each instruction with its state
 *
 * It ends: a join only takes knowledge from a state, of which there is a finite
 * amount (DWU_SCAN_REGS values and slots); a restart marks one more call as not
 * returning, RESTART_MAX times at most; and steps are counted (STEPS_A_UNIT).
 *
 * The code is the file's, hostile or data: blocks, states and steps are bounded
 * by the memory that was given, and where it runs out the answer is TOO_LARGE,
 * not a guess.
 */
#include "explore.h"

#include "core/base/bytes.h"
#include "core/elf/dynamic.h"

/* Times that all begins anew, since a call was found out not to return. */
#define RESTART_MAX 16u
/* Instructions run through, for each unit of the function: 2 or 3 are usual. */
#define STEPS_A_UNIT 64u
/* Instructions from its start on in which one tells ld.so's resolver. */
#define RESOLVER_MAX 64u
/* Those of a piece of a function, at most, that is called. */
#define PIECE_MAX 24u
/* Those of a prologue, up to where it saves the return address. */
#define OPEN_MAX 32u
/* The last phase: what is reached in it is worth the same. */
#define PHASE_MAX (UINT16_MAX / DWU_BLOCK_PHASE)

static const struct dwunw_arch_ops *arch_of(const struct dwu_scan_memory *m)
{
	return dwu_arch(m->text.arch);
}

DWU_ONE_COPY static bool in_function(const struct dwu_scan_memory *m,
				     uint32_t at)
{
	return at >= m->x.function.start && at < m->x.function.end;
}

/* A bit of the map `visited`: 1 byte of x86 code, 4 of arm64, 2 of MIPS16e. */
static uint32_t unit_of(const struct dwu_scan_memory *m, uint32_t at)
{
	return (at - m->x.function.start) >> m->x.shift;
}

/* In begin() the map says where instructions start instead (PUSHED_RA). */
static bool visited(const struct dwu_scan_memory *m, uint32_t at)
{
	return in_function(m, at) && dwu_bit(m->visited, unit_of(m, at));
}

static void clear_visited(struct dwu_scan_memory *m)
{
	memset(m->visited, 0,
	       (unit_of(m, m->x.function.end) / 32 + 1) * sizeof(*m->visited));
}

/* [at, end), as far as it is in the function. */
static void set_visited(struct dwu_scan_memory *m, uint32_t at, uint32_t end)
{
	for (; at < end && in_function(m, at); at += 1u << m->x.shift)
		dwu_set_bit(m->visited, unit_of(m, at));
}

/* --- what a state says of the frame ------------------------------------------ */

/* Is it a known distance from the CFA, and not in a realigned frame? */
static bool is_cfa(const struct dwu_value *value)
{
	return value->kind == DWU_VALUE_CFA && !dwu_is_aligned(value->n);
}

/*
 * x86_64: and rsp, -32 loses the distance from the CFA; places of the new frame
 * are known by their distance from each other (DWU_ALIGNED).
 */
uint8_t dwu_scan_aligned_column(const struct dwu_scan_memory *m,
				const struct dwu_scan_state *state)
{
	const struct dwunw_arch_ops *arch = arch_of(m);
	uint8_t i;

	for (i = 0; i < DWU_SCAN_REGS; i++)
		if (state->regs[i].kind == DWU_VALUE_CFA &&
		    dwu_is_aligned(state->regs[i].n) &&
		    (dwu_scan_preserves(arch, i) || i == arch->sp))
			break;
	return i;
}

/*
 * sp first: it is right at any instruction. A register that calls preserve is
 * the next best, as it still holds behind a call.
 */
uint8_t dwu_scan_cfa_column(const struct dwu_scan_memory *m,
			    const struct dwu_scan_state *state)
{
	const struct dwunw_arch_ops *arch = arch_of(m);
	uint8_t i, found = DWU_SCAN_REGS;

	if (is_cfa(&state->regs[arch->sp]))
		return arch->sp;
	for (i = 0; i < DWU_SCAN_REGS; i++) {
		if (!is_cfa(&state->regs[i]))
			continue;
		found = i;
		if (dwu_scan_preserves(arch, i))
			break;
	}
	return found;
}

/*
 * For example, arm64 behind mov x15, x30: x15 and x30 hold x30's entry value,
 * and x30 itself is the answer; behind the next call x15 is.
 */
uint8_t dwu_scan_holder(const struct dwu_scan_state *state, uint8_t reg)
{
	uint8_t i, found = DWU_SCAN_REGS;

	for (i = 0; i < DWU_SCAN_REGS && found != reg; i++)
		if (state->regs[i].kind == DWU_VALUE_ENTRY &&
		    state->regs[i].reg == reg)
			found = i;
	return found;
}

/* A 0 in the link register is no loss: it says that there is no caller. */
bool dwu_scan_ra_lost(const struct dwu_scan_memory *m,
		      const struct dwu_scan_state *state)
{
	const struct dwunw_arch_ops *arch = arch_of(m);

	return state->slots[arch->ra] == DWU_SLOT_NONE &&
	       !dwu_value_is_zero(&state->regs[arch->ra]) &&
	       dwu_scan_holder(state, arch->ra) == DWU_SCAN_REGS;
}

/* The frame's halves: the CFA, the return address. */
enum {
	CFA = 1,
	RA = 2
};

/*
 * Which of them both states know, and tell in the same way. Where code pushes
 * arguments, a register that lasts tells the CFA if it is a frame pointer and
 * stands at its own slot; any other one holds a local's address.
 *
 * For example, a: rsp = CFA - 16, ra at CFA - 8; b: rsp unknown, ra at CFA - 8.
 * Both know RA; CFA is what a join would lose.
 */
static uint8_t both_know(const struct dwu_scan_memory *m,
			 const struct dwu_scan_state *a,
			 const struct dwu_scan_state *b)
{
	const struct dwunw_arch_ops *arch = arch_of(m);
	const struct dwu_value *value;
	uint8_t i, known = 0;

	if (a->slots[arch->ra] != DWU_SLOT_NONE &&
	    a->slots[arch->ra] == b->slots[arch->ra])
		known = RA;
	for (i = 0; i < DWU_SCAN_REGS; i++) {
		value = &a->regs[i];
		if (memcmp(value, &b->regs[i], sizeof(*value)) != 0)
			continue;
		if (is_cfa(value) && (i == arch->sp || arch->link_register ||
				      value->n == a->slots[i]))
			known |= CFA;
		else if (value->kind == DWU_VALUE_ENTRY ?
				 value->reg == arch->ra :
				 i == arch->ra && dwu_value_is_zero(value))
			known |= RA;
	}
	/* a realigned frame's is in memory */
	if (IS_ON(CONFIG_SCAN_PUSHED_RA) &&
	    a->slots[arch->sp] != DWU_SLOT_NONE &&
	    a->slots[arch->sp] == b->slots[arch->sp] &&
	    dwu_scan_aligned_column(m, a) < DWU_SCAN_REGS &&
	    dwu_scan_aligned_column(m, b) < DWU_SCAN_REGS)
		known |= CFA;
	return known;
}

/* --- states, each kept once ------------------------------------------------ */

/*
 * As bytes. Values have no padding (arch/scan.h); the two bytes behind a
 * state's last field are 0, as dwu_scan_fresh() has made them, and are copied
 * with it.
 */
static bool same(const struct dwu_scan_state *a, const struct dwu_scan_state *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/*
 * Where m->next is kept already, or a free place; NO_STATE: none. Linear in the
 * states of one function.
 */
static uint16_t find_next(struct dwu_scan_memory *m)
{
	uint32_t i, found = m->x.round.state_count;

	for (i = 0; i < m->x.round.state_count; i++) {
		if (m->users[i] == 0)
			found = i;
		else if (same(&m->states[i], &m->next))
			return (uint16_t)i;
	}
	if (found == m->state_room)
		return DWU_NO_STATE;
	if (found == m->x.round.state_count)
		m->users[m->x.round.state_count++] = 0;
	return (uint16_t)found;
}

/*
 * Unknowns instead of values of a kind that say little: numbers, what a call
 * does not preserve and, if states are spared, what is saved besides.
 */
static void forget(struct dwu_scan_memory *m, enum dwu_value_kind kind)
{
	const struct dwunw_arch_ops *arch = arch_of(m);
	struct dwu_value *value;
	uint8_t i;

	for (i = 0; i < arch->reg_count; i++) {
		value = &m->next.regs[i];
		if (i == arch->ra || i == arch->sp || value->kind != kind)
			continue;
		if (kind == DWU_VALUE_CONST ||
		    (kind == DWU_VALUE_ENTRY &&
		     (!dwu_scan_is_saved(arch, value->reg) ||
		      (m->x.sparing &&
		       m->next.slots[value->reg] != DWU_SLOT_NONE))) ||
		    (kind == DWU_VALUE_CFA && !dwu_scan_preserves(arch, i)))
			*value = (struct dwu_value){ 0 };
	}
}

/*
 * Gives *state a place that holds m->next instead. False: no room.
 *
 * The first time that there is no room, all begins anew with states that say
 * less (sparing): fewer of them differ. The second time the scan gives up.
 */
static bool keep_next(struct dwu_scan_memory *m, uint16_t *state)
{
	uint16_t at;

	at = find_next(m);
	if (at == DWU_NO_STATE && !m->x.sparing) {
		m->x.sparing = true;
		m->x.round.restart = true;
		return false;
	}
	if (at == DWU_NO_STATE || m->users[at] == UINT16_MAX) {
		m->x.dropped = true;
		return false;
	}
	if (m->users[at]++ == 0)
		m->states[at] = m->next;
	if (*state != DWU_NO_STATE)
		m->users[*state]--;
	*state = at;
	return true;
}

/*
 * Leaves in *a what both states say.
 *
 * Two values that differ become unknown, two slots none. A return address that
 * may be signed is taken for signed: clearing the bits of a signature from an
 * address that has none changes nothing.
 */
static void join(const struct dwunw_arch_ops *arch, struct dwu_scan_state *a,
		 const struct dwu_scan_state *b)
{
	struct dwu_value *sp = &a->regs[arch->sp];
	bool differ = sp->kind == DWU_VALUE_CFA &&
		      b->regs[arch->sp].kind == DWU_VALUE_CFA;
	uint8_t i;

	for (i = 0; i < DWU_SCAN_REGS; i++) {
		if (memcmp(&a->regs[i], &b->regs[i], sizeof(a->regs[i])) != 0)
			a->regs[i] = (struct dwu_value){ 0 };
		if (a->slots[i] != b->slots[i])
			a->slots[i] = DWU_SLOT_NONE;
	}
	a->ra_signed |= b->ra_signed;
	a->slot_signed |= b->slot_signed;
	if (differ && sp->kind == DWU_VALUE_UNKNOWN)
		sp->n = DWU_SP_DIFFERS;
}

/* --- blocks ------------------------------------------------------------------ */

/*
 * The first block at `at` or behind it.
 *
 * Blocks are kept in the order of their places; the rest is halved in each
 * turn.
 */
static uint32_t first_from(const struct dwu_scan_memory *m, uint32_t at)
{
	uint32_t lo = 0, hi = m->x.block_count, middle;

	while (lo < hi) {
		middle = (lo + hi) / 2;
		if (m->blocks[middle].at < at)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

static struct dwu_block *block_at(const struct dwu_scan_memory *m, uint32_t at)
{
	uint32_t i = first_from(m, at);

	return i < m->x.block_count && m->blocks[i].at == at ? &m->blocks[i] :
							       NULL;
}

/*
 * The block at `at`, made if need be, with more bits. NULL: no room.
 *
 * Insertion moves what stands behind: pointers to blocks are good until the
 * next one.
 */
static struct dwu_block *add_block(struct dwu_scan_memory *m, uint32_t at,
				   uint16_t bits)
{
	uint32_t i = first_from(m, at);
	struct dwu_block *b = &m->blocks[i];

	if (i == m->x.block_count || b->at != at) {
		if (m->x.block_count == m->block_room) {
			m->x.dropped = true;
			return NULL;
		}
		memmove(b + 1, b, (m->x.block_count++ - i) * sizeof(*b));
		*b = (struct dwu_block){ .at = at, .state = DWU_NO_STATE };
	}
	b->bits |= bits;
	return b;
}

/*
 * The first block from i on of which these bits are so.
 *
 * `called` 0 or DWU_BLOCK_CALLED: those that edges lead to, or those behind
 * calls.
 */
static struct dwu_block *find_dirty(struct dwu_scan_memory *m, uint32_t i,
				    uint16_t called)
{
	const uint16_t mask = DWU_BLOCK_DIRTY | DWU_BLOCK_CALLED;

	for (; i < m->x.block_count; i++)
		if ((m->blocks[i].bits & mask) == (DWU_BLOCK_DIRTY | called))
			return &m->blocks[i];
	return NULL;
}

/* What the code is that a guess is made for. */
enum {
	GUESS_NONE = 0,
	GUESS_CODE,
	GUESS_PAD /* no-ops that align what follows: nothing runs there */
};

/*
 * A block's bits hold the phase in which it was reached, 11 bits of it: what
 * came in an earlier phase is worth more (explore.h).
 */
static void next_phase(struct dwu_scan_memory *m, uint32_t root, uint8_t guess)
{
	m->x.root = root;
	m->x.round.guess = guess;
	if (m->x.round.phase < PHASE_MAX)
		m->x.round.phase++;
}

/*
 * Takes the next block: one that an edge leads to, the first; without any, what
 * stands behind the first call. Calls that do not return stand last, by habit
 * of compilers. Its state is in m->now.
 *
 * A block that no branch leads to, behind a call, is given up once it runs:
 * nothing can come to it again but the run before it.
 */
static bool pop(struct dwu_scan_memory *m, uint32_t *at)
{
	struct dwu_block *b = find_dirty(m, first_from(m, m->x.low), 0);
	uint32_t i;

	m->x.low = b ? b->at : DWU_NOWHERE;
	if (!b) {
		b = find_dirty(m, 0, DWU_BLOCK_CALLED);
		if (!b)
			return false;
		next_phase(m, b->at, m->x.round.guess);
	}
	*at = b->at;
	b->bits &= (uint16_t)~DWU_BLOCK_DIRTY;
	m->now = m->states[b->state];
	if (b->bits & (DWU_BLOCK_LEADER | DWU_BLOCK_CUT))
		return true;
	m->users[b->state]--;
	i = (uint32_t)(b - m->blocks);
	m->x.block_count--;
	memmove(b, b + 1, (m->x.block_count - i) * sizeof(*b));
	return true;
}

/* --- paths that meet --------------------------------------------------------- */

/* What stands before it does not return; if that was explored, all that came
 * from there is undone. */
static void cut(struct dwu_scan_memory *m, uint32_t behind_call)
{
	if (m->x.restarts < RESTART_MAX &&
	    add_block(m, behind_call, DWU_BLOCK_CUT))
		m->x.round.restart = visited(m, behind_call);
}

/*
 * The path that comes with m->next contradicts the block. A path straight from
 * behind a call is worth less than an edge, and one that was explored later
 * less than an earlier one. JOIN: they are worth the same.
 */
enum verdict {
	JOIN,
	DROP,
	REPLACE
};

static enum verdict judge(struct dwu_scan_memory *m, struct dwu_block *b,
			  bool called)
{
	bool later = m->x.round.phase > b->bits / DWU_BLOCK_PHASE;

	if (b->bits & DWU_BLOCK_CALLED && !called) {
		cut(m, b->at);
		return REPLACE;
	}
	if (called && !(b->bits & DWU_BLOCK_CALLED))
		return DROP;
	if (!later)
		return JOIN;
	if (!m->x.round.guess && m->x.root != b->at)
		cut(m, m->x.root);
	return DROP;
}

/*
 * Makes m->next the block's state with that path. False: nothing changes.
 *
 * `lost` is what both know of the frame, each in its own way: a contradiction,
 * of which judge() decides. Where one of them does not know, a join is right in
 * any case; but of a guess, `lost` is all that the block knows and the guess
 * does not.
 */
static bool meet(struct dwu_scan_memory *m, struct dwu_block *b, bool called)
{
	const struct dwu_scan_state *state = &m->states[b->state];
	enum verdict verdict = JOIN;
	uint8_t lost;

	if (same(state, &m->next))
		return true;
	/* nothing comes from between blocks */
	if (m->x.round.guess == GUESS_PAD &&
	    m->x.round.phase > b->bits / DWU_BLOCK_PHASE)
		return false;
	lost = both_know(m, state, state) & ~both_know(m, state, &m->next);
	/* a guess takes nothing away */
	if (!m->x.round.guess)
		lost &= both_know(m, &m->next, &m->next);
	if (lost)
		verdict = judge(m, b, called);
	if (verdict == JOIN)
		join(arch_of(m), &m->next, state);
	return verdict != DROP;
}

/*
 * What runs into a block that was not known to be one ends there.
 *
 * It is run again from the block before, as that run did not stop here.
 */
static void run_before(struct dwu_scan_memory *m, struct dwu_block *b)
{
	while (b-- > m->blocks)
		if (b->state != DWU_NO_STATE) {
			b->bits |= DWU_BLOCK_DIRTY;
			if (b->at < m->x.low)
				m->x.low = b->at;
			return;
		}
}

/*
 * Control comes to `at` with m->next; `called`: straight from behind a call.
 *
 * Numbers, and entry values that no caller wants back, are forgotten first:
 * states then differ in fewer ways, and more of them are one.
 */
static void arrive(struct dwu_scan_memory *m, uint32_t at, bool called)
{
	struct dwu_block *b;
	uint16_t old;

	if (m->x.telling || !in_function(m, at))
		return;
	b = add_block(m, at, called ? 0 : DWU_BLOCK_LEADER);
	if (!b || b->bits & DWU_BLOCK_DATA ||
	    (called && b->bits & DWU_BLOCK_CUT))
		return;
	forget(m, DWU_VALUE_CONST);
	forget(m, DWU_VALUE_ENTRY);
	if (m->x.sparing)
		forget(m, DWU_VALUE_CFA);
	old = b->state;
	if (old != DWU_NO_STATE && !meet(m, b, called))
		return;
	if (old == DWU_NO_STATE) {
		b->bits |= (uint16_t)(m->x.round.phase * DWU_BLOCK_PHASE);
		if (m->x.round.untold)
			b->bits |= DWU_BLOCK_GUESS;
		if (called)
			b->bits |= DWU_BLOCK_CALLED;
		else if (visited(m, at))
			run_before(m, b);
	}
	if (!called)
		b->bits &= (uint16_t)~DWU_BLOCK_CALLED;
	if (at < m->x.low)
		m->x.low = at;
	if (keep_next(m, &b->state) && b->state != old)
		b->bits |= DWU_BLOCK_DIRTY;
}

/* --- effects --------------------------------------------------------------- */

/*
 * Slots below the stack are anyone's.
 *
 * Below sp - red_zone a signal handler may write at any time (psABI x86-64
 * 3.2.2: 128 bytes; others have none), and callees do (red_zone 0).
 */
static void drop_slots(const struct dwunw_arch_ops *arch,
		       struct dwu_scan_state *state, int32_t red_zone)
{
	const struct dwu_value *sp = &state->regs[arch->sp];
	uint8_t i;

	if (sp->kind != DWU_VALUE_CFA || sp->n < INT32_MIN + red_zone)
		return;
	for (i = 0; i < arch->reg_count; i++)
		if (state->slots[i] < sp->n - red_zone)
			state->slots[i] = DWU_SLOT_NONE;
}

/* A word among the code, which does not change, and is none. op->code is gone
 * then. */
static void load_constant(struct dwu_scan_memory *m, const struct dwu_op *op,
			  struct dwu_value *to)
{
	set_visited(m, op->target, op->target + 4);
	if (in_function(m, op->target))
		(void)add_block(m, op->target, DWU_BLOCK_DATA);
	to->n = (int32_t)dwu_code_number(&m->text, op->target, 4);
	to->kind = to->n ? DWU_VALUE_CONST : DWU_VALUE_UNKNOWN;
}

/* The target's own effect, then what is true of all targets. */
static void apply(struct dwu_scan_memory *m, const struct dwu_op *op,
		  struct dwu_scan_state *state)
{
	m->text.ops->effect(m->text.arch, &op->code, &op->insn, state);
	if (IS_ON(CONFIG_SCAN_TWO_ISAS) && op->insn.flow == DWU_FLOW_NEXT &&
	    op->target != DWU_NOWHERE)
		load_constant(m, op, &state->regs[op->insn.reg]);
	drop_slots(arch_of(m), state, dwu_scan_ops(m->text.ops)->red_zone);
}

/* A call writes its return address before its delay slot runs. */
static void lose_link(const struct dwunw_arch_ops *arch,
		      struct dwu_scan_state *state)
{
	struct dwu_value *link = &state->regs[arch->ra];

	/* a link register of 0 is a mark: whoever set it has no caller */
	if (!dwu_value_is_zero(link))
		*link = (struct dwu_value){ 0 };
	state->ra_signed = false;
}

/* Is the return address nowhere but in registers that calls do not preserve? */
static bool in_scratch(const struct dwunw_arch_ops *arch,
		       const struct dwu_scan_state *state)
{
	bool scratch = state->slots[arch->ra] == DWU_SLOT_NONE;
	uint8_t i;

	for (i = 0; i < DWU_SCAN_REGS; i++)
		if (dwu_scan_preserves(arch, i) &&
		    state->regs[i].kind == DWU_VALUE_ENTRY &&
		    state->regs[i].reg == arch->ra)
			scratch = false;
	return scratch;
}

/*
 * Who keeps the return address in such a register knows the callee: it stays
 * there (glibc, arm64: rawmemchr, x15).
 *
 * psABI x86-64 3.2.1, AAPCS64 6.1.1, o32: a callee may change all but the
 * preserved.
 */
static void clobber(const struct dwunw_arch_ops *arch,
		    struct dwu_scan_state *state)
{
	bool stays = IS_ON(CONFIG_SCAN_WIDE_LINK) && in_scratch(arch, state);
	struct dwu_value *value;
	uint8_t i;

	for (i = 0; i < DWU_SCAN_REGS; i++) {
		value = &state->regs[i];
		if (!dwu_scan_preserves(arch, i) && i != arch->sp &&
		    i != arch->ra &&
		    !(stays && value->kind == DWU_VALUE_ENTRY &&
		      value->reg == arch->ra))
			*value = (struct dwu_value){ 0 };
	}
	drop_slots(arch, state, 0);
}

/*
 * From the callee at `at` to where straight code ends: what it does to m->next.
 *
 * A jump out of it or a return ends it; more than PIECE_MAX instructions are no
 * piece.
 */
static void run_callee(struct dwu_scan_memory *m, uint32_t at,
		       struct dwu_op *op)
{
	uint32_t i;

	for (i = 0; i < PIECE_MAX; i++, at = op->next) {
		dwu_code_read(&m->text, at, op);
		if (op->insn.size == 0 || op->insn.flow != DWU_FLOW_NEXT)
			return;
		apply(m, op, &m->next);
	}
	op->insn.flow = DWU_FLOW_END;
}

/* … and what it is called with is in m->next before. */
static void run_from_entry(struct dwu_scan_memory *m, uint32_t at,
			   struct dwu_op *op)
{
	dwu_scan_fresh(&m->next);
	m->next.regs[arch_of(m)->sp] =
		(struct dwu_value){ .kind = DWU_VALUE_CFA };
	run_callee(m, at, op);
}

bool dwu_scan_is_bare(struct dwu_scan_memory *m, uint32_t at)
{
	const struct dwunw_arch_ops *arch = arch_of(m);
	struct dwu_op op;

	if (!IS_ON(CONFIG_SCAN_WIDE_LINK) || !arch->link_register ||
	    at == DWU_NOWHERE)
		return false;
	run_from_entry(m, at, &op);
	return op.insn.flow == DWU_FLOW_CALL &&
	       m->next.slots[arch->ra] == DWU_SLOT_NONE;
}

uint8_t dwu_scan_piece(struct dwu_scan_memory *m, uint32_t at)
{
	const struct dwunw_arch_ops *arch = arch_of(m);
	const struct dwu_value *sp = &m->next.regs[arch->sp];
	const struct dwu_value *fp = &m->next.regs[arch->fp];
	struct dwu_op op;
	bool moved;

	if (!dwu_has_wide_link(m->text.arch) || at == DWU_NOWHERE)
		return 0;
	run_from_entry(m, at, &op);
	/* a function's loop may begin with a jump, its frame made */
	moved = sp->kind != DWU_VALUE_CFA ||
		(op.insn.flow == DWU_FLOW_RETURN && sp->n != 0) ||
		fp->kind != DWU_VALUE_ENTRY || fp->reg != arch->fp;
	return moved && m->next.slots[arch->fp] == DWU_SLOT_NONE &&
			       dwu_scan_holder(&m->next, arch->ra) == arch->ra ?
		       op.insn.flow & (DWU_FLOW_RETURN | DWU_FLOW_JUMP) :
		       0;
}

/* If the callee is a piece of this function, m->next has what it does. True: it
 * returns itself, and loses no more than that. */
DWU_ONE_COPY static bool call_piece(struct dwu_scan_memory *m, uint32_t at)
{
	struct dwu_op op;
	uint8_t flow;

	m->now = m->next;
	flow = dwu_scan_piece(m, at);
	m->next = m->now;
	if (flow)
		run_callee(m, at, &op);
	return flow == DWU_FLOW_RETURN;
}

/*
 * For example, arm64, Cortex-A53 erratum 843419: ld replaces a load by a branch
 * to a stub, { load; b back }. The jump and the jump back count as straight
 * code.
 */
bool dwu_scan_detour(struct dwu_text *text, const struct dwu_op *jump)
{
	struct dwu_op op;

	if (dwu_scan_ops(text->ops)->delay_slots)
		return false;
	dwu_code_read(text, jump->target, &op);
	if (op.insn.size == 0 || op.insn.flow != DWU_FLOW_NEXT)
		return false;
	dwu_code_read(text, op.next, &op);
	return op.insn.flow == DWU_FLOW_JUMP && op.target == jump->next;
}

/* --- one run: instructions one after another ------------------------------- */

/* Nobody is told before all has settled: a state may still lose knowledge. */
static void tell(struct dwu_scan_memory *m, const struct dwu_op *op,
		 const struct dwu_scan_state *state, uint8_t moment)
{
	const struct dwu_scan_at at = { .op = op,
					.state = state,
					.moment = moment };

	if (m->x.telling && !m->x.stopped)
		m->x.stopped = !m->x.visit(m->x.ctx, &at);
}

/*
 * Has this state a frame, unlike a tail call's?
 *
 * x86_64: entry_size 8, so sp = CFA - 8 is no frame; arm64: sp = CFA.
 */
static bool has_frame(const struct dwu_scan_memory *m,
		      const struct dwu_scan_state *state)
{
	const struct dwunw_arch_ops *arch = arch_of(m);
	const struct dwu_value *sp = &state->regs[arch->sp];

	return sp->kind != DWU_VALUE_CFA || sp->n != -arch->entry_size;
}

/* Does the code before a place run on into it? Then no function begins there. */
static bool is_run_into(struct dwu_scan_memory *m, uint32_t at)
{
	/* a call may not return */
	const uint8_t flows = DWU_FLOW_RETURN | DWU_FLOW_JUMP | DWU_FLOW_END |
			      DWU_FLOW_INDIRECT | DWU_FLOW_CALL;
	uint32_t before = at - 4;
	struct dwu_op op;

	if (at < 8 || at == DWU_NOWHERE || m->text.isa ||
	    dwu_scan_ops(m->text.ops)->unit != 4)
		return false;
	dwu_code_read(&m->text, at - 8, &op);
	if (op.insn.delay && op.insn.flow & flows)
		return false;
	dwu_code_read(&m->text, before, &op);
	return op.insn.size != 0 && !op.insn.pad && !(op.insn.flow & flows);
}

/*
 * Control leaves with m->next. A function that has saved its return address
 * nowhere, ever, and has lost it there, or jumps into the midst of another one,
 * is none: a part of one, that jumps lead to. What is in the link register is
 * then no return address of it.
 */
static void note_link(struct dwu_scan_memory *m, const struct dwu_op *op)
{
	if (m->next.slots[arch_of(m)->ra] != DWU_SLOT_NONE) {
		m->x.round.saves = true;
		return;
	}
	m->x.round.shares |= op->insn.flow == DWU_FLOW_JUMP &&
			     is_run_into(m, op->target);
	m->x.round.loses |= m->x.round.shares || dwu_scan_ra_lost(m, &m->next);
}

/* Is sp in a call what no function's is that keeps the psABI? */
static bool is_misaligned(const struct dwu_scan_memory *m,
			  const struct dwu_scan_state *state)
{
	const struct dwu_value *sp = &state->regs[arch_of(m)->sp];
	uint8_t align = dwu_call_align(m->text.ops);

	return align != 0 && sp->kind == DWU_VALUE_CFA && sp->n % align != 0;
}

/*
 * m->body is what is known at all calls: the frame of the function's body, by
 * which code that nothing leads to is judged (guess()).
 */
static void note_call(struct dwu_scan_memory *m)
{
	if (m->x.round.called)
		join(arch_of(m), &m->body, &m->next);
	else
		m->body = m->next;
	m->x.round.called = true;
	m->x.round.misaligned |= is_misaligned(m, &m->next);
}

/* --- tables that jumps go through ------------------------------------------- */

/*
 * Where entry i leads to; DWU_NOWHERE: out of the function. False: the table is
 * none.
 *
 * Relative entries (GCC, clang: .rodata, 4 bytes from the table) and absolute
 * ones.
 */
static bool entry_at(struct dwu_scan_memory *m, const struct dwu_table *t,
		     uint32_t i, uint32_t *to)
{
	uint64_t high = m->text.vaddr & ~(uint64_t)UINT32_MAX, n = 0;

	if (!dwu_dynamic_word(&m->text.module->elf, &m->text.window,
			      (high | t->at) + (uint64_t)i * t->size, t->size,
			      &n))
		return false;
	*to = dwu_code_place(&m->text, high | (uint32_t)(t->base + n));
	if (*to == DWU_NOWHERE)
		return false;
	if (!in_function(m, *to))
		*to = DWU_NOWHERE;
	return true;
}

/*
 * A table that code in front of the jump gives a length to. Each entry must lead
 * to an instruction, all of which are marked as visited, or out of the function.
 */
static void add_table(struct dwu_scan_memory *m, const struct dwu_op *op,
		      const struct dwu_table *t)
{
	uint32_t i, to;

	if (t->count == 0 || m->x.jump_count == DWU_TABLE_MAX)
		return;
	for (i = 0; i < t->count; i++)
		if (!entry_at(m, t, i, &to) ||
		    (to != DWU_NOWHERE && !visited(m, to)))
			return;
	for (i = 0; i < t->count; i++)
		if (entry_at(m, t, i, &to) && to != DWU_NOWHERE)
			(void)add_block(m, to, DWU_BLOCK_LEADER);
	m->x.jumps[m->x.jump_count++] =
		(struct dwu_jump){ .at = op->at, .table = *t };
}

/*
 * Compilers load a table's address in front of loops, so that is believed from
 * there on in the order of places; all else from one branch's target to the
 * next. A wrong edge would only take knowledge away.
 */
static void keep_constants(struct dwu_scan_state *state)
{
	uint8_t i;

	for (i = 0; i < DWU_SCAN_REGS; i++)
		if (state->regs[i].kind != DWU_VALUE_CONST)
			state->regs[i].kind = DWU_VALUE_UNKNOWN;
}

/*
 * One pass over the bytes: movslq (%rdi,%rax,4), add, jmp *, behind cmp $n, ja.
 */
static void find_tables(struct dwu_scan_memory *m)
{
	struct dwu_table t = { 0 };
	uint32_t at = m->x.function.start;
	bool fresh = true;
	struct dwu_op op;

	dwu_scan_fresh(&m->next);
	for (; in_function(m, at); at = op.next) {
		if (fresh || block_at(m, at))
			keep_constants(&m->next);
		dwu_code_read(&m->text, at, &op);
		fresh = op.insn.size == 0 ||
			(op.insn.flow & ~(DWU_FLOW_CALL | DWU_FLOW_BRANCH));
		if (op.insn.flow == DWU_FLOW_CALL)
			clobber(arch_of(m), &m->next);
		else if (op.insn.size &&
			 m->text.ops->table(m->text.arch, &op.code, &m->next,
					    &t))
			add_table(m, &op, &t);
	}
}

/*
 * From a jump with m->next, to where its table leads. False: that is not known.
 *
 * The entries count as steps: a table may have 65,535 of them, and be taken
 * often.
 */
static bool take_table(struct dwu_scan_memory *m, const struct dwu_op *op)
{
	const struct dwu_jump *j = m->x.jumps, *end = j + m->x.jump_count;
	uint32_t i, to;

	while (j < end && j->at != op->at)
		j++;
	if (j == end)
		return false;
	m->x.steps += j->table.count;
	m->now = m->next;
	for (i = 0; i < j->table.count && !m->x.round.restart; i++) {
		m->next = m->now;
		if (entry_at(m, &j->table, i, &to) && to != DWU_NOWHERE)
			arrive(m, to, false);
	}
	return true;
}

/*
 * Leaves m->next joined with what was known there before.
 *
 * Kept for guess(): blocks of a switch whose table is not known are reached
 * from here.
 */
static void note_switch(struct dwu_scan_memory *m, const struct dwu_op *op)
{
	struct dwu_switch *s = m->x.switches;

	while (s < m->x.switches + m->x.round.switch_count && s->at != op->at)
		s++;
	if (s == m->x.switches + DWU_SWITCH_MAX)
		return;
	if (s == m->x.switches + m->x.round.switch_count) {
		m->x.round.switch_count++;
		*s = (struct dwu_switch){ .at = op->at, .state = DWU_NO_STATE };
	} else {
		join(arch_of(m), &m->next, &m->states[s->state]);
	}
	s->sure = op->insn.table || has_frame(m, &m->next);
	(void)keep_next(m, &s->state);
}

/*
 * The instruction in a delay slot: told with the state before it, applied to
 * m->next. False: there is none.
 *
 * mips32: the instruction behind a jump or branch runs before control goes. A
 * block there means that something jumps to it as well.
 */
static bool slot(struct dwu_scan_memory *m, uint32_t at, struct dwu_op *op)
{
	dwu_code_read(&m->text, at, op);
	if (!in_function(m, at) || op->insn.size == 0)
		return false;
	set_visited(m, op->at, op->next);
	if (!block_at(m, at))
		tell(m, op, &m->next, DWU_BEFORE);
	if (op->insn.flow == DWU_FLOW_NEXT)
		apply(m, op, &m->next);
	return true;
}

/*
 * Behind a call, whose slot is done; `last` is what was run last. True: that it
 * returns was decided before; the run goes on with m->now.
 *
 * A second arrival behind a call whose code was run through already goes
 * straight on: no block is made for each call of a loop.
 */
static bool call(struct dwu_scan_memory *m, uint32_t callee,
		 const struct dwu_op *last)
{
	if (!IS_ON(CONFIG_SCAN_WIDE_LINK) || !dwu_has_wide_link(m->text.arch) ||
	    !call_piece(m, callee))
		clobber(arch_of(m), &m->next);
	note_link(m, last);
	tell(m, last, &m->next, DWU_IN_CALL);
	if (!m->x.telling)
		note_call(m);
	if (visited(m, last->next) && !block_at(m, last->next)) {
		m->now = m->next;
		return true;
	}
	arrive(m, last->next, true);
	return false;
}

/*
 * Where control goes from an instruction: m->now is the state where it goes on
 * to *next, m->next the one where it jumps. False: the run ends.
 *
 * "likely" branches of mips32 run their slot only if they are taken, so m->now
 * has not seen it.
 */
static bool leave(struct dwu_scan_memory *m, const struct dwu_op *op,
		  uint32_t *next)
{
	const struct dwu_op *last = op; /* before control leaves */
	struct dwu_op in_slot;
	uint8_t flow = op->insn.flow;

	m->next = m->now;
	if (flow == DWU_FLOW_CALL)
		lose_link(arch_of(m), &m->next);
	if (op->insn.delay) {
		if (slot(m, op->next, &in_slot))
			last = &in_slot;
		*next = last->next;
		if (!op->insn.likely)
			m->now = m->next;
	}
	if (flow == DWU_FLOW_CALL)
		return call(m, op->target, last);
	if (in_function(m, op->target) &&
	    !(m->x.telling && op->target == m->x.function.start)) {
		arrive(m, op->target, false);
	} else if (flow == DWU_FLOW_JUMP && dwu_scan_detour(&m->text, op)) {
		return true;
	} else if (flow != DWU_FLOW_END) {
		note_link(m, op);
		tell(m, op, &m->next,
		     flow == DWU_FLOW_RETURN ? DWU_LEAVING : DWU_JUMPING);
		if (flow == DWU_FLOW_INDIRECT && !m->x.telling &&
		    !(IS_ON(CONFIG_SCAN_PUSHED_RA) && take_table(m, op)))
			note_switch(m, op);
		if (IS_ON(CONFIG_SCAN_TWO_ISAS) && flow == DWU_FLOW_INDIRECT)
			set_visited(m, *next, dwu_code_table(&m->text, *next));
	}
	return flow == DWU_FLOW_BRANCH;
}

/*
 * From `at` with m->now to where control leaves, or comes to a block.
 *
 * Each turn takes an instruction and a step of the budget; it ends at a block,
 * which is run for itself, since what comes to it there may say more or less.
 */
static void run(struct dwu_scan_memory *m, uint32_t at)
{
	const struct dwu_block *end, *b = m->blocks + first_from(m, at + 1);
	struct dwu_op op;

	while (!m->x.stopped && !m->x.round.restart && in_function(m, at)) {
		if (m->x.steps++ > m->x.step_max) {
			m->x.dropped = true;
			return;
		}
		dwu_code_read(&m->text, at, &op);
		if (op.insn.size == 0) {
			m->x.round.undecodable = true;
			return;
		}
		set_visited(m, op.at, op.next);
		tell(m, &op, &m->now, DWU_BEFORE);
		m->x.round.framed |= has_frame(m, &m->now);
		if (!(op.insn.flow & (DWU_FLOW_CALL | DWU_FLOW_RETURN)))
			apply(m, &op, &m->now);
		at = op.next;
		if (op.insn.flow != DWU_FLOW_NEXT) {
			if (!leave(m, &op, &at))
				return;
			b = m->blocks + first_from(m, at);
		}
		end = m->blocks + m->x.block_count;
		while (b < end && b->at < at)
			b++;
		if (b < end && b->at == at) {
			m->next = m->now;
			arrive(m, at, false);
			return;
		}
	}
}

/*
 * All that is to be explored, until nothing changes.
 *
 * pop() takes DIRTY blocks; a block gets dirty again only when its state has
 * changed, which is a loss of knowledge (join()), or, once a block, REPLACE
 * (judge()).
 */
static void settle(struct dwu_scan_memory *m)
{
	uint32_t at;

	while (!m->x.round.restart && !m->x.dropped && pop(m, &at))
		run(m, at);
}

/* --- what no edge leads to -------------------------------------------------- */

/*
 * The state at the first instruction of any function: nothing has been changed.
 */
void dwu_scan_fresh(struct dwu_scan_state *state)
{
	uint8_t i;

	memset(state, 0, sizeof(*state));
	for (i = 0; i < DWU_SCAN_REGS; i++) {
		state->regs[i].kind = DWU_VALUE_ENTRY;
		state->regs[i].reg = i;
		state->slots[i] = DWU_SLOT_NONE;
	}
}

/*
 * x86_64: the call has pushed 8 bytes (psABI 3.2.2), so rsp = CFA - 8 and the
 * return address is at CFA - 8. ld.so's resolver is jumped to by the PLT:
 * arm64's has pushed x16 and x30, 16 bytes; mips32's stub has moved ra to t7,
 * column 15.
 */
static void entry_state(const struct dwu_scan_memory *m,
			struct dwu_scan_state *state)
{
	const struct dwunw_arch_ops *arch = arch_of(m);
	uint8_t column = dwu_scan_ops(m->text.ops)->resolver_ra;
	int32_t pushed = arch->entry_size;

	dwu_scan_fresh(state);
	if (m->x.resolver && column)
		state->regs[column] = state->regs[arch->ra];
	else if (m->x.resolver)
		pushed = 16;
	state->regs[arch->sp] =
		(struct dwu_value){ .kind = DWU_VALUE_CFA, .n = -pushed };
	if (arch->link_register && !m->x.resolver)
		return;
	state->regs[arch->ra] = (struct dwu_value){ 0 };
	if (!column)
		state->slots[arch->ra] = -8;
}

/*
 * What the switches that may lead to code agree in, in m->next: all of them
 * where one is sure, for a tail call's pointer leads out of the function.
 */
static bool join_switches(struct dwu_scan_memory *m)
{
	const struct dwu_switch *s = m->x.switches;
	const struct dwu_switch *end = s + m->x.round.switch_count;
	bool any = false, sure = false;

	for (; s < end; s++)
		sure |= s->sure;
	if (!sure && m->x.round.called)
		return false;
	for (s = m->x.switches; s < end; s++) {
		if (s->sure != sure)
			continue;
		if (any)
			join(arch_of(m), &m->next, &m->states[s->state]);
		else
			m->next = m->states[s->state];
		any = true;
	}
	return any;
}

/*
 * Does a function begin at `at`, by what it does until control may leave? It
 * opens a frame, and saves its return address in it or calls with sp aligned.
 */
static bool opens(struct dwu_scan_memory *m, uint32_t at)
{
	const struct dwunw_arch_ops *arch = arch_of(m);
	struct dwu_op op;
	bool found = false;
	uint32_t i;

	dwu_code_read(&m->text, at, &op);
	if (m->text.ops->start(m->text.arch, &op.code) == DWU_START_NO)
		return false;
	entry_state(m, &m->next);
	for (i = 0; i < OPEN_MAX && !found; i++, at = op.next) {
		dwu_code_read(&m->text, at, &op);
		if (op.insn.size == 0 || op.insn.flow & ~DWU_FLOW_BRANCH)
			break;
		m->text.ops->effect(m->text.arch, &op.code, &op.insn, &m->next);
		found = arch->link_register &&
			m->next.slots[arch->ra] != DWU_SLOT_NONE;
	}
	if (dwu_call_align(m->text.ops) != 0)
		found = op.insn.flow == DWU_FLOW_CALL &&
			m->next.regs[arch->sp].kind == DWU_VALUE_CFA &&
			!is_misaligned(m, &m->next);
	return found;
}

/*
 * Leaves in m->next the state of code at `at` that nothing was seen to lead to.
 *
 * In this order: the entry's frame where a function may begin; where switches may
 * lead; the frame at all calls; the entry's frame in a function that never had
 * another one. What has no CFA by that is CONTRADICTION.
 */
static bool guess(struct dwu_scan_memory *m, uint32_t at, uint8_t what)
{
	bool entry = opens(m, at);

	m->x.round.untold = !entry && !join_switches(m);
	if (m->x.round.untold && m->x.round.called)
		m->next = m->body;
	else if (entry || (m->x.round.untold && !m->x.round.framed &&
			   !m->x.round.undecodable))
		entry_state(m, &m->next);
	else if (m->x.round.untold)
		return false;
	next_phase(m, DWU_NOWHERE, what);
	m->x.round.differ |= dwu_scan_cfa_column(m, &m->next) == DWU_SCAN_REGS;
	return !m->x.round.differ;
}

/* --- the function ------------------------------------------------------------ */

/*
 * By two instructions of _dl_runtime_resolve near its start
 * (arch/TARGET/scan.c): it is called by no call, so its return address is not
 * where a call leaves it.
 */
bool dwu_scan_is_resolver(struct dwu_scan_memory *m, uint32_t at)
{
	const uint32_t *words = dwu_scan_ops(m->text.ops)->resolver;
	struct dwu_op op = { .next = at };
	uint32_t i;

	if (words[0] == 0 || m->text.isa)
		return false;
	for (i = 0; i < RESOLVER_MAX; i++) {
		dwu_code_read(&m->text, op.next, &op);
		if (op.insn.size == 0 || (op.insn.flow & ~DWU_FLOW_CALL))
			break;
		if (dwu_code_number(&m->text, op.at, 4) == words[0])
			return dwu_code_number(&m->text, op.next, 4) ==
			       words[1];
	}
	return false;
}

/*
 * Zeroes and fills m->x. False: the function is too large.
 *
 * The bytes are read straight through: on x86 data among the code may make this
 * lose its place, and a block too many costs a join, no wrong state.
 */
static bool begin(struct dwu_scan_memory *m, const struct dwu_function *f)
{
	uint32_t at = f->start, units;
	struct dwu_op op;
	bool indirect = false;

	memset(&m->x, 0, sizeof(m->x));
	m->x.function = *f;
	/* a unit has 1, 2 or 4 bytes */
	m->x.shift = (uint8_t)(dwu_scan_ops(m->text.ops)->unit >> f->isa >> 1);
	m->text.isa = f->isa;
	units = unit_of(m, f->end);
	if (f->end <= f->start || units >= m->visited_count)
		return false;
	m->x.resolver = dwu_scan_is_resolver(m, f->start);
	if (IS_ON(CONFIG_SCAN_PUSHED_RA))
		clear_visited(m);
	m->x.step_max = STEPS_A_UNIT * (units + STEPS_A_UNIT);
	for (; at < f->end && !m->x.dropped; at = dwu_behind(&op)) {
		dwu_code_read(&m->text, at, &op);
		if (op.insn.flow & (DWU_FLOW_BRANCH | DWU_FLOW_JUMP) &&
		    in_function(m, op.target))
			(void)add_block(m, op.target, DWU_BLOCK_LEADER);
		indirect |= op.insn.flow == DWU_FLOW_INDIRECT;
		if (IS_ON(CONFIG_SCAN_PUSHED_RA))
			dwu_set_bit(m->visited, unit_of(m, at));
	}
	if (IS_ON(CONFIG_SCAN_PUSHED_RA) && indirect && m->text.ops->table)
		find_tables(m);
	return !m->x.dropped;
}

/*
 * Forgets all but where blocks begin, and the calls that do not return.
 *
 * Tables and counts of restarts stay; states, and what was visited, go.
 */
static void start_again(struct dwu_scan_memory *m)
{
	struct dwu_block *from = m->blocks, *to = from;
	struct dwu_block *end = from + m->x.block_count;

	for (; from < end; from++) {
		from->bits &= DWU_BLOCK_LEADER | DWU_BLOCK_CUT;
		from->state = DWU_NO_STATE;
		if (from->bits)
			*to++ = *from;
	}
	m->x.block_count = (uint32_t)(to - m->blocks);
	clear_visited(m);
	memset(&m->x.round, 0, sizeof(m->x.round));
	m->x.root = DWU_NOWHERE;
	m->x.low = DWU_NOWHERE;
}

/*
 * What no edge leads to: code, or what is left then, which are no-ops.
 *
 * First code; then, when all of that is known, no-ops between blocks: nothing
 * that runs there may take away what is known (meet()).
 */
static void explore_rest(struct dwu_scan_memory *m, uint8_t what)
{
	uint32_t at = m->x.function.start;
	struct dwu_op op;

	for (; !m->x.round.restart && !m->x.dropped && in_function(m, at);
	     at = op.next) {
		op.next = at + (1u << m->x.shift);
		if (visited(m, at))
			continue;
		dwu_code_read(&m->text, at, &op);
		if (what == GUESS_CODE && op.insn.pad)
			continue;
		if (!guess(m, at, what))
			return;
		op.next = at + (1u << m->x.shift);
		arrive(m, at, false);
		settle(m);
	}
}

/*
 * Calls visit() for what is reached; see dwu_scan_explore().
 *
 * Block by block, each from its settled state: with `watch`, two of them at
 * most.
 */
static void tell_all(struct dwu_scan_memory *m, uint32_t watch,
		     dwu_scan_visit_fn visit, void *ctx)
{
	uint32_t i = 0, end = m->x.block_count, left = 2;

	if (watch != DWU_NOWHERE) {
		i = end = first_from(m, watch + 1);
		/* its block and, if it is in a delay slot, the one before */
		while (i > 0 && left > 0)
			left -= m->blocks[--i].state != DWU_NO_STATE;
	}
	m->x.telling = true;
	m->x.visit = visit;
	m->x.ctx = ctx;
	for (; i < end && !m->x.stopped && !m->x.dropped; i++) {
		if (m->blocks[i].state == DWU_NO_STATE)
			continue;
		m->x.round.untold = m->blocks[i].bits & DWU_BLOCK_GUESS;
		m->now = m->states[m->blocks[i].state];
		run(m, m->blocks[i].at);
	}
}

/*
 * From `at` along all edges and, if `all`, what none leads to.
 *
 * The loop ends: each restart has added a CUT block, or `sparing`, and cut()
 * counts.
 */
static uint8_t explore(struct dwu_scan_memory *m,
		       const struct dwu_function *function, uint32_t at,
		       bool all)
{
	if (!begin(m, function))
		return DWUNW_SCAN_TOO_LARGE;
	do {
		start_again(m);
		entry_state(m, &m->next);
		if (function->part)
			m->next = m->aside;
		arrive(m, at, false);
		settle(m);
		if (all) {
			explore_rest(m, GUESS_CODE);
			explore_rest(m, GUESS_PAD);
		}
		m->x.restarts += m->x.round.restart;
	} while (m->x.round.restart);
	if (m->x.dropped)
		return DWUNW_SCAN_TOO_LARGE;
	return m->x.round.undecodable ? DWUNW_SCAN_UNDECODABLE :
	       m->x.round.differ      ? DWUNW_SCAN_CONTRADICTION :
					DWUNW_SCAN_OK;
}

/*
 * UNDECODABLE and CONTRADICTION concern a part of the function: what was told
 * of the rest holds.
 */
uint8_t dwu_scan_explore(struct dwu_scan_memory *m,
			 const struct dwu_function *function, uint32_t watch,
			 dwu_scan_visit_fn visit, void *ctx)
{
	uint8_t result = explore(m, function, function->start, true);

	if (result != DWUNW_SCAN_TOO_LARGE)
		tell_all(m, watch, visit, ctx);
	return m->x.dropped ? DWUNW_SCAN_TOO_LARGE : result;
}

bool dwu_scan_is_guess(const struct dwu_scan_memory *m, uint32_t place)
{
	uint32_t i = first_from(m, place + 1);

	return i > 0 && m->blocks[i - 1].bits & DWU_BLOCK_GUESS;
}

/* --- memory ------------------------------------------------------------------ */

/*
 * Sixteenths of the block: 8 for starts, 1 for what was visited, 3 for blocks;
 * states have the rest.
 *
 * The block is the caller's and stays in use as long as the memory does. For
 * example, of 256 KiB: starts 128 KiB (a bit a unit: 1 MiB of x86 code, 4 of
 * arm64), visited 16 KiB (131,072 units: the largest function), 6,144 blocks of
 * 8 bytes, and 163 states of 400 bytes.
 */
void dwu_scan_memory_init(struct dwu_scan_memory *m, uint8_t *block,
			  size_t size)
{
	size_t sixteenth = size / 16 & ~(size_t)15;
	size_t left = size - 12 * sixteenth;

	dwu_assert(size >= DWU_SCAN_MEMORY_MIN && size <= DWU_SCAN_MEMORY_MAX);
	m->starts.bits = (void *)block;
	m->starts.count = (uint32_t)sixteenth * 8 * 8;
	m->visited = (void *)(block + 8 * sixteenth);
	m->visited_count = (uint32_t)sixteenth * 8;
	m->blocks = (void *)(block + 9 * sixteenth);
	m->block_room = (uint32_t)(3 * sixteenth / sizeof(*m->blocks));
	m->states = (void *)(block + 12 * sixteenth);
	m->state_room = (uint32_t)left /
			(uint32_t)(sizeof(*m->states) + sizeof(*m->users));
	if (m->state_room >= DWU_NO_STATE)
		m->state_room = DWU_NO_STATE - 1;
	m->users = (void *)&m->states[m->state_room];
	m->starts.of.serial = 0;
	m->starts.of.window = 0;
}
