/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Decodes x86-64 instructions in 64-bit mode, by one byte of table for each
 * opcode of the two large maps (Intel SDM 2, chapter 2 and appendix A; AMD64
 * APM 3, 1.2 to 1.9 for 3DNow!, SSE4a and XOP).
 *
 *	[prefixes] [REX] opcode [ModRM [SIB] [displacement]] [immediate]
 *	VEX, EVEX or XOP, opcode, ModRM [SIB] [displacement] [immediate]
 */
#include "insn.h"

#include "core/base/bytes.h"

/* The table: immediate | M | what is written << 4 | BYTE. */
enum {
	I0 = 0,
	IB,	 /* 1 byte */
	IW,	 /* 2 bytes */
	IZ,	 /* 4 bytes, or 2 by prefix 66 */
	IV,	 /* as IZ, but 8 bytes by REX.W */
	IA,	 /* an address: 8 bytes, or 4 by prefix 67 */
	IJ,	 /* 4 bytes, whatever the prefixes */
	XX,	 /* not an instruction */
	IMM = 7, /* the mask of these */
	M = 8,	 /* has ModRM */
	WRITES = 0x70,
	RM = DWU_X86_RM << 4,
	RG = DWU_X86_REG << 4,
	RR = DWU_X86_BOTH << 4,
	OP = DWU_X86_OPCODE << 4,
	AC = DWU_X86_RAX << 4,
	FX = DWU_X86_FIXED << 4,
	BY = 0x80, /* the operand is a byte */
	MB = M | BY,
	AB = AC | BY,
	PX = XX, /* a prefix: met before */
};

/* Eight opcodes of add, or, adc, sbb, and, sub, xor; of cmp. */
#define ARITHMETIC MB | RM, M | RM, MB | RG, M | RG, AB | IB, AC | IZ, XX, XX
#define COMPARE MB, M, MB, M, BY | IB, IZ, XX, XX
#define EIGHT(x) x, x, x, x, x, x, x, x

/* One line for the eight or sixteen opcodes of a line in the manual. */
/* clang-format off */
static const uint8_t one_byte[] = {
	/* 00 */ ARITHMETIC, ARITHMETIC,
	/* 10 */ ARITHMETIC, ARITHMETIC,
	/* 20 */ ARITHMETIC, ARITHMETIC,
	/* 30 */ ARITHMETIC, COMPARE,
	/* 40: REX */ EIGHT(PX), EIGHT(PX),
	/* 50: push, pop */ EIGHT(0), EIGHT(OP),
	/* 60 */ XX, XX, XX, M | RG, PX, PX, PX, PX,
	/* 68 */ IZ, M | RG | IZ, IB, M | RG | IB, FX, FX, FX, FX,
	/* 70: jcc */ EIGHT(IB), EIGHT(IB),
	/* 80 */ MB | RM | IB, M | RM | IZ, XX, M | RM | IB,
	/* 84 */ MB, M, MB | RR, M | RR,
	/* 88: mov */ MB | RM, M | RM, MB | RG, M | RG,
	/* 8c */ M | RM, M | RG, M, M | RM,
	/* 90: xchg */ EIGHT(OP),
	/* 98 */ AC, FX, XX, 0, 0, 0, 0, AC,
	/* a0 */ AB | IA, AC | IA, BY | IA, IA, FX, FX, FX, FX,
	/* a8 */ BY | IB, IZ, FX, FX, FX, FX, FX, FX,
	/* b0: mov */ EIGHT(OP | BY | IB), EIGHT(OP | IV),
	/* c0 */ MB | RM | IB, M | RM | IB, IW, 0,
	/* c4 */ PX, PX, MB | RM | IB, M | RM | IZ,
	/* c8 */ IW, 0, IW, 0, 0, IB, XX, 0,
	/* d0 */ MB | RM, M | RM, MB | RM, M | RM, XX, XX, XX, AC,
	/* d8: x87; df has fnstsw %ax */ M, M, M, M, M, M, M, M | AC,
	/* e0 */ FX | IB, FX | IB, FX | IB, IB, AC | IB, AC | IB, IB, IB,
	/* e8 */ IJ, IJ, XX, IB, AC, AC, 0, 0,
	/* f0 */ PX, 0, PX, PX, 0, 0, MB | RM, M | RM,
	/* f8 */ 0, 0, 0, 0, 0, 0, MB | RM, M,
};

static const uint8_t two_byte[] = {
	/* 00 */ M | RM, M | FX, M | RG, M | RG, XX, 0, 0, 0,
	/* 08 */ 0, 0, XX, 0, XX, M, 0, M | IB,
	/* 10 */ EIGHT(M),
	/* 18: hints; 1e has rdssp */ M, M, M, M, M, M, M | RM, M,
	/* 20 */ M | RM, M | RM, M, M, XX, XX, XX, XX,
	/* 28 */ M, M, M, M, M | RG, M | RG, M, M,
	/* 30 */ 0, FX, FX, FX, 0, 0, XX, FX,
	/* 38 */ PX, XX, PX, XX, XX, XX, XX, XX,
	/* 40: cmov */ EIGHT(M | RG), EIGHT(M | RG),
	/* 50 */ M | RG, M, M, M, M, M, M, M,
	/* 58 */ EIGHT(M),
	/* 60 */ EIGHT(M), EIGHT(M),
	/* 70 */ M | IB, M | IB, M | IB, M | IB, M, M, M, 0,
	/* 78 */ M | RM, M, XX, XX, M, M, M | RM, M,
	/* 80: jcc */ EIGHT(IJ), EIGHT(IJ),
	/* 90: setcc */ EIGHT(MB | RM), EIGHT(MB | RM),
	/* a0 */ 0, 0, FX, M, M | RM | IB, M | RM, M | FX, M | FX,
	/* a8 */ 0, 0, 0, M | RM, M | RM | IB, M | RM, M | RM, M | RG,
	/* b0 */ MB | FX, M | FX, M | RG, M | RM, M | RG, M | RG,
	/* b6 */ M | RG, M | RG,
	/* b8 */ M | RG, M, M | RM | IB, M | RM, M | RG, M | RG, M | RG, M | RG,
	/* c0 */ MB | RR, M | RR, M | IB, M | RM, M | IB, M | RG | IB, M | IB,
	/* c7 */ M | FX,
	/* c8: bswap */ EIGHT(OP),
	/* d0 */ M, M, M, M, M, M, M, M | RG,
	/* d8 */ EIGHT(M),
	/* e0 */ EIGHT(M), EIGHT(M),
	/* f0 */ EIGHT(M), EIGHT(M),
};
/* clang-format on */

_Static_assert(sizeof(one_byte) == 256, "an entry for each opcode");
_Static_assert(sizeof(two_byte) == 256, "an entry for each opcode");

/* dwu_u8(), in line: two or three bytes of each instruction are read so. */
static inline uint8_t next_byte(struct dwu_cursor *c)
{
	if (c->off < c->size)
		return c->data[c->off++];
	c->bad = true;
	return 0;
}

/* The prefix bit of a byte, 0: a prefix that says nothing here; NONE: none. */
static uint8_t prefix_of(uint8_t byte)
{
	switch (byte) {
	case 0x66:
		return DWU_X86_OPSIZE;
	case 0x67:
		return DWU_X86_ADDRSIZE;
	case 0xf2:
		return DWU_X86_REPNE;
	case 0xf3:
		return DWU_X86_REP;
	case 0x64:
	case 0x65:
		return DWU_X86_ELSEWHERE;
	case 0x3e:
		return DWU_X86_NOTRACK;
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0xf0:
		return 0;
	default:
		return DWU_X86_NONE;
	}
}

/* Gives the byte behind the prefixes; a REX counts only right before it. */
static uint8_t prefixes(struct dwu_x86_insn *insn, struct dwu_cursor *c)
{
	uint8_t byte, bit;

	for (;;) {
		byte = next_byte(c);
		bit = prefix_of(byte);
		if (bit != DWU_X86_NONE)
			insn->prefix |= bit;
		else if ((byte & 0xf0) != 0x40)
			return byte;
		insn->rex = bit == DWU_X86_NONE ? (byte & 15) | 16 : 0;
		if (c->bad)
			return 0;
	}
}

/*
 * VEX, EVEX and XOP (SDM 2, 2.3.5 and 2.7.1; APM 3, 1.9). R, X, B and vvvv
 * are inverted.
 *
 *	c5 RvvvvLpp	c4 RXBmmmmm WvvvvLpp	8f as c4
 *	62 RXBR0mmm Wvvvv1pp and a byte that says nothing of lengths
 */
static void vector_prefix(struct dwu_x86_insn *insn, struct dwu_cursor *c,
			  uint8_t first)
{
	static const uint8_t implied[] = { 0, DWU_X86_OPSIZE, DWU_X86_REP,
					   DWU_X86_REPNE };
	uint8_t a = next_byte(c), b = a, map = 1;

	insn->rex = ~a >> 5 & 4;
	if (first != 0xc5) {
		b = next_byte(c);
		insn->rex = (~a >> 5 & 7) | (b >> 4 & 8);
		map = a & (first == 0x62 ? 7 : 31);
	}
	if (first == 0x62) {
		next_byte(c);
		insn->prefix |= DWU_X86_ELSEWHERE;
	}
	insn->map = DWU_X86_NO_MAP;
	if (first == 0x8f && map <= 10)
		insn->map = (uint8_t)(DWU_X86_XOP + map - 8);
	else if (first != 0x8f && map >= 1 && map <= 6)
		insn->map = (uint8_t)(DWU_X86_VEX + map);
	insn->prefix |= implied[b & 3];
	insn->vvvv = ~b >> 3 & 15;
}

/* Sets map and opcode behind the prefixes. */
static void opcode(struct dwu_x86_insn *insn, struct dwu_cursor *c,
		   uint8_t byte)
{
	uint8_t next = c->off < c->size ? c->data[c->off] : 0;

	if (byte == 0x62 || byte == 0xc4 || byte == 0xc5 ||
	    (byte == 0x8f && (next & 31) >= 8)) {
		vector_prefix(insn, c, byte);
		byte = next_byte(c);
	} else if (byte == 0x0f) {
		insn->map = DWU_X86_0F;
		byte = next_byte(c);
		if (byte == 0x38 || byte == 0x3a) {
			insn->map = byte == 0x38 ? DWU_X86_0F38 : DWU_X86_0F3A;
			byte = next_byte(c);
		}
	}
	insn->opcode = byte;
}

/* The table's byte, but beyond the two tables not what is written. */
static uint8_t shape_of(const struct dwu_x86_insn *insn)
{
	uint8_t shape = two_byte[insn->opcode];

	switch (insn->map) {
	case DWU_X86_ONE:
		return one_byte[insn->opcode];
	case DWU_X86_0F:
		/* SSE4a: extrq, insertq by two bytes */
		if (insn->opcode == 0x78 &&
		    insn->prefix & (DWU_X86_OPSIZE | DWU_X86_REPNE))
			return M | IW;
		return shape;
	case DWU_X86_VEX + 1:
		if (insn->opcode == 0x77) /* vzeroupper */
			return 0;
		return (shape & IMM) == IB ? M | IB : M;
	case DWU_X86_0F38:
	case DWU_X86_VEX + 2:
	case DWU_X86_VEX + 5:
	case DWU_X86_VEX + 6:
	case DWU_X86_XOP + 1:
		return M;
	case DWU_X86_0F3A:
	case DWU_X86_VEX + 3:
	case DWU_X86_XOP + 0:
		return M | IB;
	case DWU_X86_XOP + 2:
		return M | IZ;
	default:
		return XX;
	}
}

#define AT(map, opcode, writes) \
	(uint16_t)((DWU_X86_##map) << 12 | (DWU_X86_##writes) << 8 | (opcode))

/*
 * What is written by instructions beyond the two tables. Those that are not
 * listed write vectors, or memory that is no concern of ours.
 */
/* clang-format off */
static const uint16_t written[] = {
	AT(0F38, 0xf0, REG), /* movbe, crc32 */
	AT(0F38, 0xf1, REG), /* crc32; movbe to memory */
	AT(0F38, 0xf6, REG), /* adcx, adox */
	AT(0F3A, 0x14, RM),  /* pextrb */
	AT(0F3A, 0x15, RM),  /* pextrw */
	AT(0F3A, 0x16, RM),  /* pextrd, pextrq */
	AT(0F3A, 0x17, RM),  /* extractps */
	AT(0F3A, 0x61, RCX), /* pcmpestri */
	AT(0F3A, 0x63, RCX), /* pcmpistri */
	AT(VEX + 1, 0x2c, REG), /* vcvtt*2si */
	AT(VEX + 1, 0x2d, REG), /* vcvt*2si */
	AT(VEX + 1, 0x50, REG), /* vmovmskp* */
	AT(VEX + 1, 0x78, REG), /* vcvtt*2usi */
	AT(VEX + 1, 0x79, REG), /* vcvt*2usi */
	AT(VEX + 1, 0x7e, RM),  /* vmovd, vmovq */
	AT(VEX + 1, 0x93, REG), /* kmov */
	AT(VEX + 1, 0xc5, REG), /* vpextrw */
	AT(VEX + 1, 0xd7, REG), /* vpmovmskb */
	AT(VEX + 2, 0xf2, REG), /* andn */
	AT(VEX + 2, 0xf3, VVVV), /* blsi, blsmsk, blsr */
	AT(VEX + 2, 0xf5, REG), /* bzhi, pdep, pext */
	AT(VEX + 2, 0xf6, REG_VVVV), /* mulx */
	AT(VEX + 2, 0xf7, REG), /* bextr, sarx, shlx, shrx */
	AT(VEX + 3, 0x14, RM),
	AT(VEX + 3, 0x15, RM),
	AT(VEX + 3, 0x16, RM),
	AT(VEX + 3, 0x17, RM),
	AT(VEX + 3, 0x61, RCX),
	AT(VEX + 3, 0x63, RCX),
	AT(VEX + 3, 0xf0, REG), /* rorx */
	AT(VEX + 5, 0x2c, REG), /* vcvttsh2si */
	AT(VEX + 5, 0x2d, REG), /* vcvtsh2si */
	AT(VEX + 5, 0x78, REG), /* vcvttsh2usi */
	AT(VEX + 5, 0x79, REG), /* vcvtsh2usi */
	AT(VEX + 5, 0x7e, RM),  /* vmovw */
	AT(XOP + 1, 0x01, VVVV), /* blc*, tzmsk, … */
	AT(XOP + 1, 0x02, VVVV),
	AT(XOP + 2, 0x10, REG), /* bextr */
};
/* clang-format on */

/* enum dwu_x86_writes, but for what hangs on ModRM.reg. */
static uint8_t writes_of(const struct dwu_x86_insn *insn, uint8_t shape)
{
	uint16_t at = (uint16_t)(insn->map << 12 | insn->opcode);
	uint8_t i;

	/* movq from memory or another vector register */
	if (insn->opcode == 0x7e && insn->prefix & DWU_X86_REP &&
	    (insn->map == DWU_X86_0F || insn->map == DWU_X86_VEX + 1))
		return DWU_X86_NOTHING;
	if (insn->map == DWU_X86_0F && insn->opcode == 0x05)
		return DWU_X86_SYSCALL;
	if (insn->map == DWU_X86_0F && insn->opcode == 0xae &&
	    insn->prefix & DWU_X86_REP)
		return DWU_X86_RM; /* rdfsbase, rdgsbase */
	if (insn->map <= DWU_X86_0F)
		return (shape & WRITES) >> 4;
	for (i = 0; i < sizeof(written) / sizeof(written[0]); i++)
		if ((written[i] & 0xf0ff) == at)
			return written[i] >> 8 & 15;
	return DWU_X86_NOTHING;
}

/* ModRM, SIB and displacement (SDM 2, tables 2-2 and 2-3). */
static void operands(struct dwu_x86_insn *insn, struct dwu_cursor *c)
{
	uint8_t modrm = next_byte(c), mod = modrm >> 6, base = modrm & 7, sib;
	uint8_t high = (uint8_t)(insn->rex << 3 & 8);

	insn->reg = (modrm >> 3 & 7) | (insn->rex << 1 & 8);
	/* mov of control and debug registers knows registers only */
	if (mod == 3 || (insn->map == DWU_X86_0F && insn->opcode >= 0x20 &&
			 insn->opcode <= 0x23)) {
		insn->rm = base | high;
		return;
	}
	insn->base = base | high;
	if (base == 4) {
		sib = next_byte(c);
		base = sib & 7;
		insn->base = base | high;
		insn->index = (sib >> 3 & 7) | (insn->rex << 2 & 8);
		if (insn->index == 4)
			insn->index = DWU_X86_NONE;
	}
	if (mod == 1) {
		insn->disp = (int32_t)dwu_sint(c, 1);
	} else if (mod == 2 || base == 5) {
		insn->disp = (int32_t)dwu_sint(c, 4);
		if (mod == 0)
			insn->base = DWU_X86_NONE;
	}
}

/* Bytes of the immediate. */
static uint8_t immediate_size(const struct dwu_x86_insn *insn, uint8_t shape)
{
	bool wide = insn->rex & 8;

	switch (shape & IMM) {
	case IB:
		return 1;
	case IW:
		return 2;
	case IV:
		if (wide)
			return 8;
		/* fall through */
	case IZ:
		return !wide && insn->prefix & DWU_X86_OPSIZE ? 2 : 4;
	case IA:
		return insn->prefix & DWU_X86_ADDRSIZE ? 4 : 8;
	case IJ:
		return 4;
	default:
		return 0;
	}
}

/* Opcodes of which ModRM.reg is a part (SDM 2, table A-6). */
static uint8_t group(struct dwu_x86_insn *insn, uint8_t shape)
{
	uint8_t reg = insn->reg & 7;

	if (insn->map != DWU_X86_ONE)
		return shape;
	switch (insn->opcode) {
	case 0x80:
	case 0x81:
	case 0x83: /* 7: cmp */
		if (reg == 7)
			insn->writes = DWU_X86_NOTHING;
		break;
	case 0x8d: /* lea */
		return insn->rm == DWU_X86_NONE ? shape : XX;
	case 0xc6:
	case 0xc7: /* 0: mov; xabort and xbegin */
		if (reg == 0)
			break;
		insn->writes = DWU_X86_RAX;
		return reg == 7 && insn->rm == 0 ? shape : XX;
	case 0xf6:
	case 0xf7: /* 0, 1: test; 2, 3: not, neg; mul and div */
		if (reg >= 4)
			insn->writes = DWU_X86_RAX_RDX;
		if (reg > 1)
			break;
		insn->writes = DWU_X86_NOTHING;
		return (uint8_t)(shape | (insn->opcode == 0xf6 ? IB : IZ));
	case 0xfe: /* 0, 1: inc, dec */
		return reg < 2 ? shape : XX;
	case 0xff: /* call, jmp, push */
		if (reg < 2)
			insn->writes = DWU_X86_RM;
		return reg < 7 ? shape : XX;
	default:
		break;
	}
	return shape;
}

static uint8_t width_of(const struct dwu_x86_insn *insn, uint8_t shape)
{
	if (shape & BY)
		return 1;
	if (insn->rex & 8)
		return 8;
	return insn->prefix & DWU_X86_OPSIZE ? 2 : 4;
}

/* Without a REX, the byte registers 4 to 7 are ah, ch, dh, bh. */
static uint8_t whole(const struct dwu_x86_insn *insn, uint8_t byte)
{
	return insn->rex == 0 && byte >= 4 && byte < 8 ? byte & 3 : byte;
}

static void whole_registers(struct dwu_x86_insn *insn)
{
	insn->rm = whole(insn, insn->rm);
	insn->low = whole(insn, insn->low);
	if (insn->writes == DWU_X86_REG || insn->writes == DWU_X86_BOTH)
		insn->reg = whole(insn, insn->reg);
}

void dwu_x86_decode(const struct dwu_code *code, struct dwu_x86_insn *insn)
{
	struct dwu_cursor c = dwu_cursor(
		code->bytes, code->size < 15 ? code->size : 15, false);
	uint8_t shape;

	memset(insn, 0, sizeof(*insn));
	insn->rm = DWU_X86_NONE;
	insn->base = DWU_X86_NONE;
	insn->index = DWU_X86_NONE;
	opcode(insn, &c, prefixes(insn, &c));
	shape = shape_of(insn);
	insn->writes = writes_of(insn, shape);
	insn->width = width_of(insn, shape);
	if (shape & M) {
		operands(insn, &c);
		shape = group(insn, shape);
	}
	insn->low = (insn->opcode & 7) | (insn->rex << 3 & 8);
	if (shape & BY)
		whole_registers(insn);
	if ((shape & IMM) == XX)
		return;
	if (shape & IMM)
		insn->imm = (int64_t)dwu_sint(&c, immediate_size(insn, shape));
	if (insn->map == DWU_X86_ONE && insn->opcode == 0xc8)
		next_byte(&c); /* enter's second immediate */
	insn->size = c.bad ? 0 : (uint8_t)c.off;
}
