/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * count.c - `dwunw count`: an event, counted by the stack that leads to it.
 */
#include "leaks.h"

#include "commands.h"
#include "leak.h"
#include "option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"usage: " HELP_COUNT_USAGE "       -h, --help, -V, --version\n"
	"\n"
	"count  counts EVENT by the stack that leads to it, until PID or COMMAND "
	"ends or\n"
	"       Ctrl-C, and prints the stacks, most events first.\n"
	"BYTES may end in K, M or G; times in ms, s, m or h.\n"
	"\n"
	"What is counted:\n"
	"  -e,  --event EVENT          one of\n" LEAK_EVENTS_HELP
	"       --budget N             stacks a second at most\n"
	"What is followed:\n"
	"  -p,  --pid PID              a process; or several: 12,13\n"
	"       -- COMMAND ARGUMENT... starts it, with all that it starts\n"
	"  -a,  --all                  every process, and those to come\n"
	"       --cgroup DIRECTORY     all of a cgroup (version 2), and below it\n"
	"  -f,  --follow-forks         children of PID as well\n"
	"The report:\n"
	"  -d,  --duration TIME        ends after it\n"
	"  -i,  --interval TIME        a report each time, and at the end\n"
	"  -T,  --top N                so many stacks (10)\n"
	"       --only PATTERN         stacks with such a function or file\n"
	"       --output FILE          the text goes there, not to stdout\n"
	"       --folded[=FILE]        for a flame graph\n"
	"       --json[=FILE]          a line of JSON for each report\n"
	"       --pprof FILE           a profile for go tool pprof, Pyroscope, "
	"Parca\n"
	"       --html FILE            a page for a browser\n"
	"       --speedscope FILE      for speedscope\n"
	"       --record FILE          what dwunw report reads, here or elsewhere\n"
	"       --push URL             to a Pyroscope server, each interval: "
	"dwunw-count(1)\n"
	"       --push-headers FILE, --push-name NAME, --push-label KEY=VALUE,\n"
	"       --push-format pyroscope|otlp\n"
	"       --stats                what was sent, and memory\n"
	"  -v,  --verbose              a line for each event that is sent\n"
	"Stacks:\n"
	"       --mode off|fallback|force  the kernel's frame-pointer walk: "
	"always;\n"
	"                              where dwunw fails (fallback); never\n"
	"       --walk auto|kernel|copy  who walks: the kernel, if it can "
	"(auto)\n"
	"       --depth N              frames (127)\n"
	"       --stack-bytes BYTES    copied of a stack (16384, at most 28672)\n"
	"       --max-stacks N         different stacks kept (10240)\n"
	"       --ring-size BYTES      of the event buffer (4M; mips 1M)\n"
	"       --memory-max BYTES     for names, half of it for a file's tables "
	"(64M)\n";

struct arguments {
	struct leak leak; /* first: the rows fill it */
	uint64_t duration_ns;
};

#define EVENTS LEAK_EVENTS "; of allocations dwunw leaks tells"

static bool take_event(void *leak, const char *text)
{
	const struct leak *own = leak;

	return leak_take_event(leak, text) && own->given[own->events - 1].kind;
}

static const struct option_row rows[] = {
	LEAK_OTHER("event", 'e', EVENTS, take_event),
	LEAK_COUNT("frequency", 'F', event.frequency, 10000),
	LEAK_COUNT("budget", 0, config.budget, 1u << 30),
	LEAK_FOLLOWED_ROWS,
	{ .name = "duration",
	  .letter = 'd',
	  .kind = OPTION_SECONDS,
	  .to = offsetof(struct arguments, duration_ns),
	  .min = LEAK_SECOND / 100,
	  .max = 1000000 * LEAK_SECOND },
	LEAK_INTERVAL,
	LEAK_COUNT("top", 'T', report_options.top, UINT32_MAX),
	LEAK_TEXT("only", 0, only),
	LEAK_TEXT("output", 0, output),
	LEAK_STREAM("folded", FOLDED),
	LEAK_STREAM("json", JSON),
	LEAK_FILE("pprof", PPROF),
	LEAK_FILE("html", HTML),
	LEAK_FILE("speedscope", SPEEDSCOPE),
	LEAK_TEXT("record", 0, record),
	LEAK_PUSH_ROWS,
	LEAK_FLAG("stats", 0, statistics),
	LEAK_FLAG("verbose", 'v', config.verbose),
	LEAK_STACK_ROWS,
	LEAK_BUFFER_ROWS,
	{ .kind = OPTION_END },
};
static const struct option_program program = {
	.name = "dwunw",
	.command = "count",
	.help = help,
	.rows = rows,
};

static const char *contradiction(const struct arguments *arguments)
{
	const struct leak *leak = &arguments->leak;
	const struct dwunw_heap_config *config = &leak->config;

	if (!leak->events)
		return "-e EVENT is needed";
	if ((config->command != NULL) + (config->pid_count > 0) + config->all +
		    (config->cgroup != NULL) !=
	    1)
		return "one of -p PID, -- COMMAND, -a and --cgroup is needed, "
		       "and no two of them";
	if (config->follow_forks && !config->pid_count && !config->command)
		return "-f is about the children of PID";
	if (arguments->duration_ns && leak->interval_ns)
		return "-d and -i exclude each other";
	if (leak_exports_meet(leak))
		return "two formats have the same file; --folded and --json "
		       "exclude each other, but for two files";
	if (leak->output && leak_stdout_is_taken(leak))
		return "--output is the text's file: --json=FILE or "
		       "--folded=FILE";
	return NULL;
}

static void set_defaults(struct leak *leak)
{
	leak_set_defaults(leak);
	leak->config.tool = "dwunw: count";
	leak->config.words = (struct dwunw_heap_words){
		.file = "-e",
		.patterns = "-e",
		.names = "-e",
		.pids = "-p",
		.mode = "--mode=force",
		.stacks = "--max-stacks",
	};
	leak_set_walk(leak);
	leak->report.meta.tool = "dwunw count";
	leak->report_options.stacks_option = leak->config.words.stacks;
	leak->interval_ns = 0;
	leak->print = leak_print_report;
}

/* A run without -i has one report, at its end. */
static void set_times(struct arguments *arguments)
{
	struct leak *leak = &arguments->leak;

	if (leak->interval_ns)
		return;
	leak->interval_ns = arguments->duration_ns ? arguments->duration_ns :
						     UINT64_MAX / 2;
	leak->intervals = 1;
}

static int parse(struct arguments *arguments, char **argv)
{
	struct leak *leak = &arguments->leak;
	const char *what;
	int count, status, words = leak_count_words(argv);

	set_defaults(leak);
	status = option_parse(&program, arguments, argv, &count);
	if (status < 0)
		status = leak_take_command(&program, leak, count, argv, words);
	if (status >= 0)
		return status;
	what = contradiction(arguments);
	if (!what)
		what = leak_settle_event(leak);
	if (!what)
		what = push_contradiction(&leak->push_options);
	if (what)
		return option_wrong(&program, "%s", what);
	set_times(arguments);
	return leak_check(&program, leak);
}

int dwu_cmd_count(int argc, char **argv)
{
	static struct arguments arguments;
	int status = parse(&arguments, argv);

	(void)argc;
	return status < 0 ? leak_run_pushed(&arguments.leak) : status;
}
