/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * report.c - `dwunw report`: recordings, of any host, as a report.
 */
#include "report.h"

#include "commands.h"
#include "help.h"
#include "replace.h"
#include "suppress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
	"usage: " HELP_REPORT_USAGE "       -h, --help, -V, --version\n"
	"\n"
	"report  prints what dwunw record has written, on this machine or "
	"another.\n"
	"       Several files are added up, by stack.\n"
	"\n"
	"The report:\n"
	"  -T,  --top N            so many stacks (10)\n"
	"       --processes        each process apart\n"
	"  -e,  --event EVENT      of a recording of several events: that one\n"
	"       --suppressions FILE  without stacks of these names, in "
	"LeakSanitizer's\n"
	"                          format: leak:PATTERN\n"
	"       --baseline FILE    without the stacks of FILE, which --folded=FILE has\n"
	"                          written before; exit status 3 if others are left\n"
	"       --output FILE      the text goes there, not to stdout\n"
	"       --folded[=FILE]    for a flame graph, instead of the text; FILE: "
	"beside it\n"
	"       --json[=FILE]      a line of JSON, in the same way\n"
	"       --pprof FILE       a profile for go tool pprof, Pyroscope, Parca\n"
	"       --html FILE        a page for a browser\n"
	"       --heaptrack FILE   for heaptrack_print and heaptrack_gui\n"
	"       --speedscope FILE  for speedscope\n"
	"       --metrics FILE     OpenMetrics text for Prometheus\n"
	"       --push URL         to a Pyroscope server: dwunw-report(1)\n"
	"       --push-headers FILE, --push-name NAME, --push-label KEY=VALUE,\n"
	"       --push-format pyroscope|otlp\n"
	"Where names come from:\n"
	"       --sysroot DIR      files of the machine, unstripped, at the same "
	"paths\n"
	"       --debug-dir DIR    debug files by build id; may be given many "
	"times\n"
	"       --debuginfod       ask the servers of DEBUGINFOD_URLS; they are "
	"also asked\n"
	"                          where that is set, unless --no-debuginfod\n"
	"       --no-debuginfod    ask nobody\n"
	"       --memory-max N     bytes for names; half of it for a file's "
	"tables (64M)\n";

static bool take_label(void *into, const char *text)
{
	struct report_arguments *arguments = into;

	return push_take_label(&arguments->push, text);
}

static const struct option_row rows[] = {
	PUSH_ROWS(struct report_arguments, push, take_label),
	REPORT_TEXT("baseline", baseline),
	REPORT_ROWS,
	{ .kind = OPTION_END },
};
static const struct option_program program = {
	.name = "dwunw",
	.command = "report",
	.help = help,
	.rows = rows,
};

/* --- reading ----------------------------------------------------------------------- */

/* What is missing of it. False: something that was in it. */
static bool say_end(const char *path, const struct dwunw_recording *recording)
{
	if (recording->end == DWUNW_RECORDING_ENDED)
		return true;
	report_progress_end();
	dwu_cmd_error("report: %s: %s; what stands before is reported", path,
		      recording->end_text);
	return recording->end == DWUNW_RECORDING_OPEN;
}

bool report_fill_one(const struct report_arguments *arguments, const char *path,
		     const char *event, struct report_names *names,
		     struct dwunw_report *report)
{
	struct dwunw_recording recording;
	bool good = report_read(&recording, path, event);

	if (good) {
		good = report_fill(report, &recording, names,
				   arguments->by_process);
		if (!good)
			dwu_cmd_error("report: %s: out of memory", path);
		good &= say_end(path, &recording);
	}
	dwunw_recording_free(&recording);
	return good;
}

static const char *event_of(const struct dwunw_report *report)
{
	return report->meta.event ? report->meta.event : "alloc";
}

bool report_is_alike(const char *command, const char *path,
		     const struct dwunw_report *report,
		     const struct dwunw_report *other)
{
	if (!report->meta.has || !other->meta.has ||
	    !strcmp(event_of(report), event_of(other)))
		return true;
	report_progress_end();
	dwu_cmd_error("%s: %s: it counts %s, and what stands before it %s",
		      command, path, event_of(other), event_of(report));
	return false;
}

/* Added to what there is. */
static bool add_one(const struct report_arguments *arguments, const char *path,
		    const char *event, struct report_names *names,
		    struct dwunw_report *report)
{
	struct dwunw_report one = { 0 };
	bool good = report_fill_one(arguments, path, event, names, &one);

	if (!report_is_alike("report", path, report, &one))
		good = false;
	else if (one.meta.has &&
		 dwunw_report_add(report, &one, 1) != DWUNW_OK) {
		dwu_cmd_error("report: %s: out of memory", path);
		good = false;
	}
	dwunw_report_free(&one);
	return good;
}

static bool add_all(const struct report_arguments *arguments, char **paths,
		    int count, const char *event, struct report_names *names,
		    struct dwunw_report *report)
{
	bool good = true;

	if (count == 1)
		return report_fill_one(arguments, paths[0], event, names,
				       report);
	for (int i = 0; i < count; i++) {
		report_progress("recordings: %d of %d", i + 1, count);
		good &= add_one(arguments, paths[i], event, names, report);
	}
	return good;
}

/* --- writing ------------------------------------------------------------------------ */

bool report_suppress(const struct report_arguments *arguments,
		     struct dwunw_report *report)
{
	const char *path = arguments->suppressions;

	return !path || suppress_file("dwunw: report", path, report);
}

/* where "": stdout. */
static bool write_to(const struct report_arguments *arguments,
		     const struct dwunw_report *report, uint32_t format,
		     const char *where)
{
	FILE *out = *where ? replace_open(where) : stdout;
	struct dwunw_report_output output = { replace_write, out };
	dwunw_status_t status;
	int error;

	if (!out) {
		dwu_cmd_error("report: %s: %s", where, strerror(errno));
		return false;
	}
	status = dwunw_report_write(report, format, &arguments->options,
				    &output);
	error = *where ? replace_done(out, where) : 0;
	if (error)
		dwu_cmd_error("report: %s: %s", where, strerror(error));
	else if (status != DWUNW_OK && status != DWUNW_ERR_IO)
		dwu_cmd_error("report: %s", dwunw_status_text(status));
	return status == DWUNW_OK && !error;
}

/* Formats and limits that are about allocations alone. False: told. */
static bool can_tell(const struct report_arguments *arguments,
		     const struct dwunw_report *report)
{
	const char *option = arguments->exports[DWUNW_REPORT_AS_HEAPTRACK] ?
				     "--heaptrack" :
			     arguments->is_limited ? "--fail-if-growth" :
						     NULL;

	if (!report->meta.event || !option)
		return true;
	dwu_cmd_error("report: %s is about allocations; what was recorded is "
		      "%s",
		      option, report->meta.event);
	return false;
}

/* The text, unless a format has its place. */
bool report_write_all(const struct report_arguments *arguments,
		      const struct dwunw_report *report)
{
	const char *text = arguments->exports[DWUNW_REPORT_AS_TEXT];
	bool good = can_tell(arguments, report), taken = text;

	if (!good)
		return false;

	for (uint32_t i = 0; i < DWUNW_REPORT_FORMAT_END; i++) {
		const char *where = arguments->exports[i];

		if (!where)
			continue;
		taken |= !*where;
		good &= write_to(arguments, report, i, where);
	}
	if (!taken)
		good &= write_to(arguments, report, DWUNW_REPORT_AS_TEXT, "");
	return good;
}

void report_sort(struct dwunw_report *report)
{
	uint32_t has = report->meta.has;

	dwunw_report_sort(report, has & 1u << DWUNW_REPORT_LIVE_BYTES ?
					  DWUNW_REPORT_LIVE_BYTES :
				  has & 1u << DWUNW_REPORT_EVENT ?
					  DWUNW_REPORT_EVENT :
					  DWUNW_REPORT_SAMPLES);
}

/* --push. False: told. */
static bool push_all(const struct report_arguments *arguments,
		     struct dwunw_report *report)
{
	struct push *push;

	if (push_open(&push, &arguments->push, "dwunw: report"))
		return false;
	push_report(push, report);
	return push_close(push);
}

/* One event of all files; `left`: stacks that the baseline has not. */
static bool run_event(const struct report_arguments *arguments, char **paths,
		      int count, const char *event, struct report_names *names,
		      uint32_t *left)
{
	struct dwunw_report report = { 0 };
	bool good = add_all(arguments, paths, count, event, names, &report);

	if (report.meta.has && report_suppress(arguments, &report) &&
	    (!arguments->baseline ||
	     suppress_known("dwunw: report", arguments->baseline, &report,
			    left))) {
		report_sort(&report);
		good &= report_write_all(arguments, &report);
		good &= push_all(arguments, &report);
	} else if (report.meta.has) {
		good = false;
	}
	dwunw_report_free(&report);
	return good;
}

/* Where there is none, why is still to be said, and the other files are read. */
static bool run_events(const struct report_arguments *arguments, char **paths,
		       int count, const struct report_events *events,
		       struct report_names *names, uint32_t *left)
{
	bool good = true;

	for (uint32_t i = 0; i < events->count || !i; i++) {
		report_say_event(arguments, events, i);
		good &= run_event(arguments, paths, count,
				  events->count ? events->names[i] : NULL,
				  names, left);
	}
	return good;
}

static int run(const struct report_arguments *arguments, char **paths,
	       int count)
{
	struct report_names *names = report_names_new(&arguments->files);
	struct report_events events;
	uint32_t left = 0;
	bool good;

	if (!names) {
		dwu_cmd_error("cannot start: out of memory");
		return CMD_FAILED;
	}
	good = report_list_events(&events, paths[0], arguments->event) &&
	       report_can_be_several(arguments, &events, paths[0]);
	if (good)
		good = run_events(arguments, paths, count, &events, names,
				  &left);
	report_free_events(&events);
	report_names_free(names);
	return !good ? CMD_FAILED : left ? SUPPRESS_LEFT : CMD_OK;
}

/* Is the output one of the recordings, which would be replaced? */
static bool is_one_of(const char *output, char **paths, int count)
{
	struct stat there, read;

	if (!output || !*output || stat(output, &there))
		return false;
	for (int i = 0; i < count; i++)
		if (!stat(paths[i], &read) && read.st_dev == there.st_dev &&
		    read.st_ino == there.st_ino)
			return true;
	return false;
}

const char *report_contradiction(const struct report_arguments *arguments,
				 char **paths, int count)
{
	const char *const *exports = arguments->exports;

	for (uint32_t i = 0; i < DWUNW_REPORT_FORMAT_END; i++)
		if (is_one_of(exports[i], paths, count))
			return "a recording that is read would be replaced by "
			       "a report of the same name";

	for (uint32_t i = 0; i < DWUNW_REPORT_FORMAT_END; i++)
		for (uint32_t k = 0; exports[i] && k < i; k++)
			if (exports[k] && !strcmp(exports[i], exports[k]))
				return "two formats have the same file";
	if (arguments->debuginfod && arguments->no_debuginfod)
		return "--debuginfod and --no-debuginfod exclude each other";
	return NULL;
}

static int parse(struct report_arguments *arguments, char **argv)
{
	const char *what;
	int count, status = option_parse(&program, arguments, argv, &count);

	if (status >= 0)
		return status;
	what = report_contradiction(arguments, argv + 1, count);
	if (!what)
		what = push_contradiction(&arguments->push);
	if (what)
		return option_wrong(&program, "%s", what);
	if (!count)
		return option_wrong(&program, "which recording?");
	if (!arguments->no_debuginfod &&
	    !report_debuginfod_open(arguments->debuginfod))
		return CMD_FAILED;
	status = run(arguments, argv + 1, count);
	report_debuginfod_close();
	return status;
}

int dwu_cmd_report(int argc, char **argv)
{
	struct report_arguments arguments = { .options = { .losses = true } };
	int code = parse(&arguments, argv);

	(void)argc;
	dwu_cmd_files_free(&arguments.files);
	return code;
}
