/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * entry.c - where a function may be probed cheaply: code bytes of real
 * functions (objdump of Debian's glibc 2.36 and musl 1.2.3) and, for each
 * reason to stay at the entry, some that have it.
 */
#include "tap.h"
#include <dwunw/trace.h>

#include <dwunw/regset.h>
#include <string.h>

#define CODE_SIZE 256

/* The offset for these bytes, followed by `tail` up to CODE_SIZE. */
static unsigned offset(uint16_t arch, const char *hex, unsigned char tail)
{
	uint8_t code[CODE_SIZE];
	unsigned count = 0, byte;
	int used;

	memset(code, tail, sizeof(code));
	while (sscanf(hex, " %2x%n", &byte, &used) == 1) {
		code[count++] = (uint8_t)byte;
		hex += used;
	}
	return dwunw_entry_cheap_offset(arch, code, sizeof(code));
}

static const struct {
	const char *title;
	uint16_t arch;
	const char *hex;
	unsigned want;
} table[] = {
	{ "glibc free: test %rdi,%rdi; je", DWUNW_ARCH_X86_64,
	  "48 85 ff 0f 84 bf 00 00 00 55", 3 },
	{ "glibc malloc: push first", DWUNW_ARCH_X86_64, "41 54 55 53 48 89 fb",
	  0 },
	{ "glibc mmap: mov; test; jne", DWUNW_ARCH_X86_64,
	  "41 89 ca 41 f7 c1 ff 0f 00 00 75 14 b8 09", 10 },
	{ "glibc munmap: mov; syscall", DWUNW_ARCH_X86_64,
	  "b8 0b 00 00 00 0f 05 48 3d 01 f0 ff ff", 0 },
	{ "glibc posix_memalign: cmpb; push", DWUNW_ARCH_X86_64,
	  "80 3d 01 02 14 00 00 41 54 49 89 d1", 7 },
	{ "endbr64; push", DWUNW_ARCH_X86_64, "f3 0f 1e fa 55 48 89 e5", 4 },
	{ "endbr64; sub $8,%rsp", DWUNW_ARCH_X86_64,
	  "f3 0f 1e fa 48 83 ec 08 e8 00 00 00 00", 0 },
	{ "the first argument changes: xor %edi,%edi", DWUNW_ARCH_X86_64,
	  "31 ff 55", 0 },
	{ "the second: mov %rdi,%rsi", DWUNW_ARCH_X86_64, "48 89 fe 55", 0 },
	{ "the third: mov $1,%edx", DWUNW_ARCH_X86_64, "ba 01 00 00 00 55", 0 },
	{ "the fifth (r8) may: mov %rdi,%r8; jmp", DWUNW_ARCH_X86_64,
	  "49 89 f8 eb 10", 3 },
	{ "memory is written: mov %rdi,(%rsp)", DWUNW_ARCH_X86_64,
	  "48 89 3c 24 55", 0 },
	{ "memory is read: mov 8(%rsp,%rcx,4),%rax; push", DWUNW_ARCH_X86_64,
	  "48 8b 44 8c 08 55", 5 },
	{ "%fs:0x28 is read; push", DWUNW_ARCH_X86_64,
	  "64 48 8b 04 25 28 00 00 00 55", 9 },
	{ "a ten-byte mov; push", DWUNW_ARCH_X86_64,
	  "48 b8 01 02 03 04 05 06 07 08 53", 10 },
	{ "a loop back to the je", DWUNW_ARCH_X86_64,
	  "48 85 ff 74 20 48 8b 3f eb f9", 0 },
	{ "a far loop back to it", DWUNW_ARCH_X86_64,
	  "48 85 ff 74 20 48 8b 3f e9 f6 ff ff ff", 0 },
	{ "a loop back to the entry is well", DWUNW_ARCH_X86_64,
	  "48 85 ff 74 20 48 8b 3f eb f6", 3 },
	{ "an instruction that it does not know", DWUNW_ARCH_X86_64, "0f a2 55",
	  0 },
	{ "arm64: cbz x0 first", DWUNW_ARCH_ARM64, "e0 00 00 b4 fd 7b be a9",
	  0 },
	{ "arm64: bti c; cbz x0", DWUNW_ARCH_ARM64, "5f 24 03 d5 e0 00 00 b4",
	  4 },
	{ "arm64: mov x3, x0; cbz x0", DWUNW_ARCH_ARM64,
	  "e3 03 00 aa e0 00 00 b4", 4 },
	{ "arm64: mov x1, x0 changes an argument", DWUNW_ARCH_ARM64,
	  "e1 03 00 aa e0 00 00 b4", 0 },
	{ "arm64: paciasp changes the return address", DWUNW_ARCH_ARM64,
	  "3f 23 03 d5 e0 00 00 b4", 0 },
	{ "arm64: stp first", DWUNW_ARCH_ARM64, "fd 7b be a9 fd 03 00 91", 0 },
	{ "arm64: a loop back", DWUNW_ARCH_ARM64,
	  "5f 24 03 d5 e0 00 00 b4 ff ff ff 17", 0 },
	{ "mips: the entry", DWUNW_ARCH_MIPS32EL, "00 00 00 00 10 00 00 10",
	  0 },
};

int main(void)
{
	uint8_t code[CODE_SIZE];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		unsigned char tail = table[i].arch == DWUNW_ARCH_X86_64 ? 0xcc :
									  0;
		unsigned got = offset(table[i].arch, table[i].hex, tail);

		ok(got == table[i].want, "%s", table[i].title);
		if (got != table[i].want)
			printf("# got %u, want %u\n", got, table[i].want);
	}
	/* cut at every byte: no further than there is code */
	memcpy(code, "\x48\x85\xff\x0f\x84\xbf\0\0\0\x55", 10);
	for (size_t size = 0; size < 19; size++) {
		unsigned at =
			dwunw_entry_cheap_offset(DWUNW_ARCH_X86_64, code, size);

		ok(at == 0, "%zu bytes: the entry", size);
	}
	return done();
}
