/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Any bytes as .debug_frame of a sound file: records, index, rows, steps. */
#include "fuzz.h"

static uint8_t file[1 << 18];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_spec spec = { ELF_X86_64 };
	struct elf_part parts[] = {
		{ .name = ".text",
		  .vaddr = 0x1000,
		  .size = 0x100,
		  .segment = PART_LOAD },
		{ .name = ".debug_frame",
		  .vaddr = 0x2000,
		  .bytes = data,
		  .size = size,
		  .segment = PART_LOAD },
	};
	struct fuzz_module m;
	size_t made;

	if (size > sizeof(file) - 4096)
		return 0;
	made = make_elf(file, sizeof(file), &spec, parts, COUNT(parts));
	fuzz_open(&m, file, made, true);
	LAW(m.status == DWUNW_OK);
	fuzz_all(&m);
	fuzz_close(&m);
	return 0;
}
