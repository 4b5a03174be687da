/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * allocator.bpf.h - the probes of an allocator's functions, for a tool that
 * follows blocks: blocks.h in the kernel.
 *
 * Who includes it has included capture.bpf.h and defined struct live_block,
 * block_id, block_id_of() and DWUNW_LIVE_MAX (entries of the map `live`);
 * and defines enter(), which the entry probes call, and
 * the programs for returns, free and munmap.
 */
#ifndef ALLOCATOR_BPF_H
#define ALLOCATOR_BPF_H

#include "allocator.h"

#if DWUNW_SMALL_MAPS
#define CALLS_MAX 1024
#define SPANS_MAX 2048 /* two for a mapping at most */
#else
#define CALLS_MAX 4096
#define SPANS_MAX 65536
#endif
#define LEVEL_END DWUNW_MAPPING_BITS

/* Grown on demand, so that a small live set costs little. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DWUNW_LIVE_MAX);
	__uint(map_flags, DWUNW_GROWING_MAP);
	__type(key, block_id);
	__type(value, struct live_block);
} live SEC(".maps");

/* Where live mappings are: blocks.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SPANS_MAX);
	__uint(map_flags, DWUNW_GROWING_MAP);
	__type(key, block_id);
	__type(value, __u64);
} spans SEC(".maps");

/* A byte for each: bits of a word would be set by an addition that needs Linux
 * 5.12. */
volatile __u8 levels_seen[64] SEC(".data.levels") = { 0 };
#define level_is_seen(level) levels_seen[(level)&63]
#define level_see(level) (levels_seen[(level)&63] = 1)

#define WORD_MAX ((dwunw_word)-1)
#define map_find bpf_map_lookup_elem
#define map_put(map, key, value) bpf_map_update_elem(map, key, value, BPF_ANY)
#define map_drop bpf_map_delete_elem
#define BLOCKS __always_inline
/* The entry stays: one made and deleted in each call would cost more than all
 * else that the entry and return probes do with it. */
#define call_end(call, tid) ((call)->function = NO_CALL)

static __always_inline long read_word(uint64_t addr, uint64_t *value)
{
	dwunw_word word;
	long status = bpf_probe_read_user(&word, sizeof(word), (void *)addr);

	*value = word;
	return status;
}

/* A thread's last call of an allocator. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CALLS_MAX);
	__uint(map_flags, DWUNW_GROWING_MAP);
	__type(key, __u64);
	__type(value, struct call);
} calls SEC(".maps");

#include "blocks.h"

/* Set by the tool when all probes are attached, cleared before they go: half
 * of them would see blocks without their free, or malloc's mmap as its own. */
volatile struct dwunw_allocator_switch
	probing SEC(DWUNW_ALLOCATOR_SWITCH_MAP) = { 0 };

/* Is this process one whose allocations count? */
static __always_inline bool is_watched(void)
{
	return !probing.wide || dwunw_followed();
}

static __always_inline __u64 this_thread(void)
{
	return (__u32)bpf_get_current_pid_tgid();
}

SEC("tracepoint/sched/sched_process_exit")
int thread_exit(void *ctx __attribute__((unused)))
{
	__u64 tid = this_thread();

	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

static __always_inline int enter(struct dwunw_pt_regs *ctx, __u32 function,
				 __u64 size, __u64 ptr, __u64 old_size);

/* valloc, pvalloc and operator new as well */
SEC("uprobe") int malloc_enter(struct dwunw_pt_regs *ctx)
{
	return enter(ctx, MALLOC, DWUNW_ARG1(ctx), 0, 0);
}

/* If the product overflows, calloc fails. */
SEC("uprobe") int calloc_enter(struct dwunw_pt_regs *ctx)
{
	return enter(ctx, MALLOC, DWUNW_ARG1(ctx) * DWUNW_ARG2(ctx), 0, 0);
}

/* memalign as well */
SEC("uprobe") int aligned_alloc_enter(struct dwunw_pt_regs *ctx)
{
	return enter(ctx, MALLOC, DWUNW_ARG2(ctx), 0, 0);
}

SEC("uprobe") int realloc_enter(struct dwunw_pt_regs *ctx)
{
	return enter(ctx, REALLOC, DWUNW_ARG2(ctx), DWUNW_ARG1(ctx), 0);
}

SEC("uprobe") int posix_memalign_enter(struct dwunw_pt_regs *ctx)
{
	return enter(ctx, POSIX_MEMALIGN, DWUNW_ARG3(ctx), DWUNW_ARG1(ctx), 0);
}

SEC("uprobe") int mmap_enter(struct dwunw_pt_regs *ctx)
{
	return enter(ctx, MMAP, DWUNW_ARG2(ctx), 0, 0);
}

SEC("uprobe") int mremap_enter(struct dwunw_pt_regs *ctx)
{
	return enter(ctx, MREMAP, DWUNW_ARG3(ctx), DWUNW_ARG1(ctx),
		     DWUNW_ARG2(ctx));
}

#endif
