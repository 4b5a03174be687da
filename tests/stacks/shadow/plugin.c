/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * plugin.c - a shadow call stack, kept by a plugin of qemu-x86_64 7.2.
 *
 *	qemu-x86_64 -singlestep -plugin FILE.so,out=FILE.snap,… PROGRAM …
 *
 * Options: out=, label=, period= (mean instructions between samples),
 * skip=, steps=, samples= (bounds), seed=, cap= (stack bytes), below=,
 * alarm= (instructions between SIGALRMs).
 *
 * The rules. From the ELF entry point on each executed call pushes (return
 * address, slot). An entry is dropped as soon as sp rises above its slot:
 * that is a ret, a longjmp or a landing pad.
 * The first instruction of a signal handler pushes the interrupted pc and
 * the return to the restorer. A sample is kept only if every slot still
 * holds its return address, so that what rewrites slots on purpose
 * (_Unwind_RaiseException about to land) is rejected and counted, never
 * judged. So are the samples of a function that in the end leaves by loading
 * sp and jumping: the CFI of longjmp describes the target already.
 *
 * Registers. The plugin API of 7.2 (version 1) cannot read them. -singlestep
 * makes one translation block per instruction, so that the guest's state is
 * in memory whenever an instruction begins, and translated code keeps its
 * address in the host's rbp (TCG_AREG0). CPUX86State begins with regs[16]
 * and eip. That is checked: eip must equal the address of the instruction
 * that begins, at every sample, and the run ends if it does not.
 *
 * Guest addresses are host addresses (guest_base 0, checked as well).
 */
#include "recorder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the guest: x86_64 --- */

struct cpu_x86 {
	uint64_t regs[16]; /* in the order of the instruction encoding */
	uint64_t eip;
};

enum {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP,
	RBP,
	RSI,
	RDI
};

/* DWARF number (psABI 3.6.2) -> encoding number */
static const uint8_t dwarf_order[16] = {
	RAX, RDX, RCX, RBX, RSI, RDI, RBP, RSP, 8, 9, 10, 11, 12, 13, 14, 15
};

enum insn_kind {
	INSN_OTHER,
	INSN_CALL,
	INSN_RET,
	INSN_JUMP,
	INSN_SYSCALL
};

struct insn {
	uint64_t pc;
	uint8_t size;
	uint8_t kind;
};

static bool is_prefix(uint8_t byte)
{
	return memchr("\x66\x67\xf2\xf3\x3e\x2e\x36\x26\x64\x65", byte, 10) !=
	       NULL;
}

static enum insn_kind classify(const uint8_t *code, size_t size)
{
	size_t i = 0;

	while (i + 1 < size && is_prefix(code[i]))
		i++;
	if (i + 1 < size && (code[i] & 0xf0) == 0x40)
		i++;
	switch (code[i]) {
	case 0xe8:
		return INSN_CALL;
	case 0xc2:
	case 0xc3:
		return INSN_RET;
	case 0xe9:
	case 0xeb:
		return INSN_JUMP;
	default:
		break;
	}
	if (i + 1 >= size)
		return INSN_OTHER;
	if (code[i] == 0xff && (code[i + 1] >> 3 & 7) == 2)
		return INSN_CALL;
	if (code[i] == 0xff && (code[i + 1] >> 3 & 7) == 4)
		return INSN_JUMP;
	if (code[i] == 0x0f && code[i + 1] == 0x05)
		return INSN_SYSCALL;
	return INSN_OTHER;
}

/* The kernel's rt_sigframe, from the handler's first sp on. */
struct sigframe {
	uint64_t restorer;
	uint64_t uc_flags;
	uint64_t uc_link;
	uint64_t alt_addr; /* uc_stack */
	uint64_t alt_flags;
	uint64_t alt_size;
	uint64_t gregs[17]; /* [12] rdx, [15] rsp, [16] rip */
};
#define SIGFRAME_RIP offsetof(struct sigframe, gregs[16])
#define NR_RT_SIGRETURN 15u

/* --- state --- */

static struct insn before; /* the instruction executed last */
static uint64_t before_sp;
static bool sigreturning;
static uint64_t popped_ra; /* popped in this activation; 0: none */
static bool started;
static bool first = true;
static const struct cpu_x86 *sampled; /* the state of the sample taken */

/* --- the shadow stack --- */

static void begin_activation(void)
{
	popped_ra = 0;
	new_activation();
}

/*
 * vfork keeps its return address in a register: its entry was dropped by a
 * pop, and yet it returns there.
 */
static void after_ret(uint64_t pc, uint64_t sp)
{
	if (pc == popped_ra)
		reject_pending();
	landing = false;
	drop(sp);
	begin_activation();
}

/* Code that asks where it is takes the address from the stack at once. */
static bool is_pop(uint64_t pc)
{
	uint8_t code[2];

	return peek(pc, code, sizeof(code)) &&
	       ((code[0] & 0xf8) == 0x58 ||
		(code[0] == 0x41 && (code[1] & 0xf8) == 0x58));
}

/* What the last instruction did, now that pc and sp are known. */
static void follow(uint64_t pc, uint64_t sp)
{
	uint64_t top = entry_count ? entries[entry_count - 1].ra : 0;

	/* qemu puts rt_sigreturn off, and repeats it, for a pending signal */
	if (sigreturning && (pc != before.pc || sp != before_sp)) {
		sigreturning = false;
		popped_ra = 0;
		after_sigreturn(sp);
		return;
	}
	sigreturning = false;
	if (stack_depth)
		leave_stacks(sp);
	if (!on_stack(&stacks[stack_depth], sp))
		return;
	/* `call next` is how code asks where it is: no frame; but musl's
	 * _start() calls the function behind it, and so does code whose last
	 * call does not return */
	if (before.kind == INSN_CALL && pc == before.pc + before.size &&
	    entry_count && is_pop(pc))
		return;
	if (before.kind == INSN_CALL && sp == before_sp - 8) {
		push(before.pc + before.size, sp, SNAP_RETURN);
		begin_activation();
	} else if (before.kind == INSN_RET) {
		after_ret(pc, sp);
	} else if (before.kind == INSN_JUMP) {
		landing = false;
	} else if (sp > before_sp && drop(sp)) {
		if (sp == before_sp + 8) {
			popped_ra = top;
		} else {
			landing = true;
			reject_pending();
		}
	}
}

static bool is_restorer(uint64_t addr)
{
	uint8_t code[9];

	/* mov $15, %rax (or %eax); syscall */
	return peek(addr, code, sizeof(code)) &&
	       (memcmp(code, "\x48\xc7\xc0\x0f\0\0\0\x0f\x05", 9) == 0 ||
		memcmp(code, "\xb8\x0f\0\0\0\x0f\x05", 7) == 0);
}

/*
 * Whether a handler's first instruction begins: rdx is &ucontext, which lies
 * behind the restorer's address (arch/x86 setup_rt_frame does so for
 * every handler). The second instruction may look the same.
 */
static bool at_handler(uint64_t rdx, uint64_t sp, struct sigframe *frame)
{
	const struct entry *top = &entries[entry_count - 1];

	if (rdx != sp + 8 || !peek(sp, frame, sizeof(*frame)) ||
	    !is_restorer(frame->restorer))
		return false;
	return sigreturning || !entry_count || top->slot != sp ||
	       top->ra != frame->restorer;
}

static void push_handler(uint64_t sp, const struct sigframe *frame)
{
	uint64_t outer_sp = frame->gregs[15];
	struct stack alt = { .low = frame->alt_addr,
			     .high = frame->alt_addr + frame->alt_size };

	if (!on_stack(&stacks[stack_depth], outer_sp))
		return;
	if (!on_stack(&stacks[stack_depth], sp) ||
	    (frame->alt_size && on_stack(&alt, sp) &&
	     !on_stack(&alt, outer_sp)))
		enter_stack(&alt, outer_sp);
	push(frame->gregs[16], sp + SIGFRAME_RIP, SNAP_INTERRUPTED);
	push(frame->restorer, sp, SNAP_RETURN);
	landing = false;
	begin_activation();
}

/*
 * Signals that come together interrupt each other's first instruction,
 * which was therefore never seen: the outer ones are pushed first.
 */
static void enter_handler(uint64_t sp, const struct sigframe *innermost)
{
	struct sigframe frames[8] = { *innermost };
	uint64_t sps[8] = { sp };
	size_t count = 1;

	while (count < 8 &&
	       at_handler(frames[count - 1].gregs[12],
			  frames[count - 1].gregs[15], &frames[count])) {
		sps[count] = frames[count - 1].gregs[15];
		count++;
	}
	follow(frames[count - 1].gregs[16], frames[count - 1].gregs[15]);
	while (count--)
		push_handler(sps[count], &frames[count]);
}

/* --- samples --- */

/* Every slot still holds its return address. */
static bool chain_holds(struct snap_frame *chain, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (memcmp((const void *)(uintptr_t)chain[i].at, &chain[i].pc,
			   sizeof(chain[i].pc)) != 0)
			return false;
	return true;
}

static void put_registers(uint64_t *regs)
{
	for (size_t i = 0; i < 16; i++)
		regs[i] = sampled->regs[dwarf_order[i]];
	regs[16] = sampled->eip;
}

/* --- instruction by instruction --- */

static void remember(const struct cpu_x86 *cpu, const struct insn *insn)
{
	before = *insn;
	before_sp = cpu->regs[RSP];
	if (insn->kind == INSN_SYSCALL && cpu->regs[RAX] == NR_RT_SIGRETURN)
		sigreturning = true;
}

static void start(const struct cpu_x86 *cpu, const struct insn *insn)
{
	if (first)
		recorder_read_auxv(cpu->regs[RSP]);
	first = false;
	if (insn->pc != header.entry)
		return;
	recorder_start(cpu->regs[RSP]);
	started = true;
	remember(cpu, insn);
}

__attribute__((used)) static void
on_insn(unsigned vcpu, const struct insn *insn, const struct cpu_x86 *cpu)
{
	struct sigframe frame;
	uint64_t sp = cpu->regs[RSP];

	if (done || vcpu != 0)
		return;
	if (!started) {
		start(cpu, insn);
		return;
	}
	count_step();
	if (cpu->regs[RDX] == sp + 8 && at_handler(sp + 8, sp, &frame))
		enter_handler(sp, &frame);
	else if (sp != before_sp || before.kind != INSN_OTHER || sigreturning)
		follow(insn->pc, sp);
	if (header.steps >= next_step) {
		if (cpu->eip != insn->pc)
			give_up("eip %" PRIx64 " at %" PRIx64
				": no state of qemu 7.2, or no -singlestep",
				cpu->eip, insn->pc);
		sampled = cpu;
		take_sample(cpu->eip, sp);
		choose_next();
	}
	if (header.record_count >= opt.samples || header.steps >= opt.steps) {
		finish();
		_exit(0);
	}
	remember(cpu, insn);
}

/* Passes the host's rbp, the guest's state, on as a third argument. */
void shadow_trampoline(unsigned vcpu, void *insn);
__asm__(".text\n"
	".hidden shadow_trampoline\n"
	"shadow_trampoline:\n"
	"	mov %rbp, %rdx\n"
	"	jmp on_insn\n");

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct qemu_plugin_insn *code = qemu_plugin_tb_get_insn(tb, 0);
	struct insn *insn;

	(void)id;
	if (done)
		return;
	if (qemu_plugin_tb_n_insns(tb) != 1)
		give_up("run qemu with -singlestep");
	insn = malloc(sizeof(*insn)); /* as long as qemu keeps the code */
	if (!insn)
		give_up("no memory");
	insn->pc = qemu_plugin_insn_vaddr(code);
	note_code(insn->pc);
	insn->size = (uint8_t)qemu_plugin_insn_size(code);
	insn->kind = (uint8_t)classify(qemu_plugin_insn_data(code), insn->size);
	qemu_plugin_register_vcpu_insn_exec_cb(code, shadow_trampoline, 1,
					       insn);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
			       const struct qemu_info *info, int argc,
			       char **argv);
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
			int argc, char **argv)
{
	(void)info;
	guest = (struct guest){ .arch = SNAP_X86_64,
				.reg_count = 17,
				.word = 8,
				.slot_size = 8,
				.put_registers = put_registers,
				.chain_holds = chain_holds };
	recorder_install(id, argc, argv);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
