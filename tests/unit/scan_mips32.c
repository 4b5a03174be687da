/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * arch/mips32/scan.c: words that binutils made, what they do by the
 * architecture's manuals (MIPS32 II-A, IV-a), in both byte orders.
 */
#include "arch/mips32/target.h"

#include "arch/mips32/alone.h"
#include "arch/mips32/scan_alone.h"
#include "flows.h"
#include "tap.h"

#include <stdlib.h>

#define VADDR 0x400100u
#define SP 29
#define RA 31

/* Set by main() for both. */
static const struct dwunw_arch_ops *arch;

/* Words of 8 digits or halves of 4, as written in big-endian. */
static size_t bytes_of(const char *hex, uint8_t *bytes, size_t size)
{
	size_t used = 0, digits, i;
	unsigned int byte;

	for (; *hex; hex += digits) {
		hex += strspn(hex, " ");
		digits = strcspn(hex, " ");
		for (i = 0; i < digits / 2 && used + digits / 2 <= size; i++) {
			sscanf(hex + 2 * i, "%2x", &byte);
			bytes[used +
			      (arch->big_endian ? i : digits / 2 - 1 - i)] =
				(uint8_t)byte;
		}
		used += digits / 2;
	}
	return used;
}

static struct dwu_code code_of(const uint8_t *bytes, size_t size, uint8_t isa)
{
	return (struct dwu_code){ .bytes = bytes,
				  .size = size < DWU_INSN_MAX ? size :
								DWU_INSN_MAX,
				  .vaddr = VADDR,
				  .isa = isa };
}

/* "call 1234 delay", as the tables below say it. */
static const char *insn_text(const struct dwu_insn *insn)
{
	static char text[80];
	char target[24] = "";

	if (insn->size == 0)
		return "bad";
	if (insn->target)
		snprintf(target, sizeof(target), " %" PRIx32, insn->target);
	snprintf(text, sizeof(text), "%s%s%s%s%s%s", flow_names[insn->flow],
		 target, insn->delay ? " delay" : "",
		 insn->likely ? " likely" : "", insn->pad ? " pad" : "",
		 insn->table ? " table" : "");
	return text;
}

/* --- where control goes --------------------------------------------------- */

struct flow_case {
	const char *title, *hex, *want;
};

static const struct flow_case flow_cases[] = {
	{ "addiu $sp, $sp, -32", "27bdffe0", "next" },
	{ "nop", "00000000", "next pad" },
	{ "sll $0, $0, 1", "00000040", "next" },
	{ "beq $4, $5", "10850007", "branch 400120 delay" },
	{ "beql $4, $5", "50850007", "branch 400120 delay likely" },
	{ "beql $4, $4: always", "50840007", "jump 400120 delay" },
	{ "b backwards", "1000fffb", "jump 4000f0 delay" },
	{ "bne $4, $0", "14800007", "branch 400120 delay" },
	{ "bnel $4, $5", "54850007", "branch 400120 delay likely" },
	{ "bne $4, $4: never", "14840007", "next" },
	{ "blez $4", "18800007", "branch 400120 delay" },
	{ "blez $0: always", "18000007", "jump 400120 delay" },
	{ "bgtz $4", "1c800007", "branch 400120 delay" },
	{ "bgtzl $4", "5c800007", "branch 400120 delay likely" },
	{ "bgtz $0: never", "1c000007", "next" },
	{ "bltz $4", "04800007", "branch 400120 delay" },
	{ "bltz $0: never", "04000007", "next" },
	{ "bltzl $4", "04820007", "branch 400120 delay likely" },
	{ "bgez $4", "04810007", "branch 400120 delay" },
	{ "bgezal $4", "04910007", "call 400120 delay" },
	{ "bltzall $4", "04920007", "call 400120 delay likely" },
	{ "bal", "04110007", "call 400120 delay" },
	{ "bal backwards", "0411fffb", "call 4000f0 delay" },
	{ "bal .+8: $ra = pc", "04110001", "next" },
	{ "bal .+16, to a function behind b",
	  "04110003 00000000 1000fff0 00000000", "call 400110 delay" },
	{ "bal .+16, over .gpword", "04110003 00000000 fff7c210 000012a0",
	  "jump 400110 delay" },
	{ "bal .+20, over .gpword", "04110004 0000f025 fff7c210 fff80000",
	  "jump 400114 delay" },
	{ "bal .+28, behind what looks so",
	  "04110006 0000f025 fff7c210 fff80000", "call 40011c delay" },
	{ "bal .+16, at the end of the code", "04110003", "call 400110 delay" },
	{ "synci", "049f0000", "next" },
	{ "bposge32", "041c0007", "branch 400120 delay" },
	{ "bc1t", "45010007", "branch 400120 delay" },
	{ "bc1fl $fcc1", "45060007", "branch 400120 delay likely" },
	{ "bz.b $w1", "47010007", "branch 400120 delay" },
	{ "bz.b $w2", "47020007", "branch 400120 delay" },
	{ "bnz.v $w1", "45e10007", "branch 400120 delay" },
	{ "mfc1 $4, $f0", "44040000", "next" },
	{ "j", "08048d14", "jump 123450 delay" },
	{ "jal", "0c048d14", "call 123450 delay" },
	{ "jr $ra", "03e00008", "return delay" },
	{ "jr.hb $ra", "03e00408", "return delay" },
	{ "jalr $0, $ra", "03e00009", "return delay" },
	{ "jr $t9: a tail call", "03200008", "indirect delay" },
	{ "jr $s2: a return of its own kind", "02400008", "indirect delay" },
	{ "jr $v0: a switch", "00400008", "indirect delay table" },
	{ "jalr $t9", "0320f809", "call delay" },
	{ "jalr.hb $ra, $t9", "0320fc09", "call delay" },
	{ "break", "0000000d", "end" },
	{ "teq $0, $0", "00000034", "end" },
	{ "teq $4, $0, 7", "008001f4", "next" },
	{ "syscall", "0000000c", "next" },
	{ "ldc1", "d4840000", "next" },
	{ "ld: 64-bit registers", "dc840000", "bad" },
	{ "daddu: 64-bit registers", "0085202d", "bad" },
	{ "half a word", "27bd", "bad" },
	{ NULL, NULL, NULL },
};

static const struct flow_case flow16_cases[] = {
	{ "nop", "6500", "next pad" },
	{ "move $16, $4", "670c", "next" },
	{ "b .+2", "1000", "jump 400102" },
	{ "b .+2048", "13ff", "jump 400900" },
	{ "b .-2, extended", "f7ff 101d", "jump 4000fe" },
	{ "beqz $4", "24df", "branch 4000c0" },
	{ "bteqz, extended", "f060 601f", "branch 400202" },
	{ "btnez", "6101", "branch 400104" },
	{ "jal", "1880 8d14", "call 123450 delay" },
	{ "jalx", "1c80 8d14", "call 123450 delay" },
	{ "lw $2, 12($pc)", "b203", "next 40010c" },
	{ "lw $2, 1028($pc), extended", "f400 b204", "next 400504" },
	{ "zeros", "0000", "next pad" },
	{ "jr $ra", "e820", "return delay" },
	{ "jrc $ra", "e8a0", "return" },
	{ "jr $4", "ec00", "indirect delay table" },
	{ "jrc $4", "ec80", "indirect table" },
	{ "jalr $4", "ec40", "call delay" },
	{ "jalrc $4", "ecc0", "call" },
	{ "break", "e805", "end" },
	{ "save", "64f4", "next" },
	{ "half of an extended one", "f060", "bad" },
	{ "half of jal", "1880", "bad" },
	{ "extend twice", "f060 f060", "bad" },
	{ "ld: 64-bit registers", "3800", "bad" },
	{ NULL, NULL, NULL },
};

static void test_flow(const struct flow_case *c, uint8_t isa)
{
	uint8_t bytes[16];
	struct dwu_code code;
	struct dwu_insn insn;

	for (; c->title; c++) {
		memset(&insn, 0xff, sizeof(insn));
		insn.delay = insn.likely = insn.pad = insn.table = true;
		code = code_of(bytes, bytes_of(c->hex, bytes, sizeof(bytes)),
			       isa);
		arch->scan->decode(arch, &code, &insn);
		is_str(insn_text(&insn), c->want, "%s: %s", arch->name,
		       c->title);
		if (insn.size && isa == 0)
			is_u64(insn.size, 4, "… its size");
		else if (insn.size)
			is_u64(insn.size, code.size, "… its size");
	}
}

/* jal takes the high bits of its delay slot's address. */
static void test_places(void)
{
	uint8_t bytes[4];
	struct dwu_code code =
		code_of(bytes, bytes_of("0c048d14", bytes, 4), 0);
	struct dwu_insn insn;

	code.vaddr = 0x7c000000;
	arch->scan->decode(arch, &code, &insn);
	is_u64(insn.target, 0x70123450, "%s: jal high up", arch->name);
	code.vaddr = 0x7ffffffc;
	arch->scan->decode(arch, &code, &insn);
	is_u64(insn.target, 0x80123450, "… where its delay slot is higher");
	code.vaddr = 0x7ffffffe;
	arch->scan->decode(arch, &code, &insn);
	is_u64(insn.size, 0, "… between two words");
}

/* --- what it does to the state ------------------------------------------------ */

static void enter(struct dwu_scan_state *state)
{
	uint8_t i;

	memset(state, 0, sizeof(*state));
	for (i = 0; i < 32; i++) {
		state->regs[i].kind = DWU_VALUE_ENTRY;
		state->regs[i].reg = i;
	}
	for (i = 0; i < DWU_SCAN_REGS; i++)
		state->slots[i] = DWU_SLOT_NONE;
	state->regs[SP] = (struct dwu_value){ .kind = DWU_VALUE_CFA };
}

/*
 * "r29=c-32 r8=r31 r2=#5 r4=? 31@-4": CFA - 32, the entry value of another
 * register, a number, nothing known; and the slots.
 */
static const char *state_text(const struct dwu_scan_state *state)
{
	static char text[512];
	size_t used = 0;
	unsigned int i;

	text[0] = '\0';
	for (i = 0; i < DWU_SCAN_REGS; i++) {
		const struct dwu_value *v = &state->regs[i];
		char what[24] = "?";

		if (v->kind == DWU_VALUE_ENTRY && v->reg == i)
			continue;
		if (i == SP && v->kind == DWU_VALUE_CFA && v->n == 0)
			continue;
		if (i == 32 && v->kind == DWU_VALUE_UNKNOWN)
			continue;
		if (v->kind == DWU_VALUE_ENTRY)
			snprintf(what, sizeof(what), "r%u", v->reg);
		else if (v->kind == DWU_VALUE_CFA)
			snprintf(what, sizeof(what), "c%+" PRId32, v->n);
		else if (v->kind == DWU_VALUE_CONST)
			snprintf(what, sizeof(what), "#%" PRId32, v->n);
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%sr%u=%s", used ? " " : "", i, what);
	}
	for (i = 0; i < arch->saved_count; i++)
		if (state->slots[arch->saved[i]] != DWU_SLOT_NONE)
			used += (size_t)snprintf(
				text + used, sizeof(text) - used,
				"%s%u@%" PRId32, used ? " " : "",
				arch->saved[i], state->slots[arch->saved[i]]);
	return text;
}

static const struct flow_case effect_cases[] = {
	{ "a frame: addiu, sw, sw", "27bdffe0 afbf001c afb00018",
	  "r29=c-32 31@-4 16@-8" },
	{ "and back: sw $s0, lw $s0, addiu",
	  "27bdffe0 afb00018 02008025 8fb00018 27bd0020", "16@-8" },
	{ "addi $sp", "23bdffe8", "r29=c-24" },
	{ "lui, ori, subu $sp; addu", "3c020001 34423a50 03a2e823 03a2f021",
	  "r2=#80464 r29=c-80464 r30=c+0" },
	{ "lui, addiu, addu $sp", "3c02fffe 2442fff8 03a2e821",
	  "r2=#-131080 r29=c-131080" },
	{ "ori $2, $0, 0x8000; subu $sp", "34028000 03a2e823",
	  "r2=#32768 r29=c-32768" },
	{ "two addiu $sp", "27bd8000 27bdfff0", "r29=c-32784" },
	{ "alloca behind move $s8, $sp", "27bdffd0 afbe0028 03a0f025 03a2e823",
	  "r29=? r30=c-48 30@-8" },
	{ "… and the way out",
	  "27bdffd0 afbe0028 03a0f025 03a2e823 03c0e825 8fbe0028 27bd0030",
	  "30@-8" },
	{ "three forms of move; or of two", "03a0f025 001d8021 00858825",
	  "r16=c+0 r17=? r30=c+0" },
	{ "sw over a slot", "27bdfff8 afbf0004 afa40004", "r29=c-8" },
	{ "swc1 over a slot", "27bdfff8 afbf0004 e7a00004", "r29=c-8" },
	{ "sdc1 over a slot", "27bdfff8 afbf0004 f7a00000", "r29=c-8" },
	{ "sb over a slot", "27bdfff8 afbf0004 a3a40007", "r29=c-8" },
	{ "lw $ra", "27bdfff8 afbf0004 0000f825 8fbf0004", "r29=c-8 31@-4" },
	{ "move $ra, $0", "0000f825", "r31=#0" },
	{ "lw of $ra's slot to another", "27bdfff8 afbf0004 8fa80004",
	  "r8=r31 r29=c-8 31@-4" },
	{ "move $8, $ra; bal .+8", "03e04025 04110001", "r8=r31 r31=?" },
	{ "bal", "04110007", "r31=?" },
	{ "bgezal", "04910007", "r31=?" },
	{ "… move $ra, $8", "03e04025 04110001 0100f825", "r8=r31" },
	{ "movn, movz, movt", "0085800b 0085880a 00819001",
	  "r16=? r17=? r18=?" },
	{ "ext and ins write rt, not rd", "7ca407c0 7ca6f8c4", "r4=? r6=?" },
	{ "seb, lwx rd; extr.w, insv rt", "7c052420 7ce5300a 7fa81838 7ca9000c",
	  "r4=? r6=? r8=? r9=?" },
	{ "rddsp, whose mask stands in rt", "7c3f24b8", "r4=?" },
	{ "copy_s.w, addv.b", "78b00919 7803104e", "r4=?" },
	{ "mfc1, cfc1, mfhc1; mtc1, ctc1",
	  "44040000 4445f800 44680000 44860000 44c7f800", "r4=? r5=? r8=?" },
	{ "li, sll of a number, sll", "24040001 00042c00 00073080",
	  "r4=#1 r5=#65536 r6=?" },
	{ "mult, mflo, mthi, div", "00850018 00003012 00e00011 0085001a",
	  "r6=?" },
	{ "tne, whose code stands in rd", "03fffff6", "" },
	{ "sc, ll, lwl write; swl does not",
	  "e0a40000 c0a60000 88a70000 aba80000", "r4=? r6=? r7=?" },
	{ "lw $sp", "8c9d0004", "r29=?" },
	{ "sw by another register", "27a20010 2443fffc ac7f0000",
	  "r2=c+16 r3=c+12 31@12" },
	{ "sw by what is no place on the stack", "ac9ffffc 24050004 acbf0000",
	  "r5=#4" },
	{ "lw by what is none", "27bdfff8 afbf0004 8c88fffc",
	  "r8=? r29=c-8 31@-4" },
	{ "or of a place and a number", "24040004 03a42825", "r4=#4 r5=?" },
	{ "$zero stays 0", "27a00004 8fa00000 00002025", "r4=#0" },
	{ "nor, slti, xori, andi; lui",
	  "00002027 28a40001 38a60001 30a70001 3c088000",
	  "r4=? r6=? r7=? r8=#-2147483648" },
	{ "lwxc1, pref, cache, sync", "4fb00000 ce000000 be000000 0000000f",
	  "" },
	{ "mul, clz", "70a62002 71073820", "r4=? r7=?" },
	{ "subu of nothing, from nothing", "00a02023 00053023", "r4=r5 r6=?" },
	{ "syscall", "0000000c",
	  "r1=? r2=? r3=? r7=? r8=? r9=? r10=? r11=? r12=? r13=? r14=? "
	  "r15=? r24=? r25=?" },
	{ "lw $t9 off the stack behind clone(): a thread's first frame",
	  "27bdfff0 afbf000c 24021018 0000000c 8fb90000",
	  "r1=? r2=? r3=? r7=? r8=? r9=? r10=? r11=? r12=? r13=? r14=? "
	  "r15=? r24=? r25=? r29=c-16 r31=#0 r32=#4120" },
	{ "… behind exit()", "27bdfff0 afbf000c 24020fa1 0000000c 8fb90000",
	  "r1=? r2=? r3=? r7=? r8=? r9=? r10=? r11=? r12=? r13=? r14=? "
	  "r15=? r24=? r25=? r29=c-16 31@-4" },
	{ "… to another register than $t9",
	  "27bdfff0 afbf000c 24021018 0000000c 8fa40000",
	  "r1=? r2=? r3=? r4=? r7=? r8=? r9=? r10=? r11=? r12=? r13=? r14=? "
	  "r15=? r24=? r25=? r29=c-16 r32=#4120 31@-4" },
	{ "… by another register than $sp",
	  "27bdfff0 afbf000c 24021018 0000000c 03a02025 8c990000",
	  "r1=? r2=? r3=? r4=c-16 r7=? r8=? r9=? r10=? r11=? r12=? r13=? "
	  "r14=? r15=? r24=? r25=? r29=c-16 r32=#4120 31@-4" },
	{ NULL, NULL, NULL },
};

static const struct flow_case effect16_cases[] = {
	{ "save 8", "6481", "r29=c-8" },
	{ "save 128, $ra: a size of 0", "64c0", "r29=c-128 31@-4" },
	{ "save 0, $ra, extended: a size of 0 is 0", "f000 64c0", "31@-4" },
	{ "save 32, $ra, $s0, $s1", "64f4", "r29=c-32 31@-4 16@-12 17@-8" },
	{ "save 40, $ra, $s0-$s8", "f700 64f5",
	  "r29=c-40 31@-4 16@-40 17@-36 18@-32 19@-28 20@-24 21@-20 22@-16 "
	  "23@-12 30@-8" },
	{ "save 2040, $ra, $s0-$s2", "f1f0 64ff",
	  "r29=c-2040 31@-4 16@-16 17@-12 18@-8" },
	{ "save $a0-$a1, 56, $ra, $s0-$s1", "f008 64f7",
	  "r29=c-56 31@-4 16@-12 17@-8" },
	{ "save, restore", "64e4 6464", "r4=? r5=? r6=? r7=? 31@-4 16@-8" },
	{ "a frame: addiu, sw $ra, sw $s0", "63f8 620f d00e",
	  "r29=c-64 31@-4 16@-8" },
	{ "addiu $sp, down and up", "6380 637f", "r29=c-8" },
	{ "move $17, $sp; addiu $17; move $sp, $17", "673d 4908 65b9",
	  "r17=c+8 r29=c+8" },
	{ "addiu rx, $sp; addiu ry, rx", "00ff 4067 4088 0504",
	  "r3=c+1027 r4=c+1012 r5=c+16 r16=c+1020" },
	{ "li, li extended, neg, addu, subu", "6aff f010 6b00 ec6b e275 e27b",
	  "r2=#255 r3=#32768 r4=#-32768 r5=#33023 r6=#-32513" },
	{ "addiu rx, extended; addiu ry, rx, extended",
	  "6c00 4cff f41f 4c18 f41f 4468 f3e0 44a8",
	  "r3=#-2001 r4=#-1001 r5=#-1" },
	{ "li, sll extended, sll 8, sra", "6a01 f400 3340 3440 3543",
	  "r2=#1 r3=#65536 r4=#256 r5=?" },
	{ "lw, lw, lw, lbu, lb", "9400 98bf 9602 a0ff 8040",
	  "r2=? r4=? r5=? r6=? r7=?" },
	{ "sw, sb, sh, sw", "d401 c083 c881 d000", "16@0" },
	{ "cmp, slt, cmpi", "ecaa eca2 7401", "r24=?" },
	{ "sllv, mfhi, mflo, zeb, not", "ed84 ea10 eb12 ed11 eeaf",
	  "r2=? r3=? r4=? r5=? r6=?" },
	{ "mult, sdbbp, nop", "ecb8 e801 6500", "" },
	{ "la", "f000 0c05", "r4=?" },
	{ NULL, NULL, NULL },
};

static void test_effect(const struct flow_case *c, uint8_t isa)
{
	struct dwu_scan_state state;
	struct dwu_insn insn;
	struct dwu_code code;
	uint8_t bytes[64];
	size_t size, at;

	for (; c->title; c++) {
		enter(&state);
		size = bytes_of(c->hex, bytes, sizeof(bytes));
		for (at = 0; at < size; at += insn.size) {
			code = code_of(bytes + at, size - at, isa);
			arch->scan->decode(arch, &code, &insn);
			if (insn.size == 0)
				break;
			arch->scan->effect(arch, &code, &insn, &state);
		}
		is_str(at == size ? state_text(&state) : "bad", c->want,
		       "%s: %s", arch->name, c->title);
	}
}

/* --- what looks like a function's start ------------------------------------------- */

struct start_case {
	const char *title, *hex;
	uint8_t isa, want;
};

static const struct start_case starts[] = {
	{ "addiu $sp, $sp, -32", "27bdffe0", 0, DWU_START_MAYBE },
	{ "addiu $sp, $sp, 32", "27bd0020", 0, DWU_START_NO },
	{ "$gp from $t9", "3c1c0002 279cffe1 0399e021 27bdffd8", 0,
	  DWU_START_SURE },
	{ "$gp from $t9, a frame opened in between",
	  "3c1c0002 279cffe1 27bdffd8 0399e021", 0, DWU_START_SURE },
	{ "$gp from $t9 by $v0", "3c020002 2442ffe1 0322e021", 0,
	  DWU_START_MAYBE },
	{ "$gp from another than $t9", "3c1c0002 279cffe1 0382e021", 0,
	  DWU_START_NO },
	{ "an address in a table, $t9 the index", "3c020001 00591021", 0,
	  DWU_START_NO },
	{ "$gp from $t9, cut short", "3c1c0002 279cffe1", 0, DWU_START_NO },
	{ "an entry of .MIPS.stubs", "8f998010 03e07825 0320f809 24180005", 0,
	  DWU_START_SURE },
	{ "an entry of .plt", "3c0f0041 8df90010 25f80010 03200008", 0,
	  DWU_START_SURE },
	{ "nothing", "", 0, DWU_START_NO },
	{ "save", "64f4", 1, DWU_START_MAYBE },
	{ "save, extended", "f700 64f5", 1, DWU_START_MAYBE },
	{ "restore", "6464", 1, DWU_START_NO },
	{ "addiu $sp, -64", "63f8", 1, DWU_START_MAYBE },
	{ "addiu $sp, -2048, extended", "f01f 6300", 1, DWU_START_MAYBE },
	{ "addiu $sp, 1984, extended", "f7c0 6300", 1, DWU_START_NO },
	{ "addiu $sp, 1016", "637f", 1, DWU_START_NO },
	{ "$gp from $pc", "f000 6a03 f0d5 0b14", 1, DWU_START_SURE },
	{ "$v1 from $pc, not for $gp", "f000 6b03 f0d5 0b14", 1, DWU_START_NO },
};

static void test_start(void)
{
	struct dwu_code code;
	uint8_t bytes[16];
	size_t i;

	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (starts[i].isa && !IS_ON(CONFIG_SCAN_MIPS16))
			continue;
		code = code_of(bytes,
			       bytes_of(starts[i].hex, bytes, sizeof(bytes)),
			       starts[i].isa);
		is_u64(arch->scan->start(arch, &code), starts[i].want,
		       "%s: start: %s", arch->name, starts[i].title);
	}
}

/* --- what the engine takes for granted where mips32 is the only target ------------ */

static bool same_file(const struct dwu_arch_file *a,
		      const struct dwu_arch_file *b)
{
	return a->flags_never == b->flags_never &&
	       a->flags_end == b->flags_end && a->isa_flag == b->isa_flag &&
	       !memcmp(a->isa_other, b->isa_other, sizeof(a->isa_other)) &&
	       a->function_size == b->function_size &&
	       a->signs_ra == b->signs_ra &&
	       (a->function_table == b->function_table ||
		(a->function_table && b->function_table &&
		 !strcmp(a->function_table, b->function_table)));
}

static void test_alone(void)
{
	const struct dwunw_arch_ops *alone = &dwu_arch_alone;
	const struct dwu_scan_ops *scan = &dwu_scan_ops_alone;
	unsigned int i, differ = 0;

	is_u64(alone->reg_count, arch->reg_count, "alone: reg_count");
	is_u64(alone->sp, arch->sp, "alone: sp");
	is_u64(alone->ra, arch->ra, "alone: ra");
	is_u64(alone->link_register, arch->link_register, "alone: link");
	is_u64(alone->entry_size, arch->entry_size, "alone: entry_size");
	is_u64(alone->preserved, arch->preserved, "alone: preserved");
	is_u64(alone->pc_mask, arch->pc_mask, "alone: pc_mask");
	is_u64(alone->isa_mask, arch->isa_mask, "alone: isa_mask");
	is_u64(alone->machine, arch->machine, "alone: machine");
	is_u64(alone->elf_class, arch->elf_class, "alone: elf_class");
	is_u64(alone->address_size, arch->address_size, "alone: address size");
	is_u64(alone->extra_count, arch->extra_count, "alone: extra_count");
	is_u64(alone->extra_first, arch->extra_first, "alone: extra_first");
	is_u64(alone->ra_alias, arch->ra_alias, "alone: ra_alias");
	is_u64(alone->pc, arch->pc, "alone: pc");
	is_u64(alone->fp, arch->fp, "alone: fp");
	is_u64(alone->saved_count, arch->saved_count, "alone: saved_count");
	is_u64(alone->signal_step, arch->signal_step, "alone: signal_step");
	ok(!arch->file || same_file(alone->file, arch->file),
	   "alone: what files have");
	/* DWU_ARCH_HAS() */
	ok(!arch->stub_code && !arch->frame_pointer_row && !arch->thread_code &&
		   !arch->preempt_code && !arch->switch_code,
	   "what only other targets have");
	is_u64(scan->unit, arch->scan->unit, "alone: unit");
	is_u64(scan->red_zone, arch->scan->red_zone, "alone: red zone");
	is_u64(scan->resolver[0], arch->scan->resolver[0], "a resolver");
	is_u64(scan->resolver[1], arch->scan->resolver[1], "…");
	is_u64(scan->resolver_ra, arch->scan->resolver_ra, "… its link");
	is_u64(scan->delay_slots, arch->scan->delay_slots,
	       "alone: delay slots");
	/* the columns of rows that are filled */
	for (i = 0; i < arch->saved_count; i++)
		differ += !dwu_scan_is_saved(arch, arch->saved[i]);
	is_u64(differ, 0, "what rows can say is saved is what calls preserve");
}

/* --- which isa a word looks like ----------------------------------------------- */

static const struct {
	const char *title, *hex;
	int want;
} isas[] = {
	{ "addiu $sp, $sp, -32", "27bdffe0", -1 },
	{ "sw $ra, 28($sp)", "afbf001c", -1 },
	{ "lw $t9, -32684($gp)", "8f998054", -1 },
	{ "lui $gp, 2", "3c1c0002", -1 },
	{ "nop", "00000000", 0 },
	{ "lwr $t1, 0($v0)", "98490000", 0 },
	{ "half of 4 bytes", "27bd", 0 },
	{ "save; move $16, $4, twice", "64f4 64f4", 1 },
	{ "move $16, $4; move $17, $4", "670c 672c", 1 },
	{ "a switch's offsets", "0203 0101", 0 },
};

static void test_isa(void)
{
	struct dwu_code code;
	uint8_t bytes[16];
	size_t i;

	for (i = 0; i < sizeof(isas) / sizeof(isas[0]); i++) {
		code = code_of(bytes,
			       bytes_of(isas[i].hex, bytes, sizeof(bytes)), 0);
		ok(arch->scan->isa(arch, &code) == isas[i].want,
		   "%s: looks like: %s", arch->name, isas[i].title);
	}
}

/* --- any bytes -------------------------------------------------------------------- */

/* The engine compares states byte by byte. */
static bool well_formed(const struct dwu_scan_state *state)
{
	unsigned int i;

	for (i = 0; i < DWU_SCAN_REGS; i++) {
		const struct dwu_value *v = &state->regs[i];

		if ((v->kind != DWU_VALUE_ENTRY && v->reg != 0) ||
		    ((v->kind == DWU_VALUE_ENTRY ||
		      v->kind == DWU_VALUE_UNKNOWN) &&
		     v->n != 0))
			return false;
	}
	return state->regs[0].kind == DWU_VALUE_ENTRY &&
	       state->regs[0].reg == 0;
}

/* Of exactly `size` bytes, so that a sanitizer sees a read behind them. */
static bool any_bytes(uint32_t seed, size_t size, uint8_t isa,
		      struct dwu_scan_state *state)
{
	uint8_t *bytes = malloc(size ? size : 1);
	struct dwu_code code;
	struct dwu_insn insn;
	bool good;
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)(seed >> (i % 4 * 8));
	code = code_of(bytes, size, isa);
	arch->scan->decode(arch, &code, &insn);
	(void)arch->scan->start(arch, &code);
	good = insn.size <= size && insn.size <= 4;
	if (insn.size)
		arch->scan->effect(arch, &code, &insn, state);
	if (insn.size && isa == 0)
		good &= insn.size == 4 && insn.target % 4 == 0;
	good &= insn.target % 2 == 0 && well_formed(state);
	free(bytes);
	return good;
}

static void test_any(void)
{
	struct dwu_scan_state state;
	uint32_t seed = 1, bad = 0, count = 0, i;

	for (i = 0; i < 100000; i++) {
		/* also with what came before in the state */
		if (i % 16 == 0)
			enter(&state);
		seed = seed * 1664525 + 1013904223;
		bad += !any_bytes(seed ^ seed >> 16, i % 6, i % 2, &state);
		count++;
	}
	for (i = 0; i < 65536; i++) {
		enter(&state);
		bad += !any_bytes(i | i << 16, 4, 1, &state);
		bad += !any_bytes(i << 16, 4, 0, &state);
		count += 2;
	}
	is_u64(bad, 0, "%s: any bytes, %u of them: sizes, targets, states",
	       arch->name, count);
}

int main(void)
{
	uint16_t id;

	for (id = DWUNW_ARCH_MIPS32EL; id <= DWUNW_ARCH_MIPS32EB; id++) {
		arch = dwunw_arch_by_id(id);
		if (!arch || !arch->scan)
			return skip_all("no scan of mips32 in this build");
		test_alone();
		test_flow(flow_cases, 0);
		if (IS_ON(CONFIG_SCAN_MIPS16)) {
			test_flow(flow16_cases, 1);
			test_effect(effect16_cases, 1);
		}
		test_places();
		test_effect(effect_cases, 0);
		test_start();
		test_isa();
		test_any();
	}
	return done();
}
