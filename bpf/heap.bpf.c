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
#ifdef DWUNW_HEAP_WALK
#include "walk.bpf.h"
#else
#include "capture.bpf.h" /* dwunw-added 1: dwunw_slot_…(), registers */
#endif

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

/* pid -> how; not there: both. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, DWUNW_GROWING_MAP);
	__type(key, __u32);
	__type(value, struct dwunw_heap_process);
} processes SEC(".maps");

/* Stacks sent in this piece of time. */
struct window {
	__u64 number;
	__u64 sent;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct window);
} windows SEC(".maps");

const volatile struct dwunw_heap_options options SEC(DWUNW_HEAP_OPTIONS_MAP) = {
	.max_size = -1ull,
	.sample_every = 1,
	.depth = 127,
};

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

/* False: enough stacks have been sent in this piece of time. */
static __always_inline bool within_budget(void)
{
	struct window *window;
	__u32 zero = 0;
	__u64 number;

	if (!options.budget)
		return true;
	number = bpf_ktime_get_ns() >> 30;
	window = bpf_map_lookup_elem(&windows, &zero);
	if (!window)
		return false;
	if (window->number != number) {
		window->number = number;
		window->sent = 0;
	}
	/* not what the addition returns: that needs Linux 5.12. Of several at a
	 * time each may see the others' */
	__sync_fetch_and_add(&window->sent, 1);
	return *(volatile __u64 *)&window->sent <= options.budget;
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

/* --- stacks --------------------------------------------------------------- */

/* What the kernel's walk by frame pointers gives: all that upstream has. */
static __always_inline long send_fp_walk(struct dwunw_pt_regs *ctx,
					 struct dwunw_slot *slot,
					 const struct dwunw_capture_args *args,
					 __u32 ways)
{
	__u64 room = 8ull * options.depth;
	long size;

	if (room > 8192)
		room = 8192;
	dwunw_slot_header(slot, DWUNW_HEAP_EVENT_FP);
	slot->header.key = args->key;
	slot->header.cookie = args->cookie;
	slot->header.value = args->value;
	slot->header.entry_offset = ways; /* is there more to come? */
	slot->header.reg_count = DWUNW_CAPTURE_REGS;
	dwunw_regs_fill(slot->regs, ctx);
	size = bpf_get_stack(ctx, slot->tail, room, BPF_F_USER_STACK);
	slot->header.stack_size = size > 0 ? size : 0;
	return dwunw_slot_send(ctx, slot,
			       DWUNW_HEAD_SIZE + slot->header.stack_size);
}

/* The walk goes first: when the other event is read, both are there. */
static __always_inline long send_stack(struct dwunw_pt_regs *ctx,
				       struct dwunw_slot *slot,
				       const struct dwunw_capture_args *args,
				       __u32 ways)
{
	long status = 0;

	if (ways & DWUNW_HEAP_FP)
		status = send_fp_walk(ctx, slot, args, ways);
	if (ways & DWUNW_HEAP_SNAPSHOT) /* dwunw-added 2: registers and stack */
		status = dwunw_slot_send(ctx, slot,
					 dwunw_slot_fill(slot, ctx, args));
	return status;
}

/* How stacks of this process are taken, and where its first one ends. */
static __always_inline __u32 find_ways(struct dwunw_capture_args *args)
{
	__u64 id = dwunw_current_id();
	__u32 pid = id >> 32;
	struct dwunw_heap_process *process;

	process = bpf_map_lookup_elem(&processes, &pid);
	if (!process)
		return DWUNW_HEAP_SNAPSHOT | DWUNW_HEAP_FP;
	/* of the first thread: its stack is the program's */
	id = bpf_get_current_pid_tgid();
	if (id >> 32 == (__u32)id)
		args->stack_end = process->stack_end; /* dwunw-added 8 */
	return process->ways;
}

static __always_inline void count_sent(long status)
{
	dwunw_count(status ? DWUNW_HEAP_COUNT_NO_ROOM :
			     DWUNW_HEAP_COUNT_STACKS);
}

/* False: no slot is free. */
static __always_inline bool copy_stack(struct dwunw_pt_regs *ctx,
				       const struct dwunw_capture_args *args,
				       __u32 ways, struct live_block *block)
{
	struct dwunw_slot *slot = dwunw_slot_claim();
	long status;

	if (!slot) {
		dwunw_count_drop(DWUNW_COUNT_DROP_SLOT);
		return false;
	}
	status = send_stack(ctx, slot, args, ways);
	block->time_ns = slot->header.time_ns;
	dwunw_slot_release(slot);
	count_sent(status);
	block->key = status ? 0 : args->key;
	return true;
}

#ifdef DWUNW_HEAP_WALK
static __always_inline bool walk_stack(struct dwunw_pt_regs *ctx,
				       struct dwunw_capture_args *args,
				       struct live_block *block)
{
	long status = dwunw_walk_stack(ctx, ctx, args);

	if (status == DWUNW_WALK_NO_SLOT)
		return false;
	count_sent(status);
	block->key = status ? 0 : args->key;
	return true;
}
#else
#define walk_stack(ctx, args, block) false
#endif

/* Only a copy goes with the walk by frame pointers. */
static __always_inline bool is_walked(__u32 ways)
{
#ifdef DWUNW_HEAP_WALK
	return ways == DWUNW_HEAP_SNAPSHOT;
#else
	(void)ways;
	return false;
#endif
}

/* Fills the block's key, 0: no stack was sent, and that is counted; and its
 * time, which is the event's if there is one. */
static __always_inline void take_stack(struct dwunw_pt_regs *ctx, __u64 addr,
				       struct live_block *block)
{
	struct dwunw_capture_args args = { .cookie = addr,
					   .value = block->size };
	__u32 ways;

	dwunw_count(DWUNW_HEAP_COUNT_ALLOCATIONS);
	block->time_ns = bpf_ktime_get_ns();
	if (!within_budget()) {
		dwunw_count(DWUNW_HEAP_COUNT_OVER_BUDGET);
		return;
	}
	args.key = dwunw_next_key();
	ways = find_ways(&args);
	if (!args.key)
		dwunw_count_drop(DWUNW_COUNT_DROP_SLOT);
	else if (is_walked(ways) ? walk_stack(ctx, &args, block) :
				   copy_stack(ctx, &args, ways, block))
		return;
	dwunw_count(DWUNW_HEAP_COUNT_NO_SLOT);
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
	struct live_block block = {};
	struct call call = {};
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
	take_stack(ctx, addr, &block);
	tell_block(ctx, addr, &block);
	id = dwunw_current_id();
	block.pid = id >> 32;
	block.tid = (__u32)id;
	if (!blocks_keep(&call, addr, &block))
		dwunw_count(DWUNW_HEAP_COUNT_LIVE_FULL);
	return 0;
}

/* The block at addr, before it goes, and if its end is told: all of it is in
 * [addr, addr + length), or 0. */
static __always_inline bool ends(__u64 addr, __u64 length,
				 struct live_block *block)
{
	block_id id = block_id_of(addr);
	struct live_block *found;

	if (!options.trace_frees || !probing.recording || !is_watched())
		return false;
	found = map_find(&live, &id);
	if (found && found->size <= length)
		*block = *found;
	return true;
}

SEC("uprobe") int free_enter(struct dwunw_pt_regs *ctx)
{
	struct live_block block = {};
	bool told = ends(DWUNW_ARG1(ctx), -1ull, &block);

	blocks_free(DWUNW_ARG1(ctx));
	if (told)
		send_block(ctx, DWUNW_HEAP_EVENT_FREE, DWUNW_ARG1(ctx), &block,
			   0);
	return 0;
}

SEC("uprobe") int munmap_enter(struct dwunw_pt_regs *ctx)
{
	struct live_block block = {};
	bool told = ends(DWUNW_ARG1(ctx), page_up(DWUNW_ARG2(ctx)), &block);

	blocks_unmap(DWUNW_ARG1(ctx), DWUNW_ARG2(ctx));
	if (told)
		send_block(ctx, DWUNW_HEAP_EVENT_FREE, DWUNW_ARG1(ctx), &block,
			   0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
