/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/scan.h: scans for tools, which need no walk. Without CONFIG_SCAN_ROWS
 * every function is there and says so, since a tool is compiled once for all
 * builds of the library.
 *
 * For example, dwunw_scan_row(scan, module, 0x1131, EXACT, &row) finds the
 * function around 0x1131, explores it and makes the row before that
 * instruction; a second question about the same function finds it in
 * scan->function.
 *
 * The struct and its working memory lie in the caller's arena. One thread at a
 * time.
 */
#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "part.h"

struct dwunw_scan {
	struct dwu_scan_memory memory;
	struct dwu_function function; /* the last one found */
	uint64_t text;		      /* … in the text that begins here */
	uint32_t flags;		      /* … with these, but for EXACT */
	struct dwunw_row row;
};

/* What dwunw_scan_init() takes from an arena for so much working memory. */
size_t dwunw_scan_size(size_t memory)
{
	if (!IS_ON(CONFIG_SCAN_ROWS))
		return 0;
	return dwu_arena_round(sizeof(struct dwunw_scan)) +
	       dwu_arena_round(memory);
}

dwunw_status_t dwunw_scan_init(struct dwunw_scan **scan, size_t memory,
			       struct dwunw_arena *arena)
{
	struct dwunw_scan *s;

	if (!IS_ON(CONFIG_SCAN_ROWS))
		return DWUNW_ERR_NOT_IMPLEMENTED;
	if (!scan || !arena || memory < DWU_SCAN_MEMORY_MIN ||
	    memory > DWU_SCAN_MEMORY_MAX)
		return DWUNW_ERR_INVALID_ARG;
	if (!dwu_arena_fits(arena, dwunw_scan_size(memory)))
		return DWUNW_ERR_NO_MEMORY;
	/* both fit: the arena was asked for their sum above */
	s = dwunw_arena_alloc(arena, sizeof(*s));
	dwu_scan_memory_init(&s->memory, dwunw_arena_alloc(arena, memory),
			     memory);
	*scan = s;
	return DWUNW_OK;
}

/* Is vaddr in the function found last, which such flags would find again? */
static bool in_last(const struct dwunw_scan *scan,
		    const struct dwunw_module *module, uint64_t vaddr,
		    uint32_t flags)
{
	uint64_t off = vaddr - scan->memory.text.vaddr;

	return scan->memory.text.module == module &&
	       scan->memory.text.vaddr == scan->text && scan->flags == flags &&
	       off >= scan->function.start && off < scan->function.end;
}

/* scan->function becomes the one that holds vaddr. */
static uint8_t find(struct dwunw_scan *scan, const struct dwunw_module *module,
		    uint64_t vaddr, uint32_t flags)
{
	uint8_t result;

	/* EXACT is about the place in a function, not about which it is */
	flags &= ~DWUNW_SCAN_EXACT;
	if (in_last(scan, module, vaddr, flags)) {
		scan->memory.text.isa = scan->function.isa;
		return DWUNW_SCAN_OK;
	}
	/* DWUNW_SWEEP_WALK_MAX bounds one walk's work; each question of a tool
	 * is as one walk */
	scan->memory.swept = 0;
	result = dwu_function_find(&scan->memory, module, vaddr, flags,
				   &scan->function);
	if (result != DWUNW_SCAN_OK)
		scan->function = (struct dwu_function){ 0 };
	scan->text = scan->memory.text.vaddr;
	scan->flags = flags;
	return result;
}

/* The function is kept for the next question, the row is not. */
uint8_t dwunw_scan_row(struct dwunw_scan *scan,
		       const struct dwunw_module *module, uint64_t vaddr,
		       uint32_t flags, struct dwunw_row *row)
{
	uint8_t result;

	if (!IS_ON(CONFIG_SCAN_ROWS))
		return DWUNW_SCAN_OFF;
	result = find(scan, module, vaddr, flags);
	if (result != DWUNW_SCAN_OK)
		return result;
	return dwu_scan_row_in(&scan->memory, &scan->function, vaddr, flags,
			       row);
}

/* Column = CFA + n at that point. False: it is not a known distance from it. */
bool dwunw_scan_cfa_offset(const struct dwunw_scan_point *point, uint8_t column,
			   int32_t *n)
{
	const struct dwu_scan_state *state = point->state;

	if (!IS_ON(CONFIG_SCAN_ROWS) || column >= DWU_SCAN_REGS ||
	    state->regs[column].kind != DWU_VALUE_CFA)
		return false;
	*n = state->regs[column].n;
	return true;
}

/* From dwu_scan_at to dwunw_scan_point. */
struct teller {
	struct dwunw_scan *scan;
	bool (*visit)(void *ctx, const struct dwunw_scan_point *point);
	void *ctx;
};

static bool tell_point(void *ctx, const struct dwu_scan_at *at)
{
	const struct teller *t = ctx;
	struct dwunw_scan *scan = t->scan;
	const struct dwunw_scan_point point = {
		.vaddr = scan->memory.text.vaddr + at->op->at,
		.size = at->op->insn.size,
		.in_call = at->moment == DWU_IN_CALL,
		.result = dwu_scan_row(&scan->memory, at->state, &scan->row),
		.row = &scan->row,
		.isa = scan->function.isa,
		.state = at->state
	};

	scan->row.start = point.vaddr;
	scan->row.end = scan->memory.text.vaddr + at->op->next;
	/* behind a return or a tail call there is no row of this function */
	return at->moment >= DWU_LEAVING || t->visit(t->ctx, &point);
}

/*
 * *start and *end are set before visit() is called; where no function is found
 * they stay as they were.
 */
uint8_t dwunw_scan_function(struct dwunw_scan *scan,
			    const struct dwunw_module *module, uint64_t vaddr,
			    uint32_t flags, uint64_t *start, uint64_t *end,
			    bool (*visit)(void *ctx,
					  const struct dwunw_scan_point *point),
			    void *ctx)
{
	struct teller t = { .scan = scan, .visit = visit, .ctx = ctx };
	struct dwu_function *function = &scan->function;
	uint8_t result;

	if (!IS_ON(CONFIG_SCAN_ROWS))
		return DWUNW_SCAN_OFF;
	result = dwu_part_or_function(&scan->memory, module, vaddr, flags,
				      function);
	scan->text = UINT64_MAX; /* a part is not what find() finds */
	if (result != DWUNW_SCAN_OK) {
		*function = (struct dwu_function){ 0 };
		return result;
	}
	*start = scan->memory.text.vaddr + function->start;
	*end = scan->memory.text.vaddr + function->end;
	return dwu_scan_explore(&scan->memory, function, DWU_NOWHERE,
				tell_point, &t);
}

/*
 * size 0: nothing is known of vaddr. A target of UINT64_MAX: unknown, or in
 * another segment.
 */
void dwunw_scan_decode(struct dwunw_scan *scan,
		       const struct dwunw_module *module, uint64_t vaddr,
		       struct dwunw_scan_insn *insn)
{
	struct dwu_text *text = &scan->memory.text;
	struct dwu_op op, slot;

	*insn = (struct dwunw_scan_insn){ 0 };
	if (!IS_ON(CONFIG_SCAN_ROWS))
		return;
	if (find(scan, module, vaddr, 0) != DWUNW_SCAN_OK)
		return;
	text->isa = scan->function.isa;
	insn->isa = text->isa;
	dwu_code_read(text, dwu_code_place(text, vaddr), &op);
	insn->size = op.insn.size;
	insn->call = op.insn.flow == DWU_FLOW_CALL;
	insn->pad = op.insn.pad;
	insn->likely = op.insn.likely;
	insn->flow = op.insn.flow;
	insn->target = op.target == DWU_NOWHERE ? UINT64_MAX :
						  text->vaddr + op.target;
	/* mips: a call returns behind its slot, so the pair is told as one */
	if (!op.insn.delay)
		return;
	dwu_code_read(text, op.next, &slot);
	insn->last = op.insn.size;
	insn->size = (uint8_t)(op.insn.size + slot.insn.size);
}

_Static_assert(DWUNW_SCAN_FLOW_CALL == (int)DWU_FLOW_CALL &&
		       DWUNW_SCAN_FLOW_BRANCH == (int)DWU_FLOW_BRANCH &&
		       DWUNW_SCAN_FLOW_JUMP == (int)DWU_FLOW_JUMP &&
		       DWUNW_SCAN_FLOW_INDIRECT == (int)DWU_FLOW_INDIRECT &&
		       DWUNW_SCAN_FLOW_RETURN == (int)DWU_FLOW_RETURN &&
		       DWUNW_SCAN_FLOW_END == (int)DWU_FLOW_END,
	       "the flows are told as they are");

/*
 * `from` was set to "CFA + 0" before the instruction: what is CFA + n behind
 * it holds what `from` held, + n.
 */
static void note_effect(const struct dwu_scan_state *state, uint8_t from,
			struct dwunw_scan_effect *effect)
{
	uint8_t i;

	for (i = 0; i < DWU_SCAN_REGS; i++) {
		const struct dwu_value *value = &state->regs[i];

		if (value->kind == DWU_VALUE_CFA) {
			effect->moved |= 1ull << i;
			effect->n[i] = value->n;
		}
		if (i == from ?
			    value->kind == DWU_VALUE_CFA && value->n == 0 :
			    value->kind == DWU_VALUE_ENTRY && value->reg == i)
			effect->kept |= 1ull << i;
	}
}

/*
 * One instruction by itself, from a state in which every register holds its own
 * value and `from` is the CFA.
 */
void dwunw_scan_apply(struct dwunw_scan *scan, uint64_t vaddr, uint8_t from,
		      struct dwunw_scan_effect *effect)
{
	struct dwu_text *text = &scan->memory.text;
	struct dwu_scan_state state;
	struct dwu_op op;

	*effect = (struct dwunw_scan_effect){ 0 };
	if (!IS_ON(CONFIG_SCAN_ROWS) || from >= DWU_SCAN_REGS)
		return;
	dwu_scan_fresh(&state);
	state.regs[from] = (struct dwu_value){ .kind = DWU_VALUE_CFA };
	dwu_code_read(text, dwu_code_place(text, vaddr), &op);
	if (op.insn.size && op.insn.flow != DWU_FLOW_CALL)
		text->ops->effect(text->arch, &op.code, &op.insn, &state);
	note_effect(&state, from, effect);
}
