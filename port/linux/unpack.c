/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * zlib, zstd and xz by the libraries of these names. The sizes are known
 * before, so nothing grows while it is unpacked, and each library is told where
 * its output ends.
 *
 * For example, .debug_info with ch_type 1 and ch_size 100,000: uncompress2()
 * into 100,000 bytes that the core has taken from its arena; less or more is
 * BAD_FORMAT. Content that would be larger than its bound is refused before
 * anything is unpacked.
 */
#include "debug.h"
#include "pages.h"

#include <errno.h>

#ifdef CONFIG_INFLATE_ZLIB
#include <zlib.h>
#endif
#ifdef CONFIG_INFLATE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif
#ifdef CONFIG_MINIDEBUGINFO
#include <lzma.h>
#endif

/* ch_type, gABI 4 */
enum {
	ELFCOMPRESS_ZLIB = 1,
	ELFCOMPRESS_ZSTD = 2,
};

#if defined(CONFIG_INFLATE_ZLIB) || defined(CONFIG_INFLATE_ZSTD) || \
	defined(CONFIG_MINIDEBUGINFO)
/* The library's own memory: counted, as who asks takes it for a damaged file. */
static dwunw_status_t no_memory(void)
{
	dwunw_short(ENOMEM);
	return DWUNW_ERR_NO_MEMORY;
}
#endif

#ifdef CONFIG_INFLATE_ZLIB
/* One stream (RFC 1950) that fills dst exactly. */
static dwunw_status_t unpack_zlib(const void *src, size_t src_size, void *dst,
				  size_t dst_size)
{
	uLongf size = dst_size;
	uLong used = src_size;
	int code = uncompress2(dst, &size, src, &used);

	if (code == Z_MEM_ERROR)
		return no_memory();
	return code == Z_OK && size == dst_size ? DWUNW_OK :
						  DWUNW_ERR_BAD_FORMAT;
}
#endif

#ifdef CONFIG_INFLATE_ZSTD
/* One or more frames (RFC 8878). */
static dwunw_status_t unpack_zstd(const void *src, size_t src_size, void *dst,
				  size_t dst_size)
{
	size_t size = ZSTD_decompress(dst, dst_size, src, src_size);

	if (ZSTD_isError(size) &&
	    ZSTD_getErrorCode(size) == ZSTD_error_memory_allocation)
		return no_memory();
	return !ZSTD_isError(size) && size == dst_size ? DWUNW_OK :
							 DWUNW_ERR_BAD_FORMAT;
}
#endif

/*
 * NOT_IMPLEMENTED is told apart: the section is sound, this build lacks the
 * library.
 */
dwunw_status_t dwu_unpack(void *ctx, uint32_t type, const void *src,
			  size_t src_size, void *dst, size_t dst_size)
{
	(void)ctx;
	(void)src;
	(void)src_size;
	(void)dst;
	(void)dst_size;
	switch (type) {
#ifdef CONFIG_INFLATE_ZLIB
	case ELFCOMPRESS_ZLIB:
		return unpack_zlib(src, src_size, dst, dst_size);
#endif
#ifdef CONFIG_INFLATE_ZSTD
	case ELFCOMPRESS_ZSTD:
		return unpack_zstd(src, src_size, dst, dst_size);
#endif
	default:
		return DWUNW_ERR_NOT_IMPLEMENTED;
	}
}

dwunw_status_t dwunw_inflate(void *ctx, uint32_t type, const void *src,
			     size_t src_size, void *dst, size_t dst_size)
{
	return dwu_unpack(ctx, type, src, src_size, dst, dst_size);
}

#ifdef CONFIG_MINIDEBUGINFO
#define DECODER_MEMORY ((uint64_t)72 << 20)
#define INDEX_MEMORY ((uint64_t)1 << 20)

/*
 * The index at the end of the stream knows the size; 0: not a sound file.
 *
 * The .xz file format 1.1: a footer of 12 bytes says how long the index before
 * it is, and that the size of each block.
 */
static uint64_t xz_size(struct dwunw_span packed)
{
	lzma_stream_flags flags;
	lzma_index *index = NULL;
	lzma_ret code;
	uint64_t memory = INDEX_MEMORY, size;
	size_t at, tail = LZMA_STREAM_HEADER_SIZE;

	if (packed.size < 2 * tail ||
	    lzma_stream_footer_decode(&flags, packed.data + packed.size -
						      tail) != LZMA_OK ||
	    flags.backward_size > packed.size - 2 * tail)
		return 0;
	at = packed.size - tail - (size_t)flags.backward_size;
	code = lzma_index_buffer_decode(&index, &memory, NULL, packed.data, &at,
					packed.size - tail);
	if (code == LZMA_MEM_ERROR)
		(void)no_memory();
	if (code != LZMA_OK)
		return 0;
	size = lzma_index_uncompressed_size(index);
	lzma_index_end(index, NULL);
	return size;
}

dwunw_status_t dwu_unpack_xz(struct dwunw_span packed,
			     struct dwunw_arena *arena,
			     struct dwunw_span *content)
{
	uint64_t memory = DECODER_MEMORY, size = xz_size(packed);
	size_t in = 0, out = 0;
	lzma_ret code;

	*arena = (struct dwunw_arena){ 0 };
	if (!size || size > DWU_XZ_SIZE_MAX)
		return DWUNW_ERR_BAD_FORMAT;
	if (dwu_pages_alloc(arena, (size_t)size) != DWUNW_OK)
		return DWUNW_ERR_NO_MEMORY;
	code = lzma_stream_buffer_decode(&memory, 0, NULL, packed.data, &in,
					 packed.size, arena->base, &out,
					 (size_t)size);
	*content = (struct dwunw_span){ arena->base, (size_t)size };
	if (code == LZMA_OK && out == size)
		return DWUNW_OK;
	dwu_pages_free(arena);
	return code == LZMA_MEM_ERROR ? no_memory() : DWUNW_ERR_BAD_FORMAT;
}
#else
dwunw_status_t dwu_unpack_xz(struct dwunw_span packed,
			     struct dwunw_arena *arena,
			     struct dwunw_span *content)
{
	(void)packed;
	(void)content;
	*arena = (struct dwunw_arena){ 0 };
	return DWUNW_ERR_NOT_IMPLEMENTED;
}
#endif
