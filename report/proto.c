/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "proto.h"

#include <stdlib.h>
#include <string.h>

/* Wire types. */
#define VARINT 0u
#define FIXED64 1u
#define DELIMITED 2u

static void put(struct dwu_proto *proto, const void *bytes, size_t size)
{
	size_t room = proto->room ? proto->room : 256;
	uint8_t *grown;

	while (room - proto->size < size)
		room *= 2;
	if (room != proto->room && !proto->failed) {
		grown = realloc(proto->bytes, room);
		proto->failed = !grown;
		if (grown) {
			proto->bytes = grown;
			proto->room = room;
		}
	}
	if (proto->failed || !size)
		return;
	memcpy(proto->bytes + proto->size, bytes, size);
	proto->size += size;
}

void dwu_proto_varint(struct dwu_proto *proto, uint64_t value)
{
	uint8_t bytes[10];
	size_t size = 0;

	do {
		bytes[size] = (uint8_t)(value & 0x7f);
		value >>= 7;
		bytes[size++] |= value ? 0x80 : 0;
	} while (value);
	put(proto, bytes, size);
}

void dwu_proto_number(struct dwu_proto *proto, uint32_t field, uint64_t value)
{
	if (!value)
		return;
	dwu_proto_varint(proto, field << 3 | VARINT);
	dwu_proto_varint(proto, value);
}

void dwu_proto_bytes(struct dwu_proto *proto, uint32_t field, const void *bytes,
		     size_t size)
{
	dwu_proto_varint(proto, field << 3 | DELIMITED);
	dwu_proto_varint(proto, size);
	put(proto, bytes, size);
}

void dwu_proto_take(struct dwu_proto *proto, uint32_t field,
		    struct dwu_proto *part)
{
	dwu_proto_bytes(proto, field, part->bytes, part->size);
	proto->failed |= part->failed;
	part->size = 0;
}

void dwu_proto_fixed64(struct dwu_proto *proto, uint32_t field, uint64_t value)
{
	uint8_t bytes[8];

	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	dwu_proto_varint(proto, field << 3 | FIXED64);
	put(proto, bytes, sizeof(bytes));
}

void dwu_proto_append(struct dwu_proto *proto, const struct dwu_proto *part)
{
	put(proto, part->bytes, part->size);
	proto->failed |= part->failed;
}

void dwu_proto_free(struct dwu_proto *proto)
{
	free(proto->bytes);
	*proto = (struct dwu_proto){ 0 };
}
