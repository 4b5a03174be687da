/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * behind_call(), context_code() and thread_code() of each arch: what an
 * assembler makes of each form of a call, and what is nearly one.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "make_elf.h"
#include "tap.h"

struct form {
	const char *title;
	const char *hex; /* big-endian words on mips32; ends at the address */
	bool call;
	uint8_t isa;
};

static const struct form x86_64[] = {
	{ "call rel32", "e8 00 00 00 00", true, 0 },
	{ "call *%rax", "90 90 90 ff d0", true, 0 },
	{ "call *%r9", "90 90 41 ff d1", true, 0 },
	{ "call *(%rdi)", "90 90 90 ff 17", true, 0 },
	{ "call *(%r12)", "90 41 ff 14 24", true, 0 },
	{ "call *8(%rax)", "90 90 ff 50 08", true, 0 },
	{ "call *(%rax,%rcx,8)", "90 90 ff 14 c8", true, 0 },
	{ "call *8(%rsp)", "90 ff 54 24 08", true, 0 },
	{ "call *0(%rip)", "ff 15 00 00 00 00", true, 0 },
	{ "call *0x200(%rbx)", "ff 93 00 02 00 00", true, 0 },
	{ "call *0x200(%rsp)", "ff 94 24 00 02 00 00", true, 0 },
	{ "call *table(,%rax,8)", "ff 14 c5 00 00 40 00", true, 0 },
	{ "jmp rel32", "e9 00 00 00 00", false, 0 },
	{ "jmp *%rax", "90 90 90 ff e0", false, 0 },
	{ "inc *(%rdi)", "90 90 90 ff 07", false, 0 },
	{ "push *8(%rsp)", "90 ff 74 24 08", false, 0 },
	{ "a call, and one byte more", "90 90 ff d0 90", false, 0 },
	{ "a call to rip, cut", "ff 15 00 00 00", false, 0 },
	{ "no-ops", "90 90 90 90 90 90 90 90", false, 0 },
};

/* words as they are printed */
static const struct form arm64[] = {
	{ "bl", "94000010", true, 0 },
	{ "bl back", "97fffff0", true, 0 },
	{ "blr x1", "d63f0020", true, 0 },
	{ "blraa x8, x9", "d73f0909", true, 0 },
	{ "blraaz x8", "d63f091f", true, 0 },
	{ "b", "14000010", false, 0 },
	{ "br x1", "d61f0020", false, 0 },
	{ "ret", "d65f03c0", false, 0 },
	{ "a call, and one more", "94000010 d503201f", false, 0 },
};

static const struct form mips32[] = {
	{ "jal", "0c100000 00000000", true, 0 },
	{ "jalx", "74100000 00000000", true, 0 },
	{ "jalr $t9", "0320f809 00000000", true, 0 },
	{ "jalr.hb $t9", "0320fc09 00000000", true, 0 },
	{ "bal", "04110010 00000000", true, 0 },
	{ "bgezal $v0", "04510010 00000000", true, 0 },
	{ "bltzal $v0", "04500010 00000000", true, 0 },
	{ "bgezall $v0", "04530010 00000000", true, 0 },
	{ "jr $t9", "03200008 00000000", false, 0 },
	{ "jalr $t8, $t9", "0320c009 00000000", false, 0 },
	{ "j", "08100000 00000000", false, 0 },
	{ "bgez $v0", "04410010 00000000", false, 0 },
	{ "a call without its slot", "00000000 0320f809", false, 0 },
	{ "MIPS16e jal and a slot", "6500 1800 1234 6500", true, 1 },
	{ "MIPS16e jalx and a slot", "6500 1c00 1234 6500", true, 1 },
	{ "MIPS16e jalr $v0 and a slot", "6500 6500 ea40 6500", true, 1 },
	{ "MIPS16e jalrc $v0", "6500 6500 6500 eac0", true, 1 },
	{ "MIPS16e jr $v0 and a slot", "6500 6500 ea00 6500", false, 1 },
	{ "MIPS16e jalr without its slot", "6500 6500 6500 ea40", false, 1 },
};

/* words and half-words as they are printed */
static const struct form riscv64[] = {
	{ "jal ra", "010000ef", true, 0 },
	{ "jal ra, back", "fd7ff0ef", true, 0 },
	{ "jalr ra, 16(ra)", "010080e7", true, 0 },
	{ "jalr a5", "000780e7", true, 0 },
	{ "c.jalr a5", "0001 9782", true, 0 },
	{ "j", "0100006f", false, 0 },
	{ "jalr t1, t3", "000e0367", false, 0 },
	{ "jal t0", "010002ef", false, 0 },
	{ "ret", "00008067", false, 0 },
	{ "c.jr ra", "0001 8082", false, 0 },
	{ "c.ebreak", "0001 9002", false, 0 },
	{ "a call, and one more", "010000ef 0001", false, 0 },
};

/* The bytes of a form in the target's order; how many. */
static size_t bytes_of(const struct dwunw_arch_ops *arch,
		       const struct form *form, uint8_t *code)
{
	const char *at = form->hex;
	size_t size = 0, digits, i;

	while (*at) {
		uint32_t word = (uint32_t)strtoul(at, NULL, 16);

		digits = strcspn(at, " ") / 2;
		for (i = 0; i < digits; i++)
			code[size + (arch->big_endian ? digits - 1 - i : i)] =
				(uint8_t)(word >> 8 * i);
		size += digits;
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return size;
}

static void calls(uint16_t id, const struct form *forms, size_t count)
{
	const struct dwunw_arch_ops *arch = dwunw_arch_by_id(id);
	uint8_t code[16], *exact;
	size_t i, size;

	if (!arch)
		return;
	for (i = 0; i < count; i++) {
		size = bytes_of(arch, &forms[i], code);
		exact = malloc(size);
		memcpy(exact, code, size);
		is_u64(arch->behind_call(arch, exact, size, forms[i].isa),
		       forms[i].call, "%s: %s", arch->name, forms[i].title);
		free(exact);
	}
}

/* Fewer bytes than any call has are none. */
static void cut(void)
{
	static const uint8_t code[8] = { 0 };
	uint16_t id;
	size_t size, found = 0;

	for (id = DWUNW_ARCH_X86_64; id <= DWUNW_ARCH_RISCV64; id++)
		for (size = 0; size <= sizeof(code); size++) {
			const struct dwunw_arch_ops *arch =
				dwunw_arch_by_id(id);

			found += arch && arch->behind_call(arch, code, size, 0);
			found += arch && arch->behind_call(arch, code, size, 1);
		}
	is_u64(found, 0, "0 to 8 bytes of 0 are no call");
}

static const struct {
	uint16_t arch;
	const char *title;
	struct form form;
} contexts[] = {
	{ DWUNW_ARCH_X86_64, "glibc", { "", "48 89 dc 48 8b 3c 24", true, 0 } },
	{ DWUNW_ARCH_X86_64,
	  "glibc with CET",
	  { "", "f3 0f 1e fa 48 89 dc 64 f7 04 25", true, 0 } },
	{ DWUNW_ARCH_X86_64,
	  "Boost",
	  { "", "48 31 ff e8 01 02 03 04 f4", true, 0 } },
	{ DWUNW_ARCH_X86_64,
	  "Boost with CET",
	  { "", "f3 0f 1e fa 48 31 ff e8 01 02 03 04 f4", true, 0 } },
	{ DWUNW_ARCH_X86_64,
	  "a call with NULL",
	  { "", "48 31 ff e8 01 02 03 04 90", false, 0 } },
	{ DWUNW_ARCH_X86_64,
	  "Go, goexit + 1",
	  { "", "e8 01 02 03 04 90 cc", true, 0 } },
	{ DWUNW_ARCH_X86_64,
	  "a call in a function",
	  { "", "e8 01 02 03 04 90 90", false, 0 } },
	{ DWUNW_ARCH_ARM64, "Go, goexit + 4", { "", "94000613", true, 0 } },
	{ DWUNW_ARCH_MIPS32EB,
	  "Go, goexit + 4",
	  { "", "0c01649a 00000000 00000027", true, 0 } },
	{ DWUNW_ARCH_X86_64,
	  "mov %rbx, %rsp; pop",
	  { "", "48 89 dc 5b c3", false, 0 } },
	{ DWUNW_ARCH_ARM64,
	  "glibc",
	  { "", "d503201f aa1303e0 b5fffc80", true, 0 } },
	{ DWUNW_ARCH_ARM64,
	  "a call with NULL",
	  { "", "d2800000 94000010", false, 0 } },
	{ DWUNW_ARCH_ARM64,
	  "mov x0, x19; cbnz x1",
	  { "", "aa1303e0 b5fffc81", false, 0 } },
	{ DWUNW_ARCH_MIPS32EL, "glibc", { "", "0220e025 12000007", true, 0 } },
	{ DWUNW_ARCH_MIPS32EB, "glibc", { "", "0220e021 12000007", true, 0 } },
	{ DWUNW_ARCH_RISCV64, "glibc", { "", "854a 00090463", true, 0 } },
	{ DWUNW_ARCH_RISCV64,
	  "glibc without C",
	  { "", "00090513 00090663", true, 0 } },
	{ DWUNW_ARCH_RISCV64,
	  "mv a0, s2; bnez s2",
	  { "", "854a 00091463", false, 0 } },
	{ DWUNW_ARCH_MIPS32EB,
	  "move $gp, $s1; bnez $s0",
	  { "", "0220e025 16000007", false, 0 } },
};

static void context_codes(void)
{
	size_t i;

	for (i = 0; i < sizeof(contexts) / sizeof(contexts[0]); i++) {
		const struct dwunw_arch_ops *arch =
			dwunw_arch_by_id(contexts[i].arch);
		uint8_t code[DWU_CODE_SIZE] = { 0 };

		if (!arch)
			continue;
		(void)bytes_of(arch, &contexts[i].form, code);
		is_u64(arch->context_code(arch, code), contexts[i].form.call,
		       "%s: a context: %s", arch->name, contexts[i].title);
	}
}

/* Boost.Context, arm64: what stands before tells it. */
static void made_codes(void)
{
	static const struct form forms[] = {
		{ "Boost", "10000061 f9004c01 d65f03c0 d2800000", true, 0 },
		{ "no return before it", "10000061 f9004c01 d503201f d2800000",
		  false, 0 },
		{ "another address", "10000081 f9004c01 d65f03c0 d2800000",
		  false, 0 },
	};
	const struct dwunw_arch_ops *arch = dwunw_arch_by_id(DWUNW_ARCH_ARM64);
	uint8_t code[DWU_CODE_SIZE];
	size_t i;

	for (i = 0; arch && i < sizeof(forms) / sizeof(forms[0]); i++) {
		(void)bytes_of(arch, &forms[i], code);
		is_u64(arch->made_code(code), forms[i].call,
		       "a context that was made: %s", forms[i].title);
	}
}

/* syscall; …; xor %ebp, %ebp; …; call *%reg */
static const struct form threads[] = {
	{ "glibc, clone",
	  "b8 38 00 00 00 0f 05 48 85 c0 7c 13 74 01 c3 31 ed 58 5f ff d0",
	  true, 0 },
	{ "glibc, clone3",
	  "b8 b3 01 00 00 0f 05 48 85 c0 7c 15 74 01 c3 31 ed 48 83 e4 f0 "
	  "4c 89 c7 ff d2",
	  true, 0 },
	{ "musl", "b0 38 49 89 fb 0f 05 85 c0 75 08 31 ed 5f 41 ff d1", true,
	  0 },
	{ "another system call",
	  "b8 27 00 00 00 0f 05 85 c0 75 08 31 ed 5f 41 ff d1", false, 0 },
	{ "no system call",
	  "b8 38 00 00 00 48 85 c0 7c 13 74 01 c3 31 ed 58 5f ff d0", false,
	  0 },
	{ "rbp is kept",
	  "b8 38 00 00 00 0f 05 48 85 c0 7c 13 74 01 c3 58 5f ff d0", false,
	  0 },
	{ "a call of a known function",
	  "b8 38 00 00 00 0f 05 85 c0 75 08 31 ed 5f e8 01 02 03 04", false,
	  0 },
};

static void thread_codes(void)
{
	const struct dwunw_arch_ops *arch = dwunw_arch_by_id(DWUNW_ARCH_X86_64);
	uint8_t code[DWU_CODE_BEFORE], *exact;
	size_t i, size;

	for (i = 0; arch && i < sizeof(threads) / sizeof(threads[0]); i++) {
		size = bytes_of(arch, &threads[i], code);
		exact = malloc(size);
		memcpy(exact, code, size);
		is_u64(arch->thread_code(exact, size), threads[i].call,
		       "a thread's start: %s", threads[i].title);
		free(exact);
		is_u64(arch->thread_code(code, 0), false, "… no bytes");
	}
}

/* How a thread ends: exit, system call 60, 93, 4001. */
static const struct {
	uint16_t arch;
	struct form form;
} exits[] = {
	{ DWUNW_ARCH_X86_64,
	  { "Go, clone", "bf 6f 00 00 00 b8 3c 00 00 00 0f 05", true, 0 } },
	{ DWUNW_ARCH_X86_64, { "musl", "89 c7 31 c0 b0 3c 0f 05", true, 0 } },
	{ DWUNW_ARCH_X86_64,
	  { "exit_group", "89 c7 b8 e7 00 00 00 0f 05", false, 0 } },
	{ DWUNW_ARCH_ARM64,
	  { "Go, clone", "52800de0 d2800ba8 d4000001", true, 0 } },
	{ DWUNW_ARCH_ARM64, { "exit_group", "d2800bc8 d4000001", false, 0 } },
	{ DWUNW_ARCH_MIPS32EL,
	  { "Go, clone", "27bdffe0 240400f4 24020fa1 0000000c", true, 0 } },
	{ DWUNW_ARCH_MIPS32EB, { "glibc", "24020fa1 0000000c", true, 0 } },
	{ DWUNW_ARCH_MIPS32EB,
	  { "exit_group", "24021096 0000000c", false, 0 } },
	{ DWUNW_ARCH_RISCV64, { "glibc", "05d00893 00000073", true, 0 } },
	{ DWUNW_ARCH_RISCV64,
	  { "… behind 2 bytes", "0001 05d00893 00000073", true, 0 } },
	{ DWUNW_ARCH_RISCV64, { "exit_group", "05e00893 00000073", false, 0 } },
};

static void exit_codes(void)
{
	size_t i;

	for (i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		const struct dwunw_arch_ops *arch =
			dwunw_arch_by_id(exits[i].arch);
		uint8_t code[DWU_CODE_SIZE] = { 0 };

		if (!arch)
			continue;
		(void)bytes_of(arch, &exits[i].form, code);
		is_u64(arch->exit_code(arch, code), exits[i].form.call,
		       "%s: a thread's end: %s", arch->name,
		       exits[i].form.title);
	}
}

/* Go 1.19, behind the calls of asmcgocall and asyncPreempt. */
static void go_codes(void)
{
	static const struct form to_g = {
		"", "48 8b 7c 24 30 48 8b 77 08 48 2b 74 24 28", true, 0
	};
	static const struct form preempt = { "", "44 0f 10 bc 24 60 01 00 00",
					     true, 0 };
	const struct dwunw_arch_ops *arch = dwunw_arch_by_id(DWUNW_ARCH_X86_64);
	uint8_t code[DWU_CODE_SIZE] = { 0 }, at[2];

	if (!arch)
		return;
	(void)bytes_of(arch, &to_g, code);
	ok(arch->switch_code(code, at) && at[0] == 0x30 && at[1] == 0x28,
	   "asmcgocall goes back to its goroutine");
	code[8] = 0x10;
	ok(!arch->switch_code(code, at), "… not by another word of g");
	(void)bytes_of(arch, &preempt, code);
	ok(arch->preempt_code(code), "asyncPreempt restores xmm15");
	code[3] = 0xb4;
	ok(!arch->preempt_code(code), "… not xmm14 first");
}

/* The frame of a signal: the pc, then x1 to x31, behind siginfo and ucontext. */
static void riscv64_signal(void)
{
	static const struct form code_form = { "", "08b00893 00000073", true,
					       0 };
	const struct dwunw_arch_ops *arch =
		dwunw_arch_by_id(DWUNW_ARCH_RISCV64);
	uint8_t code[DWU_CODE_SIZE] = { 0 };
	struct dwunw_row row;

	if (!arch)
		return;
	(void)bytes_of(arch, &code_form, code);
	dwu_row_clear(arch, &row);
	ok(arch->signal_row(arch, code, &row), "riscv64: li a7, 139; ecall");
	is_u64(row.ra_column, 32, "… returns to the pc");
	is_u64((uint64_t)row.rules[32].value, 304, "… which stands first");
	is_u64((uint64_t)row.rules[2].value, 320, "… and sp behind ra");
	is_u64((uint64_t)dwunw_arch_column(arch, 41), 34, "f9 has a column");
	is_u64((uint64_t)(int64_t)dwunw_arch_column(arch, 42), UINT64_MAX,
	       "f10 has none");
	is_u64((uint64_t)dwunw_arch_column(arch, 59), 44, "f27 has the last");
	is_u64((uint64_t)(int64_t)dwunw_arch_column(arch, 60), UINT64_MAX,
	       "f28 has none");
	is_u64(dwunw_arch_column_reg(arch, 35), 50, "behind f9 stands f18");
	code[0] ^= 0x80;
	ok(!arch->signal_row(arch, code, NULL), "… not another register");
}

#define COUNTED(forms) forms, sizeof(forms) / sizeof((forms)[0])

int main(void)
{
	calls(DWUNW_ARCH_X86_64, COUNTED(x86_64));
	calls(DWUNW_ARCH_ARM64, COUNTED(arm64));
	calls(DWUNW_ARCH_MIPS32EL, COUNTED(mips32));
	calls(DWUNW_ARCH_MIPS32EB, COUNTED(mips32));
	calls(DWUNW_ARCH_RISCV64, COUNTED(riscv64));
	riscv64_signal();
	cut();
	context_codes();
	made_codes();
	thread_codes();
	exit_codes();
	go_codes();
	return done();
}
