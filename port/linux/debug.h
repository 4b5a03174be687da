/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * debug.h - separate debug files, and what they are packed with.
 *
 *	unpack      zlib, zstd, xz
 *	identity    are two files of one build?
 *	debugfiles  where a file's debug file is
 */
#ifndef DWU_DEBUG_H
#define DWU_DEBUG_H

#include <dwunw/linux.h>

#include "files.h"

/* --- unpack.c ---------------------------------------------------------------- */

/* A dwunw_inflate_fn; NOT_IMPLEMENTED: not in this build. */
dwunw_status_t dwu_unpack(void *ctx, uint32_t type, const void *src,
			  size_t src_size, void *dst, size_t dst_size);

/* What an .xz file holds, and of MiniDebugInfo, packed: more is refused. */
#define DWU_XZ_SIZE_MAX ((uint64_t)64 << 20)
#define DWU_XZ_PACKED_MAX ((uint64_t)16 << 20)

/*
 * The content of an .xz file of one stream, in an arena of its own. The
 * decoder may take 72 MiB for itself, which is what `xz -9` asks for.
 * BAD_FORMAT: also a content of more than DWU_XZ_SIZE_MAX.
 */
dwunw_status_t dwu_unpack_xz(struct dwunw_span packed,
			     struct dwunw_arena *arena,
			     struct dwunw_span *content);

/* --- identity.c --------------------------------------------------------------- */

/* FNV-1a of the build id, 0: it has none. */
uint64_t dwu_build_id_hash(const struct dwunw_elf *elf);

/* Both have a build id, and they differ: 1; they are equal: 0; else -1. */
int dwu_build_id_compare(const struct dwunw_elf *a, const struct dwunw_elf *b);

/*
 * Of one build, stripped or not: equal build ids where both have one, else
 * equal target, type, entry, PT_LOAD addresses, sizes and flags, and equal
 * bytes of the executable segments. The second reads both files' code.
 * Files without code in them (--only-keep-debug) are not compared by it.
 */
bool dwu_build_same(const struct dwunw_elf *a, const struct dwunw_elf *b);

/* --- debugfiles.c ------------------------------------------------------------- */

enum dwu_debug_need {
	DWU_DEBUG_CFI,	   /* .debug_frame */
	DWU_DEBUG_SYMBOLS, /* .symtab */
	DWU_DEBUG_LINES,   /* .debug_info */
};

struct dwu_debug_search {
	const struct dwunw_elf *elf; /* whose debug file */
	const struct dwu_file *file;
	const char *path;	 /* of it, as the target or the caller says */
	const char *const *dirs; /* ends with NULL; may be NULL */
	const char *sysroot;	 /* NULL: none */
	/* told in a line of each file that was refused; may be NULL */
	void (*log)(void *log_ctx, const char *line);
	void *log_ctx;
	uint64_t file_size_max;
	enum dwu_debug_need need;
};

/* An open debug file; `src` and `elf` point into it, so it may not move. */
struct dwu_debug {
	struct dwunw_source src; /* without a view: it is soon closed */
	struct dwunw_elf elf;
	struct dwu_file file;
	struct dwunw_arena unpacked;
};

/*
 * Finds the debug file of search->elf, if that has not what is needed itself:
 * MiniDebugInfo in it; by build id; by .gnu_debuglink; under the sysroot.
 * Our own files only, SECURITY.md says why. False: none, nothing to close.
 */
bool dwu_debug_find(const struct dwu_debug_search *search,
		    struct dwu_debug *debug);
void dwu_debug_close(struct dwu_debug *debug);

#endif
