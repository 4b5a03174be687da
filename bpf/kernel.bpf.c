/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * kernel.bpf.c - the kernel's own allocations, by tracepoints.
 *
 * Kernel stacks are right as the kernel gives them (ORC, or frame pointers
 * that it was built with): bpf_get_stack(), and no dwunw. Fields of a
 * tracepoint are read where its format file says, so there is no need of BTF.
 */
#include <linux/types.h>

#include <linux/bpf.h>
#include <linux/errno.h>

#include <bpf/bpf_helpers.h>

#include "heap.h"

#include <stdbool.h>

/* Made at once: a map that grew here would call kmalloc from kmalloc. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DWUNW_LIVE_MAX);
	__type(key, __u64);
	__type(value, struct kernel_block);
} live SEC(".maps");

/*
 * By a hash of 64 bits. The kernel's own map of stacks (bpf_get_stackid) has
 * one place for all stacks of the same bucket: with a thousand stacks it
 * refused one allocation in twelve.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct kernel_stack);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kernel_stack);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KERNEL_COUNT_END);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

const volatile struct dwunw_heap_kernel_options
	options SEC(DWUNW_HEAP_KERNEL_OPTIONS_MAP) = { .max_size = -1ull };

static __always_inline void count(__u32 index)
{
	__u64 *counter = bpf_map_lookup_elem(&counters, &index);

	if (counter)
		__sync_fetch_and_add(counter, 1);
}

static __always_inline __u64 field(const void *ctx, __u32 off, __u32 size)
{
	__u64 value = 0;
	__u32 half = 0;

	if (size == sizeof(half)) {
		bpf_probe_read_kernel(&half, sizeof(half), ctx + off);
		return half;
	}
	bpf_probe_read_kernel(&value, sizeof(value), ctx + off);
	return value;
}

/* Of that size, not made by the tool itself, and sampled. */
static __always_inline bool wanted(__u64 size)
{
	if (size < options.min_size || size > options.max_size ||
	    bpf_get_current_pid_tgid() >> 32 == options.own_pid)
		return false;
	return options.sample_every <= 1 ||
	       bpf_get_prandom_u32() % options.sample_every == 0;
}

/* The key of this stack; 0: there is no room for it. */
static __always_inline __u64 stack_key(void *ctx)
{
	struct kernel_stack *stack;
	__u64 hash = 1;
	__u32 zero = 0;
	long size, error;

	stack = bpf_map_lookup_elem(&scratch, &zero);
	if (!stack)
		return 0;
	size = bpf_get_stack(ctx, stack->pcs, sizeof(stack->pcs), 0);
	for (__u32 i = 0; i < KERNEL_STACK_DEPTH; i++) {
		if (i * 8 >= size)
			stack->pcs[i] = 0;
		hash = (hash ^ stack->pcs[i]) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	if (bpf_map_lookup_elem(&stacks, &hash))
		return hash;
	error = bpf_map_update_elem(&stacks, &hash, stack, BPF_NOEXIST);
	return error && error != -EEXIST ? 0 : hash;
}

static __always_inline int made(void *ctx, __u64 id, __u64 size)
{
	struct kernel_block block = { .size = size };

	if (options.missing_free && !bpf_map_delete_elem(&live, &id))
		count(KERNEL_COUNT_MISSED_FREES);
	if (!wanted(size))
		return 0;
	count(KERNEL_COUNT_ALLOCATIONS);
	block.time_ns = bpf_ktime_get_ns();
	block.stack = stack_key(ctx);
	if (!block.stack)
		count(KERNEL_COUNT_NO_STACK);
	if (bpf_map_update_elem(&live, &id, &block, BPF_ANY))
		count(KERNEL_COUNT_LIVE_FULL);
	return 0;
}

static __always_inline int gone(__u64 id)
{
	if (!bpf_map_delete_elem(&live, &id))
		count(KERNEL_COUNT_FREES);
	return 0;
}

static __always_inline __u64 ptr_of(const void *ctx, __u32 tracepoint)
{
	return field(ctx, options.fields[tracepoint].ptr,
		     options.fields[tracepoint].ptr_bytes);
}

static __always_inline __u64 size_of(const void *ctx, __u32 tracepoint)
{
	return field(ctx, options.fields[tracepoint].size,
		     options.fields[tracepoint].size_bytes);
}

SEC("tracepoint/kmem/kmalloc") int kmalloc(void *ctx)
{
	return made(ctx, ptr_of(ctx, KERNEL_KMALLOC),
		    size_of(ctx, KERNEL_KMALLOC));
}

SEC("tracepoint/kmem/kmalloc_node") int kmalloc_node(void *ctx)
{
	return made(ctx, ptr_of(ctx, KERNEL_KMALLOC_NODE),
		    size_of(ctx, KERNEL_KMALLOC_NODE));
}

SEC("tracepoint/kmem/kmem_cache_alloc") int kmem_cache_alloc(void *ctx)
{
	return made(ctx, ptr_of(ctx, KERNEL_CACHE_ALLOC),
		    size_of(ctx, KERNEL_CACHE_ALLOC));
}

SEC("tracepoint/kmem/kmem_cache_alloc_node") int cache_alloc_node(void *ctx)
{
	return made(ctx, ptr_of(ctx, KERNEL_CACHE_ALLOC_NODE),
		    size_of(ctx, KERNEL_CACHE_ALLOC_NODE));
}

SEC("tracepoint/kmem/kfree") int kfree(void *ctx)
{
	return gone(ptr_of(ctx, KERNEL_KFREE));
}

SEC("tracepoint/kmem/kmem_cache_free") int kmem_cache_free(void *ctx)
{
	return gone(ptr_of(ctx, KERNEL_CACHE_FREE));
}

/* The size field is an order: so many times the page, doubled. */
SEC("tracepoint/kmem/mm_page_alloc") int mm_page_alloc(void *ctx)
{
	__u64 pfn = ptr_of(ctx, KERNEL_PAGE_ALLOC);
	__u64 order = size_of(ctx, KERNEL_PAGE_ALLOC) & 31;

	if (pfn == -1ull || pfn == (__u32)-1) /* failed */
		return 0;
	return made(ctx, pfn | KERNEL_ID_PAGE,
		    (__u64)options.page_size << order);
}

SEC("tracepoint/kmem/mm_page_free") int mm_page_free(void *ctx)
{
	return gone(ptr_of(ctx, KERNEL_PAGE_FREE) | KERNEL_ID_PAGE);
}

SEC("tracepoint/percpu/percpu_alloc_percpu") int percpu_alloc(void *ctx)
{
	return made(ctx, ptr_of(ctx, KERNEL_PERCPU_ALLOC) | KERNEL_ID_PERCPU,
		    size_of(ctx, KERNEL_PERCPU_ALLOC));
}

SEC("tracepoint/percpu/percpu_free_percpu") int percpu_free(void *ctx)
{
	return gone(ptr_of(ctx, KERNEL_PERCPU_FREE) | KERNEL_ID_PERCPU);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
