/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * report.h - `dwunw report`: recordings -> one report.
 *
 *   report.c      the command line, and the formats
 *   events.c      a file, and of its events the one that is meant
 *   diff.c        `dwunw diff`: what one recording has more than another
 *   fill.c        a recording -> the report's model
 *   names.c       a frame -> its names, each asked for once
 *   found.c       a file of a recording -> the file here that is of its build
 *   debuginfod.c  … from a server
 *   progress.c    how far it is, on a terminal
 */
#ifndef DWUNW_TOOLS_REPORT_H
#define DWUNW_TOOLS_REPORT_H

#include "cmd.h"
#include "push.h"

#include <dwunw/record.h>
#include <dwunw/report.h>

struct report_names;

/* --- report.c ------------------------------------------------------------------ */

struct report_arguments {
	struct dwu_cmd_files files; /* first: DWU_CMD_FILES_ROWS */
	struct dwunw_report_options options;
	const char *exports[DWUNW_REPORT_FORMAT_END];
	const char *event; /* of several; NULL: each */
	bool by_process;
	bool debuginfod;
	bool no_debuginfod;
	const char *suppressions; /* a file; NULL: none */
	const char *baseline;	  /* the same: dwunw report */
	struct push_options push; /* dwunw report */
	bool is_limited;	  /* dwunw diff: exit status 3 if more than */
	uint64_t growth_max;	  /* bytes has been added */
};

#define REPORT_STREAM(option, format)                              \
	{                                                          \
		.name = option, .kind = OPTION_FILE,               \
		.to = offsetof(struct report_arguments,            \
			       exports[DWUNW_REPORT_AS_##format]), \
		.allowed = "a file"                                \
	}
#define REPORT_EXPORT(option, format)                             \
	{                                                         \
		.name = option, .kind = OPTION_TEXT,              \
		.to = offsetof(struct report_arguments,           \
			       exports[DWUNW_REPORT_AS_##format]) \
	}
#define REPORT_TEXT(option, field)                             \
	{                                                      \
		.name = option, .kind = OPTION_TEXT,           \
		.to = offsetof(struct report_arguments, field) \
	}
#define REPORT_FLAG(option, field)                             \
	{                                                      \
		.name = option, .kind = OPTION_FLAG,           \
		.to = offsetof(struct report_arguments, field) \
	}

/* Of report and diff. */
#define REPORT_ROWS                                                           \
	{ .name = "top",                                                      \
	  .letter = 'T',                                                      \
	  .kind = OPTION_NUMBER,                                              \
	  .to = offsetof(struct report_arguments, options.top),               \
	  .min = 1,                                                           \
	  .max = UINT32_MAX },                                                \
		REPORT_FLAG("processes", by_process),                         \
		{ .name = "event",                                            \
		  .letter = 'e',                                              \
		  .kind = OPTION_TEXT,                                        \
		  .to = offsetof(struct report_arguments, event) },           \
		REPORT_EXPORT("output", TEXT),                                \
		REPORT_STREAM("folded", FOLDED), REPORT_STREAM("json", JSON), \
		REPORT_EXPORT("pprof", PPROF), REPORT_EXPORT("html", HTML),   \
		REPORT_EXPORT("heaptrack", HEAPTRACK),                        \
		REPORT_EXPORT("speedscope", SPEEDSCOPE),                      \
		REPORT_EXPORT("metrics", METRICS),                            \
		{ .name = "suppressions",                                     \
		  .kind = OPTION_TEXT,                                        \
		  .to = offsetof(struct report_arguments, suppressions) },    \
		REPORT_FLAG("debuginfod", debuginfod),                        \
		REPORT_FLAG("no-debuginfod", no_debuginfod),                  \
		DWU_CMD_FILES_ROWS

/* A recording's event, as report_read() takes it, to an empty report. False, told: not
 * all of it. */
bool report_fill_one(const struct report_arguments *arguments, const char *path,
		     const char *event, struct report_names *names,
		     struct dwunw_report *report);
/* By what it is of: live bytes, or an event's time or number. */
void report_sort(struct dwunw_report *report);
/* Are both of the same event? False: told; `path` is the other's. */
bool report_is_alike(const char *command, const char *path,
		     const struct dwunw_report *report,
		     const struct dwunw_report *other);
/* --suppressions. False: told. */
bool report_suppress(const struct report_arguments *arguments,
		     struct dwunw_report *report);
/* The text, unless a format has its place. False: told. */
bool report_write_all(const struct report_arguments *arguments,
		      const struct dwunw_report *report);
/* What is wrong; NULL: nothing. */
const char *report_contradiction(const struct report_arguments *arguments,
				 char **paths, int count);

/* --- events.c ---------------------------------------------------------------- */

struct report_events {
	char *names[DWUNW_RECORDING_EVENTS_MAX]; /* "alloc", "cpu" */
	uint32_t count;
};

/* Those of a file, or of them the one that is wanted. False: told. */
bool report_list_events(struct report_events *events, const char *path,
			const char *wanted);
void report_free_events(struct report_events *events);
/* Is none, or nothing of what is asked for, of a single event? False: told. */
bool report_can_be_several(const struct report_arguments *arguments,
			   const struct report_events *events,
			   const char *path);
/* The line before the text of each of several. */
void report_say_event(const struct report_arguments *arguments,
		      const struct report_events *events, uint32_t event);
/* The event of that name of a file; of a file of one, that one. NULL: the first.
 * False: told; dwunw_recording_free() after either. */
bool report_read(struct dwunw_recording *recording, const char *path,
		 const char *event);

/* --- progress.c -------------------------------------------------------------- */

/* On stderr, if that is a terminal, and not more often than ten times a second. */
void report_progress(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
/* The line is free for others. */
void report_progress_end(void);

/* --- debuginfod.c ------------------------------------------------------------ */

/* May servers be asked? `wanted`: the command line says so. False, told: they are to
 * be, and cannot. */
bool report_debuginfod_open(bool wanted);
bool report_debuginfod_is_open(void);
/* The debug file of that build, as a path; freed by free(). NULL: no server has it. */
char *report_debuginfod_find(const uint8_t *build_id, uint32_t size,
			     const char *label);
void report_debuginfod_close(void);

/* --- found.c ----------------------------------------------------------------- */

/* What a file can tell. */
enum report_rank {
	REPORT_NOTHING,
	REPORT_DYNAMIC, /* names of exported functions */
	REPORT_SYMBOLS,
	REPORT_LINES,
};

/* A file that recordings name. */
struct report_found {
	struct report_found *next;
	uint64_t identity;
	char *recorded; /* its path there */
	char *path;	/* here; NULL: none of that build */
	enum report_rank rank;
	uint32_t nameless; /* frames without any name */
	bool is_asked;	   /* frames of it have been looked at */
};

struct report_finder {
	struct report_found *first;
	const char *sysroot;
	const char **debug_dirs; /* ends with NULL */
};

/* The one for a file of a recording. NULL: no memory. */
struct report_found *report_find(struct report_finder *finder,
				 const struct dwunw_recording_file *file);
/* Which files have left frames without a name, and what would help. */
void report_say_missing(const struct report_finder *finder);
void report_finder_free(struct report_finder *finder);

/* --- names.c ----------------------------------------------------------------- */

/* NULL: no memory. */
struct report_names *report_names_new(const struct dwu_cmd_files *files);
/* Names of a frame; false: it has none. info is the caller's, what it leads to the
 * names' own until report_names_free(). */
bool report_names_of(struct report_names *names,
		     const struct dwunw_recording *recording,
		     const struct dwunw_recording_frame *frame,
		     struct dwunw_symbol_info *info);
void report_names_free(struct report_names *names);

/* --- fill.c ------------------------------------------------------------------ */

/* Adds one to the report. False: no memory. */
bool report_fill(struct dwunw_report *report,
		 const struct dwunw_recording *recording,
		 struct report_names *names, bool by_process);

#endif
