/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * core/walk/walk.c, hot_frames(): steps that leave registers where they are
 * saved give the frames and the end of steps that read them all. Stacks are
 * random, of return addresses and pointers into the stack; some of their words
 * cannot be read, and a part of them is at hand.
 */
#include "make_module.h"
#include "make_walker.h"
#include "tap.h"

#define BIAS 0x400000u
#define SP 0x7fff00001000u
#define WORDS 512u
#define FRAMES 64u
#define ROUNDS 20000u

/* Each has 0x10 bytes, and a call in its first five. */
static const char *const rows[] = {
	"0e 10",		   /* rsp + 16 */
	"0e 08",		   /* rsp + 8: as entered */
	"0c 06 10 86 02",	   /* rbp + 16; rbp at cfa - 16 */
	"0c 06 10 86 02 83 03",	   /* … rbx at cfa - 24 */
	"0e 20 86 02 83 03",	   /* rsp + 32; rbp, rbx */
	"0e 30 83 04 8c 03 8d 02", /* rsp + 48; rbx, r12, r13 */
	"0e 40 86 07 83 06 8c 05 8d 04 8e 03 8f 02",
	"0e 10 86 00",		/* rbp at the CFA itself */
	"0e 18 07 06 83 02",	/* rbp is lost */
	"0c 03 10 83 02",	/* rbx + 16: not plain */
	"0c 01 10",		/* rdx + 16: not plain, and lost by a call */
	"0f 03 77 08 06",	/* the CFA is *(rsp + 8): not plain */
	"0e 10 16 03 02 77 10", /* rbx is rsp + 16 */
	"0e 00",		/* no progress */
	"07 10",		/* the start */
};
#define FUNCTIONS COUNT(rows)

static struct made m;
static uint8_t code[0x10 * FUNCTIONS];
static uint64_t stack[WORDS];
static uint32_t seed = 1;
static uint64_t hole; /* of each 64 words the one that cannot be read */
static uint64_t reads;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % sides;
}

static void make_module(void)
{
	struct cfi_out *s = made_begin(&m, false);
	unsigned int i;

	memset(code, 0x90, sizeof(code));
	for (i = 0; i < FUNCTIONS; i++)
		code[0x10 * i] = 0xe8;
	m.code = code;
	m.code_size = sizeof(code);
	made_functions(s, rows, FUNCTIONS);
	if (made_open(&m) != DWUNW_OK)
		abort();
}

static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **module)
{
	(void)ctx;
	mapping->bias = BIAS;
	mapping->serial = m.module.serial;
	*module = &m.module;
	return DWUNW_OK;
}

static void close_module(void *ctx, const struct dwunw_module *module)
{
	(void)ctx;
	(void)module;
}

static dwunw_status_t read_stack(void *ctx, uint64_t addr, void *dst,
				 size_t size)
{
	uint64_t off = addr - SP;

	(void)ctx;
	reads++;
	if (off >= sizeof(stack) || size > sizeof(stack) - off ||
	    off / 8 % 64 == hole)
		return DWUNW_ERR_INVALID_ARG;
	memcpy(dst, (uint8_t *)stack + off, size);
	return DWUNW_OK;
}

static uint64_t any_return(void)
{
	return BIAS + MADE_TEXT + 0x10u * dice(FUNCTIONS) + 5;
}

/* As x86_64 has it in memory, also on a big-endian host. */
static void put_on_stack(unsigned int i, uint64_t value)
{
	uint8_t bytes[8];
	unsigned int n;

	for (n = 0; n < 8; n++)
		bytes[n] = (uint8_t)(value >> 8 * n);
	memcpy(&stack[i], bytes, 8);
}

static void fill_stack(void)
{
	uint32_t share = dice(4) ? dice(12) : dice(100);
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		put_on_stack(i, dice(100) >= share ? any_return() :
				dice(8)		   ? SP + 8 * dice(WORDS) :
						     dice(3) - 1ull);
}

struct result {
	struct dwunw_frame frames[FRAMES];
	struct dwunw_stop stop;
	size_t count;
};

static void walk(struct dwunw_walker *walker, struct dwunw_walk_input *input,
		 size_t max, struct result *r)
{
	/* two mappings, so that the second one is found on the way */
	struct dwunw_mapping mappings[] = {
		{ .start = BIAS + MADE_TEXT,
		  .end = BIAS + MADE_TEXT + 0x60,
		  .flags = DWUNW_MAPPING_EXEC },
		{ .start = BIAS + MADE_TEXT + 0x60,
		  .end = BIAS + MADE_TEXT + sizeof(code),
		  .flags = DWUNW_MAPPING_EXEC },
	};
	struct dwunw_space space = { .mappings = mappings,
				     .count = 2,
				     .open_module = open_module,
				     .close_module = close_module };

	memset(r, 0, sizeof(*r));
	if (dwunw_walk(walker, &space, input, r->frames, max, &r->count,
		       &r->stop) != DWUNW_OK)
		abort();
}

static bool same(const struct result *a, const struct result *b)
{
	return a->count == b->count &&
	       memcmp(a->frames, b->frames, a->count * sizeof(*a->frames)) ==
		       0 &&
	       memcmp(&a->stop, &b->stop, sizeof(a->stop)) == 0;
}

int main(void)
{
	struct result want[ROUNDS / 100], warm;
	unsigned int wrong = 0, deep = 0, round, pass, i;
	uint64_t read_cold = 0, read_warm = 0;
	unsigned int ends[16] = { 0 };

	NEEDS(CONFIG_ARCH_X86_64);
	make_module();
	for (round = 0; round < ROUNDS / 100; round++) {
		struct dwunw_regset regs;
		struct dwunw_walk_input input = { .regs = &regs,
						  .read_memory = read_stack };
		size_t max = dice(4) ? FRAMES : 1 + dice(FRAMES);
		uint32_t first = seed;

		for (pass = 0; pass < 2; pass++) {
			struct dwunw_walker *walker =
				make_walker(pass ? 256 : 0);

			seed = first;
			for (i = 0; i < 100; i++) {
				fill_stack();
				hole = dice(3) ? 64 : dice(64);
				dwunw_regset_prepare(&regs, DWUNW_ARCH_X86_64);
				regs.pc = any_return();
				regs.sp = SP + 8 * dice(16);
				regs.regs[6] = SP + 8 * dice(64);
				regs.regs[3] = SP + 8 * dice(64);
				regs.valid = dice(4) ? 0xffff : 0xff80;
				input.stack = (struct dwunw_snapshot){
					(uint8_t *)stack, SP, 8 * dice(WORDS)
				};
				reads = 0;
				walk(walker, &input, max,
				     pass ? &warm : &want[i]);
				*(pass ? &read_warm : &read_cold) += reads;
				if (!pass) {
					deep += want[i].count > 4;
					ends[want[i].stop.reason & 15]++;
				} else if (!same(&want[i], &warm) &&
					   wrong++ < 3) {
					note("round %u.%u: want %zu frames, "
					     "%s at 0x%" PRIx64
					     ", got %zu, %s at 0x%" PRIx64,
					     round, i, want[i].count,
					     dwunw_stop_name(
						     want[i].stop.reason),
					     want[i].stop.addr, warm.count,
					     dwunw_stop_name(warm.stop.reason),
					     warm.stop.addr);
				}
			}
		}
	}
	is_u64(wrong, 0, "%u stacks, of which %u are deep: the same", ROUNDS,
	       deep);
	ok(deep > ROUNDS / 15, "some are deep");
	for (i = 0; i < 16; i++)
		if (ends[i])
			note("%u ended: %s", ends[i],
			     dwunw_stop_name((uint8_t)i));
	ok(ends[DWUNW_STOP_NO_REGISTER] && ends[DWUNW_STOP_ROOT] &&
		   ends[DWUNW_STOP_UNREADABLE] && ends[DWUNW_STOP_LIMIT],
	   "they end in every way");
	ok(read_warm < read_cold, "%" PRIu64 " reads, without a cache %" PRIu64,
	   read_warm, read_cold);
	return done();
}
