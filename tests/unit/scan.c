/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * core/scan/explore.c, scan.c and sweep.c: each rule of the engine, on code of a
 * machine made up for it. An instruction has four bytes, op a b c:
 *
 *	.	nothing			S n	sp += n
 *	p	nothing, padding	s r n	store r at sp + n
 *	C t	call			l r n	load r from sp + n
 *	B t	branch, or on		L r	r is lost
 *	D t	branch, a slot behind	m r q	r = q (a register)
 *	K t	likely branch, a slot	z r	r = 0
 *	J t	jump			a	sp is lost
 *	I	jump somewhere		X	trap
 *	T	jump by a table		?	not an instruction
 *	R	return			d	call, a slot behind
 *	r	return, a slot behind
 *
 * t is the number of an instruction. Registers: 0..3 scratch, 4..7 preserved,
 * 8 is sp, 9 the link. A function that opens its frame (S with n < 0) may
 * begin there. Wanted rows are worked out by hand.
 */
#include "make_module.h"
#include "tap.h"

#include "core/scan/scan.h"
#include "core/scan/sweep.h"

#include <stdlib.h>

#if IS_ON(CONFIG_SCAN)

enum {
	SP_REG = 8,
	LINK_REG = 9
};

static void decode(const struct dwunw_arch_ops *arch,
		   const struct dwu_code *code, struct dwu_insn *insn)
{
	static const char ops[] = ".pCBDKJITRrSslLmzaXd";
	static const uint8_t flows[] = {
		[0] = DWU_FLOW_NEXT,	 [1] = DWU_FLOW_NEXT,
		[2] = DWU_FLOW_CALL,	 [3] = DWU_FLOW_BRANCH,
		[4] = DWU_FLOW_BRANCH,	 [5] = DWU_FLOW_BRANCH,
		[6] = DWU_FLOW_JUMP,	 [7] = DWU_FLOW_INDIRECT,
		[8] = DWU_FLOW_INDIRECT, [9] = DWU_FLOW_RETURN,
		[10] = DWU_FLOW_RETURN,	 [18] = DWU_FLOW_END,
		[19] = DWU_FLOW_CALL,
	};
	const char *op = code->size >= 4 && code->bytes[0] ?
				 strchr(ops, code->bytes[0]) :
				 NULL;

	(void)arch;
	memset(insn, 0, sizeof(*insn));
	if (!op)
		return;
	insn->size = 4;
	insn->flow = flows[op - ops];
	insn->delay = strchr("DKrd", *op) != NULL;
	insn->likely = *op == 'K';
	insn->pad = *op == 'p';
	insn->table = *op == 'T';
	if (strchr("CBDKJd", *op))
		insn->target = MADE_TEXT + 4u * code->bytes[1];
}

static void effect(const struct dwunw_arch_ops *arch,
		   const struct dwu_code *code, const struct dwu_insn *insn,
		   struct dwu_scan_state *state)
{
	uint8_t r = code->bytes[1];
	struct dwu_value *sp = &state->regs[SP_REG];
	int32_t at = sp->n + (int8_t)code->bytes[2];

	(void)insn;
	switch (code->bytes[0]) {
	case 'S':
		if (sp->kind == DWU_VALUE_CFA)
			sp->n += (int8_t)r;
		break;
	case 's':
		if (sp->kind == DWU_VALUE_CFA)
			dwu_scan_store(arch, state, r, at);
		break;
	case 'l':
		if (sp->kind == DWU_VALUE_CFA)
			dwu_scan_load(arch, state, r, at);
		break;
	case 'L':
		state->regs[r] = (struct dwu_value){ 0 };
		break;
	case 'm':
		state->regs[r] = state->regs[code->bytes[2]];
		break;
	case 'z':
		state->regs[r] = (struct dwu_value){ .kind = DWU_VALUE_CONST };
		break;
	case 'a':
		*sp = (struct dwu_value){ 0 };
		break;
	default:
		break;
	}
}

static uint8_t start(const struct dwunw_arch_ops *arch,
		     const struct dwu_code *code)
{
	(void)arch;
	return code->bytes[0] == 'S' && (int8_t)code->bytes[1] < 0 ?
		       DWU_START_MAYBE :
		       DWU_START_NO;
}

/* "s3,12 .": a resolver, whose return address is in register 3 */
static const struct dwu_scan_ops ops = { .unit = 4,
					 .resolver = { 0x000c0373, 0x2e },
					 .resolver_ra = 3,
					 .decode = decode,
					 .effect = effect,
					 .start = start };

static const char *const names[] = { "r0", "r1", "r2", "r3", "r4", "r5",
				     "r6", "r7", "sp", "ra", "pc" };

static const struct dwu_arch_file file;
static const struct dwunw_arch_ops machine = {
	.name = "made up",
	.file = &file,
	.reg_count = 10,
	.column_names = names,
	.sp = SP_REG,
	.ra = LINK_REG,
	.pc = 10,
	.link_register = true,
	.pc_mask = UINT64_MAX,
	.preserved = 0xf0,
	.saved = { LINK_REG, 4, 5, 6, 7 },
	.saved_count = 5,
	.scan = &ops,
};

#define MEMORY 65536u

static struct made m;
static struct dwu_scan_memory memory;
static _Alignas(16) uint8_t block[MEMORY];
static uint8_t code[1024];
static uint32_t insns;

/* "S-8 s9,4 C5 R": instructions of the machine. */
static void assemble(const char *text)
{
	char *end;

	memset(code, 0, sizeof(code));
	for (insns = 0; *text; insns++) {
		uint8_t *at = &code[4 * insns];

		*at = (uint8_t)*text++;
		if (*text && *text != ' ')
			at[1] = (uint8_t)strtol(text, &end, 10), text = end;
		if (*text == ',')
			at[2] = (uint8_t)strtol(text + 1, &end, 10), text = end;
		while (*text == ' ')
			text++;
	}
}

static void open_code(const char *text)
{
	assemble(text);
	(void)made_begin(&m, false);
	m.code = code;
	m.code_size = 4 * insns;
	if (made_open(&m) != DWUNW_OK)
		abort();
	m.module.arch = &machine;
	memset(&memory, 0, sizeof(memory));
	dwu_scan_memory_init(&memory, block, sizeof(block));
	if (!dwu_code_open(&memory.text, &m.module, MADE_TEXT))
		abort();
}

static void print_rule(const char *name, const struct dwunw_rule *rule,
		       char *text, size_t room)
{
	size_t used = strlen(text);

	if (rule->kind == DWUNW_RULE_OFFSET)
		snprintf(text + used, room - used, " %s=c%+d", name,
			 rule->value);
	else if (rule->kind == DWUNW_RULE_REGISTER)
		snprintf(text + used, room - used, " %s=%s", name,
			 names[rule->reg]);
	else if (rule->kind == DWUNW_RULE_UNDEFINED)
		snprintf(text + used, room - used, " %s=u", name);
}

/* What the scan says of instruction `at`, as text; SAME is not printed. */
static void say(const struct dwu_function *f, uint32_t at, bool exact,
		char *text, size_t room)
{
	struct dwunw_row row = { 0 };
	uint8_t result =
		dwu_scan_at(&memory, f, 4 * at + (exact ? 0 : 3), exact, &row);

	if (result != DWUNW_SCAN_OK) {
		snprintf(text, room, "%s", dwunw_scan_result_name(result));
		return;
	}
	snprintf(text, room, "%s%+d", names[row.cfa.reg], row.cfa.value);
	print_rule("ra", &row.rules[LINK_REG], text, room);
	print_rule("r4", &row.rules[4], text, room);
}

/* clang-format off */
static const struct {
	const char *title, *code, *want;
	uint32_t at;
	bool in_call; /* `at` is a call's, or its slot's, last instruction */
} cases[] = {
	{ "the entry", "R", "sp+0", 0, false },
	{ "a frame", "S-16 . S16 R", "sp+16", 1, false },
	{ "… gone", "S-16 . S16 R", "sp+0", 3, false },
	{ "the return address saved", "S-16 s9,12 . R", "sp+16 ra=c-4", 2,
	  false },
	{ "… in a frame that is gone", "S-16 s9,12 S16 R", "sp+0", 3, false },
	{ "a preserved register that is saved and changed", "S-16 s4,8 z4 .",
	  "sp+16 r4=c-8", 3, false },
	{ "… saved but not changed is where it was", "S-16 s4,8 . R", "sp+16",
	  2, false },
	{ "… lost", "z4 . R", "sp+0 r4=u", 1, false },
	{ "… moved to another", "m5,4 z4 . R", "sp+0 r4=r5", 2, false },
	{ "… loaded again", "S-16 s4,8 z4 l4,8 . R", "sp+16", 4, false },
	{ "a slot that is overwritten", "S-16 s4,8 z4 s0,8 . R", "sp+16 r4=u",
	  4, false },
	{ "the CFA by a register when sp is lost", "S-16 m4,8 s9,12 a . R",
	  "r4+16 ra=c-4 r4=u", 4, false },
	{ "sp lost, and no other", "S-16 a . R", "sp unknown", 2, false },
	{ "a call with the return address saved", "S-16 s9,12 C9 . R",
	  "sp+16 ra=c-4", 2, true },
	{ "a call that loses it, and a return", "C9 . R", "ra lost", 0, true },
	{ "… and none", "C9 . X", "ra lost", 0, true },
	{ "a link of 0 is the end", "z9 C9 . R", "sp+0 ra=u", 1, true },
	{ "no call at a return address", "S-16 . R", "no call", 1, true },
	{ "a call's slot counts", "S-16 s9,12 d9 S-8 . R", "sp+24 ra=c-4", 3,
	  true },
	{ "… and loses the link before it", "S-16 d9 s9,12 . R", "ra lost", 2,
	  true },
	{ "scratch registers are lost in a call, preserved ones are not",
	  "S-16 s9,12 m4,8 m0,8 a C9 . R", "r4+16 ra=c-4 r4=u", 5, true },
	{ "… nor is the CFA by one of them", "S-16 s9,12 m0,8 a C9 . R",
	  "sp unknown", 4, true },
	{ "… nor what one of them was given", "S-16 s9,12 m0,4 z4 C9 . R",
	  "sp+16 ra=c-4 r4=u", 5, false },
	{ "… on a second path, either",
	  "S-16 s9,12 B5 . J7 m0,8 a C9 . R", "sp unknown", 7, true },
	{ "a resolver's return address is in another register",
	  "S-16 s3,12 . C9 l9,12 S16 I", "sp+0 ra=r3", 0, false },
	{ "… until it is saved", "S-16 s3,12 . C9 l9,12 S16 I", "sp+16 ra=c-4",
	  3, true },
	{ "… and loaded", "S-16 s3,12 . C9 l9,12 S16 I", "sp+0", 6,
	  false },
#if IS_ON(CONFIG_SCAN_ARM64)
	{ "a return address in a scratch register alone outlives a call",
	  "m0,9 C9 . R", "sp+0 ra=r0", 1, true },
	{ "… not where it is saved as well", "S-16 s9,12 m0,9 C9 . R",
	  "sp+16 ra=c-4", 3, true },
#endif
	{ "a link that a second path has not saved is lost in the call",
	  "S-16 B3 s9,12 C9 . R", "ra lost", 3, true },
	{ "a branch's target", "B3 S-8 R S-4 . R", "sp+4", 4, false },
	{ "behind a jump comes what branches there", "S-8 B4 S8 R . R", "sp+8",
	  4, false },
	{ "a branch's slot, before the target", "D3 S-8 R . R", "sp+8", 3,
	  false },
	{ "… and before what follows", "D3 S-8 . R", "sp+8", 2, false },
	{ "a likely branch's slot counts where it is taken", "K4 S-8 . R . R",
	  "sp+8", 4, false },
	{ "… and not behind it", "K4 S-8 . R . R", "sp+0", 2, false },
	{ "a return's slot", "S-8 r S8 . R", "sp+8", 2, false },
	{ "the edge of a branch before what is behind a call",
	  /* 3 is a call that does not return */
	  "S-8 s9,4 B5 S-8 C9 . R", "sp+8 ra=c-4", 5, false },
	{ "… although that stands before it",
	  "S-8 s9,4 B6 S-8 C30 . J8 R . R", "sp+8 ra=c-4", 9, false },
	{ "of two calls what is behind the first",
	  "S-8 s9,4 B6 C30 J9 . S-8 C30 . J11 R . R", "sp+8 ra=c-4", 12,
	  false },
	{ "a loop that moves the stack", ". . S-8 J1", "contradiction", 1,
	  false },
	{ "behind a call, where nothing else leads", "S-8 s9,4 C9 . R",
	  "sp+8 ra=c-4", 3, false },
	{ "two edges that disagree", "B3 S-8 . . R", "contradiction", 3,
	  false },
	{ "… on a register alone", "B3 m4,5 . . R", "sp+0 r4=u", 3, false },
	{ "… agree on another way to the CFA", "m5,8 B4 S-8 . . R", "r5+0", 4,
	  false },
	{ "paths that meet far before the call, and alloca on the second",
	  "S-8 s9,4 m4,8 B6 J7 . a . B10 J11 C9 . R", "r4+8 ra=c-4 r4=u", 10,
	  true },
	{ "… and on the first", "S-8 s9,4 m4,8 B5 a . B8 J9 C9 . R",
	  "r4+8 ra=c-4 r4=u", 8, true },
	{ "… behind calls", "S-8 s9,4 m4,8 B6 C20 J7 S-8 . B10 J11 C9 . R",
	  "r4+8 ra=c-4 r4=u", 10, true },
	{ "a loop that pushes, with a frame pointer",
	  "S-8 s9,4 m4,8 S-4 B3 C9 . R", "r4+8 ra=c-4 r4=u", 5, true },
	{ "… and calls", "S-8 s9,4 m4,8 S-4 C30 B3 . R", "r4+8 ra=c-4 r4=u", 4,
	  true },
	{ "a loop in which a saved register first is lost is in its slot",
	  "S-16 s9,12 s4,8 B5 . C20 L4 B3 R", "sp+16 ra=c-4 r4=c-8", 5, true },
	{ "one that is saved on one path alone is nowhere",
	  "S-16 s9,12 B4 J6 s4,8 L4 C20 . R", "sp+16 ra=c-4 r4=u", 6, true },
	{ "… saved in two places, too",
	  "S-16 s9,12 B5 s4,8 J6 s4,4 L4 C20 . R", "sp+16 ra=c-4 r4=u", 7,
	  true },
	{ "a block behind a call that does not return has the edge's frame",
	  "S-8 s9,4 B6 S-8 C30 . C30 B5 R", "sp+8 ra=c-4", 5, false },
	{ "… and so has what follows it",
	  "S-8 s9,4 B7 S-8 C30 . . C30 B5 R", "sp+8 ra=c-4", 6, false },
	{ "what lies behind such a call and nothing leads to is as at calls",
	  "S-8 s9,4 C30 B7 R S-8 C30 J6", "sp+8 ra=c-4", 3, false },
	{ "code behind a switch has its frame", "S-8 s9,4 T . R", "sp+8 ra=c-4",
	  3, false },
	{ "… none of two that differ", "B4 S-4 T . S-8 T . R", "contradiction",
	  6, false },
	{ "… but what both say", "S-8 m4,8 B5 S-4 T . S-8 T . R", "r4+8 r4=u",
	  8, false },
	{ "… joined with what leads on from a block",
	  "S-8 s9,4 m4,8 B5 T . C30 . R a J5", "r4+8 ra=c-4 r4=u", 6, true },
	{ "… rather than a tail call's", "S-8 B4 T . S8 I . R", "sp+8", 6,
	  false },
	{ "a landing pad is as at every call", "S-8 s9,4 C9 S8 R . R",
	  "sp+8 ra=c-4", 5, false },
	{ "… none where calls differ", "S-8 s9,4 C9 S-8 C9 S16 R . R",
	  "contradiction", 7, false },
	{ "no call, no frame: as at the entry", "R . R", "sp+0", 1, false },
	{ "behind what cannot be decoded", "S-8 ? . R", "undecodable", 2,
	  false },
	{ "a jump out of the function ends the path", "S-8 J99 . R",
	  "unreached", 2, false },
	{ "a loop ends", "S-8 . J1", "sp+8", 2, false },
	{ "a detour: one instruction elsewhere", "J1 R", "unreached", 9,
	  false },
};
/* clang-format on */

static void rows(void)
{
	char text[256];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dwu_function f = { 0 };

		open_code(cases[i].code);
		f.end = 4 * insns;
		say(&f, cases[i].at, !cases[i].in_call, text, sizeof(text));
		is_str(text, cases[i].want, "%s: %s", cases[i].title,
		       cases[i].code);
	}
}

static void entry(void)
{
	struct dwu_function f = { .entry = true };
	char text[256];

	open_code("a C9 . R");
	f.end = 4 * insns;
	say(&f, 1, false, text, sizeof(text));
	is_str(text, "sp+0 ra=u", "the program's first function is the end");
}

/* Start code calls, and runs on; what it calls is another function. */
static void from_entry(void)
{
	static const struct {
		const char *title, *code;
		uint32_t at;
		bool called, first;
	} tried[] = {
		{ "behind its call", ". C6 . . . . . R", 2, true, true },
		{ "right at its first byte", ". C6 . . . . . R", 0, false,
		  true },
		{ "… which nothing returns to", ". C6 . . . . . R", 0, true,
		  false },
		{ "behind a branch", ". B6 . . . . . R", 3, false, false },
		{ "in what it calls", ". C4 . . . . . R", 5, false, false },
		{ "… at its start", ". C4 . . . . . R", 4, false, false },
		{ "… behind a call there", ". C4 . . . C7 . R", 6, true,
		  false },
		{ "a call that asks where it is", ". C2 . . . . . R", 5, false,
		  true },
	};
	size_t i;

	for (i = 0; i < sizeof(tried) / sizeof(tried[0]); i++) {
		open_code(tried[i].code);
		m.module.elf.entry = MADE_TEXT;
		m.module.elf.type = 2; /* ET_EXEC */
		ok(dwu_code_from_entry(&memory.text, &m.module,
				       MADE_TEXT + 4 * tried[i].at,
				       tried[i].called) == tried[i].first,
		   "the first function: %s", tried[i].title);
	}
}

#if IS_ON(CONFIG_ARCH_ARM64)
/* CFI of a prologue that is told at its end, at its start, or not at all. */
static void forgotten_pushes(void)
{
	static const struct {
		const char *title, *code;
		uint32_t at;
		int32_t cfa;
		bool forgets;
	} tried[] = {
		{ "the entry's row behind a push", "S-16 . S16 R", 1, 0, true },
		{ "… before it", "S-16 . S16 R", 0, 0, false },
		{ "the body's row before the push", ". . S-16 . S16 R", 1, 16,
		  true },
		{ "… and behind it", ". . S-16 . S16 R", 3, 16, false },
		{ "… of a part that pushes nothing", ". . . R", 1, 16, false },
		{ "… where a branch leads around the push",
		  "B5 S-16 C9 S16 R . R", 5, 16, true },
		{ "… or behind it", "S-16 B5 C9 S16 R . R", 5, 16, false },
		{ "a resolver's first row", "S-16 s3,12 . C9 R", 0, 0, true },
	};
	size_t i;

	for (i = 0; i < sizeof(tried) / sizeof(tried[0]); i++) {
		struct dwunw_fde fde = { .start = MADE_TEXT };

		open_code(tried[i].code);
		fde.end = MADE_TEXT + 4 * insns;
		ok(dwu_scan_forgets_push(&memory, &m.module,
					 MADE_TEXT + 4 * tried[i].at, &fde,
					 tried[i].cfa) == tried[i].forgets,
		   "CFI that forgets: %s", tried[i].title);
	}
}
#else
static void forgotten_pushes(void)
{
}
#endif

static void inside_a_call(void)
{
	struct dwu_function f = { 0 };
	struct dwunw_row row;

	open_code("S-16 s9,12 C9 . R");
	f.end = 4 * insns;
	is_u64(dwu_scan_at(&memory, &f, 4 * 2 + 1, false, &row),
	       DWUNW_SCAN_NO_CALL, "no call ends inside of itself");
}

static void detour(void)
{
	struct dwu_function f = { .end = 4 * 4 };
	char text[256];

	/* 1 jumps out to 5, whose neighbour jumps back to 2 */
	open_code("S-8 J5 . R R . J2");
	say(&f, 2, true, text, sizeof(text));
	is_str(text, "sp+8", "a detour is followed");
	open_code("S-8 J5 . R R . J3");
	say(&f, 2, true, text, sizeof(text));
	is_str(text, "unreached", "what leads elsewhere is none");
}

/* The function around an instruction, as "first..behind the last". */
static const struct {
	const char *title, *code, *want;
	uint32_t at;
} bounds[] = {
	{ "one function", ". . R", "0..3", 1 },
	{ "a call's target", "C3 . R . R", "0..3", 0 },
	{ "… begins another", "C3 . R . R", "3..5", 4 },
	{ "behind a return", ". R . R", "2..4", 2 },
	{ "… and padding", ". R p p . R", "4..6", 5 },
	{ "a branch goes past a return", "B3 . R . R", "0..5", 3 },
	{ "a branch back joins", "S-8 s9,4 . J5 p l9,4 S8 R", "0..8", 6 },
	{ "a jump back from behind", ". B4 . R . J1", "0..6", 4 },
	{ "a tail call does not join", ". J3 p S-8 S8 R", "3..6", 4 },
	{ "… behind a frame's end", "S-8 S8 J4 p S-8 S8 R", "4..7", 5 },
	{ "a frame that opens behind a call", "S-8 s9,4 C9 S-8 s9,4 S8 R",
	  "3..7", 5 },
	{ "… which a branch goes past", "S-8 s9,4 B4 C9 S-8 S16 R", "0..7", 5 },
	{ "data ends a function", ". ? . R", "2..4", 3 },
	{ "a piece that frees what it did not take is joined",
	  "S-8 s9,4 T . . J99 l9,4 S8 R", "0..9", 7 },
	{ "a piece that calls without its return address is joined",
	  "S-8 s9,4 C60 S8 R C60 X", "0..7", 5 },
	{ "behind a call that does not return, by the stack",
	  "S-8 s9,4 C60 . . . . . . . . . . . S-4 S4 R", "3..17", 15 },
};

static void sweeping(void)
{
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		struct dwu_function f = { 0 };

		open_code(bounds[i].code);
		f.end = 4 * insns;
		snprintf(text, sizeof(text), "none");
		if (dwu_sweep(&memory, 4 * bounds[i].at, &f))
			snprintf(text, sizeof(text), "%u..%u", f.start / 4,
				 f.end / 4);
		is_str(text, bounds[i].want, "%s: %s", bounds[i].title,
		       bounds[i].code);
		f = (struct dwu_function){ .end = 4 * insns };
		(void)dwu_sweep(&memory, 4 * bounds[i].at, &f);
		snprintf(text, sizeof(text), "%u..%u", f.start / 4, f.end / 4);
		is_str(text, bounds[i].want, "%s, asked again",
		       bounds[i].title);
	}
}

static bool count(void *ctx, const struct dwu_scan_at *at)
{
	uint32_t *seen = ctx;

	if (at->moment == DWU_BEFORE)
		seen[at->op->at / 4]++;
	return true;
}

/* Bounds of memory: each at n - 1, n and n + 1. */
static void limits(void)
{
	static uint32_t seen[256];
	struct dwu_function f = { 0 };
	uint32_t i, wrong = 0;

	open_code("S-8 s9,4 B7 C9 . D2 . . J3 R . T . R");
	f.end = 4 * insns;
	is_u64(dwu_scan_explore(&memory, &f, DWU_NOWHERE, count, seen),
	       DWUNW_SCAN_OK, "all of a function is explored");
	for (i = 0; i < insns; i++)
		wrong += seen[i] != 1;
	is_u64(wrong, 0, "each instruction once");

	for (i = insns - 1; i <= insns + 1; i++) {
		memory.visited_count = i;
		is_u64(dwu_scan_explore(&memory, &f, DWU_NOWHERE, count, seen),
		       i > insns ? DWUNW_SCAN_OK : DWUNW_SCAN_TOO_LARGE,
		       "a function of %u units, room for %u less one", insns,
		       i);
	}
	open_code("B5 B5 B6 B7 R . . . R");
	f.end = 4 * insns;
	for (i = 3; i <= 5; i++) {
		memory.block_room = i;
		is_u64(dwu_scan_explore(&memory, &f, DWU_NOWHERE, count, seen),
		       i >= 4 ? DWUNW_SCAN_OK : DWUNW_SCAN_TOO_LARGE,
		       "the entry and three targets, room for %u", i);
	}
	open_code("B6 S-4 B7 S-4 B8 R R R R");
	f.end = 4 * insns;
	for (i = 2; i <= 4; i++) {
		memory.state_room = i;
		is_u64(dwu_scan_explore(&memory, &f, DWU_NOWHERE, count, seen),
		       i >= 3 ? DWUNW_SCAN_OK : DWUNW_SCAN_TOO_LARGE,
		       "three states, room for %u", i);
	}
	open_code("L4 B6 z4 B7 L0 B8 R R R");
	f.end = 4 * insns;
	memory.state_room = 1;
	is_u64(dwu_scan_explore(&memory, &f, DWU_NOWHERE, count, seen),
	       DWUNW_SCAN_TOO_LARGE, "two states that matter, room for one");
	memory.state_room = 2;
	is_u64(dwu_scan_explore(&memory, &f, DWU_NOWHERE, count, seen),
	       DWUNW_SCAN_OK, "… for two: numbers and arguments are no others");
	open_code("m4,8 B4 m0,8 B5 R R");
	f.end = 4 * insns;
	is_u64(dwu_scan_explore(&memory, &f, DWU_NOWHERE, count, seen),
	       DWUNW_SCAN_OK,
	       "a place in the frame that a call forgets is "
	       "dropped when there is no room");
}

static void open_module(void)
{
	(void)made_begin(&m, false);
	m.code = code;
	m.code_size = sizeof(code);
	if (made_open(&m) != DWUNW_OK)
		abort();
	m.module.arch = &machine;
	dwu_scan_memory_init(&memory, block, sizeof(block));
	if (!dwu_code_open(&memory.text, &m.module, MADE_TEXT))
		abort();
	memory.starts.count = 64;
}

/* A window of starts that is smaller than the text. */
static void windows(void)
{
	static const uint8_t function[] = "S\xf8\0\0s\x09\x04\0C\0\0\0"
					  "l\x09\x04\0S\x08\0\0R\0\0\0"
					  "p\0\0\0p\0\0";
	struct dwu_function f;
	uint32_t i, right = 0;

	for (i = 0; i < 256; i += 8) {
		memcpy(&code[4 * i], function, sizeof(function));
		code[4 * i + 9] = (uint8_t)(i + 8); /* calls the next one */
	}
	open_module();
	for (i = 0; i < 256; i++) {
		f = (struct dwu_function){ .end = sizeof(code) };
		right += dwu_sweep(&memory, 4 * i, &f) &&
			 f.start == 32 * (i / 8) && f.end == f.start + 32;
	}
	is_u64(right, 256, "a window moves to where it is needed");
	memset(code + 4 * 128, '.', 4 * 127);
	open_module();
	f = (struct dwu_function){ .end = sizeof(code) };
	ok(!dwu_sweep(&memory, 4 * 200, &f),
	   "and says so where it does not reach the start");
}

int main(void)
{
	NEEDS(CONFIG_ARCH_X86_64);
	rows();
	entry();
	inside_a_call();
	from_entry();
	forgotten_pushes();
	detour();
	sweeping();
	limits();
	windows();
	return done();
}

#else

int main(void)
{
	return skip_all("built without CONFIG_SCAN");
}

#endif
