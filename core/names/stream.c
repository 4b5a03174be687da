/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A debug section, a buffer at a time: sections may have gigabytes, entries
 * have a few bytes. In memory (part->data) it is used in place, and nothing is
 * read.
 *
 * For example, entries of a unit at 0x5000: the first read takes 1 KiB from
 * 0x5000 on, the next 2 KiB from the first entry of which fewer than MARGIN
 * bytes are at hand, then 4 KiB, up to `room`; a jump to another unit begins
 * with 1 KiB again.
 *
 * A record that is cut by the buffer's end turns its cursor bad;
 * dwu_stream_more() then reads it from its start with more bytes, until `room`
 * is full. So a record of up to DWU_STREAM_ROOM bytes can be read, and a longer
 * one is the file's fault.
 */
#include "stream.h"

#include "core/base/grow.h"

#define FILL_FIRST 1024u
/* Records are mostly smaller; less at hand is refilled beforehand. */
#define MARGIN 256u

/* The buffer is taken from `arena` and belongs to whoever resets that. */
bool dwu_stream_open(struct dwu_stream *stream, const struct dwunw_dwarf *dwarf,
		     enum dwunw_dwarf_part part, size_t room,
		     struct dwunw_arena *arena)
{
	const struct dwunw_dwarf_section *section = &dwarf->parts[part];

	*stream = (struct dwu_stream){ .src = &dwarf->src,
				       .section = *section,
				       .fill = FILL_FIRST,
				       .big = dwarf->big };
	if (section->data || section->size == 0)
		return true;
	if (room > section->size)
		room = (size_t)section->size;
	stream->room = room;
	stream->buffer = dwu_room(arena, room);
	return stream->buffer != NULL;
}

/* A cursor needs an address, though it never reads from it. */
static const uint8_t nothing[1];

/*
 * The buffer begins at off, with up to `fill` bytes.
 *
 * off is below the section's size: callers know. A failed read leaves an empty
 * buffer, so that old bytes are never taken for those at off.
 */
static bool refill(struct dwu_stream *s, uint64_t off)
{
	uint64_t left = s->section.size - off;
	size_t size = s->fill < s->room ? s->fill : s->room;

	if (size > left)
		size = (size_t)left;
	s->size = 0;
	s->off = off;
	if (s->src->read(s->src->ctx, s->section.off + off, s->buffer, size) !=
	    DWUNW_OK)
		return false;
	s->size = size;
	return true;
}

/* Without a buffer that is filled nothing is near. */
static bool is_near(const struct dwu_stream *s, uint64_t off)
{
	return s->size && off >= s->off && off - s->off <= s->size;
}

/* Reading on doubles what is read; reading elsewhere begins small again. */
static void choose_fill(struct dwu_stream *s, uint64_t off)
{
	if (!is_near(s, off))
		s->fill = FILL_FIRST;
	else if (s->fill < s->room)
		s->fill *= 2;
}

/* Does the buffer hold what a record at off mostly needs? */
static bool at_hand(const struct dwu_stream *s, uint64_t off, uint64_t end)
{
	uint64_t left;

	if (off < s->off || off - s->off > s->size)
		return false;
	left = s->size - (off - s->off);
	return left >= MARGIN || left >= end - off;
}

/*
 * Empty, with any address, behind the end or after a failed read: its first
 * read is bad. The cursor is good until the stream is used again.
 */
struct dwu_cursor dwu_stream_at(struct dwu_stream *s, uint64_t off,
				uint64_t end)
{
	size_t size;

	if (end > s->section.size)
		end = s->section.size;
	if (off >= end)
		return dwu_cursor(nothing, 0, s->big);
	if (s->section.data)
		return dwu_cursor(s->section.data + (size_t)off,
				  (size_t)(end - off), s->big);
	if (!at_hand(s, off, end)) {
		choose_fill(s, off);
		(void)refill(s, off);
	}
	size = s->size - (size_t)(off - s->off);
	if (size > end - off)
		size = (size_t)(end - off);
	return dwu_cursor(s->buffer + (size_t)(off - s->off), size, s->big);
}

/*
 * False also where the buffer begins at off and is full: a record that needs
 * more than `room` is bad, and asking again would never end.
 */
bool dwu_stream_more(struct dwu_stream *s, uint64_t off, uint64_t end)
{
	if (end > s->section.size)
		end = s->section.size;
	if (s->section.data || off >= end || !is_near(s, off) ||
	    end - off <= s->size - (off - s->off) ||
	    (s->off == off && s->size >= s->room))
		return false;
	choose_fill(s, off);
	return refill(s, off);
}

/* For tables that are read here and there: .debug_addr, .debug_str_offsets. */
bool dwu_stream_uint(struct dwu_stream *s, uint64_t off, uint8_t size,
		     uint64_t *value)
{
	struct dwu_cursor c;

	if (off > s->section.size)
		return false;
	c = dwu_stream_at(s, off, s->section.size);
	*value = dwu_uint(&c, size);
	return !c.bad;
}
