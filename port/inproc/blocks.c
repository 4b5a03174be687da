/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Address -> block, by the address itself and without locks: a block's entry has one
 * owner at a time, the thread that has it from the allocator, or that frees it.
 *
 *	bits 46..34	top	-> middle	8,192 pointers
 *	bits 33..22	middle	-> leaf		4,096 pointers, of 16 GiB
 *	bits 21..4	leaf	-> block	8 bytes for 16, of 4 MiB
 *
 * Pages of a leaf are there once a block of theirs was: half of the heap's own.
 * A block that is no multiple of 16, or beyond 2^47, has no place.
 */
#include "inproc.h"

#define LEAF_BITS 22
#define MIDDLE_BITS 12
#define TOP_BITS 13
#define LEAF_COUNT (1u << (LEAF_BITS - 4))
#define MIDDLE_COUNT (1u << MIDDLE_BITS)
#define TOP_COUNT (1u << TOP_BITS)

struct leaf {
	uint64_t blocks[LEAF_COUNT];
};
struct middle {
	struct leaf *leaves[MIDDLE_COUNT];
};
static struct middle **top;

bool dwu_blocks_open(void)
{
	top = dwu_inproc_pages(TOP_COUNT * sizeof(*top));
	return top;
}

/* *at, made if it is not there; another thread may be faster. */
static void *grow(void **at, size_t size)
{
	void *now = __atomic_load_n(at, __ATOMIC_ACQUIRE), *made;

	if (likely(now))
		return now;
	made = dwu_inproc_pages(size);
	if (!made ||
	    __atomic_compare_exchange_n(at, &now, made, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return made;
	dwu_inproc_unmap(made, size);
	return now;
}

static bool has_place(uint64_t addr)
{
	return !(addr & 15) && !(addr >> (TOP_BITS + MIDDLE_BITS + LEAF_BITS));
}

static uint64_t *entry_of(struct leaf *leaf, uint64_t addr)
{
	return &leaf->blocks[addr >> 4 & (LEAF_COUNT - 1)];
}

static uint64_t *make(uint64_t addr)
{
	struct middle *middle;
	struct leaf *leaf;

	middle = grow((void **)&top[addr >> (MIDDLE_BITS + LEAF_BITS)],
		      sizeof(*middle));
	if (!middle)
		return NULL;
	leaf = grow(
		(void **)&middle->leaves[addr >> LEAF_BITS & (MIDDLE_COUNT - 1)],
		sizeof(*leaf));
	return leaf ? entry_of(leaf, addr) : NULL;
}

static uint64_t *find(uint64_t addr)
{
	struct middle *middle = __atomic_load_n(
		&top[addr >> (MIDDLE_BITS + LEAF_BITS)], __ATOMIC_ACQUIRE);
	struct leaf *leaf;

	if (!middle)
		return NULL;
	leaf = __atomic_load_n(
		&middle->leaves[addr >> LEAF_BITS & (MIDDLE_COUNT - 1)],
		__ATOMIC_ACQUIRE);
	return leaf ? entry_of(leaf, addr) : NULL;
}

bool dwu_blocks_put(const void *at, uint64_t block, uint64_t *old)
{
	uint64_t addr = (uint64_t)(uintptr_t)at;
	uint64_t *entry = has_place(addr) ? make(addr) : NULL;

	*old = 0;
	if (!entry)
		return false;
	*old = __atomic_load_n(entry, __ATOMIC_RELAXED);
	__atomic_store_n(entry, block, __ATOMIC_RELAXED);
	return true;
}

uint64_t dwu_blocks_take(const void *at)
{
	uint64_t addr = (uint64_t)(uintptr_t)at, block;
	uint64_t *entry = has_place(addr) ? find(addr) : NULL;

	if (!entry)
		return 0;
	block = __atomic_load_n(entry, __ATOMIC_RELAXED);
	if (block)
		__atomic_store_n(entry, 0, __ATOMIC_RELAXED);
	return block;
}

static void visit_leaf(const struct leaf *leaf,
		       void (*visit)(void *ctx, uint64_t block), void *ctx)
{
	uint64_t block;

	for (uint32_t i = 0; i < LEAF_COUNT; i++) {
		block = __atomic_load_n(&leaf->blocks[i], __ATOMIC_RELAXED);
		if (block)
			visit(ctx, block);
	}
}

void dwu_blocks_each(void (*visit)(void *ctx, uint64_t block), void *ctx)
{
	for (uint32_t i = 0; i < TOP_COUNT; i++)
		for (uint32_t k = 0; top[i] && k < MIDDLE_COUNT; k++)
			if (top[i]->leaves[k])
				visit_leaf(top[i]->leaves[k], visit, ctx);
}
