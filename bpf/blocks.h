/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * blocks.h - which calls of an allocator make, change and free a block.
 *
 *   entry   calls[tid] = which function, its arguments, sp
 *   return  a new block: its event is sent, then
 *           live[address] = size, time, stack key
 *   free    live[address] goes
 *
 * The same text in the kernel and in user space, and in more than one tool. Who
 * includes it has defined before, for maps `calls`, `live` and `spans`:
 *
 *   map_find(&map, &key)	the value, or NULL
 *   map_put(&map, &key, &value)	0, or the map is full
 *   map_drop(&map, &key)
 *   call_end(call, &tid)	this entry of `calls` has ended: drops it, or
 *	makes its function NO_CALL, and drops it when the thread ends
 *   read_word(addr, &value)	an unsigned long of the program; 0: done
 *   WORD_MAX	the largest of them
 *   BLOCKS	what its functions are declared with
 *   LEVEL_END	mappings of 2^LEVEL_END bytes and more are not found
 *   level_is_seen(level), level_see(level)	a flag for each level below 64, and
 *	setting it
 *   struct live_block	size, key, and what the tool wants to know
 *   block_id, block_id_of(addr)	the key of `live` and `spans`: the address,
 *	and the process where there may be several
 *
 * Only the outermost allocator call of a thread counts: malloc's own mmap is
 * no second allocation.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* The map "calls": thread -> the allocator's function that it is in. */
enum function {
	NO_CALL, /* not in one */
	MALLOC,
	REALLOC,
	POSIX_MEMALIGN,
	MMAP,
	MREMAP
};

struct call {
	uint64_t sp;
	uint64_t size;
	uint64_t ptr;	       /* REALLOC, MREMAP: old block; POSIX_MEMALIGN:
				* where the result goes */
	uint64_t old_size;     /* MREMAP: what of it is moved; 0: nothing is */
	struct live_block old; /* put back if the call fails */
	uint32_t function;
	uint32_t ignored; /* nothing is made of it or of what it calls */
};

static BLOCKS uint64_t page_up(uint64_t size)
{
	return (size + 4095) & ~4095ull;
}

/*
 * --- which mapping an address is in, by hash maps alone ---
 *
 * A mapping of 2^n to 2^(n + 1) - 1 bytes is of level n. It holds one or two
 * multiples of 2^n, and no other mapping of that level holds the same ones:
 * each is an entry of `spans`, multiple | n -> the mapping's start (multiples
 * are of 4096, n is below 64). If the mapping holds an address, then it holds the
 * multiple next to it on one side. So two look-ups a level find it.
 */
#define LEVEL_FIRST 12

/* Without a branch, as lesser(): the barriers keep the compiler from making one. */
static BLOCKS uint32_t level_of(uint64_t size)
{
	uint64_t level = 0;

	for (uint32_t step = 32; step; step /= 2) {
		uint64_t rest = size >> step, some = (rest | -rest) >> 63;

		__asm__ volatile("" : "+r"(some));
		some *= step;
		size >>= some;
		level += some;
	}
	return (uint32_t)level;
}

/* The mapping [start, start + size) is known from now on. */
static BLOCKS void span_add(uint64_t start, uint64_t size)
{
	uint64_t end = start + page_up(size);
	uint32_t level = level_of(end - start);
	uint64_t step = 1ull << (level & 63), at = (start + step - 1) & -step;

	if (level < LEVEL_FIRST || level >= LEVEL_END)
		return;
	level_see(level);
	for (int i = 0; i < 2 && at < end; i++, at += step) {
		block_id id = block_id_of(at | level);

		map_put(&spans, &id, &start);
	}
}

/* It is none any more. Without a branch: if it holds one multiple only, that
 * one goes twice; of a level that is not kept there is nothing to go. */
static BLOCKS void span_drop(uint64_t start, uint64_t size)
{
	uint64_t end = start + page_up(size);
	uint32_t level = level_of(end - start);
	uint64_t step = 1ull << (level & 63), at = (start + step - 1) & -step;
	uint64_t two = (at + step - end) >> 63;
	block_id id = block_id_of(at | level);

	map_drop(&spans, &id);
	__asm__ volatile("" : "+r"(two));
	id = block_id_of((at + step * two) | level);
	map_drop(&spans, &id);
}

/* The lesser one, without a branch: the kernel's verifier would follow both ways
 * of each, with all that it has learnt there. */
static BLOCKS uint64_t lesser(uint64_t a, uint64_t b)
{
	uint64_t a_is = ((~a & b) | ((~a | b) & (a - b))) >> 63;

	return b ^ ((a ^ b) & (0 - a_is));
}

/*
 * The start of the mapping that holds addr, and its size. 0: none is known.
 * Mappings do not overlap: of those that begin at or below addr it is the
 * nearest.
 */
static BLOCKS uint64_t span_find(uint64_t addr, uint64_t *size)
{
	uint64_t nearest = -1ull, start;
	struct live_block *found;
	block_id id;

	for (uint32_t i = 2 * LEVEL_FIRST; i < 2 * LEVEL_END; i++) {
		uint64_t step = 1ull << (i / 2), at = (addr & -step) | i / 2;
		uint64_t *known;

		if (!level_is_seen(i / 2))
			continue;
		id = block_id_of(at + (i % 2 ? step : 0));
		known = map_find(&spans, &id);
		if (known) /* one above is far away */
			nearest = lesser(addr - *known, nearest);
	}
	start = addr - nearest;
	id = block_id_of(start);
	found = map_find(&live, &id);
	if (!found || nearest >= page_up(found->size))
		return 0;
	*size = found->size;
	return start;
}

/* Of the mapping [start, start + size), [from, to) goes: its start, its end,
 * its middle or all of it. */
static BLOCKS void span_cut(uint64_t start, uint64_t size, uint64_t from,
			    uint64_t to)
{
	block_id id = block_id_of(start);
	struct live_block *found = map_find(&live, &id), block;

	if (!found)
		return;
	block = *found;
	span_drop(start, size);
	if (from > start) {
		block.size = from - start;
		map_put(&live, &id, &block);
		span_add(start, block.size);
	} else {
		map_drop(&live, &id);
	}
	if (to - start >= size)
		return;
	block.size = size - (to - start);
	id = block_id_of(to);
	map_put(&live, &id, &block);
	span_add(to, block.size);
}

/* The block at ptr is about to become another one. False: it is none, or the call
 * is about a part of it. */
static BLOCKS bool blocks_take(struct call *call)
{
	block_id id = block_id_of(call->ptr);
	struct live_block *block = map_find(&live, &id);

	if (!block ||
	    (call->function == MREMAP && block->size > page_up(call->old_size)))
		return false;
	call->old = *block;
	map_drop(&live, &id);
	if (call->function == MREMAP)
		span_drop(call->ptr, call->old.size);
	return true;
}

/* A part of a mapping is about to move. If it cannot be moved it is a block of
 * its own from then on. */
static BLOCKS void blocks_take_part(struct call *call)
{
	uint64_t from = call->ptr, to = from + page_up(call->old_size);
	uint64_t size = 0, start = span_find(from, &size);
	block_id id = block_id_of(start);
	struct live_block *block;

	if (!start || from == to ||
	    from % 4096) /* it fails, or moves nothing */
		return;
	block = map_find(&live, &id);
	if (!block)
		return;
	call->old = *block;
	call->old.size = lesser(size - (from - start), to - from);
	span_cut(start, size, from, to);
}

/* False: the map of calls is full. */
static BLOCKS bool blocks_enter(uint64_t tid, const struct call *entry)
{
	uint64_t sp = entry->sp;
	struct call call = *entry;
	struct call *outer;

	/* Not yet returned: this call is nested in it, or its tail call. One
	 * from deeper in the stack never returned; it is replaced. */
	outer = map_find(&calls, &tid);
	if (outer && outer->function != NO_CALL &&
	    (sp < outer->sp ||
	     (sp == outer->sp && outer->function != call.function)))
		return true;
	if (call.function == REALLOC && call.ptr)
		blocks_take(&call);
	if (call.function == MREMAP && !blocks_take(&call))
		blocks_take_part(&call);
	if (!outer)
		return map_put(&calls, &tid, &call) == 0;
	*outer = call;
	return true;
}

/* The address of the new block; 0: the call failed. */
static BLOCKS uint64_t blocks_result(const struct call *call, uint64_t result)
{
	if (call->function == MMAP || call->function == MREMAP)
		return result == WORD_MAX ? 0 : result;
	if (call->function != POSIX_MEMALIGN)
		return result;
	if ((uint32_t)result || read_word(call->ptr, &result))
		return 0;
	return result;
}

/* The call failed: its old block is what it was. */
static BLOCKS void blocks_put_back(const struct call *call)
{
	block_id id = block_id_of(call->ptr);

	map_put(&live, &id, &call->old);
	if (call->function == MREMAP)
		span_add(call->ptr, call->old.size);
}

/*
 * The return of a function, with sp as it was at the entry. The address of
 * the block that it made, and its call; 0: it made none.
 */
static BLOCKS uint64_t blocks_return(uint64_t tid, uint64_t sp, uint64_t result,
				     struct call *call)
{
	struct call *entry = map_find(&calls, &tid);
	uint64_t addr;

	if (!entry || entry->function == NO_CALL || sp != entry->sp)
		return 0;
	*call = *entry;
	call_end(entry, &tid);
	addr = blocks_result(call, result);
	/* a failed realloc keeps its block, unless it was a free */
	if (!addr && call->old.time_ns &&
	    (call->size || call->function == MREMAP))
		blocks_put_back(call);
	return call->ignored ? 0 : addr;
}

static BLOCKS void blocks_free(uint64_t addr)
{
	block_id id = block_id_of(addr);

	map_drop(&live, &id);
}

/*
 * Of one mapping or several: that of which it holds the end, those that follow
 * without a gap, NEIGHBOURS at most, and that of which it holds the start. Others
 * that lie between these are not found.
 */
#define NEIGHBOURS 64

static BLOCKS void blocks_unmap(uint64_t addr, uint64_t length)
{
	uint64_t end = addr + page_up(length), size = 0;
	uint64_t start = span_find(addr, &size);

	if (start) {
		span_cut(start, size, addr, end);
		addr = start + page_up(size);
	}
	for (int i = 0; i < NEIGHBOURS && addr < end; i++) {
		block_id id = block_id_of(addr);
		struct live_block *block = map_find(&live, &id);

		if (!block || block->size > end - addr)
			break;
		size = block->size;
		map_drop(&live, &id);
		span_drop(addr, size);
		addr += page_up(size);
	}
	if (addr >= end)
		return;
	start = span_find(end - 1, &size);
	if (start)
		span_cut(start, size, addr, end);
}

/* False: the map of live blocks is full. */
static BLOCKS bool blocks_keep(const struct call *call, uint64_t addr,
			       const struct live_block *block)
{
	block_id id = block_id_of(addr);

	/* MAP_FIXED, MREMAP_FIXED: what was there is not */
	if (call->function == MMAP || call->function == MREMAP)
		blocks_unmap(addr, call->size);
	if (map_put(&live, &id, block))
		return false;
	if (call->function == MMAP || call->function == MREMAP)
		span_add(addr, call->size);
	return true;
}

#endif
