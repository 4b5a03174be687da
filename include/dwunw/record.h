/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/record.h - recordings: stacks and what was counted of them over time, in
 * a file that any host reads (SPEC.md 6).
 *
 *	writer	  what a tool knows -> a file, step by step; kill -9 leaves
 *		  a file with all steps but the last
 *	reader	  bytes -> struct dwunw_recording; cut or damaged ones up to there
 *
 * A recording has names of files, addresses as linked and counts. It has no
 * bytes of a program's memory. Link -ldwunw-record before -ldwunw. Functions that
 * return int give 0 or a negative errno.
 */
#ifndef DWUNW_RECORD_H
#define DWUNW_RECORD_H

#include <dwunw/elf.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of what a writer writes: 1 of allocations, as before; 2 of other events. */
#define DWUNW_RECORDING_VERSION 3u
/* Of a file. */
#define DWUNW_RECORDING_EVENTS_MAX 16u

/* --- what a recording holds ------------------------------------------------ */

/* What was counted. */
enum dwunw_recording_event {
	DWUNW_RECORDING_ALLOC = 1, /* allocations of a program */
	DWUNW_RECORDING_CPU,	   /* samples of processor time */
	DWUNW_RECORDING_UPROBE,	   /* calls of a function */
	DWUNW_RECORDING_URETPROBE, /* its returns */
	DWUNW_RECORDING_TRACEPOINT,
	DWUNW_RECORDING_KPROBE,
	DWUNW_RECORDING_OFFCPU, /* threads that leave a processor */
};

/* Counts are estimates, made from samples. */
#define DWUNW_RECORDING_FLAG_ESTIMATED 1u
/* The command lines of processes are in it. */
#define DWUNW_RECORDING_FLAG_COMMANDS 2u

/* The first chunk. Texts are "" where they are not known. */
struct dwunw_recording_head {
	uint16_t arch;	     /* DWUNW_ARCH_* of the programs */
	uint8_t data;	     /* 1: little-endian, 2: big-endian */
	uint8_t elf_class;   /* 1: 32 bits, 2: 64 bits */
	uint32_t event;	     /* enum dwunw_recording_event */
	uint32_t flags;	     /* DWUNW_RECORDING_FLAG_* */
	uint32_t unit;	     /* values are in units of 1/unit; 1 or 1024 */
	uint64_t real_ns;    /* CLOCK_REALTIME at the start, */
	uint64_t start_ns;   /* and CLOCK_MONOTONIC then: all other times */
	uint64_t min_age_ns; /* live blocks that are younger are "young" */
	uint64_t min_size;   /* of allocations that were counted */
	uint64_t max_size;
	uint32_t sample_every;
	uint32_t sample_bytes;
	const char *kernel;  /* "Linux 6.1.0-26" */
	const char *machine; /* as uname -m has it */
	const char *tool;    /* "dwunw 0.2.0" */
	/* of other events than ALLOC: as it was asked for, "uprobe:libc.so.6:write";
	 * the unit of EVENT_AMOUNT, "nanoseconds", "": it is not counted; and how
	 * much of it one event stands for, 0: that differs */
	const char *event_text;
	const char *event_unit;
	uint64_t event_period;
};

/* A program of a process: one that executes another is a process again. */
struct dwunw_recording_process {
	int32_t pid;
	int32_t parent;	   /* 0: not known */
	uint64_t start_ns; /* CLOCK_MONOTONIC; 0: not known */
	const char *name;
	const char *command; /* its words, blanks between them; "": not kept */
};

struct dwunw_recording_file {
	uint64_t identity; /* dwunw_elf_identity(); 0: not known */
	uint64_t size;
	const char *path; /* as the process had it mapped */
	uint32_t build_id_size;
	uint8_t build_id[DWUNW_BUILD_ID_MAX];
};

/* What is mapped in a process, from one step on: code, sorted by start. */
struct dwunw_recording_mapping {
	uint64_t start;
	uint64_t end;
	uint64_t off;  /* file offset of start */
	uint64_t bias; /* run-time address minus address as linked; 0 as well
			* where it is not known */
	uint32_t file; /* a number; 0: none */
	uint32_t reserved;
};

/* A call that was inlined, or the function itself. */
struct dwunw_recording_call {
	const char *function; /* "": not known */
	const char *source;   /* "": not known */
	uint32_t line;	      /* 0: of no line */
	uint32_t column;
};

/* The name of a frame as the recording tool knew it. */
struct dwunw_recording_name {
	struct dwunw_recording_call at; /* the function, or the outermost call */
	uint64_t offset;		/* of the frame's pc in it */
	uint32_t inlined_count;
	uint32_t reserved;
	const struct dwunw_recording_call *inlined; /* inwards */
};

/* The frame's code is at its address and not before it: no return address. */
#define DWUNW_RECORDING_FRAME_FLAG_EXACT 1u

struct dwunw_recording_frame {
	uint64_t vaddr; /* as linked; the pc, if there is no file */
	uint64_t pc;	/* in the process that had it first */
	uint32_t file;	/* a number; 0: none */
	uint8_t how;	/* enum dwunw_frame_how */
	uint8_t flags;	/* DWUNW_FRAME_FLAG_* */
	uint8_t lookup; /* DWUNW_RECORDING_FRAME_FLAG_* */
	uint8_t reserved;
	const struct dwunw_recording_name *name; /* NULL: none was kept */
};

/* pthread_create's own memory: a thread's stack, its tables. */
#define DWUNW_RECORDING_STACK_FLAG_THREAD 1u
/* What an allocator maps for its own tables: no blocks of the program's. */
#define DWUNW_RECORDING_STACK_FLAG_OWN 4u
/* Stands for all stacks that there was no room for; it has no frames. */
#define DWUNW_RECORDING_STACK_FLAG_UNKEPT 2u

struct dwunw_recording_stack {
	uint64_t id; /* dwunw_stack_id(): equal over runs and machines */
	const uint32_t *frames; /* numbers, the innermost first */
	uint32_t count;
	uint32_t process; /* the first that had it; 0: not known */
	uint32_t flags;	  /* DWUNW_RECORDING_STACK_FLAG_* */
	uint8_t stop;	  /* enum dwunw_stop_reason */
	uint8_t scan;	  /* enum dwunw_scan_result */
	uint16_t reserved;
	const char *end; /* why it ends early, as a line; "": it is whole */
};

/*
 * What is counted of a stack in a process. Those of LIVE and YOUNG go up and
 * down, the others only up. A histogram is 64 fields from its first: bucket n is
 * of values with n bits, from 2^(n - 1) to 2^n - 1, and bucket 0 of the value 0.
 * Values are sizes in bytes or ages in ns; blocks are counted, and the bytes
 * of these blocks.
 */
enum dwunw_recording_field {
	DWUNW_RECORDING_ALLOCATIONS = 0,
	DWUNW_RECORDING_BYTES,
	DWUNW_RECORDING_FREES,
	DWUNW_RECORDING_FREED_BYTES,
	DWUNW_RECORDING_LIVE, /* blocks, but for young ones */
	DWUNW_RECORDING_LIVE_BYTES,
	DWUNW_RECORDING_YOUNG, /* live blocks younger than head.min_age_ns */
	DWUNW_RECORDING_YOUNG_BYTES,
	/* freed before the next allocation of their thread */
	DWUNW_RECORDING_TEMPORARY,
	DWUNW_RECORDING_TEMPORARY_BYTES,
	DWUNW_RECORDING_GONE,	      /* live when their process ended, */
	DWUNW_RECORDING_GONE_BYTES,   /* and not in LIVE any more */
	DWUNW_RECORDING_EVENTS,	      /* of head.event; the fields above are */
	DWUNW_RECORDING_EVENT_AMOUNT, /* of allocations alone */
	DWUNW_RECORDING_SIZES = 64,   /* of allocations */
	DWUNW_RECORDING_FREED_AGES = 128, /* when they were freed */
	DWUNW_RECORDING_LIVE_AGES = 192,  /* of live ones, young ones too */
	DWUNW_RECORDING_SIZES_BYTES = 256,
	DWUNW_RECORDING_FREED_AGES_BYTES = 320,
	DWUNW_RECORDING_LIVE_AGES_BYTES = 384,
};
#define DWUNW_RECORDING_BUCKETS 64u
#define DWUNW_RECORDING_FIELDS 448u
uint16_t dwunw_recording_bucket(uint64_t value);
/* Does it go up and down? */
bool dwunw_recording_is_gauge(uint16_t field);

struct dwunw_recording_value {
	uint16_t field; /* enum dwunw_recording_field, and a bucket */
	int64_t amount;
};

/* Of one stack in one process. stack 0: no stack is known. */
struct dwunw_recording_entry {
	uint32_t process;
	uint32_t stack;
	uint32_t count;
	uint32_t reserved;
	const struct dwunw_recording_value *values; /* by field, ascending */
};

/* What changed between the step before and time_ns. */
struct dwunw_recording_step {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint32_t merged;  /* steps that were made one; 1: as it was written */
	uint32_t count;
	const struct dwunw_recording_entry *entries; /* amounts are changes */
};

/* The mappings of a process, all of them, from time_ns on. */
struct dwunw_recording_maps {
	uint64_t time_ns;
	uint32_t process;
	uint32_t count;
	const struct dwunw_recording_mapping *at;
};

/* Counts of the whole run: what was seen, and what was lost. */
enum dwunw_recording_counter {
	/* allocations = stacks + over budget + no slot + no room */
	DWUNW_RECORDING_COUNT_ALLOCATIONS = 0,
	DWUNW_RECORDING_COUNT_STACKS,
	DWUNW_RECORDING_COUNT_OVER_BUDGET,
	DWUNW_RECORDING_COUNT_NO_SLOT,
	DWUNW_RECORDING_COUNT_NO_ROOM,
	DWUNW_RECORDING_COUNT_LIVE_FULL,
	DWUNW_RECORDING_COUNT_CALLS_FULL,
	DWUNW_RECORDING_COUNT_IGNORED,
	DWUNW_RECORDING_COUNT_EVENTS,
	DWUNW_RECORDING_COUNT_RECEIVED,
	DWUNW_RECORDING_COUNT_WHOLE, /* stacks to the start */
	DWUNW_RECORDING_COUNT_TO_MAIN,
	DWUNW_RECORDING_COUNT_SHORT,
	DWUNW_RECORDING_COUNT_BY_FP,
	DWUNW_RECORDING_COUNT_NOT_UNWOUND,
	DWUNW_RECORDING_COUNT_STORAGE_FULL,
	DWUNW_RECORDING_COUNT_FAILED_PROBES,
	DWUNW_RECORDING_COUNT_LATE_CHILDREN,
	DWUNW_RECORDING_COUNT_LATE_PROGRAMS,
	DWUNW_RECORDING_COUNT_LATE_NS,
	DWUNW_RECORDING_COUNT_SHORTAGES,
	DWUNW_RECORDING_COUNT_THREADS,	 /* at the last step */
	DWUNW_RECORDING_COUNT_PROCESSES, /* at the last step */
	/* what the recording itself had no room for (size_max) */
	DWUNW_RECORDING_COUNT_STACKS_UNKEPT,
	DWUNW_RECORDING_COUNT_NAMES_UNKEPT,
	DWUNW_RECORDING_COUNT_COUNTED, /* of STACKS: in the kernel alone */
};
#define DWUNW_RECORDING_COUNTERS 64u

/* --- reader ---------------------------------------------------------------- */

enum dwunw_recording_end {
	DWUNW_RECORDING_ENDED = 0, /* whole: its tool ended it */
	DWUNW_RECORDING_OPEN,	   /* its tool was killed, or is still at it */
	DWUNW_RECORDING_CUT,	   /* it ends within a chunk */
	DWUNW_RECORDING_DAMAGED,   /* a chunk is not what was written */
	DWUNW_RECORDING_PACKED, /* a chunk is packed as this build cannot read */
};

/*
 * A recording in memory; numbers of processes, files, frames and stacks count
 * from 1, and n is at [n - 1]. All of it is the reader's until
 * dwunw_recording_free(). Texts are printable.
 */
struct dwunw_recording {
	struct dwunw_recording_head head;
	const struct dwunw_recording_process *processes;
	const struct dwunw_recording_file *files;
	const struct dwunw_recording_frame *frames;
	const struct dwunw_recording_stack *stacks;
	const struct dwunw_recording_maps *maps; /* in order of time */
	const struct dwunw_recording_step *steps;
	/* sums over all steps, sorted by stack, then process */
	const struct dwunw_recording_entry *totals;
	uint32_t process_count;
	uint32_t file_count;
	uint32_t frame_count;
	uint32_t stack_count;
	uint32_t map_count;
	uint32_t step_count;
	uint32_t total_count;
	uint32_t chunk_count;
	uint64_t counters[DWUNW_RECORDING_COUNTERS];
	uint64_t end_ns; /* CLOCK_MONOTONIC of the end, or of the last step */
	/* how its bytes end: enum dwunw_recording_end, where, and in words: "the
	 * chunk of stacks at 0x1f0: its checksum differs" */
	uint32_t end;
	uint32_t end_chunk; /* kind of the chunk; 0: none */
	uint64_t end_off;
	char end_text[160];
	void *memory; /* the reader's own */
};

/* Zeroed: every default. */
struct dwunw_recording_reader_config {
	size_t size;	     /* see types.h, "What may grow" */
	uint64_t memory_max; /* bytes for what is read; 0: 256 MiB */
	uint32_t event;	     /* which of a file of several, from 0 on */
};

/*
 * Reads what there is: OK also for one that is cut or damaged behind its head,
 * and recording->end says so. config may be NULL.
 * BAD_FORMAT: no recording, or its head is damaged: end_text; NOT_IMPLEMENTED: of a
 * later version, or its head is packed as this build cannot read; NO_MEMORY: there is
 * none, or more than memory_max is wanted. dwunw_recording_free() after any of them.
 */
dwunw_status_t
dwunw_recording_read(struct dwunw_recording *recording, const void *bytes,
		     size_t size,
		     const struct dwunw_recording_reader_config *config);
void dwunw_recording_free(struct dwunw_recording *recording);
/* Do the bytes begin as a recording, of any version? */
bool dwunw_recording_is(const void *bytes, size_t size);
/* Of how many events it is: each is a recording by itself, which is read by its
 * number. 0: none that this version reads. */
uint32_t dwunw_recording_events(const void *bytes, size_t size);

/* 0: it has none. */
int64_t dwunw_recording_amount(const struct dwunw_recording_entry *entry,
			       uint16_t field);
/* "stacks": the kind of a chunk in words; static. */
const char *dwunw_recording_chunk_name(uint32_t kind);

/* --- writer ---------------------------------------------------------------- */

struct dwunw_recording_writer;

/* Zeroed: every default. */
struct dwunw_recording_writer_config {
	size_t size;	   /* see types.h, "What may grow" */
	uint64_t size_max; /* bytes of the file; 0: no limit; 65536 at least.
			    * Old steps are merged to stay below; sums stay
			    * right */
	uint64_t keep_ns;  /* steps of so long are kept apart, older ones are
			    * one; 0: all */
	bool plain;	   /* nothing is packed */
	uint32_t events;   /* that the file will have; 0: one; at most
			    * DWUNW_RECORDING_EVENTS_MAX */
};

/*
 * A new file at path, readable by its owner alone; what was there is replaced. The
 * head is written. -EEXIST: what is there is no regular file; -EINVAL: size_max is
 * too small, which is for each event, or there are too many of them, or config is of a
 * later version; -ENOSYS: size_max or keep_ns, in a build that bounds no file.
 */
int dwunw_recording_create(struct dwunw_recording_writer **writer,
			   const char *path,
			   const struct dwunw_recording_head *head,
			   const struct dwunw_recording_writer_config *config);
/*
 * The next event of the file of `first`, by its config.events. It has processes, files
 * and stacks of its own, and is closed by itself, in any order. Writers of a file are one
 * thread's. -EINVAL: the file has all its events.
 */
int dwunw_recording_create_next(struct dwunw_recording_writer **writer,
				const struct dwunw_recording_writer *first,
				const struct dwunw_recording_head *head);

/*
 * Each gives the number of the new one, from 1 on, or 0: no memory; a stack that
 * there is no room for (size_max) is the number of the one that is UNKEPT.
 * What is given is copied.
 */
uint32_t
dwunw_recording_add_process(struct dwunw_recording_writer *writer,
			    const struct dwunw_recording_process *process);
uint32_t dwunw_recording_add_file(struct dwunw_recording_writer *writer,
				  const struct dwunw_recording_file *file);
/* Equal ones get the same number; `name` is not looked at. */
uint32_t dwunw_recording_add_frame(struct dwunw_recording_writer *writer,
				   const struct dwunw_recording_frame *frame);
uint32_t dwunw_recording_add_stack(struct dwunw_recording_writer *writer,
				   const struct dwunw_recording_stack *stack);
/* More DWUNW_RECORDING_STACK_FLAG_* of a stack that is in no step yet. */
void dwunw_recording_mark_stack(struct dwunw_recording_writer *writer,
				uint32_t stack, uint32_t flags);
void dwunw_recording_add_maps(struct dwunw_recording_writer *writer,
			      uint32_t process,
			      const struct dwunw_recording_mapping *maps,
			      uint32_t count);

/* Amounts since the start, in units of the head's. */
void dwunw_recording_set(struct dwunw_recording_writer *writer,
			 uint32_t process, uint32_t stack, uint16_t field,
			 int64_t amount);
void dwunw_recording_add(struct dwunw_recording_writer *writer,
			 uint32_t process, uint32_t stack, uint16_t field,
			 int64_t amount);
/* Those that go up and down are 0 from now on, until they are added to. */
void dwunw_recording_clear_gauges(struct dwunw_recording_writer *writer);
/* Since the start: one of enum dwunw_recording_counter. */
void dwunw_recording_count(struct dwunw_recording_writer *writer,
			   uint32_t counter, uint64_t amount);

/* Writes what is new since the last step. Later errors are the first one again. */
int dwunw_recording_write_step(struct dwunw_recording_writer *writer,
			       uint64_t time_ns);
/* A name for a frame. -ENOSPC: there is no room for more (size_max). */
int dwunw_recording_add_name(struct dwunw_recording_writer *writer,
			     uint32_t frame,
			     const struct dwunw_recording_name *name);
/* Of the file, so far. */
uint64_t dwunw_recording_size(const struct dwunw_recording_writer *writer);
/* A last step, the names and the end. NULL is well. -ENOENT, -ESTALE: the file was
 * removed or moved, or another one has its name. */
int dwunw_recording_close(struct dwunw_recording_writer *writer,
			  uint64_t time_ns);

#ifdef __cplusplus
}
#endif
#endif
