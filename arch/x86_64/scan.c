/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What x86-64 instructions do to the stack pointer, to registers that point
 * into the frame or are constants, and to saved registers (Intel SDM 2). All
 * else that an instruction writes becomes unknown.
 *
 * For example, at a function's entry rsp is CFA - 8 and the return address
 * stands at CFA - 8:
 *
 *	push %rbx		rsp = CFA - 16, rbx's entry value at CFA - 16
 *	sub $0x20, %rsp		rsp = CFA - 48
 *	xor %ebx, %ebx		rbx = 0; its entry value is still at CFA - 16
 *	call f			rsp and rbx are kept (psABI 3.2.1), core/scan forgets the rest
 *	add $0x20, %rsp; pop %rbx	rbx holds its entry value, rsp = CFA - 8
 *
 * Code is the file's, so it may be anything: an instruction that is not decoded
 * has size 0 and no effect here; a sum that leaves the range of frames (FAR)
 * becomes unknown.
 */
#include "insn.h"
#include "target.h"

#include "core/base/bytes.h"

/* The numbers that instructions have for registers. */
enum {
	AX,
	CX,
	DX,
	BX,
	SP,
	BP,
	SI,
	DI,
	R11 = 11
};

/* The column of each (psABI figure 3.36). */
static const uint8_t columns[16] = { 0, 2, 1,  3,  7,  6,  4,  5,
				     8, 9, 10, 11, 12, 13, 14, 15 };

static const struct dwu_value unknown = { .kind = DWU_VALUE_UNKNOWN };

/* What effect() works with. */
struct machine {
	const struct dwunw_arch_ops *arch;
	const struct dwu_x86_insn *insn;
	struct dwu_scan_state *state;
};

/*
 * `number` is below 16 in what the decoder gives; DWU_X86_NONE is none and is
 * asked for before.
 */
static struct dwu_value *reg(const struct machine *m, uint8_t number)
{
	return &m->state->regs[columns[number]];
}

/* Frames are far smaller: what is beyond this is no place in one. */
#define FAR 0x40000000

/*
 * UNKNOWN where n is FAR: immediates and displacements are the code's, whatever
 * it is.
 */
static struct dwu_value number(enum dwu_value_kind kind, int64_t n)
{
	struct dwu_value value = unknown;

	if (n > FAR || n < -FAR)
		return value;
	value.kind = (uint8_t)kind;
	value.n = (int32_t)n;
	return value;
}

/*
 * a + b or a - b.
 *
 * For example, CFA - 8 and 0x20, minus: CFA - 40. The difference of two places
 * in a frame is a constant that nobody needs: unknown.
 */
static struct dwu_value sum(struct dwu_value a, struct dwu_value b, bool minus)
{
	struct dwu_value swap = a;

	if (a.kind == DWU_VALUE_CONST && b.kind == DWU_VALUE_CFA && !minus) {
		a = b;
		b = swap;
	}
	if ((a.kind != DWU_VALUE_CFA && a.kind != DWU_VALUE_CONST) ||
	    b.kind != DWU_VALUE_CONST)
		return unknown;
	return number(a.kind, (int64_t)a.n + (minus ? -(int64_t)b.n : b.n));
}

/*
 * Where the memory operand is, if it is in the frame.
 *
 * For example, -8(%rbp) with rbp = CFA - 16: CFA - 24. With an index, with %fs
 * or relative to rip it is elsewhere, or nobody knows where.
 */
static struct dwu_value address(const struct machine *m)
{
	const struct dwu_x86_insn *insn = m->insn;

	if (insn->base == DWU_X86_NONE || insn->index != DWU_X86_NONE ||
	    insn->prefix & (DWU_X86_ADDRSIZE | DWU_X86_ELSEWHERE))
		return unknown;
	return sum(*reg(m, insn->base), number(DWU_VALUE_CONST, insn->disp),
		   false);
}

/*
 * The frame's word at CFA + n is no longer a register's entry value.
 *
 * A byte that is written in a word spoils all of it. A store of more than one
 * word (16 bytes of SSE) is taken for one of the first: compilers do not write
 * over saved registers.
 */
static void overwrite(const struct machine *m, int32_t n)
{
	uint8_t i;

	for (i = 0; i < m->arch->reg_count; i++)
		if (m->state->slots[i] == (n & ~7))
			m->state->slots[i] = DWU_SLOT_NONE;
}

/*
 * A register gets a value of the instruction's width (SDM 1, 3.4.1.1).
 *
 * For example, mov $5, %eax clears the upper half, so rax = 5; mov $-5, %eax
 * makes 0xfffffffb, which is no sign-extended constant; mov %ax leaves the
 * upper part.
 */
static void set(const struct machine *m, uint8_t to, struct dwu_value value)
{
	if (m->insn->width < 4 ||
	    (m->insn->width == 4 &&
	     (value.kind != DWU_VALUE_CONST || value.n < 0)))
		value = unknown;
	*reg(m, to) = value;
}

/*
 * set() for the operand of ModRM.rm.
 *
 * Memory elsewhere than in the frame is not followed; what a pointer may have
 * written in the frame is not known, and compilers do not write saved registers
 * by one.
 */
static void set_rm(const struct machine *m, struct dwu_value value)
{
	struct dwu_value at;

	if (m->insn->rm != DWU_X86_NONE) {
		set(m, m->insn->rm, value);
		return;
	}
	at = address(m);
	if (at.kind == DWU_VALUE_CFA)
		overwrite(m, at.n);
}

/*
 * Words in memory are values only where they are entry values of registers
 * (load()).
 */
static struct dwu_value get_rm(const struct machine *m)
{
	return m->insn->rm == DWU_X86_NONE ? unknown : *reg(m, m->insn->rm);
}

/*
 * Everything that the instruction writes becomes unknown.
 *
 * insn->writes says which, of any instruction that the decoder knows the length
 * of. FIXED: string instructions, cmpxchg and others that write registers which
 * they do not name.
 */
static void forget(const struct machine *m)
{
	static const uint8_t fixed[] = { CX, AX, DX, SI, DI };
	const struct dwu_x86_insn *insn = m->insn;
	uint8_t i;

	switch (insn->writes) {
	case DWU_X86_FIXED:
		for (i = 0; i < sizeof(fixed); i++)
			*reg(m, fixed[i]) = unknown;
		if (insn->map == DWU_X86_0F && insn->opcode == 0xa2)
			*reg(m, BX) = unknown; /* cpuid */
		set_rm(m, unknown);
		break;
	case DWU_X86_SYSCALL:
		*reg(m, R11) = unknown;
		*reg(m, CX) = unknown;
		*reg(m, AX) = unknown;
		break;
	case DWU_X86_RM:
		set_rm(m, unknown);
		break;
	case DWU_X86_BOTH:
		set_rm(m, unknown);
		/* fall through */
	case DWU_X86_REG:
		*reg(m, insn->reg) = unknown;
		break;
	case DWU_X86_OPCODE:
		*reg(m, insn->low) = unknown;
		break;
	case DWU_X86_RAX_RDX:
		*reg(m, DX) = unknown;
		/* fall through */
	case DWU_X86_RAX:
		*reg(m, AX) = unknown;
		break;
	case DWU_X86_RCX:
		*reg(m, CX) = unknown;
		break;
	case DWU_X86_REG_VVVV:
		*reg(m, insn->reg) = unknown;
		/* fall through */
	case DWU_X86_VVVV:
		*reg(m, insn->vvvv) = unknown;
		break;
	default:
		break;
	}
}

/* Is a column's entry value in its slot or in a register? */
static bool is_kept(const struct machine *m, uint8_t column)
{
	uint8_t i;

	if (m->state->slots[column] != DWU_SLOT_NONE)
		return true;
	for (i = 0; i < m->arch->reg_count; i++)
		if (m->state->regs[i].kind == DWU_VALUE_ENTRY &&
		    m->state->regs[i].reg == column)
			return true;
	return false;
}

/*
 * A function that sets rbp to 0 before it pushes anything, and has not kept
 * its caller's, has no caller: so the first frame of a process or a thread is
 * marked (psABI 3.4.1).
 */
static void set_zero(const struct machine *m, uint8_t to)
{
	const struct dwu_value *sp = reg(m, SP);

	set(m, to, number(DWU_VALUE_CONST, 0));
	if (to == BP && m->insn->width >= 4 && sp->kind == DWU_VALUE_CFA &&
	    sp->n == -m->arch->entry_size && !is_kept(m, columns[BP]))
		m->state->regs[m->arch->ra] = number(DWU_VALUE_CONST, 0);
}

/* Has set_zero() found that the function has no caller? */
static bool is_first(const struct machine *m)
{
	const struct dwu_value *ra = &m->state->regs[m->arch->ra];

	return ra->kind == DWU_VALUE_CONST && ra->n == 0;
}

/* --- the stack ------------------------------------------------------------ */

/* Stores or loads a register that keeps the CFA of a realigned frame, too. */
static void store(const struct machine *m, uint8_t from, int32_t n)
{
	const struct dwu_value *value = reg(m, from);

	dwu_scan_store(m->arch, m->state, columns[from], n);
	if (value->kind == DWU_VALUE_CFA && value->n == 0 && dwu_is_aligned(n))
		m->state->slots[m->arch->sp] = n;
}

/* A register that gets the saved CFA back points to the CFA (see store()). */
static void load(const struct machine *m, uint8_t to, int32_t n)
{
	struct dwu_value *value = reg(m, to);

	dwu_scan_load(m->arch, m->state, columns[to], n);
	if (value->kind == DWU_VALUE_ENTRY && value->reg == m->arch->sp)
		*value = number(DWU_VALUE_CFA, 0);
}

/*
 * An unknown sp stays unknown, until leave or lea sets it from another
 * register.
 */
static void move_sp(const struct machine *m, int32_t by)
{
	*reg(m, SP) = sum(*reg(m, SP), number(DWU_VALUE_CONST, by), false);
}

/*
 * Bytes that a push or a pop moves (SDM 1, 6.2.2).
 *
 * In 64-bit code 8, or 2 with the prefix 66; never 4.
 */
static int32_t slot(const struct machine *m)
{
	return m->insn->prefix & DWU_X86_OPSIZE ? 2 : 8;
}

/*
 * Pushes register `from`, or what is not known of.
 *
 * The value of sp before: `sp` points at the state, so behind move_sp() it is
 * the new one, which is where the word stands.
 */
static void push(const struct machine *m, uint8_t from)
{
	const struct dwu_value *sp = reg(m, SP);
	int32_t size = slot(m);

	move_sp(m, -size);
	if (sp->kind != DWU_VALUE_CFA)
		return;
	if (from != DWU_X86_NONE && size == 8)
		store(m, from, sp->n);
	else
		overwrite(m, sp->n);
}

/* Pops register `to`, or what is not known of. */
static void pop(const struct machine *m, uint8_t to)
{
	struct dwu_value sp = *reg(m, SP);

	move_sp(m, slot(m));
	if (to == DWU_X86_NONE)
		return;
	*reg(m, to) = unknown;
	if (sp.kind != DWU_VALUE_CFA || slot(m) != 8)
		return;
	load(m, to, sp.n);
	if (sp.n != -m->arch->entry_size)
		return;
	/* the return address moves, as in vfork; or it was no such thing */
	m->state->slots[m->arch->ra] = DWU_SLOT_NONE;
	if (is_first(m))
		*reg(m, to) = unknown;
}

/*
 * Large frames are probed page by page (gcc and clang,
 * -fstack-clash-protection), where sp runs down to r11:
 *
 *	lea -n(%rsp), %r11	mov %rsp, %r11;  sub $n, %r11
 *	1: sub $0x1000, %rsp;  orq $0, (%rsp);  cmp %r11, %rsp;  jne 1b
 *
 * In the loop only r11 is known; behind its jne sp is r11.
 */
static void probing(const struct machine *m, const struct dwu_code *code)
{
	static const uint8_t sub_page[] = { 0x48, 0x81, 0xec, 0x00,
					    0x10, 0x00, 0x00 };
	const struct dwu_x86_insn *insn = m->insn;
	struct dwu_value *sp = reg(m, SP), *end = reg(m, R11);

	if (end->kind != DWU_VALUE_CFA || end->n > -0x1000)
		return;
	if (sp->kind == DWU_VALUE_UNKNOWN && insn->map == DWU_X86_ONE &&
	    insn->opcode == 0x75 && insn->imm >= -24 && insn->imm <= -16)
		*sp = *end;
	else if (sp->kind == DWU_VALUE_CFA && end->n < sp->n &&
		 code->size >= insn->size + sizeof(sub_page) &&
		 memcmp(code->bytes + insn->size, sub_page, sizeof(sub_page)) ==
			 0)
		*sp = unknown;
}

/*
 * push, pop, enter, leave and a call that only pushes.
 *
 * False: another instruction, or one whose effect is that of all others
 * (forget()).
 */
static bool stack_effect(const struct machine *m)
{
	const struct dwu_x86_insn *insn = m->insn;

	if (insn->map == DWU_X86_0F)
		switch (insn->opcode) {
		case 0xa0: /* push %fs, %gs */
		case 0xa8:
			push(m, DWU_X86_NONE);
			return true;
		case 0xa1: /* pop */
		case 0xa9:
			pop(m, DWU_X86_NONE);
			return true;
		default:
			return false;
		}
	if (insn->map != DWU_X86_ONE)
		return false;
	switch (insn->opcode & 0xf8) {
	case 0x50:
		push(m, insn->low);
		return true;
	case 0x58:
		pop(m, insn->low);
		return true;
	default:
		break;
	}
	switch (insn->opcode) {
	case 0x68: /* push immediate */
	case 0x6a:
	case 0x9c: /* pushf */
	case 0xe8: /* call +0 */
		push(m, DWU_X86_NONE);
		return true;
	case 0xff:
		if ((insn->reg & 7) != 6)
			return false;
		push(m, insn->rm);
		return true;
	case 0x8f: /* pop to memory: its address is that behind the pop */
		pop(m, insn->rm);
		if (insn->rm == DWU_X86_NONE)
			set_rm(m, unknown);
		return true;
	case 0x9d: /* popf */
		pop(m, DWU_X86_NONE);
		return true;
	case 0xc8: /* enter; its second immediate is 0 in all code */
		push(m, BP);
		*reg(m, BP) = *reg(m, SP);
		move_sp(m, -(int32_t)(insn->imm & 0xffff));
		return true;
	case 0xc9: /* leave */
		*reg(m, SP) = *reg(m, BP);
		pop(m, BP);
		return true;
	default:
		return false;
	}
}

/* --- values --------------------------------------------------------------- */

/*
 * Is it one of mov, lea, xchg? Then its effect.
 *
 * 89 and 8b are mov to and from r/m, c7 mov of an immediate, 8d lea, 87 and 90
 * + r xchg, b8 + r mov of an immediate to a register.
 */
static bool move_effect(const struct machine *m)
{
	const struct dwu_x86_insn *insn = m->insn;
	struct dwu_value at = insn->rm == DWU_X86_NONE ? address(m) : unknown;
	struct dwu_value old;

	if ((insn->opcode & 0xf8) == 0xb8) {
		set(m, insn->low, number(DWU_VALUE_CONST, insn->imm));
		return true;
	}
	switch (insn->opcode) {
	case 0x89:
		if (insn->width == 8 && at.kind == DWU_VALUE_CFA)
			store(m, insn->reg, at.n);
		else
			set_rm(m, *reg(m, insn->reg));
		return true;
	case 0x8b:
		if (insn->width == 8 && at.kind == DWU_VALUE_CFA)
			load(m, insn->reg, at.n);
		else
			set(m, insn->reg, get_rm(m));
		return true;
	case 0xc7: /* not xbegin, which is in one group with it */
		if (insn->writes != DWU_X86_RM)
			return false;
		set_rm(m, number(DWU_VALUE_CONST, insn->imm));
		return true;
	case 0x8d:
		set(m, insn->reg, at);
		return true;
	case 0x87:
		if (insn->rm == DWU_X86_NONE)
			return false;
		old = *reg(m, insn->reg);
		set(m, insn->reg, get_rm(m));
		set(m, insn->rm, old);
		return true;
	default:
		break;
	}
	if ((insn->opcode & 0xf8) != 0x90)
		return false;
	if (insn->low == AX) /* nop, pause */
		return true;
	old = *reg(m, AX);
	set(m, AX, *reg(m, insn->low));
	set(m, insn->low, old);
	return true;
}

/* Operations as opcodes and ModRM.reg number them. */
enum {
	ADD = 0,
	OR = 1,
	AND = 4,
	SUB = 5,
	XOR = 6
};

/* or, and, xor make no place in a frame. */
static struct dwu_value compute(uint8_t how, struct dwu_value a,
				struct dwu_value b)
{
	return how == ADD || how == SUB ? sum(a, b, how == SUB) : unknown;
}

/*
 * sp is aligned: below what it was, who knows how far.
 *
 * For example, and $-32, %rsp: where sp was CFA - 16, it may be CFA - 16 or CFA
 * - 32, .. So places below are counted from DWU_ALIGNED (arch/scan.h). Aligned
 * twice: unknown.
 */
static struct dwu_value align(struct dwu_value sp)
{
	if (sp.kind != DWU_VALUE_CFA || dwu_is_aligned(sp.n))
		return unknown;
	return number(DWU_VALUE_CFA, DWU_ALIGNED);
}

/*
 * Is it one of add, sub, and, xor, inc, dec? Then its effect.
 *
 * Below 0x40 the operation is bits 3 to 5 of the opcode (01 add, 29 sub, 31
 * xor); in 81 and 83 it is ModRM.reg; ff /0 is inc, /1 dec. xor and sub of a
 * register with itself are 0.
 */
static bool sum_effect(const struct machine *m)
{
	const struct dwu_x86_insn *insn = m->insn;
	uint8_t group = insn->reg & 7;
	uint8_t how = insn->opcode < 0x40 ? insn->opcode >> 3 : group;
	struct dwu_value n = number(DWU_VALUE_CONST, insn->imm);
	bool zero = (how == XOR || how == SUB) && insn->rm == insn->reg;
	/* "lock or $0, (%rsp)" is a barrier; without lock it probes */
	bool nothing = insn->rm == DWU_X86_NONE && insn->imm == 0 &&
		       (how == ADD || how == OR || how == SUB || how == XOR);

	switch (insn->opcode < 0x40 ? insn->opcode & 7 : insn->opcode) {
	case 0x01: /* by register */
		if (zero)
			set_zero(m, insn->reg);
		else
			set_rm(m, compute(how, get_rm(m), *reg(m, insn->reg)));
		return true;
	case 0x03:
		if (zero)
			set_zero(m, insn->reg);
		else
			set(m, insn->reg,
			    compute(how, *reg(m, insn->reg), get_rm(m)));
		return true;
	case 0x05:
		set(m, AX, compute(how, *reg(m, AX), n));
		return true;
	case 0x81:
	case 0x83:
		if (how == AND && insn->rm == SP)
			set(m, SP, align(*reg(m, SP)));
		else if (!nothing)
			set_rm(m, compute(how, get_rm(m), n));
		return true;
	case 0xff:
		n = number(DWU_VALUE_CONST, 1);
		set_rm(m, compute(group == 0 ? ADD : SUB, get_rm(m), n));
		return true;
	default:
		return false;
	}
}

/*
 * An instruction is of the stack, or of values, or only writes what is
 * forgotten. The bytes are decoded once more, since struct dwu_insn does not
 * say all that is needed here.
 */
static void effect(const struct dwunw_arch_ops *arch,
		   const struct dwu_code *code, const struct dwu_insn *decoded,
		   struct dwu_scan_state *state)
{
	struct dwu_x86_insn insn;
	struct machine m = { arch, &insn, state };

	if (decoded && decoded->size > DWU_INSN_ONE)
		return;
	dwu_x86_decode(code, &insn);
	if (insn.size == 0)
		return;
	if (!stack_effect(&m) &&
	    (insn.map != DWU_X86_ONE || insn.writes == DWU_X86_NOTHING ||
	     (!move_effect(&m) && !sum_effect(&m))))
		forget(&m);
	probing(&m, code);
	/* what a first function aligns anew has no return address above */
	if (is_first(&m) && (reg(&m, SP)->kind == DWU_VALUE_UNKNOWN ||
			     dwu_is_aligned(reg(&m, SP)->n)))
		state->slots[arch->ra] = DWU_SLOT_NONE;
}

/* --- control -------------------------------------------------------------- */

/*
 * A call of what follows only pushes its address, if that is popped at once;
 * else the next function happens to stand there (musl's _dlstart).
 */
static bool only_pushes(const struct dwu_x86_insn *insn,
			const struct dwu_code *code)
{
	const uint8_t *next = code->bytes + insn->size;
	size_t left = code->size - insn->size;

	if (insn->imm != 0)
		return false;
	if (left >= 2 && next[0] == 0x41)
		next++;
	return left >= 1 && (next[0] & 0xf8) == 0x58;
}

/* Where control goes, by opcode: Intel SDM 2, chapters 3 to 6. */
static uint8_t flow_of(const struct dwu_x86_insn *insn,
		       const struct dwu_code *code)
{
	uint8_t op = insn->opcode;

	if (insn->map == DWU_X86_0F) {
		if ((op & 0xf0) == 0x80)
			return DWU_FLOW_BRANCH;
		/* ud2, ud1, ud0; sysret, sysexit */
		if (op == 0x0b || op == 0xb9 || op == 0xff || op == 0x07 ||
		    op == 0x35)
			return DWU_FLOW_END;
		return DWU_FLOW_NEXT;
	}
	if (insn->map != DWU_X86_ONE)
		return DWU_FLOW_NEXT;
	if ((op & 0xf0) == 0x70)
		return DWU_FLOW_BRANCH;
	switch (op) {
	case 0xe0: /* loop, jrcxz */
	case 0xe1:
	case 0xe2:
	case 0xe3:
		return DWU_FLOW_BRANCH;
	case 0xc7: /* xbegin: where an abort goes */
		return (insn->reg & 7) == 7 ? DWU_FLOW_BRANCH : DWU_FLOW_NEXT;
	case 0xe8:
		return only_pushes(insn, code) ? DWU_FLOW_NEXT : DWU_FLOW_CALL;
	case 0xe9:
	case 0xeb:
		return DWU_FLOW_JUMP;
	case 0xff:
		if ((insn->reg & 6) == 2)
			return DWU_FLOW_CALL;
		return (insn->reg & 6) == 4 ? DWU_FLOW_INDIRECT : DWU_FLOW_NEXT;
	case 0xc2:
	case 0xc3:
	case 0xca:
	case 0xcb:
		return DWU_FLOW_RETURN;
	case 0xcc: /* int3 */
	case 0xcf: /* iret */
	case 0xf1: /* int1 */
	case 0xf4: /* hlt */
		return DWU_FLOW_END;
	default:
		return DWU_FLOW_NEXT;
	}
}

/*
 * Retpolines (GCC: -mindirect-branch=, -mfunction-return=; clang: -mretpoline): a
 * call whose return address is at once taken off the stack, or becomes where to
 * go. What waits behind the call never runs. Each is one instruction: a return, a
 * jump, or with a jump around it and a call of it a call to where a register
 * says.
 */
static bool is_retpoline(const uint8_t *at, size_t size, struct dwu_insn *out)
{
	static const uint8_t waits[] = { 0,    0,    0,	   0xf3, 0x90,
					 0x0f, 0xae, 0xe8, 0xeb, 0xf9 };
	static const uint8_t returns[] = { 0x48, 0x8d, 0x64, 0x24, 8, 0xc3 };
	uint8_t over = at[1]; /* it, and in clang's what aligns the rest */

	if (at[0] != 0xe8 || over < 7 || size < over + 11u ||
	    memcmp(at + 2, waits, sizeof(waits)) != 0)
		return false;
	at += 5 + over;
	out->size = (uint8_t)(over + 10);
	out->flow = DWU_FLOW_INDIRECT;
	if (memcmp(at, returns, sizeof(returns)) == 0) {
		out->size++;
		out->flow = DWU_FLOW_RETURN;
		return true;
	}
	/* mov %reg, (%rsp); ret */
	return (at[0] & 0xfb) == 0x48 && at[1] == 0x89 && (at[2] & 0xc7) == 4 &&
	       at[3] == 0x24 && at[4] == 0xc3;
}

static bool is_several(const struct dwu_code *code, struct dwu_insn *out)
{
	static const uint8_t calls[] = { 0xe8, 0xea, 0xff, 0xff, 0xff };
	const uint8_t *at = code->bytes;
	bool found;

	if (code->size < DWU_INSN_MAX || (at[0] != 0xe8 && at[0] != 0xeb))
		return false;
	if (at[0] == 0xe8) {
		found = is_retpoline(at, code->size, out);
	} else {
		found = at[1] == 17 && at[3] == 7 &&
			is_retpoline(at + 2, code->size - 2, out) &&
			out->flow == DWU_FLOW_INDIRECT &&
			memcmp(at + 19, calls, sizeof(calls)) == 0;
		out->size = 24;
		out->flow = DWU_FLOW_CALL;
	}
	if (!found)
		memset(out, 0, sizeof(*out));
	return found;
}

/* nop, its long forms, lea of a register to itself; int3, which lld fills
 * gaps with. */
static bool is_pad(const struct dwu_x86_insn *insn)
{
	if (insn->map == DWU_X86_0F)
		return insn->opcode == 0x1f;
	if (insn->map != DWU_X86_ONE)
		return false;
	if (insn->opcode == 0x8d)
		return insn->width == 8 && insn->disp == 0 &&
		       insn->index == DWU_X86_NONE && insn->base == insn->reg;
	return insn->opcode == 0xcc ||
	       (insn->opcode == 0x90 && !(insn->rex & 1) &&
		!(insn->prefix & DWU_X86_REP));
}

/*
 * A displacement counts from the next instruction. It may lead anywhere:
 * core/scan checks it.
 */
static void decode(const struct dwunw_arch_ops *arch,
		   const struct dwu_code *code, struct dwu_insn *out)
{
	struct dwu_x86_insn insn;

	(void)arch;
	memset(out, 0, sizeof(*out));
	if (is_several(code, out))
		return;
	dwu_x86_decode(code, &insn);
	if (insn.size == 0)
		return;
	out->size = insn.size;
	out->flow = flow_of(&insn, code);
	out->pad = is_pad(&insn);
	/* compilers mark a switch's jump so, or index its table by it */
	out->table =
		out->flow == DWU_FLOW_INDIRECT &&
		(insn.prefix & DWU_X86_NOTRACK || insn.index != DWU_X86_NONE);
	if (out->flow == DWU_FLOW_BRANCH || out->flow == DWU_FLOW_JUMP ||
	    (out->flow == DWU_FLOW_CALL && insn.opcode == 0xe8))
		out->target = code->vaddr + insn.size + (uint32_t)insn.imm;
}

/* --- switches --------------------------------------------------------------- */

/*
 * A table has distances from itself or, where code has fixed addresses,
 * addresses:
 *
 *	cmp $n, %eax; ja …		cmp $n, %eax; ja …
 *	lea table(%rip), %rdx		jmp *table(,%rax,8)
 *	movslq (%rdx,%rax,4), %rax
 *	add %rdx, %rax; jmp *%rax
 *
 * A value's reg is how many entries the table has.
 */
static struct dwu_value counted(uint16_t kind, int32_t n, uint16_t count)
{
	return (struct dwu_value){ .n = n, .kind = kind, .reg = count };
}

/* A copy of what register `number` holds, which a table's index may be. */
static struct dwu_value copy(const struct machine *m, uint8_t number,
			     const struct dwu_code *code)
{
	struct dwu_value *value = reg(m, number);

	if (value->kind != DWU_VALUE_CFA && value->kind != DWU_VALUE_CONST &&
	    value->kind < DWU_VALUE_COPY)
		*value = counted(DWU_VALUE_COPY, (int32_t)code->vaddr, 0);
	return *value;
}

/* All copies of what was compared are under t->count. */
static void limit(const struct machine *m, const struct dwu_table *t)
{
	struct dwu_value *value;
	uint8_t i;

	for (i = 0; i < sizeof(columns); i++) {
		value = reg(m, i);
		if ((value->kind == DWU_VALUE_COPY ||
		     value->kind == DWU_VALUE_INDEX) &&
		    (uint32_t)value->n == t->compared)
			*value = counted(DWU_VALUE_INDEX, value->n, t->count);
	}
}

/* mov, movslq, movzx. */
static bool is_move(const struct dwu_x86_insn *insn)
{
	uint8_t op = insn->opcode;

	return insn->map == DWU_X86_ONE ?
		       op == 0x89 || op == 0x8b || op == 0x63 :
		       insn->map == DWU_X86_0F && (op & 0xfe) == 0xb6;
}

/* These, lea, and jcc: what may stand between cmp and its ja. */
static bool keeps_flags(const struct dwu_x86_insn *insn)
{
	uint8_t op = insn->opcode;

	return is_move(insn) ||
	       (insn->map == DWU_X86_ONE ?
			op == 0x8d || (op & 0xf8) == 0xb8 ||
				(op & 0xf0) == 0x70 :
			insn->map == DWU_X86_0F && (op & 0xf0) == 0x80);
}

/* cmp of a register with an immediate, then ja. */
static void limit_index(const struct machine *m, const struct dwu_code *code,
			struct dwu_table *t)
{
	const struct dwu_x86_insn *insn = m->insn;
	bool one = insn->map == DWU_X86_ONE;
	uint32_t n = (uint32_t)insn->imm;
	uint8_t op = insn->opcode, compared = DWU_X86_NONE;
	struct dwu_value value;

	if (t->count > 0 &&
	    (one ? op == 0x77 : insn->map == DWU_X86_0F && op == 0x87))
		limit(m, t);
	if (keeps_flags(insn))
		return;
	t->count = 0;
	if (one && (op & 0xfe) == 0x3c)
		compared = AX;
	else if (one && (op == 0x80 || op == 0x81 || op == 0x83) &&
		 (insn->reg & 7) == 7)
		compared = insn->rm;
	if (insn->width < 4)
		n &= (1u << 8 * insn->width) - 1;
	if (compared == DWU_X86_NONE || n >= UINT16_MAX)
		return;
	/* a constant is one from elsewhere */
	if (reg(m, compared)->kind == DWU_VALUE_CONST)
		*reg(m, compared) = unknown;
	value = copy(m, compared, code);
	if (value.kind < DWU_VALUE_COPY)
		return;
	t->compared = (uint32_t)value.n;
	t->count = (uint16_t)(n + 1);
}

/* A table's address and one of its entries: where the jump goes. */
static struct dwu_value sum_of(struct dwu_value a, struct dwu_value b)
{
	if (a.kind == DWU_VALUE_CONST && b.kind == DWU_VALUE_ENTRY_AT &&
	    a.n == b.n)
		return counted(DWU_VALUE_TARGET_OF, a.n, b.reg);
	return unknown;
}

/*
 * From memory: what stands in a table, and where one is.
 *
 * For example, movslq (%rdx,%rax,4), %rax with rdx = 0x2010 and rax under 5: an
 * entry of the table at 0x2010, which has 5.
 */
static struct dwu_value read_table(const struct dwu_x86_insn *insn,
				   const struct dwu_code *code,
				   const struct dwu_scan_state *old)
{
	struct dwu_value base = unknown, index = unknown;

	if (insn->prefix & (DWU_X86_ADDRSIZE | DWU_X86_ELSEWHERE))
		return unknown;
	if (insn->base != DWU_X86_NONE)
		base = old->regs[columns[insn->base]];
	if (insn->index != DWU_X86_NONE)
		index = old->regs[columns[insn->index]];
	if (insn->opcode == 0x8d && insn->base == DWU_X86_NONE &&
	    insn->index == DWU_X86_NONE)
		return number(DWU_VALUE_CONST,
			      (int32_t)(code->vaddr + insn->size +
					(uint32_t)insn->disp));
	if (index.kind != DWU_VALUE_INDEX)
		return unknown;
	if (insn->opcode == 0x63 && insn->disp == 0 &&
	    base.kind == DWU_VALUE_CONST)
		return counted(DWU_VALUE_ENTRY_AT, base.n, index.reg);
	if ((insn->opcode == 0x8b || insn->opcode == 0xff) &&
	    insn->base == DWU_X86_NONE)
		return counted(DWU_VALUE_POINTER_AT, insn->disp, index.reg);
	return unknown;
}

/* What an instruction makes of such values, behind its effect. */
static void table_effect(const struct machine *m, const struct dwu_code *code,
			 const struct dwu_scan_state *old)
{
	const struct dwu_x86_insn *insn = m->insn;
	struct dwu_value from, to, value = unknown;
	bool one = insn->map == DWU_X86_ONE;
	uint8_t op = insn->opcode, dst = insn->reg, src;

	if (insn->rm == DWU_X86_NONE) {
		if (one && insn->width == 8)
			value = read_table(insn, code, old);
	} else if (insn->width >= 4 && is_move(insn)) {
		dst = op == 0x89 ? insn->rm : insn->reg;
		src = op == 0x89 ? insn->reg : insn->rm;
		*reg(m, src) = old->regs[columns[src]];
		value = copy(m, src, code);
		if (value.kind < DWU_VALUE_COPY)
			value = *reg(m, dst);
	} else if (one && (op | 2) == 0x03 && insn->width == 8) {
		dst = op == 0x01 ? insn->rm : insn->reg;
		from = old->regs[columns[insn->rm]];
		to = old->regs[columns[insn->reg]];
		value = sum_of(from, to);
		if (value.kind == DWU_VALUE_UNKNOWN)
			value = sum_of(to, from);
	}
	if (value.kind != DWU_VALUE_UNKNOWN)
		*reg(m, dst) = value;
}

/*
 * True: *t is the table that the instruction jumps through. Place and size are
 * what the code says: core/scan checks each entry.
 */
static bool table(const struct dwunw_arch_ops *arch,
		  const struct dwu_code *code, struct dwu_scan_state *state,
		  struct dwu_table *t)
{
	const struct dwu_scan_state old = *state;
	struct dwu_x86_insn insn;
	struct machine m = { arch, &insn, state };
	struct dwu_value value;

	dwu_x86_decode(code, &insn);
	if (insn.size == 0)
		return false;
	if (flow_of(&insn, code) != DWU_FLOW_INDIRECT) {
		effect(arch, code, NULL, state);
		table_effect(&m, code, &old);
		limit_index(&m, code, t);
		return false;
	}
	value = insn.rm == DWU_X86_NONE ? read_table(&insn, code, state) :
					  *reg(&m, insn.rm);
	t->at = (uint32_t)value.n;
	t->count = value.reg;
	t->size = value.kind == DWU_VALUE_TARGET_OF ? 4 : 8;
	t->base = value.kind == DWU_VALUE_TARGET_OF ? t->at : 0;
	return value.kind == DWU_VALUE_TARGET_OF ||
	       value.kind == DWU_VALUE_POINTER_AT;
}

/*
 * jmp, call and jcc with a displacement of 4 bytes: e9, e8, 0f 8x.
 *
 * *to - lo < hi - lo: in [lo, hi), in one comparison, as differences below 0
 * are large. Any byte may begin one, so data may be taken for a branch; *off is
 * where it stands.
 */
static uint8_t far_branch(const struct dwu_code *code, uint32_t *off,
			  uint32_t lo, uint32_t hi, uint32_t *to)
{
	const uint8_t *at;
	struct dwu_cursor c;
	uint32_t size;

	for (; *off + 6 <= code->size; (*off)++) {
		at = code->bytes + *off;
		if ((at[0] & 0xfe) == 0xe8)
			size = 5;
		else if (at[0] == 0x0f && (at[1] & 0xf0) == 0x80)
			size = 6;
		else
			continue;
		c = dwu_cursor(at + size - 4, 4, false);
		*to = code->vaddr + *off + size + dwu_u32(&c);
		if (*to - lo < hi - lo)
			return at[0] == 0xe8 ? DWU_FLOW_CALL : DWU_FLOW_BRANCH;
	}
	return 0;
}

/*
 * What compilers open functions with: endbr64, a push of a register (any one,
 * where it only aligns the stack), sub of an immediate from rsp. endbr64
 * stands behind calls of setjmp, too, and the others may make arguments.
 */
static uint8_t start(const struct dwunw_arch_ops *arch,
		     const struct dwu_code *code)
{
	const uint8_t first = code->size ? code->bytes[0] : 0;
	struct dwu_x86_insn insn;
	bool opens = false;

	(void)arch;
	/* neither a push nor a prefix (26 to 67, f0 to f3), as most are */
	if (first < 0x26 || (first > 0x67 && (first & 0xfc) != 0xf0))
		return DWU_START_NO;
	dwu_x86_decode(code, &insn);
	if (insn.size == 0)
		return DWU_START_NO;
	if (insn.map == DWU_X86_0F)
		opens = insn.opcode == 0x1e && insn.prefix == DWU_X86_REP &&
			insn.reg == 7 && insn.rm == 2;
	else if (insn.map == DWU_X86_ONE && (insn.opcode & 0xf8) == 0x50)
		opens = insn.low != SP;
	else if (insn.map == DWU_X86_ONE &&
		 (insn.opcode == 0x83 || insn.opcode == 0x81))
		opens = insn.reg == 5 && insn.rm == SP && insn.width == 8 &&
			insn.imm > 0;
	return opens ? DWU_START_MAYBE : DWU_START_NO;
}

const struct dwu_scan_ops dwu_scan_x86_64 = {
	.unit = 1,
	.call_align = 16, /* psABI 3.2.2; not of callees known to need less */
	.red_zone = 128,  /* psABI 3.2.2 */
	.decode = decode,
	.effect = effect,
	.far_branch = far_branch,
	.table = table,
	.start = start,
};
