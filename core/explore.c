/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "explore.h"

#include "bytes.h"

#define NO_STATE UINT16_MAX
/* Switches of one function whose states are told apart. */
#define INDIRECT_MAX 8u
/* Instructions that a second path is followed to the watched address. */
#define FOLLOW_MAX 64u

/* An address to explore, with the state there. */
struct dwu_pending {
	uint32_t at;
	uint16_t state;
	uint8_t reach;
	bool table; /* a switch: surely one */
};

struct explorer {
	struct dwu_scan_memory *memory;
	struct dwu_text *text;
	const struct dwunw_arch_ops *arch;
	const struct dwu_function *function;
	dwu_scan_visit_fn visit;
	void *ctx;
	uint32_t watch;
	struct dwu_pending indirect[INDIRECT_MAX];
	uint8_t indirect_count;
	uint8_t reach;	   /* of the run */
	bool stopped;	   /* visit() has seen enough */
	bool undecodable;  /* a path ended so */
	bool dropped;	   /* for want of room */
	bool framed;	   /* sp was not always what it is at the entry */
	bool called;	   /* memory->body is the state at calls */
	bool calls_differ; /* … which is not the same at all of them */
	uint8_t shift;	   /* 1 << shift bytes are a unit */
};

static bool in_function(const struct explorer *e, uint32_t at)
{
	return at >= e->function->start && at < e->function->end;
}

static uint32_t unit_of(const struct explorer *e, uint32_t at)
{
	return (at - e->function->start) >> e->shift;
}

static bool visited(const struct explorer *e, uint32_t at)
{
	uint32_t unit = unit_of(e, at);

	return e->memory->visited[unit / 32] >> unit % 32 & 1;
}

static void set_visited(struct explorer *e, const struct dwu_op *op)
{
	uint32_t unit = unit_of(e, op->at), last = unit_of(e, op->next - 1);

	for (; unit <= last && unit < e->memory->visited_count; unit++)
		e->memory->visited[unit / 32] |= 1u << unit % 32;
}

/* --- states, each kept once ------------------------------------------------ */

static bool same(const struct dwu_scan_state *a, const struct dwu_scan_state *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static uint16_t find_state(const struct dwu_scan_memory *m,
			   const struct dwu_scan_state *state)
{
	uint32_t i, empty = NO_STATE;

	for (i = 0; i < m->state_room; i++) {
		if (m->users[i] == 0)
			empty = i;
		else if (same(&m->states[i], state))
			return (uint16_t)i;
	}
	return (uint16_t)empty;
}

/* What differs most between states and matters least: numbers. */
static void drop_constants(const struct dwunw_arch_ops *arch,
			   struct dwu_scan_state *state)
{
	uint8_t i;

	for (i = 0; i < DWU_SCAN_REGS; i++)
		if (state->regs[i].kind == DWU_VALUE_CONST && i != arch->ra)
			state->regs[i] = (struct dwu_value){ 0 };
}

/* A place that holds the state, one user more; NO_STATE: no room. */
static uint16_t keep_state(struct explorer *e, struct dwu_scan_state *state)
{
	struct dwu_scan_memory *m = e->memory;
	uint16_t at = find_state(m, state);

	if (at == NO_STATE) {
		drop_constants(e->arch, state);
		at = find_state(m, state);
	}
	if (at == NO_STATE || m->users[at] == UINT16_MAX) {
		e->dropped = true;
		return NO_STATE;
	}
	if (m->users[at]++ == 0)
		m->states[at] = *state;
	return at;
}

/* --- what is still to be explored ------------------------------------------ */

static bool near_watch(const struct explorer *e, uint32_t at)
{
	return at <= e->watch && e->watch - at < FOLLOW_MAX * DWU_INSN_MAX;
}

/*
 * Is that pending already? Where the watched place is near, only with the
 * same state: two that differ must both get there.
 */
static bool is_pending(const struct explorer *e, uint32_t at, uint8_t reach,
		       const struct dwu_scan_state *state)
{
	const struct dwu_scan_memory *m = e->memory;
	bool near = near_watch(e, at);
	uint32_t i;

	for (i = 0; i < m->pending_count; i++)
		if (m->pending[i].at == at && m->pending[i].reach <= reach &&
		    (!near || same(&m->states[m->pending[i].state], state)))
			return true;
	return false;
}

static void push(struct explorer *e, uint32_t at, uint8_t reach,
		 struct dwu_scan_state *state)
{
	struct dwu_scan_memory *m = e->memory;
	struct dwu_pending *p = &m->pending[m->pending_count];

	if (m->pending_count == m->pending_room) {
		e->dropped = true;
		return;
	}
	*p = (struct dwu_pending){ .at = at,
				   .state = keep_state(e, state),
				   .reach = reach };
	m->pending_count += p->state != NO_STATE;
}

/*
 * The next one: an edge, the latest first; without any, what stands behind
 * the first call. Calls that do not return stand last, by habit of compilers.
 */
static bool pop(struct explorer *e, uint32_t *at)
{
	struct dwu_scan_memory *m = e->memory;
	struct dwu_pending next;
	uint32_t i, best = m->pending_count - 1;

	if (m->pending_count == 0)
		return false;
	for (i = m->pending_count; i-- > 0;) {
		if (m->pending[i].reach != DWU_REACH_CALL) {
			best = i;
			break;
		}
		if (m->pending[i].at < m->pending[best].at)
			best = i;
	}
	next = m->pending[best];
	m->pending_count--;
	memmove(&m->pending[best], &m->pending[best + 1],
		(m->pending_count - best) * sizeof(next));
	m->now = m->states[next.state];
	m->users[next.state]--;
	e->reach = next.reach;
	*at = next.at;
	return true;
}

/* --- effects --------------------------------------------------------------- */

/* Slots below the stack are anyone's. */
static void drop_slots(const struct explorer *e, struct dwu_scan_state *state,
		       int32_t red_zone)
{
	const struct dwu_value *sp = &state->regs[e->arch->sp];
	uint8_t i;

	if (sp->kind != DWU_VALUE_CFA)
		return;
	for (i = 0; i < e->arch->saved_count; i++) {
		if (!(state->saved & 1u << i) ||
		    state->slots[i] >= (int64_t)sp->n - red_zone)
			continue;
		state->saved &= (uint16_t) ~(1u << i);
		state->slots[i] = 0;
	}
}

/* Data is no code: a switch's table, a word that is loaded. */
static void skip_data(struct explorer *e, uint32_t at, uint32_t end)
{
	const struct dwu_op data = { .at = at, .next = end };

	if (in_function(e, at) && at < end)
		set_visited(e, &data);
}

/* A word among the code, which does not change. op->code is gone then. */
static void load_constant(struct explorer *e, const struct dwu_op *op,
			  struct dwu_value *to)
{
	skip_data(e, op->target, op->target + 4);
	to->n = (int32_t)dwu_code_number(e->text, op->target, 4);
	to->kind = to->n ? DWU_VALUE_CONST : DWU_VALUE_UNKNOWN;
}

static void apply(struct explorer *e, const struct dwu_op *op,
		  struct dwu_scan_state *state)
{
	const struct dwu_scan_ops *ops = e->text->ops;

	ops->effect(e->arch, &op->code, &op->insn, state);
	if (op->insn.flow == DWU_FLOW_NEXT && op->target != DWU_NOWHERE)
		load_constant(e, op, &state->regs[op->insn.reg]);
	drop_slots(e, state, ops->red_zone);
}

/* A call writes its return address before its delay slot runs. */
static void lose_link(const struct explorer *e, struct dwu_scan_state *state)
{
	struct dwu_value *link = &state->regs[e->arch->ra];

	/* a link register of 0 is a mark: whoever set it has no caller */
	if (!dwu_value_is_zero(link))
		*link = (struct dwu_value){ 0 };
	state->ra_signed = false;
}

static void clobber(const struct explorer *e, struct dwu_scan_state *state)
{
	uint8_t i;

	for (i = 0; i < DWU_SCAN_REGS; i++)
		if (!(e->arch->preserved >> i & 1) && i != e->arch->sp &&
		    i != e->arch->ra)
			state->regs[i] = (struct dwu_value){ 0 };
	drop_slots(e, state, 0);
}

/* --- arrivals -------------------------------------------------------------- */

static void tell(struct explorer *e, const struct dwu_op *op,
		 const struct dwu_scan_state *state, uint8_t moment, bool again)
{
	const struct dwu_scan_at at = { .op = op,
					.state = state,
					.moment = moment,
					.reach = e->reach,
					.again = again };

	if (!e->stopped)
		e->stopped = !e->visit(e->ctx, &at);
}

static void meet_call(struct explorer *e, const struct dwu_op *op,
		      struct dwu_scan_state *state)
{
	struct dwu_op last = *op;

	lose_link(e, state);
	if (op->insn.delay) {
		dwu_code_read(e->text, op->next, &last);
		if (last.insn.size != 0 && last.insn.flow == DWU_FLOW_NEXT)
			apply(e, &last, state);
	}
	clobber(e, state);
	if (last.insn.size != 0 && e->watch >= last.at && e->watch < last.next)
		tell(e, &last, state, DWU_IN_CALL, true);
}

/*
 * A path reaches what was visited before. Where that leads straight to the
 * watched place, its state there is told: the two may disagree.
 */
static void meet(struct explorer *e, uint32_t at,
		 const struct dwu_scan_state *from)
{
	struct dwu_scan_state *state = &e->memory->other;
	struct dwu_op op;
	uint32_t i;

	if (!near_watch(e, at))
		return;
	*state = *from;
	for (i = 0; i < FOLLOW_MAX && at <= e->watch; i++) {
		dwu_code_read(e->text, at, &op);
		at = op.next;
		if (op.insn.size != 0 && e->watch < at)
			tell(e, &op, state, DWU_BEFORE, true);
		if (op.insn.flow == DWU_FLOW_CALL)
			meet_call(e, &op, state);
		if (op.insn.size == 0 || op.insn.flow != DWU_FLOW_NEXT)
			return;
		apply(e, &op, state);
	}
}

/* An edge from the run to `at`. */
static void edge(struct explorer *e, uint32_t at, uint8_t reach,
		 struct dwu_scan_state *state)
{
	uint8_t held = e->reach;

	if (!in_function(e, at))
		return;
	if (e->reach >= DWU_REACH_INDIRECT)
		reach = e->reach;
	if (visited(e, at)) {
		e->reach = reach;
		meet(e, at, state);
		e->reach = held;
	} else if (!is_pending(e, at, reach, state)) {
		push(e, at, reach, state);
	}
}

void dwu_scan_join(struct dwu_scan_state *a, const struct dwu_scan_state *b)
{
	uint8_t i;

	for (i = 0; i < DWU_SCAN_REGS; i++)
		if (memcmp(&a->regs[i], &b->regs[i], sizeof(a->regs[i])) != 0)
			a->regs[i] = (struct dwu_value){ 0 };
	for (i = 0; i < DWU_SAVED_MAX; i++)
		if (a->slots[i] != b->slots[i])
			a->saved &= (uint16_t) ~(1u << i);
	a->saved &= b->saved;
}

/* Is this the same frame: the same CFA, the same place of the RA? */
static bool same_frame(const struct explorer *e, const struct dwu_scan_state *a,
		       const struct dwu_scan_state *b)
{
	const struct dwu_value *sp_a = &a->regs[e->arch->sp];
	const struct dwu_value *sp_b = &b->regs[e->arch->sp];

	return sp_a->kind == sp_b->kind && sp_a->n == sp_b->n &&
	       (a->saved & 1) == (b->saved & 1) && a->slots[0] == b->slots[0];
}

bool dwu_scan_detour(struct dwu_text *text, const struct dwu_op *jump)
{
	struct dwu_op op;

	if (jump->insn.delay)
		return false;
	dwu_code_read(text, jump->target, &op);
	if (op.insn.size == 0 || op.insn.flow != DWU_FLOW_NEXT)
		return false;
	dwu_code_read(text, op.next, &op);
	return op.insn.flow == DWU_FLOW_JUMP && !op.insn.delay &&
	       op.target == jump->next;
}

/* Has this state a frame, unlike a tail call's? */
static bool has_frame(const struct explorer *e,
		      const struct dwu_scan_state *state)
{
	const struct dwu_value *sp = &state->regs[e->arch->sp];

	return sp->kind != DWU_VALUE_CFA || sp->n != -e->arch->entry_size;
}

/* --- one run: instructions one after another ------------------------------- */

/* Is sp in a call what no function's is that keeps the psABI? */
static bool is_misaligned(const struct explorer *e,
			  const struct dwu_scan_state *state)
{
	const struct dwu_value *sp = &state->regs[e->arch->sp];
	uint8_t align = dwu_call_align(e->text->ops);

	return align != 0 && sp->kind == DWU_VALUE_CFA && sp->n % align != 0;
}

/* Is the frame known by what both calls say, by a frame pointer for one? */
static bool join_calls(const struct explorer *e, struct dwu_scan_state *body,
		       const struct dwu_scan_state *state)
{
	uint8_t i;

	dwu_scan_join(body, state);
	for (i = 0; i < e->arch->reg_count; i++)
		if (body->regs[i].kind == DWU_VALUE_CFA &&
		    (e->arch->preserved >> i & 1 || i == e->arch->sp))
			return (body->saved & 1) != 0;
	return false;
}

static void note_call(struct explorer *e, const struct dwu_scan_state *state)
{
	struct dwu_scan_state *body = &e->memory->body;

	if (!e->called)
		*body = *state;
	else if (!same_frame(e, body, state))
		e->calls_differ |= !join_calls(e, body, state);
	e->called = true;
	e->memory->misaligned |= is_misaligned(e, state);
}

static void note_indirect(struct explorer *e, const struct dwu_op *op,
			  struct dwu_scan_state *state)
{
	struct dwu_pending *p = &e->indirect[e->indirect_count];

	if (e->indirect_count == INDIRECT_MAX)
		return;
	*p = (struct dwu_pending){ .at = op->at,
				   .state = keep_state(e, state),
				   .table = op->insn.table };
	if (p->state != NO_STATE)
		e->indirect_count++;
}

/*
 * The instruction in a delay slot: told with the state before it, applied to
 * memory->next. False: there is none.
 */
static bool slot(struct explorer *e, uint32_t at, struct dwu_op *op)
{
	struct dwu_scan_state *state = &e->memory->next;

	dwu_code_read(e->text, at, op);
	if (!in_function(e, at) || op->insn.size == 0)
		return false;
	if (!visited(e, at)) {
		set_visited(e, op);
		tell(e, op, state, DWU_BEFORE, false);
	}
	if (op->insn.flow == DWU_FLOW_NEXT)
		apply(e, op, state);
	return true;
}

/* Behind a call, whose slot is done; `last` is what was run last. */
static void call(struct explorer *e, const struct dwu_op *last)
{
	struct dwu_scan_state *state = &e->memory->next;

	clobber(e, state);
	tell(e, last, state, DWU_IN_CALL, false);
	note_call(e, state);
	edge(e, last->next, DWU_REACH_CALL, state);
}

/*
 * Where control goes from an instruction: memory->now is the state where it
 * goes on to *next, memory->next the one where it jumps. False: the run ends.
 */
static bool leave(struct explorer *e, const struct dwu_op *op, uint32_t *next)
{
	struct dwu_scan_memory *m = e->memory;
	struct dwu_op last = *op; /* before control leaves */

	m->next = m->now;
	if (op->insn.flow == DWU_FLOW_CALL)
		lose_link(e, &m->next);
	if (op->insn.delay) {
		if (!slot(e, op->next, &last))
			last = *op;
		*next = last.next;
		if (!op->insn.likely)
			m->now = m->next;
	}
	switch (op->insn.flow) {
	case DWU_FLOW_CALL:
		call(e, &last);
		return false;
	case DWU_FLOW_BRANCH:
		edge(e, op->target, DWU_REACH_EDGE, &m->next);
		return true;
	case DWU_FLOW_JUMP:
		if (!in_function(e, op->target) && dwu_scan_detour(e->text, op))
			return true;
		if (!in_function(e, op->target))
			tell(e, op, &m->next, DWU_JUMPING, false);
		edge(e, op->target, DWU_REACH_EDGE, &m->next);
		return false;
	case DWU_FLOW_INDIRECT:
		note_indirect(e, op, &m->next);
		skip_data(e, *next, dwu_code_table(e->text, *next));
		return false;
	case DWU_FLOW_RETURN:
		tell(e, op, &m->next, DWU_LEAVING, false);
		return false;
	default:
		return false;
	}
}

/* From `at` with memory->now to where control leaves or was before. */
static void run(struct explorer *e, uint32_t at)
{
	struct dwu_scan_memory *m = e->memory;
	struct dwu_op op;

	while (!e->stopped && in_function(e, at)) {
		if (visited(e, at)) {
			meet(e, at, &m->now);
			return;
		}
		m->steps++;
		dwu_code_read(e->text, at, &op);
		if (op.insn.size == 0) {
			e->undecodable = true;
			return;
		}
		set_visited(e, &op);
		tell(e, &op, &m->now, DWU_BEFORE, false);
		e->framed |= has_frame(e, &m->now);
		if (op.insn.flow != DWU_FLOW_CALL &&
		    op.insn.flow != DWU_FLOW_RETURN)
			apply(e, &op, &m->now);
		at = op.next;
		if (op.insn.flow != DWU_FLOW_NEXT && !leave(e, &op, &at))
			return;
	}
}

/* --- what no edge leads to -------------------------------------------------- */

/* Is switch p better evidence for code at `at` than `found`? */
static bool better_switch(const struct explorer *e, uint32_t at,
			  const struct dwu_pending *found,
			  const struct dwu_pending *p)
{
	const struct dwu_scan_state *states = e->memory->states;
	bool has = p->table || has_frame(e, &states[p->state]);
	bool had = found &&
		   (found->table || has_frame(e, &states[found->state]));

	if (!found || has != had)
		return !found || has;
	return p->at < at && (found->at > at || p->at > found->at);
}

/*
 * The switch that leads to code at `at`: the nearest before it that is one
 * for sure or has a frame, unlike a tail call.
 */
static uint16_t switch_before(const struct explorer *e, uint32_t at)
{
	const struct dwu_pending *found = NULL;
	uint8_t i;

	for (i = 0; i < e->indirect_count; i++)
		if (better_switch(e, at, found, &e->indirect[i]))
			found = &e->indirect[i];
	if (!found || (e->called && !found->table &&
		       !has_frame(e, &e->memory->states[found->state])))
		return NO_STATE;
	return found->state;
}

static void entry_state(const struct dwunw_arch_ops *arch,
			struct dwu_scan_state *state)
{
	uint8_t i;

	memset(state, 0, sizeof(*state));
	for (i = 0; i < arch->reg_count; i++)
		state->regs[i] =
			(struct dwu_value){ .kind = DWU_VALUE_ENTRY, .reg = i };
	state->regs[arch->sp] = (struct dwu_value){ .kind = DWU_VALUE_CFA,
						    .n = -arch->entry_size };
	if (arch->link_register)
		return;
	state->regs[arch->ra] = (struct dwu_value){ 0 };
	state->saved = 1;
	state->slots[0] = -arch->entry_size;
}

/* The state of code that nothing was seen to lead to. */
static bool guess(struct explorer *e, uint32_t at)
{
	struct dwu_scan_memory *m = e->memory;
	uint16_t state = switch_before(e, at);

	e->reach = state == NO_STATE ? DWU_REACH_PAD : DWU_REACH_INDIRECT;
	if (state != NO_STATE)
		m->now = m->states[state];
	else if (e->called && !e->calls_differ)
		m->now = m->body;
	else if (!e->called && !e->framed && !e->undecodable)
		entry_state(e->arch, &m->now);
	else
		return false;
	return true;
}

static void explore_pending(struct explorer *e)
{
	uint32_t at;

	while (!e->stopped && pop(e, &at))
		run(e, at);
}

static void explore_rest(struct explorer *e)
{
	uint32_t at = e->function->start;

	for (; !e->stopped && in_function(e, at); at += 1u << e->shift) {
		if (visited(e, at))
			continue;
		if (!guess(e, at))
			return;
		run(e, at);
		explore_pending(e);
	}
}

/* --- the function ------------------------------------------------------------ */

static bool begin(struct explorer *e, struct dwu_scan_memory *m,
		  const struct dwu_function *f)
{
	uint32_t units;

	m->misaligned = false;
	e->memory = m;
	e->text = &m->text;
	e->arch = m->text.arch;
	e->function = f;
	/* a unit has 1, 2 or 4 bytes */
	e->shift = (uint8_t)(m->text.ops->unit >> f->isa >> 1);
	units = (f->end - f->start) >> e->shift;
	if (f->end <= f->start || units >= m->visited_count)
		return false;
	memset(m->visited, 0, (units / 32 + 1) * sizeof(*m->visited));
	memset(m->users, 0, m->state_room * sizeof(*m->users));
	m->pending_count = 0;
	m->text.isa = f->isa;
	if (!f->part)
		entry_state(e->arch, &m->now);
	return true;
}

uint8_t dwu_scan_explore(struct dwu_scan_memory *memory,
			 const struct dwu_function *function, uint32_t watch,
			 dwu_scan_visit_fn visit, void *ctx)
{
	struct explorer e = { .visit = visit, .ctx = ctx, .watch = watch };

	if (!begin(&e, memory, function))
		return DWUNW_SCAN_TOO_LARGE;
	run(&e, function->start);
	explore_pending(&e);
	explore_rest(&e);
	if (e.dropped)
		return DWUNW_SCAN_TOO_LARGE;
	return e.undecodable ? DWUNW_SCAN_UNDECODABLE : DWUNW_SCAN_OK;
}

/* Leaves for good, or where to cannot be seen? */
static bool leaves(const struct explorer *e, const struct dwu_op *op)
{
	return op->insn.size == 0 || op->insn.flow == DWU_FLOW_RETURN ||
	       op->insn.flow == DWU_FLOW_INDIRECT ||
	       ((op->insn.flow == DWU_FLOW_JUMP ||
		 op->insn.flow == DWU_FLOW_BRANCH) &&
		!in_function(e, op->target));
}

bool dwu_scan_may_return(struct dwu_scan_memory *memory,
			 const struct dwu_function *function, uint32_t at)
{
	struct explorer e = { .watch = DWU_NOWHERE };
	struct dwu_op op;

	if (!begin(&e, memory, function))
		return true;
	push(&e, at, DWU_REACH_EDGE, &memory->now);
	while (pop(&e, &at)) {
		while (in_function(&e, at) && !visited(&e, at)) {
			dwu_code_read(e.text, at, &op);
			if (leaves(&e, &op))
				return true;
			set_visited(&e, &op);
			at = op.next;
			if (op.insn.flow == DWU_FLOW_BRANCH ||
			    op.insn.flow == DWU_FLOW_JUMP)
				push(&e, op.target, DWU_REACH_EDGE,
				     &memory->now);
			if (e.dropped)
				return true;
			if (op.insn.flow == DWU_FLOW_JUMP ||
			    op.insn.flow == DWU_FLOW_END)
				break;
		}
	}
	return false;
}

/* --- memory ------------------------------------------------------------------ */

/* [block, block + size) in parts, each aligned: never more than it has. */
static void *part(uint8_t **block, size_t size)
{
	void *at = *block;

	*block += size & ~(size_t)15;
	return at;
}

void dwu_scan_memory_init(struct dwu_scan_memory *memory, uint8_t *block,
			  size_t size)
{
	size_t state_size = sizeof(struct dwu_scan_state) + sizeof(uint16_t);
	size_t left;

	dwu_assert(size >= DWU_SCAN_MEMORY_MIN && size <= DWU_SCAN_MEMORY_MAX);
	memory->starts = part(&block, size / 2);
	memory->start_count = (uint32_t)(size / 2 & ~(size_t)15) * 8;
	memory->visited = part(&block, size / 8);
	memory->visited_count = (uint32_t)(size / 8 & ~(size_t)15) * 8;
	memory->pending = part(&block, size / 16);
	memory->pending_room = (uint32_t)((size / 16 & ~(size_t)15) /
					  sizeof(*memory->pending));
	left = size - size / 2 - size / 8 - size / 16;
	memory->state_room = (uint32_t)left / (uint32_t)state_size;
	if (memory->state_room >= NO_STATE)
		memory->state_room = NO_STATE - 1;
	memory->states = part(&block, left);
	memory->users = (uint16_t *)(void *)&memory->states[memory->state_room];
	memory->serial = 0;
	memory->window = 0;
}
