/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * pool.c - all memory of a recording that is read: blocks up to a bound, freed at
 * once; texts, each a single time.
 */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE (64u << 10)

struct block {
	struct block *next;
	size_t used;
	size_t size;
};

struct text {
	uint32_t hash;
	uint32_t size;
	const char *text;
};

struct dwu_rec_pool {
	struct block *first;
	uint64_t taken;
	uint64_t max;
	struct text *texts; /* hashed, half of them free */
	uint32_t text_room;
	uint32_t text_count;
};

#define ALIGN 16u
#define BLOCK_HEAD ((sizeof(struct block) + ALIGN - 1) & ~(size_t)(ALIGN - 1))

static struct block *new_block(struct dwu_rec_pool *pool, size_t size)
{
	size_t wanted = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	struct block *block;

	if (wanted > pool->max || pool->taken > pool->max - wanted)
		return NULL;
	block = calloc(1, BLOCK_HEAD + wanted);
	if (!block)
		return NULL;
	*block = (struct block){ .size = wanted };
	pool->taken += wanted;
	/* one of its own stands behind the one that has room */
	if (size > BLOCK_SIZE && pool->first) {
		block->next = pool->first->next;
		pool->first->next = block;
	} else {
		block->next = pool->first;
		pool->first = block;
	}
	return block;
}

void *dwu_rec_alloc(struct dwu_rec_pool *pool, size_t size)
{
	struct block *block = pool->first;
	void *at;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + (size ? 0 : 1) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!block || size > block->size - block->used)
		block = new_block(pool, size);
	if (!block)
		return NULL;
	at = (uint8_t *)block + BLOCK_HEAD + block->used;
	block->used += size;
	return at;
}

/* What it had before is not given back: in all it is as much again. */
void *dwu_rec_grow(struct dwu_rec_pool *pool, const void *at, uint32_t count,
		   uint32_t *room, size_t size)
{
	uint32_t more = *room ? *room * 2 : 16;
	void *larger;

	if (count < *room)
		return (void *)(uintptr_t)at;
	if (more <= count || more > UINT32_MAX / 2)
		return NULL;
	larger = dwu_rec_alloc(pool, more * size);
	if (!larger)
		return NULL;
	if (count)
		memcpy(larger, at, count * size);
	*room = more;
	return larger;
}

struct dwu_rec_pool *dwu_rec_pool_new(uint64_t max)
{
	struct dwu_rec_pool *pool = calloc(1, sizeof(*pool));

	if (pool)
		pool->max = max;
	return pool;
}

void dwu_rec_pool_free(struct dwu_rec_pool *pool)
{
	if (!pool)
		return;
	while (pool->first) {
		struct block *block = pool->first;

		pool->first = block->next;
		free(block);
	}
	free(pool->texts);
	free(pool);
}

/* --- texts, each once ------------------------------------------------------------ */

/* Names go to terminals and into other formats. */
static char printable(uint8_t byte)
{
	return byte < 0x20 || byte == 0x7f ? '?' : (char)byte;
}

static bool is_text(const struct text *kept, struct dwunw_span text,
		    uint32_t hash)
{
	if (kept->hash != hash || kept->size != text.size)
		return false;
	for (uint32_t i = 0; i < kept->size; i++)
		if (kept->text[i] != printable(text.data[i]))
			return false;
	return true;
}

static struct text *text_slot(struct text *texts, uint32_t room,
			      struct dwunw_span text, uint32_t hash)
{
	for (uint32_t at = hash;; at++) {
		struct text *slot = &texts[at & (room - 1)];

		if (!slot->text || is_text(slot, text, hash))
			return slot;
	}
}

static bool grow_texts(struct dwu_rec_pool *pool)
{
	uint32_t room = pool->text_room ? pool->text_room * 2 : 256;
	uint64_t bytes = room * sizeof(struct text);
	struct text *texts;

	if (bytes > pool->max || pool->taken > pool->max - bytes)
		return false;
	texts = calloc(room, sizeof(*texts));
	if (!texts)
		return false;
	for (uint32_t i = 0; i < pool->text_room; i++) {
		const struct text *text = &pool->texts[i];

		if (text->text)
			*text_slot(texts, room,
				   (struct dwunw_span){
					   (const uint8_t *)text->text,
					   text->size },
				   text->hash) = *text;
	}
	pool->taken += bytes - pool->text_room * sizeof(struct text);
	free(pool->texts);
	pool->texts = texts;
	pool->text_room = room;
	return true;
}

static uint32_t text_hash(struct dwunw_span text)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < text.size; i++)
		hash = (hash ^ (uint8_t)printable(text.data[i])) * 16777619u;
	return hash ^ hash >> 15;
}

const char *dwu_rec_keep_text(struct dwu_rec_pool *pool, struct dwunw_span text)
{
	uint32_t hash = text_hash(text);
	struct text *slot;
	char *copy;

	if (!text.size)
		return "";
	if (pool->text_count >= pool->text_room / 2 && !grow_texts(pool))
		return NULL;
	slot = text_slot(pool->texts, pool->text_room, text, hash);
	if (slot->text)
		return slot->text;
	copy = dwu_rec_alloc(pool, text.size + 1);
	if (!copy)
		return NULL;
	for (size_t i = 0; i < text.size; i++)
		copy[i] = printable(text.data[i]);
	*slot = (struct text){ hash, (uint32_t)text.size, copy };
	pool->text_count++;
	return copy;
}
