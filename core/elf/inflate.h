/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Compressed sections: SHF_COMPRESSED (gABI 4, Section Compression) and the
 * older GNU form, .zdebug_*. The algorithms are the caller's.
 */
#ifndef DWU_INFLATE_H
#define DWU_INFLATE_H

#include <dwunw/module.h>

/*
 * If the section is compressed: *size is that of its content, and true. A
 * header that makes no sense gives a size of 0.
 */
bool dwu_inflate_size(const struct dwunw_elf *elf,
		      const struct dwunw_section *section, bool gnu,
		      uint64_t *size);

/* What dwu_inflate() takes from an arena: the content, and at its end, for
 * as long as it takes, the compressed bytes. */
uint64_t dwu_inflate_need(const struct dwunw_elf *elf,
			  const struct dwunw_section *section, bool gnu);

/* BAD_FORMAT, NOT_IMPLEMENTED (no such algorithm), NO_MEMORY, IO. */
dwunw_status_t dwu_inflate(const struct dwunw_elf *elf,
			   const struct dwunw_section *section, bool gnu,
			   const struct dwunw_module_files *files,
			   struct dwunw_arena *arena, struct dwunw_span *span);

#endif
