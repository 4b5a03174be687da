/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * walk.bpf.h - a user stack walked in the kernel, by rows that user space has
 * already answered.
 *
 *	pc -> mapping -> key -> row -> CFA, return address, saved registers -> pc
 *
 * until a row says that the stack ends. Nothing is built beforehand: where a
 * row is missing, registers and stack are sent from that frame on, user space
 * walks from there and writes the rows that it used (dwunw/rows.h). A stack
 * that is known costs a count, a new one its frames.
 *
 *	#include "walk.bpf.h"
 *
 *	SEC("uprobe") int on_call(struct dwunw_pt_regs *ctx)
 *	{
 *		struct dwunw_capture_args args = {
 *			.flags = DWUNW_EVENT_FLAG_ENTRY,
 *		};
 *		return dwunw_walk_stack(ctx, ctx, &args);
 *	}
 *	char LICENSE[] SEC("license") = "Dual BSD/GPL";
 *
 * Inside the kernel ctx has not the registers of user space; these are found, and
 * it is all that differs (user_regs.bpf.h):
 *
 *	SEC("tracepoint/syscalls/sys_enter_write") int on_write(void *ctx)
 *		dwunw_walk_kernel(ctx, &args)
 *	SEC("kprobe") the same
 *	SEC("perf_event") int on_sample(struct dwunw_perf_event *ctx)
 *		dwunw_walk_sample(ctx, &args)
 *
 * args.flags is 0 then: a function was not just entered. A perf event may come in
 * an NMI, where Linux before 6.1 takes no map that grows: define DWUNW_MAPS_FIXED
 * before the #include.
 *
 * Exactly the frames, evidence and marks of the walk in user space, or a miss.
 * Linux 5.10 and later: no compare-and-exchange, global functions take numbers
 * alone. The JIT of mips32 knows no calls between functions: its kernel
 * interprets such a program. 255 frames are possible as well
 * (-DDWUNW_WALK_FRAMES=255: 165,205 instructions verified on Linux 6.18).
 */
#ifndef DWUNW_WALK_BPF_H
#define DWUNW_WALK_BPF_H

#include "walk.h"

/* Frames of one walk; a deeper stack goes on in user space. */
#ifndef DWUNW_WALK_FRAMES
#define DWUNW_WALK_FRAMES 127
#endif
#define DWUNW_WALK_FRAME_BYTES \
	(DWUNW_WALK_FRAMES * sizeof(struct dwunw_event_frame))

/* Behind registers and stack of an event: frames, what is said of them, and
 * one piece more for the verifier. */
#define DWUNW_TAIL_OWN \
	(DWUNW_WALK_FRAME_BYTES + sizeof(struct dwunw_event_walk))
#ifndef DWUNW_CAPTURE_PROCESS
#define DWUNW_CAPTURE_PROCESS
#endif
#define DWUNW_ON_NEW_CODE dwunw_walk_new_code
static void dwunw_walk_new_code(unsigned int tgid, unsigned long long start,
				unsigned long long end);
#include "capture.bpf.h"
#include "user_regs.bpf.h"

#ifndef DWUNW_WALK_REGISTERS
#error "walk.bpf.h: arch/TARGET/bpf.h does not describe the walk"
#endif

/* An address of the target. */
#define DWUNW_WALK_ADDR(value) ((__u64)(dwunw_word)(value))
#define DWUNW_WALK_SP DWUNW_WALK_REGISTER_SP
#define DWUNW_WALK_ALL ((1u << (DWUNW_WALK_SP + 1)) - 1)

/* Bytes of stack that are read at once; words of it that a row names. */
#define DWUNW_WALK_WINDOW 1024ull
#define DWUNW_WALK_NEAR 16
/* A frame that is found by a frame pointer, at most: as core/walk/walk.c. */
#define DWUNW_WALK_FP_MAX (8ull << 20)

/* --- maps ------------------------------------------------------------------- */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1u << DWUNW_WALK_ROWS_LOG2);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct dwunw_walk_bucket);
} dwunw_walk_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DWUNW_WALK_SPACES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct dwunw_walk_space);
} dwunw_walk_spaces SEC(".maps");

/* tgid -> index there */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DWUNW_WALK_SPACES);
	__type(key, __u32);
	__type(value, __u32);
} dwunw_walk_space_of SEC(".maps");

/* What `seen` of a walk is -> is it known, how often was it there. Not by the
 * id, since a program can have the identity of another one's file. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DWUNW_WALK_STACKS);
	__uint(map_flags, DWUNW_GROWING_MAP);
	__type(key, __u64);
	__type(value, struct dwunw_walk_stack);
} dwunw_walk_stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DWUNW_WALK_COUNT_END);
	__type(key, __u32);
	__type(value, __u64);
} dwunw_walk_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DWUNW_WALK_HELD);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct dwunw_walk_asked);
} dwunw_walk_held SEC(".maps");

/* Events that the tool has read, of those that dwunw_counters counts. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} dwunw_walk_taken SEC(".maps");

const volatile struct dwunw_walk_options
	dwunw_walk_options SEC(DWUNW_WALK_OPTIONS_MAP) = {
		.rows_log2 = DWUNW_WALK_ROWS_LOG2,
	};

/*
 * One walk. All is in a map's value: global functions get its number, and the
 * verifier keeps no state of it apart.
 *
 * A value belongs to one processor and one depth of interruption. Before Linux
 * 5.19 a program of a uprobe, kprobe, tracepoint or perf event runs with
 * preemption off and only where no other of them does (trace_call_bpf(),
 * bpf_prog_active), so that one would do. Later ones of uprobes run with
 * migration off alone (bpf_prog_run_array_uprobe()): another thread may preempt
 * them on the same processor and run one too, and an interrupt's kprobe or an
 * NMI's perf event may on top of that. The same holds with PREEMPT_RT. When all
 * are in use, the call is a drop.
 */
struct dwunw_walk {
	__u64 busy;
	__u64 pc, valid;
	__u64 r[16];	 /* as rows number them, and sp */
	__u64 base, end; /* of the window */
	__u64 map_start, map_size, map_add, map_file;
	__u64 trampoline, trampoline_size;
	__u64 changes; /* as the table has it, and how many there are since */
	__u64 pending;
	__u64 id;
	__u64 seen;	   /* the same of keys: by files that were opened */
	__u64 key;	   /* of the last row that was looked for */
	__u64 vaddr, file; /* of the frame at hand */
	__u32 space, table, version, tgid;
	__u32 entered; /* at a function's first instructions: ENTRY */
	__s32 entry_offset;
	__u32 count, slow;
	__u8 exact, isa, how, flags, guess, stop, unused[2];
	struct dwunw_pt_regs user; /* where ctx does not have them */
	__u64 note;
	/* an event, from here on */
	struct dwunw_event_header header;
	struct dwunw_event_walk walk;
	struct dwunw_event_frame frames[DWUNW_WALK_FRAMES + 1];
	__u64 signal[DWUNW_WALK_SIGNAL_WORDS];
	__u8 window[DWUNW_WALK_WINDOW + DWUNW_WALK_NEAR * 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DWUNW_WALK_LEVELS *DWUNW_WALK_CPUS);
	__type(key, __u32);
	__type(value, struct dwunw_walk);
} dwunw_walk_slots SEC(".maps");

static __always_inline void dwunw_walk_count(__u32 index, __u64 n)
{
	__u64 *counter = bpf_map_lookup_elem(&dwunw_walk_counters, &index);

	if (counter)
		__sync_fetch_and_add(counter, n);
}

/* --- what has changed --------------------------------------------------------- */

/*
 * Notes the range, and only then counts it. Two threads that do this at the same
 * time count more than there is room for, so that the whole table is of no use:
 * an addition that returns what was there needs Linux 5.12.
 */
static __always_inline void dwunw_walk_new_code(__u32 tgid, __u64 start,
						__u64 end)
{
	__u32 *index = bpf_map_lookup_elem(&dwunw_walk_space_of, &tgid);
	struct dwunw_walk_space *space;
	__u64 n;

	if (!index)
		return;
	space = bpf_map_lookup_elem(&dwunw_walk_spaces, index);
	if (!space)
		return;
	__sync_fetch_and_add(&space->writers, 1);
	n = *(volatile __u64 *)&space->changes & (DWUNW_WALK_CHANGES - 1);
	if (*(volatile __u64 *)&space->writers == 1) {
		space->changed[n].start = start;
		space->changed[n].end = end;
		__sync_fetch_and_add(&space->changes, 1);
	} else {
		__sync_fetch_and_add(&space->changes, DWUNW_WALK_CHANGES_ALL);
	}
	__sync_fetch_and_add(&space->writers, -1);
}

static __always_inline int
dwunw_walk_has_changed(const struct dwunw_walk *w,
		       const struct dwunw_walk_space *space, __u64 addr)
{
	for (__u32 i = 0; i < DWUNW_WALK_CHANGES; i++) {
		const struct dwunw_walk_range *range;

		if (i >= w->pending)
			break;
		range = &space->changed[(w->changes + i) &
					(DWUNW_WALK_CHANGES - 1)];
		if (addr >= range->start && addr < range->end)
			return 1;
	}
	return 0;
}

/* --- pc -> key ------------------------------------------------------------------ */

/* The mapping that holds addr, into w; 0, or why there is none. */
static __always_inline int dwunw_walk_search(struct dwunw_walk *w, __u64 addr)
{
	const struct dwunw_walk_mapping *at;
	const struct dwunw_walk_table *table;
	struct dwunw_walk_space *space;
	__u32 low = 0;

	space = bpf_map_lookup_elem(&dwunw_walk_spaces, &w->space);
	if (!space)
		return DWUNW_WALK_NO_SPACE;
	table = &space->tables[w->table & 1];
#pragma clang loop unroll(full)
	for (__u32 half = DWUNW_WALK_MAPPINGS / 2; half; half /= 2)
		if (low + half < table->count &&
		    table->at[(low + half) & (DWUNW_WALK_MAPPINGS - 1)].start <=
			    addr)
			low += half;
	at = &table->at[low & (DWUNW_WALK_MAPPINGS - 1)];
	w->map_start = at->start;
	w->map_size = at->size;
	w->map_add = at->add;
	w->map_file = at->file;
	if (addr - w->map_start < w->map_size)
		return 0;
	w->map_size = 0;
	return DWUNW_WALK_NO_MAPPING;
}

/* Is the code at addr that of the table? */
static __always_inline int dwunw_walk_is_new(struct dwunw_walk *w, __u64 addr)
{
	struct dwunw_walk_space *space;

	if (!w->pending)
		return 0;
	space = bpf_map_lookup_elem(&dwunw_walk_spaces, &w->space);
	return !space || dwunw_walk_has_changed(w, space, addr);
}

/* The mapping of the frame's code: most times that of the frame before. */
static __always_inline int dwunw_walk_locate(struct dwunw_walk *w)
{
	__u64 at = w->pc - !w->exact;
	int cause;

	if (dwunw_walk_is_new(w, at))
		return DWUNW_WALK_CHANGED;
	if (at - w->map_start >= w->map_size) {
		cause = dwunw_walk_search(w, at);
		if (cause)
			return cause;
	}
	w->file = w->map_file;
	if (!w->file) { /* a process's own */
		w->vaddr = w->pc;
		w->key = w->pc ^ w->tgid * 0x9e3779b97f4a7c15ull;
		return 0;
	}
	at += w->map_add;
	w->vaddr = (at & (DWUNW_WALK_KEY_ISA - 1)) + !w->exact;
	w->key = at | (w->exact ? DWUNW_WALK_KEY_EXACT : 0) |
		 (w->isa ? DWUNW_WALK_KEY_ISA : 0);
	return 0;
}

/* --- key -> row ------------------------------------------------------------------ */

static __always_inline int
dwunw_walk_match(volatile const struct dwunw_walk_row *at, __u64 key,
		 struct dwunw_walk_row *row)
{
	row->w1 = at->w1;
	row->w2 = at->w2;
	row->w3 = at->w3;
	return key == (at->check ^ row->w1 ^ row->w2 ^ row->w3);
}

static __always_inline int dwunw_walk_find(__u64 key,
					   struct dwunw_walk_row *row)
{
	__u32 index = dwunw_walk_bucket_of(key, dwunw_walk_options.rows_log2);
	struct dwunw_walk_bucket *bucket;

	bucket = bpf_map_lookup_elem(&dwunw_walk_rows, &index);
	return key && bucket &&
	       (dwunw_walk_match(&bucket->rows[0], key, row) ||
		dwunw_walk_match(&bucket->rows[1], key, row));
}

#define DWUNW_ROW_OFFSET(row) ((__s64)(__s32)(row)->w1)
#define DWUNW_ROW_REGISTER(row) ((row)->w1 >> 32 & 15)
#define DWUNW_ROW_HOW(row) ((row)->w1 >> 36 & 15)
#define DWUNW_ROW_FLAGS(row) ((row)->w1 >> 40 & 255)
/* bytes below the CFA that slots count from */
#define DWUNW_ROW_BASE(row) (((__s64)(row)->w1 >> 48) * DWUNW_WALK_WORD)
#define DWUNW_ROW_SLOT(row, n) \
	(((n) < 8 ? (row)->w2 >> 8 * ((n)&7) : (row)->w3 >> 8 * ((n)&7)) & 255)
#define DWUNW_ROW_SAVED(row) ((row)->w3 >> 32 & 0xfff)
#define DWUNW_ROW_SPAN(row) (((row)->w3 >> 44 & 255) * DWUNW_WALK_WORD)
#define DWUNW_ROW_STOP(row) ((row)->w3 >> 52 & 255)

/* --- row -> the caller ------------------------------------------------------------- */

/*
 * Fills the window from addr on. No page is touched that holds nothing of the
 * first `needed` bytes: it may not be there, and a fault costs microseconds.
 */
static __always_inline long dwunw_walk_refill(struct dwunw_walk *w, __u64 addr,
					      __u64 needed)
{
	__u64 left = DWUNW_PAGE - (addr & (DWUNW_PAGE - 1));
	__u64 size = left >= needed && left < DWUNW_WALK_WINDOW ?
			     left :
			     DWUNW_WALK_WINDOW;

	w->end = 0;
	w->base = addr;
	/* no comparison: Linux 6.1 forgets it where the size is kept on the
	 * stack */
	size--;
	asm volatile("" : "+r"(size));
	size = (size & (DWUNW_WALK_WINDOW - 1)) + 1;
	if (bpf_probe_read_user(w->window, size, (void *)addr))
		return -1;
	w->end = addr + size;
	return 0;
}

static __always_inline long dwunw_walk_word(__u64 addr, __u64 *value)
{
	dwunw_word word;

	if (bpf_probe_read_user(&word, sizeof(word),
				(void *)DWUNW_WALK_ADDR(addr)))
		return -1;
	*value = word;
	return 0;
}

#ifdef DWUNW_CAPTURE_RETURNS
/* Where the function truly returns to that was entered with this sp. */
static __always_inline int dwunw_walk_noted(__u64 entry_sp, __u64 *addr)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct dwunw_returns *returns;

	returns = bpf_map_lookup_elem(&dwunw_returns, &tid);
	for (__u32 i = 0; returns && i < DWUNW_CAPTURE_RETURN_MAX; i++) {
		if (i >= returns->count)
			break;
		if (returns->at[i].entry_sp != entry_sp)
			continue;
		*addr = returns->at[i].addr;
		return 1;
	}
	return 0;
}
#else
#define dwunw_walk_noted(entry_sp, addr) 0
#endif

/*
 * `to`, a return address whose caller's sp is cfa, becomes the pc, if the walk
 * goes on there: -1. Nothing of w is written before that is known.
 */
static __always_inline int dwunw_walk_return(struct dwunw_walk *w, __u64 to,
					     __u64 cfa, __u64 flags)
{
	if (cfa < w->r[DWUNW_WALK_SP] ||
	    (cfa == w->r[DWUNW_WALK_SP] && !w->exact))
		return DWUNW_WALK_NO_PROGRESS;
	if (!(to & DWUNW_WALK_PC_MASK)) {
		if (!(flags &
		      (DWUNW_WALK_ROW_ZERO_ROOT | DWUNW_WALK_ROW_ZERO_END)))
			return DWUNW_WALK_ZERO;
		w->stop = flags & DWUNW_WALK_ROW_ZERO_ROOT ?
				  DWUNW_WALK_STOP_ROOT :
				  DWUNW_WALK_STOP_ZERO_RETURN;
		return DWUNW_WALK_ENDED;
	}
	if ((to & DWUNW_WALK_PC_MASK) - w->trampoline < w->trampoline_size &&
	    !dwunw_walk_noted(DWUNW_WALK_ADDR(cfa - DWUNW_WALK_ENTRY_SIZE),
			      &to)) {
		w->stop = DWUNW_WALK_STOP_TRAMPOLINE;
		return DWUNW_WALK_ENDED;
	}
	w->pc = to & DWUNW_WALK_PC_MASK;
	w->isa = to & DWUNW_WALK_ISA_MASK;
	return -1;
}

#define DWUNW_NEAR(near, slot)                                    \
	(*(dwunw_word *)((near) + DWUNW_WALK_WORD * (((slot)-1) & \
						     (DWUNW_WALK_NEAR - 1))))

/* All that is saved is in few words. */
static __always_inline int
dwunw_walk_step_near(struct dwunw_walk *w, const struct dwunw_walk_row *row,
		     __u64 cfa)
{
	__u64 low = DWUNW_WALK_ADDR(cfa - DWUNW_ROW_BASE(row));
	__u64 span = DWUNW_ROW_SPAN(row), to = w->r[0], slot;
	const __u8 *near;
	int next;

	if (low & (DWUNW_WALK_WORD - 1))
		return DWUNW_WALK_UNREADABLE;
	if (span && (low < w->base || low + span > w->end) &&
	    dwunw_walk_refill(w, low, span))
		return DWUNW_WALK_UNREADABLE;
	low -= w->base;
	asm volatile("" : "+r"(low));
	near = w->window + (low & (DWUNW_WALK_WINDOW - DWUNW_WALK_WORD));
	slot = DWUNW_ROW_SLOT(row, 0);
	if (slot)
		to = DWUNW_NEAR(near, slot);
	next = dwunw_walk_return(w, to, cfa, DWUNW_ROW_FLAGS(row));
	if (next >= 0)
		return next;
	if (slot && DWUNW_WALK_LINK)
		w->r[0] = DWUNW_NEAR(near, slot);
#pragma clang loop unroll(full)
	for (int i = 1; i < DWUNW_WALK_REGISTERS; i++) {
		slot = DWUNW_ROW_SLOT(row, i);
		if (slot)
			w->r[i] = DWUNW_NEAR(near, slot);
	}
	w->valid |= DWUNW_ROW_SAVED(row);
	w->r[DWUNW_WALK_SP] = cfa;
	return -1;
}

/* What cannot be read is lost. */
static __always_inline void dwunw_walk_restore(struct dwunw_walk *w, int i,
					       __u64 slot, __u64 low)
{
	if (!slot)
		return;
	if (slot == DWUNW_WALK_SLOT_LOST ||
	    dwunw_walk_word(low + (slot - 1) * DWUNW_WALK_WORD, &w->r[i]))
		w->valid &= ~(1ull << i);
	else
		w->valid |= 1ull << i;
}

/* Registers that are far apart, or lost; realigned frames. */
static __always_inline int dwunw_walk_step_far(struct dwunw_walk *w,
					       const struct dwunw_walk_row *row,
					       __u64 base)
{
	__u64 cfa = DWUNW_WALK_ADDR(base + DWUNW_ROW_OFFSET(row));
	__u64 low = cfa, to = w->r[0], slot = DWUNW_ROW_SLOT(row, 0), at;
	int next;

	w->slow++;
	if (DWUNW_ROW_FLAGS(row) & DWUNW_WALK_ROW_REALIGNED) {
		if (dwunw_walk_word(cfa, &cfa))
			return DWUNW_WALK_UNREADABLE;
		low = base;
	}
	low -= DWUNW_ROW_BASE(row);
	at = DWUNW_ROW_FLAGS(row) & DWUNW_WALK_ROW_REALIGNED ?
		     cfa - DWUNW_WALK_WORD :
		     low + (slot - 1) * DWUNW_WALK_WORD;
	if (slot && dwunw_walk_word(at, &to))
		return DWUNW_WALK_UNREADABLE;
	at = to;
	next = dwunw_walk_return(w, to, cfa, DWUNW_ROW_FLAGS(row));
	if (next >= 0)
		return next;
	if (slot && DWUNW_WALK_LINK)
		w->r[0] = at;
#pragma clang loop unroll(full)
	for (int i = 1; i < DWUNW_WALK_REGISTERS; i++)
		dwunw_walk_restore(w, i, DWUNW_ROW_SLOT(row, i), low);
	w->r[DWUNW_WALK_SP] = cfa;
	return -1;
}

/* Does the stack hold what the kernel writes for a signal? core/walk/walk.c,
 * has_signal_frame(). */
static __always_inline int dwunw_walk_is_signal(const __u64 *words)
{
#ifdef DWUNW_WALK_SIGNAL_MARK
	return (words[DWUNW_WALK_SIGNAL_MARK] & DWUNW_WALK_SIGNAL_MARK_BITS) ==
	       DWUNW_WALK_SIGNAL_MARK_IS;
#else
	/* 0: $0, which is not looked at */
#pragma clang loop unroll(full)
	for (int i = 0; i < DWUNW_WALK_SIGNAL_WORDS; i++)
		if (i != 1 && (__u32)(words[i] >> 32) + 1 > 1)
			return 0;
	return (__u32)words[DWUNW_WALK_SIGNAL_SP] != 0;
#endif
}

/* From a signal trampoline to what was interrupted. */
static __always_inline int
dwunw_walk_step_signal(struct dwunw_walk *w, const struct dwunw_walk_row *row)
{
	static const __u32 pcs[] = DWUNW_WALK_SIGNAL_PCS;
	static const __u8 at[] = DWUNW_WALK_SIGNAL_AT;
	__s64 off = DWUNW_ROW_OFFSET(row);
	__u64 *words = w->signal;

	w->slow++;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	off -= 8 - DWUNW_WALK_WORD;
#endif
	if (off != pcs[0] && off != pcs[1])
		return DWUNW_WALK_ASKED;
	off += (__s64)w->r[DWUNW_WALK_SP] + DWUNW_WALK_SIGNAL_BASE;
	if (bpf_probe_read_user(words, sizeof(w->signal),
				(void *)DWUNW_WALK_ADDR(off)))
		return DWUNW_WALK_UNREADABLE;
	if (!w->exact && !dwunw_walk_is_signal(words))
		return DWUNW_WALK_NO_MARK;
#pragma clang loop unroll(full)
	for (int i = 0; i < DWUNW_WALK_REGISTERS; i++)
		w->r[i] = DWUNW_WALK_ADDR(words[at[i]]);
	w->r[DWUNW_WALK_SP] = DWUNW_WALK_ADDR(words[DWUNW_WALK_SIGNAL_SP]);
	w->pc = words[DWUNW_WALK_SIGNAL_PC] & DWUNW_WALK_PC_MASK;
	w->isa = words[DWUNW_WALK_SIGNAL_PC] & DWUNW_WALK_ISA_MASK;
	w->valid = DWUNW_WALK_ALL;
	return -1;
}

/*
 * Code without a file, by its frame pointer, where that leads to code: as
 * leave_by_fp() of core/walk/walk.c.
 */
static __always_inline int dwunw_walk_step_fp(struct dwunw_walk *w)
{
	__u64 fp = w->r[DWUNW_WALK_FP];
	__u64 above = DWUNW_WALK_ADDR(fp - w->r[DWUNW_WALK_SP]);
	__u64 caller, to;

	w->slow++;
	if (!(w->valid >> DWUNW_WALK_FP & 1) || above > DWUNW_WALK_FP_MAX ||
	    (fp & (DWUNW_WALK_WORD - 1)) || dwunw_walk_word(fp, &caller) ||
	    dwunw_walk_word(fp + DWUNW_WALK_WORD, &to))
		return DWUNW_WALK_FRAME_POINTER;
	if (!(to & DWUNW_WALK_PC_MASK) ||
	    dwunw_walk_is_new(w, (to & DWUNW_WALK_PC_MASK) - 1) ||
	    dwunw_walk_search(w, (to & DWUNW_WALK_PC_MASK) - 1))
		return DWUNW_WALK_FRAME_POINTER;
	w->pc = to & DWUNW_WALK_PC_MASK;
	w->isa = to & DWUNW_WALK_ISA_MASK;
	w->r[0] = to;
	w->r[DWUNW_WALK_FP] = caller;
	w->r[DWUNW_WALK_SP] = DWUNW_WALK_ADDR(fp + 2 * DWUNW_WALK_WORD);
	w->valid = 1ull << DWUNW_WALK_FP | 1ull << DWUNW_WALK_SP |
		   DWUNW_WALK_LINK;
	return -1;
}

/* --- frames ---------------------------------------------------------------------- */

/* The frame at hand is one: it was left, or is the last. */
static __always_inline void dwunw_walk_add(struct dwunw_walk *w, __u64 flags)
{
	struct dwunw_event_frame *frame;
	__u32 n = w->count;

	asm volatile("" : "+r"(n));
	if (n >= DWUNW_WALK_FRAMES)
		return;
	frame = &w->frames[n];
	frame->vaddr = w->vaddr;
	frame->file = w->file;
	frame->how = w->how;
	frame->flags = w->flags | flags;
	w->id = dwunw_stack_id_add(w->id, w->file, w->vaddr, w->exact);
	w->seen = (w->seen ^ w->seen >> 32 ^ w->key) * 0x9e3779b97f4a7c15ull;
	w->count = n + 1;
}

static __always_inline void dwunw_walk_note_pc(struct dwunw_walk *w)
{
	__u32 n = w->count;

	asm volatile("" : "+r"(n));
	if (n < DWUNW_WALK_FRAMES)
		w->frames[n].pc = w->pc;
}

static __always_inline int dwunw_walk_leave(struct dwunw_walk *w,
					    const struct dwunw_walk_row *row)
{
	__u64 n = DWUNW_ROW_REGISTER(row), flags = DWUNW_ROW_FLAGS(row), cfa;

	if (!(w->valid >> n & 1))
		return DWUNW_WALK_NO_REGISTER;
	if (flags & DWUNW_WALK_ROW_SIGNAL)
		return dwunw_walk_step_signal(w, row);
	if (flags & (DWUNW_WALK_ROW_FAR | DWUNW_WALK_ROW_REALIGNED))
		return dwunw_walk_step_far(w, row, w->r[n]);
	cfa = DWUNW_WALK_ADDR(w->r[n] + DWUNW_ROW_OFFSET(row));
	if ((flags & DWUNW_WALK_ROW_GUESS) && (cfa & (DWUNW_WALK_WORD - 1)))
		return DWUNW_WALK_FRAME_POINTER;
	return dwunw_walk_step_near(w, row, cfa);
}

/* The frame at hand is left by a row; the next one was found by that. */
static __always_inline int dwunw_walk_by_row(struct dwunw_walk *w)
{
	struct dwunw_walk_row row;
	__u64 signal;
	int next;

	if (!dwunw_walk_find(w->key, &row))
		return DWUNW_WALK_NO_ROW;
	if (DWUNW_ROW_FLAGS(&row) & DWUNW_WALK_ROW_END) {
		if (DWUNW_ROW_STOP(&row) == DWUNW_WALK_ASK)
			return DWUNW_WALK_ASKED;
		w->stop = DWUNW_ROW_STOP(&row);
		dwunw_walk_add(w, 0);
		return DWUNW_WALK_ENDED;
	}
	next = dwunw_walk_leave(w, &row);
	if (next > 0)
		return next;
	signal = DWUNW_ROW_FLAGS(&row) & DWUNW_WALK_ROW_SIGNAL;
	dwunw_walk_add(w, signal ? DWUNW_WALK_FRAME_SIGNAL : 0);
	if (next == DWUNW_WALK_ENDED)
		return next;
	w->exact = signal != 0;
	w->how = DWUNW_ROW_HOW(&row);
	w->guess |= DWUNW_ROW_FLAGS(&row) & DWUNW_WALK_ROW_GUESS ?
			    DWUNW_WALK_FRAME_GUESS :
			    0;
	w->flags = w->guess | (signal ? DWUNW_WALK_FRAME_INTERRUPTED : 0) |
		   (DWUNW_ROW_FLAGS(&row) & DWUNW_WALK_ROW_BAD_CFI ?
			    DWUNW_WALK_FRAME_BAD_CFI :
			    0);
	return -1;
}

/*
 * From the frame at hand to its caller: -1; or ENDED, or why not. A function of
 * its own, so that the verifier reads it once and not for each frame.
 */
__noinline int dwunw_walk_step(__u32 slot)
{
	struct dwunw_walk *w = bpf_map_lookup_elem(&dwunw_walk_slots, &slot);
	int next;

	if (!w)
		return DWUNW_WALK_NO_SPACE;
	if (w->count >= DWUNW_WALK_FRAMES)
		return DWUNW_WALK_LIMIT;
	next = dwunw_walk_locate(w);
	if (next)
		return next;
	dwunw_walk_note_pc(w);
	if (w->file)
		return dwunw_walk_by_row(w);
	/* user space looks at the code whether this is a guess already */
	if (!w->exact && !w->guess)
		return DWUNW_WALK_FRAME_POINTER;
	next = dwunw_walk_step_fp(w);
	if (next >= 0)
		return next;
	w->file = 0;
	dwunw_walk_add(w, 0);
	w->exact = 0;
	w->how = DWUNW_WALK_HOW_FP;
	w->guess = w->flags = DWUNW_WALK_FRAME_GUESS;
	return -1;
}

/* The caller of a function that was just entered. */
static __always_inline int dwunw_walk_enter(struct dwunw_walk *w)
{
	__u64 cfa = DWUNW_WALK_ADDR(w->r[DWUNW_WALK_SP] + w->entry_offset +
				    DWUNW_WALK_ENTRY_SIZE);
	__u64 to = w->r[0];
	int next = dwunw_walk_locate(w);

	if (next)
		return next;
	dwunw_walk_note_pc(w);
	if (!DWUNW_WALK_LINK) {
		if (dwunw_walk_refill(w, cfa - DWUNW_WALK_WORD,
				      DWUNW_WALK_WORD))
			return DWUNW_WALK_UNREADABLE;
		to = *(dwunw_word *)w->window;
	}
	next = dwunw_walk_return(w, to, cfa, 0);
	if (next > 0)
		return next;
	dwunw_walk_add(w, 0);
	w->r[DWUNW_WALK_SP] = cfa;
	w->exact = 0;
	w->how = DWUNW_WALK_HOW_ENTRY;
	return next;
}

/* What is known of the process. */
static __always_inline int dwunw_walk_open(struct dwunw_walk *w)
{
	const struct dwunw_walk_table *table;
	struct dwunw_walk_space *space;

	space = bpf_map_lookup_elem(&dwunw_walk_spaces, &w->space);
	if (!space)
		return DWUNW_WALK_NO_SPACE;
	w->table = *(volatile __u32 *)&space->current & 1;
	table = &space->tables[w->table & 1];
	w->version = *(volatile __u32 *)&table->version;
	w->changes = table->changes;
	w->pending = *(volatile __u64 *)&space->changes - w->changes;
	w->trampoline = table->trampoline;
	w->trampoline_size = table->trampoline_size;
	if (!w->version || (w->version & 1))
		return DWUNW_WALK_NO_SPACE;
	return w->pending > DWUNW_WALK_CHANGES / 2 ? DWUNW_WALK_CHANGED : 0;
}

/* Was all of that still so at the end? */
static __always_inline int dwunw_walk_holds(struct dwunw_walk *w)
{
	struct dwunw_walk_space *space;

	space = bpf_map_lookup_elem(&dwunw_walk_spaces, &w->space);
	return space &&
	       *(volatile __u32 *)&space->tables[w->table & 1].version ==
		       w->version &&
	       *(volatile __u64 *)&space->changes - w->changes <=
		       DWUNW_WALK_CHANGES;
}

/* The whole walk: enum dwunw_walk_cause. */
__noinline int dwunw_walk_run(__u32 slot)
{
	struct dwunw_walk *w = bpf_map_lookup_elem(&dwunw_walk_slots, &slot);
	int next;

	if (!w)
		return DWUNW_WALK_NO_SPACE;
	next = dwunw_walk_open(w);
	if (!next)
		next = w->entered ? dwunw_walk_enter(w) : -1;
#pragma clang loop unroll(disable)
	for (int i = 0; i < DWUNW_WALK_FRAMES && next < 0; i++)
		next = dwunw_walk_step(slot);
	if (next < 0)
		next = DWUNW_WALK_LIMIT;
	if (!dwunw_walk_holds(w)) {
		w->count = 0;
		return DWUNW_WALK_CHANGED;
	}
	return next;
}

/* What dwunw_walk_stack() gives besides what the buffer says. */
#define DWUNW_WALK_NO_SLOT 1
#define DWUNW_WALK_HELD_BACK 2
#define DWUNW_WALK_NO_USER 3

/* --- for programs ---------------------------------------------------------------- */

/* NULL: none is free. *slot is its number. */
static __always_inline struct dwunw_walk *dwunw_walk_claim(__u32 *slot)
{
	__u32 first = bpf_get_smp_processor_id() * DWUNW_WALK_LEVELS;

	for (__u32 i = 0; i < DWUNW_WALK_LEVELS; i++) {
		struct dwunw_walk *w;

		*slot = first + i;
		w = bpf_map_lookup_elem(&dwunw_walk_slots, slot);
		if (w && dwunw_claim(&w->busy))
			return w;
	}
	return NULL;
}

static __always_inline void dwunw_walk_release(struct dwunw_walk *w)
{
	__sync_fetch_and_add(&w->busy, -1);
}

/*
 * Walks this thread's stack from `regs` on (a uprobe's context, or a copy on
 * the BPF stack). args: flags and entry_offset. Gives an enum dwunw_walk_cause;
 * ENDED: w->id names the stack, and w->frames has w->count of them.
 */
static __always_inline int
dwunw_walk_from(struct dwunw_walk *w, __u32 slot, struct dwunw_pt_regs *regs,
		const struct dwunw_capture_args *args)
{
	__u32 tgid = dwunw_current_id() >> 32;
	__u32 *space = bpf_map_lookup_elem(&dwunw_walk_space_of, &tgid);

	w->count = 0;
	w->slow = 0;
	w->id = 0;
	w->seen = 0;
	w->key = tgid;
	w->tgid = tgid;
	if (!space)
		return DWUNW_WALK_NO_SPACE;
	w->space = *space;
	w->map_size = 0;
	w->base = 0;
	w->end = 0;
	w->exact = 1;
	w->how = 0;
	w->flags = 0;
	w->guess = 0;
	w->valid = DWUNW_WALK_ALL;
	w->pc = DWUNW_PC(regs) & DWUNW_WALK_PC_MASK;
	w->isa = DWUNW_PC(regs) & DWUNW_WALK_ISA_MASK;
	w->r[DWUNW_WALK_SP] = DWUNW_SP(regs);
	DWUNW_WALK_FILL(w->r, regs);
	w->entered = args->flags & DWUNW_EVENT_FLAG_ENTRY;
	w->entry_offset = args->entry_offset;
	return dwunw_walk_run(slot);
}

static __always_inline void
dwunw_walk_header(struct dwunw_event_header *header,
		  const struct dwunw_capture_args *args)
{
	dwunw_header_fill(header, DWUNW_EVENT_WALKED);
	header->flags = args->flags;
	header->key = args->key;
	header->cookie = args->cookie;
	header->value = args->value;
}

/* A WALKED event of a walk that has ended, or (check mode) of what there is. */
static __always_inline long
dwunw_walk_send(void *ctx, struct dwunw_walk *w, int cause,
		const struct dwunw_capture_args *args)
{
	__u64 n = w->count;

	dwunw_walk_header(&w->header, args);
	w->walk.id = w->id;
	w->walk.valid = 0;
	w->walk.frame_count = n;
	w->walk.stop = cause ? DWUNW_EVENT_GOES_ON : w->stop;
	w->walk.cause = cause;
	w->walk.how = w->how;
	w->walk.flags = w->flags;
	w->walk.reserved = 0;
	asm volatile("" : "+r"(n));
	if (n > DWUNW_WALK_FRAMES)
		n = DWUNW_WALK_FRAMES;
	return dwunw_record_send(ctx, &w->header,
				 sizeof(w->header) + sizeof(w->walk) +
					 n * sizeof(w->frames[0]));
}

/* Registers as an event has them; those that are not known are 0. */
static __always_inline __u64 dwunw_walk_regs(const struct dwunw_walk *w,
					     __u64 *regs)
{
	static const __u8 dwarf[] = DWUNW_WALK_DWARF;
	__u64 valid = 1ull << DWUNW_WALK_DWARF_SP;

#pragma clang loop unroll(full)
	for (int i = 0; i < DWUNW_CAPTURE_REGS; i++)
		regs[i] = 0;
#pragma clang loop unroll(full)
	for (int i = !DWUNW_WALK_LINK; i < DWUNW_WALK_REGISTERS; i++) {
		regs[dwarf[i]] = w->r[i];
		valid |= (w->valid >> i & 1) << dwarf[i];
	}
	regs[DWUNW_WALK_DWARF_SP] = w->r[DWUNW_WALK_SP];
	regs[DWUNW_CAPTURE_REGS - 1] = w->pc | w->isa;
	return valid;
}

/* The frames so far, then registers and stack from the next frame on. */
static __always_inline __u64
dwunw_walk_fill_rest(struct dwunw_slot *slot, struct dwunw_walk *w, int cause,
		     const struct dwunw_capture_args *args)
{
	struct dwunw_event_walk *walk = (void *)slot->tail;
	__u64 n = w->count, at = sizeof(*walk), size;

	dwunw_walk_header(&slot->header, args);
	slot->header.flags = 0;
	slot->header.reg_count = DWUNW_CAPTURE_REGS;
	walk->id = w->id;
	walk->valid = dwunw_walk_regs(w, slot->regs);
	walk->frame_count = n;
	walk->stop = DWUNW_EVENT_GOES_ON;
	walk->cause = cause;
	walk->how = w->how;
	walk->flags = w->flags;
	walk->reserved = 0;
	at += dwunw_slot_returns(slot, sizeof(*walk), w->r[DWUNW_WALK_SP]);
	size = n * sizeof(w->frames[0]);
	asm volatile("" : "+r"(size), "+r"(at));
	if (size > DWUNW_WALK_FRAME_BYTES ||
	    at > sizeof(*walk) + DWUNW_CAPTURE_RETURN_MAX *
					 sizeof(struct dwunw_event_return))
		return 0;
	if (size)
		bpf_probe_read_kernel(slot->tail + at, size, w->frames);
	at += size;
	at += dwunw_slot_stack(slot, at, w->r[DWUNW_WALK_SP], args->stack_end);
	return DWUNW_HEAD_SIZE + at;
}

/*
 * What the walk did not find out: from the frame on that it could not leave,
 * or, if that is the first one, as dwunw_send_stack() has it.
 */
static __always_inline long
dwunw_walk_send_rest(void *ctx, struct dwunw_pt_regs *regs,
		     struct dwunw_walk *w, int cause,
		     const struct dwunw_capture_args *args)
{
	struct dwunw_slot *slot = dwunw_slot_claim();
	__u64 size;
	long status;

	if (!slot) {
		dwunw_count_drop(DWUNW_COUNT_DROP_SLOT);
		return DWUNW_WALK_NO_SLOT;
	}
	/* a walk that ended with frame 0 has no next frame */
	if (w->count)
		size = dwunw_walk_fill_rest(slot, w, cause, args);
	else
		size = dwunw_slot_fill(slot, regs, args);
	status = dwunw_slot_send(ctx, slot, size);
	dwunw_slot_release(slot);
	return status;
}

/* Are there so many events unread that what is asked for twice can wait? */
static __always_inline int dwunw_walk_is_busy(void)
{
	__u32 zero = 0, events = DWUNW_COUNT_EVENTS;
	__u64 *taken = bpf_map_lookup_elem(&dwunw_walk_taken, &zero);
	__u64 *sent = bpf_map_lookup_elem(&dwunw_counters, &events);

	/* read before it was counted: less than nothing */
	return taken && sent &&
	       (__s64)(*(volatile __u64 *)sent - *(volatile __u64 *)taken) >=
		       (__s64)dwunw_walk_options.hold_from;
}

/* Was user space asked for that row a moment ago? Else it is now. */
static __always_inline int dwunw_walk_is_held(const struct dwunw_walk *w,
					      int cause)
{
	__u32 index = dwunw_walk_held_of(w->key);
	struct dwunw_walk_asked *asked;
	__u64 now;

	if (!dwunw_walk_options.hold_ms ||
	    (cause != DWUNW_WALK_NO_ROW && cause != DWUNW_WALK_NO_SPACE))
		return 0;
	asked = bpf_map_lookup_elem(&dwunw_walk_held, &index);
	if (!asked)
		return 0;
	now = bpf_ktime_get_ns();
	if (asked->key == w->key &&
	    now - asked->time_ns < dwunw_walk_options.hold_ms * 1000000ull &&
	    dwunw_walk_is_busy())
		return 1;
	asked->key = w->key;
	asked->time_ns = now;
	return 0;
}

/* The key of a whole stack. */
static __always_inline __u64 dwunw_walk_key(const struct dwunw_walk *w)
{
	__u64 seen = w->seen;

	if (dwunw_walk_options.by_thread)
		seen = (seen ^ (__u32)bpf_get_current_pid_tgid()) *
		       0x9e3779b97f4a7c15ull;
	if (dwunw_walk_options.by_process)
		seen = (seen ^ bpf_get_current_pid_tgid() >> 32) *
		       0x9e3779b97f4a7c15ull;
	return seen | DWUNW_WALK_KNOWN_KEY;
}

/* Its entry, new or not; NULL: there is no room for it. */
static __always_inline struct dwunw_walk_stack *dwunw_walk_entry(__u64 key)
{
	struct dwunw_walk_stack none = { 0 }, *known;

	known = bpf_map_lookup_elem(&dwunw_walk_stacks, &key);
	if (known)
		return known;
	bpf_map_update_elem(&dwunw_walk_stacks, &key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&dwunw_walk_stacks, &key);
}

/* Sums `ns` under the key of a stack that is known; false: it is none. */
static __always_inline int dwunw_walk_add_time(__u64 key, __u64 ns)
{
	struct dwunw_walk_stack *known;

	if (!(key & DWUNW_WALK_KNOWN_KEY))
		return 0;
	known = bpf_map_lookup_elem(&dwunw_walk_stacks, &key);
	if (!known)
		return 0;
	__sync_fetch_and_add(&known->ns, ns);
	return 1;
}

static __always_inline long
dwunw_walk_fresh(void *ctx, struct dwunw_walk *w,
		 const struct dwunw_capture_args *args)
{
	long status = dwunw_walk_send(ctx, w, DWUNW_WALK_ENDED, args);

	dwunw_walk_count(status ? DWUNW_WALK_COUNT_DROPS : DWUNW_WALK_COUNT_NEW,
			 1);
	return status;
}

/*
 * A stack that has ended: one more of its kind, or the first. Until the frames
 * of that one are in the buffer each is sent: whoever has its key will find them.
 */
static __always_inline long dwunw_walk_known(void *ctx, struct dwunw_walk *w,
					     struct dwunw_capture_args *args)
{
	struct dwunw_walk_stack *known;
	__u64 key = dwunw_walk_key(w);
	long status;

	if (dwunw_walk_options.whole && w->stop != DWUNW_WALK_STOP_ROOT &&
	    w->stop != DWUNW_WALK_STOP_CONTEXT)
		return dwunw_walk_fresh(ctx, w, args);
	known = dwunw_walk_entry(key);
	if (!known) {
		dwunw_walk_count(DWUNW_WALK_COUNT_STACKS_FULL, 1);
		return dwunw_walk_fresh(ctx, w, args);
	}
	args->key = key;
	if (*(volatile __u64 *)&known->sent) {
		__sync_fetch_and_add(&known->count, 1);
		dwunw_walk_count(DWUNW_WALK_COUNT_KNOWN, 1);
		return 0;
	}
	status = dwunw_walk_fresh(ctx, w, args);
	if (!status)
		*(volatile __u64 *)&known->sent = 1;
	return status;
}

static __always_inline long
dwunw_walk_miss(void *ctx, struct dwunw_pt_regs *regs, struct dwunw_walk *w,
		int cause, const struct dwunw_capture_args *args)
{
	long status;

	if (dwunw_walk_is_held(w, cause)) {
		dwunw_walk_count(DWUNW_WALK_COUNT_HELD, 1);
		return DWUNW_WALK_HELD_BACK;
	}
	status = dwunw_walk_send_rest(ctx, regs, w, cause, args);
	dwunw_walk_count(status	  ? DWUNW_WALK_COUNT_DROPS :
			 w->count ? DWUNW_WALK_COUNT_REST :
				    DWUNW_WALK_COUNT_COPIES,
			 1);
	dwunw_walk_count(DWUNW_WALK_COUNT_CAUSE + cause, 1);
	return status;
}

/* From the registers that were found, with the slot that was claimed. */
static __always_inline long dwunw_walk_claimed(void *ctx,
					       struct dwunw_pt_regs *regs,
					       struct dwunw_walk *w, __u32 slot,
					       struct dwunw_capture_args *args)
{
	int cause = dwunw_walk_from(w, slot, regs, args);

	dwunw_walk_count(DWUNW_WALK_COUNT_CALLS, 1);
	dwunw_walk_count(DWUNW_WALK_COUNT_FRAMES, w->count);
	if (w->slow)
		dwunw_walk_count(DWUNW_WALK_COUNT_SLOW, w->slow);
	return cause == DWUNW_WALK_ENDED ?
		       dwunw_walk_known(ctx, w, args) :
		       dwunw_walk_miss(ctx, regs, w, cause, args);
}

static __always_inline long dwunw_walk_no_slot(void)
{
	dwunw_walk_count(DWUNW_WALK_COUNT_CALLS, 1);
	dwunw_walk_count(DWUNW_WALK_COUNT_DROPS, 1);
	return DWUNW_WALK_NO_SLOT;
}

/*
 * One stack of this thread: counted, or sent. `regs` as dwunw_walk_from().
 * args->key is an event's, if one is sent for this stack alone; then it is the
 * key that its frames were sent under, now or before. 0: done; NO_SLOT,
 * HELD_BACK or negative (the buffer): it is counted as a drop.
 */
static __always_inline long dwunw_walk_stack(void *ctx,
					     struct dwunw_pt_regs *regs,
					     struct dwunw_capture_args *args)
{
	__u32 slot;
	struct dwunw_walk *w = dwunw_walk_claim(&slot);
	long status;

	if (!w)
		return dwunw_walk_no_slot();
	status = dwunw_walk_claimed(ctx, regs, w, slot, args);
	dwunw_walk_release(w);
	return status;
}

/* A thread of the kernel, or 32-bit code on a 64-bit one: no call of the walk. */
static __always_inline long dwunw_walk_no_user(void)
{
	dwunw_count_drop(DWUNW_COUNT_DROP_TOOL);
	return DWUNW_WALK_NO_USER;
}

/* From a tracepoint or a kprobe; on mips from events of system calls alone. As
 * dwunw_walk_stack(); NO_USER: the thread has no registers of user space. */
static __always_inline long dwunw_walk_kernel(void *ctx,
					      struct dwunw_capture_args *args)
{
	__u32 slot;
	struct dwunw_walk *w = dwunw_walk_claim(&slot);
	long status;

	if (!w)
		return dwunw_walk_no_slot();
	status = dwunw_user_regs(&w->user, dwunw_walk_options.user_regs,
				 &w->note) ?
			 dwunw_walk_claimed(ctx, &w->user, w, slot, args) :
			 dwunw_walk_no_user();
	dwunw_walk_release(w);
	return status;
}

/* From a perf event. On mips NO_USER, too, where the kernel was interrupted. */
static __always_inline long dwunw_walk_sample(struct dwunw_perf_event *ctx,
					      struct dwunw_capture_args *args)
{
	__u32 slot;
	struct dwunw_walk *w = dwunw_walk_claim(&slot);
	long status;

	if (!w)
		return dwunw_walk_no_slot();
	status = dwunw_user_regs_sampled(&w->user, dwunw_walk_options.user_regs,
					 ctx) ?
			 dwunw_walk_claimed(ctx, &w->user, w, slot, args) :
			 dwunw_walk_no_user();
	dwunw_walk_release(w);
	return status;
}

#endif
