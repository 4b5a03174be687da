/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "explore.h"

#include "bytes.h"

#define NO_STATE UINT16_MAX
/* Bytes that a second path is followed to the watched address. */
#define FOLLOW_MAX 1024u

static const struct dwunw_arch_ops *arch_of(const struct dwu_scan_memory *m)
{
	return dwu_scan_arch(m->text.arch);
}

static bool in_function(const struct dwu_scan_memory *m, uint32_t at)
{
	return at >= m->x.function.start && at < m->x.function.end;
}

static uint32_t unit_of(const struct dwu_scan_memory *m, uint32_t at)
{
	return (at - m->x.function.start) >> m->x.shift;
}

static bool visited(const struct dwu_scan_memory *m, uint32_t at)
{
	return dwu_bit(m->visited, unit_of(m, at));
}

/* [at, end), as far as it is in the function. */
static void set_visited(struct dwu_scan_memory *m, uint32_t at, uint32_t end)
{
	for (; at < end && in_function(m, at); at += 1u << m->x.shift)
		dwu_set_bit(m->visited, unit_of(m, at));
}

/* --- states, each kept once ------------------------------------------------ */

static bool same(const struct dwu_scan_state *a, const struct dwu_scan_state *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static uint16_t find_next(struct dwu_scan_memory *m)
{
	uint32_t i, found = m->x.state_count;

	for (i = 0; i < m->x.state_count; i++) {
		if (m->users[i] == 0)
			found = i;
		else if (same(&m->states[i], &m->next))
			return (uint16_t)i;
	}
	if (found == m->state_room)
		return NO_STATE;
	if (found == m->x.state_count)
		m->users[m->x.state_count++] = 0;
	return (uint16_t)found;
}

/* What differs most between states and matters least: numbers. */
static void drop_constants(struct dwu_scan_memory *m)
{
	const struct dwunw_arch_ops *arch = arch_of(m);
	uint8_t i;

	for (i = 0; i < arch->reg_count; i++)
		if (m->next.regs[i].kind == DWU_VALUE_CONST && i != arch->ra)
			m->next.regs[i] = (struct dwu_value){ 0 };
}

/* Gives *p a place that holds m->next, one user more. False: no room. */
static bool keep_next(struct dwu_scan_memory *m, struct dwu_pending *p)
{
	uint16_t at = find_next(m);

	if (at == NO_STATE || m->users[at] == UINT16_MAX) {
		m->x.dropped = true;
		return false;
	}
	if (m->users[at]++ == 0)
		m->states[at] = m->next;
	p->state = at;
	return true;
}

/* --- what is still to be explored ------------------------------------------ */

static bool near_watch(const struct dwu_scan_memory *m, uint32_t at)
{
	return at <= m->x.watch && m->x.watch - at < FOLLOW_MAX;
}

/*
 * Is that pending already? Where the watched place is near, only with the
 * same state: two that differ must both get there.
 */
static bool is_pending(const struct dwu_scan_memory *m, uint32_t at,
		       uint8_t reach)
{
	const struct dwu_pending *p = m->pending;
	bool near = near_watch(m, at);

	for (; p < m->pending + m->x.pending_count; p++)
		if (p->at == at && p->reach <= reach &&
		    (!near || same(&m->states[p->state], &m->next)))
			return true;
	return false;
}

/* An edge from the run to `at`; m->next is the state there. */
static void edge(struct dwu_scan_memory *m, uint32_t at, uint8_t reach)
{
	struct dwu_pending *p = &m->pending[m->x.pending_count];

	if (m->x.reach >= DWU_REACH_INDIRECT)
		reach = m->x.reach;
	if (!in_function(m, at) || m->x.again ||
	    (visited(m, at) && !near_watch(m, at)) || is_pending(m, at, reach))
		return;
	if (m->x.pending_count == m->pending_room) {
		m->x.dropped = true;
		return;
	}
	p->at = at;
	p->reach = reach;
	m->x.pending_count += keep_next(m, p);
}

/*
 * The next one: an edge, the latest first; without any, what stands behind
 * the first call. Calls that do not return stand last, by habit of compilers.
 */
static bool pop(struct dwu_scan_memory *m, uint32_t *at)
{
	struct dwu_pending *p = m->pending + m->x.pending_count, *best = p - 1;

	if (m->x.pending_count == 0)
		return false;
	while (p-- > m->pending) {
		if (p->reach != DWU_REACH_CALL) {
			best = p;
			break;
		}
		if (p->at < best->at)
			best = p;
	}
	m->now = m->states[best->state];
	m->users[best->state]--;
	m->x.reach = best->reach;
	*at = best->at;
	*best = m->pending[--m->x.pending_count];
	return true;
}

/* --- effects --------------------------------------------------------------- */

/* Slots below the stack are anyone's. */
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
	to->n = (int32_t)dwu_code_number(&m->text, op->target, 4);
	to->kind = to->n ? DWU_VALUE_CONST : DWU_VALUE_UNKNOWN;
}

static void apply(struct dwu_scan_memory *m, const struct dwu_op *op,
		  struct dwu_scan_state *state)
{
	m->text.ops->effect(m->text.arch, &op->code, &op->insn, state);
	if (IS_ON(CONFIG_SCAN_MIPS16) && op->insn.flow == DWU_FLOW_NEXT &&
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

static void clobber(const struct dwunw_arch_ops *arch,
		    struct dwu_scan_state *state)
{
	uint8_t i;

	for (i = 0; i < DWU_SCAN_REGS; i++)
		if (!dwu_scan_preserves(arch, i) && i != arch->sp &&
		    i != arch->ra)
			state->regs[i] = (struct dwu_value){ 0 };
	drop_slots(arch, state, 0);
}

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

static void tell(struct dwu_scan_memory *m, const struct dwu_op *op,
		 const struct dwu_scan_state *state, uint8_t moment)
{
	const struct dwu_scan_at at = {
		.op = op, .state = state, .moment = moment, .reach = m->x.reach
	};

	if (!m->x.stopped)
		m->x.stopped = !m->x.visit(m->x.ctx, &at);
}

/* Has this state a frame, unlike a tail call's? */
static bool has_frame(const struct dwu_scan_memory *m,
		      const struct dwu_scan_state *state)
{
	const struct dwunw_arch_ops *arch = arch_of(m);
	const struct dwu_value *sp = &state->regs[arch->sp];

	return sp->kind != DWU_VALUE_CFA || sp->n != -arch->entry_size;
}

void dwu_scan_join(struct dwu_scan_state *a, const struct dwu_scan_state *b)
{
	uint8_t i;

	for (i = 0; i < DWU_SCAN_REGS; i++) {
		if (memcmp(&a->regs[i], &b->regs[i], sizeof(a->regs[i])) != 0)
			a->regs[i] = (struct dwu_value){ 0 };
		if (a->slots[i] != b->slots[i])
			a->slots[i] = DWU_SLOT_NONE;
	}
}

/* Is this the same frame: the same CFA, the same place of the RA? */
static bool same_frame(const struct dwunw_arch_ops *arch,
		       const struct dwu_scan_state *a,
		       const struct dwu_scan_state *b)
{
	return memcmp(&a->regs[arch->sp], &b->regs[arch->sp],
		      sizeof(a->regs[0])) == 0 &&
	       a->slots[arch->ra] == b->slots[arch->ra];
}

/* Is sp in a call what no function's is that keeps the psABI? */
static bool is_misaligned(const struct dwu_scan_memory *m,
			  const struct dwu_scan_state *state)
{
	const struct dwu_value *sp = &state->regs[arch_of(m)->sp];
	uint8_t align = dwu_call_align(m->text.ops);

	return align != 0 && sp->kind == DWU_VALUE_CFA && sp->n % align != 0;
}

/* Is the frame known by what all calls say, by a frame pointer for one? */
static bool join_calls(struct dwu_scan_memory *m)
{
	const struct dwunw_arch_ops *arch = arch_of(m);
	uint8_t i;

	dwu_scan_join(&m->body, &m->next);
	for (i = 0; i < arch->reg_count; i++)
		if (m->body.regs[i].kind == DWU_VALUE_CFA &&
		    (dwu_scan_preserves(arch, i) || i == arch->sp))
			return m->body.slots[arch->ra] != DWU_SLOT_NONE;
	return false;
}

static void note_call(struct dwu_scan_memory *m)
{
	if (!m->x.called)
		m->body = m->next;
	else if (!same_frame(arch_of(m), &m->body, &m->next))
		m->x.calls_differ |= IS_ON(CONFIG_SCAN_MIPS32_ALONE) ||
				     !join_calls(m);
	m->x.called = true;
	m->misaligned |= is_misaligned(m, &m->next);
}

static void note_indirect(struct dwu_scan_memory *m, const struct dwu_op *op)
{
	struct dwu_pending *p = &m->x.indirect[m->x.indirect_count];

	if (m->x.indirect_count == DWU_INDIRECT_MAX)
		return;
	p->at = op->at;
	p->sure = op->insn.table || has_frame(m, &m->next);
	m->x.indirect_count += keep_next(m, p);
}

/*
 * The instruction in a delay slot: told with the state before it, applied to
 * m->next. False: there is none.
 */
static bool slot(struct dwu_scan_memory *m, uint32_t at, struct dwu_op *op)
{
	dwu_code_read(&m->text, at, op);
	if (!in_function(m, at) || op->insn.size == 0)
		return false;
	if (!visited(m, at)) {
		set_visited(m, op->at, op->next);
		tell(m, op, &m->next, DWU_BEFORE);
	}
	if (op->insn.flow == DWU_FLOW_NEXT)
		apply(m, op, &m->next);
	return true;
}

/* Behind a call, whose slot is done; `last` is what was run last. */
static void call(struct dwu_scan_memory *m, const struct dwu_op *last)
{
	clobber(arch_of(m), &m->next);
	tell(m, last, &m->next, DWU_IN_CALL);
	note_call(m);
	edge(m, last->next, DWU_REACH_CALL);
}

/*
 * Where control goes from an instruction: m->now is the state where it goes
 * on to *next, m->next the one where it jumps. False: the run ends.
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
	drop_constants(m);
	if (flow == DWU_FLOW_CALL) {
		call(m, last);
	} else if (in_function(m, op->target)) {
		edge(m, op->target, DWU_REACH_EDGE);
	} else if (flow == DWU_FLOW_JUMP && dwu_scan_detour(&m->text, op)) {
		return true;
	} else if (flow != DWU_FLOW_END) {
		tell(m, op, &m->next,
		     flow == DWU_FLOW_RETURN ? DWU_LEAVING : DWU_JUMPING);
		if (flow == DWU_FLOW_INDIRECT)
			note_indirect(m, op);
		if (IS_ON(CONFIG_SCAN_MIPS16) && flow == DWU_FLOW_INDIRECT)
			set_visited(m, *next, dwu_code_table(&m->text, *next));
	}
	return flow == DWU_FLOW_BRANCH;
}

/*
 * From `at` with m->now to where control leaves or was before. There it goes
 * on to the watched place, if that is near and straight ahead: the paths may
 * disagree about it.
 */
static void run(struct dwu_scan_memory *m, uint32_t at)
{
	struct dwu_op op;

	while (!m->x.stopped && in_function(m, at)) {
		m->x.again = visited(m, at);
		if (m->x.again && !near_watch(m, at))
			return;
		m->steps++;
		dwu_code_read(&m->text, at, &op);
		if (op.insn.size == 0) {
			m->x.undecodable = true;
			return;
		}
		set_visited(m, op.at, op.next);
		tell(m, &op, &m->now, DWU_BEFORE);
		if (m->x.again && op.insn.flow & ~DWU_FLOW_CALL)
			return;
		m->x.framed |= has_frame(m, &m->now);
		if (!(op.insn.flow & (DWU_FLOW_CALL | DWU_FLOW_RETURN)))
			apply(m, &op, &m->now);
		at = op.next;
		if (op.insn.flow != DWU_FLOW_NEXT && !leave(m, &op, &at))
			return;
	}
}

/* The run from `at`, and all that is pending then. */
static void run_all(struct dwu_scan_memory *m, uint32_t at)
{
	do
		run(m, at);
	while (!m->x.stopped && pop(m, &at));
}

/* --- what no edge leads to -------------------------------------------------- */

/* How good the evidence of switch p is for code at `at`: best just before. */
static uint32_t weight(const struct dwu_pending *p, uint32_t at)
{
	uint32_t place = p->at < at ? p->at + 1 : 0;

	return p->sure ? place + UINT32_MAX / 2 : place;
}

/* The switch that leads to code at `at`; NULL: none is seen. */
static const struct dwu_pending *switch_before(const struct dwu_scan_memory *m,
					       uint32_t at)
{
	const struct dwu_pending *found = m->x.indirect, *p = found;

	for (; p < m->x.indirect + m->x.indirect_count; p++)
		if (weight(p, at) > weight(found, at))
			found = p;
	if (m->x.indirect_count == 0 || (m->x.called && !found->sure))
		return NULL;
	return found;
}

static void entry_state(const struct dwunw_arch_ops *arch,
			struct dwu_scan_state *state)
{
	uint8_t i;

	memset(state, 0, sizeof(*state));
	for (i = 0; i < DWU_SCAN_REGS; i++) {
		state->regs[i].kind = DWU_VALUE_ENTRY;
		state->regs[i].reg = i;
		state->slots[i] = DWU_SLOT_NONE;
	}
	state->regs[arch->sp] = (struct dwu_value){ .kind = DWU_VALUE_CFA,
						    .n = -arch->entry_size };
	if (arch->link_register)
		return;
	state->regs[arch->ra] = (struct dwu_value){ 0 };
	state->slots[arch->ra] = -arch->entry_size;
}

/* The state of code that nothing was seen to lead to. */
static bool guess(struct dwu_scan_memory *m, uint32_t at)
{
	const struct dwu_pending *found = switch_before(m, at);

	m->x.reach = found ? DWU_REACH_INDIRECT : DWU_REACH_PAD;
	if (found)
		m->now = m->states[found->state];
	else if (m->x.called && !m->x.calls_differ)
		m->now = m->body;
	else if (!m->x.called && !m->x.framed && !m->x.undecodable)
		entry_state(arch_of(m), &m->now);
	else
		return false;
	return true;
}

/* --- the function ------------------------------------------------------------ */

/* Zeroes and fills m->x and m->now. False: the function is too large. */
static bool begin(struct dwu_scan_memory *m, const struct dwu_function *f,
		  uint32_t watch, dwu_scan_visit_fn visit, void *ctx)
{
	uint32_t units;

	memset(&m->x, 0, sizeof(m->x));
	m->x.function = *f;
	m->x.watch = watch;
	m->x.visit = visit;
	m->x.ctx = ctx;
	/* a unit has 1, 2 or 4 bytes */
	m->x.shift = (uint8_t)(dwu_scan_ops(m->text.ops)->unit >> f->isa >> 1);
	m->text.isa = f->isa;
	units = unit_of(m, f->end);
	if (f->end <= f->start || units >= m->visited_count)
		return false;
	memset(m->visited, 0, (units / 32 + 1) * sizeof(*m->visited));
	m->misaligned = false;
	if (!f->part)
		entry_state(arch_of(m), &m->now);
	return true;
}

uint8_t dwu_scan_explore(struct dwu_scan_memory *m,
			 const struct dwu_function *function, uint32_t watch,
			 dwu_scan_visit_fn visit, void *ctx)
{
	uint32_t at = function->start;

	if (!begin(m, function, watch, visit, ctx))
		return DWUNW_SCAN_TOO_LARGE;
	run_all(m, at);
	for (; !m->x.stopped && in_function(m, at); at += 1u << m->x.shift) {
		if (visited(m, at))
			continue;
		if (!guess(m, at))
			break;
		run_all(m, at);
	}
	if (m->x.dropped)
		return DWUNW_SCAN_TOO_LARGE;
	return m->x.undecodable ? DWUNW_SCAN_UNDECODABLE : DWUNW_SCAN_OK;
}

static bool stays(void *ctx, const struct dwu_scan_at *at)
{
	(void)ctx;
	return at->moment < DWU_LEAVING;
}

bool dwu_scan_may_return(struct dwu_scan_memory *m,
			 const struct dwu_function *function, uint32_t at)
{
	if (!begin(m, function, DWU_NOWHERE, stays, NULL))
		return true;
	run_all(m, at);
	return m->x.stopped || m->x.dropped || m->x.undecodable;
}

/* --- memory ------------------------------------------------------------------ */

void dwu_scan_memory_init(struct dwu_scan_memory *m, uint8_t *block,
			  size_t size)
{
	size_t sixteenth = size / 16 & ~(size_t)15;
	size_t left = size - 11 * sixteenth;

	dwu_assert(size >= DWU_SCAN_MEMORY_MIN && size <= DWU_SCAN_MEMORY_MAX);
	m->starts = (void *)block;
	m->start_count = (uint32_t)sixteenth * 8 * 8;
	m->visited = (void *)(block + 8 * sixteenth);
	m->visited_count = (uint32_t)sixteenth * 2 * 8;
	m->pending = (void *)(block + 10 * sixteenth);
	m->pending_room = (uint32_t)(sixteenth / sizeof(*m->pending));
	m->states = (void *)(block + 11 * sixteenth);
	m->state_room = (uint32_t)left /
			(uint32_t)(sizeof(*m->states) + sizeof(*m->users));
	if (m->state_room >= NO_STATE)
		m->state_room = NO_STATE - 1;
	m->users = (void *)&m->states[m->state_room];
	m->serial = 0;
	m->window = 0;
}
