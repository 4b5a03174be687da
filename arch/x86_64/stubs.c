/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Stubs of x86_64 (x86-64 psABI 5.2, "Procedure Linkage Table"; with IBT, as
 * binutils and lld make them, the second PLT in .plt.sec).
 */
#include "target.h"

#include "core/base/bytes.h"

/* [endbr64] [bnd] jmp *slot(%rip), at a multiple of 8 */
static bool stub_at(const struct dwu_stub_code *code, size_t at,
		    struct dwu_stub *stub)
{
	static const uint8_t endbr64[4] = { 0xf3, 0x0f, 0x1e, 0xfa };
	const uint8_t *p = code->bytes + at;
	size_t left = code->size - at, skip = 0;
	struct dwu_cursor c;

	if (left >= 16 && !memcmp(p, endbr64, 4))
		skip = 4;
	if (p[skip] == 0xf2)
		skip++;
	if (left < skip + 6 || p[skip] != 0xff || p[skip + 1] != 0x25)
		return false;
	c = dwu_cursor(p + skip + 2, 4, false);
	stub->start = code->vaddr + at;
	stub->end = stub->start + (left < 16 ? left : 16);
	/* counted from the end of the jmp */
	stub->slot = stub->start + skip + 6 + (uint64_t)dwu_sint(&c, 4);
	return true;
}

const struct dwu_stub_form dwu_stubs_x86_64 = { 8, NULL, stub_at };
