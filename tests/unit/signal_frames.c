/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A return address that is a signal trampoline's, on arm64 and mips32: it is a
 * frame only where the stack holds what the kernel writes for one. (x86_64 is
 * in walk.c.) And the stack that it makes for a new program.
 */
#include "make_module.h"
#include "make_walker.h"
#include "tap.h"

#define TEXT 0x1000u
#define TRAMPOLINE 0x1040u
#define ENTRY 0x1060u
#define SP 0x7fff0000u
#define WANT_FRAME "1040 signal:1000 ; zero return"

struct target {
	const char *name;
	uint16_t arch;
	struct elf_spec spec;
	uint32_t leaf[2]; /* at TEXT: it returns */
	uint32_t trampoline[2];
	uint32_t pc, sp; /* where the signal's frame has them */
	const char *leaf_how;
	uint8_t link;
};

/* clang-format off */
static const struct target targets[] = {
	{ .name = "arm64",
	  .arch = DWUNW_ARCH_ARM64,
	  .spec = { .elf_class = 2, .data = 1, .machine = 183, .type = 2,
		    .no_sections = true },
	  .leaf = { 0xd65f03c0, 0xd503201f },
	  .trampoline = { 0xd2801168, 0xd4000001 },
	  .pc = 312 + 8 * 32,
	  .sp = 312 + 8 * 31,
	  .leaf_how = "leaf",
	  .link = 30 },
	{ .name = "mips32el",
	  .arch = DWUNW_ARCH_MIPS32EL,
	  .spec = { .elf_class = 1, .data = 1, .machine = 8, .type = 2,
		    .no_sections = true },
	  .leaf = { 0x03e00008, 0 },
	  .trampoline = { 0x24021061, 0xc },
	  .pc = 176 + 8,
	  .sp = 176 + 16 + 8 * 29,
	  .leaf_how = "scan",
	  .link = 31 },
	{ .name = "mips32eb",
	  .arch = DWUNW_ARCH_MIPS32EB,
	  .spec = { .elf_class = 1, .data = 2, .machine = 8, .type = 2,
		    .no_sections = true },
	  .leaf = { 0x03e00008, 0 },
	  .trampoline = { 0x24021061, 0xc },
	  .pc = 176 + 8 + 4,
	  .sp = 176 + 16 + 8 * 29 + 4,
	  .leaf_how = "scan",
	  .link = 31 },
};
/* clang-format on */

static uint8_t stack[2048];
static struct dwunw_module module;

/* At ENTRY, on arm64: mov x29, #0; mov x30, #0; b or bl TEXT. */
#define JUMPS 0x17ffffe6u
#define CALLS 0x97ffffe6u

static void make_program(const struct target *t, uint32_t start)
{
	static uint8_t text[0x80], file[4096];
	static _Alignas(16) uint8_t memory[16384];
	static struct dwunw_source src;
	static struct dwunw_span span;
	static uint32_t serial;
	struct out o = out_init(text, sizeof(text), t->spec.data == 2);
	struct elf_part part = { .name = ".text",
				 .flags = 6,
				 .vaddr = TEXT,
				 .bytes = text,
				 .size = sizeof(text),
				 .segment = PART_LOAD };
	struct elf_spec spec = t->spec;
	struct dwunw_arena arena;

	put_zeros(&o, sizeof(text));
	set_uint(&o, 0, t->leaf[0], 4);
	set_uint(&o, 4, t->leaf[1], 4);
	set_uint(&o, TRAMPOLINE - TEXT, t->trampoline[0], 4);
	set_uint(&o, TRAMPOLINE - TEXT + 4, t->trampoline[1], 4);
	if (t->arch == DWUNW_ARCH_ARM64) {
		spec.entry = ENTRY;
		set_uint(&o, ENTRY - TEXT, 0xd280001d, 4);
		set_uint(&o, ENTRY - TEXT + 4, 0xd280001e, 4);
		set_uint(&o, ENTRY - TEXT + 8, start, 4);
	}
	span.data = file;
	span.size = make_elf(file, sizeof(file), &spec, &part, 1);
	dwunw_source_from_span(&src, &span);
	dwunw_arena_init(&arena, memory, sizeof(memory));
	if (dwunw_module_open(&module, &src, ++serial, &arena) != DWUNW_OK)
		abort();
}

static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **opened)
{
	(void)ctx;
	mapping->bias = 0;
	mapping->serial = module.serial;
	*opened = &module;
	return DWUNW_OK;
}

static void close_module(void *ctx, const struct dwunw_module *closed)
{
	(void)ctx;
	(void)closed;
}

/* "event:1000 leaf:1040 signal:1000 ; zero return", from TEXT, which returns to
 * `link` */
static const char *walk(const struct target *t, uint32_t link)
{
	static char said[256];
	struct dwunw_mapping mapping = { .start = TEXT,
					 .end = TEXT + 0x1000,
					 .flags = DWUNW_MAPPING_EXEC };
	struct dwunw_space space = { .mappings = &mapping,
				     .count = 1,
				     .open_module = open_module,
				     .close_module = close_module };
	struct dwunw_regset regs;
	struct dwunw_walk_input input = {
		.regs = &regs, .stack = { stack, SP, sizeof(stack) }
	};
	struct dwunw_walker *walker = make_walker(16);
	struct dwunw_frame frames[8];
	struct dwunw_stop stop;
	size_t count = 0, used = 0, i;

	(void)dwunw_regset_prepare(&regs, t->arch);
	regs.pc = TEXT;
	regs.sp = SP;
	regs.regs[t->link] = link;
	if (dwunw_space_init(&space) != DWUNW_OK ||
	    dwunw_walk(walker, &space, &input, frames, 8, &count, &stop) !=
		    DWUNW_OK)
		return "no walk";
	for (i = 0; i < count; i++)
		used += (size_t)snprintf(said + used, sizeof(said) - used,
					 "%s:%" PRIx64 " ",
					 dwunw_how_name(frames[i].how),
					 frames[i].pc);
	snprintf(said + used, sizeof(said) - used, "; %s",
		 dwunw_stop_name(stop.reason));
	return said;
}

static void put_frame(const struct target *t, struct out *o)
{
	*o = out_init(stack, sizeof(stack), t->spec.data == 2);
	put_zeros(o, sizeof(stack));
	set_uint(o, t->pc, TEXT, 4);
	set_uint(o, t->sp, SP + 1024, 4);
	if (t->arch == DWUNW_ARCH_ARM64)
		set_uint(o, 592, 0x0000021046508001, 8);
}

static void arm64(const struct target *t)
{
	struct out o;

	put_frame(t, &o);
	set_uint(&o, 592, 0x0000021046508002, 8);
	is_str(walk(t, TRAMPOLINE), "event:1000 ; no call",
	       "%s: another record", t->name);
}

/* By what a caller is found that an entry has not told: without scans mips32 has
 * its link register alone. */
static const char *leaf_how(const struct target *t)
{
	return t->arch == DWUNW_ARCH_ARM64 || IS_ON(CONFIG_SCAN_MIPS32) ?
		       t->leaf_how :
		       "link";
}

static void mips32(const struct target *t)
{
	/* of sp and the pc as well; big-endian, the upper half is first */
	const uint32_t high = t->spec.data == 2 ? 0 : 4;
	struct out o;
	unsigned int i;
	char want[64];

	put_frame(t, &o);
	for (i = 0; i < 33; i++)
		set_uint(&o, 176 + 8 + 8 * i + high, 0xffffffff, 4);
	snprintf(want, sizeof(want), "event:1000 %s:" WANT_FRAME, leaf_how(t));
	is_str(walk(t, TRAMPOLINE), want, "%s: extended by 1s", t->name);
	put_frame(t, &o);
	set_uint(&o, 176 + 16 + 8 * 5 + high, 1, 4);
	is_str(walk(t, TRAMPOLINE), "event:1000 ; no call",
	       "%s: a word of 64 bits in $5", t->name);
	put_frame(t, &o);
	set_uint(&o, 176 + 8 + high, 1, 4);
	is_str(walk(t, TRAMPOLINE), "event:1000 ; no call", "%s: … in the pc",
	       t->name);
	put_frame(t, &o);
	set_uint(&o, t->sp, 0, 4);
	is_str(walk(t, TRAMPOLINE), "event:1000 ; no call", "%s: $sp is 0",
	       t->name);
}

/*
 * A return address of 0 is a start where the stack behind it is a new program's:
 * argc, as many pointers, further out each, and 0. Only arm64 needs that, and a
 * build that can read start code has it.
 */
static void first_stack(const struct target *t)
{
	static const struct {
		uint64_t words[4];
		bool start;
		const char *what;
	} cases[] = {
		{ { 2, SP + 0x100, SP + 0x108, 0 }, true, "two arguments" },
		{ { 0, 0, SP + 0x100, 0 }, false, "none" },
		{ { 2, SP + 0x108, SP + 0x100, 0 }, false, "in another order" },
		{ { 2, SP + 0x100, SP + 0x108, 1 }, false, "more than argc" },
		{ { 2, SP - 0x100, SP + 0x108, 0 }, false, "one further in" },
		{ { 1, SP + (16u << 20), 0, 0 }, false, "one far away" },
	};
	const bool arm64 = t->arch == DWUNW_ARCH_ARM64;
	struct out o;
	size_t i, j;

	for (i = 0; i < COUNT(cases); i++) {
		put_frame(t, &o);
		for (j = 0; j < 4; j++)
			set_uint(&o, j * (arm64 ? 8 : 4), cases[i].words[j],
				 arm64 ? 8 : 4);
		is_str(walk(t, 0),
		       arm64 && IS_ON(CONFIG_SCAN_ARM64) && cases[i].start ?
			       "event:1000 ; root" :
			       "event:1000 ; zero return",
		       "%s: arguments: %s", t->name, cases[i].what);
	}
	make_program(t, CALLS);
	put_frame(t, &o);
	for (j = 0; j < 4; j++)
		set_uint(&o, j * (arm64 ? 8 : 4), cases[0].words[j],
			 arm64 ? 8 : 4);
	is_str(walk(t, 0), "event:1000 ; zero return",
	       "%s: … and start code that calls", t->name);
}

int main(void)
{
	const struct target *t;
	char want[64];
	struct out o;
	size_t i, tried = 0;

	for (i = 0; i < COUNT(targets); i++) {
		t = &targets[i];
		if (!dwunw_arch_by_id(t->arch))
			continue;
		tried++;
		make_program(t, JUMPS);
		put_frame(t, &o);
		snprintf(want, sizeof(want), "event:1000 %s:" WANT_FRAME,
			 leaf_how(t));
		is_str(walk(t, TRAMPOLINE), want, "%s: a signal's frame",
		       t->name);
		if (t->arch == DWUNW_ARCH_ARM64)
			arm64(t);
		else
			mips32(t);
		first_stack(t);
	}
	return tried ? done() : skip_all("none of these targets");
}
