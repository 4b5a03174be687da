/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * arm64 (AAPCS64; DWARF numbers: AADWARF64 4.1). Little-endian. x30 is the
 * link register; the pc has a column of its own, for signal frames.
 */
#include "target.h"

#include "core/base/bytes.h"

enum {
	X19 = 19,
	X29 = 29,
	X30 = 30,
	SP = 31,
	PC = 32, /* a column of ours */
	REGISTERS = 32,
	V8 = 72,
};

static const char *const names[] = {
	"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",	 "x7",	"x8",
	"x9",  "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
	"x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26",
	"x27", "x28", "x29", "x30", "sp",  "pc",  "v8",	 "v9",	"v10",
	"v11", "v12", "v13", "v14", "v15",
};

_Static_assert(sizeof(names) / sizeof(names[0]) <= DWUNW_COLUMN_MAX,
	       "a row has room for every column");

static uint32_t instruction(const uint8_t *code, unsigned int index)
{
	struct dwu_cursor c = dwu_cursor(code, DWU_CODE_SIZE, false);

	c.off = 4u * index;
	return dwu_u32(&c);
}

/*
 * The frame of a signal (Linux, asm/sigcontext.h, asm/ucontext.h). sp points
 * at struct rt_sigframe: siginfo has 128 bytes, uc_mcontext stands at 176 of
 * ucontext and begins with fault_address, x0..x30, sp, pc.
 *
 *	mov x8, #139 (rt_sigreturn);  svc #0
 */
static bool signal_row(const struct dwunw_arch_ops *arch, const uint8_t *code,
		       struct dwunw_row *row)
{
	const int32_t saved = 128 + 176 + 8;
	uint8_t i;

	if (instruction(code, 0) != 0xd2801168 ||
	    instruction(code, 1) != 0xd4000001)
		return false;
	if (!row)
		return true;
	row->flags |= DWUNW_ROW_SIGNAL;
	row->ra_column = arch->pc;
	for (i = 0; i <= PC; i++) {
		row->rules[i].kind = DWUNW_RULE_OFFSET;
		row->rules[i].value = saved + 8 * i;
	}
	return true;
}

/*
 * Code that leaves as it came: ret (x30), or a PLT entry, whose ip registers
 * x16 and x17 are for linkers (AAPCS64 6.1.1): [bti c] adrp x16; ldr x17, [x16].
 * The first entry has pushed x16 and x30 before these.
 */
static bool stub_code(const uint8_t *code)
{
	uint32_t first = instruction(code, 0), second = instruction(code, 1);

	if (first == 0xd503245f) { /* bti c */
		first = second;
		second = instruction(code, 2);
	}
	return first == 0xd65f03c0 ||
	       ((first & 0x9f00001f) == 0x90000010 &&
		(second & 0xffc003ff) == 0xf9400211 &&
		instruction(code - DWU_STUB_BEFORE, 0) != 0xa9bf7bf0);
}

/* bl, blr, blraa, … (Arm ARM, C4.1.65) */
static bool behind_call(const struct dwunw_arch_ops *arch, const uint8_t *code,
			size_t size, uint8_t isa)
{
	struct dwu_cursor c = dwu_cursor(code, size, false);
	uint32_t word;

	(void)arch;
	(void)isa;
	dwu_skip(&c, size - 4);
	word = dwu_u32(&c);
	return size >= 4 && ((word & 0xfc000000) == 0x94000000 ||
			     (word & 0xfffffc1f) == 0xd63f0000 ||
			     (word & 0xfefff800) == 0xd63f0800);
}

/*
 * glibc, __startcontext: [nop or bti] mov x0, x19; cbnz x0, setcontext. Go,
 * runtime.goexit behind its first instruction: bl goexit1, and padding.
 */
static bool context_code(const struct dwunw_arch_ops *arch, const uint8_t *code)
{
	uint32_t first = instruction(code, 0), second = instruction(code, 1);

	(void)arch;
	if ((first & 0xfffff01f) == 0xd503201f) {
		first = second;
		second = instruction(code, 2);
	}
	return (first == 0xaa1303e0 && (second & 0xff00001f) == 0xb5000000) ||
	       ((first & 0xfc000000) == 0x94000000 && second == 0);
}

/*
 * Boost.Context, make_fcontext: adr x1, .+12; str x1, [x0, #152]; ret;
 * mov x0, #0. The last one and its bl _exit are code like any other.
 */
static bool made_code(const uint8_t *code)
{
	return instruction(code, 0) == 0x10000061 &&
	       instruction(code, 2) == 0xd65f03c0 &&
	       instruction(code, 3) == 0xd2800000;
}

/* mov x8, #93 (exit), as 64 or 32 bits; svc #0. */
static bool exit_code(const struct dwunw_arch_ops *arch, const uint8_t *code)
{
	unsigned int i;

	(void)arch;
	for (i = 0; i < 3; i++)
		if ((instruction(code, i) & 0x7fffffff) == 0x52800ba8)
			return instruction(code, i + 1) == 0xd4000001;
	return false;
}

/* Go, runtime.asyncPreempt: ldp d30, d31, [sp, n], which no call preserves. */
static bool preempt_code(const uint8_t *code)
{
	return (instruction(code, 0) & 0xffc07fff) == 0x6d407ffe;
}

static const struct dwu_arch_file file = { .signs_ra = true };

const struct dwunw_arch_ops dwu_arch_arm64 = {
	.name = "arm64",
	.id = DWUNW_ARCH_ARM64,
	.machine = 183, /* EM_AARCH64 */
	.elf_class = 2,
	.elf_data = 1,
	.address_size = 8,
	.reg_count = REGISTERS,
	.extra_count = 8, /* v8..v15: their low halves are preserved */
	.extra_first = V8,
	.column_names = names,
	.sp = SP,
	.fp = X29,
	.ra = X30,
	.pc = PC,
	.link_register = true,
	/* user addresses have 48 bits; above stand tags and signatures */
	.file = &file,
	.pc_mask = 0x0000ffffffffffff,
	/* AAPCS64 6.1.1: x19..x29 */
	.preserved = 0x7ffull << X19,
	.saved = { X30, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, X29 },
	.saved_count = 12,
	.signal_row = signal_row,
	.signal_step = 4,
	/* behind pc and pstate, at a multiple of 16: struct fpsimd_context,
	 * FPSIMD_MAGIC and its size, the first record of all */
	.mark_off = 128 + 176 + 288,
	.mark_bits = UINT64_MAX,
	.mark = 0x0000021046508001,
	.stub_code = stub_code,
	.behind_call = behind_call,
	.exit_code = exit_code,
	.preempt_code = preempt_code,
	.context_code = context_code,
	.made_code = made_code,
	.scan = IS_ON(CONFIG_SCAN_ARM64) ? &dwu_scan_arm64 : NULL,
};
