/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * count.bpf.c - any event of a process, counted by its whole stack: a function's
 * calls or returns, a tracepoint, a function of the kernel, samples of a clock, time
 * off processors. The recorder puts one of these programs on the event.
 *
 * Two objects are made of it, as of heap.bpf.c.
 */
#define DWUNW_CAPTURE_PROCESS
/* a perf event's program takes no others before Linux 6.1 */
#define DWUNW_MAPS_FIXED
#include "heap.h"
#include "stack.bpf.h"

/* Set by the tool, as for the probes of an allocator. */
volatile struct dwunw_allocator_switch
	counting SEC(DWUNW_ALLOCATOR_SWITCH_MAP) = { 0 };

static __always_inline int count(void *ctx, enum stack_from from, __u16 flags)
{
	struct dwunw_capture_args args = { .flags = flags };
	struct taken taken;

	take_stack(ctx, from, &args, &taken);
	return 0;
}

/* Those of each process come here, unless its probes are its own. */
static __always_inline bool is_own_call(void)
{
	return counting.recording && (!counting.wide || dwunw_followed());
}

static __always_inline bool is_own(void)
{
	return counting.recording && dwunw_followed();
}

SEC("uprobe") int count_call(struct dwunw_pt_regs *ctx)
{
	return is_own_call() ?
		       count(ctx, STACK_FROM_CALL, DWUNW_EVENT_FLAG_ENTRY) :
		       0;
}

SEC("uprobe") int count_return(struct dwunw_pt_regs *ctx)
{
	return is_own_call() ? count(ctx, STACK_FROM_CALL, 0) : 0;
}

SEC("tracepoint/dwunw/any") int count_tracepoint(void *ctx)
{
	return is_own() ? count(ctx, STACK_FROM_KERNEL, 0) : 0;
}

SEC("kprobe") int count_kprobe(void *ctx)
{
	return is_own() ? count(ctx, STACK_FROM_KERNEL, 0) : 0;
}

/* --- off its processor ------------------------------------------------------ */

/* By thread, as the initial pid namespace counts. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct dwunw_heap_away);
} away SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} lost_ns SEC(".maps");

const volatile struct dwunw_heap_switch_fields
	fields SEC(DWUNW_HEAP_SWITCH_MAP) = { 0 };

/* prev_state of a thread that ends, and comes back no more: X and Z of the
 * kernel's TASK_REPORT. */
#define ENDS 0x30u

static __always_inline __u32 read_field(const void *ctx, __u32 off)
{
	__u32 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), ctx + off);
	return value;
}

static __always_inline void lose(__u64 ns)
{
	__u32 zero = 0;
	__u64 *sum = bpf_map_lookup_elem(&lost_ns, &zero);

	if (sum)
		__sync_fetch_and_add(sum, ns);
}

/* Under a key that is for one event alone. */
static __always_inline void
send_time(void *ctx, const struct dwunw_heap_away *was, __u64 ns)
{
	struct dwunw_slot *slot = dwunw_slot_claim();

	if (!slot) {
		dwunw_count_drop(DWUNW_COUNT_DROP_SLOT);
		lose(ns);
		return;
	}
	dwunw_slot_header(slot, DWUNW_HEAP_EVENT_TIME);
	slot->header.pid = was->pid;
	slot->header.tid = was->tid;
	slot->header.map_generation = 0;
	slot->header.key = was->key;
	slot->header.value = ns;
	if (dwunw_slot_send(ctx, slot, sizeof(slot->header)))
		lose(ns);
	dwunw_slot_release(slot);
}

/* Of a known stack nothing is sent. */
static __always_inline bool add_time(__u64 key, __u64 ns)
{
#ifdef DWUNW_HEAP_WALK
	return dwunw_walk_add_time(key, ns);
#else
	(void)key;
	(void)ns;
	return false;
#endif
}

static __always_inline void come_back(void *ctx, __u32 thread)
{
	struct dwunw_heap_away *at = bpf_map_lookup_elem(&away, &thread), was;
	__u64 ns;

	if (!at)
		return;
	was = *at;
	bpf_map_delete_elem(&away, &thread);
	ns = bpf_ktime_get_ns() - was.since_ns;
	if (!was.key)
		lose(ns);
	else if (!add_time(was.key, ns))
		send_time(ctx, &was, ns);
}

static __always_inline void go_away(void *ctx)
{
	struct dwunw_capture_args args = { .flags = 0 };
	__u32 thread = (__u32)bpf_get_current_pid_tgid();
	/* what the stack costs is time off the processor, too */
	struct dwunw_heap_away now = { .since_ns = bpf_ktime_get_ns() };
	struct taken taken;
	__u64 id = dwunw_current_id();

	take_stack(ctx, STACK_FROM_KERNEL, &args, &taken);
	now.key = taken.key;
	now.pid = id >> 32;
	now.tid = (__u32)id;
	if (bpf_map_update_elem(&away, &thread, &now, BPF_ANY))
		dwunw_count(DWUNW_HEAP_COUNT_CALLS_FULL);
}

/* sched_switch, on the way from one thread to the next: the registers are still
 * those of the first. */
SEC("tracepoint/dwunw/switch") int count_switch(void *ctx)
{
	if (!counting.recording)
		return 0;
	come_back(ctx, read_field(ctx, fields.next_pid));
	if (!(read_field(ctx, fields.prev_state) & ENDS) && dwunw_followed())
		go_away(ctx);
	return 0;
}

SEC("perf_event") int count_sample(struct dwunw_perf_event *ctx)
{
	return is_own() ? count(ctx, STACK_FROM_SAMPLE, 0) : 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
