/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* ELF headers of this host's class and byte order (gABI 4 and 5). */
#ifndef DWU_FIRMWARE_ELF_H
#define DWU_FIRMWARE_ELF_H

#include "port.h"

enum {
	EHDR_SIZE = HOST_IS_WIDE ? 64 : 52,
	PHDR_SIZE = HOST_IS_WIDE ? 56 : 32,
	PHDR_MAX = 64,
	PT_LOAD = 1,
	PF_X = 1,
	PF_R = 4,
	ET_EXEC = 2,
};

struct ehdr {
	uint8_t ident[16];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uintptr_t entry;
	uintptr_t phoff;
	uintptr_t shoff;
	uint32_t flags;
	uint16_t ehsize;
	uint16_t phentsize;
	uint16_t phnum;
	uint16_t shentsize;
	uint16_t shnum;
	uint16_t shstrndx;
};
_Static_assert(sizeof(struct ehdr) == EHDR_SIZE, "gABI 4, Elf_Ehdr");

struct phdr {
	uint32_t type;
#if HOST_IS_WIDE
	uint32_t flags;
#endif
	uintptr_t off;
	uintptr_t vaddr;
	uintptr_t paddr;
	uintptr_t filesz;
	uintptr_t memsz;
#if !HOST_IS_WIDE
	uint32_t flags;
#endif
	uintptr_t align;
};
_Static_assert(sizeof(struct phdr) == PHDR_SIZE, "gABI 5, Elf_Phdr");

/* e_ident: class, byte order, version */
#define ELF_MAGIC                                          \
	{                                                  \
		0x7f, 'E', 'L', 'F', HOST_IS_WIDE ? 2 : 1, \
			HOST_IS_BIG ? 2 : 1, 1             \
	}

#endif
