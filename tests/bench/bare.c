/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* bare.c - a bare table of rows with a cache of pcs (back_ends.h). */
#include "back_ends.h"

#include <dwunw/module.h>
#include <stdlib.h>
#include <string.h>

#define RBP 6 /* psABI 3.6.2 */
#define RSP 7
#define CACHE_BITS 12
#define CACHE_SIZE (1u << CACHE_BITS)

enum bare_kind {
	BARE_STOP, /* no row, the outermost frame, or more than rsp and rbp */
	BARE_SP,
	BARE_FP,
	BARE_STUB, /* the expression that linkers write for .plt */
};

/* From its start to that of the next one. */
struct bare_row {
	uint64_t start;
	int32_t cfa; /* rsp or rbp plus this; a stub: where its push is */
	int16_t fp;  /* rbp is at the CFA plus this; 0: it is unchanged */
	uint8_t kind;
};

struct bare_entry {
	uint64_t pc;
	struct bare_row row;
};

struct state {
	struct image *image;
	struct bare_row *rows;
	size_t count;
	size_t room;
	/* while rows are made */
	struct dwunw_module module;
	uint64_t bias;
	bool failed;
	struct bare_entry cache[CACHE_SIZE];
};

/* --- the table --- */

static void append(struct state *state, const struct bare_row *row)
{
	if (state->count == state->room) {
		size_t room = state->room ? 2 * state->room : 4096;
		void *rows = realloc(state->rows, room * sizeof(*state->rows));

		state->failed |= !rows;
		if (!rows)
			return;
		state->rows = rows;
		state->room = room;
	}
	state->rows[state->count++] = *row;
}

/* breg7 8; breg16 0; lit15; and; litN; ge; lit3; shl; plus */
static bool is_stub(struct dwunw_span bytes, int32_t *push)
{
	static const uint8_t before[] = { 0x77, 8, 0x80, 0, 0x3f, 0x1a };
	static const uint8_t behind[] = { 0x2a, 0x33, 0x24, 0x22 };

	if (bytes.size != 11 || memcmp(bytes.data, before, 6) ||
	    memcmp(bytes.data + 7, behind, 4))
		return false;
	*push = bytes.data[6] - 0x30;
	return true;
}

static struct bare_row reduced(const struct state *state,
			       const struct dwunw_row *row)
{
	const struct dwunw_rule *fp = &row->rules[RBP];
	const struct dwunw_rule *ra = &row->rules[row->ra_column];
	struct bare_row bare = { .start = row->start + state->bias };

	if (ra->kind != DWUNW_RULE_OFFSET || ra->value != -8)
		return bare;
	if (row->cfa.kind == DWUNW_RULE_EXPRESSION &&
	    is_stub(dwunw_module_expression(&state->module, row, &row->cfa),
		    &bare.cfa))
		bare.kind = BARE_STUB;
	if (row->cfa.kind == DWUNW_RULE_REGISTER &&
	    (row->cfa.reg == RSP || row->cfa.reg == RBP)) {
		bare.kind = row->cfa.reg == RSP ? BARE_SP : BARE_FP;
		bare.cfa = row->cfa.value;
	}
	if (fp->kind == DWUNW_RULE_OFFSET)
		bare.fp = (int16_t)fp->value;
	return bare;
}

static bool take(void *ctx, const struct dwunw_row *row)
{
	struct state *state = ctx;
	struct bare_row bare = reduced(state, row);

	append(state, &bare);
	return !state->failed;
}

static void take_functions(struct state *state,
			   struct dwunw_row_scratch *scratch)
{
	static struct dwunw_row row;
	struct dwunw_fde_cursor cursor;
	struct dwunw_fde fde;

	dwunw_fde_cursor_init(&cursor, &state->module, &state->module.eh);
	while (dwunw_fde_next(&cursor, &fde) == DWUNW_OK) {
		struct bare_row none = { .start = fde.end + state->bias };

		dwunw_fde_rows(&state->module, &fde, scratch, &row, take,
			       state);
		append(state, &none);
	}
}

static void take_file(struct state *state, const uint8_t *bytes, size_t size,
		      uint64_t bias)
{
	const struct dwunw_span span = { bytes, size };
	struct dwunw_row_scratch *scratch = malloc(dwunw_row_scratch_size());
	struct dwunw_source source;
	struct dwunw_arena arena;
	dwunw_status_t status = DWUNW_ERR_NO_MEMORY;
	size_t want = 4096;
	void *room = NULL;

	dwunw_source_from_span(&source, &span);
	for (int i = 0; i < 8 && status == DWUNW_ERR_NO_MEMORY; i++) {
		free(room);
		room = aligned_alloc(DWUNW_ARENA_ALIGN,
				     (want + 15u) & ~(size_t)15);
		dwunw_arena_init(&arena, room, want);
		status = dwunw_module_open(&state->module, &source, 1, &arena);
		want = arena.wanted;
	}
	state->bias = bias;
	if (status == DWUNW_OK && scratch)
		take_functions(state, scratch);
	free(room);
	free(scratch);
}

/* At one address, the row before the end of another function. */
static int by_start(const void *a, const void *b)
{
	const struct bare_row *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (y->kind != BARE_STOP) - (x->kind != BARE_STOP);
}

static bool same(const struct bare_row *a, const struct bare_row *b)
{
	return a->kind == b->kind && a->cfa == b->cfa && a->fp == b->fp;
}

/* One row an address, and none that says what the one before it does. */
static void merge(struct state *state)
{
	size_t kept = 0;

	qsort(state->rows, state->count, sizeof(*state->rows), by_start);
	for (size_t i = 0; i < state->count; i++) {
		const struct bare_row *last = &state->rows[kept - 1];

		if (kept && (last->start == state->rows[i].start ||
			     same(last, &state->rows[i])))
			continue;
		state->rows[kept++] = state->rows[i];
	}
	state->count = kept;
}

static void *open_bare(struct image *image)
{
	const struct snap *snap = &image->snap;
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->image = image;
	for (size_t i = 0; i < image->file_count; i++)
		take_file(state, image->files[i].bytes, image->files[i].size,
			  image->files[i].bias);
	if (snap->header.vdso_size)
		take_file(state, snap->vdso, snap->header.vdso_size,
			  snap->header.vdso_addr);
	merge(state);
	return state->failed ? NULL : state;
}

/* --- the walk --- */

static struct bare_row search(const struct state *state, uint64_t pc)
{
	size_t low = 0, high = state->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (state->rows[middle].start <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? state->rows[low - 1] : (struct bare_row){ 0 };
}

static const struct bare_row *find(struct state *state, uint64_t pc)
{
	struct bare_entry *entry =
		&state->cache[(pc ^ pc >> CACHE_BITS) % CACHE_SIZE];

	if (entry->pc != pc) {
		entry->row = search(state, pc);
		entry->pc = pc;
	}
	return &entry->row;
}

static bool word(const struct snap_bytes *stack, uint64_t addr, uint64_t *value)
{
	uint64_t at = addr - stack->addr;

	if (at >= stack->size || stack->size - at < sizeof(*value))
		return false;
	memcpy(value, stack->data + at, sizeof(*value));
	return true;
}

static size_t walk(void *arg, const struct snap_sample *s, uint64_t *pcs,
		   size_t max)
{
	struct state *state = arg;
	uint64_t pc = s->pc, sp = s->sp, fp = s->regs[RBP], cfa;
	size_t count = 0;

	while (count < max) {
		const struct bare_row *row = find(state, pc - (count > 0));

		pcs[count++] = pc;
		if (row->kind == BARE_STOP)
			break;
		if (row->kind == BARE_STUB)
			cfa = sp + ((int32_t)(pc & 15) >= row->cfa ? 16 : 8);
		else
			cfa = (row->kind == BARE_SP ? sp : fp) +
			      (uint64_t)(int64_t)row->cfa;
		if (!word(&s->memory[0], cfa - 8, &pc) || !pc)
			break;
		if (row->fp)
			word(&s->memory[0], cfa + (uint64_t)(int64_t)row->fp,
			     &fp);
		sp = cfa;
	}
	return count;
}

static void close_bare(void *arg)
{
	struct state *state = arg;

	free(state->rows);
	free(state);
}

const struct backend backend_bare = {
	.name = "bare",
	.open = open_bare,
	.walk = walk,
	.close = close_bare,
};
