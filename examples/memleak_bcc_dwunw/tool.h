/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tool.h - the tool's state, and what its files call of each other.
 */
#ifndef TOOL_H
#define TOOL_H

#include "given.h"
#include "memleak_dwunw_events.h"
#include "naming.h"
#include "stacks.h"

#include <dwunw/linux.h>
#include <dwunw/loader.h>
#include <dwunw/symbols.h>
#include <dwunw/trace.h>

#include <stdio.h>

#define TOOL "memleak_dwunw_user"
#define SECOND 1000000000ull
#define PIDS 64
#define PATTERNS 8
#define PATTERN_SIZE 40
#define TARGET_FILES 8
#define CAUSES 24

/* dwunw-added 7: --dwunw-mode */
enum dwunw_mode {
	MODE_OFF,      /* the kernel's walk only, as upstream */
	MODE_FALLBACK, /* that walk where dwunw fails */
	MODE_FORCE     /* dwunw only: a failure is an error */
};

/* -S and --allocator: "je_*": * is malloc, free, … */
struct pattern {
	const char *text;
	bool found; /* some file has an allocator of that name */
};

struct arguments {
	int32_t pids[PIDS];
	uint32_t pid_count;
	const char *command;
	bool trace;
	bool show_allocs;
	bool combined_only;
	bool missing_free;
	bool percpu;
	bool verbose;
	bool follow_forks;
	bool all; /* every process */
	bool by_process;
	bool by_thread;
	bool statistics;
	bool perf_buffer;
	bool entry_only;  /* probe the first instruction, whatever it costs */
	bool perf_probes; /* what a newer kernel can do for less is not used */
	uint64_t min_age_ns;
	uint64_t min_size;
	uint64_t max_size;
	uint32_t sample_every;
	uint32_t sample_bytes;
	uint32_t budget;
	uint32_t top;
	uint32_t stack_storage;
	uint64_t memory_max; /* 0: the library's */
	uint32_t depth;
	uint32_t stack_cap;
	uint32_t ring_size;
	uint32_t live_max;
	uint64_t interval_ns;
	uint32_t intervals; /* 0: until the target ends */
	const char *cgroup; /* all of it: a directory */
	const char *object;
	const char *folded; /* a file; "": stdout; NULL: not asked for */
	const char *json;   /* the same */
	const char *only;   /* stacks with a function like that */
	const char *debug_file;
	struct pattern patterns[PATTERNS];
	uint32_t pattern_count;
	enum dwunw_mode mode; /* dwunw-added 7 */
	struct given given;
};

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
	bool starting; /* of -c: no allocator is mapped yet */
	uint32_t steps;
	bool leader_ends; /* an event has said so, and /proc is still to */
	bool leaderless;  /* its first thread has ended, others have not */
	bool lost_rights; /* dwunw-added 9: its mappings can't be read */
	bool refused;	/* told: neither this program nor its probes will do */
	uint32_t ways;	/* MEMLEAK_SNAPSHOT, MEMLEAK_FP */
	uint32_t whole; /* stacks that were whole, without a break */
	uint32_t generation;
	bool remapped;		/* dwunw-added 6: and not looked at yet */
	uint64_t exec_time_ns;	/* blocks before it are gone */
	uint64_t look_until_ns; /* no allocator was mapped after its exec */
	int32_t parent; /* whose mappings a child had that has ended; 0 */
	uint64_t attach_time_ns;
	uint64_t debt_ns; /* of processor time for its stacks, */
	uint64_t paid_ns; /* as of then */
	struct dwunw_process *process;
	char comm[32];
	struct probed_files files; /* those with probes that it has mapped */
	/* … and those that its threads have events for, which what it starts
	 * inherits: mapped or not, also by what it runs next */
	struct probed_files events;
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
	struct stack *stack;
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

struct tool {
	struct arguments arguments;
	struct dwunw_loader *loader;
	struct target *targets;
	int32_t command_pid;
	int command_status;
	bool object_found;		  /* -O is some file that was mapped */
	struct dwunw_namespace namespace; /* the tool's; 0: the initial one */
	bool multi;	/* probes are BPF links, not perf events */
	bool inherited; /* … a process's, and what it starts has them */
	struct dwunw_map_watch *watch; /* dwunw-added 6; NULL: by tracepoints */
	bool remapped;		       /* dwunw-added 6: some target is */
	bool recording;
	/* probes are put into every process that maps a file, as some target
	 * can't be given its own: the programs look who it is */
	bool wide;
	uint32_t follow;		     /* enum dwunw_follow */
	struct dwunw_capture_options cgroup; /* what it says of one */
	struct probed_file *wide_files;
	uint32_t wide_count;
	bool failed;	      /* MODE_FORCE: dwunw failed */
	bool export_failed;   /* a file of --folded or --json */
	bool command_refused; /* the program of -c is not of this machine */
	/* dwunw-added 4: what turns events into frames and names */
	struct dwunw_context dwunw;
	char last_log[256]; /* its last line: why something failed */
	struct dwunw_symbol_resolver resolver; /* naming's */
	struct dwunw_symbol_resolver places;   /* where functions are */
	struct naming *naming;
	struct dwunw_inbox *inbox; /* dwunw-added 5: events, read beside */
	struct dwunw_event event;
	struct dwunw_frame *frames; /* arguments.depth of them */
	struct fp_walk fp_walks[FP_WALKS];
	struct known_walk known_walks[KNOWN_WALKS];
	uint64_t causes[CAUSES]; /* already told */
	uint32_t cause_count;
	struct stacks stacks;
	uint32_t keys_kept; /* of them, when they were last gone through */
	struct statistics statistics;
	struct birth births[BIRTHS];
	struct threads *threads;
};

uint64_t now_ns(void);

/* Tells the BPF programs of `recording` and `wide` (targets.c). */
void set_switch(struct tool *tool);

/* arguments.c: -1: go on; else the exit status. */
/* Is it about programs, and not about the kernel? */
bool traces_programs(const struct arguments *arguments);
int parse_arguments(struct arguments *arguments, char **argv);

/* targets.c */
struct target *target_find(const struct tool *tool, int32_t pid);
struct target *target_add(struct tool *tool, int32_t pid);
/* One that is not followed after all. */
void target_remove(struct tool *tool, int32_t pid);
/* Puts probes on its allocators, and again for what was mapped since. */
int target_attach(struct tool *tool, struct target *target);
/* That, of which an event tells, where processes are followed that nobody has
 * named; NULL: none is. */
struct target *target_see(struct tool *tool, int32_t pid);
void target_set_ways(struct tool *tool, struct target *target, uint32_t ways);
void target_exec(struct tool *tool, struct target *target, uint64_t time_ns);
/* Reads anew what was mapped since, if anything was, and puts probes on it. */
void targets_see_mappings(struct tool *tool);
/* dwunw_map_watch_fn; ctx is the tool. */
void target_remapped(void *tool, int32_t pid);
/* Puts probes on what programs have mapped since their exec. */
void targets_look(struct tool *tool);
/* --all, --cgroup: those that there are. 0, or told. */
int targets_find(struct tool *tool);
/* -f: those that the targets have started before, and what these have. */
void targets_find_children(struct tool *tool);
/* The cgroup of that directory. 0, or told. */
int cgroup_find(const char *path, struct dwunw_capture_options *options);
/* Sees who has ended. The number of those who have not. */
uint32_t targets_alive(struct tool *tool);
bool targets_ended(const struct tool *tool);
/* Those that have ended, and were in a report since, go. */
void targets_forget(struct tool *tool);
/* The name of a thread, as long as it is known; never NULL. */
const char *thread_name(struct tool *tool, uint32_t tid);
void thread_see(struct tool *tool, uint32_t pid, uint32_t tid);

/* attach.c: 0; EXIT_…: told on stderr. No allocator found is -1. */
int attach_files(struct tool *tool, struct target *target);
/* A child of a target has begun, as the event says: which probes it has. */
void attach_child(struct tool *tool, struct target *child,
		  const struct dwunw_event_header *fork);
/* Is that, with some pattern of -S or --allocator, a function with a probe? */
bool attach_probes_name(const struct arguments *arguments, const char *name);
/* Tells which of -O, -S, --allocator, --symbol and --debug-file name nothing
 * that was there so far. */
void attach_say_unused(const struct tool *tool);

/* command.c: -c, and all that it starts */
int command_start(struct tool *tool);
void command_read(struct tool *tool);

/* unwind.c: an event to a stack with names */
void unwind_event(void *tool, void *bytes, size_t size);
/* Says what is wrong with stacks that have got their names since. */
void judge_stacks(struct tool *tool);
/* Reads events until every stack has its names. */
void wait_for_names(struct tool *tool);

/* report.c */
int report(struct tool *tool, bool last);
/* Between two reports, where many blocks come and go: so that what is known of
 * them does not grow until the next one. */
void forget_keys(struct tool *tool);
uint64_t map_counter(const struct tool *tool, uint32_t index);

#define LINE_PIDS 16u

/* One line of a report: what is live from one stack. */
struct line {
	const struct stack *stack; /* NULL: not known */
	uint32_t pid;		   /* one that has a block of it, */
	uint32_t processes;	   /* and how many have, up to LINE_PIDS */
	uint32_t apart; /* --processes: those of this one; 0: of all */
	uint32_t pids[LINE_PIDS];
	uint32_t tid;
	double bytes;
	double blocks;
	bool used;
};
struct lines {
	struct line *at;
	uint32_t size;
	uint32_t count;
	double unknown_bytes;
	double unknown_blocks;
	double thread_bytes; /* pthread_create's own */
	double thread_blocks;
};
/* export.c */
/* --folded and --json, to files or stdout */
void export_report(struct tool *tool, const struct lines *lines, bool last);
bool export_is_to_stdout(const char *where);
bool stack_is_wanted(const struct tool *tool, const struct stack *stack);

/* kernel.c: without a process */
int trace_kernel(const struct arguments *arguments);

extern const uint8_t memleak_dwunw_object[], memleak_dwunw_object_end[];
extern const uint8_t memleak_dwunw_kernel[], memleak_dwunw_kernel_end[];

#endif
