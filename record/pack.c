/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * pack.c - fewer bytes, by zstd or zlib. This object holds what it needs of that
 * library with its names made local (record/objs.mk).
 */
#include "record.h"

#include <stdlib.h>

#if defined(CONFIG_RECORD_ZSTD)
#include <zstd.h>

static size_t pack(const uint8_t *src, size_t size, uint8_t *dst, size_t room)
{
	size_t packed = ZSTD_compress(dst, room, src, size, 6);

	return ZSTD_isError(packed) ? 0 : packed;
}
#define HOW DWU_REC_ZSTD
#elif defined(CONFIG_RECORD_ZLIB)
#include <zlib.h>

static size_t pack(const uint8_t *src, size_t size, uint8_t *dst, size_t room)
{
	uLongf packed = room;

	return compress2(dst, &packed, src, size, 6) == Z_OK ? packed : 0;
}
#define HOW DWU_REC_ZLIB
#else
static size_t pack(const uint8_t *src, size_t size, uint8_t *dst, size_t room)
{
	(void)src;
	(void)size;
	(void)dst;
	(void)room;
	return 0;
}
#define HOW DWU_REC_PLAIN
#endif

uint8_t dwu_rec_pack(const uint8_t *src, size_t size,
		     struct dwu_rec_buffer *dst)
{
	uint8_t *packed = size > 64 && HOW != DWU_REC_PLAIN ? malloc(size) :
							      NULL;
	size_t fewer = packed ? pack(src, size, packed, size - 1) : 0;

	if (fewer)
		dwu_rec_put(dst, packed, fewer);
	free(packed);
	return fewer ? HOW : DWU_REC_PLAIN;
}
