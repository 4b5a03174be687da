/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* core/cfi/expr.c: every operation that may stand in CFI, and every other. */
#include "core/cfi/expr.h"

#include "make_elf.h"
#include "tap.h"

/*
 * Registers 0 .. 16 hold 0x1000 * (number + 1), but 9 is lost. Memory is at
 * [0x8000, 0x8020): bytes 0x80 .. 0x9f; the stack begins with the CFA.
 */
#define CFA 0x7000u

static dwunw_status_t read_memory(void *ctx, uint64_t addr, void *dst,
				  size_t size)
{
	uint8_t *bytes = dst;
	size_t i;

	(void)ctx;
	if (addr < 0x8000 || addr + size > 0x8020)
		return DWUNW_ERR_INVALID_ARG;
	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)(0x80 + (addr - 0x8000) + i);
	return DWUNW_OK;
}

static struct dwunw_arch_ops arch;

static uint8_t run(const uint8_t *bytes, size_t size, bool with_cfa,
		   uint64_t *result)
{
	struct dwunw_walk_input input = { .read_memory = read_memory };
	struct dwu_reader reader = dwu_reader(&arch, &input);
	struct dwu_regs regs = { .valid = 0x1ffff & ~(1ull << 9) };
	struct dwunw_span span = { bytes, size };
	uint64_t cfa = CFA, i;

	for (i = 0; i < 17; i++)
		regs.r[i] = 0x1000 * (i + 1);
	*result = 0;
	return dwu_expr(&arch, &span, &regs, &reader, with_cfa ? &cfa : NULL,
			result);
}

static void set_arch(uint8_t address_size, bool big)
{
	arch = *dwunw_arch_by_id(DWUNW_ARCH_X86_64);
	arch.address_size = address_size;
	arch.big_endian = big;
}

#define GO DWU_GO
#define BAD DWUNW_STOP_BAD_ROW
#define LOST DWUNW_STOP_NO_REGISTER
#define UNREAD DWUNW_STOP_UNREADABLE

struct expr_case {
	const char *title, *hex;
	uint8_t stop;
	uint64_t value;
};

static const struct expr_case in_64_bits[] = {
	{ "nop leaves the CFA", "96", GO, CFA },
	{ "nothing", "", BAD, 0 },
	{ "addr", "03 8877665544332211", GO, 0x1122334455667788 },
	{ "addr cut", "03 88776655443322", BAD, 0 },
	{ "lit0", "30", GO, 0 },
	{ "lit31", "4f", GO, 31 },
	{ "const1u", "08 ff", GO, 255 },
	{ "const1s", "09 ff", GO, UINT64_MAX },
	{ "const2u", "0a fe ff", GO, 0xfffe },
	{ "const2s", "0b fe ff", GO, (uint64_t)-2 },
	{ "const4u", "0c fd ff ff ff", GO, 0xfffffffd },
	{ "const4s", "0d fd ff ff ff", GO, (uint64_t)-3 },
	{ "const8u", "0e 0102030405060788", GO, 0x8807060504030201 },
	{ "const8s", "0f 0102030405060788", GO, 0x8807060504030201 },
	{ "const8u cut", "0e 01020304050607", BAD, 0 },
	{ "constu", "10 e5 8e 26", GO, 624485 },
	{ "consts", "11 80 7f", GO, (uint64_t)-128 },
	{ "consts cut", "11 80", BAD, 0 },
	{ "breg0 + 0", "70 00", GO, 0x1000 },
	{ "breg7 + 8", "77 08", GO, 0x8008 },
	{ "breg7 - 8", "77 78", GO, 0x7ff8 },
	{ "breg16", "80 00", GO, 0x11000 },
	{ "breg17 is no register here", "81 00", BAD, 0 },
	{ "breg31", "8f 00", BAD, 0 },
	{ "breg9 is lost", "79 00", LOST, 0 },
	{ "bregx 7 + 16", "92 07 10", GO, 0x8010 },
	{ "bregx 9 is lost", "92 09 00", LOST, 0 },
	{ "bregx 2^64 - 1", "92 ffffffffffffffffff01 00", BAD, 0 },
	{ "dup", "32 12 22", GO, 4 },
	{ "drop", "32 33 13", GO, 2 },
	{ "drop of all", "13 13", BAD, 0 },
	{ "drop of all but nothing is left", "13", BAD, 0 },
	{ "over", "32 33 14 1c", GO, 1 },
	{ "pick 0", "32 33 15 00", GO, 3 },
	{ "pick 2", "32 33 15 02", GO, CFA },
	{ "pick 3", "32 33 15 03", BAD, 0 },
	{ "pick 255", "32 33 15 ff", BAD, 0 },
	{ "swap", "32 35 16 1c", GO, 3 },
	{ "swap of one", "16", BAD, 0 },
	{ "rot: [1 2 3] is [3 1 2]", "31 32 33 17", GO, 2 },
	{ "rot: below", "31 32 33 17 13", GO, 1 },
	{ "rot: and below", "31 32 33 17 13 13", GO, 3 },
	{ "rot of two", "31 17", BAD, 0 },
	{ "deref", "0a 00 80 06", GO, 0x8786858483828180 },
	{ "deref of what is not there", "0a 00 90 06", UNREAD, 0 },
	{ "deref across the end", "0a 19 80 06", UNREAD, 0 },
	{ "deref at the end", "0a 18 80 06", GO, 0x9f9e9d9c9b9a9998 },
	{ "deref_size 1", "0a 01 80 94 01", GO, 0x81 },
	{ "deref_size 2", "0a 01 80 94 02", GO, 0x8281 },
	{ "deref_size 4", "0a 01 80 94 04", GO, 0x84838281 },
	{ "deref_size 8", "0a 00 80 94 08", GO, 0x8786858483828180 },
	{ "deref_size 0", "0a 00 80 94 00", BAD, 0 },
	{ "deref_size 3", "0a 00 80 94 03", BAD, 0 },
	{ "deref_size 16", "0a 00 80 94 10", BAD, 0 },
	{ "abs of -5", "11 7b 19", GO, 5 },
	{ "abs of 5", "35 19", GO, 5 },
	{ "abs of the least", "0e 0000000000000080 19", GO, 1ull << 63 },
	{ "and", "3c 36 1a", GO, 4 },
	{ "div 7 / 2", "37 32 1b", GO, 3 },
	{ "div -7 / 2 truncates", "11 79 32 1b", GO, (uint64_t)-3 },
	{ "div 7 / -2 truncates", "37 11 7e 1b", GO, (uint64_t)-3 },
	{ "div -7 / -2", "11 79 11 7e 1b", GO, 3 },
	{ "div of the least by -1", "0e 0000000000000080 11 7f 1b", GO,
	  1ull << 63 },
	{ "div by 0", "37 30 1b", BAD, 0 },
	{ "mod 7 % 3", "37 33 1d", GO, 1 },
	{ "mod is unsigned", "11 7f 3a 1d", GO, 5 },
	{ "mod by 2^63", "11 7f 0e 0000000000000080 1d", GO, INT64_MAX },
	{ "mod by 0", "37 30 1d", BAD, 0 },
	{ "minus", "33 35 1c", GO, (uint64_t)-2 },
	{ "mul", "37 36 1e", GO, 42 },
	{ "mul wraps", "11 7f 11 7f 1e", GO, 1 },
	{ "neg", "35 1f", GO, (uint64_t)-5 },
	{ "not", "35 20", GO, ~5ull },
	{ "or", "3c 33 21", GO, 15 },
	{ "plus", "3c 33 22", GO, 15 },
	{ "plus wraps", "11 7f 32 22", GO, 1 },
	{ "plus_uconst", "3c 23 80 01", GO, 140 },
	{ "plus_uconst of nothing", "13 23 01", BAD, 0 },
	{ "shl by 4", "35 34 24", GO, 80 },
	{ "shl by 63", "31 08 3f 24", GO, 1ull << 63 },
	{ "shl by 64", "31 08 40 24", GO, 0 },
	{ "shl by -1", "31 11 7f 24", GO, 0 },
	{ "shr by 1", "11 7f 31 25", GO, INT64_MAX },
	{ "shr by 64", "11 7f 08 40 25", GO, 0 },
	{ "shra by 1", "11 78 31 26", GO, (uint64_t)-4 },
	{ "shra by 0", "11 78 30 26", GO, (uint64_t)-8 },
	{ "shra by 63", "11 78 08 3f 26", GO, UINT64_MAX },
	{ "shra by 64, negative", "11 78 08 40 26", GO, UINT64_MAX },
	{ "shra by 64, positive", "38 08 40 26", GO, 0 },
	{ "xor", "3c 36 27", GO, 10 },
	{ "eq", "35 35 29", GO, 1 },
	{ "eq not", "35 36 29", GO, 0 },
	{ "ge is signed", "30 11 7f 2a", GO, 1 },
	{ "ge equal", "35 35 2a", GO, 1 },
	{ "gt", "11 7f 30 2b", GO, 0 },
	{ "gt equal", "35 35 2b", GO, 0 },
	{ "le", "11 7f 30 2c", GO, 1 },
	{ "lt", "11 7f 30 2d", GO, 1 },
	{ "lt equal", "35 35 2d", GO, 0 },
	{ "ne", "35 36 2e", GO, 1 },
	{ "ne not", "35 35 2e", GO, 0 },
	{ "bra taken", "31 28 0100 4f 96", GO, CFA },
	{ "bra not taken", "30 28 0100 4f 96", GO, 31 },
	{ "bra to the end", "32 31 28 0000", GO, 2 },
	{ "bra behind the end", "31 28 0100", BAD, 0 },
	{ "bra before the start", "31 28 fbff", BAD, 0 },
	{ "bra cut", "31 28 00", BAD, 0 },
	{ "skip", "2f 0100 4f 96", GO, CFA },
	{ "skip back, a loop that ends: 5 times * 2",
	  "31 35 16 32 1e 16 31 1c 12 28 f6ff 13", GO, 32 },
	{ "skip to itself", "2f fdff", BAD, 0 },
	{ "skip to the start", "2f fdff", BAD, 0 },
	{ "the PLT's expression of x86_64", "77 08 80 00 3f 1a 3b 2a 33 24 22",
	  GO, 0x8008 },
};

static const struct expr_case in_32_bits[] = {
	{ "addr", "03 11223344", GO, 0x11223344 },
	{ "const2u", "0a ff fe", GO, 0xfffe },
	{ "const8u is cut", "0e 0102030405060788", GO, 0x05060788 },
	{ "const1s", "09 ff", GO, 0xffffffff },
	{ "consts", "11 7f", GO, 0xffffffff },
	{ "deref", "0a 80 00 06", GO, 0x80818283 },
	{ "deref_size 2", "0a 80 00 94 02", GO, 0x8081 },
	{ "plus wraps at 32 bits", "11 7f 32 22", GO, 1 },
	{ "neg", "35 1f", GO, 0xfffffffb },
	{ "not", "30 20", GO, 0xffffffff },
	{ "abs of -5", "11 7b 19", GO, 5 },
	{ "abs of the least", "0c 80000000 19", GO, 0x80000000 },
	{ "div -7 / 2", "11 79 32 1b", GO, 0xfffffffd },
	{ "div of the least by -1", "0c 80000000 11 7f 1b", GO, 0x80000000 },
	{ "mod is unsigned, of 32 bits", "11 7f 3a 1d", GO, 5 },
	{ "mul wraps", "0c 00010001 0c 00010001 1e", GO, 0x00020001 },
	{ "shl by 31", "31 4f 24", GO, 0x80000000 },
	{ "shl by 32", "31 08 20 24", GO, 0 },
	{ "shr of -1 by 1", "11 7f 31 25", GO, 0x7fffffff },
	{ "shr by 32", "11 7f 08 20 25", GO, 0 },
	{ "shra of the sign", "0c 80000000 34 26", GO, 0xf8000000 },
	{ "shra by 31", "0c 80000000 4f 26", GO, 0xffffffff },
	{ "shra by 32", "0c 80000000 08 20 26", GO, 0xffffffff },
	{ "shra by 2^32 - 1", "0c 80000000 11 7f 26", GO, 0xffffffff },
	{ "lt is signed, of 32 bits", "0c 80000000 30 2d", GO, 1 },
	{ "bra, big-endian", "31 28 0001 4f 96", GO, CFA },
	{ "breg", "77 78", GO, 0x7ff8 },
};

static void table(const char *title, const struct expr_case *cases,
		  size_t count)
{
	uint8_t bytes[64], *exact, stop;
	uint64_t value;
	size_t i, size;

	for (i = 0; i < count; i++) {
		if (CONFIG_EXPR_STEPS < 64 && strstr(cases[i].title, "a loop"))
			continue; /* of 42 steps */
		size = from_hex(cases[i].hex, bytes, sizeof(bytes));
		exact = malloc(size + !size);
		memcpy(exact, bytes, size);
		stop = run(exact, size, true, &value);
		ok(stop == cases[i].stop &&
			   (stop != GO || value == cases[i].value),
		   "%s: %s", title, cases[i].title);
		if (stop != cases[i].stop ||
		    (stop == GO && value != cases[i].value)) {
			note("want %s 0x%" PRIx64,
			     cases[i].stop == GO ?
				     "a value" :
				     dwunw_stop_name(cases[i].stop),
			     cases[i].value);
			note("got  %s 0x%" PRIx64,
			     stop == GO ? "a value" : dwunw_stop_name(stop),
			     value);
		}
		free(exact);
	}
}

/* DWARF 5 6.4.2 forbids what needs a compilation unit or a frame. */
static void forbidden(void)
{
	static const uint8_t allowed[][2] = {
		{ 0x03, 0x03 }, { 0x06, 0x06 }, { 0x08, 0x17 }, { 0x19, 0x8f },
		{ 0x92, 0x92 }, { 0x94, 0x94 }, { 0x96, 0x96 },
	};
	/* with operands enough, and values enough, for any operation */
	uint8_t bytes[24] = { 0x31, 0x31, 0x31, 0x31 };
	unsigned int op, wrong = 0, count = 0;
	uint64_t value;
	size_t i;

	/* what is between: reg0 .. reg31 are locations, not values */
	for (op = 0; op < 256; op++) {
		bool may = false;

		for (i = 0; i < COUNT(allowed); i++)
			may |= op >= allowed[i][0] && op <= allowed[i][1];
		if (op >= 0x50 && op <= 0x6f)
			may = false;
		if (may)
			continue;
		bytes[4] = (uint8_t)op;
		count++;
		if (run(bytes, sizeof(bytes), true, &value) != BAD) {
			note("operation 0x%02x was taken", op);
			wrong++;
		}
	}
	is_u64(wrong, 0,
	       "%u other operations are bad: xderef, reg0 .. reg31, "
	       "fbreg, piece, push_object_address, call, entry_value, …",
	       count);
}

static void limits(void)
{
	static uint8_t bytes[CONFIG_EXPR_STEPS + CONFIG_EXPR_STACK + 2];
	uint64_t value;
	size_t n;

	memset(bytes, 0x96, sizeof(bytes));
	for (n = CONFIG_EXPR_STEPS - 1; n <= CONFIG_EXPR_STEPS + 1; n++)
		is_u64(run(bytes, n, true, &value),
		       n <= CONFIG_EXPR_STEPS ? GO : BAD,
		       "%zu steps of at most %d", n, CONFIG_EXPR_STEPS);
	memset(bytes, 0x31, sizeof(bytes));
	for (n = CONFIG_EXPR_STACK - 1; n <= CONFIG_EXPR_STACK + 1; n++)
		is_u64(run(bytes, n, false, &value),
		       n <= CONFIG_EXPR_STACK && n <= CONFIG_EXPR_STEPS ? GO :
									  BAD,
		       "%zu values of at most %d", n, CONFIG_EXPR_STACK);
	is_u64(run(bytes, CONFIG_EXPR_STACK, true, &value), BAD,
	       "the CFA is one of them");
}

/* An operation that is cut anywhere is bad, and nothing is read behind. */
static void cut(void)
{
	static const char *const ops[] = {
		"03 0102030405060708",
		"08 01",
		"0a 0102",
		"0c 01020304",
		"0e 0102030405060708",
		"10 808001",
		"11 808001",
		"15 00",
		"23 8001",
		"77 8001",
		"92 07 8001",
		"94 01",
		"2f 0000",
	};
	uint8_t bytes[16], *exact;
	unsigned int wrong = 0;
	size_t i, size, n;
	uint64_t value;

	for (i = 0; i < COUNT(ops); i++) {
		size = from_hex(ops[i], bytes, sizeof(bytes));
		for (n = 1; n < size; n++) {
			exact = malloc(n);
			memcpy(exact, bytes, n);
			wrong += run(exact, n, true, &value) != BAD;
			free(exact);
		}
	}
	is_u64(wrong, 0, "an operand cut at any byte is bad");
}

static void truncated(void)
{
	static const uint8_t deref[] = { 0x77, 0x00, 0x06 };
	static const uint8_t stack[16] = { 1 };
	struct dwunw_walk_input input = { .stack = { stack, 0x8000, 16 },
					  .flags = DWUNW_WALK_CAPPED };
	struct dwu_regs regs = { .valid = 0x80 };
	struct dwunw_span span = { deref, sizeof(deref) };
	struct dwu_reader reader = dwu_reader(&arch, &input);
	uint64_t value = 0;

	regs.r[7] = 0x8008;
	is_u64(dwu_expr(&arch, &span, &regs, &reader, NULL, &value), GO,
	       "a deref of the last word of a copied stack");
	regs.r[7] = 0x8009;
	is_u64(dwu_expr(&arch, &span, &regs, &reader, NULL, &value),
	       DWUNW_STOP_TRUNCATED, "one byte further it is truncated");
	is_u64(reader.failed, 0x8009, "and the address is told");
	regs.r[7] = 0x7ff8;
	is_u64(dwu_expr(&arch, &span, &regs, &reader, NULL, &value), UNREAD,
	       "before it, unreadable");
}

int main(void)
{
	NEEDS(CONFIG_ARCH_X86_64);
	set_arch(8, false);
	table("64 bits", in_64_bits, COUNT(in_64_bits));
	forbidden();
	limits();
	cut();
	truncated();
	set_arch(4, true);
	table("32 bits, big-endian", in_32_bits, COUNT(in_32_bits));
	return done();
}
