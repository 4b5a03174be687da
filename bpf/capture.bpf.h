/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * capture.bpf.h - registers and stack of a probed thread, sent as an event.
 *
 *   probe -> slot -> header, registers, returns, stack -> buffer
 *
 * A uprobe or uretprobe program calls dwunw_send_stack(); that is all:
 *
 *	#include "capture.bpf.h"
 *
 *	SEC("uprobe") int on_call(struct dwunw_pt_regs *ctx)
 *	{
 *		struct dwunw_capture_args args = {
 *			.flags = DWUNW_EVENT_FLAG_ENTRY,
 *		};
 *		return dwunw_send_stack(ctx, &args);
 *	}
 *	char LICENSE[] SEC("license") = "Dual BSD/GPL";
 *
 * Before the #include, a program may define
 *   DWUNW_CAPTURE_PROCESS	mapping generations and EXEC, EXIT, FORK events
 *   DWUNW_MAPS_FIXED		maps that do not grow, for perf events (below)
 *   DWUNW_CAPTURE_RETURNS n	notes of the true return addresses that
 *				uretprobes hide, of n threads (about 350 B each)
 *
 * dwunw_events is a ring buffer. With options.perf the loader makes it a perf
 * event array instead (bpf_map__set_type, key and value size 4): the verifier
 * then never looks at the other branch.
 *
 * clang -O2 -g -target bpf -mcpu=v3 -ffreestanding. No BTF of the kernel and
 * no CO-RE: registers and tracepoints have layouts of their own here.
 */
#ifndef DWUNW_CAPTURE_BPF_H
#define DWUNW_CAPTURE_BPF_H

#include <linux/types.h>

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "capture.h"

/*
 * -DDWUNW_TARGET=NAME is a folder of arch/: x86_64, arm64, mips32 or riscv64.
 * For a big-endian kernel also -target bpfeb. Its bpf.h has the registers as a
 * BPF program sees them. Before 0.2 each target had a macro of its own; these
 * stay, and a new target gets none.
 */
#ifndef DWUNW_TARGET
#if defined(DWUNW_TARGET_X86_64)
#define DWUNW_TARGET x86_64
#elif defined(DWUNW_TARGET_ARM64)
#define DWUNW_TARGET arm64
#elif defined(DWUNW_TARGET_MIPS32EL) || defined(DWUNW_TARGET_MIPS32EB)
#define DWUNW_TARGET mips32
#else
#error "define the target of the probed program, for example -DDWUNW_TARGET=x86_64"
#endif
#endif

#define DWUNW_TEXT_(text) #text
#define DWUNW_TEXT(text) DWUNW_TEXT_(text)
/* a path without blanks */
/* clang-format off */
#include DWUNW_TEXT(../arch/DWUNW_TARGET/bpf.h)
/* clang-format on */

/* A program of perf events: before Linux 6.1 the verifier lets it have only maps
 * whose elements are all there from the start. */
#ifdef DWUNW_MAPS_FIXED
#undef DWUNW_GROWING_MAP
#define DWUNW_GROWING_MAP 0
#endif

/* Room in a slot for what an includer puts before the stack. */
#ifndef DWUNW_TAIL_OWN
#define DWUNW_TAIL_OWN 0
#endif
/* Called when [start, end) of a process may have new code. */
#ifndef DWUNW_ON_NEW_CODE
#define DWUNW_ON_NEW_CODE(tgid, start, end)
#endif

/* Read in pieces of this size: one that ends at a page's end can't fault in
 * the next one. Targets with larger pages lose nothing. */
#define DWUNW_PAGE 4096ull
/* GCC's epilogue rules still point below sp after a pop; the red zone too. */
#define DWUNW_BELOW_SP 128ull
/* Pieces of the largest copy: one cut by a page end, one retry. */
#define DWUNW_PIECES (DWUNW_CAPTURE_STACK_CAP_MAX / DWUNW_PAGE + 2)
#define DWUNW_SLOT_TRIES 8
#define DWUNW_SEQUENCES 8

/* The tail must hold a piece more than is ever used: the verifier's proof. */
#define DWUNW_TAIL_USED                                                 \
	(DWUNW_CAPTURE_STACK_CAP_MAX +                                  \
	 DWUNW_CAPTURE_RETURN_MAX * sizeof(struct dwunw_event_return) + \
	 DWUNW_TAIL_OWN)

struct dwunw_slot {
	__u64 busy;
	struct dwunw_event_header header;
	__u64 regs[DWUNW_CAPTURE_REGS];
	__u8 tail[DWUNW_TAIL_USED + DWUNW_PAGE]; /* returns, then stack */
};

#define DWUNW_HEAD_SIZE \
	(sizeof(struct dwunw_event_header) + 8 * DWUNW_CAPTURE_REGS)

/*
 * A uprobe program may be preempted by another one on the same CPU, so
 * scratch space is claimed, not assumed by CPU number.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DWUNW_CAPTURE_SLOTS);
	__type(key, __u32);
	__type(value, struct dwunw_slot);
} dwunw_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} dwunw_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DWUNW_COUNT_END);
	__type(key, __u32);
	__type(value, __u64);
} dwunw_counters SEC(".maps");

/* The keys of a processor; one for each program that may interrupt another. */
struct dwunw_sequence {
	__u64 users;
	__u64 last;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DWUNW_SEQUENCES);
	__type(key, __u32);
	__type(value, struct dwunw_sequence);
} dwunw_sequence SEC(".maps");

const volatile struct dwunw_capture_options
	dwunw_options SEC(DWUNW_CAPTURE_OPTIONS_MAP) = {
		.stack_cap = DWUNW_CAPTURE_STACK_CAP,
		.slots = DWUNW_CAPTURE_SLOTS,
	};

/* --- whose numbers -------------------------------------------------------- */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DWUNW_CAPTURE_NAMESPACES);
	__type(key, __u32);
	__type(value, struct dwunw_namespace);
} dwunw_namespaces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, DWUNW_GROWING_MAP); /* most have none: 65 KB */
	__type(key, struct dwunw_inner_pid);
	__type(value, __u32);
} dwunw_inner SEC(".maps");

/* Of a thread in a namespace inside of the tool's. The number of the process is
 * the tool's, that of the thread is its own. */
static __always_inline __u64 dwunw_inner_id(void)
{
	for (__u32 i = 0; i < DWUNW_CAPTURE_NAMESPACES; i++) {
		struct dwunw_inner_pid inner = { .namespace = i };
		struct dwunw_namespace *space;
		struct bpf_pidns_info info;
		__u32 index = i, *pid;

		space = bpf_map_lookup_elem(&dwunw_namespaces, &index);
		if (!space || !space->ino)
			break;
		if (bpf_get_ns_current_pid_tgid(space->dev, space->ino, &info,
						sizeof(info)))
			continue;
		inner.pid = info.tgid;
		pid = bpf_map_lookup_elem(&dwunw_inner, &inner);
		return pid ? (__u64)*pid << 32 | info.pid : 0;
	}
	return 0;
}

/*
 * tgid << 32 | tid of this thread, as the tool's pid namespace counts. 0: that
 * one does not see it. The helper answers only for a thread whose own
 * namespace is the one that it is asked for.
 */
static __always_inline __u64 dwunw_current_id(void)
{
	struct bpf_pidns_info info;

	if (!dwunw_options.namespace_ino)
		return bpf_get_current_pid_tgid();
	if (!bpf_get_ns_current_pid_tgid(dwunw_options.namespace_dev,
					 dwunw_options.namespace_ino, &info,
					 sizeof(info)))
		return (__u64)info.tgid << 32 | info.pid;
	return dwunw_inner_id();
}

static __always_inline void dwunw_count(__u32 index)
{
	__u64 *counter = bpf_map_lookup_elem(&dwunw_counters, &index);

	if (counter)
		__sync_fetch_and_add(counter, 1);
}

/* A call that ends without an event, counted as such. */
static __always_inline void dwunw_count_drop(__u32 cause)
{
	dwunw_count(DWUNW_COUNT_CALLS);
	dwunw_count(cause);
}

#ifdef DWUNW_CAPTURE_PROCESS
#define DWUNW_PROCESSES (DWUNW_SMALL_MAPS ? 1024 : 16384)

/*
 * tgid -> how often its mappings have changed. A tool registers the processes
 * it follows with the value 1; options.follow says which others come here by
 * themselves; the rest is ignored.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DWUNW_PROCESSES);
	__uint(map_flags, DWUNW_GROWING_MAP);
	__type(key, __u32);
	__type(value, __u32);
} dwunw_generations SEC(".maps");

/*
 * What followed processes have forked and has not been seen to run: number in
 * the initial namespace -> 1. Threads are here as well until they end, or the
 * tool, which can tell, removes them.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DWUNW_PROCESSES);
	__uint(map_flags, DWUNW_GROWING_MAP);
	__type(key, __u32);
	__type(value, __u32);
} dwunw_born SEC(".maps");

/* Threads inside an mmap or mprotect call that asked for PROT_EXEC, and of
 * what: the address that mmap is asked for is not the one that it gives. */
struct dwunw_mapping_call {
	__u64 addr;
	__u64 size;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct dwunw_mapping_call);
} dwunw_mapping_calls SEC(".maps");

static __always_inline __u32 dwunw_generation(__u32 tgid)
{
	__u32 *generation = bpf_map_lookup_elem(&dwunw_generations, &tgid);

	return generation ? *generation : 0;
}
#else
#define dwunw_generation(tgid) 0
#endif

/*
 * One more user of what is counted; 1: the only one. All see the additions to
 * one word in one order, so of several at a time at most one reads 1, and none
 * that comes while it stays. Compare-and-exchange says the same, but needs
 * Linux 5.12.
 */
static __always_inline int dwunw_claim(__u64 *users)
{
	__sync_fetch_and_add(users, 1);
	if (*(volatile __u64 *)users == 1)
		return 1;
	__sync_fetch_and_add(users, -1);
	return 0;
}

/*
 * A stack key: cpu << 48 | which sequence << 44 | number; bit 63 is never set. 0: all
 * sequences are in use, of which each is for nanoseconds. An addition that returns
 * what was there needs Linux 5.12.
 */
static __always_inline __u64 dwunw_next_key(void)
{
	__u64 cpu = bpf_get_smp_processor_id();

	for (__u32 i = 0; i < DWUNW_SEQUENCES; i++) {
		__u32 index = i;
		struct dwunw_sequence *sequence =
			bpf_map_lookup_elem(&dwunw_sequence, &index);
		__u64 number;

		if (!sequence || !dwunw_claim(&sequence->users))
			continue;
		number = ++sequence->last;
		__sync_fetch_and_add(&sequence->users, -1);
		return cpu << 48 | (__u64)i << 44 | number;
	}
	return 0;
}

/* NULL: all are in use. Counting is left to dwunw_slot_send() and callers. */
static __always_inline struct dwunw_slot *dwunw_slot_claim(void)
{
	__u32 first = bpf_get_smp_processor_id();

	for (__u32 i = 0; i < DWUNW_SLOT_TRIES; i++) {
		__u32 index = (first + i) % dwunw_options.slots;
		struct dwunw_slot *slot;

		slot = bpf_map_lookup_elem(&dwunw_slots, &index);
		if (slot && dwunw_claim(&slot->busy))
			return slot;
	}
	return NULL;
}

static __always_inline void dwunw_slot_release(struct dwunw_slot *slot)
{
	__sync_fetch_and_add(&slot->busy, -1);
}

/* Without registers, returns or stack. */
static __always_inline void dwunw_header_fill(struct dwunw_event_header *header,
					      __u16 kind)
{
	__u64 id = dwunw_current_id();

	header->magic = DWUNW_EVENT_MAGIC;
	header->version = DWUNW_EVENT_VERSION;
	header->arch = DWUNW_CAPTURE_ARCH;
	header->kind = kind;
	header->flags = 0;
	header->pid = id >> 32;
	header->tid = (__u32)id;
	header->time_ns = bpf_ktime_get_ns();
	header->key = 0;
	header->cookie = 0;
	header->value = 0;
	header->map_generation = dwunw_generation(id >> 32);
	header->entry_offset = 0;
	header->reg_count = 0;
	header->return_count = 0;
	header->stack_size = 0;
	header->stack_addr = 0;
	header->reserved = 0;
}

static __always_inline void dwunw_slot_header(struct dwunw_slot *slot,
					      __u16 kind)
{
	dwunw_header_fill(&slot->header, kind);
}

/*
 * Flags of an output: does it wake the reader? Once each time when another
 * wakeup_size bytes wait; a wake-up costs about as much as the event.
 */
static __always_inline __u64 dwunw_wakeup_flags(__u64 size)
{
	__u64 waiting, step = dwunw_options.wakeup_size;

	if (!step)
		return 0;
	waiting = bpf_ringbuf_query(&dwunw_events, BPF_RB_AVAIL_DATA);
	return waiting >= step && waiting % step < 2 * size ?
		       BPF_RB_FORCE_WAKEUP :
		       BPF_RB_NO_WAKEUP;
}

/* The first `size` bytes from a header on; 0: they are in the buffer. */
static __always_inline long
dwunw_record_send(void *ctx, struct dwunw_event_header *header, __u64 size)
{
	long status;

	header->size = size;
	if (dwunw_options.perf)
		status = bpf_perf_event_output(ctx, &dwunw_events,
					       BPF_F_CURRENT_CPU, header, size);
	else
		status = bpf_ringbuf_output(&dwunw_events, header, size,
					    dwunw_wakeup_flags(size));
	dwunw_count(DWUNW_COUNT_CALLS);
	dwunw_count(status ? DWUNW_COUNT_DROP_BUFFER : DWUNW_COUNT_EVENTS);
	return status;
}

static __always_inline long dwunw_slot_send(void *ctx, struct dwunw_slot *slot,
					    __u64 size)
{
	asm volatile("" : "+r"(size));
	if (size > DWUNW_HEAD_SIZE + DWUNW_TAIL_USED)
		size = DWUNW_HEAD_SIZE + DWUNW_TAIL_USED;
	return dwunw_record_send(ctx, &slot->header, size);
}

/* Copies all of [addr, addr + size) to the tail at `pos`; 0: done. */
static __always_inline long dwunw_slot_piece(struct dwunw_slot *slot, __u64 pos,
					     __u64 size, __u64 addr)
{
	asm volatile("" : "+r"(pos), "+r"(size));
	if (pos > DWUNW_TAIL_USED - DWUNW_CAPTURE_STACK_CAP_MAX ||
	    size > DWUNW_CAPTURE_STACK_CAP_MAX)
		return -1;
	return bpf_probe_read_user(slot->tail + pos, size, (void *)addr);
}

/* A read that faults costs 4.5 us, more than all else of a copy. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, DWUNW_SMALL_MAPS ? 128 : 512);
	__type(key, __u64);
	__type(value, struct dwunw_stack_end);
} dwunw_stack_ends SEC(".maps");

/* Of the last bytes of a copy at `pos` of the tail. */
static __always_inline __u64 dwunw_slot_print(const struct dwunw_slot *slot,
					      __u64 pos, __u64 size)
{
	__u64 at = (pos + size - DWUNW_STACK_PRINT_SIZE) & -8ull;

	asm volatile("" : "+r"(at));
	if (size < DWUNW_STACK_PRINT_SIZE || at > DWUNW_TAIL_USED)
		return 0;
	return dwunw_stack_print((const void *)(slot->tail + (at & -8ull)));
}

/*
 * The copy up to the thread's end as it is known, in one read that does not run
 * into it. 0: it is not known, or further than cap, or other bytes are there
 * now: another stack, or another thread with the number.
 */
static __always_inline __u64
dwunw_slot_known(struct dwunw_slot *slot, __u64 pos, __u64 addr, __u64 cap,
		 const struct dwunw_stack_end *known)
{
	__u64 size;

	if (!known || known->end <= addr || known->end - addr >= cap)
		return 0;
	size = known->end - addr;
	if (dwunw_slot_piece(slot, pos, size, addr))
		return 0;
	return dwunw_slot_print(slot, pos, size) == known->print ? size : 0;
}

/* A copy has ended where nothing can be read. */
static __always_inline void dwunw_slot_note(const struct dwunw_slot *slot,
					    __u64 pos, __u64 size, __u64 end,
					    __u64 thread)
{
	struct dwunw_stack_end now = {
		.end = end,
		.print = dwunw_slot_print(slot, pos, size),
	};

	if (now.print)
		bpf_map_update_elem(&dwunw_stack_ends, &thread, &now, BPF_ANY);
}

/* Page by page, as far as it can be read; *addr may become sp's page. Returns the
 * bytes copied. */
static __always_inline __u64 dwunw_slot_pages(struct dwunw_slot *slot,
					      __u64 pos, __u64 sp, __u64 cap,
					      __u64 *addr)
{
	__u64 size = 0;

	for (__u32 i = 0; i < DWUNW_PIECES && size < cap; i++) {
		__u64 piece = DWUNW_PAGE - ((*addr + size) & (DWUNW_PAGE - 1));
		__u64 at = pos + size;

		if (piece > cap - size)
			piece = cap - size;
		piece = ((piece - 1) & (DWUNW_PAGE - 1)) + 1;
		asm volatile("" : "+r"(at), "+r"(piece));
		if (at > DWUNW_TAIL_USED || piece > DWUNW_PAGE)
			break;
		if (!bpf_probe_read_user(slot->tail + at, piece,
					 (void *)(*addr + size))) {
			size += piece;
			continue;
		}
		/* The page below that of sp may not be there at all. */
		if (size || *addr >= (sp & -DWUNW_PAGE))
			break;
		*addr = sp & -DWUNW_PAGE;
	}
	return size;
}

/*
 * Copies the stack from below sp to the tail at `pos`, not beyond `end` (0: where
 * that is, is not known). Returns the bytes copied.
 */
static __always_inline __u64 dwunw_slot_stack(struct dwunw_slot *slot,
					      __u64 pos, __u64 sp, __u64 end)
{
	__u64 thread = (__u64)slot->header.pid << 32 | slot->header.tid;
	__u64 addr = sp - DWUNW_BELOW_SP, size = 0, whole = 0;
	__u64 cap = dwunw_options.stack_cap;

	if (end > addr && end - addr < cap)
		cap = whole = end - addr;
	if (cap > DWUNW_CAPTURE_STACK_CAP_MAX)
		cap = DWUNW_CAPTURE_STACK_CAP_MAX;
	/* all of it is there but for a page that was never touched */
	if (whole && !dwunw_slot_piece(slot, pos, cap, addr))
		size = cap;
	if (!whole)
		size = dwunw_slot_known(slot, pos, addr, cap,
					bpf_map_lookup_elem(&dwunw_stack_ends,
							    &thread));
	if (!size) {
		size = dwunw_slot_pages(slot, pos, sp, cap, &addr);
		if (!whole && size < cap)
			dwunw_slot_note(slot, pos, size, addr + size, thread);
	}
	slot->header.stack_addr = addr;
	slot->header.stack_size = size;
	if (size && size >= cap && !whole)
		slot->header.flags |= DWUNW_EVENT_FLAG_CAPPED;
	return size;
}

#ifdef DWUNW_CAPTURE_RETURNS
/* Of one thread, outermost first: entry_sp falls. */
struct dwunw_returns {
	__u64 count;
	struct dwunw_event_return at[DWUNW_CAPTURE_RETURN_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, DWUNW_CAPTURE_RETURNS);
	__type(key, __u32);
	__type(value, struct dwunw_returns);
} dwunw_returns SEC(".maps");

/* Where a new thread's notes start from: too large for the BPF stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dwunw_returns);
} dwunw_returns_none SEC(".maps");

/* How many of them are of functions that have not returned, sp being now. */
static __always_inline __u64
dwunw_returns_active(const struct dwunw_returns *returns, __u64 sp)
{
	__u64 active = 0;

	for (__u32 i = 0; i < DWUNW_CAPTURE_RETURN_MAX; i++) {
		if (i >= returns->count || returns->at[i].entry_sp < sp)
			break;
		active = i + 1;
	}
	return active;
}

/*
 * For the entry probe of a function that has a uretprobe too: notes where it
 * truly returns to, before the kernel puts its trampoline there.
 */
static __always_inline void dwunw_return_note(struct dwunw_pt_regs *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid(), zero = 0;
	struct dwunw_returns *returns;
	__u64 count, last;

	returns = bpf_map_lookup_elem(&dwunw_returns, &tid);
	if (!returns) {
		returns = bpf_map_lookup_elem(&dwunw_returns_none, &zero);
		if (!returns)
			return;
		bpf_map_update_elem(&dwunw_returns, &tid, returns, BPF_ANY);
		returns = bpf_map_lookup_elem(&dwunw_returns, &tid);
	}
	if (!returns) {
		dwunw_count(DWUNW_COUNT_RETURN_LOST);
		return;
	}
	count = dwunw_returns_active(returns, DWUNW_SP(ctx));
	/* A tail call: the slot holds the trampoline already. */
	last = (count - 1) & (DWUNW_CAPTURE_RETURN_MAX - 1);
	if (count && returns->at[last].entry_sp == DWUNW_SP(ctx)) {
		returns->count = count;
		return;
	}
	if (count >= DWUNW_CAPTURE_RETURN_MAX) {
		dwunw_count(DWUNW_COUNT_RETURN_LOST);
		return;
	}
	count &= DWUNW_CAPTURE_RETURN_MAX - 1;
	returns->at[count].entry_sp = DWUNW_SP(ctx);
	if (dwunw_return_address(ctx, &returns->at[count].addr)) {
		dwunw_count(DWUNW_COUNT_RETURN_LOST);
		return;
	}
	returns->count = count + 1;
}

/* For its uretprobe: the notes of functions that have returned go. */
static __always_inline void dwunw_return_drop(struct dwunw_pt_regs *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct dwunw_returns *returns;

	returns = bpf_map_lookup_elem(&dwunw_returns, &tid);
	if (!returns)
		return;
	returns->count = dwunw_returns_active(
		returns, DWUNW_SP(ctx) + 1ull - DWUNW_RETURN_POPS);
	if (!returns->count)
		bpf_map_delete_elem(&dwunw_returns, &tid);
}

/* Writes the notes of this thread to the tail at `at`; returns their bytes. */
static __always_inline __u64 dwunw_slot_returns(struct dwunw_slot *slot,
						__u64 at, __u64 sp)
{
	struct dwunw_event_return *out = (void *)(slot->tail + at);
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct dwunw_returns *returns;
	__u64 count;

	returns = bpf_map_lookup_elem(&dwunw_returns, &tid);
	if (!returns)
		return 0;
	count = dwunw_returns_active(returns, sp);
	for (__u32 i = 0; i < DWUNW_CAPTURE_RETURN_MAX; i++)
		out[i] = returns->at[i];
	slot->header.return_count = count;
	return count * sizeof(*out);
}
#else
#define dwunw_slot_returns(slot, at, sp) 0
#endif

/* What the tool adds to a capture. */
struct dwunw_capture_args {
	__u64 key;
	__u64 cookie;
	__u64 value;
	/* Where the thread's stack begins, if that is known and its sp is
	 * below: no more is copied. 0: not known. */
	__u64 stack_end;
	__s32 entry_offset; /* with FLAG_ENTRY: bytes pushed so far */
	__u16 flags;	    /* DWUNW_EVENT_FLAG_ENTRY or 0 */
};

/* Fills the slot with a STACK event; returns its size. */
static __always_inline __u64
dwunw_slot_fill(struct dwunw_slot *slot, struct dwunw_pt_regs *ctx,
		const struct dwunw_capture_args *args)
{
	__u64 tail;

	dwunw_slot_header(slot, DWUNW_EVENT_STACK);
	slot->header.flags = args->flags;
	slot->header.key = args->key;
	slot->header.cookie = args->cookie;
	slot->header.value = args->value;
	slot->header.entry_offset = args->entry_offset;
	slot->header.reg_count = DWUNW_CAPTURE_REGS;
	dwunw_regs_fill(slot->regs, ctx);
	tail = dwunw_slot_returns(slot, 0, DWUNW_SP(ctx));
	tail += dwunw_slot_stack(slot, tail, DWUNW_SP(ctx), args->stack_end);
	return DWUNW_HEAD_SIZE + tail;
}

/* The same with registers that ctx does not have (user_regs.bpf.h). */
static __always_inline long
dwunw_send_stack_of(void *ctx, struct dwunw_pt_regs *regs,
		    const struct dwunw_capture_args *args)
{
	struct dwunw_slot *slot = dwunw_slot_claim();
	long status;

	if (!slot) {
		dwunw_count_drop(DWUNW_COUNT_DROP_SLOT);
		return -1;
	}
	status = dwunw_slot_send(ctx, slot, dwunw_slot_fill(slot, regs, args));
	dwunw_slot_release(slot);
	return status;
}

/* One event of this thread, now. 0: sent; else counted as a drop. */
static __always_inline long
dwunw_send_stack(struct dwunw_pt_regs *ctx,
		 const struct dwunw_capture_args *args)
{
	return dwunw_send_stack_of(ctx, ctx, args);
}

#ifdef DWUNW_CAPTURE_PROCESS

/* Fields as in tracing/events/.../format; 8 common bytes come first. What is
 * unsigned long there has 4 bytes on 32-bit targets. */
struct dwunw_tp_map {
	__u64 common;
	dwunw_word nr;
	dwunw_word addr;
	dwunw_word size;
	dwunw_word prot;
};
struct dwunw_tp_mapped {
	__u64 common;
	dwunw_word nr;
	dwunw_word result;
};
/*
 * sched_process_fork: where the two pids are has changed with Linux 6.16, when
 * the two names became offsets. The parent's pid is known: it tells which.
 */
struct dwunw_tp_fork {
	__u8 common_and_name[12];
	__u32 parent_pid;
	__u32 child_name;
	__u32 child_pid;
};
struct dwunw_tp_fork_old {
	__u8 common_and_name[24];
	__u32 parent_pid;
	__u8 child_name[16];
	__u32 child_pid;
};

/* Is a process that is not in dwunw_generations to be followed from now on? */
static __always_inline int dwunw_is_new(__u32 tgid)
{
	__u32 born = bpf_get_current_pid_tgid() >> 32;

	if (!tgid || dwunw_options.follow == DWUNW_FOLLOW_GIVEN)
		return 0;
	if (!bpf_map_delete_elem(&dwunw_born, &born))
		return 1;
	if (dwunw_options.follow == DWUNW_FOLLOW_CHILDREN ||
	    tgid == dwunw_options.own_pid)
		return 0;
	if (dwunw_options.follow == DWUNW_FOLLOW_ALL)
		return 1;
	return bpf_get_current_ancestor_cgroup_id(
		       (int)dwunw_options.cgroup_level) == dwunw_options.cgroup;
}

static __always_inline int dwunw_followed(void)
{
	__u32 tgid = dwunw_current_id() >> 32, first = 1;

	if (bpf_map_lookup_elem(&dwunw_generations, &tgid))
		return 1;
	if (!dwunw_is_new(tgid))
		return 0;
	bpf_map_update_elem(&dwunw_generations, &tgid, &first, BPF_NOEXIST);
	return 1;
}

/* [start, end) may have new code; 0, -1: all. */
static __always_inline void dwunw_generation_bump(__u64 start, __u64 end)
{
	__u32 tgid = dwunw_current_id() >> 32;
	__u32 *generation = bpf_map_lookup_elem(&dwunw_generations, &tgid);

	(void)start;
	(void)end;
	if (!generation)
		return;
	__sync_fetch_and_add(generation, 1);
	DWUNW_ON_NEW_CODE(tgid, start, end);
}

static __always_inline void dwunw_process_event(void *ctx, __u16 kind,
						__u64 cookie)
{
	struct dwunw_slot *slot;

	slot = dwunw_slot_claim();
	if (!slot) {
		dwunw_count_drop(DWUNW_COUNT_DROP_SLOT);
		return;
	}
	dwunw_slot_header(slot, kind);
	slot->header.cookie = cookie;
	if (kind == DWUNW_EVENT_EXEC) /* it may have ended before it is read */
		bpf_get_current_comm(&slot->header.cookie,
				     DWUNW_EVENT_NAME_SIZE);
	dwunw_slot_send(ctx, slot, sizeof(slot->header));
	dwunw_slot_release(slot);
}

/*
 * While a tracepoint of any system call is in use, each system call of each
 * process costs about 0.1 us more, and so does each return probe on x86_64. A
 * tool that hears of new mappings otherwise (perf events have records of them:
 * dwunw/trace.h) leaves these four unattached, and has the
 * mappings read anew itself: dwunw_process_refresh().
 *
 * Counted when the call is over: at its start another thread's event could
 * carry the new number while the mappings still are the old ones.
 */
static __always_inline int dwunw_map_enter(const struct dwunw_tp_map *ctx)
{
	struct dwunw_mapping_call call = { .addr = ctx->addr,
					   .size = ctx->size };
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	if ((ctx->prot & 4) && dwunw_followed())
		bpf_map_update_elem(&dwunw_mapping_calls, &tid, &call, BPF_ANY);
	return 0;
}

/* `addr`: where, 0: where the call asked for. A call that failed is one too. */
static __always_inline int dwunw_map_exit(__u64 addr)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct dwunw_mapping_call *call;
	__u64 size;

	if (!dwunw_followed())
		return 0;
	call = bpf_map_lookup_elem(&dwunw_mapping_calls, &tid);
	if (!call)
		return 0;
	if (!addr)
		addr = call->addr;
	size = call->size;
	bpf_map_delete_elem(&dwunw_mapping_calls, &tid);
	addr &= -DWUNW_PAGE;
	dwunw_generation_bump(addr, addr + size + DWUNW_PAGE);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_" DWUNW_SYS_MMAP)
int dwunw_mmap_enter(struct dwunw_tp_map *ctx)
{
	return dwunw_map_enter(ctx);
}

SEC("tracepoint/syscalls/sys_exit_" DWUNW_SYS_MMAP)
int dwunw_mmap_exit(struct dwunw_tp_mapped *ctx)
{
	return dwunw_map_exit(ctx->result);
}

SEC("tracepoint/syscalls/sys_enter_mprotect")
int dwunw_mprotect_enter(struct dwunw_tp_map *ctx)
{
	return dwunw_map_enter(ctx);
}

SEC("tracepoint/syscalls/sys_exit_mprotect")
int dwunw_mprotect_exit(void *ctx __attribute__((unused)))
{
	return dwunw_map_exit(0);
}

SEC("tracepoint/sched/sched_process_exec")
int dwunw_exec(void *ctx)
{
	if (dwunw_followed()) {
		dwunw_generation_bump(0, -1ull);
		dwunw_process_event(ctx, DWUNW_EVENT_EXEC, 0);
	}
	return 0;
}

/* The leader's: threads that outlive it are seen again by their events. */
SEC("tracepoint/sched/sched_process_exit")
int dwunw_exit(void *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)id;

	if (id >> 32 == tid && dwunw_followed())
		dwunw_process_event(ctx, DWUNW_EVENT_EXIT, 0);
	bpf_map_delete_elem(&dwunw_born, &tid);
	return 0;
}

/* Threads too: the kernel says here only which task is new. Its number is that
 * of the initial namespace: a tool in another one is told 0, and looks. */
SEC("tracepoint/sched/sched_process_fork")
int dwunw_fork(void *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid(), one = 1;
	struct dwunw_tp_fork_old old = {};
	struct dwunw_tp_fork now = {};

	if (!dwunw_followed())
		return 0;
	/* not by ctx->: the verifier would refuse what lies beyond its end */
	bpf_probe_read_kernel(&now, sizeof(now), ctx);
	bpf_probe_read_kernel(&old, sizeof(old), ctx);
	if (now.parent_pid != tid)
		now.child_pid = old.parent_pid == tid ? old.child_pid : 0;
	if (dwunw_options.follow && now.child_pid)
		bpf_map_update_elem(&dwunw_born, &now.child_pid, &one, BPF_ANY);
	if (dwunw_options.namespace_ino)
		dwunw_process_event(ctx, DWUNW_EVENT_FORK, 0);
	else if (now.child_pid)
		dwunw_process_event(ctx, DWUNW_EVENT_FORK, now.child_pid);
	return 0;
}
#endif

#endif
