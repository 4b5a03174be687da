/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * x86-64 instructions as fields: how long one is, where its operands are and
 * which general register it writes. Nothing is said of what it computes, nor
 * of vector registers.
 */
#ifndef DWU_X86_64_INSN_H
#define DWU_X86_64_INSN_H

#include "arch/scan.h"

/*
 * Opcode maps (Intel SDM 2, appendix A; AMD64 APM 3, 1.9). VEX and EVEX have
 * a map of each number together: no opcode of ours differs between them.
 */
enum {
	DWU_X86_ONE = 0, /* one byte */
	DWU_X86_0F,
	DWU_X86_0F38,
	DWU_X86_0F3A,
	DWU_X86_VEX = 4,  /* + 1 to 6 */
	DWU_X86_XOP = 11, /* + 0 to 2 for the maps 8 to 10 */
	DWU_X86_NO_MAP = 14,
};

/* Prefixes, as bits. */
enum {
	DWU_X86_OPSIZE = 1,   /* 66 */
	DWU_X86_ADDRSIZE = 2, /* 67 */
	DWU_X86_REPNE = 4,    /* f2 */
	DWU_X86_REP = 8,      /* f3 */
	/* memory is not at base + disp: 64, 65, and EVEX, which scales disp */
	DWU_X86_ELSEWHERE = 16,
	DWU_X86_NOTRACK = 32, /* 3e: a jump that need not meet an endbr64 */
};

/* Which general registers, or memory, an instruction writes. */
enum dwu_x86_writes {
	DWU_X86_NOTHING = 0,
	DWU_X86_RM,	/* the operand of ModRM.rm */
	DWU_X86_REG,	/* the register of ModRM.reg */
	DWU_X86_BOTH,	/* … both */
	DWU_X86_OPCODE, /* the register in the opcode */
	DWU_X86_RAX,
	DWU_X86_FIXED, /* some of rax, rcx, rdx, rsi, rdi, and of RM */
	DWU_X86_RCX,
	DWU_X86_SYSCALL, /* rax, rcx, r11 */
	DWU_X86_RAX_RDX,
	DWU_X86_VVVV, /* the register of VEX.vvvv */
	DWU_X86_REG_VVVV,
};

#define DWU_X86_NONE 0xffu

/*
 * Registers have the numbers of their encodings: 4 is rsp, 5 is rbp; a byte of
 * one (ah) has that of the whole.
 */
struct dwu_x86_insn {
	int64_t imm; /* sign-extended; of a branch: its displacement */
	int32_t disp;
	uint8_t size; /* 0: not an instruction; the rest is then undefined */
	uint8_t map;
	uint8_t opcode;
	uint8_t prefix; /* DWU_X86_* bits */
	uint8_t rex;	/* W R X B as bits 3 to 0, of VEX too; 16: is there */
	uint8_t writes; /* enum dwu_x86_writes */
	uint8_t width;	/* bytes of a general operand */
	uint8_t reg;	/* ModRM.reg: a register, or an opcode's extension */
	uint8_t rm;	/* the register of ModRM.rm, or NONE: memory */
	uint8_t low;	/* the register of the opcode's low bits */
	uint8_t base;	/* of memory; NONE: none, or rip */
	uint8_t index;	/* … */
	uint8_t vvvv;
};

/* Decodes the instruction that code starts with. */
void dwu_x86_decode(const struct dwu_code *code, struct dwu_x86_insn *insn);

#endif
