/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The first instructions of functions of arm64 (Arm ARM C4.1). */
#include "target.h"

#include "core/base/bytes.h"

static uint32_t word_at(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static enum dwu_entry_kind kind(const uint8_t *code, size_t size, uint32_t *bytes)
{
	uint32_t word, rd;
	bool safe;

	if (size < 4)
		return DWU_ENTRY_UNKNOWN;
	*bytes = 4;
	word = word_at(code);
	rd = word & 31;
	safe = rd > 2 && rd < 29; /* neither x0 to x2 nor fp, lr, sp */
	if ((word & 0x7c000000) == 0x14000000 || /* b, bl */
	    (word & 0xff000010) == 0x54000000 || /* b.cond */
	    (word & 0x7c000000) == 0x34000000 || /* cbz, cbnz, tbz, tbnz */
	    ((word & 0x1f000000) == 0x10000000 && safe)) /* adr, adrp */
		return DWU_ENTRY_EMULATED;
	if ((word & 0xffffff3f) == 0xd503241f || word == 0xd503201f)
		return DWU_ENTRY_HARMLESS; /* bti, nop */
	if ((word & 0x7f80001f) == 0x7100001f || /* cmp of an immediate */
	    (word & 0x7f20001f) == 0x6b00001f || /* … of a register */
	    (word & 0x7f20001f) == 0x6a00001f || /* tst */
	    (word & 0x7f80001f) == 0x7200001f)
		return DWU_ENTRY_HARMLESS;
	if (((word & 0x7f2003e0) == 0x2a0003e0 ||  /* mov */
	     (word & 0x1f800000) == 0x12800000) && /* movn, movz, movk */
	    safe)
		return DWU_ENTRY_HARMLESS;
	return DWU_ENTRY_UNKNOWN;
}

/* Signed, of `bits` from bit `low` on, in instructions. */
static int64_t distance(uint32_t word, unsigned low, unsigned bits)
{
	uint32_t field = word >> low & ((1u << bits) - 1);

	return ((int64_t)field - ((int64_t)(field >> (bits - 1)) << bits)) * 4;
}

static bool leads_to(const uint8_t *code, size_t size, uint32_t first,
			   uint32_t last)
{
	for (size_t i = 0; i + 4 <= size; i += 4) {
		uint32_t word = word_at(code + i);
		int64_t target = (int64_t)i;

		if ((word & 0x7c000000) == 0x14000000)
			target += distance(word, 0, 26);
		else if ((word & 0xff000010) == 0x54000000 ||
			 (word & 0x7e000000) == 0x34000000)
			target += distance(word, 5, 19);
		else if ((word & 0x7e000000) == 0x36000000)
			target += distance(word, 5, 14);
		else
			continue;
		if (target >= first && target <= last)
			return true;
	}
	return false;
}

const struct dwu_entry_form dwu_entry_arm64 = { kind, leads_to };
