/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * plugin_lr.c - a shadow call stack of machines with a link register, kept by
 * a plugin of qemu-aarch64, qemu-riscv64, qemu-mipsel or qemu-mips 7.2.
 *
 *	qemu-mips -singlestep -plugin FILE.so,out=FILE.snap,… PROGRAM …
 *
 * Options: those of plugin.c, and main= (main() minus the ELF entry point),
 * within=1 (samples only below main()), base= (what qemu was given as -B: with
 * 32-bit guests no address is its own).
 *
 * The rules. Where control may go from each instruction is known before it is
 * executed. A call pushes (return address, sp) when its target begins. It
 * is popped when control is at that address with that sp. An entry whose sp
 * is left behind otherwise was jumped out of: by longjmp, to a landing pad.
 * Where control is nowhere it could have gone, the kernel sent it: the link
 * register then holds the address of a signal trampoline, and the signal
 * frame at sp must name a pc where control could have gone. If not, the run
 * ends: there is no guess.
 *
 * A stub that keeps $ra in $t7 and calls ld.so's resolver (mips lazy binding)
 * is no frame: the resolver returns by that $t7.
 *
 * A sample is kept only if each return address still is where its function
 * was seen to save the link register, or, for the innermost function and one
 * that was interrupted, in a register: which one is recorded. So what
 * rewrites its own frame (_Unwind_RaiseException about to land) is not judged.
 * Those of a function that in the end leaves by loading sp and jumping are
 * rejected, as plugin.c says. In a delay slot none is taken: no kernel reports
 * one.
 *
 * MIPS16e code has instructions of 2 and of 4 bytes. Which isa one of 4 bytes
 * is of follows from what led to it: jalx, bit 0 of a register, of the pc that
 * a signal interrupted, or of $t9, where the kernel puts a handler's address.
 *
 * Registers. As in plugin.c, the host's rbp points to the guest's state.
 * CPUARMState: u32 regs[16], u64 xregs[32], u64 pc. CPUMIPSState: u32
 * gpr[32], u32 PC. CPURISCVState: u64 gpr[32], then gprh, fpr, vector state, and
 * u64 pc. The pc is compared at every sample.
 */
#include "recorder.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- instructions --- */

enum {
	INSN_TARGET = 1,   /* goes to `target` */
	INSN_REGISTER = 2, /* goes to where register `reg` says */
	INSN_COND = 4,	   /* or goes on */
	INSN_LINK = 8,	   /* a call */
	INSN_DELAYED = 16, /* after one more instruction */
	INSN_LIKELY = 32,  /* which is skipped where it does not go */
	INSN_SYSCALL = 64,
	INSN_SAVES = 128, /* the link register, at register `reg` + `target` */
	INSN_OTHER = 256, /* `target` is code of the other isa */
};
#define INSN_GOES (INSN_TARGET | INSN_REGISTER)

struct insn {
	uint64_t pc;
	uint64_t target;
	uint16_t flags;
	uint8_t reg;
	uint8_t size;
};

static int64_t sign_extend(uint32_t value, unsigned bits)
{
	return (int64_t)((uint64_t)value << (64 - bits)) >> (64 - bits);
}

static void jumps_to(struct insn *insn, uint32_t field, unsigned bits,
		     unsigned flags)
{
	insn->target = insn->pc + (uint64_t)(4 * sign_extend(field, bits));
	insn->flags = (uint16_t)(INSN_TARGET | flags);
}

static void saves(struct insn *insn, uint32_t reg, int64_t offset)
{
	insn->flags = INSN_SAVES;
	insn->reg = (uint8_t)reg;
	insn->target = (uint64_t)offset;
}

/* Arm ARM C4.1.88 "Loads and stores": stores of x30 by stp and str. */
static void classify_arm64_store(struct insn *insn, uint32_t w)
{
	uint32_t base = w >> 5 & 31, mode = w >> 23 & 3;
	int64_t pair = 8 * sign_extend(w >> 15 & 127, 7);
	int64_t single = sign_extend(w >> 12 & 511, 9);

	if ((w & 0xfe400000) == 0xa8000000) { /* stp; 1: post-indexed */
		if (mode == 1)
			pair = 0;
		if ((w >> 10 & 31) == 30)
			saves(insn, base, pair + 8);
		else if ((w & 31) == 30)
			saves(insn, base, pair);
	} else if ((w & 31) == 30 && (w & 0xffc00000) == 0xf9000000) {
		saves(insn, base, 8 * (w >> 10 & 0xfff));
	} else if ((w & 31) == 30 && (w & 0xffe00000) == 0xf8000000) {
		if ((w >> 10 & 3) == 1)
			single = 0;
		if ((w >> 10 & 3) != 2)
			saves(insn, base, single);
	}
}

/* Arm ARM C4.1.86 "Branches, exception generating and system". */
static void classify_arm64(struct insn *insn, uint32_t w)
{
	if ((w & 0x7c000000) == 0x14000000)
		jumps_to(insn, w & 0x3ffffff, 26, w >> 31 ? INSN_LINK : 0);
	else if ((w & 0xff000000) == 0x54000000 || /* b.cond */
		 (w & 0x7e000000) == 0x34000000)   /* cbz, cbnz */
		jumps_to(insn, w >> 5 & 0x7ffff, 19, INSN_COND);
	else if ((w & 0x7e000000) == 0x36000000) /* tbz, tbnz */
		jumps_to(insn, w >> 5 & 0x3fff, 14, INSN_COND);
	else if ((w & 0xffe0001f) == 0xd4000001)
		insn->flags = INSN_SYSCALL;
	else if ((w & 0xfe000000) == 0xd6000000) {
		/* br, blr, ret, with or without authentication */
		bool ret = (w >> 21 & 7) == 2;

		insn->flags = INSN_REGISTER;
		if ((w >> 21 & 7) == 1)
			insn->flags |= INSN_LINK;
		insn->reg = w >> 5 & 31;
		if (ret && insn->reg == 31) /* retaa, retab */
			insn->reg = 30;
	} else {
		classify_arm64_store(insn, w);
	}
}

/* MIPS32 Architecture vol. II-A, release 2, tables A.2 to A.8. */
static void classify_mips(struct insn *insn, uint32_t w)
{
	uint32_t op = w >> 26, rs = w >> 21 & 31, rt = w >> 16 & 31;
	uint32_t function = w & 63, offset = w & 0xffff;
	unsigned always = 0;

	insn->pc += 4; /* branches count from the delay slot */
	if (op == 0 && (function == 8 || function == 9)) { /* jr, jalr */
		insn->flags = INSN_REGISTER | INSN_DELAYED;
		if (function == 9 && (w >> 11 & 31) == 31)
			insn->flags |= INSN_LINK;
		insn->reg = (uint8_t)rs;
	} else if (op == 0 && function == 12) {
		insn->flags = INSN_SYSCALL;
	} else if (op == 2 || op == 3 || op == 29) { /* j, jal, jalx */
		insn->target = (insn->pc & 0xf0000000) | (w & 0x3ffffff) << 2;
		insn->flags = INSN_TARGET | INSN_DELAYED;
		if (op != 2)
			insn->flags |= INSN_LINK;
		if (op == 29)
			insn->flags |= INSN_OTHER;
	} else if (op == 1 && (rt & 0xc) == 0) { /* bltz … bgezall */
		jumps_to(insn, offset, 16, INSN_COND | INSN_DELAYED);
		if (rt & 16)
			insn->flags |= INSN_LINK;
		if (rt & 2)
			insn->flags |= INSN_LIKELY;
		always = rs == 0 && (rt & 1);
	} else if ((op >= 4 && op <= 7) || (op >= 20 && op <= 23)) {
		jumps_to(insn, offset, 16, INSN_COND | INSN_DELAYED);
		if (op >= 20)
			insn->flags |= INSN_LIKELY;
		always = op == 4 && rs == rt;
	} else if (op == 17 && rs == 8) { /* bc1f, bc1t */
		jumps_to(insn, offset, 16, INSN_COND | INSN_DELAYED);
		if (rt & 2)
			insn->flags |= INSN_LIKELY;
	} else if (op == 43 && rt == 31) { /* sw */
		saves(insn, rs, sign_extend(offset, 16));
	}
	if (always)
		insn->flags &= (uint16_t)~INSN_COND;
	insn->pc -= 4;
}

/* MIPS32 Architecture vol. IV-a: the number of an instruction, in bytes. */
static int64_t number16(uint32_t extend, uint32_t half, unsigned bits,
			unsigned shift)
{
	if (extend)
		return sign_extend((extend & 31) << 11 | (extend & 0x7e0) |
					   (half & 31),
				   16)
		       << shift;
	return sign_extend(half & ((1u << bits) - 1), bits) << shift;
}

/* The first half-word is above the second one, if there are two. */
static void classify_mips16(struct insn *insn, uint32_t w)
{
	uint32_t extend = insn->size == 4 ? w >> 16 : 0, half = w & 0xffff;
	uint32_t op = half >> 11, i8 = half >> 8 & 7;
	uint64_t on = insn->pc + insn->size;

	if (extend >> 11 == 3) { /* jal, jalx */
		insn->target = (on & 0xf0000000) | (extend & 31) << 23 |
			       (extend & 0x3e0) << 13 | half << 2;
		insn->flags = INSN_TARGET | INSN_DELAYED | INSN_LINK;
		if (extend & 0x400)
			insn->flags |= INSN_OTHER;
	} else if (op == 2) { /* b */
		insn->target = on + (uint64_t)number16(extend, half, 11, 1);
		insn->flags = INSN_TARGET;
	} else if (op == 4 || op == 5 || (op == 12 && i8 < 2)) {
		insn->target = on + (uint64_t)number16(extend, half, 8, 1);
		insn->flags = INSN_TARGET | INSN_COND;
	} else if (op == 12 && i8 == 2) { /* sw ra */
		saves(insn, 29,
		      extend ? number16(extend, half, 16, 0) :
			       4 * (int64_t)(half & 0xff));
	} else if (op == 12 && i8 == 4 && (half & 0xc0) == 0xc0) { /* save */
		saves(insn, 29, -4);
	} else if (op == 29 && (half & 31) == 0) { /* jr, jalr, jrc, jalrc */
		static const uint8_t names[8] = { 16, 17, 2, 3, 4, 5, 6, 7 };

		insn->flags = INSN_REGISTER;
		insn->reg = half & 0x20 ? 31 : names[i8];
		if (half & 0x40)
			insn->flags |= INSN_LINK;
		if (!(half & 0x80))
			insn->flags |= INSN_DELAYED;
	}
}

/* A field of an instruction, to where it stands in the number. */
static uint32_t field(uint32_t w, unsigned from, unsigned bits, unsigned to)
{
	return (w >> from & ((1u << bits) - 1)) << to;
}

/* RISC-V unprivileged specification 20191213, 16.8: instructions of 2 bytes. */
static void classify_riscv_c(struct insn *insn, uint32_t w)
{
	uint32_t kind = (w & 3) << 3 | w >> 13, rs1 = w >> 7 & 31;

	if (kind == 015) { /* c.j */
		uint32_t n = field(w, 12, 1, 11) | field(w, 11, 1, 4) |
			     field(w, 9, 2, 8) | field(w, 8, 1, 10) |
			     field(w, 7, 1, 6) | field(w, 6, 1, 7) |
			     field(w, 3, 3, 1) | field(w, 2, 1, 5);

		insn->target = insn->pc + (uint64_t)sign_extend(n, 12);
		insn->flags = INSN_TARGET;
	} else if (kind == 016 || kind == 017) { /* c.beqz, c.bnez */
		uint32_t n = field(w, 12, 1, 8) | field(w, 10, 2, 3) |
			     field(w, 5, 2, 6) | field(w, 3, 2, 1) |
			     field(w, 2, 1, 5);

		insn->target = insn->pc + (uint64_t)sign_extend(n, 9);
		insn->flags = INSN_TARGET | INSN_COND;
	} else if (kind == 024 && (w & 0x7c) == 0 && rs1 != 0) {
		insn->flags = INSN_REGISTER; /* c.jr, c.jalr */
		if (w >> 12 & 1)
			insn->flags |= INSN_LINK;
		insn->reg = (uint8_t)rs1;
	} else if (kind == 027 && (w >> 2 & 31) == 1) { /* c.sdsp ra */
		saves(insn, 2, field(w, 10, 3, 3) | field(w, 7, 3, 6));
	}
}

/* … chapter 24: RV32I and RV64I. A call keeps its return address in ra. */
static void classify_riscv(struct insn *insn, uint32_t w)
{
	uint32_t opcode = w & 0x7f, rd = w >> 7 & 31, rs1 = w >> 15 & 31;
	unsigned link = rd == 1 ? INSN_LINK : 0;

	if (insn->size == 2) {
		classify_riscv_c(insn, w);
	} else if (opcode == 0x6f) { /* jal */
		uint32_t n = field(w, 31, 1, 20) | field(w, 21, 10, 1) |
			     field(w, 20, 1, 11) | field(w, 12, 8, 12);

		insn->target = insn->pc + (uint64_t)sign_extend(n, 21);
		insn->flags = (uint16_t)(INSN_TARGET | link);
	} else if (opcode == 0x67) { /* jalr */
		insn->target = (uint64_t)sign_extend(w >> 20, 12);
		insn->reg = (uint8_t)rs1;
		insn->flags = (uint16_t)(INSN_REGISTER | link);
	} else if (opcode == 0x63) { /* beq … bgeu */
		uint32_t n = field(w, 31, 1, 12) | field(w, 25, 6, 5) |
			     field(w, 8, 4, 1) | field(w, 7, 1, 11);

		insn->target = insn->pc + (uint64_t)sign_extend(n, 13);
		insn->flags = INSN_TARGET | INSN_COND;
	} else if (w == 0x00000073) { /* ecall */
		insn->flags = INSN_SYSCALL;
	} else if (opcode == 0x23 && (w >> 12 & 7) == 3 &&
		   (w >> 20 & 31) == 1) { /* sd ra */
		saves(insn, rs1,
		      sign_extend(field(w, 25, 7, 5) | field(w, 7, 5, 0), 12));
	}
}

/* --- the machines --- */

struct machine {
	const char *target_name; /* qemu's */
	uint32_t arch;
	uint32_t elf; /* e_machine */
	uint32_t word;
	bool big_endian;
	void (*classify)(struct insn *insn, uint32_t word);
	uint32_t regs_off, pc_off; /* in the guest's state */
	uint8_t sp, link;	   /* DWARF numbers, and ours */
	uint8_t number, argument;  /* registers of a system call */
	uint32_t nr_sigaltstack;
	int32_t signal_pc;     /* of a signal's frame, behind register 0 */
	uint64_t address_mask; /* what of a return address is address */
};

static const struct machine machines[] = {
	{ .target_name = "aarch64",
	  .arch = SNAP_ARM64,
	  .elf = EM_AARCH64,
	  .word = 8,
	  .classify = classify_arm64,
	  .regs_off = 64,
	  .pc_off = 320,
	  .sp = 31,
	  .link = 30,
	  .number = 8,
	  .argument = 0,
	  .nr_sigaltstack = 132,
	  .signal_pc = 8 * 32,
	  .address_mask = 0xffffffffffff },
	{ .target_name = "riscv64",
	  .arch = SNAP_RISCV64,
	  .elf = EM_RISCV,
	  .word = 8,
	  .classify = classify_riscv,
	  .regs_off = 0,
	  .pc_off = 4912,
	  .sp = 2,
	  .link = 1,
	  .number = 17,
	  .argument = 10,
	  .nr_sigaltstack = 132,
	  .signal_pc = 0, /* x0 is none */
	  .address_mask = ~1ull },
	{ .target_name = "mipsel",
	  .arch = SNAP_MIPS32EL,
	  .elf = EM_MIPS,
	  .word = 4,
	  .classify = classify_mips,
	  .regs_off = 0,
	  .pc_off = 128,
	  .sp = 29,
	  .link = 31,
	  .number = 2,
	  .argument = 4,
	  .nr_sigaltstack = 4206,
	  .signal_pc = -8,
	  .address_mask = 0xfffffffe },
	{ .target_name = "mips",
	  .arch = SNAP_MIPS32EB,
	  .elf = EM_MIPS,
	  .word = 4,
	  .big_endian = true,
	  .classify = classify_mips,
	  .regs_off = 0,
	  .pc_off = 128,
	  .sp = 29,
	  .link = 31,
	  .number = 2,
	  .argument = 4,
	  .nr_sigaltstack = 4206,
	  .signal_pc = -8,
	  .address_mask = 0xfffffffe },
};

static struct machine machine;

/* --- state --- */

/* What the last instruction said of where control goes. */
struct flow {
	uint64_t pc;
	uint64_t sp; /* before it */
	uint64_t next[2];
	uint64_t target;
	uint64_t ra;	 /* of a call; 0: none */
	uint64_t branch; /* the branch whose delay slot it was; 0: none */
	bool goes;	 /* it jumps */
	bool delayed;	 /* what comes next is its delay slot */
	bool cond;
	bool sigreturn; /* next[] is where the signal came */
	uint8_t size;	/* of the instruction */
	uint8_t isa;	/* of the target */
};

static struct flow flow;
static const uint8_t *state;   /* the guest's, now */
static struct stack alternate; /* the last sigaltstack; high 0: none */
static uint8_t isa;	       /* of the instruction */
static bool started;
static bool first = true;

static uint64_t get_state(uint32_t off)
{
	uint64_t wide;
	uint32_t narrow;

	if (machine.word == 8) {
		memcpy(&wide, state + off, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, state + off, sizeof(narrow));
	return narrow;
}

static uint64_t get_reg(uint32_t number)
{
	return get_state(machine.regs_off + number * machine.word);
}

static bool peek_code(uint64_t addr, uint32_t *word)
{
	if (!peek(addr, word, sizeof(*word)))
		return false;
	if (machine.big_endian)
		*word = __builtin_bswap32(*word);
	return true;
}

/* --- signals --- */

/* A signal's frame: what it interrupted. */
struct sigframe {
	uint64_t sp;
	uint64_t restorer;
	uint64_t regs; /* address of register 0; each has 8 bytes */
	uint64_t pc;
	uint64_t outer_sp;
	uint64_t ra;
};

/*
 * Where the saved registers begin, by the words of the trampoline. arm64:
 * 128 bytes of siginfo, 176 of ucontext, fault_address. riscv64: these without
 * the last, and the pc in place of x0. mips o32: 24 bytes,
 * for rt_sigreturn siginfo and 24 of ucontext, then mask and status and pc.
 */
static uint32_t registers_off(uint64_t restorer)
{
	uint32_t load, call;

	if (!peek_code(restorer, &load) || !peek_code(restorer + 4, &call))
		return 0;
	if (machine.arch == SNAP_RISCV64)
		return load == 0x08b00893 && call == 0x00000073 ? 128 + 176 : 0;
	if (machine.word == 8)
		return load == 0xd2801168 && call == 0xd4000001 ?
			       128 + 176 + 8 :
			       0;
	if (call != 0x0000000c)
		return 0;
	if (load == 0x24021017)
		return 24 + 16;
	return load == 0x24021061 ? 24 + 128 + 24 + 16 : 0;
}

static bool read_sigframe(uint64_t sp, uint64_t restorer,
			  struct sigframe *frame)
{
	uint32_t off = registers_off(restorer);
	uint64_t low = machine.big_endian ? 8 - machine.word : 0;
	uint64_t regs = sp + off + low;
	uint64_t pc = regs + (uint64_t)(int64_t)machine.signal_pc;

	*frame = (struct sigframe){ .sp = sp,
				    .restorer = restorer,
				    .regs = regs };
	if (!off || !peek_word(pc, &frame->pc) ||
	    !peek_word(regs + 8 * machine.sp, &frame->outer_sp) ||
	    !peek_word(regs + 8 * machine.link, &frame->ra))
		return false;
	frame->pc &= machine.address_mask;
	return true;
}

static void push_handler(const struct sigframe *frame)
{
	const struct stack *now = &stacks[stack_depth];

	if (!on_stack(now, frame->sp)) {
		if (!on_stack(&alternate, frame->sp))
			give_up("handler on no known stack: %" PRIx64,
				frame->sp);
		enter_stack(&alternate, frame->outer_sp);
	}
	push(frame->pc, frame->sp, SNAP_INTERRUPTED)->frame = frame->regs;
	push(frame->restorer, frame->sp, SNAP_RETURN);
	trampoline_page = frame->restorer & ~4095ull;
	landing = false;
	new_activation();
}

/* --- the flow of control --- */

/* main() is called, or jumped to (arm64 crt1.o of static programs does). */
static void note_main(uint64_t pc)
{
	if (opt.main && pc == header.entry + opt.main && entry_count)
		main_called();
}

/*
 * Is what a call of the place behind it goes to a function? On mips it is where
 * a frame is made or $gp from $t9; code that asks where it is goes on with $ra.
 */
static bool is_function(uint64_t pc)
{
	uint32_t w[3];

	if (machine.word == 8)
		return true;
	if (isa || !peek_code(pc, &w[0]) || !peek_code(pc + 4, &w[1]) ||
	    !peek_code(pc + 8, &w[2]))
		return false;
	for (int i = 0; i < 3; i++) /* addiu sp, sp, -n */
		if ((w[i] & 0xffff8000) == 0x27bd8000)
			return true;
	return w[0] >> 16 == 0x3c1c && w[1] >> 16 == 0x279c &&
	       w[2] == 0x0399e021;
}

static bool is_address(uint64_t value, uint64_t addr)
{
	return (value & machine.address_mask) == addr;
}

/* Is the return address of who calls, at sp, in a register that is not the
 * link register (glibc, arm64: rawmemchr keeps it in x15)? */
static bool is_kept(uint64_t sp)
{
	const struct entry *top = entries + entry_count - 1;

	if (!entry_count || top->slot != sp || top->kind != SNAP_RETURN)
		return false;
	for (uint32_t i = 0; i < 32; i++)
		if (i != machine.link && is_address(get_reg(i), top->ra))
			return true;
	return false;
}

/*
 * Does this return come from a piece of who called it, which clang has moved
 * (arm64, -Oz), and which leaves another sp? The link register, from which it
 * returns, still is what the call left there. (A function that calls itself may
 * branch there, too.)
 */
static bool is_piece(uint64_t sp)
{
	const struct entry *top = &entries[entry_count - 1];
	uint64_t code;

	return machine.word == 8 && top->kind == SNAP_RETURN &&
	       sp != top->slot && peek_word(flow.pc, &code) &&
	       (uint32_t)code == 0xd65f03c0 && /* ret */
	       is_address(get_reg(machine.link), top->ra);
}

/* Control came to pc as the last instruction said. */
static void follow(uint64_t pc, uint64_t sp)
{
	bool jumped = flow.goes && !flow.delayed;

	if (sp != flow.sp || stack_depth)
		leave_stacks(sp);
	if (!on_stack(&stacks[stack_depth], sp))
		return;
	/* a call of what stands behind it asks for the address; but musl's
	 * start code calls the function there, as does code whose last call
	 * does not return */
	if (jumped && flow.ra && pc == flow.target &&
	    (pc != flow.ra || entry_count == 0 || is_function(pc))) {
		/* who calls has a frame of its own, or its return address in
		 * a register: else what has the same sp was jumped out of */
		drop(is_kept(sp) ? sp : sp + 1);
		push(flow.ra, sp, SNAP_RETURN);
		note_main(pc);
		landing = false;
		new_activation();
		return;
	}
	if (jumped && entry_count && entries[entry_count - 1].ra == pc &&
	    (entries[entry_count - 1].slot == sp || is_piece(sp))) {
		entry_count--;
		landing = false;
		new_activation();
		return;
	}
	if (sp > flow.sp && entry_count && entries[entry_count - 1].slot < sp &&
	    drop(sp + 1)) {
		landing = true;
		reject_pending();
	}
	if (jumped && landing) {
		landing = false;
		new_activation();
	}
	if (jumped)
		note_main(pc);
}

static bool said(uint64_t pc)
{
	return pc == flow.next[0] || pc == flow.next[1];
}

/*
 * An instruction that begins again: a system call that is restarted, one that
 * touched a page which qemu had protected, rt_sigreturn put off for a signal
 * that is pending.
 */
static bool put_off(uint64_t pc, uint64_t sp)
{
	return pc == flow.pc && sp == flow.sp;
}

/* Signals that come together interrupt each other's first instruction. */
static bool enter_handler(void)
{
	struct sigframe frames[8], *f;
	uint64_t sp = get_reg(machine.sp), ra = get_reg(machine.link);
	size_t count = 0;

	for (;;) {
		f = &frames[count];
		if (count == 8 || !read_sigframe(sp, ra, f))
			return false;
		count++;
		/* a fault, or a branch whose slot was not reached: not done */
		if (said(f->pc) || f->pc == flow.pc ||
		    (flow.branch && f->pc == flow.branch))
			break;
		sp = f->outer_sp;
		ra = f->ra;
	}
	if (flow.sigreturn) {
		if (!put_off(f->pc, f->outer_sp))
			after_sigreturn(f->outer_sp);
	} else if (said(f->pc)) {
		follow(f->pc, f->outer_sp);
	}
	while (count--)
		push_handler(&frames[count]);
	return true;
}

/* Follows what brought control to pc. */
static void arrive(uint64_t pc, uint64_t sp)
{
	if (put_off(pc, sp))
		return;
	if (said(pc) && flow.sigreturn)
		after_sigreturn(sp);
	else if (said(pc))
		follow(pc, sp);
	else if (!enter_handler())
		give_up("after %" PRIx64 " control cannot be at %" PRIx64,
			flow.pc, pc);
}

/* --- what an instruction will do --- */

/* The kernel keeps it in bit 0 of the pc, which stands before $0. */
static uint8_t interrupted_isa(const struct entry *entry)
{
	uint64_t pc;

	return machine.word == 4 && peek_word(entry->frame - 8, &pc) &&
	       (pc & 1);
}

static void note_syscall(void)
{
	uint64_t sp = get_reg(machine.argument), low, size;

	if (registers_off(flow.pc - 4)) {
		flow.sigreturn = true;
		for (size_t i = entry_count; i-- > 0;)
			if (entries[i].kind == SNAP_INTERRUPTED) {
				flow.next[0] = flow.next[1] = entries[i].ra;
				flow.isa = interrupted_isa(&entries[i]);
				break;
			}
		return;
	}
	if (get_reg(machine.number) != machine.nr_sigaltstack || !sp)
		return;
	/* arm64: sp, flags, size; mips: sp, size, flags */
	if (peek_word(sp, &low) &&
	    peek_word(sp + (machine.word == 8 ? 16 : 4), &size))
		alternate = (struct stack){ .low = low, .high = low + size };
}

/*
 * A stub of lazy binding (.MIPS.stubs, the first entry of .plt): it keeps
 * $ra in $t7 and calls the resolver.
 */
static bool is_stub(uint64_t pc)
{
	const uint32_t move_or = 0x03e07825, move_addu = 0x03e07821;
	uint32_t a = 0, b = 0;

	if (machine.word == 8)
		return false;
	peek_code(pc - 4, &a);
	peek_code(pc - 8, &b);
	return a == move_or || a == move_addu || b == move_or || b == move_addu;
}

/*
 * A `bal` over data, to find it, or over nothing: start code on mips does so,
 * and keeps its frame.
 */
static bool is_over_data(const struct insn *insn)
{
	return entry_count == 0 && (insn->flags & INSN_TARGET) &&
	       insn->target > insn->pc && insn->target <= insn->pc + 64;
}

/*
 * The link register is stored while it is the return address: the last place
 * counts, since a tail call goes on with the same address elsewhere.
 */
static void note_save(const struct insn *insn, uint64_t sp)
{
	struct entry *top = entry_count ? &entries[entry_count - 1] : NULL;
	uint64_t at = get_reg(insn->reg) + insn->target;

	if (machine.word == 4)
		at &= 0xffffffff;
	if (top && top->kind == SNAP_RETURN && at + 128 >= sp &&
	    at < top->slot && is_address(get_reg(machine.link), top->ra))
		top->home = at;
}

static void in_delay_slot(const struct insn *insn, uint64_t sp)
{
	const struct flow of = flow;

	flow = (struct flow){ .pc = insn->pc,
			      .sp = sp,
			      .next = { of.target,
					of.cond ? insn->pc + insn->size :
						  of.target },
			      .target = of.target,
			      .ra = of.ra,
			      .branch = of.pc,
			      .goes = true,
			      .size = insn->size,
			      .isa = of.isa };
	/* not taken: no jump, unless both are one */
	if (of.cond && of.target == insn->pc + insn->size)
		flow.ra = 0;
}

/* The instruction that is about to be executed. */
static void remember(const struct insn *insn, uint64_t sp)
{
	uint64_t on = insn->pc + insn->size, slot = isa ? 2 : 4;

	if (insn->flags & INSN_SAVES)
		note_save(insn, sp);
	if (flow.delayed && insn->pc == flow.pc + flow.size) {
		in_delay_slot(insn, sp);
		return;
	}
	flow = (struct flow){ .pc = insn->pc,
			      .sp = sp,
			      .next = { on, on },
			      .size = insn->size,
			      .isa = isa };
	if (!insn->flags)
		return;
	if (insn->flags & INSN_GOES) {
		flow.goes = true;
		flow.cond = (insn->flags & INSN_COND) != 0;
		flow.target = insn->flags & INSN_TARGET ?
				      insn->target :
				      (get_reg(insn->reg) + insn->target) &
					      machine.address_mask;
		if (machine.word == 4 && (insn->flags & INSN_REGISTER))
			flow.isa = get_reg(insn->reg) & 1;
		if (insn->flags & INSN_OTHER)
			flow.isa = !isa;
		if (insn->flags & INSN_LINK)
			flow.ra = on;
	}
	if (insn->flags & INSN_DELAYED) {
		flow.delayed = true;
		if (flow.ra)
			flow.ra = (!isa && is_stub(insn->pc)) ||
						  is_over_data(insn) ?
					  0 :
					  on + slot;
		if (insn->flags & INSN_LIKELY)
			flow.next[1] = on + slot;
	} else if (flow.goes) {
		flow.next[0] = flow.target;
		flow.next[1] = flow.cond ? on : flow.target;
	}
	if (insn->flags & INSN_SYSCALL)
		note_syscall();
}

/* --- samples --- */

static void put_registers(uint64_t *regs)
{
	for (uint32_t i = 0; i < 32; i++)
		regs[i] = get_reg(i);
	regs[32] = get_state(machine.pc_off) | isa;
}

/* Whether one of the words [from, to) of this stack is the address. */
static bool in_memory(uint64_t from, uint64_t to, uint64_t addr)
{
	const uint8_t *at = host(from);
	uint64_t wide;
	uint32_t narrow;

	for (; from < to; from += machine.word, at += machine.word) {
		if (machine.word == 8) {
			memcpy(&wide, at, sizeof(wide));
		} else {
			memcpy(&narrow, at, sizeof(narrow));
			wide = machine.big_endian ? __builtin_bswap32(narrow) :
						    narrow;
		}
		if (is_address(wide, addr))
			return true;
	}
	return false;
}

/* The number + 1 of the register that has the address; 0: none. */
static uint16_t in_register(uint64_t frame_regs, uint64_t addr)
{
	uint64_t value;

	for (uint16_t i = 32; i-- > 0;) {
		value = frame_regs ? 0 : get_reg(i);
		if (frame_regs)
			peek_word(frame_regs + 8ull * i, &value);
		if (is_address(value, addr))
			return (uint16_t)(i + 1);
	}
	return 0;
}

static bool chain_holds(struct snap_frame *chain, size_t count)
{
	uint64_t from = get_reg(machine.sp), regs = 0;
	bool exact = true;

	for (size_t i = 1; i < count; i++) {
		const struct entry *e = &entries[entry_count - i];

		if (e->kind == SNAP_INTERRUPTED) {
			regs = e->frame;
			if (!peek_word(regs + 8 * machine.sp, &from))
				return false;
			exact = true;
			continue;
		}
		/* a home that was not seen: anywhere in the frame */
		if (!(e->home ? in_memory(e->home, e->home + machine.word,
					  e->ra) :
				in_memory(from, e->slot, e->ra))) {
			chain[i].reg = exact ? in_register(regs, e->ra) : 0;
			if (!chain[i].reg)
				return false;
		}
		from = e->slot;
		exact = false;
	}
	return true;
}

/* --- instruction by instruction --- */

static void start(const struct insn *insn, uint64_t sp)
{
	if (first)
		recorder_read_auxv(sp);
	first = false;
	if (insn->pc != header.entry)
		return;
	recorder_start(sp);
	started = true;
	flow = (struct flow){ 0 };
	remember(insn, sp);
}

static void sample(const struct insn *insn, uint64_t sp)
{
	uint64_t pc = get_state(machine.pc_off);

	if (pc != insn->pc)
		give_up("pc %" PRIx64 " at %" PRIx64
			": no state of qemu 7.2, or no -singlestep",
			pc, insn->pc);
	take_sample(pc, sp);
	choose_next();
}

/* Of the instruction that control is at: both[isa] is what it does. */
static void find_isa(const struct insn *both)
{
	if (machine.word == 4 && both->size == 2)
		isa = 1;
	else if (flow.goes && !flow.delayed && both->pc == flow.target)
		isa = flow.isa;
	else if (flow.sigreturn && said(both->pc))
		isa = flow.isa;
	else if (machine.word == 4 && !said(both->pc) && both->pc != flow.pc)
		isa = get_reg(25) == (both->pc | 1);
}

__attribute__((used)) static void
on_insn(unsigned vcpu, const struct insn *insn, const uint8_t *env)
{
	uint64_t sp;
	bool in_slot;

	if (done || vcpu != 0)
		return;
	state = env;
	find_isa(insn);
	insn += isa;
	sp = get_reg(machine.sp);
	if (!started) {
		start(insn, sp);
		return;
	}
	count_step();
	in_slot = flow.delayed && insn->pc == flow.pc + flow.size;
	if (sp != flow.sp || flow.goes || insn->pc != flow.pc + flow.size)
		arrive(insn->pc, sp);
	if (header.steps >= next_step && !in_slot)
		sample(insn, sp);
	if (header.record_count >= opt.samples || header.steps >= opt.steps) {
		finish();
		_exit(0);
	}
	remember(insn, sp);
}

/* Passes the host's rbp, the guest's state, on as a third argument. */
void shadow_trampoline(unsigned vcpu, void *insn);
__asm__(".text\n"
	".hidden shadow_trampoline\n"
	"shadow_trampoline:\n"
	"	mov %rbp, %rdx\n"
	"	jmp on_insn\n");

static uint32_t half_of(const uint8_t *bytes)
{
	return machine.big_endian ? bytes[0] << 8 | bytes[1] :
				    bytes[1] << 8 | bytes[0];
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct qemu_plugin_insn *code = qemu_plugin_tb_get_insn(tb, 0);
	struct insn *insn;
	uint8_t bytes[4] = { 0 };
	uint32_t word;

	(void)id;
	if (done)
		return;
	if (qemu_plugin_tb_n_insns(tb) != 1)
		give_up("run qemu with -singlestep");
	insn = calloc(2, sizeof(*insn)); /* as long as qemu keeps the code */
	if (!insn || qemu_plugin_insn_size(code) > sizeof(bytes))
		give_up("no memory, or no instruction");
	insn->pc = qemu_plugin_insn_vaddr(code);
	note_code(insn->pc);
	insn->size = (uint8_t)qemu_plugin_insn_size(code);
	memcpy(bytes, qemu_plugin_insn_data(code), insn->size);
	if (machine.word == 4) {
		insn[1] = insn[0];
		word = half_of(bytes);
		if (insn->size == 4)
			word = word << 16 | half_of(bytes + 2);
		classify_mips16(&insn[1], word);
	}
	memcpy(&word, bytes, sizeof(word));
	if (machine.big_endian)
		word = __builtin_bswap32(word);
	machine.classify(insn, word);
	qemu_plugin_register_vcpu_insn_exec_cb(code, shadow_trampoline, 1,
					       insn);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
			       const struct qemu_info *info, int argc,
			       char **argv);
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
			int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (strcmp(info->target_name, machines[i].target_name) == 0)
			machine = machines[i];
	if (!machine.arch)
		give_up("nothing is known of %s", info->target_name);
	guest = (struct guest){ .arch = machine.arch,
				.machine = machine.elf,
				.reg_count = 33,
				.word = machine.word,
				.big_endian = machine.big_endian,
				.put_registers = put_registers,
				.chain_holds = chain_holds };
	opt.below = 128;
	recorder_install(id, argc, argv);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
