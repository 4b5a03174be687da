/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * memleak.bpf.c - blocks that were allocated and not freed: blocks.h, on the
 * probes of the allocator.
 */
#define DWUNW_CAPTURE_PROCESS
#include "memleak.h"
#include "capture.bpf.h"

/* Grown on demand, so that a small live set costs little. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 18);
	__uint(map_flags, DWUNW_GROWING_MAP);
	__type(key, __u64);
	__type(value, struct live_block);
} live SEC(".maps");

/* End of a live mmap -> its start, since munmap may cut the end off. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 12);
	__uint(map_flags, DWUNW_GROWING_MAP);
	__type(key, __u64);
	__type(value, __u64);
} ends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 12);
	__uint(map_flags, DWUNW_GROWING_MAP);
	__type(key, __u64);
	__type(value, struct call);
} calls SEC(".maps");

static __always_inline long read_word(uint64_t addr, uint64_t *value)
{
	dwunw_word word;
	long status = bpf_probe_read_user(&word, sizeof(word), (void *)addr);

	*value = word;
	return status;
}

#define WORD_MAX ((dwunw_word)-1)
#define map_find bpf_map_lookup_elem
#define map_put(map, key, value) bpf_map_update_elem(map, key, value, BPF_ANY)
#define map_drop bpf_map_delete_elem
#define BLOCKS __always_inline
#include "blocks.h"

const volatile struct memleak_options options SEC(MEMLEAK_OPTIONS_MAP) = {};

/* Set by the tool when all probes are attached, cleared before they go: half
 * of them would see blocks without their free, or malloc's mmap as its own. */
volatile __u32 recording SEC(MEMLEAK_SWITCH_MAP) = 0;

static __always_inline __u64 this_thread(void)
{
	return (__u32)bpf_get_current_pid_tgid();
}

static __always_inline int enter(struct dwunw_pt_regs *ctx, __u32 function,
				 __u64 size, __u64 ptr)
{
	struct call call = {
		.sp = DWUNW_SP(ctx),
		.size = size,
		.ptr = ptr,
		.function = function,
	};

	if (recording && !blocks_enter(this_thread(), &call))
		dwunw_count_drop(DWUNW_COUNT_DROP_TOOL);
	return 0;
}

SEC("uprobe") int on_malloc(struct dwunw_pt_regs *ctx)
{
	return enter(ctx, MALLOC, DWUNW_ARG1(ctx), 0);
}

/* If the product overflows, calloc fails. */
SEC("uprobe") int on_calloc(struct dwunw_pt_regs *ctx)
{
	return enter(ctx, MALLOC, DWUNW_ARG1(ctx) * DWUNW_ARG2(ctx), 0);
}

/* memalign as well */
SEC("uprobe") int on_aligned_alloc(struct dwunw_pt_regs *ctx)
{
	return enter(ctx, MALLOC, DWUNW_ARG2(ctx), 0);
}

SEC("uprobe") int on_realloc(struct dwunw_pt_regs *ctx)
{
	return enter(ctx, REALLOC, DWUNW_ARG2(ctx), DWUNW_ARG1(ctx));
}

SEC("uprobe") int on_posix_memalign(struct dwunw_pt_regs *ctx)
{
	return enter(ctx, POSIX_MEMALIGN, DWUNW_ARG3(ctx), DWUNW_ARG1(ctx));
}

SEC("uprobe") int on_mmap(struct dwunw_pt_regs *ctx)
{
	return enter(ctx, MMAP, DWUNW_ARG2(ctx), 0);
}

/* The same moment by frame pointers: what bpf_get_stack() can do. */
static __always_inline void send_fp_walk(struct dwunw_pt_regs *ctx,
					 struct dwunw_slot *slot)
{
	long size = bpf_get_stack(ctx, slot->tail, 1024, BPF_F_USER_STACK);

	slot->header.kind = MEMLEAK_EVENT_FP;
	slot->header.return_count = 0;
	slot->header.stack_size = size > 0 ? size : 0;
	dwunw_slot_send(ctx, slot, DWUNW_HEAD_SIZE + slot->header.stack_size);
}

/* dwunw_capture(), and the other walk if asked for. */
static __always_inline long capture(struct dwunw_pt_regs *ctx,
				    const struct dwunw_capture_args *args)
{
	struct dwunw_slot *slot;
	long status;

	if (!options.fp_walk)
		return dwunw_capture(ctx, args);
	slot = dwunw_slot_claim();
	if (!slot) {
		dwunw_count_drop(DWUNW_COUNT_DROP_SLOT);
		return -1;
	}
	status = dwunw_slot_send(ctx, slot, dwunw_slot_fill(slot, ctx, args));
	send_fp_walk(ctx, slot);
	dwunw_slot_release(slot);
	return status;
}

/* The return probe of them all: registers are the caller's already. */
SEC("uprobe") int on_return(struct dwunw_pt_regs *ctx)
{
	struct dwunw_capture_args args = {};
	struct live_block block = {};
	struct call call;
	__u64 addr;

	addr = blocks_return(this_thread(), DWUNW_SP(ctx) - DWUNW_RETURN_POPS,
			     DWUNW_RESULT(ctx), &call);
	if (!addr)
		return 0;
	block.size = call.size;
	block.time_ns = bpf_ktime_get_ns();
	block.key = dwunw_next_key();
	args.key = block.key;
	args.cookie = addr;
	args.value = call.size;
	if (!capture(ctx, &args) && !blocks_keep(&call, addr, &block))
		dwunw_count(MEMLEAK_COUNT_LIVE_FULL);
	return 0;
}

SEC("uprobe") int on_free(struct dwunw_pt_regs *ctx)
{
	blocks_free(DWUNW_ARG1(ctx));
	return 0;
}

SEC("uprobe") int on_munmap(struct dwunw_pt_regs *ctx)
{
	blocks_unmap(DWUNW_ARG1(ctx), DWUNW_ARG2(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
