/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Stubs of arm64 (AArch64 ELF, "Procedure linkage table"). */
#include "target.h"

#include "core/base/bytes.h"

/*
 * Instructions are little-endian even where data is not; of big-endian aarch64
 * nothing is built, so big_endian is false here.
 */
static uint32_t word_at(const struct dwu_stub_code *code, size_t at)
{
	struct dwu_cursor c = dwu_cursor(code->bytes + at, 4, code->big_endian);

	return dwu_u32(&c);
}

/*
 * [bti c]; adrp x16, page; ldr x17, [x16, #slot]; …
 *
 * adrp: 21 bits of pages from pc's own, immlo in bits 29 and 30, immhi in 5 to
 * 23; ldr: 12 bits of words of 8 bytes (Arm ARM, C6.2).
 */
static bool stub_at(const struct dwu_stub_code *code, size_t at,
		    struct dwu_stub *stub)
{
	uint32_t adrp = word_at(code, at), ldr = word_at(code, at + 4);
	uint64_t pc = code->vaddr + at, page;

	if ((adrp & 0x9f00001f) != 0x90000010 ||
	    (ldr & 0xffc003ff) != 0xf9400211)
		return false;
	page = (adrp >> 5 & 0x7ffff) << 2 | (adrp >> 29 & 3);
	page = (page ^ 0x100000) - 0x100000; /* 21 bits, signed */
	stub->start = pc;
	if (at >= 4 && word_at(code, at - 4) == 0xd503245f)
		stub->start -= 4;
	stub->end = pc + 16;
	stub->slot = (pc & ~(uint64_t)0xfff) + (page << 12) +
		     (uint64_t)(ldr >> 10 & 0xfff) * 8;
	return true;
}

const struct dwu_stub_form dwu_stubs_arm64 = { 4, NULL, stub_at };
