/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * entry.c - a decoder for the few instructions that functions start with.
 */
#include <dwunw/regset.h>
#include <dwunw/trace.h>

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* No further than this: a path that long is none of a check at the entry. */
#define SEARCHED 32u
#define FUNCTION_MAX 4096u

enum meaning {
	EMULATED, /* the kernel computes it */
	HARMLESS, /* arguments, stack and return address stay as they are */
	UNKNOWN
};

struct instruction {
	enum meaning meaning;
	uint32_t size;
};

static const struct instruction unknown = { UNKNOWN, 0 };

/* --- x86_64: Intel SDM 2, chapter 2 and the opcode map --------------------- */

/* rdx, rsi and rdi carry arguments, rsp is the stack. */
static enum meaning writes(uint32_t reg)
{
	return reg == 2 || reg == 4 || reg == 6 || reg == 7 ? UNKNOWN :
							      HARMLESS;
}

/* Bytes of ModRM, SIB and displacement; 0: cut. */
static uint32_t modrm_size(const uint8_t *at, size_t size)
{
	uint32_t mod, rm, count = 1;

	if (size < 2)
		return 0;
	mod = at[0] >> 6;
	rm = at[0] & 7;
	if (mod == 3)
		return 1;
	if (rm == 4) {
		count++;
		if (mod == 0 && (at[1] & 7) == 5)
			count += 4;
	}
	if (mod == 1)
		count += 1;
	else if (mod == 2 || (mod == 0 && rm == 5))
		count += 4;
	return count <= size ? count : 0;
}

struct x86_operands {
	uint32_t size; /* of ModRM and what belongs to it; 0: cut */
	uint32_t reg;
	uint32_t rm;
	bool memory;
};

static struct x86_operands x86_modrm(const uint8_t *at, size_t size,
				     uint8_t rex)
{
	struct x86_operands o = { .size = modrm_size(at, size) };

	if (!o.size)
		return o;
	o.reg = (at[0] >> 3 & 7u) | (rex & 4u) << 1;
	o.rm = (at[0] & 7u) | (rex & 1u) << 3;
	o.memory = at[0] >> 6 != 3;
	return o;
}

/* Two-byte opcodes; `at` is behind the 0f. Sizes without what came before. */
static struct instruction x86_two_byte(const uint8_t *at, size_t size,
				       uint8_t rex)
{
	struct x86_operands o;

	if (at[0] >> 4 == 8) /* jcc rel32 */
		return (struct instruction){ EMULATED, 5 };
	o = x86_modrm(at + 1, size - 1, rex);
	if (!o.size)
		return unknown;
	if (at[0] == 0x1f) /* nop with operands */
		return (struct instruction){ HARMLESS, 1 + o.size };
	if (at[0] >> 4 == 4 || at[0] == 0xb6 || at[0] == 0xb7 ||
	    at[0] == 0xbe || at[0] == 0xbf) /* cmovcc, movzx, movsx */
		return (struct instruction){ writes(o.reg), 1 + o.size };
	return unknown;
}

/* add … cmp, test and mov of a register and a register or memory. */
static struct instruction x86_operation(const uint8_t *at, size_t size,
					uint8_t rex)
{
	struct x86_operands o = x86_modrm(at + 1, size - 1, rex);
	uint8_t op = at[0], kind = op & 0xf8;
	bool compares = kind == 0x38 || op == 0x84 || op == 0x85;
	bool to_reg = (op & 2) || op == 0x8d || op == 0x63;

	if (!o.size)
		return unknown;
	if (compares)
		return (struct instruction){ HARMLESS, 1 + o.size };
	if (!to_reg && o.memory)
		return unknown;
	return (struct instruction){ writes(to_reg ? o.reg : o.rm),
				     1 + o.size };
}

/* Group 1 and 3 and mov with an immediate operand. */
static struct instruction x86_immediate(const uint8_t *at, size_t size,
					uint8_t rex)
{
	struct x86_operands o = x86_modrm(at + 1, size - 1, rex);
	uint32_t what = size > 1 ? at[1] >> 3 & 7 : 0;
	uint8_t op = at[0];
	uint32_t bytes = op == 0x80 || op == 0x83 || op == 0xf6 ? 1 : 4;
	bool compares = op < 0x84 ? what == 7 : op >= 0xf6;

	if (!o.size || (op >= 0xf6 && what != 0) || (op == 0xc7 && what != 0))
		return unknown;
	if (!compares && o.memory)
		return unknown;
	return (struct instruction){ compares ? HARMLESS : writes(o.rm),
				     1 + o.size + bytes };
}

static struct instruction x86_one_byte(const uint8_t *at, size_t size,
				       uint8_t rex)
{
	uint8_t op = at[0];
	bool arithmetic = op < 0x40 && (op & 7) < 4;

	if (op >> 3 == 0x50 >> 3) /* push */
		return (struct instruction){ EMULATED, 1 };
	if (op >> 4 == 7 || op == 0xeb || op == 0x90)
		return (struct instruction){ EMULATED, op == 0x90 ? 1 : 2 };
	if (op == 0xe8 || op == 0xe9)
		return (struct instruction){ EMULATED, 5 };
	if (arithmetic ||
	    (op >= 0x84 && op <= 0x8b && op != 0x86 && op != 0x87) ||
	    op == 0x8d || op == 0x63)
		return x86_operation(at, size, rex);
	if (op == 0x80 || op == 0x81 || op == 0x83 || op == 0xc7 ||
	    op == 0xf6 || op == 0xf7)
		return x86_immediate(at, size, rex);
	if (op >> 3 == 0xb8 >> 3) /* mov of an immediate */
		return (struct instruction){
			writes((op & 7u) | (rex & 1u) << 3), rex & 8 ? 9 : 5
		};
	if (op == 0x3d || op == 0xa9) /* cmp, test of eax */
		return (struct instruction){ HARMLESS, 5 };
	return unknown;
}

static struct instruction x86_decode(const uint8_t *at, size_t size)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	struct instruction result;
	uint32_t prefixes = 0;
	uint8_t rex = 0;

	if (size < 16)
		return unknown;
	if (!memcmp(at, endbr64, sizeof(endbr64)))
		return (struct instruction){ HARMLESS, sizeof(endbr64) };
	if (at[0] == 0x64) /* %fs: the thread's own data */
		prefixes++;
	if (at[prefixes] >> 4 == 4)
		rex = at[prefixes++];
	if (at[prefixes] == 0x0f) {
		prefixes++;
		result = x86_two_byte(at + prefixes, size - prefixes, rex);
	} else {
		result = x86_one_byte(at + prefixes, size - prefixes, rex);
	}
	result.size += prefixes;
	return result;
}

/* Whatever bytes could be a branch are taken for one: a false one only costs
 * the better place. */
static bool x86_leads_to(const uint8_t *code, size_t size, uint32_t first,
			 uint32_t last)
{
	for (size_t i = 0; i + 6 <= size; i++) {
		uint8_t op = code[i];
		size_t wide = op == 0x0f && code[i + 1] >> 4 == 8;
		int64_t target;
		int32_t distance;

		if (op >> 4 == 7 || op == 0xeb || (op >= 0xe0 && op <= 0xe3)) {
			target = (int64_t)i + 2 + (int8_t)code[i + 1];
		} else if (wide || op == 0xe8 || op == 0xe9) {
			memcpy(&distance, code + i + 1 + wide, 4);
			target = (int64_t)(i + 5 + wide) + distance;
		} else {
			continue;
		}
		if (target >= first && target <= last)
			return true;
	}
	return false;
}

/* --- arm64: Arm ARM C4.1 ------------------------------------------------- */

static uint32_t arm64_word(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static struct instruction arm64_decode(const uint8_t *at, size_t size)
{
	uint32_t word, rd;
	bool safe;

	if (size < 4)
		return unknown;
	word = arm64_word(at);
	rd = word & 31;
	safe = rd > 2 && rd < 29; /* neither x0 to x2 nor fp, lr, sp */
	if ((word & 0x7c000000) == 0x14000000 || /* b, bl */
	    (word & 0xff000010) == 0x54000000 || /* b.cond */
	    (word & 0x7c000000) == 0x34000000 || /* cbz, cbnz, tbz, tbnz */
	    ((word & 0x1f000000) == 0x10000000 && safe)) /* adr, adrp */
		return (struct instruction){ EMULATED, 4 };
	if ((word & 0xffffff3f) == 0xd503241f || word == 0xd503201f)
		return (struct instruction){ HARMLESS, 4 }; /* bti, nop */
	if ((word & 0x7f80001f) == 0x7100001f || /* cmp of an immediate */
	    (word & 0x7f20001f) == 0x6b00001f || /* … of a register */
	    (word & 0x7f20001f) == 0x6a00001f || /* tst */
	    (word & 0x7f80001f) == 0x7200001f)
		return (struct instruction){ HARMLESS, 4 };
	if (((word & 0x7f2003e0) == 0x2a0003e0 ||  /* mov */
	     (word & 0x1f800000) == 0x12800000) && /* movn, movz, movk */
	    safe)
		return (struct instruction){ HARMLESS, 4 };
	return unknown;
}

/* Signed, of `bits` from bit `low` on, in instructions. */
static int64_t arm64_distance(uint32_t word, unsigned low, unsigned bits)
{
	uint32_t field = word >> low & ((1u << bits) - 1);

	return ((int64_t)field - ((int64_t)(field >> (bits - 1)) << bits)) * 4;
}

static bool arm64_leads_to(const uint8_t *code, size_t size, uint32_t first,
			   uint32_t last)
{
	for (size_t i = 0; i + 4 <= size; i += 4) {
		uint32_t word = arm64_word(code + i);
		int64_t target = (int64_t)i;

		if ((word & 0x7c000000) == 0x14000000)
			target += arm64_distance(word, 0, 26);
		else if ((word & 0xff000010) == 0x54000000 ||
			 (word & 0x7e000000) == 0x34000000)
			target += arm64_distance(word, 5, 19);
		else if ((word & 0x7e000000) == 0x36000000)
			target += arm64_distance(word, 5, 14);
		else
			continue;
		if (target >= first && target <= last)
			return true;
	}
	return false;
}

/* --- either --------------------------------------------------------------- */

uint32_t dwunw_entry_cheap_offset(uint16_t arch, const uint8_t *code,
				  size_t size)
{
	bool x86 = arch == DWUNW_ARCH_X86_64;
	uint32_t at = 0;

	if (!x86 && arch != DWUNW_ARCH_ARM64)
		return 0;
	while (at < SEARCHED && at < size) {
		struct instruction now =
			x86 ? x86_decode(code + at, size - at) :
			      arm64_decode(code + at, size - at);

		if (now.meaning == UNKNOWN)
			return 0;
		if (now.meaning == EMULATED)
			break;
		at += now.size;
	}
	if (!at || at >= SEARCHED || at >= size)
		return 0;
	if (x86 ? x86_leads_to(code, size, 1, at) :
		  arm64_leads_to(code, size, 1, at))
		return 0;
	return at;
}

uint32_t dwunw_entry_cheap_offset_in(uint16_t arch, const char *path,
				     uint64_t off, uint64_t size)
{
	uint8_t code[FUNCTION_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got;

	if (fd < 0)
		return 0;
	/* what follows a short function is read too: the decoder looks ahead */
	got = pread(fd, code, sizeof(code), (off_t)off);
	close(fd);
	if (got <= 0 || size > sizeof(code))
		return 0;
	return dwunw_entry_cheap_offset(arch, code, (size_t)got);
}
