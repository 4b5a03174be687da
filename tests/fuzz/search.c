/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Any bytes as the only segment of a file without section headers. */
#include "fuzz.h"

static uint8_t file[1 << 18];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_spec spec = { ELF_X86_64, .no_sections = true };
	struct elf_part parts[] = {
		{ .vaddr = 0x1000,
		  .bytes = data,
		  .size = size,
		  .segment = PART_LOAD },
	};
	struct fuzz_module m;
	size_t made;

	if (size > sizeof(file) - 4096)
		return 0;
	made = make_elf(file, sizeof(file), &spec, parts, COUNT(parts));
	fuzz_open(&m, file, made, size % 2 == 0);
	LAW(m.status == DWUNW_OK);
	fuzz_all(&m);
	fuzz_close(&m);
	return 0;
}
