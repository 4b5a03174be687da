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
 * includes it has defined before, for maps `calls`, `live` and `ends`:
 *
 *   map_find(&map, &key)	the value, or NULL
 *   map_put(&map, &key, &value)	0, or the map is full
 *   map_drop(&map, &key)
 *   call_end(call, &tid)	this entry of `calls` has ended: drops it, or
 *	makes its function NO_CALL, and drops it when the thread ends
 *   read_word(addr, &value)	an unsigned long of the program; 0: done
 *   WORD_MAX	the largest of them
 *   BLOCKS	what its functions are declared with
 *   struct live_block	size, key, and what the tool wants to know
 *   block_id, block_id_of(addr)	the key of `live` and `ends`: the address,
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

/* The block at ptr is about to become another one. */
static BLOCKS void blocks_take(struct call *call)
{
	block_id id = block_id_of(call->ptr), end;
	struct live_block *block = map_find(&live, &id);

	if (!block)
		return;
	call->old = *block;
	map_drop(&live, &id);
	if (call->function == MREMAP) {
		end = block_id_of(call->ptr + page_up(call->old.size));
		map_drop(&ends, &end);
	}
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
	block_id id = block_id_of(call->ptr), end;
	uint64_t addr = call->ptr;

	map_put(&live, &id, &call->old);
	if (call->function == MREMAP) {
		end = block_id_of(addr + page_up(call->old.size));
		map_put(&ends, &end, &addr);
	}
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

/* False: the map of live blocks is full. */
static BLOCKS bool blocks_keep(const struct call *call, uint64_t addr,
			       const struct live_block *block)
{
	block_id id = block_id_of(addr), end;

	if (map_put(&live, &id, block))
		return false;
	if (call->function == MMAP || call->function == MREMAP) {
		end = block_id_of(addr + page_up(call->size));
		map_put(&ends, &end, &addr);
	}
	return true;
}

static BLOCKS void blocks_free(uint64_t addr)
{
	block_id id = block_id_of(addr);

	map_drop(&live, &id);
}

/* Bytes [addr, addr + size) of the mapping that starts there go. */
static BLOCKS void blocks_unmap_start(const struct live_block *found,
				      uint64_t addr, uint64_t size)
{
	uint64_t start = addr + size;
	block_id id = block_id_of(addr), end;
	struct live_block block = *found;

	map_drop(&live, &id);
	end = block_id_of(addr + page_up(block.size));
	if (size >= block.size) {
		map_drop(&ends, &end);
		return;
	}
	block.size -= size;
	id = block_id_of(start);
	map_put(&live, &id, &block);
	map_put(&ends, &end, &start);
}

/* A mapping's start or end may go; a hole in its middle is not followed. */
static BLOCKS void blocks_unmap(uint64_t addr, uint64_t length)
{
	uint64_t size = page_up(length), start, *known;
	block_id id = block_id_of(addr), end = block_id_of(addr + size);
	struct live_block *found = map_find(&live, &id);

	if (found) {
		blocks_unmap_start(found, addr, size);
		return;
	}
	known = map_find(&ends, &end);
	if (!known || *known >= addr)
		return;
	start = *known;
	id = block_id_of(start);
	found = map_find(&live, &id);
	if (!found)
		return;
	found->size = addr - start;
	map_drop(&ends, &end);
	end = block_id_of(addr);
	map_put(&ends, &end, &start);
}

#endif
