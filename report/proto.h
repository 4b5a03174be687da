/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * report/proto.h - the wire format of protocol buffers, as far as profile.proto
 * needs it: varints and length-delimited fields.
 */
#ifndef DWU_REPORT_PROTO_H
#define DWU_REPORT_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that grow; zeroed: none. What fails is sticky. */
struct dwu_proto {
	uint8_t *bytes;
	size_t size;
	size_t room;
	bool failed; /* no memory */
};

void dwu_proto_varint(struct dwu_proto *proto, uint64_t value);
/* A field that is 0 is not there, as proto3 has it. */
void dwu_proto_number(struct dwu_proto *proto, uint32_t field, uint64_t value);
void dwu_proto_bytes(struct dwu_proto *proto, uint32_t field, const void *bytes,
		     size_t size);
/* The bytes of another one, as a message or packed numbers; it is empty then. */
void dwu_proto_take(struct dwu_proto *proto, uint32_t field,
		    struct dwu_proto *part);
/* 8 bytes, the lowest first. */
void dwu_proto_fixed64(struct dwu_proto *proto, uint32_t field, uint64_t value);
/* Fields of another one, behind its own. */
void dwu_proto_append(struct dwu_proto *proto, const struct dwu_proto *part);
void dwu_proto_free(struct dwu_proto *proto);

#endif
