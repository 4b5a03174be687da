/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * inproc.h - what the files of the recorder inside the program share.
 *
 *	entry	 the program's call of malloc, free, mmap, … -> the real one, event
 *	event	 an event -> stack, table of blocks, sums by stack
 *	walk	 registers -> stack, by rows and a memo of the thread's last one
 *	slow	 the same by dwunw_walk(), which tells the rows
 *	space	 the program's own mappings -> what dwunw_walk() asks for
 *	bytes	 memcpy() and its kind, for all of it
 *	kept	 where the tables are, so that they outlive the process
 *	write	 what was recorded -> a recording (SPEC.md 6)
 *	attach	 a tool's calls in a program that runs -> begin and end
 *	slots	 its modules -> their import slots, turned to us and back
 *
 * Nothing here takes memory from the program's heap, or a lock of the loader. But
 * for write.c, which runs at the end, all of the kernel is called directly.
 */
#ifndef DWU_INPROC_H
#define DWU_INPROC_H

#include DWU_INPROC_REGS

#include <dwunw/dwunw_api.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
/* what the program sees of us; all else is hidden */
#define DWU_SHOWN __attribute__((visibility("default")))
#define DWU_TLS __thread __attribute__((tls_model("initial-exec")))

/* A machine of 32 bits has a smaller heap, and room for smaller tables; and no
 * atomic access to 64 bits. */
#define DWU_WIDE (UINTPTR_MAX > UINT32_MAX)
#define DWU_ROOM(wide, narrow) (DWU_WIDE ? (wide) : (narrow))

/* A sum that several threads add to: right when nobody does. */
static inline void dwu_add(uint64_t *to, uint64_t part)
{
#if DWU_WIDE
	__atomic_add_fetch(to, part, __ATOMIC_RELAXED);
#else
	/* both halves, whose order the carry does not mind */
	uint32_t __attribute__((may_alias)) *half = (void *)to;
	const uint32_t big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
	uint32_t low = (uint32_t)part, high = (uint32_t)(part >> 32);

	high += __atomic_add_fetch(&half[big], low, __ATOMIC_RELAXED) < low;
	if (high)
		__atomic_add_fetch(&half[!big], high, __ATOMIC_RELAXED);
#endif
}

/* Knuth 6.4: multiplicative hashing, to so many bits. */
static inline uint32_t dwu_hash(uint64_t key, unsigned int log2)
{
#if DWU_WIDE
	return (uint32_t)(key * 0x9e3779b97f4a7c15ull >> (64 - log2));
#else
	return ((uint32_t)key ^ (uint32_t)(key >> 32)) * 0x9e3779b1u >>
	       (32 - log2);
#endif
}

/* --- system.c: the kernel, without the C library -------------------------------- */

/* Zeroed pages that are there when they are touched; NULL: none. */
void *dwu_inproc_pages(size_t size);
void dwu_inproc_unmap(void *at, size_t size);

/* Taken by a thread that is marked as being inside (event.c), so no signal
 * handler of the same thread asks for it again. */
struct dwu_inproc_lock {
	uint32_t word; /* 0: free, 1: taken, 2: … and somebody waits */
};
void dwu_inproc_take(struct dwu_inproc_lock *lock);
void dwu_inproc_give(struct dwu_inproc_lock *lock);

/* A file of /proc, whole or its first `room` bytes. -1: it can't be read. */
ptrdiff_t dwu_inproc_read(const char *path, char *text, size_t room);
/* Own memory that may not be there: how many of the bytes are, up to the first page
 * that is not; and as a dwunw_read_memory_fn. */
size_t dwu_inproc_copy(uint64_t addr, void *dst, size_t size);
dwunw_status_t dwu_inproc_peek(void *ctx, uint64_t addr, void *dst,
			       size_t size);
int32_t dwu_inproc_pid(void);
uint64_t dwu_inproc_now(void);
uint64_t dwu_inproc_real_now(void);
/* A line on stderr: "dwunw-preload: TEXT", or "… TEXT: DETAIL". */
void dwu_inproc_say(const char *text, const char *detail);

/* Of this thread. */
enum dwu_inside {
	DWU_OUTSIDE = 0,
	DWU_IN_ALLOCATOR, /* the real one; what it calls is its own */
	DWU_IN_RECORDER	  /* only a signal handler calls from there */
};
struct dwu_inproc_thread;
struct dwu_inproc_tls {
	int64_t left; /* bytes until the next sample */
	uint64_t seed;
	struct dwu_inproc_thread *thread;
	uint8_t inside; /* enum dwu_inside */
	uint8_t ended;	/* its state is given back */
	uint8_t locks;	/* that this thread holds */
	uint32_t epoch; /* that `thread` is of, and … */
	uint32_t seed_epoch;
};
extern DWU_TLS struct dwu_inproc_tls dwu_inproc_tls;

/* --- options.c: what the environment asks for -------------------------------------- */

struct dwu_inproc_options {
	char path[4096];       /* of the recording; "": nothing is recorded */
	char tables[256];      /* the file for what is to be kept; "": none */
	char rest[256];	       /* another process's: write it, and end */
	uint32_t sample_bytes; /* 0: every block */
	bool check;	       /* each stack is walked twice */
	bool children;	       /* what is forked goes on recording */
	bool statistics;       /* a line on stderr at the end */
};
extern struct dwu_inproc_options dwu_inproc_options;
/* False: nothing is to be recorded, or a value is wrong, which was said. */
bool dwu_inproc_options_read(void);
/* path with the process's number for each %p; false: it does not fit. */
bool dwu_inproc_path(char *path, size_t size);

/* --- kept.c: memory that outlives the process, where there is a file for it ------------ */

enum dwu_kept_root {
	DWU_ROOT_FILES = 0,
	DWU_ROOT_FRAMES,
	DWU_ROOT_STACKS,
	DWU_ROOT_WORDS,
	DWU_ROOT_PATHS,
	DWU_ROOT_BLOCKS,
	DWU_ROOT_AREAS,
	DWU_ROOT_SPARE,
	DWU_ROOTS
};
enum dwu_kept_state {
	DWU_KEPT_NONE = 0,
	DWU_KEPT_LIVE, /* there is no recording of it yet */
	DWU_KEPT_WRITTEN
};
struct dwu_inproc_thread;
struct dwu_kept {
	uint64_t magic;
	uint64_t base; /* where it is mapped; 0: it is the process's own */
	uint64_t size;
	uint32_t used; /* of it, in pages of 64 KiB */
	uint32_t state;
	uint64_t no_room; /* blocks that no table had room for */
	uint64_t unknown; /* … whose stack could not be taken */
	uint64_t thread_count;
	uint64_t start_ns;
	uint64_t start_real_ns;
	struct dwu_inproc_thread *threads; /* all there are, for good */
	void *roots[DWU_ROOTS];
	uint32_t stack_count;
	uint32_t area_count;
	int32_t pid;
	int32_t parent;
	char name[64];
};
extern struct dwu_kept *dwu_kept;

/* Makes that file the place of all that is asked for from now on. */
bool dwu_kept_open(const char *path);
/* The same, a new file without a name: its descriptor; or -errno. */
long dwu_kept_make(void);
/* It is the process's own again, and empty. */
void dwu_kept_close(void);
/* What another process has left there, as it was: tables are found, none made. 0, or
 * an exit status: there is none, or its place is taken in this process's memory, and
 * may not be in another's. */
enum {
	DWU_REST_NONE = 1,
	DWU_REST_AGAIN = 75
};
long dwu_kept_open_rest(const char *path);
/* Zeroed pages, as dwu_inproc_pages(). */
void *dwu_kept_pages(size_t size);
void dwu_kept_drop(void *at, size_t size);
/* … that can be found again. */
void *dwu_kept_table(enum dwu_kept_root root, size_t size);
/* The process's name as it is now. */
void dwu_kept_name(void);

/* --- sample.c ------------------------------------------------------------------- */

/* Bytes until the next sample: exponentially distributed with that mean. */
int64_t dwu_inproc_gap(uint64_t *seed, uint32_t mean);
/* 1024 times the blocks that a sampled block of that size stands for. */
uint64_t dwu_inproc_weight(uint64_t size, uint32_t mean);

/* --- stacks.c: files, frames and stacks, each a single time, for good ----------------- */

#define DWU_FILES_MAX DWU_ROOM(4096u, 512u)
#define DWU_FRAMES_MAX (1u << DWU_ROOM(19, 16))
#define DWU_STACKS_MAX (1u << DWU_ROOM(18, 15))
#define DWU_STACK_WORDS (1u << DWU_ROOM(24, 20))
#define DWU_DEPTH 1024u /* frames of a stack, at most */

struct dwu_inproc_file {
	uint64_t identity;
	uint64_t size;
	const char *path;
	uint32_t build_id_size;
	uint8_t build_id[DWUNW_BUILD_ID_MAX];
};

struct dwu_inproc_frame {
	uint64_t pc; /* where it was first seen */
	uint64_t vaddr;
	uint32_t file; /* from 1 on; 0: none */
	uint8_t how;
	uint8_t flags;
	uint8_t exact; /* the code is at the address */
	uint8_t reserved;
};

/* Sums in units: 1, or 1/1024 of samples. */
struct dwu_inproc_sums {
	uint64_t allocs;
	uint64_t bytes;
	uint64_t frees;
	uint64_t freed_bytes;
};

struct dwu_inproc_stack {
	uint64_t hash;
	struct dwu_inproc_sums sums; /* without what threads have in hand */
	uint32_t first; /* of its words: numbers of frames, outermost first */
	uint16_t count; /* of these, without the function that was called */
	uint8_t stop;	/* enum dwunw_stop_reason */
	uint8_t scan;	/* enum dwunw_scan_result */
	uint32_t leaf;	/* the frame of the function that was called */
	uint32_t reserved;
};

/* Numbers of stacks: 0 is none. */
enum {
	DWU_STACK_UNKNOWN = 1, /* no stack could be taken */
	DWU_STACK_UNKEPT,      /* there was no room for it */
	DWU_STACK_FIRST
};

bool dwu_inproc_stacks_open(void);
/* What is not kept of it goes. */
void dwu_inproc_stacks_close(void);
/* Numbers, from 1 on; 0: no room. Of one thread at a time (slow.c). */
uint32_t dwu_inproc_file(const struct dwu_inproc_file *file);
uint32_t dwu_inproc_frame(const struct dwu_inproc_frame *frame);
/* How a stack came out, frames outermost first; any thread. */
struct dwu_inproc_found {
	uint64_t hash; /* of all below */
	const uint32_t *frames;
	uint32_t count;
	uint32_t leaf;
	uint8_t stop;
	uint8_t scan;
};
uint32_t dwu_inproc_stack(const struct dwu_inproc_found *found);
/* From the outermost frame inwards; 0 before it. */
static inline uint64_t dwu_inproc_hash(uint64_t outer, uint32_t frame)
{
	uint64_t hash = (outer + frame) * 0x9e3779b97f4a7c15ull;

	return hash ^ hash >> 29;
}
const struct dwu_inproc_file *dwu_inproc_file_at(uint32_t number);
const struct dwu_inproc_frame *dwu_inproc_frame_at(uint32_t number);
struct dwu_inproc_stack *dwu_inproc_stack_at(uint32_t number);
uint32_t dwu_inproc_stack_count(void); /* numbers are below it */
const uint32_t *dwu_inproc_stack_frames(const struct dwu_inproc_stack *stack);

/* --- rows.c: how frames are left, by their pc; shared by all threads ----------------- */

enum dwu_row_kind {
	DWU_ROW_NONE = 0,
	DWU_ROW_SP,	   /* CFA = sp + cfa_off */
	DWU_ROW_FP,	   /* CFA = fp + cfa_off */
	DWU_ROW_REALIGNED, /* CFA = *(fp + cfa_off) */
	DWU_ROW_END	   /* the stack ends here, for `stop` */
};

/* ra_off and fp_off count in words of 4 bytes, from the CFA; REALIGNED: fp_off
 * from fp. */
struct dwu_row {
	uint32_t frame;
	uint8_t kind; /* enum dwu_row_kind */
	uint8_t how;  /* of the frame it leads to */
	uint8_t stop;
	uint8_t has_fp;	 /* fp is saved at fp_off; else it stays */
	int32_t cfa_off; /* bytes */
	int16_t ra_off;
	int16_t fp_off;
};
/*
 * In the cache. check = key ^ words: one that is read while it is written is a miss,
 * as in the kernel (SPEC.md 5). Where a word has 32 bits, check[0] and check[1] are of
 * the key's halves, and of words that are turned differently.
 */
#define DWU_ROWS_LOG2 DWU_ROOM(15, 11)
#define DWU_ROW_WORDS (16 / sizeof(uintptr_t))
struct dwu_row_entry {
	uintptr_t check[2];
	uintptr_t words[DWU_ROW_WORDS];
};
extern struct dwu_row_entry *dwu_row_entries;

/* A frame, by its return address and the evidence for it. */
static inline uint64_t dwu_row_key(uint64_t pc, uint8_t how)
{
	return pc << 4 | how;
}

static inline struct dwu_row_entry *dwu_row_entry(uint64_t key)
{
	return &dwu_row_entries[dwu_hash(key, DWU_ROWS_LOG2)];
}

static inline void dwu_row_check(uint64_t key, const uintptr_t *words,
				 uintptr_t check[2])
{
#if DWU_WIDE
	check[0] = (uintptr_t)key ^ words[0] ^ words[1];
	check[1] = 0;
#else
	check[0] = (uintptr_t)key ^ words[0] ^ words[1] ^ words[2] ^ words[3];
	check[1] = (uintptr_t)(key >> 32) ^ words[0] ^
		   (words[1] << 9 | words[1] >> 23) ^
		   (words[2] << 17 | words[2] >> 15) ^
		   (words[3] << 25 | words[3] >> 7);
#endif
}

/* By any thread, without a lock. False: it is not there. */
static inline bool dwu_rows_get(uint64_t key, struct dwu_row *row)
{
	const struct dwu_row_entry *entry = dwu_row_entry(key);
	union {
		uintptr_t words[DWU_ROW_WORDS];
		struct dwu_row row;
	} is;
	uintptr_t check[2];

	for (size_t i = 0; i < DWU_ROW_WORDS; i++)
		is.words[i] =
			__atomic_load_n(&entry->words[i], __ATOMIC_RELAXED);
	*row = is.row;
	dwu_row_check(key, is.words, check);
	return __atomic_load_n(&entry->check[0], __ATOMIC_RELAXED) ==
		       check[0] &&
	       (DWU_WIDE || __atomic_load_n(&entry->check[1],
					    __ATOMIC_RELAXED) == check[1]);
}
bool dwu_rows_open(void);
/* Of one thread at a time. */
void dwu_rows_put(uint64_t key, const struct dwu_row *row);
void dwu_rows_flush(void);

/* --- space.c: the program's mappings and modules, under slow.c's lock ---------------- */

/* Reads the mappings anew. `anew`: nothing of what was there before is trusted. */
bool dwu_inproc_space_read(bool anew);
const struct dwunw_space *dwu_inproc_space(void);
/* The file, as in stacks.c, of a walk's module. */
uint32_t dwu_inproc_module_file(uint32_t serial);
/* Is some of [start, end) code, as it was when it was last read? Any thread. */
bool dwu_inproc_is_code(uint64_t start, uint64_t end);
/* What a thread may read in place. */
struct dwu_inproc_range {
	uint64_t start;
	uint64_t end;
};
/* The mapping around an address, by asking the kernel; false: there is none. */
bool dwu_inproc_range(uint64_t addr, struct dwu_inproc_range *range);
struct dwunw_recording_mapping;
/* Those with code whose file is known; at most `room`. */
uint32_t dwu_inproc_maps(struct dwunw_recording_mapping *maps, uint32_t room);

/* --- slow.c: whatever is rare --------------------------------------------------------- */

/* A stack: frames outermost first, in memory that is right until the next one. */
struct dwu_inproc_walked {
	uint32_t frames[DWU_DEPTH];
	uint32_t count;
	uint8_t stop;
	uint8_t scan;
};

bool dwu_slow_open(void);
/* Rows that it finds are kept if `keep`. False: no walk was possible. */
bool dwu_slow_walk(const struct dwu_inproc_regs *regs,
		   const struct dwu_inproc_range *own, bool keep,
		   struct dwu_inproc_walked *walked);
/* The frame for a function that is called. 0: none. */
uint32_t dwu_slow_leaf(uint64_t pc);
/* Code goes or has gone (dlclose(), munmap() of code): between the two, and then
 * once, nothing that was known is trusted. */
void dwu_slow_code_goes(void);
void dwu_slow_code_gone(void);
extern uint32_t dwu_slow_generation; /* counts both */
extern uint32_t dwu_slow_going;	     /* threads between the two */
/* As dwu_inproc_range(). */
bool dwu_slow_range(uint64_t addr, struct dwu_inproc_range *range);
/* Around fork(), and for the writer. */
void dwu_slow_take(void);
void dwu_slow_give(void);

/* --- walk.c --------------------------------------------------------------------------- */

struct dwu_memo;

struct dwu_walk_counts {
	uint64_t events;
	uint64_t walked; /* frames, by rows */
	uint64_t kept;	 /* frames, by the memo */
	uint64_t slow;	 /* stacks of dwunw_walk() */
	uint64_t checked;
	uint64_t differ;
};

/* Of a thread, for its walks; zeroed. */
struct dwu_walker {
	struct dwu_inproc_range own;   /* its stack */
	struct dwu_inproc_range other; /* the last that was not */
	struct dwu_memo *memo;
	uint32_t generation;
	uint32_t reserved;
	struct dwu_walk_counts counts;
};
size_t dwu_walker_size(void); /* of a memo */
bool dwu_walk_open(void);     /* after dwu_slow_open() */
/* The number of the caller's stack, of a function whose frame is `leaf`. */
uint32_t dwu_walk_stack(struct dwu_walker *walker,
			const struct dwu_inproc_regs *regs, uint32_t leaf);

/* --- blocks.c -------------------------------------------------------------------------- */

/* A block's size in the upper 40 bits, its stack in the lower 24; 0: none. */
#define DWU_BLOCK_STACK_BITS 24
static inline uint64_t dwu_block_size(uint64_t block)
{
	return block >> DWU_BLOCK_STACK_BITS;
}
static inline uint32_t dwu_block_stack(uint64_t block)
{
	return (uint32_t)block & ((1u << DWU_BLOCK_STACK_BITS) - 1);
}
static inline uint64_t dwu_block(uint64_t size, uint32_t stack)
{
	return size << DWU_BLOCK_STACK_BITS | stack;
}
bool dwu_blocks_open(void);
/* *old: what was there, 0: nothing. False: there is no room for it. */
bool dwu_blocks_put(const void *at, uint64_t block, uint64_t *old);
uint64_t dwu_blocks_take(const void *at);
void dwu_blocks_each(void (*visit)(void *ctx, uint64_t block), void *ctx);

/* --- areas.c: what the program has mapped ------------------------------------------------ */

bool dwu_areas_open(void);
/* [start, start + size) is mapped no more: gone() for each piece of one, and
 * whether it was all of it; made() for a second piece that is left. */
struct dwu_areas_tell {
	void (*cut)(void *ctx, uint64_t bytes, uint32_t stack, int pieces);
	void *ctx;
};
void dwu_areas_cut(uint64_t start, uint64_t size,
		   const struct dwu_areas_tell *tell);
bool dwu_areas_put(uint64_t start, uint64_t size, uint32_t stack);
void dwu_areas_each(void (*visit)(void *ctx, uint64_t size, uint32_t stack),
		    void *ctx);
void dwu_areas_take(void);
void dwu_areas_give(void);

/* --- event.c ------------------------------------------------------------------------------ */

enum dwu_inproc_mode {
	DWU_UNBEGUN = 0,
	DWU_OFF,
	DWU_WHOLE,
	DWU_SAMPLED
};
extern uint32_t dwu_inproc_mode;

/* Which functions there are, by the frame that their stacks begin with. */
enum dwu_inproc_function {
	DWU_MALLOC = 0,
	DWU_CALLOC,
	DWU_REALLOC,
	DWU_MEMALIGN,
	DWU_ALIGNED_ALLOC,
	DWU_POSIX_MEMALIGN,
	DWU_VALLOC,
	DWU_PVALLOC,
	DWU_MMAP,
	DWU_MREMAP,
	DWU_FUNCTIONS
};

/* The first call of the process; real: where the functions are. */
void dwu_event_begin(void *const real[DWU_FUNCTIONS]);
/*
 * In a process that records nothing, with dwu_inproc_options: tables in a new file
 * whose descriptor it is, or -errno; dwu_event_go() begins to record. When it has
 * ended (dwu_event_stop()), and no thread is in the recorder any more,
 * dwu_event_close() forgets all of it, so that it may be opened again.
 */
long dwu_event_open(void *const real[DWU_FUNCTIONS]);
void dwu_event_go(void);
void dwu_event_close(void);
extern uint32_t dwu_event_epoch; /* counts what was opened */
/* Behind it. -1: nobody has asked for another's tables. 0: dwu_inproc_write() writes
 * them; else an exit status. */
long dwu_event_open_rest(void);
/* In DWU_SAMPLED: is a block of that size to be told? Whole blocks always are. */
bool dwu_event_wanted(size_t size);
void dwu_event_alloc(const void *at, size_t size, enum dwu_inproc_function by,
		     const struct dwu_inproc_regs *regs);
/* In DWU_SAMPLED: whether it is worth asking. */
#define DWU_FILTER_LOG2 16
extern uint8_t dwu_event_filter[1u << DWU_FILTER_LOG2];
static inline uint8_t *dwu_event_filter_at(const void *at)
{
	return &dwu_event_filter[dwu_hash((uint64_t)(uintptr_t)at >> 4,
					  DWU_FILTER_LOG2)];
}
static inline bool dwu_event_may_be_sample(const void *at)
{
	return __atomic_load_n(dwu_event_filter_at(at), __ATOMIC_RELAXED);
}
/* Before the real call: it is no more. What it was, for the two below. */
uint64_t dwu_event_take(const void *at);
/* The real call has done it. */
void dwu_event_freed(uint64_t block);
/* It has failed: the block is still there. */
void dwu_event_kept(const void *at, uint64_t block);
void dwu_event_mapped(const void *at, size_t size, enum dwu_inproc_function by,
		      const struct dwu_inproc_regs *regs);
void dwu_event_unmapped(const void *at, size_t size);
/* Around fork(); `child`: in what was forked. */
void dwu_event_fork_begins(void);
void dwu_event_fork_ends(bool child);
/* Nothing is recorded from now on, and what there is can be read. False: it was
 * stopped before, or nothing is recorded here. */
bool dwu_event_stop(void);
/* It goes on: what was to end the process has failed. */
void dwu_event_go_on(void);
/* … or nothing is recorded any more. */
void dwu_event_end(void);

/* For the writer: what threads have in hand; what was counted. */
void dwu_event_visit(void (*visit)(void *ctx, uint32_t stack,
				   const struct dwu_inproc_sums *sums),
		     void *ctx);
struct dwu_event_counts {
	struct dwu_walk_counts walks;
	uint64_t allocs;  /* that were told */
	uint64_t no_room; /* blocks that no table had room for */
	uint64_t unknown; /* whose stack could not be taken */
	uint64_t threads;
	uint64_t start_ns;
	uint64_t start_real_ns;
};
void dwu_event_count(struct dwu_event_counts *counts);

/* --- slots.c, for 64-bit targets ------------------------------------------------------------ */

struct dwu_slot_function {
	const char *name;
	void *ours;
	void *real; /* what slots have; NULL: the program has none */
};

/* Turns every slot that has `real`, or would get it at its first call, to ours:
 * again for modules that came later. How many are turned now; -errno. With what
 * dl_iterate_phdr() locks. */
long dwu_slots_turn(const struct dwu_slot_function *functions, size_t count);
/* All of them back, in modules that are still there; how many. */
long dwu_slots_back(void);

/* --- write.c ------------------------------------------------------------------------------- */

/* The recording, of what is kept (dwu_kept); between dwu_event_stop() and the end. */
void dwu_inproc_write(void);

#endif
