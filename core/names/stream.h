/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A debug section through a buffer: sections may be gigabytes, records are
 * small. In memory it is used in place.
 *
 * A parser takes a cursor for each record. When that turned bad it asks
 * dwu_stream_more(), and parses the record anew if the answer is true.
 */
#ifndef DWU_STREAM_H
#define DWU_STREAM_H

#include <dwunw/dwarf.h>

#include "core/base/bytes.h"

/* A record larger than that is BAD_FORMAT. */
#define DWU_STREAM_ROOM 65536u
/* Enough for reading single records here and there. */
#define DWU_STREAM_SMALL 4096u

struct dwu_stream {
	const struct dwunw_source *src;
	struct dwunw_dwarf_section section;
	uint8_t *buffer;
	uint64_t off; /* of buffer's first byte */
	size_t size;  /* bytes in buffer */
	size_t fill;  /* how many to read next */
	size_t room;
	bool big;
};

/* False: the arena is too small. A section that is not there is empty. */
bool dwu_stream_open(struct dwu_stream *stream, const struct dwunw_dwarf *dwarf,
		     enum dwunw_dwarf_part part, size_t room,
		     struct dwunw_arena *arena);

/* A cursor over what is at hand of [off, end); at_hand's first byte is off. */
struct dwu_cursor dwu_stream_at(struct dwu_stream *stream, uint64_t off,
				uint64_t end);

/* Reads more of [off, end) than the last cursor had. False: there is none. */
bool dwu_stream_more(struct dwu_stream *stream, uint64_t off, uint64_t end);

/* An unsigned integer of the section; false: not in it. */
bool dwu_stream_uint(struct dwu_stream *stream, uint64_t off, uint8_t size,
		     uint64_t *value);

#endif
