/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Stubs of mips32 (binutils, elfxx-mips.c: .plt of programs that are linked at an
 * address, .MIPS.stubs of the others, which name the symbol by its number).
 */
#include "target.h"

#include "core/base/bytes.h"

/* In the file's byte order, as the code. */
static uint32_t word_at(const struct dwu_stub_code *code, size_t at)
{
	struct dwu_cursor c = dwu_cursor(code->bytes + at, 4, code->big_endian);

	return dwu_u32(&c);
}

/* jalr t9 with the number in its delay slot: li t8, number (signed or not); or,
 * of more than 16 bits, lui t8, hi three words before and ori t8, t8, lo */
static bool by_number(const struct dwu_stub_code *code, size_t at,
		      struct dwu_stub *stub)
{
	uint32_t next = word_at(code, at + 4), high = 0;
	uint64_t pc = code->vaddr + at;

	if (at < 8)
		return false;
	if (next >> 16 == 0x3718 && at >= 12)
		high = word_at(code, at - 4) << 16;
	else if (next >> 16 != 0x2418 && next >> 16 != 0x3418)
		return false;
	stub->start = pc - (high ? 12 : 8);
	stub->end = pc + 8;
	stub->symbol = high | (next & 0xffff);
	return true;
}

/* lui t7, hi; lw t9, lo(t7); … in .plt */
static bool stub_at(const struct dwu_stub_code *code, size_t at,
		    struct dwu_stub *stub)
{
	uint32_t word = word_at(code, at), next = word_at(code, at + 4);

	if (word == 0x0320f809)
		return by_number(code, at, stub);
	if (word >> 16 != 0x3c0f || next >> 16 != 0x8df9)
		return false;
	stub->start = code->vaddr + at;
	stub->end = stub->start + 16;
	/* lo is signed */
	stub->slot = (uint32_t)((word << 16) + (next & 0xffff) -
				((next & 0x8000) << 1));
	return true;
}

const struct dwu_stub_form dwu_stubs_mips32 = { 4, ".MIPS.stubs", stub_at };
