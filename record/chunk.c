/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * chunk.c - the file's first bytes, and chunks: a head of 24 bytes, and what they
 * hold, packed or not (SPEC.md 6).
 */
#include "record.h"

#include <stdio.h>
#include <string.h>

#define CHUNK_MAGIC 0x4b435744u /* "DWCK" */

/* As PNG's: a transfer that changes line ends or the eighth bit shows. */
static const uint8_t file_magic[8] = { 0x89, 'D',  'W',	 'R',
				       '\r', '\n', 0x1a, '\n' };

/* A reader of version 1 would take counts of events for none of allocations, and one
 * of version 2 a file of several events for a single one. */
void dwu_rec_put_file_head(struct dwu_rec_buffer *out,
			   const struct dwunw_recording_head *head,
			   uint32_t events)
{
	uint32_t version = events > 1 ? DWUNW_RECORDING_VERSION :
			   head->event == DWUNW_RECORDING_ALLOC ?
					DWU_REC_VERSION_ALLOC :
					DWU_REC_VERSION_EVENT;

	dwu_rec_put(out, file_magic, sizeof(file_magic));
	dwu_rec_put_32(out, version);
	dwu_rec_put_32(out, events > 1 ? events : 0);
}

bool dwunw_recording_is(const void *bytes, size_t size)
{
	return bytes && size >= DWU_REC_FILE_HEAD &&
	       !memcmp(bytes, file_magic, sizeof(file_magic));
}

void dwu_rec_put_chunk(struct dwu_rec_buffer *out, uint16_t kind, uint8_t event,
		       uint32_t number, struct dwu_rec_buffer *content,
		       bool plain)
{
	struct dwu_rec_buffer packed = { 0 };
	const struct dwu_rec_buffer *stored = content;
	uint8_t packing = DWU_REC_PLAIN;
	size_t head = out->size;

	if (!plain)
		packing = dwu_rec_pack(content->data, content->size, &packed);
	if (packing != DWU_REC_PLAIN)
		stored = &packed;
	out->failed |= content->failed || packed.failed;
	dwu_rec_put_32(out, CHUNK_MAGIC);
	dwu_rec_put_32(out,
		       kind | (uint32_t)packing << 16 | (uint32_t)event << 24);
	dwu_rec_put_32(out, number);
	dwu_rec_put_32(out, (uint32_t)stored->size);
	dwu_rec_put_32(out, (uint32_t)content->size);
	if (!out->failed)
		dwu_rec_put_32(out,
			       dwu_rec_crc(dwu_rec_crc(0, out->data + head, 20),
					   stored->data, stored->size));
	dwu_rec_put(out, stored->data, stored->size);
	content->size = 0;
	dwu_rec_free(&packed);
}

const char *dwunw_recording_chunk_name(uint32_t kind)
{
	static const char *const names[] = {
		[DWU_REC_HEAD] = "the head", [DWU_REC_PROCESSES] = "processes",
		[DWU_REC_FILES] = "files",   [DWU_REC_MAPS] = "mappings",
		[DWU_REC_FRAMES] = "frames", [DWU_REC_STACKS] = "stacks",
		[DWU_REC_STEP] = "a step",   [DWU_REC_COUNTS] = "counts",
		[DWU_REC_NAMES] = "names",   [DWU_REC_END] = "the end",
	};

	return kind && kind < sizeof(names) / sizeof(names[0]) ?
		       names[kind] :
		       "a kind that is not known";
}

/* "1.5 KB are left of …": the head says it, or not even that is there. */
static bool is_cut(const struct dwu_rec_chunk *chunk, uint64_t left,
		   uint32_t *end, char *text, size_t text_size)
{
	*end = DWUNW_RECORDING_CUT;
	if (left < DWU_REC_CHUNK_HEAD)
		snprintf(text, text_size,
			 "it is cut off within the head of a chunk");
	else
		snprintf(text, text_size,
			 "it is cut off within a chunk of %u bytes (%s)",
			 (unsigned int)chunk->stored,
			 dwunw_recording_chunk_name(chunk->kind));
	return false;
}

static bool is_damaged(uint32_t *end, char *text, size_t text_size,
		       const char *why)
{
	*end = DWUNW_RECORDING_DAMAGED;
	snprintf(text, text_size, "%s", why);
	return false;
}

bool dwu_rec_take_chunk(const uint8_t *bytes, size_t size, uint64_t off,
			struct dwu_rec_chunk *chunk, uint32_t *end, char *text,
			size_t text_size)
{
	struct dwu_rec_cursor at = { bytes + off, bytes + size, false };
	uint64_t left = size - off;
	uint32_t magic, kind, crc;

	*chunk = (struct dwu_rec_chunk){ .off = off };
	if (left < DWU_REC_CHUNK_HEAD)
		return is_cut(chunk, left, end, text, text_size);
	magic = dwu_rec_take_32(&at);
	kind = dwu_rec_take_32(&at);
	chunk->kind = (uint16_t)kind;
	chunk->packing = (uint8_t)(kind >> 16);
	chunk->event = (uint8_t)(kind >> 24);
	chunk->number = dwu_rec_take_32(&at);
	chunk->stored = dwu_rec_take_32(&at);
	chunk->size = dwu_rec_take_32(&at);
	crc = dwu_rec_take_32(&at);
	chunk->bytes = at.at;
	if (magic != CHUNK_MAGIC)
		return is_damaged(end, text, text_size,
				  "no chunk begins where one should");
	if (chunk->stored > DWU_REC_CHUNK_MAX ||
	    chunk->size > DWU_REC_CHUNK_MAX)
		return is_damaged(end, text, text_size,
				  "a chunk of more than 16 MiB");
	if (chunk->stored > left - DWU_REC_CHUNK_HEAD)
		return is_cut(chunk, left, end, text, text_size);
	if (crc != dwu_rec_crc(dwu_rec_crc(0, bytes + off, 20), chunk->bytes,
			       chunk->stored))
		return is_damaged(end, text, text_size, "its checksum differs");
	return true;
}

uint32_t dwu_rec_unpack(const struct dwu_rec_chunk *chunk, uint8_t *dst)
{
	dwunw_status_t status;

	if (chunk->packing == DWU_REC_PLAIN) {
		if (chunk->size != chunk->stored)
			return DWUNW_RECORDING_DAMAGED;
		if (chunk->size)
			memcpy(dst, chunk->bytes, chunk->size);
		return DWUNW_RECORDING_ENDED;
	}
	status = dwunw_inflate(NULL, chunk->packing, chunk->bytes,
			       chunk->stored, dst, chunk->size);
	if (status == DWUNW_ERR_NOT_IMPLEMENTED)
		return DWUNW_RECORDING_PACKED;
	return status == DWUNW_OK ? DWUNW_RECORDING_ENDED :
				    DWUNW_RECORDING_DAMAGED;
}
