/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "layout.h"

#include "arch/hosted.h"

/* RISC-V ISA, volume I, 1.5: those of 6 bytes and more are nobody's yet. */
static uint8_t insn_size(const uint8_t *code, size_t size)
{
	uint8_t bytes = size && (code[0] & 3) == 3 ? 4 : 2;

	return size < bytes || (code[0] & 0x1f) == 0x1f ? 0 : bytes;
}

const struct dwu_hosted dwu_hosted_riscv64 = {
	.layout = DWU_LAYOUT_OF(RISCV64, 8),
	.insn_unit = 2,
	.insn_size = insn_size,
};
