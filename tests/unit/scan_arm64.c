/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * arch/arm64/scan.c: where control goes, what a sequence of instructions
 * leaves of a function's entry state, and what looks like a function's
 * start. The words are GNU as's.
 */
#include "arch/arm64/target.h"

#include "core/base/bytes.h"
#include "flows.h"
#include "tap.h"

#if IS_ON(CONFIG_SCAN_ARM64)

#define WORDS 16u
#define SP 31u
#define PC 32u

static uint8_t bytes[4 * WORDS];

/* Code that begins at word `at` of `count` and ends with the last one. */
static struct dwu_code code_at(const uint32_t *words, size_t count, size_t at)
{
	size_t i, size = 4 * (count - at);

	for (i = 0; i < 4 * count; i++)
		bytes[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
	return (struct dwu_code){ .bytes = bytes + 4 * at,
				  .size = size < DWU_INSN_MAX ? size :
								DWU_INSN_MAX,
				  .vaddr = (uint32_t)(0x10000000 + 4 * at) };
}

static struct dwu_scan_state entry_state(void)
{
	struct dwu_scan_state state;
	uint8_t i;

	memset(&state, 0, sizeof(state));
	for (i = 0; i < DWU_SCAN_REGS; i++) {
		state.regs[i].kind = DWU_VALUE_ENTRY;
		state.regs[i].reg = i;
		state.slots[i] = DWU_SLOT_NONE;
	}
	state.regs[SP] = (struct dwu_value){ .kind = DWU_VALUE_CFA };
	return state;
}

/* One instruction: true if it is one, and the state is the one behind it. */
static bool step(const struct dwu_code *code, struct dwu_scan_state *state)
{
	struct dwu_insn insn;

	dwu_scan_arm64.decode(&dwu_arch_arm64, code, &insn);
	if (insn.size != 4)
		return false;
	if (insn.flow != DWU_FLOW_CALL)
		dwu_scan_arm64.effect(&dwu_arch_arm64, code, &insn, state);
	return true;
}

/* "x29=cfa-32 sp-32 x30@-24 …": what is not as at the entry. */
static const char *text_of(const struct dwu_scan_state *state)
{
	static char text[512];
	size_t n = 0, i;

#define ADD(...) n += (size_t)snprintf(text + n, sizeof(text) - n, __VA_ARGS__)
	for (i = 0; i < SP; i++) {
		const struct dwu_value *value = &state->regs[i];

		if (value->kind == DWU_VALUE_CFA)
			ADD("x%zu=cfa%+d ", i, value->n);
		else if (value->kind == DWU_VALUE_CONST)
			ADD("x%zu=%d ", i, value->n);
		else if (value->kind == DWU_VALUE_UNKNOWN)
			ADD("x%zu? ", i);
		else if (value->reg != i)
			ADD("x%zu=x%u ", i, value->reg);
	}
	if (state->regs[SP].kind == DWU_VALUE_CFA)
		ADD("sp%+d", state->regs[SP].n);
	else
		ADD("sp?");
	for (i = 0; i < dwu_arch_arm64.saved_count; i++)
		if (state->slots[dwu_arch_arm64.saved[i]] != DWU_SLOT_NONE)
			ADD(" x%u@%d", dwu_arch_arm64.saved[i],
			    state->slots[dwu_arch_arm64.saved[i]]);
	ADD("%s%s", state->ra_signed ? " signed" : "",
	    state->slot_signed ? " slot-signed" : "");
#undef ADD
	return text;
}

struct sequence {
	const char *title;
	uint32_t words[WORDS]; /* 0 ends them */
	unsigned int ahead;    /* of the last ones only the code is seen */
	const char *want;
};

/* clang-format off */
static const struct sequence sequences[] = {
	{ "nothing yet",
	  {
	    0xd503201f, /* nop */
	  },
	  .want = "sp+0" },
	{ "a frame record",
	  {
	    0xa9be7bfd, /* stp x29, x30, [sp, #-32]! */
	    0x910003fd, /* mov x29, sp */
	  },
	  .want = "x29=cfa-32 sp-32 x30@-24 x29@-32" },
	{ "more registers are saved",
	  {
	    0xa9bd7bfd, /* stp x29, x30, [sp, #-48]! */
	    0xa90153f3, /* stp x19, x20, [sp, #16] */
	    0xf90013f5, /* str x21, [sp, #32] */
	    0xf80283f6, /* stur x22, [sp, #40] */
	  },
	  .want = "sp-48 x30@-40 x19@-32 x20@-24 x21@-16 x22@-8 x29@-48" },
	{ "an epilogue takes all back",
	  {
	    0xa9be7bfd, /* stp x29, x30, [sp, #-32]! */
	    0x910003fd, /* mov x29, sp */
	    0xf9000bf3, /* str x19, [sp, #16] */
	    0xf9400bf3, /* ldr x19, [sp, #16] */
	    0xa8c27bfd, /* ldp x29, x30, [sp], #32 */
	  },
	  .want = "sp+0 x30@-24 x19@-16 x29@-32" },
	{ "sub, then the record above",
	  {
	    0xd10103ff, /* sub sp, sp, #64 */
	    0xa9037bfd, /* stp x29, x30, [sp, #48] */
	    0x9100c3fd, /* add x29, sp, #48 */
	  },
	  .want = "x29=cfa-16 sp-64 x30@-8 x29@-16" },
	{ "add gives the room back",
	  {
	    0xd10103ff, /* sub sp, sp, #64 */
	    0x910103ff, /* add sp, sp, #64 */
	  },
	  .want = "sp+0" },
	{ "pages",
	  {
	    0xd1400bff, /* sub sp, sp, #2, lsl #12 */
	    0xd10043ff, /* sub sp, sp, #16 */
	  },
	  .want = "sp-8208" },
	{ "sp from the frame pointer",
	  {
	    0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
	    0x910003fd, /* mov x29, sp */
	    0xcb2063ff, /* sub sp, sp, x0 */
	    0x910003bf, /* mov sp, x29 */
	  },
	  .want = "x29=cfa-16 sp-16 x30@-8 x29@-16" },
	{ "sp below the frame pointer",
	  {
	    0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
	    0x910003fd, /* mov x29, sp */
	    0xd10083bf, /* sub sp, x29, #32 */
	  },
	  .want = "x29=cfa-16 sp-48 x30@-8 x29@-16" },
	{ "alloca",
	  {
	    0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
	    0x910003fd, /* mov x29, sp */
	    0xcb2063ff, /* sub sp, sp, x0 */
	  },
	  .want = "x29=cfa-16 sp? x30@-8 x29@-16" },
	{ "stores by the frame pointer",
	  {
	    0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
	    0x910003fd, /* mov x29, sp */
	    0xcb2063ff, /* sub sp, sp, x0 */
	    0xf81f83b3, /* stur x19, [x29, #-8] */
	  },
	  .want = "x29=cfa-16 sp? x30@-8 x19@-24 x29@-16" },
	{ "a single pre-index",
	  {
	    0xf81f0ffe, /* str x30, [sp, #-16]! */
	  },
	  .want = "sp-16 x30@-16" },
	{ "a single post-index",
	  {
	    0xf81f0ffe, /* str x30, [sp, #-16]! */
	    0xd280003e, /* mov x30, #1 */
	    0xf84107fe, /* ldr x30, [sp], #16 */
	  },
	  .want = "sp+0 x30@-16" },
	{ "a post-index store below",
	  {
	    0xa8bf7bfd, /* stp x29, x30, [sp], #-16 */
	  },
	  .want = "sp-16 x30@8 x29@0" },
	{ "vector pairs move sp",
	  {
	    0x6dbc27e8, /* stp d8, d9, [sp, #-64]! */
	    0xadbf27e8, /* stp q8, q9, [sp, #-32]! */
	    0x6cc127e8, /* ldp d8, d9, [sp], #16 */
	    0x3c9f0fe0, /* str q0, [sp, #-16]! */
	    0x2dbf07e0, /* stp s0, s1, [sp, #-8]! */
	  },
	  .want = "sp-104" },
	{ "w pairs move sp",
	  {
	    0x29be0be1, /* stp w1, w2, [sp, #-16]! */
	    0x68c10be1, /* ldpsw x1, x2, [sp], #8 */
	  },
	  .want = "x1? x2? sp-8" },
	{ "no-allocate and exclusive forms do not",
	  {
	    0xa83f7bfd, /* stnp x29, x30, [sp, #-16] */
	    0xc89fffe0, /* stlr x0, [sp] */
	    0xc85f7fe1, /* ldxr x1, [sp] */
	    0xc8027fe3, /* stxr w2, x3, [sp] */
	  },
	  .want = "x0? x1? x2? x3? sp+0 x30@-8 x29@-16" },
	{ "movz, movk",
	  {
	    0xd288ac0c, /* movz x12, #0x4560 */
	    0xf2a0024c, /* movk x12, #0x12, lsl #16 */
	    0xcb2c63ff, /* sub sp, sp, x12 */
	  },
	  .want = "x12=1197408 sp-1197408" },
	{ "movn",
	  {
	    0x92801fec, /* movn x12, #0xff */
	    0x8b2c63ff, /* add sp, sp, x12 */
	  },
	  .want = "x12=-256 sp-256" },
	{ "movz of w",
	  {
	    0x5282200c, /* mov w12, #0x1100 */
	    0xcb2c63ff, /* sub sp, sp, x12 */
	    0xcb2c43ff, /* sub sp, sp, w12, uxtw */
	  },
	  .want = "x12=4352 sp-8704" },
	{ "movk onto an unknown value",
	  {
	    0xf940000c, /* ldr x12, [x0] */
	    0xf280002c, /* movk x12, #1 */
	    0xcb2c63ff, /* sub sp, sp, x12 */
	  },
	  .want = "x12? sp?" },
	{ "what no frame is large enough for",
	  {
	    0xd2c0002c, /* movz x12, #1, lsl #32 */
	    0xcb2c63ff, /* sub sp, sp, x12 */
	  },
	  .want = "x12? sp?" },
	{ "a bit mask",
	  {
	    0xb27c33ec, /* mov x12, #0x1fff0 */
	    0xcb2c63ff, /* sub sp, sp, x12 */
	  },
	  .want = "x12=131056 sp-131056" },
	{ "bit masks of w and repeated",
	  {
	    0xb20c83e1, /* orr x1, xzr, #0x10001000100010 */
	    0x320083e2, /* orr w2, wzr, #0x10001 */
	    0x320103e3, /* orr w3, wzr, #0x80000000 */
	    0xb27cefe4, /* orr x4, xzr, #0xfffffffffffffff0 */
	    0x3200f3e5, /* orr w5, wzr, #0x55555555 */
	  },
	  .want = "x1? x2=65537 x3? x4=-16 x5=1431655765 sp+0" },
	{ "sums of registers",
	  {
	    0xd2820009, /* mov x9, #4096 */
	    0xd280040a, /* mov x10, #32 */
	    0x8b0a0129, /* add x9, x9, x10 */
	    0x8b0a1129, /* add x9, x9, x10, lsl #4 */
	    0xd100212a, /* sub x10, x9, #8 */
	    0xcb2963ff, /* sub sp, sp, x9 */
	  },
	  .want = "x9=4640 x10=4632 sp-4640" },
	{ "an address in a register",
	  {
	    0xd2820009, /* mov x9, #4096 */
	    0xcb2963e9, /* sub x9, sp, x9 */
	    0x9100013f, /* mov sp, x9 */
	    0xd1004129, /* sub x9, x9, #16 */
	  },
	  .want = "x9=cfa-4112 sp-4096" },
	{ "a copy of sp comes back",
	  {
	    0x910003e9, /* mov x9, sp */
	    0xd10043ff, /* sub sp, sp, #16 */
	    0xcb2063ff, /* sub sp, sp, x0 */
	    0x9100013f, /* mov sp, x9 */
	  },
	  .want = "x9=cfa+0 sp+0" },
	{ "stores and loads by a copy",
	  {
	    0x910003e9, /* mov x9, sp */
	    0xd100c3ff, /* sub sp, sp, #48 */
	    0xf81f813e, /* stur x30, [x9, #-8] */
	    0xa93e5133, /* stp x19, x20, [x9, #-32] */
	    0xaa0003f3, /* mov x19, x0 */
	    0xf85e0133, /* ldur x19, [x9, #-32] */
	  },
	  .want = "x9=cfa+0 sp-48 x30@-8 x19@-32 x20@-24" },
	{ "aligned to no more than it is",
	  {
	    0x910003e0, /* mov x0, sp */
	    0x927cec1f, /* and sp, x0, #-16 */
	  },
	  .want = "x0=cfa+0 sp+0" },
	{ "aligned downwards",
	  {
	    0xd10063e9, /* sub x9, sp, #24 */
	    0x927ced3f, /* and sp, x9, #-16 */
	  },
	  .want = "x9=cfa-24 sp-32" },
	{ "aligned to more",
	  {
	    0xd10143e9, /* sub x9, sp, #80 */
	    0x927ae53f, /* and sp, x9, #-64 */
	  },
	  .want = "x9=cfa-80 sp?" },
	{ "pages touched one by one",
	  {
	    0xd2a00049, /* mov x9, #0x20000 */
	    0xcb2963e9, /* sub x9, sp, x9 */
	    0xd14043ff, /* sub sp, sp, #16, lsl #12 */
	    0xf90203ff, /* str xzr, [sp, #1024] */
	    0xeb2963ff, /* cmp sp, x9 */
	    0x54ffffa1, /* b.ne .-12 */
	  },
	  .want = "x9=cfa-131072 sp-131072" },
	{ "… in the loop",
	  {
	    0xd2a00049, /* mov x9, #0x20000 */
	    0xcb2963e9, /* sub x9, sp, x9 */
	    0xd14043ff, /* sub sp, sp, #16, lsl #12 */
	    0xf90203ff, /* str xzr, [sp, #1024] */
	    0xeb2963ff, /* cmp sp, x9 */
	    0x54ffffa1, /* b.ne .-12 */
	  },
	  .ahead = 3, .want = "x9=cfa-131072 sp?" },
	{ "… of alloca",
	  {
	    0x910003fd, /* mov x29, sp */
	    0xeb2163ff, /* cmp sp, x1 */
	    0x54000080, /* b.eq .+16 */
	    0xd14043ff, /* sub sp, sp, #16, lsl #12 */
	    0xf90203ff, /* str xzr, [sp, #1024] */
	  },
	  .want = "x29=cfa+0 sp?" },
	{ "a limit of the stack is compared",
	  {
	    0xd10083ff, /* sub sp, sp, #32 */
	    0xeb2163ff, /* cmp sp, x1 */
	    0x54000089, /* b.ls .+16 */
	    0xd503201f, /* nop */
	  },
	  .want = "sp-32" },
	{ "… with the comparison first",
	  {
	    0xd14083e9, /* sub x9, sp, #32, lsl #12 */
	    0xeb2963ff, /* cmp sp, x9 */
	    0x54000080, /* b.eq .+16 */
	    0xd14043ff, /* sub sp, sp, #16, lsl #12 */
	  },
	  .ahead = 2, .want = "x9=cfa-131072 sp-131072" },
	{ "sp and a local variable's address are compared",
	  {
	    0xd10083ff, /* sub sp, sp, #32 */
	    0x910023e1, /* add x1, sp, #8 */
	    0xeb2163ff, /* cmp sp, x1 */
	  },
	  .want = "x1=cfa-24 sp-32" },
	{ "a signed return address",
	  {
	    0xd503233f, /* paciasp */
	    0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
	  },
	  .want = "sp-16 x30@-8 x29@-16 signed slot-signed" },
	{ "… by the other key",
	  {
	    0xd503237f, /* pacibsp */
	  },
	  .want = "sp+0 signed" },
	{ "… of zero",
	  {
	    0xd503231f, /* paciaz */
	  },
	  .want = "sp+0 signed" },
	{ "… authenticated",
	  {
	    0xd503233f, /* paciasp */
	    0xd50323bf, /* autiasp */
	  },
	  .want = "sp+0" },
	{ "… saved, taken back and checked",
	  {
	    0xd503233f, /* paciasp */
	    0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
	    0xa8c17bfd, /* ldp x29, x30, [sp], #16 */
	    0xd50323bf, /* autiasp */
	  },
	  .want = "sp+0 x30@-8 x29@-16 slot-signed" },
	{ "… by the other key, checked",
	  {
	    0xd503237f, /* pacibsp */
	    0xd50323ff, /* autibsp */
	  },
	  .want = "sp+0" },
	{ "… stripped",
	  {
	    0xd503233f, /* paciasp */
	    0xd50320ff, /* xpaclri */
	  },
	  .want = "sp+0" },
	{ "… signed as any register",
	  {
	    0xdac103fe, /* pacia x30, sp */
	    0xd503201f, /* nop */
	  },
	  .want = "sp+0 signed" },
	{ "… checked as any register",
	  {
	    0xdac103fe, /* pacia x30, sp */
	    0xdac113fe, /* autia x30, sp */
	  },
	  .want = "sp+0" },
	{ "a pointer that is signed",
	  {
	    0x910003e9, /* mov x9, sp */
	    0xdac10809, /* pacda x9, x0 */
	  },
	  .want = "x9? sp+0" },
	{ "SVE moves sp by what is not known",
	  {
	    0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
	    0x910003fd, /* mov x29, sp */
	    0x043f57df, /* addvl sp, sp, #-2 */
	  },
	  .want = "x29=cfa-16 sp? x30@-8 x29@-16" },
	{ "rdvl, cntd",
	  {
	    0xd2800029, /* mov x9, #1 */
	    0xd280002a, /* mov x10, #1 */
	    0x04bf5029, /* rdvl x9, #1 */
	    0x04e0e3ea, /* cntd x10 */
	  },
	  .want = "x9? x10? sp+0" },
	{ "tags: st2g moves sp",
	  {
	    0xd10103ff, /* sub sp, sp, #64 */
	    0xd9a027ff, /* st2g sp, [sp], #32 */
	    0x918107e9, /* addg x9, sp, #16, #1 */
	    0x69bf0be1, /* stgp x1, x2, [sp, #-32]! */
	  },
	  .want = "x9? sp-64" },
	{ "ld1 with write-back",
	  {
	    0x4cdf73e0, /* ld1 {v0.16b}, [sp], #16 */
	  },
	  .want = "sp?" },
	{ "conversions: to general registers",
	  {
	    0xd2800021, /* mov x1, #1 */
	    0xd2800022, /* mov x2, #1 */
	    0xd2800023, /* mov x3, #1 */
	    0x9e780001, /* fcvtzs x1, d0 */
	    0x9e660002, /* fmov x2, d0 */
	    0x0e063c03, /* umov w3, v0.h[1] */
	  },
	  .want = "x1? x2? x3? sp+0" },
	{ "… and to vector registers of those numbers",
	  {
	    0xd2800021, /* mov x1, #1 */
	    0xd2800022, /* mov x2, #1 */
	    0xd2800023, /* mov x3, #1 */
	    0x9e620001, /* scvtf d1, x0 */
	    0x9e670002, /* fmov d2, x0 */
	    0xfd400003, /* ldr d3, [x0] */
	    0x9e58f064, /* fcvtzs x4, d3, #4 */
	    0x9e43f083, /* ucvtf d3, x4, #4 */
	    0x6d400801, /* ldp d1, d2, [x0] */
	  },
	  .want = "x1=1 x2=1 x3=1 x4? sp+0" },
	{ "the return address in another register",
	  {
	    0xaa1e03e9, /* mov x9, x30 */
	    0xd280001e, /* mov x30, #0 */
	  },
	  .want = "x9=x30 x30=0 sp+0" },
	{ "start code",
	  {
	    0xd280001d, /* mov x29, #0 */
	    0xaa1f03fe, /* mov x30, xzr */
	  },
	  .want = "x29=0 x30=0 sp+0" },
	{ "loads of all kinds",
	  {
	    0xd2800021, /* mov x1, #1 */
	    0xd2800022, /* mov x2, #1 */
	    0xd2800023, /* mov x3, #1 */
	    0xd2800024, /* mov x4, #1 */
	    0xd2800025, /* mov x5, #1 */
	    0xd2800026, /* mov x6, #1 */
	    0xd2800027, /* mov x7, #1 */
	    0xb9400001, /* ldr w1, [x0] */
	    0x38686802, /* ldrb w2, [x0, x8] */
	    0x58000043, /* ldr x3, .+8 */
	    0xc85ffc04, /* ldaxr x4, [x0] */
	    0xf8258006, /* swp x5, x6, [x0] */
	    0xd53bd047, /* mrs x7, tpidr_el0 */
	  },
	  .want = "x1? x2? x3? x4? x5=1 x6? x7? sp+0" },
	{ "prefetches load nothing",
	  {
	    0xd2800021, /* mov x1, #1 */
	    0xd2800022, /* mov x2, #1 */
	    0xf9800001, /* prfm pldl1strm, [x0] */
	    0xf9800402, /* prfm pldl2keep, [x0, #8] */
	    0xf8801002, /* prfum pldl2keep, [x0, #1] */
	    0xd8000042, /* prfm pldl2keep, .+8 */
	    0xf8a36802, /* prfm pldl2keep, [x0, x3] */
	  },
	  .want = "x1=1 x2=1 sp+0" },
	{ "comparisons change no register",
	  {
	    0xd2800021, /* mov x1, #1 */
	    0xfa410800, /* ccmp x0, #1, #0, eq */
	    0xf100043f, /* cmp x1, #1 */
	    0xf240003f, /* tst x1, #1 */
	    0xf10007ff, /* cmp sp, #1 */
	    0xfa411001, /* ccmp x0, x1, #1, ne */
	  },
	  .want = "x1=1 sp+0" },
	{ "32-bit sums are not followed",
	  {
	    0xd2800021, /* mov x1, #1 */
	    0x910003e2, /* mov x2, sp */
	    0x11000421, /* add w1, w1, #1 */
	    0x11000042, /* add w2, w2, #0 */
	  },
	  .want = "x1? x2? sp+0" },
	{ "movn of w",
	  {
	    0x12800001, /* movn w1, #0 */
	  },
	  .want = "x1? sp+0" },
	{ "a negative number, zero-extended",
	  {
	    0x92801fe9, /* movn x9, #0xff */
	    0x8b2943ff, /* add sp, sp, w9, uxtw */
	  },
	  .want = "x9=-256 sp?" },
	{ "a part of a number",
	  {
	    0xd2820009, /* mov x9, #4096 */
	    0xcb2923ff, /* sub sp, sp, w9, uxth */
	  },
	  .want = "x9=4096 sp?" },
	{ "vectors and words of those numbers are not saved",
	  {
	    0xd10083ff, /* sub sp, sp, #32 */
	    0xfd000bf3, /* str d19, [sp, #16] */
	    0xb9001bf4, /* str w20, [sp, #24] */
	    0x6d005bf5, /* stp d21, d22, [sp] */
	  },
	  .want = "sp-32" },
	{ "… by a quadword",
	  {
	    0xd10103ff, /* sub sp, sp, #64 */
	    0xf90013f3, /* str x19, [sp, #32] */
	    0x3d800be0, /* str q0, [sp, #32] */
	  },
	  .want = "sp-64" },
	{ "results that are not followed",
	  {
	    0xd2800021, /* mov x1, #1 */
	    0xd2800022, /* mov x2, #1 */
	    0xd2800023, /* mov x3, #1 */
	    0xd2800024, /* mov x4, #1 */
	    0xd2800025, /* mov x5, #1 */
	    0x10000001, /* adr x1, . */
	    0xd3410c42, /* ubfx x2, x2, #1, #3 */
	    0xaa040063, /* orr x3, x3, x4 */
	    0x9b047c84, /* mul x4, x4, x4 */
	    0x9a8600a5, /* csel x5, x5, x6, eq */
	  },
	  .want = "x1? x2? x3? x4? x5? sp+0" },
	{ "loads of later architectures",
	  {
	    0xd2800021, /* mov x1, #1 */
	    0xd2800022, /* mov x2, #1 */
	    0xd2800023, /* mov x3, #1 */
	    0xd2800024, /* mov x4, #1 */
	    0xd2800025, /* mov x5, #1 */
	    0xd2800026, /* mov x6, #1 */
	    0xf8200401, /* ldraa x1, [x0] */
	    0xf8201c47, /* ldraa x7, [x2, #8]! */
	    0xd9400003, /* ldapur x3, [x0] */
	    0x190504c4, /* cpyfp [x4]!, [x5]!, x6! */
	  },
	  .want = "x1? x2? x3? x4? x5? x6? x7? sp+0" },
	{ "a second copy of x19 is an argument",
	  {
	    0xd10083ff, /* sub sp, sp, #32 */
	    0xf9000bf3, /* str x19, [sp, #16] */
	    0xf90007f3, /* str x19, [sp, #8] */
	  },
	  .want = "sp-32 x19@-16" },
	{ "a slot is overwritten",
	  {
	    0xd10083ff, /* sub sp, sp, #32 */
	    0xf9000bf3, /* str x19, [sp, #16] */
	    0xf9000be0, /* str x0, [sp, #16] */
	  },
	  .want = "sp-32" },
	{ "… by zero, or by a vector register",
	  {
	    0xd100c3ff, /* sub sp, sp, #48 */
	    0xf9000bf3, /* str x19, [sp, #16] */
	    0xa9005bf5, /* stp x21, x22, [sp] */
	    0xf9000bff, /* str xzr, [sp, #16] */
	    0xfd0003e0, /* str d0, [sp] */
	  },
	  .want = "sp-48 x22@-40" },
	{ "a new thread's stack",
	  {
	    0xd2801b88, /* mov x8, #220 */
	    0xd4000001, /* svc #0 */
	    0xa8c103e1, /* ldp x1, x0, [sp], #16 */
	  },
	  .want = "x0? x1? x8=220 x30=0 sp+16" },
	{ "arguments that are taken off by who was called",
	  {
	    0xa8c103e1, /* ldp x1, x0, [sp], #16 */
	  },
	  .want = "x0? x1? sp+16" },
	{ "registers off a stack that has something",
	  {
	    0xf81f0ff3, /* str x19, [sp, #-16]! */
	    0xf81f0fe1, /* str x1, [sp, #-16]! */
	    0xf84107e1, /* ldr x1, [sp], #16 */
	  },
	  .want = "x1? sp-16 x19@-16" },
	{ "a frame's end above the CFA",
	  {
	    0xa8c17bfd, /* ldp x29, x30, [sp], #16 */
	  },
	  .want = "x29? x30? sp+16" },
	{ "the chain of frames ends",
	  {
	    0xd280001d, /* mov x29, #0 */
	  },
	  .want = "x29=0 x30=0 sp+0" },
	{ "x29 as any register",
	  {
	    0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
	    0xd280001d, /* mov x29, #0 */
	  },
	  .want = "x29=0 sp-16 x30@-8 x29@-16" },
	{ "x29 kept in a register",
	  {
	    0xaa1d03e9, /* mov x9, x29 */
	    0xd280001d, /* mov x29, #0 */
	  },
	  .want = "x9=x29 x29=0 sp+0" },
};

static const struct {
	uint32_t word;
	const char *mnemonic, *want;
} flows[] = {
	{ 0xd503201f, "nop", "next pad" },
	{ 0xd503245f, "bti c", "next" },
	{ 0x91000400, "add x0, x0, #1", "next" },
	{ 0xd4000001, "svc #0", "next" },
	{ 0x00000000, "udf #0", "end pad" },
	{ 0x00000007, "udf #7", "end" },
	{ 0x14000002, "b .+8", "jump +8" },
	{ 0x16000000, "b .-134217728", "jump -134217728" },
	{ 0x94000400, "bl .+4096", "call +4096" },
	{ 0x97ffffff, "bl .-4", "call -4" },
	{ 0x547fffe0, "b.eq .+1048572", "branch +1048572" },
	{ 0x54800001, "b.ne .-1048576", "branch -1048576" },
	{ 0xb4000040, "cbz x0, .+8", "branch +8" },
	{ 0x35ffffc1, "cbnz w1, .-8", "branch -8" },
	{ 0xb60bffe3, "tbz x3, #33, .+32764", "branch +32764" },
	{ 0x371c0003, "tbnz w3, #3, .-32768", "branch -32768" },
	{ 0xd61f0200, "br x16", "indirect" },
	{ 0xd61f0220, "br x17", "indirect" },
	{ 0xd61f0020, "br x1", "indirect table" },
	{ 0xd71f0822, "braa x1, x2", "indirect table" },
	{ 0xd71f0a11, "braa x16, x17", "indirect" },
	{ 0xd61f0c3f, "brabz x1", "indirect table" },
	{ 0xd63f0060, "blr x3", "call" },
	{ 0xd73f083f, "blraa x1, sp", "call" },
	{ 0xd63f0c7f, "blrabz x3", "call" },
	{ 0xd65f03c0, "ret", "return" },
	{ 0xd65f0220, "ret x17", "return" },
	{ 0xd65f0bff, "retaa", "return" },
	{ 0xd65f0fff, "retab", "return" },
	{ 0xd69f03e0, "eret", "end" },
	{ 0xd4207d00, "brk #1000", "end" },
	{ 0xd4400020, "hlt #1", "end" },
	{ 0xd4000022, "hvc #1", "next" },
	{ 0x02000000, ".inst 0x02000000", "none" },
	{ 0x06000001, ".inst 0x06000001", "none" },
	{ 0x00010000, ".inst 0x00010000", "none" },
	{ 0x043f503f, "addvl sp, sp, #1", "next" },
	{ 0xc0800000, ".inst 0xc0800000", "next" },
};

static const struct {
	uint32_t words[2];
	const char *mnemonic;
	uint8_t want;
} starts[] = {
	{ { 0xd503245f }, "bti c", DWU_START_SURE },
	{ { 0xd280001d, 0xd280001e }, "mov x29, #0; mov x30, #0", DWU_START_SURE },
	{ { 0xd280001d, 0xd2800000 }, "mov x29, #0; mov x0, #0", DWU_START_NO },
	{ { 0xa9be7bfd }, "stp x29, x30, [sp, #-32]!", DWU_START_MAYBE },
	{ { 0xd10043ff }, "sub sp, sp, #16", DWU_START_MAYBE },
	{ { 0xd14007ff }, "sub sp, sp, #1, lsl #12", DWU_START_MAYBE },
	{ { 0xf81f0ffe }, "str x30, [sp, #-16]!", DWU_START_MAYBE },
	{ { 0x6dbf27e8 }, "stp d8, d9, [sp, #-16]!", DWU_START_MAYBE },
	{ { 0xfc1f0fe8 }, "str d8, [sp, #-16]!", DWU_START_MAYBE },
	{ { 0xd503233f }, "paciasp", DWU_START_MAYBE },
	{ { 0xd503237f }, "pacibsp", DWU_START_MAYBE },
	{ { 0xd50323bf }, "autiasp", DWU_START_NO },
	{ { 0xd503249f }, "bti j", DWU_START_NO },
	{ { 0x90000010 }, "adrp x16, .", DWU_START_MAYBE },
	{ { 0x90000001 }, "adrp x1, .", DWU_START_NO },
	{ { 0xd282020c, 0xcb2c63ff }, "mov x12, #4112; sub sp, sp, x12", DWU_START_MAYBE },
	{ { 0xd282020c, 0xd503201f }, "mov x12, #4112; nop", DWU_START_NO },
	{ { 0xd14083e9 }, "sub x9, sp, #32, lsl #12", DWU_START_MAYBE },
	{ { 0x910043ff }, "add sp, sp, #16", DWU_START_NO },
	{ { 0xa8c17bfd }, "ldp x29, x30, [sp], #16", DWU_START_NO },
	{ { 0xa9017bfd }, "stp x29, x30, [sp, #16]", DWU_START_NO },
	{ { 0xa9bf5013 }, "stp x19, x20, [x0, #-16]!", DWU_START_NO },
	{ { 0xf81f0c33 }, "str x19, [x1, #-16]!", DWU_START_NO },
	{ { 0xa9817bfd }, "stp x29, x30, [sp, #16]!", DWU_START_NO },
	{ { 0xf85f0fe0 }, "ldr x0, [sp, #-16]!", DWU_START_NO },
	{ { 0xd65f03c0 }, "ret", DWU_START_NO },
};
/* clang-format on */

static void run(const struct sequence *s)
{
	struct dwu_scan_state state = entry_state();
	size_t count, i;
	bool good = true;

	for (count = 0; count < WORDS && s->words[count]; count++)
		;
	for (i = 0; i < count - s->ahead && good; i++) {
		struct dwu_code code = code_at(s->words, count, i);

		good = step(&code, &state);
	}
	is_str(good ? text_of(&state) : "not decoded", s->want, "%s", s->title);
}

static const char *flow_text(uint32_t word)
{
	static char text[64];
	struct dwu_code code = code_at(&word, 1, 0);
	struct dwu_insn insn;
	int n;

	memset(&insn, 0xff, sizeof(insn));
	dwu_scan_arm64.decode(&dwu_arch_arm64, &code, &insn);
	if (insn.size != 4)
		return insn.size == 0 ? "none" : "of another size";
	n = snprintf(text, sizeof(text), "%s%s%s%s%s", flow_names[insn.flow],
		     insn.pad ? " pad" : "", insn.table ? " table" : "",
		     insn.delay ? " delay" : "", insn.likely ? " likely" : "");
	if (insn.target)
		snprintf(text + n, sizeof(text) - (size_t)n, " %+" PRId32,
			 (int32_t)(insn.target - code.vaddr));
	return text;
}

static bool same(const struct dwu_value *a, const struct dwu_value *b)
{
	return a->kind == b->kind && a->n == b->n && a->reg == b->reg;
}

/* A value that says nothing but what its kind can say. */
static bool well_formed(const struct dwu_value *value)
{
	if (value->kind == DWU_VALUE_ENTRY)
		return value->n == 0 && value->reg < DWU_SCAN_REGS;
	return value->kind <= DWU_VALUE_CONST && value->reg == 0 &&
	       (value->kind != DWU_VALUE_UNKNOWN || value->n == 0);
}

/*
 * Any word: nothing but x30 and the registers that bits 4:0, 9:5, 14:10 and
 * 20:16 name is touched, sp only as one of the first two, and values stay values.
 */
static void any_word(void)
{
	struct dwu_scan_state state = entry_state(), before;
	uint32_t words[4], x = 1, wrong = 0, count = 4000000, i, r;

	for (i = 0; i < count && wrong == 0; i++) {
		struct dwu_code code;
		uint32_t named;

		for (r = 0; r < 4; r++) {
			x = x * 1664525 + 1013904223;
			words[r] = x ^ x >> 15;
		}
		if (i % 64 == 0)
			state = entry_state();
		before = state;
		code = code_at(words, 4, 0);
		if (!step(&code, &state))
			continue;
		named = 1u << (words[0] & 31) | 1u << (words[0] >> 5 & 31);
		named |= ((1u << (words[0] >> 10 & 31)) |
			  (1u << (words[0] >> 16 & 31))) &
			 ~(1u << SP);
		for (r = 0; r < DWU_SCAN_REGS; r++) {
			bool free = r < PC && (named >> r & 1);

			/* "no caller" */
			if (r == 30 && state.regs[r].kind == DWU_VALUE_CONST &&
			    state.regs[r].n == 0)
				free = true;

			if (!well_formed(&state.regs[r]) ||
			    (!free && !same(&state.regs[r], &before.regs[r])))
				wrong = words[0];
		}
	}
	ok(wrong == 0, "%u words change only what they name", i);
	if (wrong)
		note("%08x", wrong);
}

/* Where the code ends, nothing is read and nothing is an instruction. */
static void ends(void)
{
	static const uint8_t nop[4] = { 0x1f, 0x20, 0x03, 0xd5 };
	struct dwu_insn insn;
	size_t size;

	for (size = 0; size <= 4; size++) {
		struct dwu_code code = { .bytes = nop, .size = size };

		dwu_scan_arm64.decode(&dwu_arch_arm64, &code, &insn);
		is_u64(insn.size, size == 4 ? 4 : 0, "%zu bytes of code", size);
		is_u64(dwu_scan_arm64.start(&dwu_arch_arm64, &code),
		       DWU_START_NO, "%zu bytes are no start", size);
	}
}

/* Code of a PLT entry, at its second word: what stands before is looked at. */
static void stubs(void)
{
	static const struct {
		const char *title;
		uint32_t words[4];
		bool stub;
	} tried[] = {
		/* nop; adrp x16; ldr x17, [x16, #8]; add x16, x16, #8 */
		{ "an entry",
		  { 0xd503201f, 0x90000110, 0xf9400611, 0x91002210 },
		  true },
		/* nop; bti c; adrp x16; ldr x17, [x16, #8] */
		{ "… with bti",
		  { 0xd503201f, 0xd503245f, 0x90000110, 0xf9400611 },
		  true },
		/* stp x16, x30, [sp, #-16]! before it */
		{ "the first entry, which has pushed",
		  { 0xa9bf7bf0, 0x90000110, 0xf9400611, 0x91002210 },
		  false },
		/* adrp x16; mov w10, v3.s[1] */
		{ "an address in the middle of a function",
		  { 0xd503201f, 0x90000110, 0x0e0c3c6a, 0x91002210 },
		  false },
		{ "a return", { 0xd503201f, 0xd65f03c0, 0, 0 }, true },
	};
	uint8_t code[DWU_STUB_BEFORE + DWU_CODE_SIZE];
	size_t i, k, b;

	for (i = 0; i < sizeof(tried) / sizeof(tried[0]); i++) {
		memset(code, 0, sizeof(code));
		for (k = 0; k < 4; k++)
			for (b = 0; b < 4; b++)
				code[4 * k + b] =
					(uint8_t)(tried[i].words[k] >> 8 * b);
		ok(dwu_arch_arm64.stub_code(code + DWU_STUB_BEFORE) ==
			   tried[i].stub,
		   "a stub: %s", tried[i].title);
	}
}

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
		run(&sequences[i]);
	for (i = 0; i < sizeof(flows) / sizeof(flows[0]); i++)
		is_str(flow_text(flows[i].word), flows[i].want, "%s",
		       flows[i].mnemonic);
	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct dwu_code code = code_at(starts[i].words, 2, 0);

		is_u64(dwu_scan_arm64.start(&dwu_arch_arm64, &code),
		       starts[i].want, "start: %s", starts[i].mnemonic);
	}
	any_word();
	ends();
	stubs();
	return done();
}

#else

int main(void)
{
	return skip_all("built without CONFIG_SCAN_ARM64");
}

#endif
