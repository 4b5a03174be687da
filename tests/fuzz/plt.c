/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Stubs: a byte of the target, where .plt, .plt.sec and .MIPS.stubs are, 16 bits
 * each, then the sections that they are found by. Each has a name that ends in
 * "@plt", and is found from its start to its end.
 */
#include "chunks.h"

#include "names.h"

#define SECTIONS 8u
#define HEAD 7u
CHUNKS(HEAD, SECTIONS)

static uint8_t file[1 << 17];

static uint64_t where(const uint8_t *data, unsigned int i)
{
	return (uint64_t)data[1 + 2 * i] | (uint64_t)data[2 + 2 * i] << 8;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[SECTIONS] = {
		".plt",	   ".plt.sec",	".MIPS.stubs", ".dynsym",
		".dynstr", ".rela.plt", ".rela.dyn",   ".rel.plt",
	};
	struct elf_part parts[SECTIONS] = { 0 };
	struct dwunw_elf elf;
	struct fuzz_module m;
	struct dwu_plt plt;
	uint64_t start;
	size_t off = HEAD;

	if (size < HEAD || size > sizeof(file) / 2)
		return 0;
	for (unsigned int i = 0; i < SECTIONS; i++) {
		struct dwunw_span chunk = chunk_next(data, size, &off);

		parts[i] =
			(struct elf_part){ .name = names[i],
					   .vaddr = i < 3 ? where(data, i) : 0,
					   .bytes = chunk.data,
					   .size = chunk.size };
	}
	fuzz_source(&m, file,
		    make_elf(file, sizeof(file),
			     &fuzz_specs[data[0] % COUNT(fuzz_specs)], parts,
			     SECTIONS),
		    false);
	LAW(!dwunw_elf_open(&elf, &m.src, NULL));
	dwu_plt_open(&plt, &elf);
	for (uint64_t at = 0; at < 0x10000; at += 4) {
		const char *name = dwu_plt_find(&plt, at, &start);
		size_t length = name ? strlen(name) : 0;

		LAW(!name || (start <= at && length > 4 &&
			      !strcmp(name + length - 4, "@plt")));
		LAW(!name || plt.count);
	}
	dwu_plt_close(&plt);
	fuzz_close(&m);
	return 0;
}
