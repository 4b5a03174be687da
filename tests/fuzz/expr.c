/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Any bytes as an expression; the first one says for which target. */
#include "core/cfi/expr.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dwunw_arch_ops *native =
		dwunw_arch_by_id(DWUNW_ARCH_X86_64);
	struct dwunw_arch_ops arch = *native;
	struct dwunw_walk_input input = { .read_memory = fuzz_read };
	struct dwu_regs regs = fuzz_regs(native);
	struct dwu_reader reader;
	struct dwunw_span bytes = { data + 1, size - 1 };
	uint64_t cfa = 0x7fff00001000, result = 0;
	uint8_t stop;

	if (size == 0)
		return 0;
	if (data[0] & 1)
		arch.address_size = 4;
	arch.big_endian = (data[0] & 2) != 0;
	if (data[0] & 4)
		regs.valid = 0x80;
	reader = dwu_reader(&arch, &input);
	stop = dwu_expr(&arch, &bytes, &regs, &reader,
			data[0] & 8 ? &cfa : NULL, &result);
	LAW(stop == DWU_GO || stop == DWUNW_STOP_BAD_ROW ||
	    stop == DWUNW_STOP_NO_REGISTER || stop == DWUNW_STOP_UNREADABLE);
	if (stop == DWU_GO && arch.address_size == 4)
		LAW(result <= UINT32_MAX);
	LAW(reader.count <= CONFIG_EXPR_STEPS);
	return 0;
}
