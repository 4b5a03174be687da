/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * heap/recorder.h - a recording's state, and what its files call of each other.
 *
 *   targets.c, find.c, command.c   which processes
 *   places.c			    where functions are in a file
 *   attach.c			    where their probes are
 *   events.c			    … and other events than allocations
 *   source.c			    where events come from: BPF, or
 *   samples.c, hash.c		    samples of calls
 *   unwind.c			    an event -> a stack
 *   walk.c			    the walk in the kernel, and what it learns
 *   sums.c			    events by stack and process
 *   flows.c			    allocations and frees, each with its stack
 *   live.c			    live blocks -> totals
 *   recorder.c			    the run
 */
#ifndef DWU_RECORDER_H
#define DWU_RECORDER_H

#include "hash.h"
#include "heap.h"
#include "samples.h"
#include "walk.h"

#include <dwunw/heap.h>
#include <dwunw/loader.h>
#include <signal.h>
#include <stdio.h>

#define SECOND 1000000000ull
#define PATTERN_SIZE 40
#define TARGET_FILES 8
#define CAUSES 24

/* One that has probes, by what it is: a path may lead to another by now. */
struct probed_file {
	uint64_t dev;
	uint64_t ino;
};

struct probed_files {
	struct probed_file at[TARGET_FILES];
	uint32_t count;
};

/* A process that is followed. */
struct target {
	int32_t pid;
	int pidfd;
	bool exited;
	bool starting; /* of a command: no allocator is mapped yet */
	uint32_t steps;
	bool leader_ends; /* an event has said so, and /proc is still to */
	bool leaderless;  /* its first thread has ended, others have not */
	bool lost_rights; /* dwunw-added 9: its mappings can't be read */
	bool refused;	/* told: neither this program nor its probes will do */
	uint32_t ways;	/* DWUNW_HEAP_SNAPSHOT, DWUNW_HEAP_FP */
	uint32_t whole; /* stacks that were whole, without a break */
	uint32_t generation;
	bool remapped;	 /* dwunw-added 6: and not looked at yet */
	uint32_t mapped; /* its generation when it last was, if starting */
	uint64_t exec_time_ns;	/* blocks before it are gone */
	uint64_t look_until_ns; /* no allocator was mapped after its exec */
	int32_t parent; /* whose mappings a child had that has ended; 0 */
	uint64_t attach_time_ns;
	uint64_t debt_ns; /* of processor time for its stacks, */
	uint64_t paid_ns; /* as of then */
	struct dwunw_process *process;
	char comm[32];
	struct probed_files files; /* those with probes that it has mapped */
	/* … and those that it has probes for, mapped or not, also by what it
	 * runs next: its threads have events, which what it starts inherits, or
	 * it has links of its own */
	struct probed_files events;
	bool events_full;   /* there are more */
	bool leader_execs;  /* a command's: it was its first thread that did */
	uint64_t events_ns; /* when there last was a new one */
	bool forked;	    /* it has started others, which have them */
	struct target *next;
};

/* A frame-pointer walk whose other half has not come yet. */
struct fp_walk {
	uint64_t key;
	uint32_t count;
	uint64_t pcs[1024];
};
#define FP_WALKS 16

/* What a walk gave the last time; stacks stay until the end. */
struct known_walk {
	uint64_t hash;
	uint32_t generation;
	struct dwunw_stack *stack;
};
#define KNOWN_WALKS 1024

struct statistics {
	uint64_t received;
	uint64_t stack_events;
	uint64_t stack_bytes;
	uint64_t by_fp; /* wholly by frame pointers */
	uint64_t not_unwound;
	uint64_t storage_full;
	uint64_t probes;
	uint64_t cheap_probes; /* not at the first instruction */
	uint64_t failed_probes;
	uint64_t late_children;
	uint64_t late_programs; /* probes came after their exec, */
	uint64_t late_ns;	/* so much in all */
};

/* A child whose fork has been read and that could not be looked at. */
struct birth {
	int32_t child;
	int32_t parent;
};
#define BIRTHS 1024

/* ends.c: what the kernel was told of a thread. */
#define THREAD_ENDS 256u

struct thread_end {
	uint64_t thread; /* process << 32 | thread; 0: none */
	uint64_t end;
	uint64_t print;
};

/* One recording. */
struct dwunw_heap {
	struct dwunw_heap_config config;
	struct dwunw_heap_event counted; /* config.event's, or of allocations */
	struct dwunw_loader *loader;	 /* NULL: it is samples */
	struct dwu_samples *samples;
	bool in_samples;		/* an event of theirs is looked at */
	struct dwu_samples_losses lost; /* of theirs, when it was last settled */
	struct target *targets;
	struct dwunw_heap *next; /* of those beside it */
	int32_t command_pid;
	int command_status;
	bool command_ran; /* it was executed, */
	bool begun;	  /* and something of it has probes, or never will */
	sigset_t signals; /* those that were blocked before */
	bool signals_kept;
	bool offset_refused;   /* one that was given: told */
	char no_function[512]; /* of counted, of the file: why; "": just so */
	bool file_found;       /* config.file is some file that was mapped */
	struct dwunw_namespace namespace; /* the tool's; 0: the initial one */
	bool multi;	/* probes are BPF links, not perf events */
	bool inherited; /* … a process's, and what it starts has them */
	struct dwunw_map_watch *watch; /* dwunw-added 6; NULL: by tracepoints */
	bool remapped;		       /* dwunw-added 6: some target is */
	bool mappings_unseen; /* of some kinds of changes nobody tells */
	bool recording;
	/* probes are put into every process that maps a file, as some target
	 * can't be given its own: the programs look who it is */
	bool wide;
	uint32_t follow;		     /* enum dwunw_follow */
	struct dwunw_capture_options cgroup; /* what it says of one */
	struct probed_file *wide_files;
	uint32_t wide_count;
	bool failed;	      /* DWUNW_HEAP_FORCE: dwunw failed */
	bool command_refused; /* its program is not of this machine */
	/* dwunw-added 4: what turns events into frames and names */
	struct dwunw_context dwunw;
	char last_log[256]; /* its last line: why something failed */
	struct dwunw_symbol_resolver resolver; /* naming's */
	struct dwunw_symbol_resolver places;   /* where functions are, */
	struct dwu_known_file *known_files;    /* and its answers */
	struct dwunw_naming *naming;
	struct dwunw_inbox *inbox; /* dwunw-added 5: events, read beside */
	struct dwunw_event event;
	struct dwunw_frame *frames; /* config.depth of them or more, */
	size_t frame_room;	    /* … so many */
	uint32_t user_regs;	    /* enum unwind_regs */
	struct dwunw_rows *rows;    /* NULL: the kernel does not walk */
	struct dwunw_step *steps;   /* as many, if it does */
	struct fp_walk fp_walks[FP_WALKS];
	struct known_walk known_walks[KNOWN_WALKS];
	struct thread_end thread_ends[THREAD_ENDS];
	uint64_t causes[CAUSES]; /* already told */
	uint32_t cause_count;
	struct dwunw_stacks stacks;
	struct dwunw_stack unkept; /* of blocks that found them full */
	bool told_unkept;
	bool told_spaces;   /* that more processes are there than are walked */
	bool told_live;	    /* that the map of live blocks is full */
	uint32_t keys_kept; /* of them, when they were last gone through */
	uint64_t summed_ns; /* the last dwunw_heap_sum() */
	struct statistics statistics;
	struct birth births[BIRTHS];
	struct threads *threads;
	struct last_block *last_blocks; /* flows.c; NULL: nobody asks */
	struct event_sums *sums;	/* sums.c; NULL: of allocations */
	uint64_t stopped_ns;		/* when recording ended */
};

/* source.c. 0 or a negative errno, where they return int. */
int dwu_source_open_samples(struct dwunw_heap *heap);
int dwu_source_probe(struct dwunw_heap *heap, enum dwu_call call, int32_t pid,
		     const char *path, uint64_t off);
/* New probes count from now on. */
int dwu_source_start(struct dwunw_heap *heap);
/* Tells it of `recording` and `wide`. */
void dwu_set_switch(struct dwunw_heap *heap);
/* Events to dwu_unwind_event(); and those that are all that there are by now. */
void dwu_read(struct dwunw_heap *heap, int timeout_ms);
void dwu_read_all(struct dwunw_heap *heap);
/* A BPF map; negative: there is none. */
int dwu_map(const struct dwunw_heap *heap, const char *name);
uint64_t dwu_map_counter(const struct dwunw_heap *heap, uint32_t index);
#define LIVE_BATCH 4096u
typedef void (*dwu_block_fn)(void *ctx, const struct block_id *id,
			     const struct live_block *block);
/* Each live block. It may be removed meanwhile. */
void dwu_source_live(const struct dwunw_heap *heap, void *ctx,
		     dwu_block_fn one);
void dwu_source_remove(const struct dwunw_heap *heap,
		       const struct block_id *id);
uint64_t dwu_source_bytes(const struct dwunw_heap *heap);
void dwu_source_close(struct dwunw_heap *heap);

/* targets.c */
struct target *dwu_target_find(const struct dwunw_heap *heap, int32_t pid);
struct target *dwu_target_add(struct dwunw_heap *heap, int32_t pid);
/* One that is not followed after all. */
void dwu_target_remove(struct dwunw_heap *heap, int32_t pid);
/* Puts probes on its allocators, and again for what was mapped since. */
int dwu_target_attach(struct dwunw_heap *heap, struct target *target);
/* That, of which an event tells, where processes are followed that nobody has
 * named; NULL: none is. */
struct target *dwu_target_see(struct dwunw_heap *heap, int32_t pid);
void dwu_target_set_ways(struct dwunw_heap *heap, struct target *target,
			 uint32_t ways);
void dwu_target_exec(struct dwunw_heap *heap, struct target *target,
		     uint64_t time_ns);
/* By the event of its exec, if it has ended before /proc could be read. */
void dwu_target_name(struct target *target,
		     const struct dwunw_event_header *exec);
/* Reads anew what was mapped since, if anything was, and puts probes on it. */
void dwu_targets_see_mappings(struct dwunw_heap *heap);
/* dwunw_map_watch_fn; ctx is the recording. */
void dwu_target_remapped(void *heap, int32_t pid);
/* Puts probes on what programs have mapped since their exec. */
void dwu_targets_look(struct dwunw_heap *heap);
/* all, cgroup: those that there are. 0, or told. */
int dwu_targets_find(struct dwunw_heap *heap);
/* follow_forks: those that the targets have started before, and what these have. */
void dwu_targets_find_children(struct dwunw_heap *heap);
/* The cgroup of that directory. 0, or told. */
int dwu_cgroup_find(const char *tool, const char *path,
		    struct dwunw_capture_options *options);
/* Sees who has ended. The number of those who have not. */
uint32_t dwu_targets_alive(struct dwunw_heap *heap);
bool dwu_targets_ended(const struct dwunw_heap *heap);
/* Those that have ended, and were in a report since, go. */
void dwu_targets_forget(struct dwunw_heap *heap);
void dwu_targets_free(struct dwunw_heap *heap);
void dwu_thread_see(struct dwunw_heap *heap, uint32_t pid, uint32_t tid);

/* places.c: a file by what it is, whatever its path; NULL: it is not kept. */
struct dwu_known_file *dwu_known_file(struct dwunw_heap *heap,
				      const char *path);
/* As dwunw_symbol_locate(), of a file that path leads to, with the same flags for a
 * name each time. NOT_IMPLEMENTED: told. */
dwunw_status_t dwu_place_find(struct dwunw_heap *heap,
			      struct dwu_known_file *known, const char *path,
			      const char *name, uint32_t flags, uint64_t *off,
			      uint64_t *size);
/* As dwunw_entry_cheap_offset_in(), of the function of that name. */
uint32_t dwu_place_cheap(struct dwu_known_file *known, uint16_t arch,
			 const char *path, const char *name, uint64_t off,
			 uint64_t size);
void dwu_known_files_free(struct dwunw_heap *heap);

/* attach.c: says how to name an allocator that was not found. */
void dwu_say_names(const struct dwunw_heap_config *config);
/* 0; EXIT_…: told on stderr. No allocator found is -1. */
int dwu_attach_files(struct dwunw_heap *heap, struct target *target);
/* A child of a target has begun, as the event says: which probes it has. */
void dwu_attach_child(struct dwunw_heap *heap, struct target *child,
		      const struct dwunw_event_header *fork);

/* events.c */
bool dwu_is_of_calls(const struct dwunw_heap_event *event);
/* Is its pc the address of an instruction, and not where a call returns to? */
bool dwu_event_is_exact(const struct dwunw_heap_event *event);
/* Between the loader's open and load. 0 or a negative errno. */
int dwu_event_prepare(struct dwunw_heap *heap);
/* Where the function is in a file; NO_DEBUG_DATA and others: it has none. */
dwunw_status_t dwu_event_place(struct dwunw_heap *heap,
			       struct dwu_known_file *known, const char *path,
			       uint64_t *off);
/* There, of that process, or of all (-1). 0 or a negative errno. */
int dwu_event_probe(struct dwunw_heap *heap, int32_t pid, const char *path,
		    uint64_t off);
/* Events that are every process's. 0; else an exit status, told. */
int dwu_events_start(struct dwunw_heap *heap);

/* command.c: a command, and all that it starts */
void dwu_command_prepare(struct dwunw_heap *heap); /* before any thread */
int dwu_command_start(struct dwunw_heap *heap);
/* The command of config.beside; and no more. */
int dwu_command_join(struct dwunw_heap *heap);
void dwu_command_leave(struct dwunw_heap *heap);
/* Until one of its processes stops. */
void dwu_command_wait(int timeout_ms);
void dwu_command_end(struct dwunw_heap *heap);
void dwu_command_read(struct dwunw_heap *heap);

/* ends.c: a stack of heap->event was walked, heap->frames */
void dwu_end_learn(struct dwunw_heap *heap, size_t count,
		   const struct dwunw_stop *stop);

/* unwind.c: an event to a stack with names */
void dwu_unwind_event(void *heap, void *bytes, size_t size);
/* Reads events until every stack has its names. */
void dwu_wait_for_names(struct dwunw_heap *heap);

/* walk.c */
/* Why stacks are copied whatever the kernel can; NULL: no reason. */
const char *dwu_walk_refused(const struct dwunw_heap *heap);
/* Frames of a walk that the kernel may learn from. */
size_t dwu_walk_frames(const struct dwunw_heap_config *config);
/* Between the loader's open and load. */
int dwu_walk_prepare(struct dwunw_heap *heap);
/* After load: the kernel walks from now on. *missing: the event that this kernel
 * has not, if that is why it can't. */
int dwu_walk_open(struct dwunw_heap *heap, const char **missing);
void dwu_walk_close(struct dwunw_heap *heap);
/* heap->steps, from `walked` on, are of a walk over the target's event. */
void dwu_walk_learn(struct dwunw_heap *heap, const struct target *target,
		    size_t walked, size_t count);
void dwu_walk_forget(struct dwunw_heap *heap, int32_t pid);
/* Tells the kernel how many events have been read. */
void dwu_walk_taken(struct dwunw_heap *heap);
/* A key that other blocks may have without an event of theirs. */
bool dwu_walk_is_known(uint64_t key);
/* Each stack that the kernel counts, by its key. */
void dwu_walk_each(const struct dwunw_heap *heap, void *ctx,
		   void (*one)(void *ctx, uint64_t key,
			       const struct dwunw_walk_stack *stack));
void dwu_walk_count(const struct dwunw_heap *heap,
		    struct dwunw_heap_counts *counts);
/* sums.c: events by stack and process; of allocations there are none. */
bool dwu_sums_begin(struct dwunw_heap *heap);
void dwu_sums_free(struct dwunw_heap *heap);
/* The event at hand has that stack, or that of what is unkept. */
void dwu_sums_event(struct dwunw_heap *heap, const struct dwunw_stack *stack);
/* The event at hand is of a thread that has come back. */
void dwu_sums_time(struct dwunw_heap *heap);

/* flows.c: told to config.on_flow. */
bool dwu_flows_begin(struct dwunw_heap *heap);
void dwu_flow_allocated(struct dwunw_heap *heap,
			const struct dwunw_stack *stack);
/* The same by the event at hand, which has the stack's key. */
void dwu_flow_counted(struct dwunw_heap *heap);
/* The event at hand is of a block's end. */
void dwu_flow_freed(struct dwunw_heap *heap);

/* live.c */
/* Blocks that one which was sampled stands for. */
double dwu_weight_of(const struct dwunw_heap_config *config, uint64_t size);
/* Between two reports, where many blocks come and go: so that what is known of
 * them does not grow until the next one. */
void dwu_forget_keys(struct dwunw_heap *heap);

#endif
