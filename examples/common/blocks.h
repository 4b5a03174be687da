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
 *   levels_seen, level_see(bit)	a u64, and setting a bit of it
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

static BLOCKS uint32_t level_of(uint64_t size)
{
	uint32_t level = 0;

	for (uint32_t step = 32; step; step /= 2) {
		if (!(size >> step))
			continue;
		size >>= step;
		level += step;
	}
	return level;
}

/* [start, start + size) is a mapping, or is none any more. */
static BLOCKS void span_set(uint64_t start, uint64_t size, bool on)
{
	uint64_t end = start + page_up(size);
	uint32_t level = level_of(end - start);
	uint64_t step = 1ull << (level & 63), at = (start + step - 1) & -step;

	if (level < LEVEL_FIRST || level >= LEVEL_END)
		return;
	if (on)
		level_see(1ull << (level & 63));
	for (int i = 0; i < 2 && at < end; i++, at += step) {
		block_id id = block_id_of(at | level);

		if (on)
			map_put(&spans, &id, &start);
		else
			map_drop(&spans, &id);
	}
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

		if (!(levels_seen & step))
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

/* The block at ptr is about to become another one. */
static BLOCKS void blocks_take(struct call *call)
{
	block_id id = block_id_of(call->ptr);
	struct live_block *block = map_find(&live, &id);

	if (!block)
		return;
	call->old = *block;
	map_drop(&live, &id);
	if (call->function == MREMAP)
		span_set(call->ptr, call->old.size, false);
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
	if ((call.function == REALLOC || call.function == MREMAP) && call.ptr)
		blocks_take(&call);
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
		span_set(call->ptr, call->old.size, true);
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
	span_set(start, size, false);
	if (from > start) {
		block.size = from - start;
		map_put(&live, &id, &block);
		span_set(start, block.size, true);
	} else {
		map_drop(&live, &id);
	}
	if (to - start >= size)
		return;
	block.size = size - (to - start);
	id = block_id_of(to);
	map_put(&live, &id, &block);
	span_set(to, block.size, true);
}

/*
 * Of one mapping, or of two of which it holds the end and the start; others that
 * lie between these two are not found.
 */
static BLOCKS void blocks_unmap(uint64_t addr, uint64_t length)
{
	uint64_t end = addr + page_up(length), start, size = 0;

	for (int i = 0; i < 2 && addr < end; i++) {
		start = span_find(i ? end - 1 : addr, &size);
		if (!start)
			continue;
		span_cut(start, size, addr, end);
		if (!i)
			addr = start + page_up(size);
	}
}

/* False: the map of live blocks is full. */
static BLOCKS bool blocks_keep(const struct call *call, uint64_t addr,
			       const struct live_block *block)
{
	block_id id = block_id_of(addr);

	if (call->function == MMAP) /* MAP_FIXED: what was there is not */
		blocks_unmap(addr, call->size);
	if (map_put(&live, &id, block))
		return false;
	if (call->function == MMAP || call->function == MREMAP)
		span_set(addr, call->size, true);
	return true;
}

#endif
