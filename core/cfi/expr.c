/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * DWARF expressions of CFI: a stack machine of 64 values and no memory of its
 * own.
 *
 * For example, the CFA of a PLT entry of x86_64 (GNU ld,
 * DW_CFA_def_cfa_expression):
 *
 *	77 08 80 00 3f 1a 3b 2a 33 24 22
 *	breg7 (rsp) 8; breg16 (rip) 0; lit15; and; lit11; ge; lit3; shl; plus
 *	rsp + 8 + ((rip & 15) >= 11) * 8
 *
 * An expression is hostile bytes: it is bounded by CONFIG_EXPR_STEPS
 * operations, since DW_OP_skip can go backwards, by CONFIG_EXPR_STACK values,
 * and by its block. What it reads goes through the reader, which asks nobody
 * but the snapshot and the caller's callback. Whatever goes wrong first is the
 * answer: `stop`.
 *
 * Left out: what 6.4.2 forbids in CFI (call2, call4, call_ref, addrx, constx,
 * typed operations) or calls meaningless there (push_object_address,
 * call_frame_cfa), and what a debugger alone knows (fbreg, entry_value, TLS).
 * They are BAD_ROW, as an unknown one is: nobody knows where it ends.
 */
#include "expr.h"

#include "core/elf/elf.h"

/* DWARF 5 7.7.1. The paragraphs at the cases below are those of 2.5.1. */
enum {
	DW_OP_addr = 0x03,
	DW_OP_deref = 0x06,
	DW_OP_const1u = 0x08,
	DW_OP_const1s = 0x09,
	DW_OP_const2u = 0x0a,
	DW_OP_const2s = 0x0b,
	DW_OP_const4u = 0x0c,
	DW_OP_const4s = 0x0d,
	DW_OP_const8u = 0x0e,
	DW_OP_const8s = 0x0f,
	DW_OP_constu = 0x10,
	DW_OP_consts = 0x11,
	DW_OP_dup = 0x12,
	DW_OP_drop = 0x13,
	DW_OP_over = 0x14,
	DW_OP_pick = 0x15,
	DW_OP_swap = 0x16,
	DW_OP_rot = 0x17,
	DW_OP_abs = 0x19,
	DW_OP_and = 0x1a,
	DW_OP_div = 0x1b,
	DW_OP_minus = 0x1c,
	DW_OP_mod = 0x1d,
	DW_OP_mul = 0x1e,
	DW_OP_neg = 0x1f,
	DW_OP_not = 0x20,
	DW_OP_or = 0x21,
	DW_OP_plus = 0x22,
	DW_OP_plus_uconst = 0x23,
	DW_OP_shl = 0x24,
	DW_OP_shr = 0x25,
	DW_OP_shra = 0x26,
	DW_OP_xor = 0x27,
	DW_OP_bra = 0x28,
	DW_OP_eq = 0x29,
	DW_OP_ge = 0x2a,
	DW_OP_gt = 0x2b,
	DW_OP_le = 0x2c,
	DW_OP_lt = 0x2d,
	DW_OP_ne = 0x2e,
	DW_OP_skip = 0x2f,
	DW_OP_lit0 = 0x30,
	DW_OP_lit31 = 0x4f,
	DW_OP_breg0 = 0x70,
	DW_OP_breg31 = 0x8f,
	DW_OP_bregx = 0x92,
	DW_OP_deref_size = 0x94,
	DW_OP_nop = 0x96,
};

/* 2.5.1, generic type: of an address of the files that this build knows. */
typedef dwu_place_t value_t;
#define VALUE_BITS (8 * (unsigned int)sizeof(value_t))

/*
 * One run. 512 bytes of it are the stack, by default: it lives on the C stack.
 */
struct machine {
	const struct dwunw_arch_ops *arch;
	const struct dwu_regs *regs;
	struct dwu_reader *reader;
	struct dwu_cursor c;
	uint8_t stop; /* DWU_GO, or what ended it */
	unsigned int depth;
	value_t stack[CONFIG_EXPR_STACK];
};

/*
 * The first reason is kept: what follows from it is noise. A machine that
 * failed runs no further operation.
 */
DWU_ONE_COPY static void fail(struct machine *m, uint8_t stop)
{
	if (m->stop == DWU_GO)
		m->stop = stop;
}

/* Values are kept cut to the target's address size. */
static void push(struct machine *m, uint64_t value)
{
	if (m->depth == CONFIG_EXPR_STACK) {
		fail(m, DWUNW_STOP_BAD_ROW);
		return;
	}
	m->stack[m->depth++] =
		(value_t)dwu_address(value, dwu_arch(m->arch)->address_size);
}

/*
 * 2.5.1: an operation that pops more than there is makes the expression
 * ill-formed.
 */
static value_t pop(struct machine *m)
{
	if (m->depth == 0) {
		fail(m, DWUNW_STOP_BAD_ROW);
		return 0;
	}
	return m->stack[--m->depth];
}

/*
 * 2.5.1.3 (1), (3), (4): a copy of an entry, 0 being the top; the entry stays.
 */
static void pick(struct machine *m, unsigned int below)
{
	if (below >= m->depth)
		fail(m, DWUNW_STOP_BAD_ROW);
	else
		push(m, m->stack[m->depth - 1 - below]);
}

/* The entries at the top are moved round: [c b a] becomes [b a c] (rot). */
static void rotate(struct machine *m, unsigned int count)
{
	value_t top;
	unsigned int i;

	if (count > m->depth) {
		fail(m, DWUNW_STOP_BAD_ROW);
		return;
	}
	top = m->stack[m->depth - 1];
	for (i = 1; i < count; i++)
		m->stack[m->depth - i] = m->stack[m->depth - i - 1];
	m->stack[m->depth - count] = top;
}

/*
 * 2.5.1.4, 2.5.1.5: the generic type has no sign; operations that need one take
 * the top bit of the target's address. 0xfffffff0 is -16 on mips32, not on
 * x86_64.
 */
static bool is_negative(const struct machine *m, value_t value)
{
	return value >> (dwu_arch(m->arch)->address_size * 8u - 1) & 1;
}

/* Its sign in all bits above. */
static value_t extended(const struct machine *m, value_t value)
{
	return dwu_arch(m->arch)->address_size == 4 ?
		       (value_t)(int32_t)(uint32_t)value :
		       value;
}

/*
 * Division by shift and subtract: on 32-bit hosts the operator would need a
 * helper that the freestanding core does not have.
 */
static value_t divide(value_t dividend, value_t divisor, value_t *rest)
{
	value_t quotient = 0, remainder = 0;
	unsigned int bit = VALUE_BITS;

	while (bit-- > 0) {
		/* with a divisor above half of all values the remainder may
		 * lose its top bit in the shift; it is then larger than the
		 * divisor */
		bool carry = (remainder >> (VALUE_BITS - 1)) != 0;

		remainder = remainder << 1 | (dividend >> bit & 1);
		if (carry || remainder >= divisor) {
			remainder -= divisor;
			quotient |= (value_t)1 << bit;
		}
	}
	*rest = remainder;
	return quotient;
}

/* 2.5.1.4 DW_OP_div: signed, truncating as the consumers in use do. */
static value_t divide_signed(const struct machine *m, value_t a, value_t b)
{
	bool negative_a = is_negative(m, a), negative_b = is_negative(m, b);
	value_t quotient, rest;

	a = extended(m, a);
	b = extended(m, b);
	quotient =
		divide(negative_a ? 0 - a : a, negative_b ? 0 - b : b, &rest);
	return negative_a != negative_b ? 0 - quotient : quotient;
}

/*
 * 2.5.1.4 (14). `>>` of a negative number is the compiler's choice in C (C11
 * 6.5.7), so the sign is put in by hand: -16 >> 2 is 0x3f..fc with the two
 * upper bits set.
 */
static value_t shift_right_signed(const struct machine *m, value_t a,
				  value_t by)
{
	value_t value = extended(m, a);
	value_t fill = is_negative(m, a) ? ~(value_t)0 : 0;

	if (by == 0)
		return value;
	return by >= VALUE_BITS ? fill :
				  value >> by | fill << (VALUE_BITS - by);
}

/*
 * 2.5.1.4, operations of two operands: b was on top. Shifts by as many bits as
 * there are, or more, are undefined in C; DWARF's fill with 0.
 */
static value_t calculate(struct machine *m, uint8_t op, value_t a, value_t b)
{
	unsigned int bits = dwu_arch(m->arch)->address_size * 8u;
	value_t rest;

	switch (op) {
	case DW_OP_and: /* 2.5.1.4 (2) */
		return a & b;
	case DW_OP_div: /* 2.5.1.4 (3) */
		return divide_signed(m, a, b);
	case DW_OP_minus: /* 2.5.1.4 (4) */
		return a - b;
	case DW_OP_mod: /* 2.5.1.4 (5): the generic type is unsigned here */
		(void)divide(a, b, &rest);
		return rest;
	case DW_OP_mul: /* 2.5.1.4 (6) */
		return a * b;
	case DW_OP_or: /* 2.5.1.4 (9) */
		return a | b;
	case DW_OP_plus: /* 2.5.1.4 (10) */
		return a + b;
	case DW_OP_shl: /* 2.5.1.4 (12) */
		return b < bits ? a << b : 0;
	case DW_OP_shr: /* 2.5.1.4 (13) */
		return b < bits ? a >> b : 0;
	case DW_OP_shra: /* 2.5.1.4 (14) */
		return shift_right_signed(m, a, b);
	default: /* DW_OP_xor, 2.5.1.4 (15) */
		return a ^ b;
	}
}

/*
 * 2.5.1.5 (1): signed.
 *
 * Of two with different signs the negative one is less, else the order is that
 * of unsigned numbers. The result is 1 or 0.
 */
static bool compare(const struct machine *m, uint8_t op, value_t a, value_t b)
{
	bool less = is_negative(m, a) != is_negative(m, b) ? is_negative(m, a) :
							     a < b;

	switch (op) {
	case DW_OP_eq:
		return a == b;
	case DW_OP_ge:
		return !less;
	case DW_OP_gt:
		return !less && a != b;
	case DW_OP_le:
		return less || a == b;
	case DW_OP_lt:
		return less;
	default: /* DW_OP_ne */
		return a != b;
	}
}

/* 2.5.1.4, 2.5.1.5 (1): `a` was pushed first. A division by 0 is ill-formed. */
static void binary(struct machine *m, uint8_t op)
{
	value_t b = pop(m), a = pop(m);

	if (b == 0 && (op == DW_OP_div || op == DW_OP_mod))
		fail(m, DWUNW_STOP_BAD_ROW);
	else
		push(m, op >= DW_OP_eq ? compare(m, op, a, b) :
					 calculate(m, op, a, b));
}

/*
 * 2.5.1.2 DW_OP_breg: a register's contents plus an offset.
 *
 * A register whose value is not known ends the walk, like one that a row names:
 * the 0 that stands in its place would make a CFA that looks right.
 */
static void push_register(struct machine *m, uint64_t dwarf_reg)
{
	int64_t offset = dwu_sleb(&m->c);
	int column = dwunw_arch_column(m->arch, dwarf_reg);

	if (column < 0 || column >= dwu_arch(m->arch)->reg_count)
		fail(m, DWUNW_STOP_BAD_ROW);
	else if (!(m->regs->valid >> column & 1))
		fail(m, DWUNW_STOP_NO_REGISTER);
	else
		push(m, m->regs->r[column] + (uint64_t)offset);
}

/*
 * 2.5.1.3 (7), (8): the bytes at an address of the target, extended with zeros.
 */
static void dereference(struct machine *m, uint8_t size)
{
	uint64_t addr = pop(m), value = 0;

	if (size != 1 && size != 2 && size != 4 && size != 8)
		fail(m, DWUNW_STOP_BAD_ROW);
	else if (m->stop != DWU_GO)
		return;
	else if (!dwu_read_uint(m->reader, addr, size, &value))
		fail(m, dwu_read_stop(m->reader));
	else
		push(m, value);
}

/*
 * 2.5.1.5 (2), (3): a signed distance of two bytes, from behind the operand. It
 * may go backwards, to the start at most (below it wraps and is behind the
 * end); to the end of the expression is allowed, and ends it.
 */
static void jump(struct machine *m, bool taken)
{
	uint64_t distance = dwu_sint(&m->c, 2), to = distance + m->c.off;

	if (!taken)
		return;
	if (to > m->c.size)
		fail(m, DWUNW_STOP_BAD_ROW);
	else
		m->c.off = (size_t)to;
}

static void unary(struct machine *m, uint8_t op)
{
	value_t a = pop(m);

	if (op == DW_OP_not) /* 2.5.1.4 (8) */
		push(m, ~a);
	else if (op == DW_OP_neg) /* 2.5.1.4 (7) */
		push(m, 0 - a);
	else /* 2.5.1.4 (1) DW_OP_abs */
		push(m, is_negative(m, a) ? 0 - a : a);
}

/*
 * One operation. lit0 to lit31 and breg0 to breg31 have their operand in the
 * opcode (7.7.1): 0x77 is breg7.
 */
static void execute(struct machine *m)
{
	uint8_t op = dwu_u8(&m->c);
	value_t taken;

	if (op >= DW_OP_lit0 && op <= DW_OP_lit31) { /* 2.5.1.1 (1) */
		push(m, (uint64_t)op - DW_OP_lit0);
		return;
	}
	if (op >= DW_OP_breg0 && op <= DW_OP_breg31) { /* 2.5.1.2 (2) */
		push_register(m, (uint64_t)op - DW_OP_breg0);
		return;
	}
	if ((op >= DW_OP_and && op <= DW_OP_mul) || op == DW_OP_or ||
	    op == DW_OP_plus || (op >= DW_OP_shl && op <= DW_OP_xor) ||
	    (op >= DW_OP_eq && op <= DW_OP_ne)) {
		binary(m, op);
		return;
	}
	switch (op) {
	case DW_OP_addr: /* 2.5.1.1 (2) */
		push(m, dwu_uint(&m->c, dwu_arch(m->arch)->address_size));
		break;
	case DW_OP_deref: /* 2.5.1.3 (7) */
		dereference(m, dwu_arch(m->arch)->address_size);
		break;
	case DW_OP_deref_size: /* 2.5.1.3 (8) */
		dereference(m, dwu_u8(&m->c));
		break;
	case DW_OP_const1u: /* 2.5.1.1 (3), (4) */
	case DW_OP_const2u:
	case DW_OP_const4u:
	case DW_OP_const8u:
		push(m, dwu_uint(&m->c,
				 (uint8_t)(1u << (op - DW_OP_const1u) / 2)));
		break;
	case DW_OP_const1s:
	case DW_OP_const2s:
	case DW_OP_const4s:
	case DW_OP_const8s:
		push(m, dwu_sint(&m->c,
				 (uint8_t)(1u << (op - DW_OP_const1s) / 2)));
		break;
	case DW_OP_constu: /* 2.5.1.1 (5) */
		push(m, dwu_uleb(&m->c));
		break;
	case DW_OP_consts: /* 2.5.1.1 (6) */
		push(m, (uint64_t)dwu_sleb(&m->c));
		break;
	case DW_OP_bregx: /* 2.5.1.2 (3) */
		push_register(m, dwu_uleb(&m->c));
		break;
	case DW_OP_dup: /* 2.5.1.3 (1) */
		pick(m, 0);
		break;
	case DW_OP_drop: /* 2.5.1.3 (2) */
		(void)pop(m);
		break;
	case DW_OP_pick: /* 2.5.1.3 (3) */
		pick(m, dwu_u8(&m->c));
		break;
	case DW_OP_over: /* 2.5.1.3 (4) */
		pick(m, 1);
		break;
	case DW_OP_swap: /* 2.5.1.3 (5) */
		rotate(m, 2);
		break;
	case DW_OP_rot: /* 2.5.1.3 (6) */
		rotate(m, 3);
		break;
	case DW_OP_abs:
	case DW_OP_neg:
	case DW_OP_not:
		unary(m, op);
		break;
	case DW_OP_plus_uconst: /* 2.5.1.4 (11) */
		push(m, pop(m) + dwu_uleb(&m->c));
		break;
	case DW_OP_skip: /* 2.5.1.5 (2) */
		jump(m, true);
		break;
	case DW_OP_bra: /* 2.5.1.5 (3) */
		taken = pop(m);
		jump(m, taken != 0);
		break;
	case DW_OP_nop: /* 2.5.1.7 (1) */
		break;
	default:
		fail(m, DWUNW_STOP_BAD_ROW);
		break;
	}
}

/*
 * Ends at the end of the bytes, with the top of the stack as its result
 * (2.5.1), when something failed, or after CONFIG_EXPR_STEPS operations. No
 * bytes at all are no expression. DW_CFA_def_cfa_expression begins with an
 * empty stack, rules of registers with the CFA on it (6.4.2.2, 6.4.2.3).
 */
uint8_t dwu_expr(const struct dwunw_arch_ops *arch,
		 const struct dwunw_span *bytes, const struct dwu_regs *regs,
		 struct dwu_reader *reader, const uint64_t *initial,
		 uint64_t *result)
{
	struct machine m = { .arch = arch, .regs = regs, .reader = reader };
	unsigned int steps;

	m.stop = DWU_GO;
	m.c = dwu_cursor(bytes->data, bytes->size, arch->big_endian);
	if (initial)
		push(&m, *initial);
	for (steps = 0; m.stop == DWU_GO && !dwu_at_end(&m.c); steps++) {
		if (steps == CONFIG_EXPR_STEPS)
			fail(&m, DWUNW_STOP_BAD_ROW);
		else
			execute(&m);
	}
	if (m.c.bad || bytes->size == 0)
		fail(&m, DWUNW_STOP_BAD_ROW);
	*result = pop(&m);
	return m.stop;
}
