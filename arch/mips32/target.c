/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * mips32 o32, both byte orders. There is no ABI text for DWARF numbers:
 * GCC's mips port numbers $0..$31, then $f0..$f31 from 32 on (mips.h,
 * DWARF_FRAME_REGNUM). The pc has a column of its own, for signal frames.
 */
#include "target.h"

#include "core/base/bytes.h"
#include "flags.h"

enum {
	S0 = 16,
	GP = 28,
	SP = 29,
	FP = 30, /* $s8 */
	RA = 31,
	PC = 32, /* a column of ours */
	REGISTERS = 32,
	F20 = 32 + 20,
};

static const char *const names[] = {
	"zero", "at",  "v0",  "v1",  "a0",  "a1",  "a2",  "a3",	 "t0",
	"t1",	"t2",  "t3",  "t4",  "t5",  "t6",  "t7",  "s0",	 "s1",
	"s2",	"s3",  "s4",  "s5",  "s6",  "s7",  "t8",  "t9",	 "k0",
	"k1",	"gp",  "sp",  "s8",  "ra",  "pc",  "f20", "f21", "f22",
	"f23",	"f24", "f25", "f26", "f27", "f28", "f29", "f30", "f31",
};

_Static_assert(sizeof(names) / sizeof(names[0]) <= DWUNW_COLUMN_MAX,
	       "a row has room for every column");

/*
 * The frame of a signal (Linux, arch/mips/kernel/signal.c; asm/sigcontext.h
 * of o32). Behind 24 bytes of argument space and padding stands, for a plain
 * handler, struct sigcontext; for SA_SIGINFO 128 bytes of siginfo and a
 * ucontext whose sigcontext begins at 24. In it, 8 bytes each: at 8 the pc,
 * at 16 $0..$31.
 *
 *	li v0, 4119 (sigreturn) or 4193 (rt_sigreturn);  syscall
 */
static bool signal_row(const struct dwunw_arch_ops *arch, const uint8_t *code,
		       struct dwunw_row *row)
{
	struct dwu_cursor c = dwu_cursor(code, DWU_CODE_SIZE, arch->big_endian);
	uint32_t load = dwu_u32(&c);
	/* the low word of a 64-bit field */
	int32_t low = arch->big_endian ? 4 : 0;
	int32_t context = load == 0x24021017 ? 24 : 24 + 128 + 24;
	uint8_t i;

	if ((load != 0x24021017 && load != 0x24021061) ||
	    dwu_u32(&c) != 0x0000000c)
		return false;
	if (!row)
		return true;
	row->flags |= DWUNW_ROW_SIGNAL;
	row->ra_column = arch->pc;
	row->rules[PC].kind = DWUNW_RULE_OFFSET;
	row->rules[PC].value = context + 8 + low;
	for (i = 1; i < REGISTERS; i++) {
		row->rules[i].kind = DWUNW_RULE_OFFSET;
		row->rules[i].value = context + 16 + 8 * i + low;
	}
	return true;
}

/*
 * MIPS32 II-A, table A.2 and what it leads to: jal, jalx; jalr with $ra;
 * bltzal, bgezal and their likely forms (bal). All have a delay slot.
 */
static bool is_call(uint32_t word)
{
	uint32_t major = word >> 26;

	return major == 3 || major == 0x1d ||
	       (major == 0 && (word & 0xf83f) == 0xf809) ||
	       (major == 1 && (word >> 18 & 7) == 4);
}

/*
 * MIPS32 IV-a: jal and jalx of 4 bytes, jalr and jalrc of 2. What stands in
 * a slot has 2.
 */
static bool is_call16(uint32_t jal, uint32_t jalr, uint32_t jalrc)
{
	return jal >> 11 == 3 || (jalr & 0xf8ff) == 0xe840 ||
	       (jalrc & 0xf8ff) == 0xe8c0;
}

static bool behind_call(const struct dwunw_arch_ops *arch, const uint8_t *code,
			size_t size, uint8_t isa)
{
	struct dwu_cursor c = dwu_cursor(code, size, arch->big_endian);
	uint32_t jal, jalr;

	if (size < DWU_CALL_SIZE)
		return false;
	if (!isa)
		return is_call(dwu_u32(&c));
	dwu_skip(&c, 2);
	jal = dwu_u16(&c);
	jalr = dwu_u16(&c);
	return is_call16(jal, jalr, dwu_u16(&c));
}

/*
 * glibc, makecontext: move $gp, $s1; beqz $s0; move $a0, $zero in its slot. Go,
 * runtime.goexit behind its first instruction: jal goexit1; nop; nor.
 */
static bool context_code(const struct dwunw_arch_ops *arch, const uint8_t *code)
{
	struct dwu_cursor c = dwu_cursor(code, DWU_CODE_SIZE, arch->big_endian);
	uint32_t first = dwu_u32(&c), second = dwu_u32(&c);

	return ((first & ~4u) == 0x0220e021 && second >> 16 == 0x1200) ||
	       (first >> 26 == 3 && second == 0 && dwu_u32(&c) == 0x27);
}

/* li $v0, 4001 (exit); syscall */
static bool exit_code(const struct dwunw_arch_ops *arch, const uint8_t *code)
{
	struct dwu_cursor c = dwu_cursor(code, DWU_CODE_SIZE, arch->big_endian);
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (dwu_u32(&c) == 0x24020fa1)
			return dwu_u32(&c) == 0x0000000c;
	return false;
}

/* clang-format off */
#define MIPS32(order, number, encoding, big)                              \
	{                                                                 \
		.name = "mips32" order, .id = number, .machine = 8,       \
		.elf_class = 1, .elf_data = encoding, .address_size = 4,  \
		.big_endian = big, .reg_count = REGISTERS,                \
		.extra_count = 12, .extra_first = F20,                    \
		.column_names = names, .sp = SP, .ra = RA, .pc = PC,      \
		.fp = FP,                                                 \
		/* GCC 3: the register behind $f31 */                     \
		.ra_alias = 64,                                           \
		.link_register = true,                                    \
		/* bit 0 tells MIPS16e and microMIPS code from mips32 */  \
		.pc_mask = 0xfffffffe,                                    \
		.isa_mask = 1,                                            \
		.file = IS_ON(CONFIG_ARCH_MIPS32_ALONE) ? NULL :          \
							  &dwu_mips32_file, \
		/* o32: $s0..$s7, $gp, $s8 */                             \
		.preserved = 0xffull << S0 | 1ull << GP | 1ull << FP,     \
		.saved = { RA, 16, 17, 18, 19, 20, 21, 22, 23, GP, FP },  \
		.saved_count = 11, .signal_row = signal_row,              \
		.signal_step = 4, .behind_call = behind_call,             \
		.context_code = context_code, .exit_code = exit_code,     \
		.scan = IS_ON(CONFIG_SCAN_MIPS32) ? &dwu_scan_mips32 :    \
						    NULL,                 \
	}
/* clang-format on */

const struct dwunw_arch_ops dwu_arch_mips32el =
	MIPS32("el", DWUNW_ARCH_MIPS32EL, 1, false);
const struct dwunw_arch_ops dwu_arch_mips32eb =
	MIPS32("eb", DWUNW_ARCH_MIPS32EB, 2, true);
