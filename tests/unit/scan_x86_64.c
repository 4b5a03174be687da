/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * arch/x86_64/insn.c and arch/x86_64/scan.c: lengths, flow, effects. With the
 * argument "lengths" it compares what it decodes with `objdump -d` on stdin,
 * for tests/scan/lengths.t.
 */
#include "arch/x86_64/target.h"

#include <ctype.h>
#include <stdlib.h>

#include "flows.h"
#include "tap.h"

#if IS_ON(CONFIG_SCAN_X86_64)

static const struct dwunw_arch_ops *const arch = &dwu_arch_x86_64;
static const struct dwu_scan_ops *const scan = &dwu_scan_x86_64;

/* --- against objdump ------------------------------------------------------- */

#define LINES 8u

/* One line of objdump: an instruction, or bytes that go on from the last. */
struct line {
	uint64_t vaddr;
	uint8_t bytes[DWU_INSN_MAX];
	uint8_t size;
	char text[160];
};

static struct {
	unsigned long instructions, data, lengths, flows;
} counts;

/* " 1139:\t55          \tpush   %rbp"; -w gives one line an instruction. */
static bool parse_line(const char *in, struct line *out)
{
	char *p;
	memset(out, 0, sizeof(*out));
	out->vaddr = strtoull(in, &p, 16);
	if (p == in || p[0] != ':' || p[1] != '\t')
		return false;
	p += 2;
	while (out->size < DWU_INSN_MAX && isxdigit(p[0]) && p[2] == ' ') {
		out->bytes[out->size++] = (uint8_t)strtoul(p, NULL, 16);
		p += 3;
	}
	while (*p == ' ' || *p == '\t')
		p++;
	snprintf(out->text, sizeof(out->text), "%s", p);
	out->text[strcspn(out->text, "\n")] = 0;
	return out->size != 0;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* What stands behind the prefixes that objdump writes out. */
static const char *mnemonic(const char *text)
{
	static const char *const prefixes[] = {
		"rep ",	    "repz ", "repnz ",	  "bnd ",
		"notrack ", "lock ", "data16 ",	  "addr32 ",
		"cs ",	    "ds ",   "es ",	  "ss ",
		"fs ",	    "gs ",   "xacquire ", "xrelease ",
	};
	size_t i = 0;

	while (i < sizeof(prefixes) / sizeof(prefixes[0])) {
		if (begins(text, prefixes[i])) {
			text += strlen(prefixes[i]);
			i = 0;
		} else if (begins(text, "rex")) {
			text += strcspn(text, " ");
			text += *text == ' ';
			i = 0;
		} else {
			i++;
		}
	}
	return text;
}

/* The flow that a mnemonic says. */
static enum dwu_flow flow_of(const char *text, uint64_t *target)
{
	static const char *const ends[] = { "hlt",  "int3", "ud0",    "ud1",
					    "ud2",  "iret", "sysret", "sysexit",
					    "int1", "icebp" };
	const char *operand = text + strcspn(text, " ");
	size_t i;

	operand += strspn(operand, " ");
	*target = strtoull(operand, NULL, 16);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (begins(text, ends[i]))
			return DWU_FLOW_END;
	if (begins(text, "ret") || begins(text, "lret"))
		return DWU_FLOW_RETURN;
	if (begins(text, "call") || begins(text, "lcall"))
		return DWU_FLOW_CALL;
	if (begins(text, "jmp") || begins(text, "ljmp"))
		return operand[0] == '*' ? DWU_FLOW_INDIRECT : DWU_FLOW_JUMP;
	if (text[0] == 'j' || begins(text, "loop") || begins(text, "xbegin"))
		return DWU_FLOW_BRANCH;
	return DWU_FLOW_NEXT;
}

static bool same_flow(const struct dwu_insn *insn, const struct line *line)
{
	uint64_t target = 0;
	enum dwu_flow want = flow_of(mnemonic(line->text), &target);

	/* pushes its own address: that is no call */
	if (want == DWU_FLOW_CALL && target == line->vaddr + line->size &&
	    begins(line[1].text, "pop "))
		want = DWU_FLOW_NEXT;
	if (insn->flow != want)
		return false;
	if (want == DWU_FLOW_CALL && insn->target == 0)
		return strchr(line->text, '*') != NULL;
	/* places have 32 bits: what lies below 0, as data in the text says, is
	 * behind every segment, which have 31 */
	return (want != DWU_FLOW_CALL && want != DWU_FLOW_JUMP &&
		want != DWU_FLOW_BRANCH) ||
	       insn->target == (uint32_t)target;
}

/*
 * Bytes that no compiler or assembler makes: data in the text. A REX that
 * another prefix follows stands alone; Intel's and AMD's processors take the
 * displacement of a 16-bit branch for a different one.
 */
static bool is_data(const char *text)
{
	const char *last = strrchr(text, ' ');

	return strstr(text, "(bad)") || begins(text, ".byte") ||
	       begins(last ? last + 1 : text, "rex") ||
	       begins(mnemonic(text), "jmpw") ||
	       begins(mnemonic(text), "callw");
}

/* lines[0], with the bytes of those that follow it. */
static void compare(const struct line *lines, size_t count)
{
	const struct line *line = &lines[0];
	uint8_t bytes[DWU_INSN_MAX * LINES];
	struct dwu_code code = { bytes, 0, (uint32_t)line->vaddr, 0 };
	struct dwu_insn insn;
	size_t i;

	if (is_data(line->text)) {
		counts.data++;
		return;
	}
	for (i = 0; i < count; i++) {
		if (lines[i].vaddr != line->vaddr + code.size)
			break;
		memcpy(bytes + code.size, lines[i].bytes, lines[i].size);
		code.size += lines[i].size;
	}
	if (code.size > DWU_INSN_MAX)
		code.size = DWU_INSN_MAX;
	/* fwait is an instruction; objdump joins it to the next one */
	if (line->bytes[0] == 0x9b && line->size > 1)
		return;
	scan->decode(arch, &code, &insn);
	counts.instructions++;
	if (insn.size != line->size) {
		counts.lengths++;
		printf("# length %u, not %u: %" PRIx64 ": %s\n", insn.size,
		       line->size, line->vaddr, line->text);
	} else if (!same_flow(&insn, line)) {
		counts.flows++;
		printf("# flow %s to 0x%" PRIx32 ": %" PRIx64 ": %s\n",
		       flow_names[insn.flow], insn.target, line->vaddr,
		       line->text);
	}
}

static int lengths(void)
{
	static struct line lines[LINES];
	static char text[1024];
	size_t count = 0;

	while (fgets(text, sizeof(text), stdin)) {
		if (!parse_line(text, &lines[count]))
			continue;
		if (++count < LINES)
			continue;
		compare(lines, count);
		count--;
		memmove(lines, lines + 1, count * sizeof(lines[0]));
	}
	while (count) {
		compare(lines, count);
		count--;
		memmove(lines, lines + 1, count * sizeof(lines[0]));
	}
	printf("instructions %lu lengths %lu flows %lu data %lu\n",
	       counts.instructions, counts.lengths, counts.flows, counts.data);
	return counts.lengths || counts.flows || !counts.instructions;
}

/* --- effects ---------------------------------------------------------------- */

#define SP 7u
#define RA 16u

static void enter_function(struct dwu_scan_state *state)
{
	uint8_t i;

	memset(state, 0, sizeof(*state));
	for (i = 0; i < arch->reg_count; i++) {
		state->regs[i].kind = DWU_VALUE_ENTRY;
		state->regs[i].reg = i;
	}
	for (i = 0; i < DWU_SCAN_REGS; i++)
		state->slots[i] = DWU_SLOT_NONE;
	state->regs[RA] = (struct dwu_value){ 0 };
	state->regs[SP] = (struct dwu_value){ .kind = DWU_VALUE_CFA, .n = -8 };
	state->slots[RA] = -8;
}

struct text {
	char bytes[512];
	size_t size;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text,
						      const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->bytes + text->size,
		      sizeof(text->bytes) - text->size, format, args);
	va_end(args);
	if (n > 0 && (size_t)n < sizeof(text->bytes) - text->size)
		text->size += (size_t)n;
}

/* "rsp=cfa-16 rbx=? rax=5 [rip-8 rbp-16]": what is not as at the entry. */
static const char *state_text(const struct dwu_scan_state *state)
{
	static struct text text;
	const struct dwu_value *value;
	uint8_t i;

	text.size = 0;
	for (i = 0; i < arch->reg_count; i++) {
		value = &state->regs[i];
		if (i == RA ? value->kind == DWU_VALUE_UNKNOWN :
			      value->kind == DWU_VALUE_ENTRY && value->reg == i)
			continue;
		add(&text, "%s=", arch->column_names[i]);
		switch (value->kind) {
		case DWU_VALUE_CFA:
			if (dwu_is_aligned(value->n))
				add(&text, "aligned%+d ",
				    value->n - DWU_ALIGNED);
			else
				add(&text, "cfa%+d ", value->n);
			break;
		case DWU_VALUE_CONST:
			add(&text, "%d ", value->n);
			break;
		case DWU_VALUE_ENTRY:
			add(&text, "%s ", arch->column_names[value->reg]);
			break;
		default:
			add(&text, "? ");
		}
	}
	add(&text, "[");
	if (state->slots[arch->sp] != DWU_SLOT_NONE)
		add(&text, "cfa@%+d", state->slots[arch->sp] - DWU_ALIGNED);
	for (i = 0; i < arch->saved_count; i++)
		if (dwu_is_aligned(state->slots[arch->saved[i]]))
			add(&text, " %s@%+d",
			    arch->column_names[arch->saved[i]],
			    state->slots[arch->saved[i]] - DWU_ALIGNED);
		else if (state->slots[arch->saved[i]] != DWU_SLOT_NONE)
			add(&text, "%s%s%+d",
			    text.bytes[text.size - 1] == '[' ? "" : " ",
			    arch->column_names[arch->saved[i]],
			    state->slots[arch->saved[i]]);
	add(&text, "]");
	return text.bytes;
}

static size_t from_hex(const char *hex, uint8_t *bytes, size_t room)
{
	size_t size = 0;
	unsigned int byte;
	int used;

	while (size < room && sscanf(hex, " %2x%n", &byte, &used) == 1) {
		bytes[size++] = (uint8_t)byte;
		hex += used;
	}
	return size;
}

/* Runs the bytes from the first on; calls and branches are passed by. */
static const char *run(const char *hex, struct dwu_scan_state *state)
{
	uint8_t bytes[256];
	size_t size = from_hex(hex, bytes, sizeof(bytes)), off = 0;
	struct dwu_code code = { 0 };
	struct dwu_insn insn;

	enter_function(state);
	while (off < size) {
		code.bytes = bytes + off;
		code.size = size - off;
		code.vaddr = (uint32_t)(0x1000 + off);
		if (code.size > DWU_INSN_MAX)
			code.size = DWU_INSN_MAX;
		scan->decode(arch, &code, &insn);
		if (insn.size == 0)
			return "not decoded";
		if (insn.flow != DWU_FLOW_CALL)
			scan->effect(arch, &code, &insn, state);
		off += insn.size;
	}
	return state_text(state);
}

struct effect_case {
	const char *title, *hex, *want;
};

/* clang-format off */
static const struct effect_case effects[] = {
	/* push %rbp; push %r15; push %rbx */
	{ "push of callee-saved registers",
	  "55 4157 53",
	  "rsp=cfa-32 [rip-8 rbx-32 rbp-16 r15-24]" },
	/*
	 * push %rax; push $0x1; push $0x12345678; push 0x8(%rdi); pushf; push
	 * %fs; push %gs
	 */
	{ "push of others, of memory, of immediates, of flags and segments",
	  "50 6a01 6878563412 ff7708 9c 0fa0 0fa8",
	  "rsp=cfa-64 [rip-8]" },
	/* pushw $0x1 */
	{ "a 16-bit push",
	  "666a01",
	  "rsp=cfa-10 [rip-8]" },
	/* push %rbp; push %rbx; pop %rbx; pop %rbp */
	{ "pops take back",
	  "55 53 5b 5d",
	  "rsp=cfa-8 [rip-8 rbx-24 rbp-16]" },
	/* push %rbx; pop %rcx */
	{ "a pop into another register",
	  "53 59",
	  "rcx=rbx rsp=cfa-8 [rip-8 rbx-16]" },
	/* push %rax; pop %rbx */
	{ "pop of what is not a saved register",
	  "50 5b",
	  "rbx=? rsp=cfa-8 [rip-8]" },
	/* push %rbx; push %rax; pop 0x8(%rsp) */
	{ "pop to memory, of flags and segments",
	  "53 50 8f442408",
	  "rsp=cfa-16 [rbx-16]" },
	/* sub $0x18, %rsp; popf; pop %fs; pop %gs */
	{ "popf, pop of segments",
	  "4883ec18 9d 0fa1 0fa9",
	  "rsp=cfa-8 [rip-8]" },
	/* push %rbp; mov %rsp, %rbp; sub $0x20, %rsp */
	{ "a frame pointer",
	  "55 4889e5 4883ec20",
	  "rbp=cfa-16 rsp=cfa-48 [rip-8 rbp-16]" },
	/* push %rbp; mov %rsp, %rbp */
	{ "the other encoding of mov",
	  "55 488bec",
	  "rbp=cfa-16 rsp=cfa-16 [rip-8 rbp-16]" },
	/* push %rbp; mov %rsp, %rbp; push %rbx; sub $0x1000, %rsp; leave */
	{ "leave",
	  "55 4889e5 53 4881ec00100000 c9",
	  "rsp=cfa-8 [rip-8 rbx-24 rbp-16]" },
	/* enter $0x20, $0x0 */
	{ "enter",
	  "c8200000",
	  "rbp=cfa-16 rsp=cfa-48 [rip-8 rbp-16]" },
	/* push %rbp; mov %rsp, %rbp; sub %rax, %rsp; leave */
	{ "alloca loses sp, leave finds it",
	  "55 4889e5 4829c4 c9",
	  "rsp=cfa-8 [rip-8 rbp-16]" },
	/* push %rbp; mov %rsp, %rbp; sub %rax, %rsp */
	{ "alloca",
	  "55 4889e5 4829c4",
	  "rbp=cfa-16 rsp=? [rip-8 rbp-16]" },
	/*
	 * sub $0x8, %rsp; add $0xffffffffffffff80, %rsp; sub
	 * $0xffffffffffffff80, %rsp; lea -0x100(%rsp), %rsp; lea 0x80(%rsp),
	 * %rsp
	 */
	{ "sub, add, lea of sp",
	  "4883ec08 4883c480 4883ec80 488da42400ffffff 488da42480000000",
	  "rsp=cfa-144 [rip-8]" },
	/* mov %rsp, %rax; inc %rax; dec %rsp */
	{ "inc and dec",
	  "4889e0 48ffc0 48ffcc",
	  "rax=cfa-7 rsp=cfa-9 [rip-8]" },
	/*
	 * push %rbp; mov %rsp, %rbp; and $0xffffffffffffffe0, %rsp; sub $0x40,
	 * %rsp
	 */
	{ "realigned, by rbp",
	  "55 4889e5 4883e4e0 4883ec40",
	  "rbp=cfa-16 rsp=aligned-64 [rip-8 rbp-16]" },
	/* lea 0x8(%rsp), %r10; and $0xffffffffffffffe0, %rsp */
	{ "realigned, by r10",
	  "4c8d542408 4883e4e0",
	  "rsp=aligned+0 r10=cfa+0 [rip-8]" },
	/* … push -8(%r10); push %rbp; mov %rsp, %rbp; push %r12; push %r10;
	 * xor %r12d, %r12d; xor %r10d, %r10d */
	{ "… which is saved there",
	  "4c8d542408 4883e4e0 41ff72f8 55 4889e5 4154 4152 4531e4 4531d2",
	  "rbp=aligned-16 rsp=aligned-32 r10=0 r12=0 "
	  "[cfa@-32 rip-8 rbp@-16 r12@-24]" },
	/* … pop %r10; pop %r12; pop %rbp; lea -8(%r10), %rsp */
	{ "… and back",
	  "4c8d542408 4883e4e0 41ff72f8 55 4889e5 4154 4152 4531e4 4531d2 "
	  "415a 415c 5d 498d62f8",
	  "rsp=cfa-8 r10=cfa+0 [cfa@-32 rip-8 rbp@-16 r12@-24]" },
	/* and twice */
	{ "aligned twice", "4883e4e0 4883e4c0", "rsp=? [rip-8]" },
	/*
	 * push %r13; lea 0x10(%rsp), %r13; and $0xffffffffffffffe0, %rsp; lea
	 * -0x10(%r13), %rsp; pop %r13
	 */
	{ "realigned, by r13",
	  "4155 4c8d6c2410 4883e4e0 498d65f0 415d",
	  "rsp=cfa-8 [rip-8 r13-16]" },
	/* mov $0x13880, %eax; sub %rax, %rsp */
	{ "a frame of a constant in a register",
	  "b880380100 4829c4",
	  "rax=80000 rsp=cfa-80008 [rip-8]" },
	/* mov $0x13880, %r11d; sub %r11, %rsp; add %r11, %rsp */
	{ "… and back",
	  "41bb80380100 4c29dc 4c01dc",
	  "rsp=cfa-8 r11=80000 [rip-8]" },
	/* movabs $0xfffffffffffec780, %rax; add %rax, %rsp */
	{ "… by a negative one, 64 bits",
	  "48b880c7feffffffffff 4801c4",
	  "rax=-80000 rsp=cfa-80008 [rip-8]" },
	/* mov $0x8, %ecx; add %rsp, %rcx */
	{ "lea by a sum the other way round",
	  "b908000000 4801e1",
	  "rcx=cfa+0 rsp=cfa-8 [rip-8]" },
	/* xor %ebp, %ebp; sub %eax, %eax; xor %r9, %r9 */
	{ "zero",
	  "31ed 29c0 4d31c9",
	  "rax=0 rbp=0 rsp=cfa-8 r9=0 rip=0 [rip-8]" },
	/*
	 * mov $0xffffffff, %eax; mov $0xffffffffffffffff, %rcx; mov $0x5,
	 * %edx; mov $0x6, %dl
	 */
	{ "half-written constants",
	  "b8ffffffff 48c7c1ffffffff ba05000000 b206",
	  "rax=? rdx=? rcx=-1 rsp=cfa-8 [rip-8]" },
	/* mov %esp, %eax; lea 0x8(%rsp), %ecx */
	{ "32-bit moves of addresses lose them",
	  "89e0 8d4c2408",
	  "rax=? rcx=? rsp=cfa-8 [rip-8]" },
	/*
	 * sub $0x28, %rsp; mov %rbx, 0x10(%rsp); mov %r12, 0x18(%rsp); mov
	 * %rbp, -0x8(%rsp)
	 */
	{ "saves by mov",
	  "4883ec28 48895c2410 4c89642418 48896c24f8",
	  "rsp=cfa-48 [rip-8 rbx-32 rbp-56 r12-24]" },
	/* mov %rbx, -0x10(%rsp); xor %ebx, %ebx; mov -0x10(%rsp), %rbx */
	{ "restores by mov",
	  "48895c24f0 31db 488b5c24f0",
	  "rsp=cfa-8 [rip-8 rbx-24]" },
	/*
	 * push %rbp; mov %rsp, %rbp; mov %rbx, -0x18(%rbp); mov %r14,
	 * -0x8(%rbp)
	 */
	{ "saves below rbp",
	  "55 4889e5 48895de8 4c8975f8",
	  "rbp=cfa-16 rsp=cfa-16 [rip-8 rbx-40 rbp-16 r14-24]" },
	/* push %rbx; mov %rax, (%rsp) */
	{ "what is overwritten is not saved",
	  "53 48890424",
	  "rsp=cfa-16 [rip-8]" },
	/*
	 * push %rbx; push %r12; push %r13; movl $0x0, 0x4(%rsp); movb $0x0,
	 * 0x8(%rsp); addq $0x1, 0x10(%rsp)
	 */
	{ "… by an immediate, by a byte, by arithmetic",
	  "53 4154 4155 c744240400000000 c644240800 488344241001",
	  "rsp=cfa-32 [rip-8]" },
	/* mov %rax, (%rsp) */
	{ "the return address is overwritten",
	  "48890424",
	  "rsp=cfa-8 []" },
	/*
	 * mov %rax, %rbx; add $0x1, %r12; imul %rcx, %r13; movzbl %al, %r14d;
	 * pop %r15
	 */
	{ "a register that is written is lost",
	  "4889c3 4983c401 4c0fafe9 440fb6f0 415f",
	  "rbx=rax rsp=cfa+0 r12=? r13=? r14=? r15=rip []" },
	/*
	 * cmove %rax, %rbx; sete %r12b; bts %rax, %r13; shld $0x3, %rax, %r14;
	 * bswap %r15; movq %xmm3, %rbp
	 */
	{ "so it is by cmov, setcc, bt*, shld, xadd, bswap, movd",
	  "480f44d8 410f94c4 490fabc5 490fa4c603 490fcf 66480f7edd",
	  "rbx=? rbp=? rsp=cfa-8 r12=? r13=? r14=? r15=? [rip-8]" },
	/*
	 * cmp %rbx, %r12; test %rbx, %rbx; bt %rax, %rbx; test $0x1, %bl; pxor
	 * %xmm3, %xmm5; movaps %xmm3, -0x40(%rsp); movq %xmm5, %xmm3; vpxor
	 * %xmm3, %xmm5, %xmm3; vmovq %xmm5, %xmm3; ucomisd %xmm3, %xmm5;
	 * cvtsi2sd %rbx, %xmm3; push %rbx
	 */
	{ "reads and vectors lose nothing",
	  "4939dc 4885db 480fa3c3 f6c301 660fefeb 0f295c24c0 f30f7edd "
	  "c5d1efdb c5fa7edd 660f2eeb f2480f2adb 53",
	  "rsp=cfa-16 [rip-8 rbx-16]" },
	/*
	 * andn %rax, %rcx, %rbx; blsr %rax, %r12; mulx %rax, %r13, %r14; rorx
	 * $0x3, %rax, %r15; pext %rax, %rcx, %rbp
	 */
	{ "BMI, by VEX",
	  "c4e2f0f2d8 c4e298f3c8 c46293f6f0 c463fbf0f803 c4e2f2f5e8",
	  "rbx=? rbp=? rsp=cfa-8 r12=? r13=? r14=? r15=? [rip-8]" },
	/*
	 * vmovmskpd %xmm1, %ebx; vpmovmskb %ymm1, %r12d; vpextrq $0x1, %xmm1,
	 * %r13; vcvttsd2si %xmm1, %r14; kmovw %k3, %r15d; vmovd %xmm1, %ebp
	 */
	{ "vectors to registers",
	  "c5f950d9 c57dd7e1 c4c3f916cd01 c461fb2cf1 c57893fb c5f97ecd",
	  "rbx=? rbp=? rsp=cfa-8 r12=? r13=? r14=? r15=? [rip-8]" },
	/*
	 * vcvttsd2usi %xmm1, %rbx; vpaddd %zmm3, %zmm5, %zmm1; vpternlogd
	 * $0x96, %zmm3, %zmm5, %zmm3
	 */
	{ "EVEX",
	  "62f1ff0878d9 62f15548fecb 62f3554825db96",
	  "rbx=? rsp=cfa-8 [rip-8]" },
	/*
	 * crc32 %al, %rbx; movbe (%rax), %r12; popcnt %rax, %r13; adcx %rax,
	 * %r14
	 */
	{ "crc32, movbe, popcnt, adcx",
	  "f2480f38f0d8 4c0f38f020 f34c0fb8e8 664c0f38f6f0",
	  "rbx=? rsp=cfa-8 r12=? r13=? r14=? [rip-8]" },
	/* mov %rsp, %rax; mov %rsp, %rdx; mul %rbx */
	{ "implicit: mul, div, cqo, string operations",
	  "4889e0 4889e2 48f7e3",
	  "rax=? rdx=? rsp=cfa-8 [rip-8]" },
	/* mov %rsp, %rdi; mov %rsp, %rsi; rep movsb %ds:(%rsi), %es:(%rdi) */
	{ "implicit: rep movs",
	  "4889e7 4889e6 f3a4",
	  "rax=? rdx=? rcx=? rsi=? rdi=? rsp=cfa-8 [rip-8]" },
	/* mov %rsp, %r11; syscall; cpuid */
	{ "implicit: syscall, cpuid",
	  "4989e3 0f05 0fa2",
	  "rax=? rdx=? rcx=? rbx=? rsi=? rdi=? rsp=cfa-8 r11=? [rip-8]" },
	/* mov %rsp, %rax; cmpxchg %rcx, %r12 */
	{ "implicit: cmpxchg",
	  "4889e0 490fb1cc",
	  "rax=? rdx=? rcx=? rsi=? rdi=? rsp=cfa-8 r12=? [rip-8]" },
	/* mov %rsp, %rcx; pcmpistri $0x0, %xmm3, %xmm5 */
	{ "pcmpistri writes rcx only",
	  "4889e1 660f3a63eb00",
	  "rcx=? rsp=cfa-8 [rip-8]" },
	/* mov %rbx, %rcx; mov %rsp, %rbx; mov %rcx, %rbx */
	{ "copies of saved registers",
	  "4889d9 4889e3 4889cb",
	  "rcx=rbx rsp=cfa-8 [rip-8]" },
	/* xchg %rbx, %r12; xchg %rax, %rsp */
	{ "xchg",
	  "4987dc 4894",
	  "rax=cfa-8 rbx=r12 rsp=rax r12=rbx [rip-8]" },
	/* xchg %ebx, %r12d */
	{ "xchg of halves",
	  "4187dc",
	  "rbx=? rsp=cfa-8 r12=? [rip-8]" },
	/* call 0x5 */
	{ "a call of the function behind it",
	  "e800000000",
	  "rsp=cfa-8 [rip-8]" },
	/* call 0x5; pop %rax */
	{ "call +0; pop",
	  "e800000000 58",
	  "rax=? rsp=cfa-8 [rip-8]" },
	/*
	 * push %rbx; mov %rax, %fs:(%rsp); mov %rax, (%rsp, %rcx, 1); mov
	 * %fs:0x28, %rax
	 */
	{ "through a segment or an index, nothing in the frame is touched",
	  "53 6448890424 4889040c 64488b042528000000",
	  "rax=? rsp=cfa-16 [rip-8 rbx-16]" },
	/* lea -0x14000(%rsp), %r11 */
	{ "a probing loop, inside (gcc)",
	  "4c8d9c2400c0feff",
	  "rsp=cfa-8 r11=cfa-81928 [rip-8]" },
	/* mov %rsp, %r11; sub $0x14000, %r11; sub $0x1000, %rsp */
	{ "a probing loop, inside (clang)",
	  "4989e3 4981eb00400100 4881ec00100000",
	  "rsp=? r11=cfa-81928 [rip-8]" },
	/*
	 * lea -0x14000(%rsp), %r11; sub $0x1000, %rsp; orq $0x0, (%rsp); cmp
	 * %r11, %rsp; jne 0x8; sub $0x888, %rsp
	 */
	{ "a probing loop, behind it",
	  "4c8d9c2400c0feff 4881ec00100000 48830c2400 4c39dc 75ef "
	  "4881ec88080000",
	  "rsp=cfa-84112 r11=cfa-81928 [rip-8]" },
	/* lea -0x14000(%rsp), %r10; sub $0x1000, %rsp */
	{ "no probing loop: only a page",
	  "4c8d942400c0feff 4881ec00100000",
	  "rsp=cfa-4104 r10=cfa-81928 [rip-8]" },
	/* mov $0x5, %eax; xbegin 0xb */
	{ "xbegin",
	  "b805000000 c7f800000000",
	  "rax=? rsp=cfa-8 [rip-8]" },
	/*
	 * xor %rbp, %rbp; mov %rsp, %rdi; lea 0x1000(%rip), %rsi; and
	 * $0xfffffffffffffff0, %rsp
	 */
	{ "musl's _start",
	  "4831ed 4889e7 488d3500100000 4883e4f0",
	  "rsi=? rdi=cfa-8 rbp=0 rsp=aligned+0 rip=0 []" },
	/*
	 * mov %rsi, %rax; mov (%rdi), %rbx; mov 0x8(%rdi), %rbp; mov
	 * 0x30(%rdi), %rsp
	 */
	{ "musl's longjmp",
	  "4889f0 488b1f 488b6f08 488b6730",
	  "rax=rsi rbx=? rbp=? rsp=? [rip-8]" },
	/*
	 * xor %eax, %eax; mov $0x38, %al; mov %rdi, %r11; mov 0x8(%rsp), %r10;
	 * and $0xfffffffffffffff0, %rsi; sub $0x8, %rsi; mov %rcx, (%rsi);
	 * syscall; xor %ebp, %ebp; pop %rdi
	 */
	{ "musl's clone",
	  "31c0 b038 4989fb 4c8b542408 4883e6f0 4883ee08 48890e 0f05 "
	  "31ed 5f",
	  "rax=? rcx=? rsi=? rdi=? rbp=0 rsp=cfa+0 r10=? r11=? rip=0 []" },
	/* mov $0x7fffffff, %eax; add %rax, %rsp */
	{ "sums of a constant too large for a frame",
	  "b8ffffff7f 4801c4",
	  "rax=? rsp=? [rip-8]" },
	/* sub $0x40000000, %rsp */
	{ "a frame of a gigabyte and more",
	  "4881ec00000040",
	  "rsp=? [rip-8]" },
	/* or $0x20, %ah; mov $0x1, %ch; mov %al, %bh; xchg %dh, %al */
	{ "ah, ch, dh, bh are no sp, bp, si, di",
	  "80cc20 b501 88c7 86f0",
	  "rax=? rdx=? rcx=? rbx=? rsp=cfa-8 [rip-8]" },
	/* mov $0x1, %bpl */
	{ "… but spl, bpl are",
	  "40b501",
	  "rbp=? rsp=cfa-8 [rip-8]" },
	/* lock orl $0x0, (%rsp); orq $0x0, (%rsp); lock addl $0x0, (%rsp) */
	{ "barriers and probes write nothing",
	  "f0830c2400 48830c2400 f083042400",
	  "rsp=cfa-8 [rip-8]" },
	/* pop %rdi; mov $0x3a, %eax; syscall; push %rdi */
	{ "vfork keeps its return address in a register",
	  "5f b83a000000 0f05 57",
	  "rax=? rcx=? rdi=rip rsp=cfa-8 r11=? [rip-8]" },
	/* push %rbx; mov %rax, (%rsp, %r12, 1); mov %rax, -0x8(%r13) */
	{ "an index by r12 or r13 is one",
	  "53 4a890424 498945f8",
	  "rsp=cfa-16 [rip-8 rbx-16]" },
	/*
	 * mov %rsp, %r12; mov %rsp, %r13; mov %rbx, -0x8(%r12); mov %rbp,
	 * -0x10(%r13)
	 */
	{ "r12 and r13 as bases",
	  "4989e4 4989e5 49895c24f8 49896df0",
	  "rsp=cfa-8 r12=cfa-8 r13=cfa-8 [rip-8 rbx-16 rbp-24]" },
	/* push %rbp; xor %ebp, %ebp */
	{ "rbp zeroed behind a push is a constant like others",
	  "55 31ed",
	  "rbp=0 rsp=cfa-16 [rip-8 rbp-16]" },
	/* mov %rbp, %rax; xor %ebp, %ebp */
	{ "… and kept in a register",
	  "4889e8 31ed",
	  "rax=rbp rbp=0 rsp=cfa-8 [rip-8]" },
	/* xor %ebp, %ebp; and $0xfffffffffffffff0, %rsp; mov %r8, %rdi */
	{ "clone3's child",
	  "31ed 4883e4f0 4c89c7",
	  "rdi=r8 rbp=0 rsp=aligned+0 rip=0 []" },
	/* push %rbx; push %rcx; vmovq %xmm16, 0x40(%rsp) */
	{ "EVEX scales its displacement",
	  "53 51 62e1fd087e442408",
	  "rsp=cfa-24 [rip-8 rbx-16]" },
	/* mov $0x5, %edx; mov $0x6, %dx */
	{ "16 bits of a constant are none",
	  "ba05000000 66ba0600",
	  "rdx=? rsp=cfa-8 [rip-8]" },
	/* sub $0x8, %rsp; xor %ebp, %ebp */
	{ "rbp zeroed in a frame, as where a function never returns",
	  "4883ec08 31ed",
	  "rbp=0 rsp=cfa-16 [rip-8]" },
	/* xadd %rcx, %rbx; push %r12; xchg %rax, (%rsp) */
	{ "both are written: xadd, xchg with memory",
	  "480fc1cb 4154 48870424",
	  "rax=? rcx=? rbx=? rsp=cfa-16 [rip-8]" },
	/* push %rbx; push %rbp; adcq $0x0, 0x8(%rsp); andq $0x0, (%rsp) */
	{ "a carry is added, too",
	  "53 55 488354240800 4883242400",
	  "rsp=cfa-24 [rip-8]" },
	/* mov %rsp, %rax; nop; pause */
	{ "nop and pause are no xchg",
	  "4889e0 90 f390",
	  "rax=cfa-8 rsp=cfa-8 [rip-8]" },
	/* mov $0x20000, %eax; nop; pause; sub %rax, %rsp */
	{ "nop and pause write nothing",
	  "b800000200 90 f390 4829c4",
	  "rax=131072 rsp=cfa-131080 [rip-8]" },
	/*
	 * mov %rsp, %r11; and $0xffffffffffffffc0, %rsp; mov %rax, (%rsi); add
	 * $0x8, %rsi; cmp %rsi, %rdi; lea (%rdx, %rcx, 1), %rdx; jne 0x7
	 */
	{ "a tight loop below a stack aligned anew is no probing one",
	  "4989e3 4883e4c0 488906 4883c608 4839f7 488d140a 75f0",
	  "rdx=? rsi=? rsp=aligned+0 r11=cfa-8 [rip-8]" },
};
/* clang-format on */

static void check_effects(void)
{
	struct dwu_scan_state state;
	size_t i;

	for (i = 0; i < sizeof(effects) / sizeof(effects[0]); i++)
		is_str(run(effects[i].hex, &state), effects[i].want, "%s",
		       effects[i].title);
}

/* --- what one instruction is --------------------------------------------- */

struct insn_case {
	const char *hex, *want;
};

/* At 0x1000. */
static const struct insn_case insns[] = {
	{ "90", "1 next pad" },
	{ "66 90", "2 next pad" },
	{ "66 2e 0f1f8400 00000000", "10 next pad" },
	{ "488d7600", "4 next pad" },
	{ "488db42600000000", "8 next pad" },
	{ "488d742608", "5 next" },
	{ "4190", "2 next" }, /* xchg %eax, %r8d */
	{ "f390", "2 next" }, /* pause */
	{ "cc", "1 end pad" },
	{ "f4", "1 end" },
	{ "0f0b", "2 end" },
	{ "0f05", "2 next" },
	{ "c3", "1 return" },
	{ "f3c3", "2 return" },
	{ "c20800", "3 return" },
	{ "cb", "1 return" },
	{ "e8 fb0f0000", "5 call 0x2000" },
	{ "67e8 fa0f0000", "6 call 0x2000" },
	{ "e8 00000000", "5 call 0x1005" },
	{ "e8 00000000 58", "5 next" },
	{ "e8 00000000 415f", "5 next" },
	{ "e8 00000000 4883ec08", "5 call 0x1005" },
	{ "ff d0", "2 call" },
	{ "ff 1500000000", "6 call" },
	{ "41 ff 54 24 08", "5 call" },
	{ "ff 5c2408", "4 call" }, /* lcall */
	{ "eb fe", "2 jump 0x1000" },
	{ "e9 fbefffff", "5 jump 0x0" },
	{ "f2 e9 fa0f0000", "6 jump 0x2000" },
	{ "ff e0", "2 indirect" },
	{ "3e ff e0", "3 indirect table" },
	{ "ff 24c500000000", "7 indirect table" },
	{ "ff 2500000000", "6 indirect" },
	{ "74 10", "2 branch 0x1012" },
	{ "0f84 f0ffffff", "6 branch 0xff6" },
	{ "e3 10", "2 branch 0x1012" },
	{ "e2 10", "2 branch 0x1012" },
	{ "c7f8 04000000", "6 branch 0x100a" },
	{ "ff 3500000000", "6 next" }, /* push */
	{ "c8 2000", "0" },
	{ "c8 2000 00", "4 next" },
	{ "48b8 0102030405060708", "10 next" },
	{ "48a1 0102030405060708", "10 next" },
	{ "67a1 01020304", "6 next" },
	{ "66c705 00000000 0102", "9 next" },
	{ "f605 00000000 01", "7 next" },
	{ "f615 00000000", "6 next" },
	{ "62f17d48 6f4401", "0" },
	{ "62f17d48 6f440102", "8 next" },
	{ "c5f877", "3 next" },
	{ "8fe878c04500 05", "7 next" }, /* vprotb, XOP */
	{ "0f0f c1 9e", "4 next" },	 /* pfadd */
	{ "66 0f78c0 0102", "6 next" },	 /* extrq */
	{ "dd2d 00000000", "6 next" },
	/* a REX before another prefix says nothing */
	{ "48 66 b8 0102", "5 next" },
	/* no instructions in 64-bit mode */
	{ "06", "0" },
	{ "ea 00000000 0000", "0" },
	{ "0f04", "0" },
	{ "ff f8", "0" },
	{ "fe d0", "0" },
	{ "c7 c8 00000000", "0" },
	{ "8d c0", "0" },
	/* 15 bytes are the most */
	{ "66666666666666 66666666666666 90", "15 next pad" },
	{ "66666666666666 66666666666666 66 90", "0" },
};

static const char *insn_text(const struct dwu_insn *insn)
{
	static struct text text;

	text.size = 0;
	add(&text, "%u", insn->size);
	if (insn->size == 0)
		return text.bytes;
	add(&text, " %s", flow_names[insn->flow]);
	if (insn->target || insn->flow == DWU_FLOW_JUMP)
		add(&text, " 0x%" PRIx32, insn->target);
	if (insn->table)
		add(&text, " table");
	if (insn->pad)
		add(&text, " pad");
	return text.bytes;
}

static void check_insns(void)
{
	uint8_t bytes[DWU_INSN_MAX];
	struct dwu_code code = { bytes, 0, 0x1000, 0 };
	struct dwu_insn insn;
	size_t i;

	for (i = 0; i < sizeof(insns) / sizeof(insns[0]); i++) {
		code.size = from_hex(insns[i].hex, bytes, sizeof(bytes));
		scan->decode(arch, &code, &insn);
		is_str(insn_text(&insn), insns[i].want, "%s", insns[i].hex);
	}
}

/* Code that ends inside an instruction has none there. */
static void check_ends(void)
{
	uint8_t bytes[DWU_INSN_MAX], *end;
	struct dwu_code code = { .vaddr = 0x1000 };
	struct dwu_scan_state state, before;
	struct dwu_insn insn;
	size_t i, size, whole;
	unsigned int bad = 0;

	for (i = 0; i < sizeof(insns) / sizeof(insns[0]); i++) {
		whole = strtoul(insns[i].want, NULL, 10);
		size = from_hex(insns[i].hex, bytes, sizeof(bytes));
		for (; whole && size-- > 0;) {
			/* of its own, so that a sanitizer sees its end */
			end = malloc(size + 1);
			memcpy(end, bytes, size);
			code.bytes = end;
			code.size = size;
			scan->decode(arch, &code, &insn);
			enter_function(&state);
			before = state;
			scan->effect(arch, &code, &insn, &state);
			/* what is left may be a shorter one */
			bad += insn.size > size ||
			       (insn.size == 0 &&
				memcmp(&state, &before, sizeof(state)) != 0);
			free(end);
		}
	}
	is_u64(bad, 0, "instructions cut off at each byte");
}

/* --- what functions begin with -------------------------------------------- */

struct start_case {
	const char *title, *hex;
	uint8_t want;
};

static const struct start_case starts[] = {
	{ "endbr64", "f30f1efa", DWU_START_MAYBE },
	{ "endbr32", "f30f1efb", DWU_START_NO },
	{ "push %rbp", "55", DWU_START_MAYBE },
	{ "push %r15", "4157", DWU_START_MAYBE },
	{ "push %rax", "50", DWU_START_MAYBE },
	{ "push %rsp", "54", DWU_START_NO },
	{ "push $1", "6a01", DWU_START_NO },
	{ "sub $8, %rsp", "4883ec08", DWU_START_MAYBE },
	{ "sub $0x1000, %rsp", "4881ec00100000", DWU_START_MAYBE },
	{ "sub $-8, %rsp", "4883ecf8", DWU_START_NO },
	{ "add $8, %rsp", "4883c408", DWU_START_NO },
	{ "sub $8, %esp", "83ec08", DWU_START_NO },
	{ "pop %rbp", "5d", DWU_START_NO },
	{ "nothing", "06", DWU_START_NO },
};

static void check_starts(void)
{
	uint8_t bytes[DWU_INSN_MAX];
	struct dwu_code code = { bytes, 0, 0x1000, 0 };
	size_t i;

	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		code.size = from_hex(starts[i].hex, bytes, sizeof(bytes));
		is_u64(scan->start(arch, &code), starts[i].want, "start: %s",
		       starts[i].title);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "lengths") == 0)
		return lengths();
	check_effects();
	check_insns();
	check_ends();
	check_starts();
	return done();
}

#else

int main(void)
{
	return skip_all("built without CONFIG_SCAN_X86_64");
}

#endif
