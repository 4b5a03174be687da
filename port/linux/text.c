/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Statuses, targets and CFI that cannot be read, in words for people: what
 * tools print behind a path. For example, dwunw_elf_target() of a file of
 * EM_MIPS with EF_MIPS_ABI2 is "mips n32", and the line begins "./a: code of
 * mips n32, which this build cannot unwind". Texts are constants.
 */
#include <stdio.h>

#include <dwunw/bounds.h>
#include <dwunw/linux.h>

enum {
	EM_MIPS = 8,
	EM_X86_64 = 62,
	EM_AARCH64 = 183,
};

/* gABI, e_machine: what is met on Linux. */
static const struct {
	uint16_t machine;
	const char *name;
} machines[] = {
	{ 2, "sparc" },	  { 3, "i386" },	{ 4, "m68k" },
	{ 8, "mips" },	  { 15, "parisc" },	{ 20, "ppc" },
	{ 21, "ppc64" },  { 22, "s390" },	{ 40, "arm (32 bits)" },
	{ 42, "sh" },	  { 43, "sparc64" },	{ 50, "ia64" },
	{ 62, "x86_64" }, { 183, "arm64" },	{ 188, "tilepro" },
	{ 195, "arc" },	  { 243, "riscv" },	{ 247, "bpf" },
	{ 252, "csky" },  { 258, "loongarch" }, { 0x9026, "alpha" },
};

/* What of mips' e_flags tells code apart (binutils, include/elf/mips.h). */
static const char *mips_name(const struct dwunw_elf *elf)
{
	if (elf->flags & 0x02000000)
		return "mips with microMIPS instructions";
	if (elf->flags >> 28 >= 9)
		return "mips release 6";
	if (elf->elf_class == 2)
		return "mips n64";
	if (elf->flags & 0x20)
		return "mips n32";
	if ((elf->flags & 0xe000) == 0x2000)
		return "mips o64";
	if (elf->flags & 0xe000)
		return "mips EABI";
	return "mips";
}

/*
 * Everything that is met, not only what is built in: a message names what it
 * refuses.
 */
const char *dwunw_elf_target(const struct dwunw_elf *elf)
{
	size_t i;

	if (!elf)
		return "?";
	if (elf->machine == EM_MIPS)
		return mips_name(elf);
	if (elf->machine == EM_X86_64 && elf->elf_class == 1)
		return "x32 (x86_64 with addresses of 32 bits)";
	if (elf->machine == EM_AARCH64 && elf->data == 2)
		return "arm64, big-endian";
	if (elf->machine == EM_AARCH64 && elf->elf_class == 1)
		return "arm64 ILP32 (addresses of 32 bits)";
	for (i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].machine == elf->machine)
			return machines[i].name;
	return "an unknown machine";
}

/* For "FILE: …": each goes on a sentence about a file. */
const char *dwunw_status_text(dwunw_status_t status)
{
	switch (status) {
	case DWUNW_OK:
		return "no error";
	case DWUNW_ERR_INVALID_ARG:
		return "not what can be asked for";
	case DWUNW_ERR_UNSUPPORTED_ARCH:
		return "of a machine that this build cannot unwind";
	case DWUNW_ERR_NOT_IMPLEMENTED:
		return "not in this build, or of a later version";
	case DWUNW_ERR_IO:
		return "cannot be read";
	case DWUNW_ERR_BAD_FORMAT:
		return "damaged, or not of the format";
	case DWUNW_ERR_NO_DEBUG_DATA:
		return "nothing is known of it";
	case DWUNW_ERR_CACHE_FULL:
		return "all places for it are in use";
	case DWUNW_ERR_NO_MEMORY:
		return "out of memory";
	case DWUNW_ERR_ATTACH_DENIED:
		return "not permitted";
	}
	return "an unknown error";
}

/* --- what is beyond a bound ------------------------------------------------ */

/* The length of the record at off, and where its CIE is; 0: not readable. */
static uint64_t record_length(const struct dwunw_module *module,
			      const struct dwunw_cfi *cfi, uint64_t off,
			      uint64_t *cie)
{
	bool big = module->elf.data == 2;
	uint64_t length = 0, id = 0;
	uint8_t bytes[8];

	if (off > cfi->bytes.size || cfi->bytes.size - off < sizeof(bytes) ||
	    (cfi->lender &&
	     !cfi->lender->fill(cfi->lender->ctx, cfi->lent_at + off,
				sizeof(bytes))))
		return 0;
	for (size_t i = 0; i < 4; i++) {
		length = length << 8 | cfi->bytes.data[off + (big ? i : 3 - i)];
		id = id << 8 | cfi->bytes.data[off + 4 + (big ? i : 3 - i)];
	}
	if (length >= 0xfffffff0) /* DWARF of 64 bits, or reserved (7.4) */
		return 0;
	*cie = cfi->debug_frame ? id : id ? off + 4 - id : off;
	return length < 4 ? 0 : length - 4;
}

/*
 * "": no bound was met, the record is damaged. An FDE within its bound may have
 * a CIE that is not.
 */
const char *dwunw_cfi_text(const struct dwunw_module *module,
			   const struct dwunw_cfi *cfi, uint64_t off,
			   char *text, size_t size)
{
	uint64_t cie = off, max = DWUNW_FDE_MAX, length;

	if (!text || !size)
		return "";
	text[0] = 0;
	if (!module || !cfi)
		return text;
	length = record_length(module, cfi, off, &cie);
	if (length && cie != off && length <= max) {
		off = cie;
		max = DWUNW_CIE_MAX;
		length = record_length(module, cfi, off, &cie);
	}
	if (length > max)
		snprintf(text, size,
			 "the %s at 0x%llx of %s has %llu bytes, more than the "
			 "bound of %llu",
			 max == DWUNW_CIE_MAX ? "CIE" : "FDE",
			 (unsigned long long)off,
			 cfi->debug_frame ? ".debug_frame" : ".eh_frame",
			 (unsigned long long)length, (unsigned long long)max);
	return text;
}
