/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * core/walk/tell.c, and walks that begin at an outer frame: what is told of each
 * kind of row, and what becomes of a first pc that is no frame.
 * tests/stacks/shadow.t does both with recorded stacks.
 */
#include "make_module.h"
#include "make_walker.h"
#include "tap.h"

#define BIAS 0x400000u
#define SP 0x7fff00001000u
#define MADE_CODE (BIAS + MADE_TEXT)
#define FRAMES 8

enum fn {
	PUSH,	  /* rsp + 16 */
	SAVES,	  /* rsp + 32, rbp at cfa - 16, rbx at cfa - 24 */
	ROOT,	  /* the return address is undefined */
	ALIGNED,  /* GCC's realigned frame: the CFA is *(rbp - 8), rbp at rbp,
		  * rbx at rbp - 24 */
	OTHER,	  /* … rbx by rsp: not by the same register */
	STUB,	  /* a stub's: rsp + 8 + ((rip & 15) >= 11) * 8 */
	VALUE,	  /* the CFA is rsp * 3: not rsp and a constant */
	THROWS,	  /* rsp + 16, and rax, rdx saved as well */
	PLAIN,	  /* rsp + 16, and no call in it */
	RESTORER, /* no CFI: rt_sigreturn */
	FUNCTIONS
};

static const char *const rows[FUNCTIONS] = {
	[PUSH] = "0e 10",
	[SAVES] = "0e 20 86 02 83 03",
	[ROOT] = "07 10",
	[ALIGNED] = "0f 03 76 78 06 10 06 02 76 00 10 03 02 76 68",
	[OTHER] = "0f 03 76 78 06 10 06 02 76 00 10 03 02 77 68",
	[STUB] = "0f 0b 77 08 80 00 3f 1a 3b 2a 33 24 22",
	[VALUE] = "0f 04 77 00 33 1e",
	[THROWS] = "0e 10 80 03 81 04",
	[PLAIN] = "0e 10",
};

/* a call ends there */
#define IN(fn) (MADE_CODE + 0x10u * (fn) + 5)
/* … and there: the second half of a stub's code */
#define BEHIND(fn) (MADE_CODE + 0x10u * (fn) + 13)

static struct made m;
static uint8_t code[0x10 * FUNCTIONS];

static void make_module(void)
{
	struct cfi_out *s = made_begin(&m, false);
	unsigned int i;

	memset(code, 0x90, sizeof(code));
	for (i = 0; i < PLAIN; i++) {
		code[0x10 * i] = 0xe8;
		code[0x10 * i + 8] = 0xe8;
	}
	(void)from_hex("48 c7 c0 0f 00 00 00 0f 05", code + 0x10 * RESTORER, 9);
	m.code = code;
	m.code_size = sizeof(code);
	made_functions(s, rows, RESTORER);
	if (made_open(&m) != DWUNW_OK)
		abort();
}

static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **module)
{
	(void)ctx;
	mapping->bias = BIAS;
	mapping->serial = 1;
	*module = &m.module;
	return DWUNW_OK;
}

static void close_module(void *ctx, const struct dwunw_module *module)
{
	(void)ctx;
	(void)module;
}

#define TRAMPOLINE 0x7fffffffe000u

static struct dwunw_mapping mappings[] = {
	{ .start = MADE_CODE,
	  .end = MADE_CODE + 0x1000,
	  .flags = DWUNW_MAPPING_EXEC },
	{ .start = MADE_CODE + 0x1000, .end = MADE_CODE + 0x2000 },
	{ .start = TRAMPOLINE,
	  .end = TRAMPOLINE + 0x1000,
	  .flags = DWUNW_MAPPING_TRAMPOLINE | DWUNW_MAPPING_EXEC },
};
static struct dwunw_space space = { .mappings = mappings,
				    .count = COUNT(mappings),
				    .open_module = open_module,
				    .close_module = close_module };

struct run {
	struct dwunw_regset regs;
	struct dwunw_walk_input input;
	struct dwunw_frame frames[FRAMES];
	struct dwunw_step steps[FRAMES];
	struct dwunw_stop stop;
	uint8_t stack[8 * 64];
	size_t count;
	dwunw_status_t status;
};

static void prepare(struct run *r, uint64_t pc, const uint64_t *words,
		    size_t count)
{
	struct out o = out_init(r->stack, sizeof(r->stack), false);
	size_t i;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < count; i++)
		put_u64(&o, words[i]);
	(void)dwunw_regset_prepare(&r->regs, DWUNW_ARCH_X86_64);
	r->regs.pc = pc;
	r->regs.sp = SP;
	r->regs.regs[6] = SP + 24; /* rbp */
	r->input.regs = &r->regs;
	r->input.stack = (struct dwunw_snapshot){ r->stack, SP, 8 * count };
}

static void walk(struct run *r, struct dwunw_walker *walker)
{
	r->status = dwunw_walk_steps(walker, &space, &r->input, r->frames,
				     r->steps, FRAMES, &r->count, &r->stop);
}

static int64_t offset(const struct dwunw_step *step)
{
	return (int64_t)(int32_t)step->row.cfa >> 8;
}

/* What is told of one function's row, behind a call or at it. */
static const struct dwunw_step *told(struct run *r, uint64_t pc,
				     struct dwunw_walker *walker)
{
	static const uint64_t words[] = { 1,	    2,	      SP + 48, 4,
					  IN(ROOT), IN(ROOT), 7,       8 };

	prepare(r, pc, words, COUNT(words));
	r->input.flags = DWUNW_WALK_RETURN;
	r->input.first_how = DWUNW_HOW_CFI;
	walk(r, walker);
	return &r->steps[0];
}

/* Rules that CFI says by DWARF expressions. */
static void expressions(struct dwunw_walker *walker, const char *cache)
{
	static struct run r;
	const struct dwunw_step *s;

	s = told(&r, IN(ALIGNED), walker);
	is_u64(s->kind, DWUNW_STEP_REALIGNED, "%s: a realigned frame", cache);
	is_u64(s->row.cfa & 0xff, 6, "… by rbp");
	is_u64((uint64_t)offset(s), (uint64_t)-8, "… the CFA at rbp - 8");
	is_u64((uint64_t)(s->row.slots[0] * 4), (uint64_t)-8,
	       "… rip at CFA - 8");
	is_u64((uint64_t)(s->row.slots[1] * 4), (uint64_t)-24,
	       "… rbx at rbp - 24");
	is_u64((uint64_t)(s->row.slots[2] * 4), 0, "… rbp at rbp");
	s = told(&r, IN(OTHER), walker);
	is_u64(s->kind, DWUNW_STEP_NONE, "%s: by two registers: not told",
	       cache);

	s = told(&r, IN(STUB), walker);
	is_u64(s->kind, DWUNW_STEP_ROW, "%s: a stub is a row", cache);
	is_u64((uint64_t)offset(s), 8, "… at its fifth byte rsp + 8");
	s = told(&r, BEHIND(STUB), walker);
	is_u64((uint64_t)offset(s), 16, "… at its 13th rsp + 16");
	s = told(&r, IN(VALUE), walker);
	is_u64(s->kind, DWUNW_STEP_NONE, "%s: rsp times 3: not told", cache);
}

static void kinds(struct dwunw_walker *walker, const char *cache)
{
	static struct run r;
	const struct dwunw_step *s = told(&r, IN(SAVES), walker);

	is_u64(s->kind, DWUNW_STEP_ROW, "%s: a row", cache);
	is_u64(s->row.cfa & 0xff, 7, "… by rsp");
	is_u64((uint64_t)offset(s), 32, "… and 32");
	is_u64(s->row.bits, 7, "… rip, rbx and rbp are saved");
	is_u64((uint64_t)(s->row.slots[0] * 4), (uint64_t)-8, "… rip at -8");
	is_u64((uint64_t)(s->row.slots[1] * 4), (uint64_t)-24, "… rbx at -24");
	is_u64((uint64_t)(s->row.slots[2] * 4), (uint64_t)-16, "… rbp at -16");
	is_u64(s->vaddr, IN(SAVES) - BIAS, "… of the frame's address");
	is_u64(s->module, 1, "… in its file");
	is_u64(s->exact, 0, "… a return address");
	is_u64(s->how, DWUNW_HOW_CFI, "… by CFI");

	s = told(&r, IN(ROOT), walker);
	is_u64(s->kind, DWUNW_STEP_END, "%s: an end", cache);
	is_u64(s->stop, DWUNW_STOP_ROOT, "… for its reason");
	if (IS_ON(CONFIG_CFI_EXPRESSIONS))
		expressions(walker, cache);

	s = told(&r, IN(THROWS), walker);
	is_u64(s->kind, DWUNW_STEP_ROW, "%s: with rax and rdx saved", cache);
	is_u64(s->row.bits, 1, "… only what calls preserve is told");
	s = told(&r, IN(PLAIN), walker);
	is_u64(r.count, 0, "%s: behind no call there is no row", cache);
}

static void exact(struct dwunw_walker *walker)
{
	static const uint64_t words[] = { 1, IN(ROOT), 3 };
	static struct run r;

	prepare(&r, MADE_CODE + 0x10 * PLAIN, words, COUNT(words));
	walk(&r, walker);
	is_u64(r.steps[0].kind, DWUNW_STEP_ROW, "of frame 0");
	is_u64(r.steps[0].exact, 1, "… which is exact");
	is_u64(r.steps[0].stop, DWUNW_STEP_ON, "… and goes on");
	is_u64(r.steps[1].stop, DWUNW_STOP_ROOT, "the last one does not");
	r.input.flags = DWUNW_WALK_ENTRY;
	r.input.entry_offset = 8;
	walk(&r, walker);
	is_u64(r.frames[1].how, DWUNW_HOW_ENTRY, "what was just entered");
	is_u64(r.steps[0].kind, DWUNW_STEP_NONE, "… has no row of its code");
	r.input.flags = 0;
	r.input.stack.size = 8;
	walk(&r, walker);
	is_u64(r.stop.reason, DWUNW_STOP_UNREADABLE, "a stack that is cut");
	is_u64(r.steps[0].kind, DWUNW_STEP_ROW,
	       "… says nothing against the row");
}

/* A signal frame, whose pc the kernel puts at sp + 168. */
static void signal_frame(struct dwunw_walker *walker)
{
	uint64_t words[40] = { 0 };
	static struct run r;

	words[21] = MADE_CODE + 0x10 * PLAIN;
	words[20] = SP + 8 * 30; /* rsp */
	words[23] = 0x33;	 /* cs */
	words[31] = IN(ROOT);
	prepare(&r, MADE_CODE + 0x10 * RESTORER, words, COUNT(words));
	r.input.flags = DWUNW_WALK_RETURN;
	r.input.first_how = DWUNW_HOW_CFI;
	walk(&r, walker);
	is_u64(r.count, 3,
	       "a signal trampoline, what it interrupted, the start");
	is_u64(r.steps[0].kind, DWUNW_STEP_SIGNAL, "a signal frame");
	is_u64((uint64_t)offset(&r.steps[0]), 168, "… by the place of the pc");
	is_u64(r.steps[0].flags, DWUNW_FRAME_FLAG_INTERRUPTED,
	       "… leads to an exact pc");
	is_u64(r.steps[1].exact, 1, "… which the next step is of");
}

/* First pcs that are no frames: nothing, and why. */
static void refused(struct dwunw_walker *walker)
{
	static const struct {
		const char *title;
		uint64_t pc;
		uint8_t reason;
	} cases[] = {
		{ "0", 0, DWUNW_STOP_ZERO_RETURN },
		{ "in no mapping", 0x1234, DWUNW_STOP_NO_CODE },
		{ "in data", MADE_CODE + 0x1800, DWUNW_STOP_NO_CODE },
		{ "behind no call", IN(PLAIN), DWUNW_STOP_NO_CALL },
		{ "a foreign trampoline", TRAMPOLINE, DWUNW_STOP_TRAMPOLINE },
	};
	static const uint64_t words[] = { 1, IN(ROOT) };
	static struct run r;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		prepare(&r, cases[i].pc, words, COUNT(words));
		r.input.flags = DWUNW_WALK_RETURN;
		r.input.first_how = DWUNW_HOW_CFI;
		walk(&r, walker);
		is_u64((uint64_t)r.status, DWUNW_OK, "%s: OK", cases[i].title);
		is_u64(r.count, 0, "… without a frame");
		is_u64(r.stop.reason, cases[i].reason, "… for the reason");
		is_u64(r.stop.addr, cases[i].pc, "… that pc");
		is_u64(r.stop.pc | r.stop.module, 0, "… and no last frame");
	}
}

static void resumed(struct dwunw_walker *walker)
{
	static const uint64_t words[] = { 1, IN(ROOT), 3 };
	struct dwunw_event_return returns[] = { { SP - 8, IN(PUSH) } };
	static struct run r;

	prepare(&r, IN(PUSH), words, COUNT(words));
	r.input.flags = DWUNW_WALK_RETURN;
	walk(&r, walker);
	is_u64((uint64_t)(int64_t)r.status, (uint64_t)DWUNW_ERR_INVALID_ARG,
	       "how it was found must be said");
	r.input.first_how = DWUNW_HOW_SCAN;
	r.input.first_flags = DWUNW_FRAME_FLAG_GUESS | DWUNW_FRAME_FLAG_SIGNAL |
			      DWUNW_FRAME_FLAG_PARTIAL;
	walk(&r, walker);
	is_u64(r.count, 2, "two frames");
	is_u64(r.frames[0].how, DWUNW_HOW_SCAN, "the first found as was said");
	is_u64(r.frames[0].flags, DWUNW_FRAME_FLAG_GUESS, "… a guess");
	is_u64(r.frames[1].flags, DWUNW_FRAME_FLAG_GUESS, "… as all beyond");
	r.input.flags |= DWUNW_WALK_ENTRY;
	walk(&r, walker);
	is_u64((uint64_t)(int64_t)r.status, (uint64_t)DWUNW_ERR_INVALID_ARG,
	       "an outer frame was not just entered");

	r.input.flags = DWUNW_WALK_RETURN;
	r.input.first_flags = DWUNW_FRAME_FLAG_INTERRUPTED;
	r.regs.pc = IN(PLAIN);
	walk(&r, walker);
	is_u64(r.count, 2, "a pc that a signal interrupted needs no call");
	is_u64(r.steps[0].exact, 1, "… and is exact");

	r.input.first_flags = 0;
	r.input.returns = returns;
	r.input.return_count = 1;
	r.regs.pc = TRAMPOLINE;
	walk(&r, walker);
	is_u64(r.count, 2, "a trampoline of ours is what it stands for");
	is_u64(r.frames[0].pc, IN(PUSH), "… the true return address");
	r.input.stack.size = 0;
	walk(&r, walker);
	is_u64(r.frames[0].flags, DWUNW_FRAME_FLAG_PARTIAL, "without a stack");
}

int main(void)
{
	struct dwunw_walker *walker;

	NEEDS(CONFIG_ARCH_X86_64);
	make_module();
	if (dwunw_space_init(&space) != DWUNW_OK)
		abort();
	walker = make_walker(0);
	if (!IS_ON(CONFIG_WALK_STEPS)) {
		static struct run r;

		(void)told(&r, IN(PUSH), walker);
		is_u64((uint64_t)(int64_t)r.status,
		       (uint64_t)DWUNW_ERR_NOT_IMPLEMENTED, "built without");
		return done();
	}
	kinds(walker, "no cache");
	walker = make_walker(64);
	kinds(walker, "cold");
	kinds(walker, "warm");
	exact(walker);
	signal_frame(walker);
	refused(walker);
	resumed(walker);
	return done();
}
