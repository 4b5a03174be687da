/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * core/scan/part.c and what core/scan/sweep.c makes of misaligned calls, on x86-64 code
 * put together by hand: a part of a function that stands elsewhere has the
 * frame of the branch to it. And what core/scan/explore.c makes of switches. Wanted
 * rows are worked out from the pushes.
 */
#include "make_module.h"
#include "tap.h"

#include "core/scan/part.h"

#include <stdlib.h>

#if IS_ON(CONFIG_SCAN_X86_64)

#define TEXT_SIZE 0x800u

static struct made m;
static struct dwu_scan_memory memory;
static _Alignas(16) uint8_t block[65536];
static uint8_t code[TEXT_SIZE];

/*
 * Instructions at an offset: "hex …", and for a call, a jump or a jcc with four
 * bytes of displacement "e8>400", to offset 0x400. Gives the offset behind.
 */
static uint32_t put(uint32_t at, const char *text)
{
	char *end;
	uint32_t by;
	unsigned int i;

	while (*text) {
		if (*text == ' ') {
			text++;
		} else if (*text == '>') {
			by = (uint32_t)strtoul(text + 1, &end, 16) - (at + 4);
			for (i = 0; i < 4; i++)
				code[at++] = (uint8_t)(by >> 8 * i);
			text = end;
		} else {
			char byte[3] = { text[0], text[1], 0 };

			code[at++] = (uint8_t)strtoul(byte, NULL, 16);
			text += 2;
		}
	}
	return at;
}

/* Functions as the CFI lists them; its rows nobody looks at. */
struct range {
	uint32_t start, end;
};

static void open_code(const struct range *ranges, size_t count)
{
	struct cfi_out *s = made_begin(&m, false);
	uint64_t cie = put_cie(s, &(struct cie_spec){ .encoding = 0 });
	size_t i;

	for (i = 0; i < count; i++)
		put_fde(s, &(struct fde_spec){
				   .cie = cie,
				   .start = MADE_TEXT + ranges[i].start,
				   .size = ranges[i].end - ranges[i].start });
	m.code = code;
	m.code_size = sizeof(code);
	if (made_open(&m) != DWUNW_OK)
		abort();
	memset(&memory, 0, sizeof(memory));
	dwu_scan_memory_init(&memory, block, sizeof(block));
}

/* The row while the call runs that ends at `end`; "?": it is a guess. */
static const char *row_at(uint32_t end)
{
	static char text[64];
	struct dwunw_row row = { 0 };
	uint8_t result = dwu_scan_module_row(&memory, &m.module,
					     MADE_TEXT + end - 1, 0, &row);

	if (result != DWUNW_SCAN_OK)
		return dwunw_scan_result_name(result);
	snprintf(text, sizeof(text), "%s%+d%s",
		 m.module.arch->column_names[row.cfa.reg], row.cfa.value,
		 row.flags & DWUNW_ROW_GUESS ? "?" : "");
	return text;
}

/* --- parts -------------------------------------------------------------------- */

/* Behind the calls of the parts, and of a function that has one. */
static struct {
	uint32_t first, second, third, pad, whole;
} calls;

/*
 * Functions at 0 with a frame of 48 bytes, at `second` with 32, at 0x60 with
 * rbp, at 0xa0 with a landing pad at 0xc0; their parts at 0x100, 0x110, 0x120,
 * 0x140. What all call is at 0x400, what does not return at 0x410, and at 0x600
 * is who calls them.
 */
static void put_parts(uint32_t second)
{
	char call[16];
	uint32_t at;

	memset(code, 0xcc, sizeof(code));
	/* push %rbp; push %rbx; sub $24, %rsp; call; jne; add; pop; ret */
	calls.whole = put(0, "55 53 4883ec18 e8>400");
	put(calls.whole, "0f85>100 4883c418 5b 5d c3");
	/* sub $24, %rsp; call; je; add; ret */
	put(second, "4883ec18 e8>400 0f84>110 4883c418 c3");
	/* push %rbp; mov %rsp, %rbp; push %rbx; sub $8; call; jne; leave; ret */
	put(0x60, "55 4889e5 53 4883ec08 e8>400 0f85>120 c9 c3");
	/* sub $72, %rsp; call; add; ret; nop; the pad: mov %rax, %rbp; jmp */
	put(0xa0, "4883ec48 e8>400 4883c448 c3 0f1f840000000000");
	put(0xc0, "4889c5 e9>140");
	/* mov %rax, %rdi; call; jmp back */
	calls.first = put(0x100, "4889c7 e8>400");
	put(calls.first, "e9>11");
	calls.second = put(0x110, "e8>410");
	/* call; sub %rax, %rsp; call */
	calls.third = put(put(0x120, "e8>400 4829c4"), "e8>410");
	calls.pad = put(0x140, "e8>410");
	put(0x400, "c3");
	put(0x410, "50 e8>410 0f0b");
	snprintf(call, sizeof(call), "e8>%x", second);
	at = put(0x600, "50 e8>0 e8>60 e8>a0");
	put(put(at, call), "59 c3");
}

static void check_parts(void)
{
	static const struct range listed[] = {
		{ 0, 0x30 },	  { 0x40, 0x60 },   { 0x60, 0x80 },
		{ 0xa0, 0xc8 },	  { 0x100, 0x10d }, { 0x110, 0x115 },
		{ 0x120, 0x12d }, { 0x140, 0x145 }, { 0x400, 0x401 },
		{ 0x410, 0x418 }, { 0x600, 0x61b },
	};
	/* all parts as one */
	static const struct range merged[] = {
		{ 0, 0x30 },	  { 0x40, 0x60 },   { 0x60, 0x80 },
		{ 0xa0, 0xc8 },	  { 0x100, 0x145 }, { 0x400, 0x401 },
		{ 0x410, 0x418 }, { 0x600, 0x61b },
	};
	static const struct {
		const char *how;
		const struct range *ranges;
		size_t count;
	} modes[] = {
		{ "functions listed", listed, COUNT(listed) },
		{ "parts listed as one", merged, COUNT(merged) },
		{ "none listed", NULL, 0 },
	};
	size_t i;

	for (i = 0; i < COUNT(modes); i++) {
		const char *how = modes[i].how;

		put_parts(0x40);
		open_code(modes[i].ranges, modes[i].count);
		is_str(row_at(calls.first), "rsp+48", "%s: a part's call", how);
		is_str(row_at(calls.second), "rsp+32",
		       "%s: … of another function, right behind", how);
		is_str(row_at(calls.third), "rbp+16",
		       "%s: … with a frame pointer", how);
		is_str(row_at(calls.pad), "rsp+80",
		       "%s: … that a landing pad jumps to", how);
		is_str(row_at(calls.whole), "rsp+48", "%s: the function itself",
		       how);
	}
}

/* The file is read 512 bytes at a time, of which a few twice. */
static void check_edges(void)
{
	unsigned int wrong = 0;
	uint32_t at;

	for (at = 0x1d0; at < 0x210; at++) {
		put_parts(at);
		open_code(NULL, 0);
		wrong += strcmp(row_at(calls.second), "rsp+32") != 0;
	}
	is_u64(wrong, 0, "a branch at each place around a window's end");
}

static void check_no_parts(void)
{
	uint32_t end;

	/* jne from a function without a frame: the call is that of a leaf */
	memset(code, 0xcc, sizeof(code));
	put(0, "85ff 0f85>100 c3");
	end = put(0x100, "e8>400");
	put(end, "c3");
	put(0x400, "c3");
	put(0x80, "c3");
	put(0x600, "50 e8>0 e8>80 59 c3");
	open_code(NULL, 0);
	is_str(row_at(end), "rsp+8", "a branch without a frame");

	/* bytes of a move that look like jne 0x100 */
	put(0, "4883ec18 48b8 0f85>100 0000 4883c418 c3");
	open_code(NULL, 0);
	is_str(row_at(end), "rsp+8", "bytes that only look like a branch");

	/* it returns: the branch's frame cannot be right */
	put(0, "4883ec18 e8>400 0f85>100 4883c418 c3");
	open_code(NULL, 0);
	is_str(row_at(end), "rsp+8", "a branch whose frame would be left over");
}

/* --- what no branch and no call leads to ------------------------------------- */

/*
 * Only a pointer, or a table, leads to 0x100, which calls with its stack
 * unaligned. Aligned functions are at 0, 0x20, 0x40, and at 0x600 is who calls
 * them.
 */
static uint32_t put_lone(const char *lone)
{
	uint32_t at, end;

	memset(code, 0xcc, sizeof(code));
	for (at = 0; at < 0x60; at += 0x20)
		put(at, "4883ec08 e8>400 4883c408 c3");
	end = put(0x100, "89fe e8>400");
	put(end, lone);
	put(0x400, "c3");
	put(0x600, "50 e8>0 e8>20 e8>40 59 c3");
	return end;
}

static void check_lone(void)
{
	static const struct range listed[] = {
		{ 0, 0x0e },	  { 0x20, 0x2e },   { 0x40, 0x4e },
		{ 0x100, 0x10c }, { 0x400, 0x401 }, { 0x600, 0x612 },
	};
	uint32_t end = put_lone("89f0 c3");

	open_code(NULL, 0);
	is_str(row_at(end), "rsp+8?", "it returns as it was entered");
	open_code(listed, COUNT(listed));
	is_str(row_at(end), "rsp+8", "… and is listed");
	end = put_lone("e9>0e");
	open_code(NULL, 0);
	is_str(row_at(end), "unbounded", "it jumps away");
	open_code(listed, COUNT(listed));
	is_str(row_at(end), "rsp+8?", "… and is listed");
	/* add $16, %rsp; ret: it is in a frame */
	end = put_lone("4883c410 c3");
	open_code(NULL, 0);
	is_str(row_at(end), "unbounded", "it returns with a frame freed");
	/* cmp; je; push; ret */
	end = put_lone("85c0 7402 50 c3 c3");
	open_code(NULL, 0);
	is_str(row_at(end), "unbounded", "it returns so on one path alone");
}

/* --- landing pads -------------------------------------------------------------- */

static void check_pads(void)
{
	uint32_t end;

	/* push %rbp; mov; sub $16; call; sub %rax, %rsp; call; leave; ret */
	memset(code, 0xcc, sizeof(code));
	put(0, "55 4889e5 4883ec10 e8>400 4829c4 e8>400 c9 c3");
	end = put(0x20, "4889c7 e8>410");
	put(0x400, "c3");
	put(0x410, "50 e8>410 0f0b");
	open_code(&(struct range){ 0, 0x28 }, 1);
	is_str(row_at(end), "rbp+16?", "calls that differ but in rbp");

	/* sub $24, %rsp; call; push %rax; push %rax; call; add; ret */
	put(0, "4883ec18 e8>400 50 50 e8>400 4883c428 c3 cccc");
	open_code(&(struct range){ 0, 0x28 }, 1);
	is_str(row_at(end), "contradiction", "calls that differ");
}

/* --- tables of switches --------------------------------------------------------- */

static void put_entry(uint32_t at, uint32_t to)
{
	uint32_t n = to - (at & ~7u);
	unsigned int i;

	for (i = 0; i < 4; i++)
		code[at + i] = (uint8_t)(n >> 8 * i);
}

/*
 * test %esi, %esi; sub $8, %rsp; jne; switch (%edi), to 0xa0 and 0x80, or with
 * 16 bytes more of stack to 0xb0 and 0x90. `compare` makes the two switches'
 * cmp, `copy` stands before it. The tables are at 0x700 and 0x708.
 */
static void put_switches(const char *copy, const char *compare,
			 const char *load)
{
	uint32_t at;

	memset(code, 0xcc, sizeof(code));
	at = put(put(put(0, "85f6 4883ec08 0f85>40"), copy), compare);
	at = put(put(at, "0f87>80 488d15>700"), load);
	put(at, "4801d0 ffe0");
	at = put(put(put(0x40, "4883ec10"), copy), compare);
	at = put(put(at, "0f87>90 488d15>708"), load);
	put(at, "4801d0 3effe0");
	put(0x80, "4883c408 c3");
	put(0x90, "4883c418 c3");
	calls.first = put(0xa0, "e8>400");
	put(calls.first, "4883c408 c3");
	calls.second = put(0xb0, "e8>400");
	put(calls.second, "4883c418 c3");
	put(0x400, "c3");
	put_entry(0x700, 0xa0);
	put_entry(0x704, 0x80);
	put_entry(0x708, 0xb0);
	put_entry(0x70c, 0x90);
}

static void check_switches(void)
{
	static const struct range whole[] = { { 0, 0xc0 }, { 0x400, 0x401 } };
	static const struct {
		const char *what, *copy, *compare, *load;
		bool known;
	} cases[] = {
		{ "the index is compared", "", "83ff01", "89ff 486304ba",
		  true },
		{ "… its low byte", "", "4080ff01", "400fb6ff 486304ba", true },
		{ "… a copy of it", "89f8", "83ff01", "89c0 48630482", true },
		{ "another register is", "", "83f901", "89ff 486304ba", false },
		{ "the index is changed then", "", "83ff01", "01f7 486304ba",
		  false },
		{ "the copy is of something else", "89c8", "83ff01",
		  "89c0 48630482", false },
		{ "equal to one number, or not", "", "83ff01 85ff",
		  "89ff 486304ba", false },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		put_switches(cases[i].copy, cases[i].compare, cases[i].load);
		open_code(whole, COUNT(whole));
		is_str(row_at(calls.first),
		       cases[i].known ? "rsp+16" : "contradiction",
		       "a switch's case: %s", cases[i].what);
		is_str(row_at(calls.second),
		       cases[i].known ? "rsp+32" : "contradiction",
		       "… and of the other switch");
	}
}

/* What leads to no instruction is no table. */
static void check_no_tables(void)
{
	static const struct range whole[] = { { 0, 0xc0 }, { 0x400, 0x401 } };

	put_switches("", "83ff01", "89ff 486304ba");
	put_entry(0x700, 0xa1);
	put_entry(0x70c, 0xb2);
	open_code(whole, COUNT(whole));
	is_str(row_at(calls.first), "contradiction",
	       "an entry that leads into an instruction");
	put_entry(0x700, 0xa0);
	put_entry(0x704, 0x400);
	open_code(whole, COUNT(whole));
	is_str(row_at(calls.first), "rsp+16",
	       "one that leads to another function is left out");
}

/*
 * A call that does not return has its arguments pushed; what stands behind it
 * is a case: sub $8, %rsp; cmp; ja; lea; movslq; add; jmp; push twice; call.
 */
static void check_case_behind(void)
{
	static const struct range whole[] = { { 0, 0x60 }, { 0x400, 0x418 } };

	memset(code, 0xcc, sizeof(code));
	put(0, "4883ec08 83ff01 0f87>50 89ff 488d15>700 486304ba 4801d0 ffe0");
	put(0x30, "50 50 e8>410");
	calls.first = put(0x37, "e8>400");
	put(calls.first, "4883c408 c3");
	put(0x50, "4883c408 c3");
	put(0x400, "c3");
	put(0x410, "50 e8>410 0f0b");
	put_entry(0x700, 0x30);
	put_entry(0x704, 0x37);
	open_code(whole, COUNT(whole));
	is_str(row_at(calls.first), "rsp+16",
	       "a case behind a call that does not return");
}

/* --- calls that do not return --------------------------------------------------- */

/*
 * Functions that end in a call which does not return, and of which only the
 * first is called: cmp; jb; jmp elsewhere; push %rax; call.
 */
static void check_chain(void)
{
	uint32_t at = 0x100, ends[4];
	unsigned int i;

	memset(code, 0xcc, sizeof(code));
	for (i = 0; i < 4; i++) {
		ends[i] = put(put(at, "4839d1 7205 e9>400 50"), "e8>410");
		at = ends[i];
	}
	put(0x400, "c3");
	put(0x410, "50 e8>410 0f0b");
	put(0x600, "50 e8>100 e8>400 59 c3");
	open_code(NULL, 0);
	for (i = 0; i < 4; i++)
		is_str(row_at(ends[i]), "rsp+16",
		       "behind %u calls that do not return", i);
}

/*
 * Behind a call that does not return stands a function that only a pointer leads
 * to: it opens no frame at once, and jumps to the start of the one before it.
 *
 *	0x00	sub $8, %rsp; call; jne 0x15; nop; add $8, %rsp; ret
 *	0x15	call 0x410, which does not return
 *	0x1a	mov %edi, %eax; test %edi, %edi; je 0x00; js 0x80; ret
 *	0x80	sub $24, %rsp; call; add $24, %rsp; ret
 */
static void check_stray(void)
{
	static const struct {
		const char *gap; /* between the two */
		const char *what;
	} gaps[] = {
		{ "", "right behind a call that does not return" },
		{ "6690", "… behind no-ops" },
	};
	uint32_t at, first, fails, second;
	size_t i;

	for (i = 0; i < COUNT(gaps); i++) {
		memset(code, 0xcc, sizeof(code));
		first = put(0, "4883ec08 e8>400");
		put(first, "0f85>15 90 4883c408 c3");
		fails = put(0x15, "e8>410");
		at = put(put(fails, gaps[i].gap), "89f8 85ff 0f84>0");
		put(at, "0f88>80 c3");
		second = put(0x80, "4883ec18 e8>400");
		put(second, "4883c418 c3");
		put(0x400, "c3");
		put(0x410, "50 e8>410 0f0b");
		put(0x600, "50 e8>0 e8>400 59 c3");
		open_code(NULL, 0);
		is_str(row_at(first), "rsp+16", "the function before");
		is_str(row_at(fails), "rsp+16",
		       "its call that does not return");
		is_str(row_at(second), "rsp+32", "a function %s", gaps[i].what);
	}
}

int main(void)
{
	check_parts();
	check_edges();
	check_no_parts();
	check_lone();
	check_pads();
	check_switches();
	check_no_tables();
	check_case_behind();
	check_chain();
	check_stray();
	return done();
}

#else

int main(void)
{
	return skip_all("built without CONFIG_SCAN_X86_64");
}

#endif
