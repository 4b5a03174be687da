/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * arm64 instructions as a scan sees them: two tables of encodings, one for
 * where control goes and one for what becomes of registers and of the stack.
 * Encodings: Arm Architecture Reference Manual for A-profile, C4.1. Code is
 * little-endian whatever the data is.
 *
 * What is not in a table changes nothing that is followed here: vector
 * registers, flags, memory that is not on the stack.
 */
#include "target.h"

#include "core/base/bytes.h"

enum {
	X8 = 8,
	X18 = 18,
	X29 = 29,
	X30 = 30,
	SP = 31, /* as a column; in an instruction it may be the zero register */
	ZR = 31,
	PC = 32, /* in a state: a number behind the system call of that number */
	NR_CLONE = 220, /* include/uapi/asm-generic/unistd.h */
};

enum flow_kind {
	BRANCH_26, /* by the bits of the distance */
	CALL_26,
	COND_19,
	COND_14,
	BY_REGISTER,
	CALL_REGISTER,
	BACK,
	TRAP,
	NO_OP,
};

enum effect_kind {
	NOTHING,
	LOST,	    /* the register in bits 4:0 has a new value, not followed */
	LOST_SP,    /* … 31 being sp */
	LOST_BASE,  /* … the one in bits 9:5, 31 being sp */
	LOST_PAIR,  /* exclusive accesses: bits 4:0, 14:10 and 20:16 */
	LOST_COPY,  /* memory copies: bits 4:0, 9:5 and 20:16 */
	LOST_INDEX, /* a load by two registers */
	LOST_AUTH,  /* a load through a signed pointer */
	LOST_FLOAT, /* conversions, of which some write a general register */
	ADD_CONST,
	ADD_EXTENDED,
	ADD_SHIFTED,
	LOGIC_CONST,
	WIDE,
	COPY,
	PAIR,
	SCALED,
	UNSCALED,
	TAG,
	SIGN,
	SIGN_REGISTER,
	STRIP,
	SYSTEM_CALL,
};

struct pattern {
	uint32_t mask, match;
	uint8_t kind;
};

/* The first that matches is it. */
static const struct pattern flows[] = {
	{ 0xfc000000, 0x14000000, BRANCH_26 },	   /* b */
	{ 0xfc000000, 0x94000000, CALL_26 },	   /* bl */
	{ 0xff000000, 0x54000000, COND_19 },	   /* b.cond, bc.cond */
	{ 0x7e000000, 0x34000000, COND_19 },	   /* cbz, cbnz */
	{ 0x7e000000, 0x36000000, COND_14 },	   /* tbz, tbnz */
	{ 0xfffffc1f, 0xd61f0000, BY_REGISTER },   /* br */
	{ 0xfefff800, 0xd61f0800, BY_REGISTER },   /* braa, brab, …z */
	{ 0xfffffc1f, 0xd63f0000, CALL_REGISTER }, /* blr */
	{ 0xfefff800, 0xd63f0800, CALL_REGISTER }, /* blraa, blrab, …z */
	{ 0xfffffc1f, 0xd65f0000, BACK },	   /* ret */
	{ 0xfffffbff, 0xd65f0bff, BACK },	   /* retaa, retab */
	{ 0xffffffff, 0xd69f03e0, TRAP },	   /* eret */
	{ 0xffe0001f, 0xd4200000, TRAP },	   /* brk */
	{ 0xffe0001f, 0xd4400000, TRAP },	   /* hlt */
	{ 0xffff0000, 0x00000000, TRAP },	   /* udf */
	{ 0xffffffff, 0xd503201f, NO_OP },	   /* nop */
};

static const struct pattern effects[] = {
	{ 0x1f800000, 0x11000000, ADD_CONST },	 /* add, sub: immediate */
	{ 0x1f800000, 0x11800000, LOST_SP },	 /* addg, subg */
	{ 0x1f800000, 0x12000000, LOGIC_CONST }, /* and, orr, eor, ands */
	{ 0x1f800000, 0x12800000, WIDE },	 /* movn, movz, movk */
	{ 0x1f000000, 0x10000000, LOST },	 /* adr, adrp */
	{ 0x1f000000, 0x13000000, LOST },	 /* bit fields, extr */
	{ 0xffe0ffe0, 0xaa0003e0, COPY },	 /* mov xd, xm */
	{ 0x1f000000, 0x0a000000, LOST },	 /* logical: register */
	{ 0x1fe00000, 0x0b200000, ADD_EXTENDED },
	{ 0x1f200000, 0x0b000000, ADD_SHIFTED },
	{ 0xffff0000, 0xdac10000, SIGN_REGISTER }, /* pacia x30, sp, … */
	{ 0x1fe00000, 0x1a400000, NOTHING },	   /* ccmn, ccmp */
	{ 0x1e000000, 0x1a000000, LOST },	   /* one, two, three sources */
	{ 0x3a000000, 0x28000000, PAIR },	   /* stp, ldp */
	{ 0x3b000000, 0x39000000, SCALED },	   /* str, ldr */
	{ 0x3b200000, 0x38000000, UNSCALED },	   /* stur, and written back */
	{ 0x3f200c00, 0x38200800, LOST_INDEX },
	{ 0x3f200c00, 0x38200000, LOST }, /* ldadd, swp, … */
	{ 0x3f200400, 0x38200400, LOST_AUTH },
	{ 0xff000000, 0xd8000000, NOTHING },   /* prfm: literal */
	{ 0x3f000000, 0x18000000, LOST },      /* ldr: literal */
	{ 0x3f000000, 0x08000000, LOST_PAIR }, /* ldxr, stxr, ldar, cas */
	{ 0xff200000, 0xd9200000, TAG },       /* stg, st2g, ldg */
	{ 0x3f200c00, 0x19000000, LOST },      /* ldapur, stlur */
	{ 0x3f200c00, 0x19000400, LOST_COPY }, /* cpyp, setp, … */
	{ 0xbe800000, 0x0c800000, LOST_BASE }, /* ld1 …, [xn], #n */
	{ 0x5f20fc00, 0x1e200000, LOST_FLOAT },
	{ 0x5f200000, 0x1e000000, LOST_FLOAT },
	{ 0xbfe0ec00, 0x0e002c00, LOST },	 /* smov, umov */
	{ 0xff20f000, 0x04205000, LOST_SP },	 /* addvl, addpl, rdvl */
	{ 0xff20e000, 0x0420e000, LOST },	 /* cntd, incd, … */
	{ 0xffffff1f, 0xd503231f, SIGN },	 /* paciasp, autiasp, … */
	{ 0xffffffff, 0xd50320ff, STRIP },	 /* xpaclri */
	{ 0xffe0001f, 0xd4000001, SYSTEM_CALL }, /* svc */
	{ 0xffe00000, 0xd5200000, LOST },	 /* mrs, sysl */
};

/* The kind of w in a table; -1: it is not there. */
static int kind_of(const struct pattern *table, size_t count, uint32_t w)
{
	size_t i;

	for (i = 0; i < count; i++)
		if ((w & table[i].mask) == table[i].match)
			return table[i].kind;
	return -1;
}

#define KIND_OF(table, w) kind_of(table, sizeof(table) / sizeof((table)[0]), w)

/* Instruction `index` from the code's first on; 0, a trap, behind its end. */
static uint32_t word(const struct dwu_code *code, size_t index)
{
	struct dwu_cursor c = dwu_cursor(code->bytes, code->size, false);

	dwu_skip(&c, 4 * index);
	return dwu_u32(&c);
}

static uint32_t bits(uint32_t w, unsigned int low, unsigned int count)
{
	return w >> low & ((1u << count) - 1);
}

static int32_t signed_bits(uint32_t w, unsigned int low, unsigned int count)
{
	uint32_t sign = 1u << (count - 1);

	return (int32_t)(bits(w, low, count) ^ sign) - (int32_t)sign;
}

/* A signed distance in instructions. */
static uint32_t target_of(const struct dwu_code *code, uint32_t w,
			  unsigned int low, unsigned int count)
{
	return code->vaddr + 4 * (uint32_t)signed_bits(w, low, count);
}

static void decode(const struct dwunw_arch_ops *arch,
		   const struct dwu_code *code, struct dwu_insn *insn)
{
	uint32_t w = word(code, 0);

	(void)arch;
	memset(insn, 0, sizeof(*insn));
	/* C4.1: bits 28:25 = 00x1 are unallocated, and so is 0000 but for
	 * udf and, with bit 31, SME */
	if (code->size < 4 || (w & 0x1a000000) == 0x02000000 ||
	    ((w & 0x9e000000) == 0 && w >> 16 != 0))
		return;
	insn->size = 4;
	switch (KIND_OF(flows, w)) {
	case BRANCH_26:
		insn->flow = DWU_FLOW_JUMP;
		insn->target = target_of(code, w, 0, 26);
		break;
	case CALL_26:
		insn->flow = DWU_FLOW_CALL;
		insn->target = target_of(code, w, 0, 26);
		break;
	case COND_19:
		insn->flow = DWU_FLOW_BRANCH;
		insn->target = target_of(code, w, 5, 19);
		break;
	case COND_14:
		insn->flow = DWU_FLOW_BRANCH;
		insn->target = target_of(code, w, 5, 14);
		break;
	case BY_REGISTER:
		insn->flow = bits(w, 5, 5) == X30 ? DWU_FLOW_RETURN :
						    DWU_FLOW_INDIRECT;
		/* gcc, and with BTI clang, calls the tail by x16 or x17, since
		 * these may enter at bti c (AAPCS64 6.1.1); linkers do so, too */
		insn->table = bits(w, 5, 5) != 16 && bits(w, 5, 5) != 17;
		break;
	case CALL_REGISTER:
		insn->flow = DWU_FLOW_CALL;
		break;
	case BACK:
		insn->flow = DWU_FLOW_RETURN;
		break;
	case TRAP:
		insn->flow = DWU_FLOW_END;
		/* linkers fill with zeros */
		insn->pad = w == 0;
		break;
	case NO_OP:
		insn->pad = true;
		break;
	default:
		break;
	}
}

static const struct dwu_value unknown = { .kind = DWU_VALUE_UNKNOWN };

/* A value of 64 bits, if it is one that a state can say. */
static struct dwu_value number(uint16_t kind, int64_t n)
{
	if (n < INT32_MIN || n > INT32_MAX)
		return unknown;
	return (struct dwu_value){ .kind = kind, .n = (int32_t)n };
}

/* a + n; what a function was given plus n is of no use but for n = 0. */
static struct dwu_value plus(struct dwu_value a, int64_t n)
{
	if (n == 0)
		return a;
	if (a.kind != DWU_VALUE_CFA && a.kind != DWU_VALUE_CONST)
		return unknown;
	return number(a.kind, a.n + n);
}

/* A register that, as number 31, is sp or else reads as zero. */
static struct dwu_value get(const struct dwu_scan_state *state, uint32_t reg,
			    bool sp)
{
	if (reg == ZR && !sp)
		return number(DWU_VALUE_CONST, 0);
	return state->regs[reg];
}

static void set(struct dwu_scan_state *state, uint32_t reg, bool sp,
		struct dwu_value value)
{
	if (reg != ZR || sp)
		state->regs[reg] = value;
}

static void lose(struct dwu_scan_state *state, uint32_t reg)
{
	if (reg != ZR)
		state->regs[reg] = unknown;
}

/*
 * A loop that touches each page of a large frame or of an alloca (gcc and
 * clang, -fstack-clash-protection, the default of many distributions):
 *
 *	1:	sub sp, sp, #65536;  str xzr, [sp, #1024]
 *		cmp sp, x9;  b.ne 1b
 *
 * or with the comparison first. sp has no one value in there, but behind the
 * comparison it is x9's when the loop is left.
 */
static bool takes_pages(uint32_t w)
{
	return (w & 0xffc003ff) == 0xd14003ff; /* sub sp, sp, #n, lsl 12 */
}

static bool compares_sp(uint32_t w)
{
	return (w & 0xffe0ffff) == 0xeb2063ff; /* cmp sp, xm */
}

/* Is one of the next two instructions such a one? */
static bool follows(const struct dwu_code *code, bool (*such)(uint32_t w))
{
	return such(word(code, 1)) || such(word(code, 2));
}

/* add, sub: immediate; what has 32 bits is not followed. */
static void add_const(const struct dwu_code *code, struct dwu_scan_state *state,
		      uint32_t w)
{
	bool sub = bits(w, 30, 1), flags = bits(w, 29, 1), wide = w >> 31;
	int64_t n = (int64_t)bits(w, 10, 12) << (bits(w, 22, 1) ? 12 : 0);
	struct dwu_value value = get(state, bits(w, 5, 5), true);

	value = wide ? plus(value, sub ? -n : n) : unknown;
	if (takes_pages(w) && follows(code, compares_sp))
		value = unknown;
	set(state, bits(w, 0, 5), !flags, value);
}

/* a + (b << shift), a - (b << shift); one of the two must be a number. */
static struct dwu_value combine(struct dwu_value a, struct dwu_value b,
				uint32_t shift, bool sub)
{
	int64_t n;

	if (b.kind == DWU_VALUE_CONST) {
		n = (int64_t)b.n * ((int64_t)1 << (shift & 31));
		return shift < 32 ? plus(a, sub ? -n : n) : unknown;
	}
	if (a.kind == DWU_VALUE_CONST && !sub && shift == 0)
		return plus(b, a.n);
	return unknown;
}

/* add, sub: extended register, the form that can name sp. */
static void add_extended(const struct dwu_code *code,
			 struct dwu_scan_state *state, uint32_t w)
{
	bool sub = bits(w, 30, 1), flags = bits(w, 29, 1), wide = w >> 31;
	struct dwu_value a = get(state, bits(w, 5, 5), true);
	struct dwu_value b = get(state, bits(w, 16, 5), false);
	uint32_t extension = bits(w, 13, 3);

	if (compares_sp(w)) {
		if (state->regs[SP].kind == DWU_VALUE_UNKNOWN ||
		    follows(code, takes_pages))
			state->regs[SP] = b.kind == DWU_VALUE_CFA ? b : unknown;
		return;
	}
	/* x, or of w what is the same in both widths */
	if (!wide ||
	    !((extension & 3) == 3 ||
	      ((extension & 3) == 2 && b.n >= 0 && b.kind == DWU_VALUE_CONST)))
		b = unknown;
	set(state, bits(w, 0, 5), !flags, combine(a, b, bits(w, 10, 3), sub));
}

/* add, sub: shifted register. */
static void add_shifted(struct dwu_scan_state *state, uint32_t w)
{
	struct dwu_value a = get(state, bits(w, 5, 5), false);
	struct dwu_value b = get(state, bits(w, 16, 5), false);
	bool sub = bits(w, 30, 1);

	/* of 64 bits, shifted to the left */
	if (w >> 31 && bits(w, 22, 2) == 0)
		a = combine(a, b, bits(w, 10, 6), sub);
	else
		a = unknown;
	set(state, bits(w, 0, 5), false, a);
}

/* A bitmask immediate (DecodeBitMasks): rotated ones, repeated. */
static uint64_t mask_of(uint32_t w)
{
	uint32_t size = 64, ones = bits(w, 10, 6), turn = bits(w, 16, 6);
	uint64_t value;

	if (!bits(w, 22, 1))
		for (size = 32; ones & size; size >>= 1)
			;
	if (size < 2)
		return 0; /* unallocated */
	ones &= size - 1;
	turn &= size - 1;
	value = ~0ull >> (63 - ones);
	if (turn)
		value = value >> turn | value << (size - turn);
	if (size < 64)
		value &= (1ull << size) - 1;
	for (; size < 64; size *= 2)
		value |= value << size;
	return w >> 31 ? value : (uint32_t)value;
}

/*
 * and, orr, eor: immediate. The CFA is a multiple of 16 (AAPCS64, stack
 * constraints at a public interface), so that what is aligned to that or less
 * stays a number.
 */
static void logic_const(struct dwu_scan_state *state, uint32_t w)
{
	struct dwu_value a = get(state, bits(w, 5, 5), false);
	uint64_t mask = mask_of(w);
	uint32_t op = bits(w, 29, 2);

	if (op == 1 && bits(w, 5, 5) == ZR)
		a = number(DWU_VALUE_CONST, (int64_t)mask);
	else if (op == 0 && a.kind == DWU_VALUE_CFA && !(~mask & ~15ull))
		a.n &= (int32_t)(uint32_t)mask;
	else
		a = unknown;
	set(state, bits(w, 0, 5), op != 3, a);
}

/*
 * A return address of 0 says that there is no caller. Start code sets it; the
 * code where a new thread begins shows it by one of two other signs, below.
 */
static void no_caller(struct dwu_scan_state *state)
{
	state->regs[X30] = number(DWU_VALUE_CONST, 0);
}

/* Is x29's entry value kept nowhere? */
static bool frame_chain_ends(const struct dwu_scan_state *state)
{
	uint8_t i;

	if (state->slots[X29] != DWU_SLOT_NONE)
		return false;
	for (i = 0; i < SP; i++)
		if (state->regs[i].kind == DWU_VALUE_ENTRY &&
		    state->regs[i].reg == X29 && i != X29)
			return false;
	return state->regs[X29].kind == DWU_VALUE_ENTRY;
}

/* movn, movz, movk. */
static void wide_move(struct dwu_scan_state *state, uint32_t w)
{
	uint32_t op = bits(w, 29, 2), shift = 16 * bits(w, 21, 2);
	struct dwu_value old = get(state, bits(w, 0, 5), false);
	uint64_t part = (uint64_t)bits(w, 5, 16) << shift;
	uint64_t n = op == 0 ? ~part : part;

	if (op == 3) {
		n = (uint64_t)(int64_t)old.n & ~((uint64_t)0xffff << shift);
		n |= part;
	}
	if (!(w >> 31))
		n = (uint32_t)n;
	if (op == 3 && old.kind != DWU_VALUE_CONST)
		old = unknown;
	else
		old = number(DWU_VALUE_CONST, (int64_t)n);
	/* the chain of frame records ends with 0 (AAPCS64, the frame
	 * pointer): glibc's clone */
	if (bits(w, 0, 5) == X29 && n == 0 && frame_chain_ends(state))
		no_caller(state);
	set(state, bits(w, 0, 5), false, old);
}

/* A load or a store, with what its encodings differ in taken out. */
struct access {
	int64_t offset;
	uint8_t scale; /* of one register: 1 << scale bytes */
	uint8_t count; /* of registers */
	bool load;
	bool vector;
	bool whole;  /* 64 bits of a general register */
	bool before; /* the offset counts for the access */
	bool back;   /* … and stays in the base */
};

/* Bits 11:10 or 24:23: 1 post-index, 3 pre-index, else an offset. */
static void indexed(struct access *a, uint32_t mode)
{
	a->before = mode != 1;
	a->back = (mode & 1) != 0;
}

static void one_register(const struct dwunw_arch_ops *arch,
			 struct dwu_scan_state *state, const struct access *a,
			 uint32_t reg, struct dwu_value at)
{
	if (a->load) {
		if (a->vector || reg == ZR)
			return;
		if (a->whole && at.kind == DWU_VALUE_CFA)
			dwu_scan_load(arch, state, (uint8_t)reg, at.n);
		else
			state->regs[reg] = unknown;
	} else if (at.kind == DWU_VALUE_CFA) {
		/* sp's value is nobody's at the entry: what stood there is
		 * overwritten, and no more */
		dwu_scan_store(arch, state, a->whole ? (uint8_t)reg : SP, at.n);
	}
}

/*
 * Does the access take arguments off the stack while nothing of ours is on
 * it, behind a system call? Then it is a new stack (clone's child in musl):
 *
 *		mov x8, #220;  svc #0;  cbz x0, 1f
 *	1:	ldp x1, x0, [sp], #16;  blr x1
 *
 * Without that it is a function that frees what was pushed for it.
 */
static bool takes_arguments(const struct dwu_scan_state *state,
			    const struct access *a, uint32_t w)
{
	const struct dwu_value *sp = &state->regs[SP];

	return a->load && a->back && !a->before && a->offset > 0 &&
	       bits(w, 5, 5) == SP && bits(w, 0, 5) < X18 &&
	       sp->kind == DWU_VALUE_CFA && sp->n == 0 &&
	       state->regs[PC].kind == DWU_VALUE_CONST;
}

static void apply(const struct dwunw_arch_ops *arch,
		  struct dwu_scan_state *state, const struct access *a,
		  uint32_t w)
{
	uint32_t rn = bits(w, 5, 5);
	struct dwu_value base = state->regs[rn];
	struct dwu_value at = a->before ? plus(base, a->offset) : base;

	if (a->whole && takes_arguments(state, a, w))
		no_caller(state);
	one_register(arch, state, a, bits(w, 0, 5), at);
	if (a->count == 2)
		one_register(arch, state, a, bits(w, 10, 5),
			     plus(at, 1 << a->scale));
	if (a->back)
		set(state, rn, true, plus(base, a->offset));
}

/* Load/store register pair. */
static void pair(const struct dwunw_arch_ops *arch,
		 struct dwu_scan_state *state, uint32_t w)
{
	struct access a = { .count = 2 };
	uint32_t op = bits(w, 30, 2);

	a.load = bits(w, 22, 1);
	a.vector = bits(w, 26, 1);
	a.whole = !a.vector && op == 2;
	a.scale = (uint8_t)(2 + (a.vector ? op : op >> 1));
	a.offset = signed_bits(w, 15, 7) * (1 << a.scale);
	/* stgp counts in 16 bytes and stores two registers of 8 */
	if (op == 1 && !a.vector && !a.load) {
		a.scale = 3;
		a.offset *= 4;
	}
	indexed(&a, bits(w, 23, 2));
	apply(arch, state, &a, w);
}

/* Load/store register: a scaled offset, or 9 bits of bytes. */
static void single(const struct dwunw_arch_ops *arch,
		   struct dwu_scan_state *state, uint32_t w, bool scaled)
{
	struct access a = { .count = 1 };
	uint32_t size = bits(w, 30, 2), op = bits(w, 22, 2);

	a.vector = bits(w, 26, 1);
	if (!a.vector && size == 3 && op == 2)
		return; /* prfm */
	a.load = a.vector ? op & 1 : op != 0;
	a.whole = !a.vector && size == 3;
	a.scale = (uint8_t)(size + (a.vector && op > 1 ? 4 : 0));
	if (scaled) {
		a.offset = (int64_t)bits(w, 10, 12) << a.scale;
		indexed(&a, 2);
	} else {
		a.offset = signed_bits(w, 12, 9);
		indexed(&a, bits(w, 10, 2));
	}
	apply(arch, state, &a, w);
}

/* stg and its like count in 16 bytes and store no data of ours. */
static void tag(const struct dwunw_arch_ops *arch, struct dwu_scan_state *state,
		uint32_t w)
{
	struct access a = { .count = 1, .vector = true, .load = true };

	a.offset = 16 * signed_bits(w, 12, 9);
	indexed(&a, bits(w, 10, 2));
	apply(arch, state, &a, w);
	if (bits(w, 10, 2) == 0)
		lose(state, bits(w, 0, 5)); /* ldg */
}

/* Numbers in registers are forgotten at branches; that of clone() is not. */
static void system_call(struct dwu_scan_state *state)
{
	const struct dwu_value *number = &state->regs[X8];

	if (number->kind == DWU_VALUE_CONST && number->n == NR_CLONE)
		state->regs[PC] = *number;
}

static void effect(const struct dwunw_arch_ops *arch,
		   const struct dwu_code *code, const struct dwu_insn *insn,
		   struct dwu_scan_state *state)
{
	uint32_t w = word(code, 0);
	uint32_t rd = bits(w, 0, 5), rn = bits(w, 5, 5), rs = bits(w, 16, 5);

	(void)insn;
	switch (KIND_OF(effects, w)) {
	case LOST:
		lose(state, rd);
		break;
	case LOST_SP:
		set(state, rd, true, unknown);
		break;
	case LOST_BASE:
		set(state, rn, true, unknown);
		break;
	case LOST_PAIR:
		lose(state, rd);
		lose(state, bits(w, 10, 5));
		lose(state, rs);
		break;
	case LOST_COPY:
		lose(state, rd);
		lose(state, rn);
		lose(state, rs);
		break;
	case LOST_INDEX:
		/* not of a store, nor of prfm */
		if (bits(w, 22, 2) != 0 && w >> 22 != 0x3e2)
			lose(state, rd);
		break;
	case LOST_AUTH:
		lose(state, rd);
		if (bits(w, 11, 1))
			set(state, rn, true, unknown);
		break;
	case LOST_FLOAT:
		/* opcodes 2, 3 and 7 write a vector register */
		if ((0x8cu >> bits(w, 16, 3) & 1) == 0)
			lose(state, rd);
		break;
	case ADD_CONST:
		add_const(code, state, w);
		break;
	case ADD_EXTENDED:
		add_extended(code, state, w);
		break;
	case ADD_SHIFTED:
		add_shifted(state, w);
		break;
	case LOGIC_CONST:
		logic_const(state, w);
		break;
	case WIDE:
		wide_move(state, w);
		break;
	case COPY:
		set(state, rd, false, get(state, rs, false));
		break;
	case PAIR:
		pair(arch, state, w);
		break;
	case SCALED:
		single(arch, state, w, true);
		break;
	case UNSCALED:
		single(arch, state, w, false);
		break;
	case TAG:
		tag(arch, state, w);
		break;
	case SIGN:
		state->ra_signed = !bits(w, 7, 1);
		break;
	case SIGN_REGISTER:
		/* the signature is in bits that pc_mask leaves out; opcodes
		 * 4 and 5 check it, 16 takes it away */
		if (rd == X30)
			state->ra_signed = bits(w, 10, 6) < 4;
		else
			lose(state, rd);
		break;
	case STRIP:
		state->ra_signed = false;
		break;
	case SYSTEM_CALL:
		system_call(state);
		break;
	default:
		break;
	}
}

/* Does w make room on the stack? */
static bool opens_frame(uint32_t w)
{
	/* sub sp, sp, #n */
	if ((w & 0xff8003ff) == 0xd10003ff)
		return true;
	/* stp …, [sp, #-n]! of any registers */
	if ((w & 0x3be003e0) == 0x29a003e0)
		return true;
	/* str …, [sp, #-n]! of x and d registers */
	return (w & 0xfbf00fe0) == 0xf8100fe0;
}

/*
 * A frame's opening may be a shrink-wrapped one in the middle of a function,
 * and so may paciasp.
 *
 *	_start, thread starts:	[bti c];  mov x29, #0;  mov x30, #0
 *	PLT entries, veneers:	[bti c];  adrp x16, …
 */
static uint8_t start(const struct dwunw_arch_ops *arch,
		     const struct dwu_code *code)
{
	uint32_t w = word(code, 0), next = word(code, 1);

	(void)arch;
	if (w == 0xd503245f || /* bti c: nothing else is called by a pointer */
	    (w == 0xd280001d && next == 0xd280001e))
		return DWU_START_SURE;
	if (opens_frame(w) || (w & 0xffffffbf) == 0xd503233f || /* pacixsp */
	    (w & 0x9f00001f) == 0x90000010)
		return DWU_START_MAYBE;
	/* mov x9, #n;  sub sp, sp, x9 */
	if (KIND_OF(effects, w) == WIDE && (next & 0xffe0ffff) == 0xcb2063ff)
		return DWU_START_MAYBE;
	/* sub x9, sp, #n, lsl 12: pages are touched one by one */
	if ((w & 0xffc003e0) == 0xd14003e0)
		return DWU_START_MAYBE;
	return DWU_START_NO;
}

const struct dwu_scan_ops dwu_scan_arm64 = {
	.unit = 4,
	.red_zone = 0,
	/* glibc, _dl_runtime_resolve: ldp x17, x30, [sp], #16; br x16. The
	 * first entry of a PLT pushes these two. */
	.resolver = { 0xa8c17bf1, 0xd61f0200 },
	.decode = decode,
	.effect = effect,
	.start = start,
};
