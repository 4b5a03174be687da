/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * diff.c - `dwunw diff`: what one recording has more than another, by stack.
 */
#include "report.h"

#include "commands.h"
#include "help.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CMD_GREW 3

static const char help[] =
	"usage: " HELP_DIFF_USAGE "       -h, --help, -V, --version\n"
	"\n"
	"diff  prints what the recording NEW has more than OLD, by stack. Stacks "
	"are the\n"
	"      same if their files and addresses in them are, whatever process "
	"and host.\n"
	"\n"
	"       --fail-if-growth BYTES  exit status 3 if the stacks that have grown "
	"have\n"
	"                          more than BYTES more; K, M or G may follow\n"
	"       --suppressions FILE  without stacks of these names, in "
	"LeakSanitizer's\n"
	"                          format: leak:PATTERN\n"
	"  -T,  --top N            so many stacks (10)\n"
	"  -e,  --event EVENT      of recordings of several events: that one\n"
	"       --processes        has no effect: each stack is a single entry\n"
	"       --output FILE, --folded[=FILE], --json[=FILE], --pprof FILE, --html "
	"FILE,\n"
	"       --heaptrack FILE, --speedscope FILE, --metrics FILE, --sysroot DIR,\n"
	"       --debug-dir DIR, --debuginfod, --no-debuginfod, --memory-max N  as "
	"of\n"
	"                          dwunw report\n";

static bool take_growth(void *into, const char *text);

static const struct option_row rows[] = {
	{ .name = "fail-if-growth",
	  .kind = OPTION_OTHER,
	  .allowed = "bytes: 0, 4096, 64K, 1M",
	  .take = take_growth },
	REPORT_ROWS,
	{ .kind = OPTION_END },
};
static const struct option_program program = {
	.name = "dwunw",
	.command = "diff",
	.help = help,
	.rows = rows,
};

/* 0 is a limit, too. */
static bool take_growth(void *into, const char *text)
{
	static const char units[] = "KMG";
	struct report_arguments *arguments = into;
	char number[24];
	const char *unit;
	size_t size = strlen(text);

	unit = size > 1 ? strchr(units, text[size - 1]) : NULL;
	if (size >= sizeof(number))
		return false;
	memcpy(number, text, size + 1);
	if (unit)
		number[size - 1] = 0;
	arguments->is_limited = true;
	if (!option_number(number, &arguments->growth_max))
		return false;
	for (; unit && unit >= units; unit--) {
		if (arguments->growth_max >> 54)
			return false;
		arguments->growth_max <<= 10;
	}
	return true;
}

/* What has come to stacks that have more; one that has less is no excuse. */
static uint64_t growth_of(const struct dwunw_report *report)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < report->entry_count; i++) {
		const struct dwunw_report_entry *entry = &report->entries[i];
		int64_t bytes = entry->values[DWUNW_REPORT_LIVE_BYTES];

		if (bytes > 0 && !report->stacks[entry->stack].of_thread)
			sum += (uint64_t)bytes;
	}
	return sum;
}

static int judge(const struct report_arguments *arguments,
		 const struct dwunw_report *report)
{
	uint64_t growth = growth_of(report);

	if (!arguments->is_limited || growth <= arguments->growth_max)
		return CMD_OK;
	dwu_cmd_error("diff: stacks have grown by %" PRIu64
		      " bytes, more than %" PRIu64,
		      growth, arguments->growth_max);
	return CMD_GREW;
}

/* Both, and their difference. False: told. */
static bool compare(const struct report_arguments *arguments, char **paths,
		    const char *event, struct report_names *names,
		    struct dwunw_report *result)
{
	struct dwunw_report before = { 0 }, after = { 0 };
	bool good =
		report_fill_one(arguments, paths[0], event, names, &before) &&
		report_fill_one(arguments, paths[1], event, names, &after) &&
		report_is_alike("diff", paths[1], &before, &after);

	if (good && (dwunw_report_add(result, &after, 1) ||
		     dwunw_report_add(result, &before, -1))) {
		dwu_cmd_error("diff: out of memory");
		good = false;
	}
	result->meta.tool = "dwunw diff";
	dwunw_report_free(&before);
	dwunw_report_free(&after);
	return good;
}

static int run_event(const struct report_arguments *arguments, char **paths,
		     const char *event, struct report_names *names)
{
	struct dwunw_report report = { 0 };
	int code = CMD_FAILED;

	if (compare(arguments, paths, event, names, &report) &&
	    report_suppress(arguments, &report)) {
		report_sort(&report);
		if (report_write_all(arguments, &report))
			code = judge(arguments, &report);
	}
	dwunw_report_free(&report);
	return code;
}

static int run(const struct report_arguments *arguments, char **paths)
{
	struct report_names *names = report_names_new(&arguments->files);
	struct report_events events;
	int code = CMD_OK;

	if (!names) {
		dwu_cmd_error("cannot start: out of memory");
		return CMD_FAILED;
	}
	if (!report_list_events(&events, paths[0], arguments->event) ||
	    !report_can_be_several(arguments, &events, paths[0]))
		code = CMD_FAILED;
	for (uint32_t i = 0; !code && (i < events.count || !i); i++) {
		report_say_event(arguments, &events, i);
		code = run_event(arguments, paths,
				 events.count ? events.names[i] : NULL, names);
	}
	report_free_events(&events);
	report_names_free(names);
	return code;
}

static int parse(struct report_arguments *arguments, char **argv)
{
	const char *what;
	int count, status = option_parse(&program, arguments, argv, &count);

	if (status >= 0)
		return status;
	what = report_contradiction(arguments, argv + 1, count);
	if (what)
		return option_wrong(&program, "%s", what);
	if (count != 2)
		return option_wrong(&program,
				    "two recordings are needed: OLD and NEW");
	if (!arguments->no_debuginfod &&
	    !report_debuginfod_open(arguments->debuginfod))
		return CMD_FAILED;
	status = run(arguments, argv + 1);
	report_debuginfod_close();
	return status;
}

int dwu_cmd_diff(int argc, char **argv)
{
	struct report_arguments arguments = { .options = { .losses = false } };
	int code = parse(&arguments, argv);

	(void)argc;
	dwu_cmd_files_free(&arguments.files);
	return code;
}
