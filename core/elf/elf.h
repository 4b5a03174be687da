/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* ELF beyond dwunw/elf.h: what a module needs to plan and to load. */
#ifndef DWU_ELF_H
#define DWU_ELF_H

#include <dwunw/elf.h>

#include "core/base/window.h"

enum {
	DWU_SHT_SYMTAB = 2,
	DWU_SHT_NOTE = 7,
	DWU_SHT_NOBITS = 8,
	DWU_SHT_DYNSYM = 11,
	DWU_SHF_COMPRESSED = 0x800,
};

/* An address or an offset of files that a build knows: the half of 64 bits
 * where the only target has files of 32. */
#if IS_ON(CONFIG_ARCH_32BIT_ONLY)
typedef uint32_t dwu_place_t;
#else
typedef uint64_t dwu_place_t;
#endif

/* Does the file have addresses of 64 bits? */
static inline bool dwu_elf_is_wide(uint8_t elf_class)
{
	return !IS_ON(CONFIG_ARCH_32BIT_ONLY) && elf_class == 2;
}

/* Bytes that dwu_elf_keep_segments() takes from the arena. */
uint64_t dwu_elf_segments_size(const struct dwunw_elf *elf);
dwunw_status_t dwu_elf_keep_segments(struct dwunw_elf *elf,
				     struct dwunw_arena *arena);

/* Section header `index` of section_count, and the place of its name. */
dwunw_status_t dwu_elf_section_header(const struct dwunw_elf *elf,
				      struct dwu_window *w, uint32_t index,
				      struct dwunw_section *section,
				      uint32_t *name);

/*
 * Finds up to `count` sections by name in one pass. One that is not there,
 * has no bytes in the file or lies outside of it is left zeroed.
 */
dwunw_status_t dwu_elf_sections(const struct dwunw_elf *elf,
				const char *const *names,
				struct dwunw_section *sections, size_t count);

/* The first section of a type, or zeroed. */
dwunw_status_t dwu_elf_section_by_type(const struct dwunw_elf *elf,
				       uint32_t type,
				       struct dwunw_section *section);

/* What dwu_elf_load() takes from an arena for it: 0 when seen in place. */
uint64_t dwu_elf_load_size(const struct dwunw_elf *elf,
			   const struct dwunw_section *section);

/* The section's bytes, in place or copied to the arena. */
dwunw_status_t dwu_elf_load(const struct dwunw_elf *elf,
			    const struct dwunw_section *section,
			    struct dwunw_arena *arena, struct dwunw_span *span);

#endif
