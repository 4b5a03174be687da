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
 *
 * Where addresses have 32 bits there is one `middle`, of 1,024 leaves. Blocks are
 * multiples of 8 there and, by glibc and musl, 16 bytes apart at least: so a place has
 * one of the two that it is for, and which one is noted. An entry is two words then,
 * of which the one with the stack is written last.
 */
#include "inproc.h"

#define LEAF_BITS 22
#define MIDDLE_BITS DWU_ROOM(12, 10)
#define TOP_BITS DWU_ROOM(13, 0)
#define LEAF_COUNT (1u << (LEAF_BITS - 4))
#define MIDDLE_COUNT (1u << MIDDLE_BITS)
#define TOP_COUNT (1u << TOP_BITS)

#if DWU_WIDE
struct entry {
	uint64_t block;
};
#else
struct entry {
	uint32_t low;  /* of the block: its stack is in it */
	uint32_t high; /* the rest, and ODD */
};
#define ODD (1u << 31) /* its address is 8 beyond a multiple of 16 */
#endif
struct leaf {
	struct entry blocks[LEAF_COUNT];
};
struct middle {
	struct leaf *leaves[MIDDLE_COUNT];
};
static struct middle **top;

bool dwu_blocks_open(void)
{
	top = dwu_kept_table(DWU_ROOT_BLOCKS, TOP_COUNT * sizeof(*top));
	return top;
}

/* *at, made if it is not there; another thread may be faster. */
static void *grow(void **at, size_t size)
{
	void *now = __atomic_load_n(at, __ATOMIC_ACQUIRE), *made;

	if (likely(now))
		return now;
	made = dwu_kept_pages(size);
	if (!made ||
	    __atomic_compare_exchange_n(at, &now, made, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return made;
	dwu_kept_drop(made, size);
	return now;
}

/* --- an entry ------------------------------------------------------------------------ */

#if DWU_WIDE
static bool has_place(uint64_t addr)
{
	return !(addr & 15) && !(addr >> (TOP_BITS + MIDDLE_BITS + LEAF_BITS));
}

static uint64_t load(const struct entry *entry)
{
	return __atomic_load_n(&entry->block, __ATOMIC_RELAXED);
}

static void store(struct entry *entry, uint64_t addr, uint64_t block)
{
	(void)addr;
	__atomic_store_n(&entry->block, block, __ATOMIC_RELAXED);
}

static bool is_other(const struct entry *entry, uint64_t addr)
{
	(void)entry;
	(void)addr;
	return false;
}
#else
static bool has_place(uint64_t addr)
{
	return !(addr & 7);
}

static uint64_t load(const struct entry *entry)
{
	uint32_t low = __atomic_load_n(&entry->low, __ATOMIC_ACQUIRE);

	if (!low)
		return 0;
	return (uint64_t)(__atomic_load_n(&entry->high, __ATOMIC_RELAXED) & ~ODD)
		       << 32 |
	       low;
}

static void store(struct entry *entry, uint64_t addr, uint64_t block)
{
	uint32_t high = (uint32_t)(block >> 32) | (addr & 8 ? ODD : 0);

	if (block)
		__atomic_store_n(&entry->high, high, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->low, (uint32_t)block, __ATOMIC_RELEASE);
}

/* Is what is there at the other of the two addresses? */
static bool is_other(const struct entry *entry, uint64_t addr)
{
	return !(entry->high & ODD) != !(addr & 8);
}
#endif

static struct entry *entry_of(struct leaf *leaf, uint64_t addr)
{
	return &leaf->blocks[addr >> 4 & (LEAF_COUNT - 1)];
}

/* --- the tables ------------------------------------------------------------------------ */

static struct entry *make(uint64_t addr)
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

static struct entry *find(uint64_t addr)
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
	struct entry *entry = has_place(addr) ? make(addr) : NULL;

	*old = 0;
	if (!entry)
		return false;
	*old = load(entry);
	if (*old && is_other(entry, addr)) {
		*old = 0;
		return false;
	}
	store(entry, addr, block);
	return true;
}

uint64_t dwu_blocks_take(const void *at)
{
	uint64_t addr = (uint64_t)(uintptr_t)at, block;
	struct entry *entry = has_place(addr) ? find(addr) : NULL;

	if (!entry)
		return 0;
	block = load(entry);
	if (!block || is_other(entry, addr))
		return 0;
	store(entry, addr, 0);
	return block;
}

static void visit_leaf(const struct leaf *leaf,
		       void (*visit)(void *ctx, uint64_t block), void *ctx)
{
	uint64_t block;

	for (uint32_t i = 0; i < LEAF_COUNT; i++) {
		block = load(&leaf->blocks[i]);
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
