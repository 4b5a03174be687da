/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * core/scan/explore.c's joins: which paths may meet. Mostly in a realigned frame, where
 * the CFA is in memory and a register tells where (DWUNW_RULE_REG_OFFSET): x86-64
 * code put together by hand, as GCC realigns. Wanted rows are worked out from the
 * pushes:
 *
 *	lea 8(%rsp), %r10; and $-32, %rsp; push -8(%r10); push %rbp;
 *	mov %rsp, %rbp; push %r12; push %r10; xor %r12d, %r12d
 *
 * leaves the CFA at rbp - 16 and r12 at rbp - 8.
 */
#include "make_module.h"
#include "tap.h"

#include "core/scan/part.h"

#include <stdlib.h>

#if IS_ON(CONFIG_SCAN_X86_64)

#define TEXT_SIZE 0x200u
#define CALLEE 0x100u
#define REALIGN "4c8d542408 4883e4e0 41ff72f8 55 4889e5 4154 4152 4531e4 "
#define CALL "call"

static struct made m;
static struct dwu_scan_memory memory;
static _Alignas(16) uint8_t block[65536];
static uint8_t code[TEXT_SIZE];

/*
 * Instructions in hex; "call" calls the function at CALLEE, and the last one is
 * the one asked for. Gives where that ends.
 */
static uint32_t put(const char *text)
{
	uint32_t at = 0, end = 0, by, i;

	memset(code, 0xcc, sizeof(code));
	code[CALLEE] = 0xc3;
	while (*text) {
		if (*text == ' ') {
			text++;
		} else if (strncmp(text, CALL, 4) == 0) {
			code[at++] = 0xe8;
			by = CALLEE - (at + 4);
			for (i = 0; i < 4; i++)
				code[at++] = (uint8_t)(by >> 8 * i);
			text += 4;
			end = at;
		} else {
			char byte[3] = { text[0], text[1], 0 };

			code[at++] = (uint8_t)strtoul(byte, NULL, 16);
			text += 2;
		}
	}
	return end;
}

static void open_code(void)
{
	struct cfi_out *s = made_begin(&m, false);
	uint64_t cie = put_cie(s, &(struct cie_spec){ .encoding = 0 });

	put_fde(s, &(struct fde_spec){
			   .cie = cie, .start = MADE_TEXT, .size = CALLEE });
	put_fde(s, &(struct fde_spec){ .cie = cie,
				       .start = MADE_TEXT + CALLEE,
				       .size = 1 });
	m.code = code;
	m.code_size = sizeof(code);
	if (made_open(&m) != DWUNW_OK)
		abort();
	memset(&memory, 0, sizeof(memory));
	dwu_scan_memory_init(&memory, block, sizeof(block));
}

static size_t place(char *text, size_t room, const struct dwunw_rule *rule)
{
	const char *name = m.module.arch->column_names[rule->reg];

	return (size_t)snprintf(
		text, room,
		rule->kind == DWUNW_RULE_REG_OFFSET ? "*(%s%+d)" : "%s%+d",
		name, rule->value);
}

/* "CFA", and where r12 is, of the row while the last call runs. */
static const char *row_of(const char *instructions)
{
	static char text[64];
	struct dwunw_row row = { 0 };
	uint32_t end = put(instructions);
	const struct dwunw_rule *r12 = &row.rules[12];
	uint8_t result;
	size_t used;

	open_code();
	result = dwu_scan_module_row(&memory, &m.module, MADE_TEXT + end - 1, 0,
				     &row);
	if (result != DWUNW_SCAN_OK)
		return dwunw_scan_result_name(result);
	used = place(text, sizeof(text), &row.cfa);
	if (r12->kind == DWUNW_RULE_REG_OFFSET) {
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 " r12 ");
		place(text + used, sizeof(text) - used, r12);
	}
	return text;
}

/* clang-format off */
static const struct {
	const char *title;
	const char *instructions;
	const char *want;
} cases[] = {
	{ "one path", REALIGN "4883ec20 call", "*(rbp-16) r12 *(rbp-8)" },
	/* je; call; then both */
	{ "two that agree",
	  REALIGN "4883ec20 7405 call call",
	  "*(rbp-16) r12 *(rbp-8)" },
	/* je; sub %rax, %rsp */
	{ "alloca on one of them",
	  REALIGN "4883ec20 7403 4829c4 call",
	  "*(rbp-16) r12 *(rbp-8)" },
	/* je; sub $32, %rsp: another known depth */
	{ "more stack on one of them",
	  REALIGN "4883ec20 7404 4883ec20 call",
	  "*(rbp-16) r12 *(rbp-8)" },
	/* je; mov %rax, %rbp: only rsp tells, 48 below */
	{ "rbp is another on one of them",
	  REALIGN "4883ec20 7403 4889c5 call",
	  "*(rsp+32) r12 *(rsp+40)" },
	/* je; mov %rax, %rbp; sub %rax, %rsp */
	{ "rbp and rsp are",
	  REALIGN "4883ec20 7406 4889c5 4829c4 call",
	  "sp unknown" },
	/* je; mov %rax, -16(%rbp) */
	{ "the CFA's place is overwritten on one of them",
	  REALIGN "4883ec20 7404 488945f0 call",
	  "sp unknown" },
	/* je; mov %rax, -8(%rbp); the place is the entry value's no more */
	{ "r12's place is, on one of them",
	  REALIGN "4883ec20 7404 488945f8 call",
	  "*(rbp-16)" },
	/* je behind all of it, past the realignment */
	{ "one is not realigned",
	  "7418 " REALIGN "4883ec20 call",
	  "sp unknown" },
	/* je; mov %r10, -24(%rbp); call: what runs on behind a call that does
	 * not return is dropped, if it tells another place */
	{ "the CFA is saved elsewhere, too, before a call that does not return",
	  REALIGN "4883ec20 7409 4c8955e8 call call",
	  "*(rbp-16) r12 *(rbp-8)" },
	/* push %rbx; sub $16, %rsp; lea 8(%rsp), %rbx; je; push %rax twice;
	 * call: rbx is the same, and no frame pointer */
	{ "arguments are pushed for such a call, and rbx is a local's address",
	  "53 4883ec10 488d5c2408 7407 50 50 call call",
	  "rsp+32" },
	/* … push %rbp; mov %rsp, %rbp: it is one */
	{ "arguments are pushed for a call, and rbp is a frame pointer",
	  "55 4889e5 4883ec10 7407 50 50 call call",
	  "rbp+16" },
	/* loop: call; jne back; with the same frame each time */
	{ "a loop",
	  REALIGN "4883ec20 call 75f9 call",
	  "*(rbp-16) r12 *(rbp-8)" },
	/* loop: sub $32, %rsp; call; jne back: only rbp tells */
	{ "a loop that takes more each time",
	  REALIGN "4883ec20 call 75f5 call",
	  "*(rbp-16) r12 *(rbp-8)" },
	/* loop: mov -8(%rbp), %rbp: a chain, not the frame */
	{ "a loop that moves rbp and rsp",
	  REALIGN "4883ec20 4829c4 488b6df8 75f7 call",
	  "sp unknown" },
};
/* clang-format on */

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(row_of(cases[i].instructions), cases[i].want, "%s",
		       cases[i].title);
	return done();
}

#else

int main(void)
{
	return skip_all("built without CONFIG_SCAN_X86_64");
}

#endif
