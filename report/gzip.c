/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * gzip.c - bytes to a gzip file (RFC 1952). This object holds what it needs of
 * zlib with its names made local (report/objs.mk).
 */
#include "out.h"

#ifdef CONFIG_REPORT_GZIP
#include <string.h>
#include <zlib.h>

#define GZIP_BITS (15 + 16) /* zlib.h: a gzip header in place of zlib's */

static bool pack(struct dwu_out *out, z_stream *stream)
{
	uint8_t part[4096];
	int status;

	do {
		stream->next_out = part;
		stream->avail_out = sizeof(part);
		status = deflate(stream, Z_FINISH);
		dwu_out_bytes(out, part, sizeof(part) - stream->avail_out);
	} while (status == Z_OK ||
		 (status == Z_BUF_ERROR && stream->avail_out != sizeof(part)));
	return status == Z_STREAM_END;
}

void dwu_gzip(struct dwu_out *out, const uint8_t *bytes, size_t size)
{
	z_stream stream;

	memset(&stream, 0, sizeof(stream));
	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_BITS,
			 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		out->short_of_memory = true;
		return;
	}
	/* zlib's header is not const-correct; more than 4 GiB is no profile */
	memcpy(&stream.next_in, &bytes, sizeof(bytes));
	stream.avail_in = (uInt)size;
	if (size != stream.avail_in || !pack(out, &stream))
		out->failed = true;
	deflateEnd(&stream);
}
#else
void dwu_gzip(struct dwu_out *out, const uint8_t *bytes, size_t size)
{
	dwu_out_bytes(out, bytes, size);
}
#endif
