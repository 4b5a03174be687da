/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * chunks.h - inputs of several parts: `head` bytes, then for each part a size
 * of 16 bits, little-endian, and its bytes. A part is changed alone, and its
 * size follows.
 */
#ifndef CHUNKS_H
#define CHUNKS_H

#include "fuzz.h"

#define CHUNK_SIZE_MAX 65535u

/* The next part, at *off; what is not there is empty. */
static inline struct dwunw_span chunk_next(const uint8_t *data, size_t size,
					   size_t *off)
{
	struct dwunw_span chunk = { data, 0 };

	if (size - *off < 2)
		return chunk;
	chunk.size = (size_t)data[*off] | (size_t)data[*off + 1] << 8;
	*off += 2;
	if (chunk.size > size - *off)
		chunk.size = size - *off;
	chunk.data = data + *off;
	*off += chunk.size;
	return chunk;
}

static inline size_t chunk_mutate(uint8_t *data, size_t size, size_t size_max,
				  unsigned int seed, size_t head,
				  unsigned int count)
{
	static uint8_t room[1 << 16];
	struct dwunw_span chunk = { NULL, 0 };
	unsigned int wanted = seed / 4 % count;
	size_t off = head, at, behind, grown;

	if (seed % 4 == 0 || size <= head)
		return LLVMFuzzerMutate(data, size, size_max);
	do {
		chunk = chunk_next(data, size, &off);
	} while (wanted--);
	at = (size_t)(chunk.data - data);
	if (chunk.data == data || size >= size_max)
		return LLVMFuzzerMutate(data, size, size_max);
	behind = size - at - chunk.size;
	grown = chunk.size + size_max - size;
	if (grown > sizeof(room))
		grown = sizeof(room);
	memcpy(room, chunk.data, chunk.size);
	grown = LLVMFuzzerMutate(room, chunk.size, grown);
	if (grown > CHUNK_SIZE_MAX)
		grown = CHUNK_SIZE_MAX;
	memmove(data + at + grown, data + at + chunk.size, behind);
	memcpy(data + at, room, grown);
	data[at - 2] = (uint8_t)grown;
	data[at - 1] = (uint8_t)(grown >> 8);
	return at + grown + behind;
}

/* Of a target: its inputs are of that form. */
#define CHUNKS(head, count)                                                   \
	size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,            \
				       size_t size_max, unsigned int seed);   \
	size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,            \
				       size_t size_max, unsigned int seed)    \
	{                                                                     \
		return chunk_mutate(data, size, size_max, seed, head, count); \
	}

#endif
