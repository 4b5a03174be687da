/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/report.h - what was recorded, as one model: stacks and their values; and
 * that model in the formats of other programs.
 *
 *	fill	 files, frames, stacks, entries: by a leak tool, by who reads
 *		 a recording, by your own tool
 *	change	 names, sums of several, differences, suppressions
 *	write	 text, folded, JSON, pprof, HTML, heaptrack, speedscope, metrics
 *
 * A model is one thread's own. It copies what it is given; its arrays may move
 * while it is filled, so whoever fills keeps indices. Link it before -ldwunw:
 * -ldwunw-report.
 */
#ifndef DWUNW_REPORT_H
#define DWUNW_REPORT_H

#include <dwunw/symbols.h>
#include <dwunw/walk.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An index that is none: no file, or no memory for what was added. Functions
 * that take an index take this, and then do nothing. */
#define DWUNW_REPORT_NONE UINT32_MAX

/* --- the model ------------------------------------------------------------- */

struct dwunw_report_file {
	uint64_t identity; /* dwunw_module_identity(); 0: not known */
	const char *path;  /* printable or not, never NULL */
	uint8_t build_id[DWUNW_BUILD_ID_MAX];
	uint32_t build_id_size; /* bytes; 0: it has none, or not known */
	uint32_t reserved;
	uint64_t size; /* of the file, in bytes; 0: not known */
};

struct dwunw_report_process {
	int32_t pid;
	uint32_t threads;  /* that were created, and are; 0: not known */
	const char *name;  /* "": not known */
	uint64_t start_ns; /* monotonic; 0: not known */
};

/* Code of a file in a process. */
struct dwunw_report_mapping {
	uint64_t start; /* [start, end): addresses at run time */
	uint64_t end;
	uint64_t off;  /* of `start` in the file */
	uint64_t bias; /* address at run time - address as linked */
	uint32_t file; /* index */
	int32_t pid;
};

/* For example "service", "host". */
struct dwunw_report_label {
	const char *key;
	const char *value;
};

/* A call that was inlined; as in struct dwunw_symbol_info. */
struct dwunw_report_call {
	const char *function; /* NULL: not known */
	const char *source;   /* a source file; NULL: not known */
	uint32_t line;	      /* 0: not known */
	uint32_t column;
};

struct dwunw_report_frame {
	struct dwunw_frame frame; /* module: 1 + its file's index; 0: none */
	bool kernel;		  /* code of the kernel */
	uint8_t reserved[3];
	uint32_t inlined_count;
	/* the calls inlined at frame.pc, inwards: each was called by the one
	 * before it, the first by `call` */
	const struct dwunw_report_call *inlined;
	struct dwunw_report_call call; /* all NULL: the frame has no name */
	uint64_t offset;	       /* frame.pc - start of call.function */
};

struct dwunw_report_stack {
	uint64_t id;		/* dwunw_stack_id_add() over all frames */
	const uint32_t *frames; /* indices, innermost first */
	uint32_t count;
	int32_t owner;	/* the process whose code has no file; 0: all of it
			* has one */
	uint8_t reason; /* enum dwunw_stop_reason: why it ends */
	bool of_thread; /* by pthread_create itself */
	uint8_t reserved[6];
	const char *end;    /* why it ends, in words; "": it is whole */
	const uint64_t *fp; /* the kernel's frame-pointer walk of the same, or
			     * NULL: return addresses at run time */
	uint32_t fp_count;
};

/* Numbers of one stack; in a difference they may be negative. */
enum dwunw_report_value {
	DWUNW_REPORT_LIVE_BLOCKS = 0,
	DWUNW_REPORT_LIVE_BYTES,
	DWUNW_REPORT_ALLOCATIONS, /* all, freed or not */
	DWUNW_REPORT_ALLOCATED_BYTES,
	DWUNW_REPORT_FREES,
	DWUNW_REPORT_FREED_BYTES,
	/* freed before the next allocation of their thread, or younger than
	 * meta.temporary_ns */
	DWUNW_REPORT_TEMPORARY,
	DWUNW_REPORT_TEMPORARY_BYTES,
	/* another event: how often, and what is summed: meta.event */
	DWUNW_REPORT_SAMPLES,
	DWUNW_REPORT_EVENT,
	DWUNW_REPORT_VALUE_END
};
/* "live_bytes", …: a name for programs; static. */
const char *dwunw_report_value_name(uint32_t value);

/* Values by powers of two: of bucket n the value has n bits, so that it is in
 * [2^(n-1), 2^n); n is 0 for the value 0. */
struct dwunw_report_bucket {
	uint8_t bits;
	uint8_t reserved[7];
	int64_t blocks;
	int64_t bytes;
};
struct dwunw_report_histogram {
	struct dwunw_report_bucket *at; /* by bits, ascending */
	uint32_t count;
};
enum dwunw_report_histogram_kind {
	DWUNW_REPORT_SIZES = 0,	 /* bytes of allocations; of live ones alone, if
				 * meta has no ALLOCATIONS */
	DWUNW_REPORT_LIVE_AGES,	 /* ns since live blocks were allocated */
	DWUNW_REPORT_FREED_AGES, /* ns that freed blocks were live */
	DWUNW_REPORT_HISTOGRAM_END
};

/* A live block; only where they are asked for one by one. */
struct dwunw_report_block {
	uint64_t addr;
	uint64_t size;
};

/* What an entry was at a point in time, if it had changed. */
struct dwunw_report_then {
	uint32_t point; /* index */
	uint32_t reserved;
	int64_t live_blocks;
	int64_t live_bytes;
};

#define DWUNW_REPORT_PIDS 16u

/* The numbers of one stack, of one process or thread where those are apart. */
struct dwunw_report_entry {
	uint32_t stack;	    /* index */
	uint32_t pid;	    /* one that has it, */
	uint32_t processes; /* and how many have, up to DWUNW_REPORT_PIDS */
	uint32_t pids[DWUNW_REPORT_PIDS];
	uint32_t apart;	     /* of this process alone; 0: of all */
	uint32_t tid;	     /* of this thread alone; 0: of all */
	const char *thread;  /* its name; "": not known */
	const char *program; /* of pid; "": not known */
	int64_t values[DWUNW_REPORT_VALUE_END];
	struct dwunw_report_histogram histograms[DWUNW_REPORT_HISTOGRAM_END];
	struct dwunw_report_block *blocks;
	uint32_t block_count;
	struct dwunw_report_then *thens; /* by point, ascending */
	uint32_t then_count;
};

/* All that was followed, at one time. */
struct dwunw_report_point {
	uint64_t time_ns; /* monotonic */
	int64_t values[DWUNW_REPORT_VALUE_END];
};

/* Blocks that no entry has, and why. */
enum dwunw_report_apart {
	DWUNW_REPORT_UNKNOWN = 0, /* their stack was not sent */
	DWUNW_REPORT_UNKEPT,	  /* of stacks beyond those that are kept */
	/* pthread_create's own: the sum of the entries of_thread, which JSON
	 * alone shows one by one */
	DWUNW_REPORT_THREADS,
	DWUNW_REPORT_SUPPRESSED, /* dwunw_report_suppress() */
	DWUNW_REPORT_KNOWN,	 /* dwunw_report_take_known() */
	DWUNW_REPORT_APART_END
};

/* What was counted on the way. allocations = stacks + over_budget + no_slot +
 * no_room. */
enum dwunw_report_count {
	DWUNW_REPORT_COUNT_ALLOCATIONS = 0,
	DWUNW_REPORT_COUNT_STACKS,	   /* sent or counted */
	DWUNW_REPORT_COUNT_OVER_BUDGET,	   /* not: more than were asked for */
	DWUNW_REPORT_COUNT_NO_SLOT,	   /* no scratch space in the kernel */
	DWUNW_REPORT_COUNT_NO_ROOM,	   /* the event buffer was full */
	DWUNW_REPORT_COUNT_LIVE_FULL,	   /* blocks that are not followed */
	DWUNW_REPORT_COUNT_CALLS_FULL,	   /* too many threads in calls */
	DWUNW_REPORT_COUNT_LATE_PROGRAMS,  /* probes came after their exec, */
	DWUNW_REPORT_COUNT_LATE_NS,	   /* so much in all */
	DWUNW_REPORT_COUNT_SHORTAGES,	   /* dwunw_shortages() */
	DWUNW_REPORT_COUNT_SHORTAGE_ERRNO, /* the last one's */
	DWUNW_REPORT_COUNT_DIFFERENT,	   /* stacks that are kept */
	DWUNW_REPORT_COUNT_WHOLE,	   /* stacks to a start, */
	DWUNW_REPORT_COUNT_SHORT,	   /* and those that end before */
	/* records of a recording that could not be read, or are missing */
	DWUNW_REPORT_COUNT_DAMAGED,
	DWUNW_REPORT_COUNT_COUNTED, /* of STACKS: walked in the kernel alone */
	DWUNW_REPORT_COUNT_END
};
/* "over_budget", …: a name for programs; static. */
const char *dwunw_report_count_name(uint32_t count);

/* Texts are the model's: dwunw_report_text(). Zeroed: nothing is known. */
struct dwunw_report_meta {
	uint16_t arch;	 /* DWUNW_ARCH_*; 0: not known */
	bool estimated;	 /* values are scaled from samples */
	bool difference; /* of two reports */
	bool last;	 /* nothing comes after it */
	uint8_t reserved[3];
	uint32_t has; /* of the values: 1u << DWUNW_REPORT_LIVE_BYTES, … */
	uint32_t processes;  /* that were followed; 0: as many as there are */
	uint32_t threads;    /* that they created, and are */
	uint32_t period;     /* SAMPLES: one for so many events or ns; 0: 1 */
	const char *tool;    /* "dwunw leaks" */
	const char *version; /* of the tool */
	const char *kernel;  /* uname -r */
	const char *event;   /* of DWUNW_REPORT_EVENT: "cpu" */
	const char *unit;    /* of it: "nanoseconds" */
	uint64_t start_realtime_ns; /* CLOCK_REALTIME of start_ns */
	uint64_t start_ns;	    /* CLOCK_MONOTONIC */
	uint64_t end_ns;
	uint64_t temporary_ns; /* 0: not by age */
};

/*
 * Zeroed: empty. Readers take its arrays; only the functions below change them.
 */
struct dwunw_report {
	struct dwunw_report_meta meta;
	struct dwunw_report_file *files;
	struct dwunw_report_process *processes;
	struct dwunw_report_mapping *mappings;
	struct dwunw_report_label *labels;
	struct dwunw_report_frame *frames;
	struct dwunw_report_stack *stacks;
	struct dwunw_report_entry *entries;
	struct dwunw_report_point *points;
	uint32_t file_count;
	uint32_t process_count;
	uint32_t mapping_count;
	uint32_t label_count;
	uint32_t frame_count;
	uint32_t stack_count;
	uint32_t entry_count;
	uint32_t point_count;
	int64_t apart[DWUNW_REPORT_APART_END][DWUNW_REPORT_VALUE_END];
	uint64_t counts[DWUNW_REPORT_COUNT_END];
	bool failed; /* memory ran out: something is missing */
	struct dwunw_report_store *store; /* texts, hash tables, room */
};

void dwunw_report_free(struct dwunw_report *report);

/* --- fill ------------------------------------------------------------------ */

/*
 * What is added returns its index; what is there already, that one's. Without
 * memory it is DWUNW_REPORT_NONE and report->failed is set: it is enough to look
 * at that once, at the end.
 */

/* A copy of text that lives as long as the model, the same one for equal texts.
 * NULL for NULL; without memory "". */
const char *dwunw_report_text(struct dwunw_report *report, const char *text);

/* By identity, where it is known, path and build id. */
uint32_t dwunw_report_add_file(struct dwunw_report *report,
			       const struct dwunw_report_file *file);
/* By pid and start; a name that is not "" replaces the one before. */
uint32_t dwunw_report_add_process(struct dwunw_report *report,
				  const struct dwunw_report_process *process);
uint32_t dwunw_report_add_mapping(struct dwunw_report *report,
				  const struct dwunw_report_mapping *mapping);
/* Another value of the same key replaces it. */
uint32_t dwunw_report_add_label(struct dwunw_report *report, const char *key,
				const char *value);

/*
 * A frame in that file (NONE: in none), frame->module ignored, by addresses,
 * evidence and names. info: its names, of a resolver; NULL: not known yet.
 */
uint32_t dwunw_report_add_frame(struct dwunw_report *report,
				const struct dwunw_frame *frame, uint32_t file,
				const struct dwunw_symbol_info *info);
/* Names of a frame that has none, for a second pass. */
void dwunw_report_name_frame(struct dwunw_report *report, uint32_t frame,
			     const struct dwunw_symbol_info *info);

/* By the files and addresses as linked of its frames, and its owner. `like` has
 * that, why it ends and what else is to be kept of it: its id, frames and count
 * are not looked at. A frame that is NONE: so is the stack. */
uint32_t dwunw_report_add_stack(struct dwunw_report *report,
				const uint32_t *frames, uint32_t count,
				const struct dwunw_report_stack *like);

/*
 * The entry of that stack, apart and tid (0: those are not apart), with all
 * values 0 if it is new. pid, which was added before, has it from now on as well;
 * 0: nobody.
 */
uint32_t dwunw_report_add_entry(struct dwunw_report *report, uint32_t stack,
				uint32_t apart, uint32_t tid, uint32_t pid);
/* The name of its thread, where threads are apart. */
void dwunw_report_name_thread(struct dwunw_report *report, uint32_t entry,
			      const char *name);
/* … += amount */
void dwunw_report_add_value(struct dwunw_report *report, uint32_t entry,
			    uint32_t value, int64_t amount);
/* Counts blocks of `value` bytes or ns, bytes in all. */
void dwunw_report_add_histogram(struct dwunw_report *report, uint32_t entry,
				uint32_t kind, uint64_t value, int64_t blocks,
				int64_t bytes);
void dwunw_report_add_block(struct dwunw_report *report, uint32_t entry,
			    uint64_t addr, uint64_t size);

/* Later than the point before; the values are set in report->points. */
uint32_t dwunw_report_add_point(struct dwunw_report *report, uint64_t time_ns);
/* What an entry has then. Points that are left out: as the one before. */
void dwunw_report_add_then(struct dwunw_report *report, uint32_t entry,
			   uint32_t point, int64_t live_blocks,
			   int64_t live_bytes);

/*
 * For the next report of the same run: values, histograms, blocks, processes,
 * mappings and counts begin anew. Stacks, points and what entries had then stay.
 */
void dwunw_report_clear(struct dwunw_report *report);
/* Every second point goes, but not the first. */
void dwunw_report_thin(struct dwunw_report *report);

/* --- change ---------------------------------------------------------------- */

/*
 * Adds `factor` times what another model has: 1 sums up processes and
 * recordings, -1 is what it has less. What was apart by process or thread is a
 * single entry for each stack then. Points stay where the first model is added to an
 * empty one; else both's go, as they are of different times. With a factor below 0
 * histograms, blocks and counts of the other are left out. NO_MEMORY.
 */
dwunw_status_t dwunw_report_add(struct dwunw_report *report,
				const struct dwunw_report *other, int factor);

/* Most of that value first; entries that are 0 in all values go. */
void dwunw_report_sort(struct dwunw_report *report, uint32_t value);

/* Of all entries but those of_thread, and of UNKNOWN and UNKEPT: what is live, for
 * LIVE_BYTES. Every format has this sum. */
int64_t dwunw_report_total(const struct dwunw_report *report, uint32_t value);

/*
 * Takes out entries with a function, a source file or a file that matches a line
 * "leak:PATTERN" of LeakSanitizer's format: a part of the name; * is any text,
 * ^ and $ are its ends, # begins a comment. Their sums are apart[SUPPRESSED].
 * BAD_FORMAT: *line is the first that is neither; nothing is taken out.
 */
dwunw_status_t dwunw_report_suppress(struct dwunw_report *report,
				     const char *lines, size_t size,
				     uint32_t *line);

/*
 * Takes out entries whose stack is in `lines`, folded stacks as AS_FOLDED has written them
 * before (their values are not looked at; # begins a comment): equal by the names of program
 * and functions, whatever the build. Their sums are apart[KNOWN]; *left: so many entries
 * that a text shows are left. BAD_FORMAT: as above.
 */
dwunw_status_t dwunw_report_take_known(struct dwunw_report *report,
				       const char *lines, size_t size,
				       uint32_t *line, uint32_t *left);

/* --- write ----------------------------------------------------------------- */

/* Takes `size` bytes of output. False: it failed, and nothing more comes. */
struct dwunw_report_output {
	bool (*write)(void *ctx, const void *bytes, size_t size);
	void *ctx;
};

enum dwunw_report_format {
	DWUNW_REPORT_AS_TEXT = 0,   /* for people */
	DWUNW_REPORT_AS_FOLDED,	    /* flamegraph.pl: a line a stack */
	DWUNW_REPORT_AS_JSON,	    /* one line: doc/memleak.md has the keys */
	DWUNW_REPORT_AS_PPROF,	    /* profile.proto, by gzip where built in */
	DWUNW_REPORT_AS_HTML,	    /* one page for a browser */
	DWUNW_REPORT_AS_HEAPTRACK,  /* heaptrack's, version 2 */
	DWUNW_REPORT_AS_SPEEDSCOPE, /* speedscope's JSON */
	DWUNW_REPORT_AS_METRICS,    /* OpenMetrics text */
	/* a request of OpenTelemetry, v1development of opentelemetry-proto
	 * 1.11.0: experimental, as that is */
	DWUNW_REPORT_AS_OTLP,
	DWUNW_REPORT_FORMAT_END
};
/* "text", "folded", …; NULL: no such format. Static. */
const char *dwunw_report_format_name(uint32_t format);

/* Zeroed: every default. */
struct dwunw_report_options {
	size_t size;	 /* see types.h, "What may grow" */
	uint32_t top;	 /* text, metrics: so many stacks; 0: 10 */
	bool losses;	 /* text: what was lost */
	bool bcc_frames; /* text: frames as bcc's memleak prints them */
	bool reserved[2];
	/* text: how the tool calls the option for the number of stacks that
	 * are kept; NULL: it has none */
	const char *stacks_option;
};

/*
 * Writes all of it, sorted by dwunw_report_sort(). options may be NULL. IO: the
 * output has failed; NO_MEMORY, also of a model that has failed;
 * INVALID_ARG: no such format.
 */
dwunw_status_t dwunw_report_write(const struct dwunw_report *report,
				  uint32_t format,
				  const struct dwunw_report_options *options,
				  const struct dwunw_report_output *output);

/* Parts of the text, for a tool that has its own: "n bytes in n allocations from
 * stack …" and its blocks; a stack's frames and its end; sums apart from the
 * stacks, and what was lost. Statuses as dwunw_report_write(). */
dwunw_status_t
dwunw_report_write_entry(const struct dwunw_report *report, uint32_t entry,
			 const struct dwunw_report_output *output);
dwunw_status_t
dwunw_report_write_stack(const struct dwunw_report *report, uint32_t stack,
			 const struct dwunw_report_options *options,
			 const struct dwunw_report_output *output);
dwunw_status_t
dwunw_report_write_rest(const struct dwunw_report *report,
			const struct dwunw_report_options *options,
			const struct dwunw_report_output *output);

#ifdef __cplusplus
}
#endif
#endif
