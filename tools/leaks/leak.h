/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * leak.h - what the leak tools have in common but for their command lines and
 * their texts: `dwunw leaks`, and examples/memleak_bcc_dwunw.
 *
 *   options.c   values that both take, and what is checked of them
 *   run.c       the run, a report at each interval
 *   print.c     what their texts have beside the report
 *   export.c    reports for programs: formats, and where to
 *   recording.c what the run sees, as a recording
 *   pushed.c    each report to a server
 *   screen.c    a table of the report on a terminal, and its keys
 *   kernel.c    the run without a program: the kernel's own allocations
 */
#ifndef DWUNW_TOOLS_LEAK_H
#define DWUNW_TOOLS_LEAK_H

#include "option.h"
#include "push.h"

#include <dwunw/heap.h>
#include <dwunw/report.h>

#include <stdio.h>

#define LEAK_SECOND 1000000000ull
#define LEAK_PIDS 64
#define LEAK_PATTERN_SIZE 40
#define LEAK_EVENTS_MAX 8 /* of one run */

struct leak;
struct leak_recording;

/* Prints leak->report, most bytes first. */
typedef void (*leak_print_fn)(struct leak *leak);

/* One run of a leak tool. */
struct leak {
	struct dwunw_heap_config config;
	struct dwunw_heap_view view;
	int32_t pids[LEAK_PIDS];       /* config.pids is these */
	struct dwunw_heap_event event; /* config.event is this, unless it is of
					* allocations */
	struct dwunw_heap_event given[LEAK_EVENTS_MAX]; /* -e, each that came */
	uint32_t events;
	struct leak *next; /* of a run of several events: the next one's */
	uint64_t interval_ns;
	uint32_t intervals;	    /* 0: until what is followed ends */
	uint64_t duration_ns;	    /* from its begin on; 0: the same */
	struct dwunw_report report; /* the newest, and what was before */
	struct dwunw_report_options report_options;
	bool show_allocs;
	bool trace;
	bool statistics;
	bool percpu;	   /* kernel: of each processor's own memory */
	bool missing_free; /* kernel: allocated again means freed */
	/* by format: a file; "": stdout; NULL: not asked for */
	const char *exports[DWUNW_REPORT_FORMAT_END];
	const char *output;	  /* a file for the text; NULL: stdout */
	const char *only;	  /* stacks with a function like that */
	const char *suppressions; /* a file; NULL: none */
	const char *baseline;	  /* the same */
	uint32_t left;		 /* stacks of the last report that it has not */
	const char *record;	 /* a file for the recording; NULL: none */
	uint64_t record_max;	 /* its bytes; 0: no limit */
	uint64_t record_keep_ns; /* older steps are one; 0: all are kept */
	bool record_commands;	 /* command lines are in it */
	bool record_bare;	 /* without names */
	struct leak_recording *recording;
	leak_print_fn print; /* NULL: the recording is all */
	/* each report, before it is printed. NULL: not told */
	void (*on_report)(struct leak *leak);
	struct push_options push_options; /* of leaks and count */
	struct push *push;
	/* between reports: is the last one to be printed again? NULL: never */
	bool (*poll)(struct leak *leak);
	struct dwunw_heap *heap;
	bool export_failed; /* a file of a format, or a report */
};

/* --- options.c ------------------------------------------------------------- */

/* Their defaults, but for the time that a block has to be live. */
void leak_set_defaults(struct leak *leak);

/* Who walks by default, in the subcommands of `dwunw`. */
void leak_set_walk(struct leak *leak);

/* Words behind "--", a command's; before option_parse(), which moves them. */
int leak_count_words(char **argv);
/* Of a program without operands: `count` words, of which `words` are a command's.
 * -1: all well; else the exit status, told. */
int leak_take_command(const struct option_program *program, struct leak *leak,
		      int count, char **argv, int words);

/* Of option rows that fill a struct which begins with a struct leak: "12" or
 * "12,13"; a prefix; a pattern; NAME=0xOFFSET[@FILE]. */
bool leak_take_pids(void *leak, const char *text);
bool leak_take_prefix(void *leak, const char *text);
bool leak_take_pattern(void *leak, const char *text);
bool leak_take_symbol(void *leak, const char *text);
bool leak_take_event(void *leak, const char *text);
/* What is wrong with them; NULL: nothing. leak->config.event is set. */
const char *leak_settle_event(struct leak *leak);
/* The same where a run has several: leak->next is the next one's, with the same
 * options, as far as they are about its event; freed by leak_free_next(). */
const char *leak_settle_events(struct leak *leak);
void leak_free_next(struct leak *leak);
/* An option that is about allocations alone, where there is none of them. The same. */
const char *leak_about_allocations(const struct leak *leak);
#define LEAK_EVENTS                                                    \
	"cpu, offcpu, uprobe:FILE:FUNCTION, uretprobe:FILE:FUNCTION, " \
	"tracepoint:SYSTEM:NAME, kprobe:FUNCTION"
/* Of help texts. */
#define LEAK_EVENTS_HELP                                                         \
	"         cpu                          processor time, by samples\n"     \
	"         offcpu                       time off processors: asleep, "    \
	"waiting\n"                                                              \
	"         uprobe:FILE:FUNCTION         calls of a function; FILE is a "  \
	"path or its\n"                                                          \
	"                                      end, FUNCTION a name, of C++ as " \
	"written\n"                                                              \
	"                                      or as linked, or 0xOFFSET of an " \
	"instruction\n"                                                          \
	"         uretprobe:FILE:FUNCTION      its returns\n"                    \
	"         tracepoint:SYSTEM:NAME       an event of the kernel\n"         \
	"         kprobe:FUNCTION              calls of a function of the "      \
	"kernel\n"                                                               \
	"  -F,  --frequency N          cpu: samples a second (99)\n"

#define LEAK_AT(field) offsetof(struct leak, field)
#define LEAK_FLAG(option, short_one, field)                               \
	{                                                                 \
		.name = option, .letter = short_one, .kind = OPTION_FLAG, \
		.to = LEAK_AT(field)                                      \
	}
#define LEAK_TEXT(option, short_one, field)                               \
	{                                                                 \
		.name = option, .letter = short_one, .kind = OPTION_TEXT, \
		.to = LEAK_AT(field)                                      \
	}
#define LEAK_COUNT(option, short_one, field, most)                          \
	{                                                                   \
		.name = option, .letter = short_one, .kind = OPTION_NUMBER, \
		.to = LEAK_AT(field), .min = 1, .max = most                 \
	}
#define LEAK_OTHER(option, short_one, what, function)                      \
	{                                                                  \
		.name = option, .letter = short_one, .kind = OPTION_OTHER, \
		.allowed = what, .take = function                          \
	}

/* A format's file; without one, stdout. */
#define LEAK_STREAM(option, format)                               \
	{                                                         \
		.name = option, .kind = OPTION_FILE,              \
		.to = LEAK_AT(exports[DWUNW_REPORT_AS_##format]), \
		.allowed = "a file"                               \
	}
#define LEAK_FILE(option, format) \
	LEAK_TEXT(option, 0, exports[DWUNW_REPORT_AS_##format])

/* Between reports, or steps of a recording. */
#define LEAK_INTERVAL                                                      \
	{                                                                  \
		.name = "interval", .letter = 'i', .kind = OPTION_SECONDS, \
		.to = LEAK_AT(interval_ns), .min = LEAK_SECOND / 100,      \
		.max = 1000000 * LEAK_SECOND                               \
	}

/* How stacks are taken, and how many are kept. */
#define LEAK_STACK_ROWS                                     \
	{ .name = "mode",                                   \
	  .kind = OPTION_CHOICE,                            \
	  .to = LEAK_AT(config.mode),                       \
	  .allowed = "off|fallback|force" },                \
		{ .name = "walk",                           \
		  .kind = OPTION_CHOICE,                    \
		  .to = LEAK_AT(config.walk),               \
		  .allowed = "copy|kernel|auto" },          \
		LEAK_COUNT("depth", 0, config.depth, 1024), \
		LEAK_COUNT("max-stacks", 0, config.stack_storage, 1u << 24)

/* What is copied, where to, and memory for names. */
#define LEAK_BUFFER_ROWS                                           \
	{ .name = "stack-bytes",                                   \
	  .kind = OPTION_SIZE,                                     \
	  .to = LEAK_AT(config.stack_cap),                         \
	  .min = 1,                                                \
	  .max = LEAK_STACK_CAP_MAX },                             \
		{ .name = "ring-size",                             \
		  .kind = OPTION_POWER,                            \
		  .to = LEAK_AT(config.ring_size),                 \
		  .min = 4096,                                     \
		  .max = 1u << 30 },                               \
	{                                                          \
		.name = "memory-max", .kind = OPTION_SIZE64,       \
		.to = LEAK_AT(config.memory_max), .min = 1u << 20, \
		.max = (uint64_t)1 << 40                           \
	}

/* Which processes are followed, where they are no operands. */
#define LEAK_FOLLOWED_ROWS                                              \
	LEAK_OTHER("pid", 'p', "process ids: 12, or 12,13, at most 64", \
		   leak_take_pids),                                     \
		LEAK_FLAG("all", 'a', config.all),                      \
		LEAK_TEXT("cgroup", 0, config.cgroup),                  \
		LEAK_FLAG("follow-forks", 'f', config.follow_forks)

/* What both call the same. */
#define LEAK_ROWS                                                          \
	LEAK_FLAG("trace", 't', trace),                                    \
		LEAK_FLAG("show-allocs", 'a', show_allocs),                \
		{ .name = "older",                                         \
		  .letter = 'o',                                           \
		  .kind = OPTION_MS,                                       \
		  .to = LEAK_AT(view.min_age_ns),                          \
		  .max = UINT32_MAX * 1000000ull },                        \
		LEAK_COUNT("sample-rate", 's', config.sample_every,        \
			   UINT32_MAX),                                    \
		LEAK_COUNT("top", 'T', report_options.top, UINT32_MAX),    \
		{ .name = "min-size",                                      \
		  .letter = 'z',                                           \
		  .kind = OPTION_SIZE64,                                   \
		  .to = LEAK_AT(config.min_size) },                        \
		{ .name = "max-size",                                      \
		  .letter = 'Z',                                           \
		  .kind = OPTION_SIZE64,                                   \
		  .to = LEAK_AT(config.max_size) },                        \
		LEAK_FLAG("percpu", 'P', percpu),                          \
		LEAK_OTHER("symbols-prefix", 'S',                          \
			   "a prefix of at most 40 characters",            \
			   leak_take_prefix),                              \
		LEAK_FLAG("verbose", 'v', config.verbose),                 \
		LEAK_FLAG("follow-forks", 'f', config.follow_forks),       \
		LEAK_STREAM("folded", FOLDED), LEAK_STREAM("json", JSON),  \
		LEAK_FILE("pprof", PPROF), LEAK_FILE("html", HTML),        \
		LEAK_FILE("heaptrack", HEAPTRACK),                         \
		LEAK_FILE("speedscope", SPEEDSCOPE),                       \
		LEAK_FILE("metrics", METRICS),                             \
		LEAK_FLAG("threads", 0, view.by_thread),                   \
		LEAK_FLAG("all", 0, config.all),                           \
		LEAK_TEXT("cgroup", 0, config.cgroup),                     \
		LEAK_FLAG("everywhere", 0, config.everywhere),             \
		LEAK_FLAG("processes", 0, view.by_process),                \
		{ .name = "sample-bytes",                                  \
		  .kind = OPTION_SIZE,                                     \
		  .to = LEAK_AT(config.sample_bytes),                      \
		  .min = 1,                                                \
		  .max = 1u << 30 },                                       \
		LEAK_COUNT("budget", 0, config.budget, 1u << 30),          \
		LEAK_TEXT("only", 0, only),                                \
		LEAK_TEXT("suppressions", 0, suppressions),                \
		LEAK_TEXT("baseline", 0, baseline),                        \
		LEAK_FLAG("stats", 0, statistics),                         \
		LEAK_OTHER("allocator", 0,                                 \
			   "a pattern with a *, of at most 40 characters", \
			   leak_take_pattern),                             \
		LEAK_OTHER("symbol", 0, DWUNW_GIVEN_ALLOWED,               \
			   leak_take_symbol),                              \
		LEAK_TEXT("debug-file", 0, config.debug_file),             \
		LEAK_BUFFER_ROWS,                                          \
		LEAK_COUNT("max-live", 0, config.live_max, 1u << 26),      \
		LEAK_FLAG("perf-buffer", 0, config.perf_buffer),           \
		LEAK_FLAG("entry-probes", 0, config.entry_only),           \
		LEAK_FLAG("perf-probes", 0, config.perf_probes)
#define LEAK_STACK_CAP_MAX 28672u /* DWUNW_CAPTURE_STACK_CAP_MAX */

/* Is it about programs, and not about the kernel? */
bool leak_is_of_programs(const struct leak *leak);
/* Symbols that are none, sizes, files that cannot be written or read. -1: all
 * well; else the exit status, told. */
int leak_check(const struct option_program *program, const struct leak *leak);

/* --- run.c ------------------------------------------------------------------- */

/* The BPF objects of config->event. */
void leak_set_objects(struct dwunw_heap_config *config);
/* Of programs, or without one of the kernel; with leak->next, of several events. The
 * exit status. */
int leak_run(struct leak *leak);

/* --- print.c ------------------------------------------------------------------- */

bool leak_is_estimated(const struct leak *leak);
/* leak_print_fn: the report as text, and statistics. */
void leak_print_report(struct leak *leak);
/* What was sent, and memory, if that is asked for. */
void leak_print_statistics(const struct leak *leak);

/* --- export.c ------------------------------------------------------------------ */

/* The newest report, to files or stdout. */
void leak_export(struct leak *leak);
/* "--folded"; NULL: there is none for that format. */
const char *leak_export_option(uint32_t format);
bool leak_is_to_stdout(const char *where);
/* Is any format asked for? Do two have one file, or stdout? Has one stdout? */
bool leak_has_exports(const struct leak *leak);
bool leak_exports_meet(const struct leak *leak);
bool leak_stdout_is_taken(const struct leak *leak);
struct dwunw_report_output leak_output(FILE *file);

/* --- recording.c ------------------------------------------------------------- */

/* Before dwunw_heap_open(), whose config it sets. 0, or EXIT_FAILURE, told. */
int leak_recording_prepare(struct leak *leak);
/* Behind it: the file is there from now on, for all events of a run. The same. */
int leak_recording_begin(struct leak *leak);
/* What is live, as of the last sum: leak->view says what is young. */
void leak_recording_step(struct leak *leak);
/* The names, and the end; nothing where it has not begun. */
void leak_recording_close(struct leak *leak);

/* --- pushed.c ------------------------------------------------------------------- */

bool leak_take_label(void *leak, const char *text);
#define LEAK_PUSH_ROWS PUSH_ROWS(struct leak, push_options, leak_take_label)
/* leak_run(), and each report, of each event, to --push URL. */
int leak_run_pushed(struct leak *leak);

/* --- screen.c --------------------------------------------------------------------- */

enum screen_order {
	SCREEN_BY_AMOUNT,
	SCREEN_BY_GROWTH,
	SCREEN_BY_COUNT
};
/* Keys are read, and the screen is drawn, where stdout is a terminal; elsewhere each
 * report is a table of lines. */
void screen_open(enum screen_order order);
/* leak_print_fn, and leak->poll */
void screen_print(struct leak *leak);
bool screen_poll(struct leak *leak);

/* --- kernel.c ------------------------------------------------------------------ */

int leak_run_kernel(const struct leak *leak);

#endif
