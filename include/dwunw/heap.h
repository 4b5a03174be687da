/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/heap.h - which blocks of programs are live, and from which stacks: a leak
 * tool but for its command line and its report.
 *
 *	stacks	   each different stack once, with names; a key -> its stack
 *	totals	   live blocks -> sums by stack
 *	recorder   processes, probes on their allocators, events -> both
 *
 * Link it first: -ldwunw-heap -ldwunw-trace -ldwunw. Functions that return int
 * give 0, unless they say otherwise.
 */
#ifndef DWUNW_HEAP_H
#define DWUNW_HEAP_H

#include <dwunw/linux.h>
#include <dwunw/symbols.h>
#include <dwunw/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- stacks ---------------------------------------------------------------- */

struct dwunw_named_frame {
	struct dwunw_frame frame;
	const char *function; /* NULL: not known */
	uint64_t offset;
	const char *module; /* a path, or "" */
	const char *file;   /* of the source; NULL: not known */
	uint32_t line;
	/* calls that were inlined there, inwards; a copy, NULL: none */
	struct dwunw_symbol_info *inlined;
};

/* Stays where it is, and as it is once it has its names, until
 * dwunw_stacks_free(). */
struct dwunw_stack {
	uint64_t hash;
	uint64_t seen;	 /* the tool's: events, */
	uint64_t joined; /* and those that frame pointers went on with */
	uint64_t *fp; /* the kernel's walk of the same, or NULL; freed with it */
	uint32_t fp_count;
	uint32_t pid; /* of the process that had it first */
	uint32_t count;
	bool judged; /* the tool's */
	/* yours, before it is named: the first frame's pc is that of an
	 * instruction, and no return address */
	bool exact;
	bool named; /* dwunw_stack_is_named() */
	/* by pthread_create itself: a thread's stack, its tables */
	bool of_thread;
	/* by free itself: what an allocator maps for a thread's tables */
	bool of_free;
	bool unkept; /* stands for all that there was no room for: no frames */
	int32_t owner; /* whose code has no file; 0: all of it has one */
	struct dwunw_stop stop;
	char stop_text[256];
	struct dwunw_named_frame *frames; /* `count` of them, innermost first */
};

struct dwunw_stack_key {
	uint64_t key;
	uint64_t time_ns;
	struct dwunw_stack *stack; /* NULL: this slot is free */
	bool live;
};

/* Zeroed: empty. Both tables are hashed, of 2^n slots, half of them free. */
struct dwunw_stacks {
	struct dwunw_stack **all; /* NULL: this slot is free */
	uint32_t all_size;
	uint32_t count;
	uint32_t max; /* different stacks; 0: no limit */
	struct dwunw_stack_key *keys;
	uint32_t key_size;
	uint32_t key_count;
};

/* The stack equal to these frames of pid's, made if it is new: then it has no
 * names and no end yet. NULL: no memory, or there are max already. */
struct dwunw_stack *dwunw_stacks_intern(struct dwunw_stacks *stacks,
					const struct dwunw_frame *frames,
					size_t count, int32_t pid,
					bool *is_new);

/* Why it ends, for a new one. */
void dwunw_stack_set_end(struct dwunw_stack *stack, struct dwunw_context *ctx,
			 const struct dwunw_stop *stop);
/* Soon, for a new one: later the process and its files may be gone. */
void dwunw_stack_set_names(struct dwunw_stack *stack, struct dwunw_context *ctx,
			   struct dwunw_symbol_resolver *resolver, int32_t pid);

/* False: no memory. */
bool dwunw_stacks_put_key(struct dwunw_stacks *stacks, uint64_t key,
			  uint64_t time_ns, struct dwunw_stack *stack);
/* NULL: that key is not known. Valid until the next key is put. */
struct dwunw_stack_key *dwunw_stacks_find_key(const struct dwunw_stacks *stacks,
					      uint64_t key);
/* Forgets keys older than time_ns that are not marked live; clears marks. */
void dwunw_stacks_sweep_keys(struct dwunw_stacks *stacks, uint64_t time_ns);

/* Does it show everything from the allocator's caller up to main? */
bool dwunw_stack_reaches_main(const struct dwunw_stack *stack);
/* The same of the kernel's walk: each frame up to main, in order. */
bool dwunw_stack_fp_reaches_main(const struct dwunw_stack *stack);
void dwunw_stacks_free(struct dwunw_stacks *stacks);

/*
 * Names for stacks, beside the reading of events.
 *
 * The first name of a file may take a second (a debug file that is inflated).
 * So a thread of its own asks for them, at a lower priority; who reads events
 * goes on, and only a report waits. A kernel without futexes has no such
 * thread: there a new stack is named at once.
 */
struct dwunw_naming;

/* The resolver is that thread's own until dwunw_naming_end(). 0 or a negative
 * errno. */
int dwunw_naming_start(struct dwunw_naming **naming, struct dwunw_context *ctx,
		       struct dwunw_symbol_resolver *resolver);
/* A new stack of pid's. Does not wait. Without memory it keeps addresses only. */
void dwunw_naming_add(struct dwunw_naming *naming, struct dwunw_stack *stack,
		      int32_t pid);
/* Has every stack its names? */
bool dwunw_naming_is_done(struct dwunw_naming *naming);
/* NULL is well. */
void dwunw_naming_end(struct dwunw_naming *naming);

/* Has this one, for any thread to read? */
bool dwunw_stack_is_named(const struct dwunw_stack *stack);

/* --- totals ---------------------------------------------------------------- */

#define DWUNW_TOTAL_PIDS 16u

/* What is live from one stack, of one process or thread where those are apart. */
struct dwunw_total {
	const struct dwunw_stack *stack;
	uint32_t pid;	    /* one that has a block of it, */
	uint32_t processes; /* and how many have, up to DWUNW_TOTAL_PIDS */
	uint32_t pids[DWUNW_TOTAL_PIDS];
	uint32_t apart; /* of this process alone; 0: of all */
	uint32_t tid;	/* of this thread alone; 0: of all */
	double bytes;	/* estimates, where blocks are sampled */
	double blocks;
	bool used; /* false: this slot is free */
};

/* Zeroed: empty. */
struct dwunw_totals {
	struct dwunw_total *at; /* hashed; sorted: the first `count` */
	uint32_t size;
	uint32_t count;
	double unknown_bytes; /* their stack was not sent, or is on its way */
	double unknown_blocks;
	double unkept_bytes; /* of stacks beyond those that are kept */
	double unkept_blocks;
	double thread_bytes; /* pthread_create's own */
	double thread_blocks;
	double doubtful_bytes; /* their free may have been lost (`sampled`) */
	double doubtful_blocks;
};

/*
 * Adds part->bytes and part->blocks to those of the same stack, apart and tid.
 * part->stack NULL: to the unknown ones, and so without memory; of one that is
 * unkept: to those. Blocks that free itself has mapped are none; of pthread_create's own are a sum apart, and, if
 * `threads`, a total as well.
 */
void dwunw_totals_add(struct dwunw_totals *totals,
		      const struct dwunw_total *part, bool threads);
/* Most bytes first; nothing is added any more. */
void dwunw_totals_sort(struct dwunw_totals *totals);
void dwunw_totals_free(struct dwunw_totals *totals);

/* --- the recorder ---------------------------------------------------------- */

/* What a stack is when dwunw does not lead to its end. */
enum dwunw_heap_mode {
	DWUNW_HEAP_OFF,	     /* the kernel's walk by frame pointers only */
	DWUNW_HEAP_FALLBACK, /* that walk where dwunw fails */
	DWUNW_HEAP_FORCE,    /* dwunw only: a failure is an error */
	DWUNW_HEAP_ALONE,    /* dwunw only: a failure is counted */
	/* … and that walk, of each stack, is kept beside it: its `fp` */
	DWUNW_HEAP_BESIDE
};

/* Who walks a stack. */
enum dwunw_heap_walk {
	DWUNW_HEAP_COPY, /* the tool: each is copied */
	/* the kernel, by rows that the tool has used (dwunw/rows.h): a stack
	 * that is known is counted. Where it can't, that is an error */
	DWUNW_HEAP_KERNEL,
	DWUNW_HEAP_AUTO /* … stacks are copied, and why is said */
};

#define DWUNW_HEAP_PATTERNS 8

/* An allocator of other names: "je_*", where * is malloc, free, … */
struct dwunw_heap_pattern {
	const char *text; /* one * in it, 40 bytes at most */
	bool found;	  /* some file has an allocator of that name */
};

/* How the tool calls its options, in what is said on stderr. */
struct dwunw_heap_words {
	const char *file;     /* "-O" */
	const char *patterns; /* "-S or --allocator" */
	const char *names;    /* "--symbols-prefix or --allocator" */
	const char *pids;     /* "-p" */
	const char *mode;     /* "--dwunw-mode=force" */
	const char *stacks;   /* "--max-stacks" */
};

/* An allocation, or the end of a block. */
struct dwunw_heap_flow {
	const struct dwunw_stack *stack; /* NULL: it is not known */
	uint64_t size;
	uint64_t age_ns; /* of the block, at its end */
	double weight;	 /* blocks that it stands for; 1 without samples */
	uint32_t pid;
	uint32_t tid;
	bool freed; /* else allocated */
	/* freed by its thread, which has allocated nothing else since */
	bool temporary;
};

/* What is recorded. */
enum dwunw_heap_kind {
	DWUNW_HEAP_ALLOC = 0, /* allocations, and which blocks are live */
	DWUNW_HEAP_CPU,	      /* samples of processor time */
	DWUNW_HEAP_UPROBE,    /* calls of a function */
	DWUNW_HEAP_URETPROBE, /* its returns */
	DWUNW_HEAP_TRACEPOINT,
	DWUNW_HEAP_KPROBE, /* calls of a function of the kernel */
	DWUNW_HEAP_OFFCPU  /* a thread leaves its processor, and for how long */
};

struct dwunw_heap;

struct dwunw_heap_event {
	enum dwunw_heap_kind kind;
	uint32_t frequency; /* of DWUNW_HEAP_CPU: samples a second; 1 or more */
	char text[256];	    /* as it was given */
	char file[256];	    /* of calls and returns: a path or its end */
	/* a function, or "0x…", its offset in the file; "SYSTEM/NAME" */
	char name[128];
};

/*
 * "alloc", "cpu", "offcpu", "uprobe:FILE:FUNCTION", "uretprobe:FILE:FUNCTION",
 * "tracepoint:SYSTEM:NAME", "kprobe:FUNCTION". All but the frequency is set.
 * False: it is none of them, or too long.
 */
bool dwunw_heap_event_parse(struct dwunw_heap_event *event, const char *text);
/* What is summed of it besides how often it was: "nanoseconds" of processor time,
 * "microseconds" off a processor; NULL: nothing. Static. */
const char *dwunw_heap_event_unit(const struct dwunw_heap_event *event);
/* One event stands for so many of them; 0: that differs. */
uint64_t dwunw_heap_event_period(const struct dwunw_heap_event *event);

/* Zeroed, each field has its default, but for those that say "needed". Texts are
 * the caller's until dwunw_heap_close(). */
struct dwunw_heap_config {
	size_t size;	  /* see types.h, "What may grow" */
	const char *tool; /* needed: before what is said on stderr */
	struct dwunw_heap_words words; /* needed */
	const void *object; /* bpf/heap.bpf.c, compiled; needed if not sampled */
	size_t object_size;
	/* what is followed: one of the four */
	const int32_t *pids;
	uint32_t pid_count;
	char **command; /* argv, ends with NULL: started, with all it starts */
	bool all;	/* every process */
	const char *cgroup; /* a directory of cgroup v2: all below */
	bool follow_forks;  /* of pids: their children, too */
	/* a process whose mappings can't be read, and that can have no probes
	 * of its own: every process has them; false: it is refused */
	bool everywhere;
	int command_stdout; /* the command's, a descriptor; 0: the tool's */
	/* where probes are */
	const char *file; /* this file's allocator only; a path or its end */
	struct dwunw_heap_pattern patterns[DWUNW_HEAP_PATTERNS];
	uint32_t pattern_count; /* 0: "*" */
	struct dwunw_given given;
	const char *debug_file; /* of a stripped file; NULL: none */
	bool entry_only;  /* at the first instruction, whatever it costs */
	bool perf_probes; /* what a newer kernel does for less is not used */
	/* which blocks */
	uint64_t min_size;
	uint64_t max_size;     /* 0: no limit */
	uint32_t sample_every; /* one in so many at random; 0, 1: all */
	uint32_t sample_bytes; /* one for so many bytes; 0: off */
	uint32_t budget;       /* stacks a second; 0: no limit */
	/* stacks */
	enum dwunw_heap_mode mode;
	uint32_t stack_storage; /* different ones kept; 0: 10240 */
	uint32_t depth;		/* frames; 0: 127 */
	uint32_t stack_cap;	/* bytes copied; 0: 16384 */
	uint32_t ring_size;	/* bytes of the event buffer; 0: 4194304, or
				 * 1048576 where the kernel walks */
	uint32_t live_max;	/* blocks followed; 0: 81920 */
	uint64_t memory_max;	/* of names, in bytes; 0: the library's */
	bool perf_buffer;	/* one for each CPU in place of a ring */
	bool by_thread;		/* threads' names are kept */
	bool verbose;		/* a line for each event on stderr */
	/* each allocation whose stack has come, and each free (`freed`): the
	 * address is event->cookie, the size event->value. NULL: not told */
	void (*on_block)(void *ctx, const struct dwunw_event_header *event,
			 bool freed);
	void *ctx;
	/* each allocation and each end of a block, with its stack; what the
	 * kernel lost is missing. NULL: not told */
	void (*on_flow)(void *ctx, const struct dwunw_heap_flow *flow);
	void *flow_ctx;
	/* who walks; bpf/heap.bpf.c, compiled with DWUNW_HEAP_WALK (NULL: only
	 * copies); the option's name, with HEAP_KERNEL: "--walk=kernel" */
	enum dwunw_heap_walk walk;
	const void *walk_object;
	size_t walk_object_size;
	const char *walk_word;
	/* without BPF: calls are perf samples (dwunw/sampler.h), of one pid, that
	 * the library pairs. ring_size is each CPU's. All blocks, all sizes; none
	 * but DWUNW_HEAP_FORCE and _ALONE; on_flow is told of allocations only */
	bool sampled;
	/* NULL: allocations. Another event is counted by stack: `object` and
	 * `walk_object` are of bpf/count.bpf.c then, and nothing is live. Fields
	 * about allocators and blocks, on_block, on_flow: not used */
	const struct dwunw_heap_event *event;
	/* of the same targets, for another event: its command is followed, and
	 * reads do not wait, as those of that one do. Opened before that one
	 * is first read, closed before it. NULL: this is the only one */
	struct dwunw_heap *beside;
};

/* Is that, with some pattern, a function that has a probe? */
bool dwunw_heap_probes(const struct dwunw_heap_config *config,
		       const char *function);

/*
 * Loads the programs, finds what is to be followed, puts probes on it and
 * records from then on. 0; else what is wrong was said on stderr, and it is the
 * exit status. dwunw_heap_close() after either. Where there is a command SIGCHLD
 * is blocked, and its handler the default one, until then: nobody else may wait
 * for children.
 */
int dwunw_heap_open(struct dwunw_heap **heap,
		    const struct dwunw_heap_config *config);

/* One round: events, new mappings, new processes. False: all that is followed
 * has ended, or failed. */
bool dwunw_heap_read(struct dwunw_heap *heap);
/* False: a command has no probes yet, or was never executed: there is nothing to
 * report. */
bool dwunw_heap_has_begun(const struct dwunw_heap *heap);
/* Every stack that has come has its names then. Before totals. */
void dwunw_heap_settle(struct dwunw_heap *heap);
/* Records no more, reads what was under way, settles. */
void dwunw_heap_stop(struct dwunw_heap *heap);
/* Says which files, patterns and functions of the config name nothing that was
 * there. */
void dwunw_heap_say_unused(const struct dwunw_heap *heap);
/* The exit status so far: a command's 127, a failure of DWUNW_HEAP_FORCE. */
int dwunw_heap_status(const struct dwunw_heap *heap);
/* NULL is well. */
void dwunw_heap_close(struct dwunw_heap *heap);

/* --- what it has recorded --- */

struct dwunw_live_block {
	uint64_t addr;
	uint64_t size;
	uint64_t age_ns;
};

/* Which live blocks are summed, and how. */
struct dwunw_heap_view {
	uint64_t min_age_ns;
	bool by_process;
	bool by_thread;
	bool threads; /* dwunw_totals_add() */
	/* is that stack shown? NULL: each is */
	bool (*is_wanted)(void *ctx, const struct dwunw_stack *stack);
	void *ctx;
	/* each block that is summed and whose stack is kept, as the part of a
	 * total that it is. NULL: they are not told one by one */
	void (*each)(void *each_ctx, const struct dwunw_total *part,
		     const struct dwunw_live_block *block);
	void *each_ctx;
};

/* Live blocks by stack, sorted; freed by dwunw_totals_free(). 0 or -ENOMEM. */
int dwunw_heap_sum(struct dwunw_heap *heap, const struct dwunw_heap_view *view,
		   struct dwunw_totals *totals);

struct dwunw_report;
/*
 * What is live, or config.event's counts, as a report (dwunw/report.h,
 * -ldwunw-report): stacks with their
 * names, sums, sizes and ages, what was counted, the time, and what each stack
 * had at reports before, if it is the same report. blocks: each block, too.
 * Zeroed, but for meta.tool and meta.start_ns, or filled by this before. 0 or
 * -ENOMEM.
 */
int dwunw_heap_report(struct dwunw_heap *heap,
		      const struct dwunw_heap_view *view, bool blocks,
		      struct dwunw_report *report);
/* One stack of a recording's or your own, added to a report: its index, as
 * dwunw_report_add_stack(). ctx: where its frames were found. */
uint32_t dwunw_stack_report(const struct dwunw_stack *stack,
			    const struct dwunw_context *ctx,
			    struct dwunw_report *report);

/* A live block. */
struct dwunw_heap_block {
	const struct dwunw_stack *stack; /* NULL: it is not known */
	uint64_t addr;
	uint64_t size;
	uint64_t time_ns; /* CLOCK_MONOTONIC, of its allocation */
	double weight;	  /* blocks that it stands for */
	uint32_t pid;
	uint32_t tid;
};
/* Each live block, of whatever age. */
void dwunw_heap_visit(struct dwunw_heap *heap,
		      void (*visit)(void *ctx,
				    const struct dwunw_heap_block *block),
		      void *ctx);
/* Of config.event: what was counted of one stack in one process. */
struct dwunw_heap_event_sum {
	const struct dwunw_stack *stack; /* NULL: none was sent */
	uint32_t pid;
	uint64_t events;
	uint64_t amount; /* in dwunw_heap_event_unit() */
};
/* Each, so far. */
void dwunw_heap_visit_events(
	struct dwunw_heap *heap,
	void (*visit)(void *ctx, const struct dwunw_heap_event_sum *sum),
	void *ctx);
/* CLOCK_MONOTONIC: of the last dwunw_heap_sum(), which ages are counted to. */
uint64_t dwunw_heap_summed_ns(const struct dwunw_heap *heap);

/* A program of a process that is followed. */
struct dwunw_heap_target {
	int32_t pid;
	int32_t parent; /* 0: not known */
	const char *name;
	uint64_t since_ns; /* it is followed, or it was executed, since then */
	bool ended;
};
void dwunw_heap_targets(struct dwunw_heap *heap,
			void (*visit)(void *ctx,
				      const struct dwunw_heap_target *target),
			void *ctx);
/* What frames are of: their files, the mappings of processes. */
struct dwunw_context *dwunw_heap_context(struct dwunw_heap *heap);

/* After a report: what has ended is forgotten, and keys that are not live. */
void dwunw_heap_forget(struct dwunw_heap *heap);

/* A process's name; NULL: it is not followed. Valid until it is forgotten. */
const char *dwunw_heap_program(const struct dwunw_heap *heap, int32_t pid);
/* A thread's, if config.by_thread; "": not known. */
const char *dwunw_heap_thread(const struct dwunw_heap *heap, uint32_t tid);

struct dwunw_heap_counts {
	/* allocations = stacks + over_budget + no_slot + no_room */
	uint64_t allocations;
	uint64_t stacks;
	uint64_t over_budget;
	uint64_t no_slot; /* no scratch space in the kernel */
	uint64_t no_room; /* the event buffer was full */
	uint64_t live_full;
	uint64_t calls_full; /* too many threads in calls */
	uint64_t ignored;    /* not sampled, or not of that size */
	/* sent, of whatever kind: calls = events + drop_slot + drop_buffer */
	uint64_t calls;
	uint64_t events;
	uint64_t drop_slot;
	uint64_t drop_buffer;
	uint64_t received;
	uint64_t stack_events;
	uint64_t stack_bytes;
	/* events by how far their stacks go */
	uint64_t whole;	     /* to the program's or thread's start */
	uint64_t to_main;    /* to main, but no further */
	uint64_t short_ones; /* ended before */
	uint64_t by_fp;	     /* wholly or partly by frame pointers */
	uint64_t not_unwound;
	uint64_t storage_full;
	uint64_t different;
	uint64_t probes;
	uint64_t cheap_probes; /* not at the first instruction */
	uint64_t failed_probes;
	uint64_t late_children;
	uint64_t late_programs; /* probes came after their exec, */
	uint64_t late_ns;	/* so much in all */
	uint64_t map_bytes;	/* kernel memory */
	uint32_t processes;
	uint32_t threads; /* that were created, of all that is followed */
	bool multi;	  /* probes are BPF links */
	bool map_watch;	  /* mappings by perf records */
	bool walk;	  /* the kernel walks. stacks = counted + walked_new +
		    * walked_part + walked_none + copies of young processes */
	uint64_t counted; /* whole, and only counted */
	uint64_t walked_new;  /* walked, and its frames were sent */
	uint64_t walked_part; /* sent from the frame on that had no row */
	uint64_t walked_none; /* copied, as there was none for the first */
	uint64_t held;	      /* of no_room: its row was on the way */
	uint64_t rows;	      /* written for the kernel */
	/* config.sampled: what the kernel counted and had no room for, as of
	 * dwunw_heap_settle() */
	uint64_t lost_entries;
	uint64_t lost_frees; /* of those */
	uint64_t lost_returns;
	uint64_t late_threads; /* whose first calls may have been missed */
};
void dwunw_heap_count(const struct dwunw_heap *heap,
		      struct dwunw_heap_counts *counts);

/* CLOCK_MONOTONIC. */
uint64_t dwunw_heap_now(void);

#ifdef __cplusplus
}
#endif

#endif
