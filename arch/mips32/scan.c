/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * mips32 instructions for the scan: MIPS32 releases 1 to 5 (MIPS Architecture
 * For Programmers II-A) and MIPS16e (IV-a), both byte orders, o32.
 *
 *	word -> form, by tables -> where control goes, and one operation
 *
 * decode() keeps the first and effect() applies the second. A register that
 * is written by what no operation models becomes unknown.
 */
#include "target.h"

#include "core/base/bytes.h"

enum {
	ZERO = 0,
	V0 = 2,
	A0 = 4,
	T8 = 24, /* MIPS16e: what comparisons write */
	T9 = 25,
	GP = 28,
	SP = 29,
	FP = 30,
	RA = 31,
	PC = 32, /* in a state: a number behind the system call of that number */
	NR_CLONE = 4120, /* Linux, asm/unistd.h of o32 */
};

/* What an instruction does. */
enum kind {
	K_BAD = 0,
	/* operations on registers */
	K_LOSE,	  /* to = ?; nothing where `to` is $zero */
	K_ADDI,	  /* to = a + n */
	K_ORI,	  /* to = a | n */
	K_SLL,	  /* to = a << n */
	K_ADD,	  /* to = a + b */
	K_SUB,	  /* to = a - b */
	K_OR,	  /* to = a | b */
	K_LOAD,	  /* to = *(a + n) */
	K_STORE,  /* *(a + n) = b */
	K_STORE8, /* … and what stands behind it is overwritten, too */
	K_SYSCALL,
	K_FRAME, /* MIPS16e: save, restore */
	/* control; `to` is a link register */
	K_JUMP,
	K_CALL,
	K_BRANCH,
	K_ALWAYS,
	K_LINK, /* a branch that is a call */
	K_BEQ,	/* K_ALWAYS where both operands are one register */
	K_BNE,	/* nothing where they are */
	K_JR,
	K_JR16,
	K_TRAP, /* where both operands are one register */
	/* what a look at more bits turns into one of those */
	K_REGIMM,
	K_COP,
	K_SHIFT16,
	K_RRI,
	K_RRR,
	K_MOV32R,
};

/*
 * A kind with its operands. An operand is a register's number; or, from
 * FIELD on, five bits of the word; or, from NAMED on, three bits that name
 * one of eight registers (MIPS16e).
 */
struct form {
	uint8_t kind; /* enum kind */
	uint8_t to, a, b;
	uint8_t n; /* of the number: see NUMBER() */
};

#define FIELD 32
#define NAMED 64
#define RS (FIELD + 21)
#define RT (FIELD + 16)
#define RD (FIELD + 11)
#define SA (FIELD + 6)
#define R32 (FIELD + 0)
#define RX (NAMED + 8)
#define RY (NAMED + 5)
#define RZ (NAMED + 2)
#define RZ0 (NAMED + 0)

/*
 * MIPS16e: how many bits from bit 0 on are the number, and how far it is
 * shifted; or-ed with SIGNED. On MIPS32 a number is the low 16 bits, signed,
 * SHIFT those of a shift, HIGH the low 16 bits as the high ones.
 */
#define NUMBER(bits, shift) ((bits) | (shift) << 4)
#define SIGNED 0x80
#define SHIFT 1
#define HIGH 2

enum form_name {
	F_BAD = 0,
	F_SPECIAL, /* these four: another table knows */
	F_SPECIAL3,
	F_I8,
	F_RR,
	F_NONE,
	F_REGIMM,
	F_COP,
	F_MSA,
	F_RT,
	F_RD,
	F_J,
	F_JAL,
	F_BEQ,
	F_BNE,
	F_JR,
	F_JALR,
	F_SYSCALL,
	F_BREAK,
	F_TEQ,
	F_ADDIU,
	F_ORI,
	F_LUI,
	F_SLL,
	F_ADD,
	F_SUB,
	F_OR,
	F_LW,
	F_SW,
	F_STORE,
	F_STORE8,
	/* MIPS16e */
	F_RX,
	F_RY,
	F_T8,
	F_ADDIUSP,
	F_B,
	F_BEQZ,
	F_SHIFT16,
	F_RRI,
	F_ADDIU8,
	F_SWRA,
	F_ADJSP,
	F_FRAME,
	F_MOV32R,
	F_MOVR32,
	F_LI,
	F_LWSP,
	F_LWPC,
	F_LW16,
	F_SB,
	F_SH,
	F_SWSP,
	F_SW16,
	F_RRR,
	F_JR16,
	F_NEG,
};

static const struct form forms[] = {
	[F_NONE] = { K_LOSE, ZERO, 0, 0, 0 },
	[F_REGIMM] = { K_REGIMM, 0, RS, RT, 0 },
	[F_COP] = { K_COP, 0, RS, RT, 0 },
	[F_MSA] = { K_LOSE, SA, 0, 0, 0 },
	[F_RT] = { K_LOSE, RT, 0, 0, 0 },
	[F_RD] = { K_LOSE, RD, 0, 0, 0 },
	[F_J] = { K_JUMP, 0, 0, 0, 0 },
	[F_JAL] = { K_CALL, RA, 0, 0, 0 },
	[F_BEQ] = { K_BEQ, 0, RS, RT, 0 },
	[F_BNE] = { K_BNE, 0, RS, RT, 0 },
	[F_JR] = { K_JR, 0, RS, 0, 0 },
	[F_JALR] = { K_JR, RD, RS, 0, 0 },
	[F_SYSCALL] = { K_SYSCALL, 0, 0, 0, 0 },
	[F_BREAK] = { K_TRAP, 0, 0, 0, 0 },
	[F_TEQ] = { K_TRAP, 0, RS, RT, 0 },
	[F_ADDIU] = { K_ADDI, RT, RS, 0, 0 },
	[F_ORI] = { K_ORI, RT, RS, 0, 0 },
	[F_LUI] = { K_ADDI, RT, ZERO, 0, HIGH },
	[F_SLL] = { K_SLL, RD, RT, 0, SHIFT },
	[F_ADD] = { K_ADD, RD, RS, RT, 0 },
	[F_SUB] = { K_SUB, RD, RS, RT, 0 },
	[F_OR] = { K_OR, RD, RS, RT, 0 },
	[F_LW] = { K_LOAD, RT, RS, 0, 0 },
	[F_SW] = { K_STORE, 0, RS, RT, 0 },
	[F_STORE] = { K_STORE, 0, RS, ZERO, 0 },
	[F_STORE8] = { K_STORE8, 0, RS, ZERO, 0 },

	[F_RX] = { K_LOSE, RX, 0, 0, 0 },
	[F_RY] = { K_LOSE, RY, 0, 0, 0 },
	[F_T8] = { K_LOSE, T8, 0, 0, 0 },
	[F_ADDIUSP] = { K_ADDI, RX, SP, 0, NUMBER(8, 2) },
	[F_B] = { K_ALWAYS, 0, 0, 0, NUMBER(11, 0) | SIGNED },
	[F_BEQZ] = { K_BRANCH, 0, 0, 0, NUMBER(8, 0) | SIGNED },
	[F_SHIFT16] = { K_SHIFT16, RX, RY, 0, 0 },
	[F_RRI] = { K_RRI, RY, RX, 0, NUMBER(4, 0) | SIGNED },
	[F_ADDIU8] = { K_ADDI, RX, RX, 0, NUMBER(8, 0) | SIGNED },
	[F_SWRA] = { K_STORE, 0, SP, RA, NUMBER(8, 2) },
	[F_ADJSP] = { K_ADDI, SP, SP, 0, NUMBER(8, 3) | SIGNED },
	[F_FRAME] = { K_FRAME, 0, 0, 0, 0 },
	[F_MOV32R] = { K_MOV32R, 0, RZ0, 0, 0 },
	[F_MOVR32] = { K_ADD, RY, R32, ZERO, 0 },
	[F_LI] = { K_ORI, RX, ZERO, 0, NUMBER(8, 0) },
	[F_LWSP] = { K_LOAD, RX, SP, 0, NUMBER(8, 2) },
	[F_LWPC] = { K_LOSE, RX, 0, 0, NUMBER(8, 2) },
	[F_LW16] = { K_LOAD, RY, RX, 0, NUMBER(5, 2) },
	[F_SB] = { K_STORE, 0, RX, ZERO, NUMBER(5, 0) },
	[F_SH] = { K_STORE, 0, RX, ZERO, NUMBER(5, 1) },
	[F_SWSP] = { K_STORE, 0, SP, RX, NUMBER(8, 2) },
	[F_SW16] = { K_STORE, 0, RX, RY, NUMBER(5, 2) },
	[F_RRR] = { K_RRR, RZ, RX, RY, 0 },
	[F_JR16] = { K_JR16, 0, 0, 0, 0 },
	[F_NEG] = { K_SUB, RX, ZERO, RY, 0 },
};

/* MIPS32 II-A, table A.2: bits 31..26. Those of 64-bit registers are bad. */
static const uint8_t majors[64] = {
	/* 000 */
	F_SPECIAL, F_REGIMM, F_J, F_JAL, F_BEQ, F_BNE, F_BEQ, F_BNE,
	/* 010 */
	F_ADDIU, F_ADDIU, F_RT, F_RT, F_RT, F_ORI, F_RT, F_LUI,
	/* 020 */
	F_RT, F_COP, F_COP, F_NONE, F_BEQ, F_BNE, F_BEQ, F_BNE,
	/* 030 */
	F_BAD, F_BAD, F_BAD, F_BAD, F_RD, F_JAL, F_MSA, F_SPECIAL3,
	/* 040 */
	F_RT, F_RT, F_RT, F_LW, F_RT, F_RT, F_RT, F_BAD,
	/* 050 */
	F_STORE, F_STORE, F_STORE, F_SW, F_BAD, F_BAD, F_STORE, F_NONE,
	/* 060 */
	F_RT, F_NONE, F_NONE, F_NONE, F_BAD, F_NONE, F_NONE, F_BAD,
	/* 070 */
	F_RT, F_STORE, F_STORE, F_BAD, F_BAD, F_STORE8, F_STORE8, F_BAD
};

/* Table A.3: SPECIAL, bits 5..0. */
static const uint8_t specials[64] = {
	/* 000 */
	F_SLL, F_RD, F_RD, F_RD, F_RD, F_RD, F_RD, F_RD,
	/* 010 */
	F_JR, F_JALR, F_RD, F_RD, F_SYSCALL, F_BREAK, F_NONE, F_NONE,
	/* 020 */
	F_RD, F_NONE, F_RD, F_NONE, F_BAD, F_BAD, F_BAD, F_BAD,
	/* 030 */
	F_RD, F_RD, F_RD, F_RD, F_BAD, F_BAD, F_BAD, F_BAD,
	/* 040 */
	F_ADD, F_ADD, F_SUB, F_SUB, F_RD, F_OR, F_RD, F_RD,
	/* 050 */
	F_RD, F_RD, F_RD, F_RD, F_BAD, F_BAD, F_BAD, F_BAD,
	/* 060 */
	F_NONE, F_NONE, F_NONE, F_NONE, F_TEQ, F_RD, F_NONE, F_RD,
	/* 070 */
	F_BAD, F_BAD, F_BAD, F_BAD, F_BAD, F_BAD, F_BAD, F_BAD
};

/* MIPS32 IV-a, table of major opcodes: bits 15..11. */
static const uint8_t halves[32] = {
	F_ADDIUSP, F_RX, F_B, F_BAD, F_BEQZ, F_BEQZ, F_SHIFT16, F_BAD,
	/* 010 */
	F_RRI, F_ADDIU8, F_T8, F_T8, F_I8, F_LI, F_T8, F_BAD,
	/* 020 */
	F_RY, F_RY, F_LWSP, F_LW16, F_RY, F_RY, F_LWPC, F_BAD,
	/* 030 */
	F_SB, F_SH, F_SWSP, F_SW16, F_RRR, F_RR, F_BAD, F_BAD
};

/* I8, bits 10..8. */
static const uint8_t i8s[8] = { F_BEQZ,	 F_BEQZ,   F_SWRA, F_ADJSP,
				F_FRAME, F_MOV32R, F_BAD,  F_MOVR32 };

/* RR, bits 4..0. */
static const uint8_t rrs[32] = {
	F_JR16, F_NONE, F_T8, F_T8, F_RY, F_BREAK, F_RY, F_RY,
	/* 010 */
	F_BAD, F_BAD, F_T8, F_NEG, F_RX, F_RX, F_RX, F_RX,
	/* 020 */
	F_RX, F_RX, F_RX, F_BAD, F_BAD, F_BAD, F_BAD, F_BAD,
	/* 030 */
	F_NONE, F_NONE, F_NONE, F_NONE, F_BAD, F_BAD, F_BAD, F_BAD
};

/* An instruction read; zeroed before. */
struct parsed {
	struct dwu_insn insn;
	struct form form; /* operands are registers' numbers */
	uint32_t word;	  /* MIPS16e: under the extension's, if it has one */
	int32_t n;
};

/* `size` bytes `off` behind the code's first one; 0 where it has ended. */
static uint32_t code_at(const struct dwunw_arch_ops *arch,
			const struct dwu_code *code, size_t off, size_t size)
{
	uint32_t value = 0;
	size_t i;

	if (off + size > code->size)
		return 0;
	for (i = 0; i < size; i++)
		value = value << 8 |
			code->bytes[off + (arch->big_endian ? i : size - 1 - i)];
	return value;
}

static int32_t sign_extend(uint32_t value, unsigned int bits)
{
	uint32_t sign = 1u << (bits - 1);

	return (int32_t)(((value & (2 * sign - 1)) ^ sign) - sign);
}

static uint8_t operand(uint32_t word, uint8_t operand)
{
	static const uint8_t named[8] = { 16, 17, 2, 3, 4, 5, 6, 7 };

	if (operand >= NAMED)
		return named[word >> (operand - NAMED) & 7];
	if (operand >= FIELD)
		return (uint8_t)(word >> (operand - FIELD) & 31);
	return operand;
}

static void take_form(struct parsed *to, uint8_t name)
{
	const struct form *form = &forms[name];

	to->form.kind = form->kind;
	to->form.to = operand(to->word, form->to);
	to->form.a = operand(to->word, form->a);
	to->form.b = operand(to->word, form->b);
	to->form.n = form->n;
}

/* --- control ------------------------------------------------------------- */

/* Branches that compare with zero, and link: table A.4. */
static uint8_t regimm(struct parsed *to)
{
	uint8_t rt = to->form.b;
	bool never = to->form.a == ZERO && !(rt & 1);

	if (rt == 0x1c) /* bposge32 */
		return K_BRANCH;
	if (rt & 0x0c) /* traps, synci */
		return K_LOSE;
	if (rt & 0x10)
		to->form.to = RA;
	if (never)
		return K_LOSE;
	to->insn.likely = rt & 2;
	return rt & 0x10 ? K_LINK : to->form.a == ZERO ? K_ALWAYS : K_BRANCH;
}

/* Branches on conditions of coprocessors, moves from their registers. */
static uint8_t cop(struct parsed *to)
{
	/* bc1, bc1eqz, bc1any2, bc1any4, bc1nez; MSA's bz and bnz */
	const uint32_t branches = 0xff00af00;
	uint8_t rs = to->form.a;

	if (branches >> rs & 1) {
		to->insn.likely = rs == 8 && (to->form.b & 2);
		return K_BRANCH;
	}
	if (rs < 4) /* mfc1, cfc1, mfhc1 */
		to->form.to = to->form.b;
	return K_LOSE;
}

/* Through a register: a scratch one holds an entry of a table, $t9 another
 * function's address. */
static void parse_jr(struct parsed *to, uint8_t rs)
{
	to->insn.flow = rs == RA ? DWU_FLOW_RETURN : DWU_FLOW_INDIRECT;
	to->insn.table = rs < 16 || rs == T8;
}

/* MIPS16e: J(AL)R(C). Bit 7 says that there is no delay slot. */
static void parse_jr16(struct parsed *to)
{
	uint32_t word = to->word;

	to->insn.delay = !(word & 0x80);
	if (word & 0x40) {
		to->insn.flow = DWU_FLOW_CALL;
		to->form.to = RA;
	} else {
		parse_jr(to, word & 0x20 ? RA : ZERO);
	}
}

static void parse_control(struct parsed *to, const struct dwu_code *code)
{
	bool same = to->form.a == to->form.b;
	struct dwu_insn *insn = &to->insn;
	uint32_t n = (uint32_t)to->n;
	uint8_t kind = to->form.kind;

	if (kind == K_REGIMM) {
		kind = regimm(to);
	} else if (kind == K_COP) {
		kind = cop(to);
	} else if (kind == K_BEQ || kind == K_BNE) {
		insn->likely = !same && (to->word >> 30 & 1);
		kind = !same ? K_BRANCH : kind == K_BEQ ? K_ALWAYS : K_LOSE;
	}
	switch (kind) {
	case K_JUMP:
	case K_CALL:
		insn->flow = kind == K_CALL ? DWU_FLOW_CALL : DWU_FLOW_JUMP;
		insn->delay = true;
		insn->target = ((code->vaddr + 4) & 0xf0000000) |
			       (to->word & 0x03ffffff) << 2;
		break;
	case K_BRANCH:
	case K_ALWAYS:
	case K_LINK:
		insn->flow = kind == K_LINK   ? DWU_FLOW_CALL :
			     kind == K_ALWAYS ? DWU_FLOW_JUMP :
						DWU_FLOW_BRANCH;
		insn->delay = !code->isa;
		insn->target =
			code->vaddr + insn->size + (n << (code->isa ? 1 : 2));
		break;
	case K_JR:
		insn->delay = true;
		if (to->form.to != ZERO) /* jalr */
			insn->flow = DWU_FLOW_CALL;
		else
			parse_jr(to, to->form.a);
		break;
	case K_JR16:
		parse_jr16(to);
		break;
	case K_TRAP:
		if (same)
			insn->flow = DWU_FLOW_END;
		break;
	}
}

/* --- MIPS32 -------------------------------------------------------------- */

/* Bit fields and what the DSP extension has: few write rd, others rt. */
static uint8_t special3(uint32_t word)
{
	/* lx; addu.qb, cmpu, absq, shll; adduh; bshfl */
	static const uint32_t writes_rd[2] = {
		1u << 0x0a | 15u << 0x10 | 1u << 0x18,
		1u << 0x00,
	};
	uint32_t function = word & 63;

	return (writes_rd[function >> 5] >> (function & 31) & 1) ||
			       (word & 0x7ff) == 0x4b8 /* rddsp */ ?
		       F_RD :
		       F_RT;
}

/*
 * Code without $gp learns its own address by a call to what stands behind,
 * maybe with words in between that it reads by $ra (.gpword: an address less
 * $gp; that of text has the opcode of no instruction). Not a call, then, but
 * a jump; or nothing, when the delay slot and the target follow as they stand.
 */
static void parse_bal(const struct dwunw_arch_ops *arch,
		      const struct dwu_code *code, struct parsed *to)
{
	uint32_t behind = code_at(arch, code, 8, 4);

	if (to->n == 1)
		to->form.kind = K_LOSE;
	else if (to->n > 1 && to->n < 6 && majors[behind >> 26] == F_BAD)
		to->form.kind = K_ALWAYS;
	to->form.to = RA;
}

static void parse32(const struct dwunw_arch_ops *arch,
		    const struct dwu_code *code, struct parsed *to)
{
	uint32_t word = code_at(arch, code, 0, 4);
	uint8_t name = majors[word >> 26];

	if (code->size < 4 || (code->vaddr & 3))
		return;
	if (name == F_SPECIAL)
		name = specials[word & 63];
	else if (name == F_SPECIAL3)
		name = special3(word);
	else if (name == F_MSA && (word & 63) != 0x19) /* copy_s, … */
		name = F_NONE;
	to->word = word;
	take_form(to, name);
	to->n = to->form.n == SHIFT ? (int32_t)(word >> 6 & 31) :
		to->form.n == HIGH  ? (int32_t)(word << 16) :
				      sign_extend(word, 16);
	if (word >> 16 == 0x0411)
		parse_bal(arch, code, to);
	to->insn.size = 4;
	to->insn.pad = word == 0;
}

/* lui r; addiu r, r, n; addu ?, r, $t9, with one among them */
static bool sets_gp(const uint32_t *word, uint32_t r)
{
	uint32_t i, addu;

	for (i = 2; i < 4; i++) {
		addu = word[i] & 0xffff07ff;
		if (addu == (r << 21 | T9 << 16 | 0x21) ||
		    addu == (T9 << 21 | r << 16 | 0x21))
			return word[1] >> 16 == (0x2400 | r << 5 | r);
	}
	return false;
}

static uint8_t start32(const struct dwunw_arch_ops *arch,
		       const struct dwu_code *code)
{
	uint32_t word[4];
	uint32_t r, i;

	for (i = 0; i < 4; i++)
		word[i] = code_at(arch, code, 4 * i, 4);
	/* addiu $sp, $sp, -n */
	if (word[0] >> 15 == 0x27bd8000 >> 15)
		return DWU_START_MAYBE;
	/* lw $t9, -32752($gp); move $t7, $ra: an entry of .MIPS.stubs */
	if (word[0] == 0x8f998010 && word[1] >> 11 == 0x03e07800 >> 11)
		return DWU_START_SURE;
	if (word[0] >> 21 != 0x3c000000 >> 21)
		return DWU_START_NO;
	/* lui $t7; lw $t9, n($t7): an entry of .plt */
	r = word[0] >> 16 & 31;
	if (r == 15 && word[1] >> 16 == 0x8df9)
		return DWU_START_SURE;
	if (!sets_gp(word, r))
		return DWU_START_NO;
	return r == GP ? DWU_START_SURE : DWU_START_MAYBE;
}

/* --- MIPS16e -------------------------------------------------------------- */

/* The number of a form; of an extended one 16 bits, in their own order. */
static int32_t number(const struct parsed *to, bool extended)
{
	uint32_t bits = to->form.n & 15, shift = to->form.n >> 4 & 7;
	uint32_t extension = to->word >> 16;
	uint32_t n = (to->word & ((1u << bits) - 1)) << shift;

	if (bits == 0)
		return 0;
	if (extended) {
		n = (extension & 31) << 11 | (extension & 0x7e0) |
		    (to->word & 31);
		return sign_extend(n, 16);
	}
	return to->form.n & SIGNED ? sign_extend(n, bits + shift) : (int32_t)n;
}

/* What does not fit in a form. */
static void parse_rest16(struct parsed *to, bool extended)
{
	uint32_t word = to->word, extension = word >> 16;

	switch (to->form.kind) {
	case K_SHIFT16:
		to->form.kind = word & 3 ? K_LOSE : K_SLL;
		to->n = (int32_t)(word >> 2 & 7);
		if (extended)
			to->n = (int32_t)(extension >> 6 & 31);
		else if (to->n == 0)
			to->n = 8;
		break;
	case K_RRI: /* addiu ry, rx, n; 15 bits in an order of their own */
		to->form.kind = word & 0x10 ? K_BAD : K_ADDI;
		if (extended)
			to->n = sign_extend((extension & 15) << 11 |
						    (extension & 0x7f0) |
						    (word & 15),
					    15);
		break;
	case K_RRR:
		to->form.kind = word & 2 ? K_SUB : K_ADD;
		if (!(word & 1))
			to->form.kind = K_BAD;
		break;
	case K_MOV32R: /* move r32, rz; to $zero it is nop */
		to->form.kind = K_ADD;
		to->form.to = (uint8_t)((word >> 5 & 7) | (word & 0x18));
		to->insn.pad = to->form.to == ZERO;
		break;
	}
}

static void parse16(const struct dwunw_arch_ops *arch,
		    const struct dwu_code *code, struct parsed *to)
{
	uint32_t first = code_at(arch, code, 0, 2);
	bool jal = first >> 11 == 0x03, extended = first >> 11 == 0x1e;
	uint8_t name;

	to->insn.size = jal || extended ? 4 : 2;
	to->word = first;
	if (to->insn.size == 4)
		to->word = first << 16 | code_at(arch, code, 2, 2);
	if (code->size < to->insn.size)
		return;
	if (jal) { /* 26 bits in another order */
		to->word = (first & 31) << 21 | (first & 0x3e0) << 11 |
			   (to->word & 0xffff);
		take_form(to, F_JAL);
		return;
	}
	name = halves[to->word >> 11 & 31];
	if (name == F_I8)
		name = i8s[to->word >> 8 & 7];
	else if (name == F_RR)
		name = rrs[to->word & 31];
	take_form(to, name);
	to->n = number(to, extended);
	if (name == F_LWPC) {
		to->insn.target =
			((uint32_t)(code->vaddr & ~3ull) + (uint32_t)to->n) &
			~3u;
		to->insn.reg = to->form.to;
	}
	/* what linkers fill gaps with; as an instruction nobody writes it */
	to->insn.pad = to->word == 0;
	parse_rest16(to, extended);
}

/*
 * Opens a frame: save, or addiu $sp, -n; extended or not. Surely a start is
 * what $gp is made from: li $v0, %hi(n); addiu $v1, $pc, %lo(n).
 */
static uint8_t start16(const struct dwunw_arch_ops *arch,
		       const struct dwu_code *code)
{
	struct parsed parsed = { .n = 0 };
	uint32_t li = code_at(arch, code, 2, 2), la = code_at(arch, code, 6, 2);

	if (code_at(arch, code, 0, 2) >> 11 == 0x1e && li >> 8 == 0x6a &&
	    code_at(arch, code, 4, 2) >> 11 == 0x1e && la >> 8 == 0x0b)
		return DWU_START_SURE;
	parse16(arch, code, &parsed);
	if ((parsed.form.kind == K_FRAME && (parsed.word & 0x80)) ||
	    (parsed.form.kind == K_ADDI && parsed.form.to == SP &&
	     parsed.n < 0))
		return DWU_START_MAYBE;
	return DWU_START_NO;
}

/* --- the state -------------------------------------------------------------- */

static int32_t plus(int32_t a, int32_t b)
{
	return (int32_t)((uint32_t)a + (uint32_t)b);
}

static struct dwu_value value_of(const struct dwu_scan_state *state,
				 uint8_t reg)
{
	if (reg == ZERO)
		return (struct dwu_value){ .kind = DWU_VALUE_CONST };
	return state->regs[reg];
}

static void lose(struct dwu_scan_state *state, uint32_t mask)
{
	uint8_t reg;

	for (reg = 1; reg < 32; reg++)
		if (mask >> reg & 1)
			state->regs[reg] = (struct dwu_value){ 0 };
}

/*
 * (*(sp - 4), *(sp - 8), …, sp) = (ra, s8, s7, …, s0, sp - n), or the same
 * from memory: MIPS32 IV-a, SAVE and RESTORE, extended or not. The arguments
 * that they store and load as well matter to nobody.
 */
static void apply_frame(const struct dwunw_arch_ops *arch,
			struct dwu_scan_state *state, uint32_t word)
{
	struct dwu_value *sp = &state->regs[SP];
	bool save = word & 0x80;
	uint32_t more = word >> 24 & 7; /* of $s2 .. $s8 */
	uint32_t n = ((word >> 16 & 0xf0) | (word & 15)) * 8;
	uint32_t mask = (word & 0x40) << 25 | (word & 0x20) << 11 |
			(word & 0x10) << 13 | ((1u << more) - 1) << 18;
	int32_t top;
	uint8_t reg;

	if (mask & 1u << 24) /* the seventh is $s8 */
		mask ^= 1u << 24 | 1u << FP;
	if (n == 0 && word <= 0xffff)
		n = 128;
	if (!save)
		lose(state, mask | 0xf << A0);
	if (sp->kind != DWU_VALUE_CFA)
		return;
	top = save ? sp->n : plus(sp->n, (int32_t)n);
	sp->n = save ? plus(top, -(int32_t)n) : top;
	for (reg = 32; reg-- > 16;) {
		if (!(mask >> reg & 1))
			continue;
		top = plus(top, -4);
		if (save)
			dwu_scan_store(arch, state, reg, top);
		else
			dwu_scan_load(arch, state, reg, top);
	}
}

/* What is written to a register: *a, made from *a and *b. False: unknown. */
static bool result(const struct parsed *from, struct dwu_value *a,
		   struct dwu_value *b)
{
	bool number = b->kind == DWU_VALUE_CONST;

	switch (from->form.kind) {
	case K_ORI:
		a->n |= b->n & 0xffff;
		return a->kind == DWU_VALUE_CONST;
	case K_SLL:
		a->n = (int32_t)((uint32_t)a->n << (b->n & 31));
		return a->kind == DWU_VALUE_CONST;
	case K_OR: /* no more than `move` */
		if (from->form.a != ZERO && from->form.b != ZERO)
			return false;
		break;
	case K_SUB:
		if (!number)
			return false;
		b->n = plus(~b->n, 1);
		break;
	case K_ADDI:
	case K_ADD:
		break;
	default:
		return false;
	}
	/* one is a number; what was given stays known plus 0 alone */
	b->n = plus(a->n, b->n);
	if (a->kind == DWU_VALUE_CONST)
		*a = *b;
	else if (!number)
		return false;
	a->n = b->n;
	return a->kind != DWU_VALUE_UNKNOWN &&
	       (a->kind != DWU_VALUE_ENTRY || a->n == 0);
}

/* $at, $v0, $v1, $a3, $t0 .. $t9 are the kernel's. */
static void apply_syscall(struct dwu_scan_state *state)
{
	struct dwu_value number = state->regs[V0];

	lose(state, 0x0300ff8e);
	if (number.kind == DWU_VALUE_CONST && number.n == NR_CLONE)
		state->regs[PC] = number;
}

/*
 * The child of clone() takes its function's address off its new stack: the
 * frame there is the thread's first, and nobody's callee.
 */
static void apply_load(const struct dwunw_arch_ops *arch,
		       struct dwu_scan_state *state, const struct parsed *from,
		       int32_t n)
{
	dwu_scan_load(arch, state, from->form.to, n);
	if (from->form.to != T9 || from->form.a != SP ||
	    state->regs[PC].kind != DWU_VALUE_CONST)
		return;
	state->regs[RA] = (struct dwu_value){ .kind = DWU_VALUE_CONST };
	state->slots[RA] = DWU_SLOT_NONE;
}

static void apply(const struct dwunw_arch_ops *arch,
		  struct dwu_scan_state *state, const struct parsed *from)
{
	uint8_t kind = from->form.kind, to = from->form.to;
	struct dwu_value a = value_of(state, from->form.a);
	struct dwu_value b = { .kind = DWU_VALUE_CONST, .n = from->n };
	bool stack = a.kind == DWU_VALUE_CFA;
	int32_t n = plus(a.n, from->n);

	if (kind >= K_ADD)
		b = value_of(state, from->form.b);
	if (kind == K_SYSCALL) {
		apply_syscall(state);
	} else if (IS_ON(CONFIG_SCAN_MIPS16) && kind == K_FRAME) {
		apply_frame(arch, state, from->word);
	} else if (kind == K_STORE || kind == K_STORE8) {
		if (stack)
			dwu_scan_store(arch, state, from->form.b, n & ~3);
		if (stack && kind == K_STORE8)
			dwu_scan_store(arch, state, ZERO, plus(n, 4));
	} else if (to == ZERO) {
		return;
	} else if (kind == K_LOAD && stack) {
		apply_load(arch, state, from, n);
	} else {
		if (!result(from, &a, &b))
			a = (struct dwu_value){ 0 };
		state->regs[to] = a;
	}
}

/* --- what the engine calls ---------------------------------------------------- */

static void parse(const struct dwunw_arch_ops *arch,
		  const struct dwu_code *code, struct parsed *to)
{
	memset(to, 0, sizeof(*to));
	if (IS_ON(CONFIG_SCAN_MIPS16) && code->isa)
		parse16(arch, code, to);
	else
		parse32(arch, code, to);
	parse_control(to, code);
	if (to->form.kind == K_BAD)
		to->insn.size = 0;
}

static void decode(const struct dwunw_arch_ops *arch,
		   const struct dwu_code *code, struct dwu_insn *insn)
{
	struct parsed parsed;

	parse(arch, code, &parsed);
	*insn = parsed.insn;
}

static void effect(const struct dwunw_arch_ops *arch,
		   const struct dwu_code *code, const struct dwu_insn *insn,
		   struct dwu_scan_state *state)
{
	struct parsed parsed;

	(void)insn;
	parse(arch, code, &parsed);
	apply(arch, state, &parsed);
}

static uint8_t start(const struct dwunw_arch_ops *arch,
		     const struct dwu_code *code)
{
	return IS_ON(CONFIG_SCAN_MIPS16) && code->isa ? start16(arch, code) :
							start32(arch, code);
}

/*
 * By bits 31..26, which begin a MIPS16e instruction, too: 66 % of all mips32
 * words and 56 % of those of MIPS16e are what compilers write for the one isa
 * and hardly for the other (0.001 % and 1.3 %). Tables and constants among
 * MIPS16e functions are mostly neither; nor are lwr and lhu, which come in
 * rows.
 */
static int isa(const struct dwunw_arch_ops *arch, const struct dwu_code *code)
{
	/* regimm, beq, addiu, sltiu, lui, cop1, lw, sw; and what programs of
	 * 32 bits lack: 64-bit operations, coprocessors 0 and 2, addi */
	const uint64_t is32 = 0x0000080800028a12;
	const uint64_t is16 = 0xdcd430800f050100;
	uint32_t major = code_at(arch, code, 0, 4) >> 26;

	return (int)(is16 >> major & 1) - (int)(is32 >> major & 1);
}

const struct dwu_scan_ops dwu_scan_mips32 = {
	.unit = 4,
	.delay_slots = true,
	/* glibc, _dl_runtime_resolve and _dl_runtime_pltresolve: sw $gp, 32($sp);
	 * sw $t7, 36($sp). A stub has moved $ra there. */
	.resolver = { 0xafbc0020, 0xafaf0024 },
	.resolver_ra = 15,
	.decode = decode,
	.effect = effect,
	.start = start,
	.isa = isa,
};
