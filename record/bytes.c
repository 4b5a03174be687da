/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* bytes.c - numbers and texts as bytes, the same on every host; CRC-32. */
#include "record.h"

#include <stdlib.h>
#include <string.h>

static bool make_room(struct dwu_rec_buffer *buffer, size_t size)
{
	size_t room = buffer->room ? buffer->room : 256;
	uint8_t *data;

	if (buffer->failed || size > SIZE_MAX / 4 - buffer->size) {
		buffer->failed = true;
		return false;
	}
	while (room < buffer->size + size)
		room *= 2;
	if (room == buffer->room)
		return true;
	data = realloc(buffer->data, room);
	if (!data) {
		buffer->failed = true;
		return false;
	}
	buffer->data = data;
	buffer->room = room;
	return true;
}

void dwu_rec_put(struct dwu_rec_buffer *buffer, const void *bytes, size_t size)
{
	if (!size || !make_room(buffer, size))
		return;
	memcpy(buffer->data + buffer->size, bytes, size);
	buffer->size += size;
}

void dwu_rec_put_u(struct dwu_rec_buffer *buffer, uint64_t value)
{
	uint8_t bytes[10];
	size_t size = 0;

	do {
		bytes[size++] =
			(uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
		value >>= 7;
	} while (value);
	dwu_rec_put(buffer, bytes, size);
}

void dwu_rec_put_s(struct dwu_rec_buffer *buffer, int64_t value)
{
	uint64_t bits = (uint64_t)value;

	dwu_rec_put_u(buffer, bits << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

void dwu_rec_put_32(struct dwu_rec_buffer *buffer, uint32_t value)
{
	uint8_t bytes[4];

	for (unsigned int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	dwu_rec_put(buffer, bytes, sizeof(bytes));
}

void dwu_rec_put_64(struct dwu_rec_buffer *buffer, uint64_t value)
{
	dwu_rec_put_32(buffer, (uint32_t)value);
	dwu_rec_put_32(buffer, (uint32_t)(value >> 32));
}

void dwu_rec_put_text(struct dwu_rec_buffer *buffer, const char *text)
{
	size_t size = text ? strlen(text) : 0;

	dwu_rec_put_u(buffer, size);
	dwu_rec_put(buffer, text, size);
}

void dwu_rec_put_sized(struct dwu_rec_buffer *buffer,
		       struct dwu_rec_buffer *content)
{
	buffer->failed |= content->failed;
	dwu_rec_put_u(buffer, content->size);
	dwu_rec_put(buffer, content->data, content->size);
	content->size = 0;
}

void dwu_rec_free(struct dwu_rec_buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct dwu_rec_buffer){ 0 };
}

/* --- and back ---------------------------------------------------------------- */

static uint8_t take_byte(struct dwu_rec_cursor *cursor)
{
	if (cursor->at < cursor->end)
		return *cursor->at++;
	cursor->bad = true;
	return 0;
}

/* At most ten bytes, of the tenth one bit. */
uint64_t dwu_rec_take_u(struct dwu_rec_cursor *cursor)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 70; shift += 7) {
		uint8_t byte = take_byte(cursor);

		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return cursor->bad ? 0 : value;
	}
	cursor->bad = true;
	return 0;
}

int64_t dwu_rec_take_s(struct dwu_rec_cursor *cursor)
{
	uint64_t bits = dwu_rec_take_u(cursor);

	return (int64_t)(bits >> 1 ^ (0 - (bits & 1)));
}

uint32_t dwu_rec_take_32(struct dwu_rec_cursor *cursor)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < 4; i++)
		value |= (uint32_t)take_byte(cursor) << 8 * i;
	return value;
}

uint64_t dwu_rec_take_64(struct dwu_rec_cursor *cursor)
{
	uint64_t low = dwu_rec_take_32(cursor);

	return low | (uint64_t)dwu_rec_take_32(cursor) << 32;
}

uint32_t dwu_rec_take_number(struct dwu_rec_cursor *cursor, uint32_t max)
{
	uint64_t value = dwu_rec_take_u(cursor);

	if (value <= max)
		return (uint32_t)value;
	cursor->bad = true;
	return 0;
}

struct dwunw_span dwu_rec_take_text(struct dwu_rec_cursor *cursor)
{
	uint64_t size = dwu_rec_take_u(cursor);
	struct dwunw_span text = { cursor->at, 0 };

	if (cursor->bad || size > (uint64_t)(cursor->end - cursor->at)) {
		cursor->bad = true;
		return text;
	}
	text.size = (size_t)size;
	cursor->at += size;
	return text;
}

struct dwu_rec_cursor dwu_rec_take_sized(struct dwu_rec_cursor *cursor)
{
	struct dwunw_span span = dwu_rec_take_text(cursor);

	return (struct dwu_rec_cursor){ .at = span.data,
					.end = span.data + span.size,
					.bad = cursor->bad };
}

/* By half bytes: a table of 64 bytes, as routers have little. */
uint32_t dwu_rec_crc(uint32_t crc, const uint8_t *bytes, size_t size)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	crc = ~crc;
	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}
