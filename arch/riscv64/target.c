/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * riscv64: RV64GC, lp64d (RISC-V psABI; its chapter on DWARF numbers x0..x31 as
 * 0..31 and f0..f31 as 32..63). Little-endian. x1 is the link register; the pc
 * has a column of its own, for signal frames. Instructions are numbered as in the
 * unprivileged specification, 2.2 and 16.8: two bytes (C), or four where the low
 * two bits are set.
 */
#include "arch/arch.h"

#include "core/base/bytes.h"

enum {
	RA = 1,
	SP = 2,
	GP = 3,
	TP = 4,
	S0 = 8, /* the frame pointer */
	S1 = 9,
	S2 = 18,
	PC = 32, /* a column of ours */
	REGISTERS = 32,
	FS0 = 32 + 8, /* fs0, fs1 are f8, f9; fs2 to fs11 f18 to f27 */

	ECALL = 0x00000073,
	LI_A7_RT_SIGRETURN = 0x08b00893, /* addi a7, zero, 139 */
	LI_A7_EXIT = 0x05d00893,	 /* addi a7, zero, 93 */
};

static const char *const names[] = {
	"zero", "ra",  "sp",  "gp",  "tp",  "t0",  "t1",  "t2",	  "s0",
	"s1",	"a0",  "a1",  "a2",  "a3",  "a4",  "a5",  "a6",	  "a7",
	"s2",	"s3",  "s4",  "s5",  "s6",  "s7",  "s8",  "s9",	  "s10",
	"s11",	"t3",  "t4",  "t5",  "t6",  "pc",  "fs0", "fs1",  "fs2",
	"fs3",	"fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11",
};

_Static_assert(sizeof(names) / sizeof(names[0]) <= DWUNW_COLUMN_MAX,
	       "a row has room for every column");

/* Of 4 bytes, which stand at a multiple of 2. */
static uint32_t instruction(const uint8_t *code, size_t off)
{
	struct dwu_cursor c = dwu_cursor(code, DWU_CODE_SIZE, false);

	c.off = off;
	return dwu_u32(&c);
}

/*
 * The frame of a signal (Linux, arch/riscv/kernel/signal.c, asm/ucontext.h,
 * asm/sigcontext.h). sp points at struct rt_sigframe: siginfo has 128 bytes;
 * uc_mcontext stands at 176 of ucontext and begins with pc, x1..x31.
 *
 *	li a7, 139 (rt_sigreturn);  ecall
 */
static bool signal_row(const struct dwunw_arch_ops *arch, const uint8_t *code,
		       struct dwunw_row *row)
{
	const int32_t saved = 128 + 176;
	uint8_t i;

	if (instruction(code, 0) != LI_A7_RT_SIGRETURN ||
	    instruction(code, 4) != ECALL)
		return false;
	if (!row)
		return true;
	row->flags |= DWUNW_ROW_SIGNAL;
	row->ra_column = arch->pc;
	row->rules[PC].kind = DWUNW_RULE_OFFSET;
	row->rules[PC].value = saved;
	for (i = RA; i < REGISTERS; i++) {
		row->rules[i].kind = DWUNW_RULE_OFFSET;
		row->rules[i].value = saved + 8 * i;
	}
	return true;
}

/*
 * Code that leaves as it came: ret, as jalr or c.jr; or an entry of a PLT
 * (psABI, Procedure Linkage Table), at any instruction that has something to do:
 * auipc t3; ld t3, n(t3); jalr t1, t3. Its first entry: auipc t2; sub t1, t1, t3.
 */
static bool stub_code(const uint8_t *code)
{
	uint32_t first = instruction(code, 0), second = instruction(code, 4);

	return first == 0x00008067 || (first & 0xffff) == 0x8082 ||
	       ((first & 0xfff) == 0xe17 && (second & 0xfffff) == 0xe3e03) ||
	       ((first & 0xfffff) == 0xe3e03 && second == 0x000e0367) ||
	       first == 0x000e0367 ||
	       ((first & 0xfff) == 0x397 && second == 0x41c30333);
}

/* jal ra; jalr ra; c.jalr. Calls by t0 are to code that saves registers for its
 * caller (-msave-restore), and return to no frame of their own. */
static bool behind_call(const struct dwunw_arch_ops *arch, const uint8_t *code,
			size_t size, uint8_t isa)
{
	struct dwu_cursor c = dwu_cursor(code, size, false);
	uint32_t word;

	(void)arch;
	(void)isa;
	if (size < 4)
		return false;
	dwu_skip(&c, size - 4);
	word = dwu_u32(&c);
	return (word & 0xfff) == 0x0ef || (word & 0x7fff) == 0x00e7 ||
	       ((word >> 16 & 0xf07f) == 0x9002 && (word >> 23 & 31) != 0);
}

/* glibc, __start_context behind its jalr: mv a0, s2, in either size; beqz s2. */
static bool context_code(const struct dwunw_arch_ops *arch, const uint8_t *code)
{
	uint32_t first = instruction(code, 0);
	bool narrow = (first & 0xffff) == 0x854a;

	(void)arch;
	return (narrow || first == 0x00090513) &&
	       (instruction(code, narrow ? 2 : 4) & 0x01fff07f) == 0x00090063;
}

/* li a7, 93 (exit); ecall */
static bool exit_code(const struct dwunw_arch_ops *arch, const uint8_t *code)
{
	size_t off;

	(void)arch;
	for (off = 0; off <= 8; off += 2)
		if (instruction(code, off) == LI_A7_EXIT)
			return instruction(code, off + 4) == ECALL;
	return false;
}

/* EF_RISCV_RVE: 16 registers, another ABI */
static const struct dwu_arch_file file = { .flags_never = 8 };

const struct dwunw_arch_ops dwu_arch_riscv64 = {
	.name = "riscv64",
	.id = DWUNW_ARCH_RISCV64,
	.machine = 243, /* EM_RISCV */
	.elf_class = 2,
	.elf_data = 1,
	.address_size = 8,
	.reg_count = REGISTERS,
	.extra_count = 12,
	.extra_low = 2,
	.extra_gap = 8, /* f10..f17 */
	.extra_first = FS0,
	.column_names = names,
	.file = &file,
	.sp = SP,
	.ra = RA,
	.pc = PC,
	.link_register = true,
	.pc_mask = UINT64_MAX,
	/* psABI, integer calling convention: s0 points at the CFA */
	.fp = S0,
	.fp_above = 16,
	/* gp, tp: nobody changes them */
	.preserved = 1ull << GP | 1ull << TP | 3ull << S0 | 0x3ffull << S2,
	.saved = { RA, S0, S1, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27 },
	.saved_count = 13,
	.signal_row = signal_row,
	.signal_step = 4,
	/* ucontext.uc_flags, which the kernel sets to 0 */
	.mark_off = 128,
	.mark_bits = UINT64_MAX,
	.mark = 0,
	.stub_code = stub_code,
	.behind_call = behind_call,
	.exit_code = exit_code,
	.context_code = context_code,
};
