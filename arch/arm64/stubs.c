/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Stubs of arm64 (AArch64 ELF, "Procedure linkage table"). */
#include "target.h"

#include "core/base/bytes.h"

static uint32_t word_at(const struct dwu_stub_code *code, size_t at)
{
	struct dwu_cursor c = dwu_cursor(code->bytes + at, 4, code->big_endian);

	return dwu_u32(&c);
}

/* [bti c]; adrp x16, page; ldr x17, [x16, #slot]; … */
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
