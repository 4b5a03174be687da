/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * heap.bpf.c - a program's allocations: probes of its allocator, the
 * map of live blocks, and the stack of each.
 *
 * Where upstream calls bpf_get_stackid() at the return of an allocation, this
 * sends an event with registers and stack; all lines that are there for it
 * are marked dwunw-added, with the number that README.md has for them.
 *
 * Two objects are made of it. With DWUNW_HEAP_WALK a stack is walked in the kernel
 * and most times only counted; without, each is copied, on any kernel.
 */
#define DWUNW_CAPTURE_PROCESS /* dwunw-added 6: mappings, fork, exec, exit */
#include "heap.h"
#include "stack.bpf.h" /* dwunw-added 1: dwunw_slot_…(), registers */

/* What allocator.bpf.h wants. */
typedef struct block_id block_id;

static __always_inline block_id block_id_of(uint64_t addr)
{
	block_id id = {
		.addr = addr,
		.host_pid = bpf_get_current_pid_tgid() >> 32,
	};

	return id;
}

#include "allocator.bpf.h"

/* --- which allocations ---------------------------------------------------- */

#define LN_BITS 28
#define LN_2 186065279ull /* ln(2) << LN_BITS */

/* -ln(x / 2^32) << LN_BITS for 0 < x <= 2^32: exponentially distributed if x
 * is random. One bit of the logarithm is found by each squaring. */
static __always_inline __u64 minus_ln(__u64 x)
{
	__u64 rest = (1ull << 32) - x, whole = 32, part = 0;

	if (rest < 1 << 16) /* there -ln(1 - e) is e, but for 1 in 2^17 */
		return rest >> (32 - LN_BITS);
	for (int i = 0; i < 32 && x < 1ull << 32; i++) {
		x <<= 1;
		whole--;
	}
	x >>= 1; /* 1 to 2, as 2^31 to 2^32 */
	for (int i = 0; i < LN_BITS; i++) {
		x = x * x >> 31;
		part <<= 1;
		if (x >> 32) {
			x >>= 1;
			part |= 1;
		}
	}
	return (((32 - whole) << LN_BITS) - part) * (LN_2 >> 4) >>
	       (LN_BITS - 4);
}

/* A block of s bytes with the probability 1 - exp(-s / sample_bytes): as often
 * as one of its bytes is hit by points at random, so far apart on average. */
static __always_inline bool hit_by_sample(__u64 size)
{
	__u64 random = 1 + (__u64)bpf_get_prandom_u32();
	__u64 least = ((1ull << 32) - random) >> (32 - LN_BITS);

	if (size >> 35)
		return true;
	/* -ln(x) >= 1 - x: enough to rule most blocks out */
	if (least * options.sample_bytes >= size << LN_BITS)
		return false;
	return minus_ln(random) * options.sample_bytes < size << LN_BITS;
}

static __always_inline bool wanted(__u64 size)
{
	if (size < options.min_size || size > options.max_size)
		return false;
	if (options.sample_bytes)
		return hit_by_sample(size);
	return options.sample_every <= 1 ||
	       bpf_get_prandom_u32() % options.sample_every == 0;
}

/* --- entries -------------------------------------------------------------- */

static __always_inline int enter(struct dwunw_pt_regs *ctx, __u32 function,
				 __u64 size, __u64 ptr, __u64 old_size)
{
	struct call call = {
		.sp = DWUNW_SP(ctx),
		.size = size,
		.ptr = ptr,
		.old_size = old_size,
		.function = function,
	};

	if (!probing.recording || !is_watched())
		return 0;
	call.ignored = !wanted(size);
	if (!blocks_enter(this_thread(), &call))
		dwunw_count(DWUNW_HEAP_COUNT_CALLS_FULL);
	return 0;
}

/* --- one by one, for heap/flows.c ----------------------------------------- */

/* A block that begins or ends: its key, size and time. `moved`: by realloc, whose
 * own event tells of it. */
static __always_inline void send_block(void *ctx, __u32 kind, __u64 addr,
				       const struct live_block *block,
				       __u32 moved)
{
	struct dwunw_slot *slot = dwunw_slot_claim();

	if (!slot) {
		dwunw_count_drop(DWUNW_COUNT_DROP_SLOT);
		return;
	}
	dwunw_slot_header(slot, kind);
	slot->header.cookie = addr;
	slot->header.key = block->key;
	slot->header.value = block->size;
	slot->header.stack_addr = block->time_ns;
	slot->header.entry_offset = moved;
	dwunw_slot_send(ctx, slot, sizeof(slot->header));
	dwunw_slot_release(slot);
}

/* A stack that was only counted has no event of its own. */
static __always_inline void tell_block(void *ctx, __u64 addr,
				       const struct live_block *block)
{
#ifdef DWUNW_HEAP_WALK
	if (options.trace_frees && block->key)
		send_block(ctx, DWUNW_HEAP_EVENT_ALLOC, addr, block, 0);
#else
	(void)ctx;
	(void)addr;
	(void)block;
#endif
}

/* --- returns and frees ---------------------------------------------------- */

/* The return probe of them all: registers are the caller's already. A block
 * whose stack was not sent is followed too: its bytes stay right. */
SEC("uprobe") int alloc_exit(struct dwunw_pt_regs *ctx)
{
	struct dwunw_capture_args args = {};
	struct live_block block = {};
	struct call call = {};
	struct taken taken;
	__u64 addr, id;

	addr = blocks_return(this_thread(), DWUNW_SP(ctx) - DWUNW_RETURN_POPS,
			     DWUNW_RESULT(ctx), &call);
	if (call.ignored)
		dwunw_count(DWUNW_HEAP_COUNT_IGNORED);
	if (!addr)
		return 0;
	if (options.trace_frees && call.old.time_ns)
		send_block(ctx, DWUNW_HEAP_EVENT_FREE, call.ptr, &call.old, 1);
	block.size = call.size;
	args.cookie = addr;
	args.value = block.size;
	take_stack(ctx, STACK_FROM_CALL, &args, &taken);
	block.key = taken.key;
	block.time_ns = taken.time_ns;
	tell_block(ctx, addr, &block);
	id = dwunw_current_id();
	block.pid = id >> 32;
	block.tid = (__u32)id;
	if (!blocks_keep(&call, addr, &block))
		dwunw_count(DWUNW_HEAP_COUNT_LIVE_FULL);
	return 0;
}

/*
 * When recording ends, frees end with the allocations: the last report is of that
 * moment. A block that is replaced later would be gone, and its successor not there.
 */
static __always_inline bool is_over(void)
{
	return !probing.recording;
}

/* The block at addr, before it goes, and if its end is told: all of it is in
 * [addr, addr + length), or 0. */
static __always_inline bool ends(__u64 addr, __u64 length,
				 struct live_block *block)
{
	block_id id = block_id_of(addr);
	struct live_block *found;

	if (!options.trace_frees || !is_watched())
		return false;
	found = map_find(&live, &id);
	if (found && found->size <= length)
		*block = *found;
	return true;
}

SEC("uprobe") int free_enter(struct dwunw_pt_regs *ctx)
{
	struct live_block block = {};
	bool told;

	if (is_over())
		return 0;
	told = ends(DWUNW_ARG1(ctx), -1ull, &block);
	blocks_free(DWUNW_ARG1(ctx));
	if (told)
		send_block(ctx, DWUNW_HEAP_EVENT_FREE, DWUNW_ARG1(ctx), &block,
			   0);
	return 0;
}

SEC("uprobe") int munmap_enter(struct dwunw_pt_regs *ctx)
{
	struct live_block block = {};
	bool told;

	if (is_over())
		return 0;
	told = ends(DWUNW_ARG1(ctx), page_up(DWUNW_ARG2(ctx)), &block);
	blocks_unmap(DWUNW_ARG1(ctx), DWUNW_ARG2(ctx));
	if (told)
		send_block(ctx, DWUNW_HEAP_EVENT_FREE, DWUNW_ARG1(ctx), &block,
			   0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
