/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Any bytes as .eh_frame_hdr beside a sound .eh_frame: what the table leads
 * to is right, or is not used.
 */
#include "fuzz.h"

#define FDES 8u

static uint8_t frames[1024], file[1 << 18];

static size_t sound_frames(void)
{
	struct cfi_out s = { .o = out_init(frames, sizeof(frames), false),
			     .vaddr = 0x2000,
			     .address_size = 8 };
	uint64_t cie = put_cie(&s, &(struct cie_spec){ .encoding = 0x1b });
	unsigned int i;

	for (i = 0; i < FDES; i++)
		put_fde(&s, &(struct fde_spec){ .cie = cie,
						.start = 0x1000 + i * 0x20,
						.size = 0x20,
						.encoding = 0x1b,
						.program_hex = "44 0e 10" });
	put_u32(&s.o, 0);
	return s.o.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_spec spec = { ELF_X86_64 };
	struct elf_part parts[] = {
		{ .name = ".text",
		  .vaddr = 0x1000,
		  .size = 0x100,
		  .segment = PART_LOAD },
		{ .name = ".eh_frame",
		  .vaddr = 0x2000,
		  .bytes = frames,
		  .size = sound_frames(),
		  .segment = PART_LOAD },
		{ .name = ".eh_frame_hdr",
		  .vaddr = 0x3000,
		  .bytes = data,
		  .size = size,
		  .segment = PART_EH_HDR },
	};
	struct fuzz_module m;
	struct dwunw_fde fde;
	uint64_t vaddr;
	size_t made;

	if (size == 0 || size > sizeof(file) - 4096)
		return 0;
	if (data[0] & 0x80) /* the sections' names are gone */
		spec.no_sections = true;
	made = make_elf(file, sizeof(file), &spec, parts, COUNT(parts));
	fuzz_open(&m, file, made, true);
	LAW(m.status == DWUNW_OK);
	for (vaddr = 0xfff; vaddr <= 0x1100; vaddr++) {
		dwunw_status_t status =
			dwunw_module_fde(&m.module, vaddr, &fde);

		LAW(status != DWUNW_OK ||
		    (fde.start <= vaddr && vaddr < fde.end));
		if (m.module.cfi_source == DWUNW_CFI_EH_FRAME)
			LAW((status == DWUNW_OK) ==
			    (vaddr >= 0x1000 && vaddr < 0x1100));
	}
	fuzz_all(&m);
	fuzz_close(&m);
	return 0;
}
