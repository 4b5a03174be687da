/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/types.h - what every part shares: status, memory, input bytes.
 *
 * The library never allocates, opens or prints by itself below the port:
 * memory comes from arenas, file bytes through a dwunw_source, target bytes
 * through a dwunw_read_memory_fn. All target addresses and file offsets are
 * uint64_t, whatever the host or the target. `size` counts bytes, `count`
 * items, a range is [start, end).
 *
 * What may grow: a struct whose first field is `size` gets new fields at its
 * end in later versions. The caller sets `size` to its sizeof, or leaves the 0
 * of a zeroed struct, which is this header's sizeof. A smaller struct of an
 * older header is taken with every new field 0; a larger one of a newer header
 * if all that this version does not know is 0, else it is INVALID_ARG. Other
 * structs, and the numbers of enums, stay as they are.
 */
#ifndef DWUNW_TYPES_H
#define DWUNW_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The contract was broken, or memory ran out. A stack that ends is not an
 * error: see enum dwunw_stop_reason.
 */
typedef enum dwunw_status {
	DWUNW_OK = 0,
	/* An argument, an address or an offset is outside what is allowed. */
	DWUNW_ERR_INVALID_ARG = -1,
	/* The arch is unknown, or not in this build. */
	DWUNW_ERR_UNSUPPORTED_ARCH = -2,
	/* Built without that option. */
	DWUNW_ERR_NOT_IMPLEMENTED = -3,
	/* The operating system said no; errno holds its reason in a port. */
	DWUNW_ERR_IO = -4,
	/* The bytes contradict their format. */
	DWUNW_ERR_BAD_FORMAT = -5,
	/* Nothing is wrong, but there is no such data. */
	DWUNW_ERR_NO_DEBUG_DATA = -6,
	/* Every slot of the module cache is in use. */
	DWUNW_ERR_CACHE_FULL = -7,
	/* The arena is too small; its `wanted` says what is enough. */
	DWUNW_ERR_NO_MEMORY = -8,
	/* The kernel refuses access to that process. */
	DWUNW_ERR_ATTACH_DENIED = -9,
} dwunw_status_t;

/* The name as written above, without its prefix: "BAD_FORMAT". Static. */
const char *dwunw_status_name(dwunw_status_t status);

/*
 * Memory that only grows until it is reset as a whole. The bytes belong to
 * the caller and must outlive all that was made in them. `wanted` is the
 * size with which the call that failed last would have succeeded.
 */
struct dwunw_arena {
	uint8_t *base;
	size_t size;
	size_t used;
	size_t wanted;
	/* so many bytes at the end are 0 already, as fresh pages of the
	 * operating system are, and are not written to be so; 0: none. Set
	 * behind dwunw_arena_init() */
	size_t fresh;
};

/* Every block of an arena is aligned to this, and so must its base be. */
#define DWUNW_ARENA_ALIGN 16u

/*
 * Hands [base, base + size) to the arena. A base that is not aligned loses
 * the bytes up to the next multiple of DWUNW_ARENA_ALIGN.
 */
void dwunw_arena_init(struct dwunw_arena *arena, void *base, size_t size);

/* Forgets everything that was allocated. */
void dwunw_arena_reset(struct dwunw_arena *arena);

/* `size` zeroed bytes, or NULL with `wanted` set. */
void *dwunw_arena_alloc(struct dwunw_arena *arena, size_t size);

/*
 * Bytes of a file or of an image in memory. `read` copies [off, off + size)
 * to dst, all or nothing: DWUNW_ERR_INVALID_ARG beyond `size`, DWUNW_ERR_IO.
 * `view`, when not NULL, gives the same bytes in place, valid as long as the
 * source is; it may answer NULL, and then `read` is used.
 */
struct dwunw_source {
	dwunw_status_t (*read)(void *ctx, uint64_t off, void *dst, size_t size);
	const void *(*view)(void *ctx, uint64_t off, size_t size);
	void *ctx;
	uint64_t size;
};

/* A range of bytes that lives somewhere else. */
struct dwunw_span {
	const uint8_t *data;
	size_t size;
};

/* A source over bytes in memory; `span` must outlive it. */
void dwunw_source_from_span(struct dwunw_source *src,
			    const struct dwunw_span *span);

/*
 * Copies `size` bytes of the target at addr to dst, all or nothing.
 * DWUNW_ERR_INVALID_ARG: some of the range is not there.
 */
typedef dwunw_status_t (*dwunw_read_memory_fn)(void *ctx, uint64_t addr,
					       void *dst, size_t size);

#ifdef __cplusplus
}
#endif
#endif
