/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * blocks.h - which calls of an allocator make, change and free a block.
 *
 *   entry   calls[tid] = which function, its arguments, sp
 *   return  a new block: its event is sent, then
 *           live[address] = size, time, stack key
 *   free    live[address] goes
 *
 * The same text in the kernel (memleak.bpf.c) and in user space (sampled.c).
 * Who includes it has defined before, for maps `calls`, `live` and `ends`:
 *
 *   map_find(&map, &key)	the value, or NULL
 *   map_put(&map, &key, &value)	0, or the map is full
 *   map_drop(&map, &key)
 *   read_word(addr, &value)	an unsigned long of the program; 0: done
 *   WORD_MAX	the largest of them
 *   BLOCKS	what its functions are declared with
 *
 * Only the outermost allocator call of a thread counts: malloc's own mmap is
 * no second allocation.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "memleak.h"

#include <stdbool.h>

static BLOCKS uint64_t page_up(uint64_t size)
{
	return (size + 4095) & ~4095ull;
}

/* False: the map of calls is full. */
static BLOCKS bool blocks_enter(uint64_t tid, uint64_t sp, uint64_t function,
				uint64_t size, uint64_t ptr)
{
	struct call call = {
		.sp = sp,
		.size = size,
		.ptr = ptr,
		.function = function,
	};
	struct live_block *block;
	struct call *outer;

	/* Not yet returned: this call is nested in it, or its tail call. One
	 * from deeper in the stack never returned; it is replaced. */
	outer = map_find(&calls, &tid);
	if (outer && (sp < outer->sp ||
		      (sp == outer->sp && outer->function != function)))
		return true;
	if (function == REALLOC && ptr) {
		block = map_find(&live, &ptr);
		if (block) {
			call.old = *block;
			map_drop(&live, &ptr);
		}
	}
	return map_put(&calls, &tid, &call) == 0;
}

/* The address of the new block; 0: the call failed. */
static BLOCKS uint64_t blocks_result(const struct call *call, uint64_t result)
{
	if (call->function == MMAP)
		return result == WORD_MAX ? 0 : result;
	if (call->function != POSIX_MEMALIGN)
		return result;
	if ((uint32_t)result || read_word(call->ptr, &result))
		return 0;
	return result;
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

	if (!entry || sp != entry->sp)
		return 0;
	*call = *entry;
	map_drop(&calls, &tid);
	addr = blocks_result(call, result);
	/* a failed realloc keeps its block, unless it was a free */
	if (!addr && call->old.key && call->size)
		map_put(&live, &call->ptr, &call->old);
	return addr;
}

/* False: the map of live blocks is full. */
static BLOCKS bool blocks_keep(const struct call *call, uint64_t addr,
			       const struct live_block *block)
{
	uint64_t end = addr + page_up(call->size);

	if (map_put(&live, &addr, block))
		return false;
	if (call->function == MMAP)
		map_put(&ends, &end, &addr);
	return true;
}

static BLOCKS void blocks_free(uint64_t addr)
{
	map_drop(&live, &addr);
}

/* A mapping's start or end may go; a hole in its middle is not followed. */
static BLOCKS void blocks_unmap(uint64_t addr, uint64_t length)
{
	uint64_t size = page_up(length), end = addr + size, *start;
	struct live_block *found, block;

	found = map_find(&live, &addr);
	if (found) {
		block = *found;
		map_drop(&live, &addr);
		if (size < block.size) { /* [addr, end) of a larger one */
			block.size -= size;
			map_put(&live, &end, &block);
			addr = end + page_up(block.size);
			map_put(&ends, &addr, &end);
		} else {
			map_drop(&ends, &end);
		}
		return;
	}
	start = map_find(&ends, &end);
	found = start ? map_find(&live, start) : NULL;
	if (found && *start < addr) {
		found->size = addr - *start;
		map_put(&ends, &addr, start);
		map_drop(&ends, &end);
	}
}

#endif
