/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* core/cfi/step.c: one row applied to registers, full and packed. */
#include "core/cfi/step.h"

#include "make_module.h"
#include "tap.h"

enum {
	RAX,
	RDX,
	RCX,
	RBX,
	RSI,
	RDI,
	RBP,
	RSP,
	R12 = 12,
	RIP = 16
};

#define SP 0x7fff00001000u
#define ALL 0x1ffffull
#define KEPT \
	(1ull << RBX | 1ull << RBP | 0xfull << R12 | 1ull << RSP | 1ull << RIP)

static struct made m;
static struct dwunw_row_scratch *scratch;

/* The stack: word i holds 0x1000 + i. 16 words. */
static uint8_t stack[128];

static struct dwu_reader reader_of(const struct dwunw_arch_ops *arch,
				   uint64_t size, uint32_t flags)
{
	struct dwunw_walk_input input = { .stack = { stack, SP, size },
					  .flags = flags };

	return dwu_reader(arch, &input);
}

static struct dwu_regs registers(void)
{
	struct dwu_regs regs = { .pc = 0x1001, .valid = ALL };
	unsigned int i;

	for (i = 0; i < 17; i++)
		regs.r[i] = 0x100 * (i + 1);
	regs.r[RSP] = SP;
	regs.r[RBP] = SP + 0x20;
	regs.r[RIP] = regs.pc;
	return regs;
}

struct step_case {
	const char *title, *hex, *augmentation;
	uint64_t lost; /* registers without a value before */
	uint8_t stop;
	uint64_t pc, sp;
	unsigned int reg;    /* and one more */
	uint64_t value;	     /* 0: lost */
	uint64_t stack_size; /* 0: all */
};

static const struct step_case cases[] = {
	{ "entry", "", "zR", 0, DWU_GO, 0x1000, SP + 8, RBX, 0x400, 0 },
	{ "rsp + 16", "0e 10", "zR", 0, DWU_GO, 0x1001, SP + 16, RBP, SP + 0x20,
	  0 },
	{ "rbp + 16", "0c 06 10 86 02", "zR", 0, DWU_GO, 0x1005, SP + 0x30, RBP,
	  0x1004, 0 },
	{ "a saved register", "0e 18 83 02", "zR", 0, DWU_GO, 0x1002, SP + 24,
	  RBX, 0x1001, 0 },
	{ "a scratch register is lost", "", "zR", 0, DWU_GO, 0x1000, SP + 8,
	  RAX, 0, 0 },
	{ "a scratch register that is the same", "08 00", "zR", 0, DWU_GO,
	  0x1000, SP + 8, RAX, 0x100, 0 },
	{ "undefined", "07 03", "zR", 0, DWU_GO, 0x1000, SP + 8, RBX, 0, 0 },
	{ "val_offset", "14 03 01", "zR", 0, DWU_GO, 0x1000, SP + 8, RBX, SP,
	  0 },
	{ "register", "09 03 0c", "zR", 0, DWU_GO, 0x1000, SP + 8, RBX, 0xd00,
	  0 },
	{ "register that is lost", "09 03 0c", "zR", 1ull << 12, DWU_GO, 0x1000,
	  SP + 8, RBX, 0, 0 },
	{ "two that swap", "09 03 0c 09 0c 03", "zR", 0, DWU_GO, 0x1000, SP + 8,
	  12, 0x400, 0 },
	{ "the return address in a register", "09 10 00", "zR", 0, DWU_GO,
	  0x100, SP + 8, RAX, 0, 0 },
	{ "that register is lost", "09 10 00", "zR", 1, DWUNW_STOP_NO_REGISTER,
	  0, 0, 0, 0, 0 },
	{ "expression", "10 03 02 77 08", "zR", 0, DWU_GO, 0x1000, SP + 8, RBX,
	  0x1001, 0 },
	{ "expression from the CFA", "10 03 02 23 08", "zR", 0, DWU_GO, 0x1000,
	  SP + 8, RBX, 0x1002, 0 },
	{ "val_expression", "16 03 02 77 08", "zR", 0, DWU_GO, 0x1000, SP + 8,
	  RBX, SP + 8, 0 },
	{ "CFA by expression", "0f 02 77 18", "zR", 0, DWU_GO, 0x1002, SP + 24,
	  RBX, 0x400, 0 },
	{ "CFA by a bad expression", "0f 01 13", "zR", 0, DWUNW_STOP_BAD_ROW, 0,
	  0, 0, 0, 0 },
	{ "CFA by an empty expression", "0f 00", "zR", 0, DWUNW_STOP_BAD_ROW, 0,
	  0, 0, 0, 0 },
	{ "rsp restored", "87 01 90 02 0e 20", "zR", 0, DWU_GO, 0x1002, 0x1003,
	  RBX, 0x400, 0 },
	{ "return address undefined", "07 10", "zR", 0, DWUNW_STOP_ROOT, 0, 0,
	  0, 0, 0 },
	{ "return address the same", "08 10", "zR", 0, DWUNW_STOP_BAD_ROW, 0, 0,
	  0, 0, 0 },
	{ "CFA's register lost", "0d 06", "zR", 1ull << RBP,
	  DWUNW_STOP_NO_REGISTER, 0, 0, 0, 0, 0 },
	{ "return address not readable", "0e 80 01", "zR", 0,
	  DWUNW_STOP_UNREADABLE, 0, 0, 0, 0, 64 },
	{ "a register that is not readable is lost", "0e 10 8c 7f", "zR", 0,
	  DWU_GO, 0x1001, SP + 16, 12, 0, 0 },
	{ "the last word", "0e 80 01", "zR", 0, DWU_GO, 0x100f, SP + 128, RBX,
	  0x400, 128 },
	{ "one byte short", "0e 80 01", "zR", 0, DWUNW_STOP_UNREADABLE, 0, 0, 0,
	  0, 127 },
};

static void check(const struct step_case *c, const char *how, uint8_t stop,
		  const struct dwu_regs *regs)
{
	if (!is_u64(stop, c->stop, "%s, %s: %s", c->title, how,
		    c->stop == DWU_GO ? "goes on" : dwunw_stop_name(c->stop)) ||
	    stop != DWU_GO)
		return;
	is_u64(regs->pc, c->pc, "%s, %s: pc", c->title, how);
	is_u64(regs->r[RIP], c->pc, "%s, %s: its register", c->title, how);
	is_u64(regs->r[RSP], c->sp, "%s, %s: sp", c->title, how);
	is_u64(regs->valid >> c->reg & 1 ? regs->r[c->reg] : 0, c->value,
	       "%s, %s: register %u", c->title, how, c->reg);
	is_u64(regs->valid & ~KEPT & ~(1ull << c->reg), 0,
	       "%s, %s: no other scratch register is left", c->title, how);
}

static void table(void)
{
	struct dwunw_packed_row packed;
	struct dwu_reader reader;
	struct dwunw_row row = { 0 };
	struct dwu_regs regs;
	uint8_t stop;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		struct cfi_out *s = made_begin(&m, false);
		uint64_t size = cases[i].stack_size ? cases[i].stack_size :
						      sizeof(stack);
		uint64_t cie = put_cie(
			s, &(struct cie_spec){ .augmentation =
						       cases[i].augmentation });

		if (!IS_ON(CONFIG_CFI_EXPRESSIONS) &&
		    strstr(cases[i].title, "expression"))
			continue;
		put_fde(s, &(struct fde_spec){ .cie = cie,
					       .start = 0x1000,
					       .size = 0x100,
					       .program_hex = cases[i].hex });
		(void)made_open(&m);
		if (dwunw_module_row(&m.module, 0x1000, scratch, &row) !=
		    DWUNW_OK)
			abort();
		regs = registers();
		regs.valid &= ~cases[i].lost;
		reader = reader_of(m.module.arch, size, 0);
		stop = dwu_step(m.module.arch, &m.module, &row, &regs, &reader);
		check(&cases[i], "full", stop, &regs);
		dwu_row_pack(m.module.arch, &row, &packed);
		if (packed.bits & DWU_PACKED_FULL)
			continue;
		regs = registers();
		regs.valid &= ~cases[i].lost;
		stop = dwu_step_packed(m.module.arch, &packed, &regs, &reader);
		check(&cases[i], "packed", stop, &regs);
	}
}

static void kinds(void)
{
	const struct dwunw_arch_ops *arch = dwunw_arch_by_id(1);
	struct dwu_reader reader = reader_of(arch, sizeof(stack), 0);
	struct dwu_regs regs = registers();
	struct dwunw_row row = { 0 };

	dwu_entry_row(arch, 0, &row);
	is_u64(dwu_step(arch, NULL, &row, &regs, &reader), DWU_GO,
	       "a row without expressions needs no module");
	regs = registers();
	row.rules[RBX].kind = DWUNW_RULE_EXPRESSION;
	is_u64(dwu_step(arch, NULL, &row, &regs, &reader), DWUNW_STOP_BAD_ROW,
	       "one with does");
	regs = registers();
	row.rules[RBX].kind = 99;
	is_u64(dwu_step(arch, NULL, &row, &regs, &reader), DWUNW_STOP_BAD_ROW,
	       "a rule of no kind");
	dwu_entry_row(arch, 24, &row);
	regs = registers();
	is_u64(dwu_step(arch, NULL, &row, &regs, &reader), DWU_GO,
	       "the entry row after 24 bytes were pushed");
	is_u64(regs.pc, 0x1003, "finds the return address above them");
	is_u64(regs.r[RSP], SP + 32, "and the stack pointer");

	reader = reader_of(arch, 16, DWUNW_WALK_CAPPED);
	regs = registers();
	is_u64(dwu_step(arch, NULL, &row, &regs, &reader), DWUNW_STOP_TRUNCATED,
	       "beyond a capped copy it is truncated");
	is_u64(reader.failed, SP + 24, "at that address");
	regs = registers();
	regs.r[RSP] = UINT64_MAX - 3;
	is_u64(dwu_step(arch, NULL, &row, &regs, &reader),
	       DWUNW_STOP_UNREADABLE, "a stack pointer at the end of all");
}

/* The same row over a 32-bit target of the other byte order. */
static void other_order(void)
{
	struct dwunw_arch_ops arch = *dwunw_arch_by_id(1);
	struct dwunw_row row = { 0 };
	struct dwunw_packed_row packed;
	struct dwu_reader reader;
	struct dwu_regs regs = registers();
	uint8_t stop;

	arch.address_size = 4;
	arch.big_endian = true;
	arch.pc_mask = UINT32_MAX;
	dwu_entry_row(&arch, 0, &row);
	row.cfa.value = 12;
	row.rules[RIP].value = -8;
	row.rules[RBX] =
		(struct dwunw_rule){ .kind = DWUNW_RULE_OFFSET, .value = -4 };
	memcpy(stack, "\x00\x00\x00\x00\x00\x40\x11\x22\x80\x00\x00\x01", 12);
	regs.r[RSP] = 0xfffffff8;
	reader = reader_of(&arch, sizeof(stack), 0);
	reader.stack.addr = 0xfffffff8;
	row.cfa.value = 16; /* wraps around at 32 bits */
	row.rules[RIP].value = -12;
	row.rules[RBX].value = -16;
	stop = dwu_step(&arch, NULL, &row, &regs, &reader);
	is_u64(stop, DWU_GO, "32 bits, big-endian");
	is_u64(regs.pc, 0x401122, "its pc");
	is_u64(regs.r[RSP], 8, "its stack pointer wraps at 32 bits");
	is_u64(regs.r[RBX], 0, "a register");
	regs = registers();
	regs.r[RSP] = 0xfffffff8;
	dwu_row_pack(&arch, &row, &packed);
	ok(!(packed.bits & DWU_PACKED_FULL), "it packs");
	stop = dwu_step_packed(&arch, &packed, &regs, &reader);
	is_u64(stop, DWU_GO, "32 bits, big-endian, packed");
	is_u64(regs.pc, 0x401122, "its pc, packed");
	is_u64(regs.r[RSP], 8, "its stack pointer, packed");
}

int main(void)
{
	struct out o = out_init(stack, sizeof(stack), false);
	unsigned int i;

	NEEDS(CONFIG_ARCH_X86_64);
	for (i = 0; i < 16; i++)
		put_u64(&o, 0x1000 + i);
	scratch = malloc(dwunw_row_scratch_size());
	table();
	kinds();
	other_order();
	free(scratch);
	return done();
}
