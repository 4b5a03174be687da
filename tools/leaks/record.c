/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * record.c - `dwunw record`: the run of `dwunw leaks` without its reports.
 */
#include "leaks.h"

#include "commands.h"
#include "leak.h"
#include "option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"usage: " HELP_RECORD_USAGE "       -h, --help, -V, --version\n"
	"\n"
	"record  writes what was allocated and freed, or another event, by the "
	"stack that\n"
	"       led to it, to FILE, until PID or COMMAND ends or Ctrl-C. dwunw "
	"report\n"
	"       reads it, here or on another machine.\n"
	"BYTES may end in K, M or G; times in ms, s, m or h.\n"
	"\n"
	"What is followed:\n"
	"  -p,  --pid PID              a process; or several: 12,13\n"
	"       -- COMMAND ARGUMENT... starts it, with all that it starts\n"
	"  -a,  --all                  every process, and those to come\n"
	"       --cgroup DIRECTORY     all of a cgroup (version 2), and below it\n"
	"  -f,  --follow-forks         children of PID as well\n"
	"What is counted:\n"
	"  -e,  --event EVENT          may come again, up to 8 times; one of\n"
	"         alloc                        allocations (this one)\n" LEAK_EVENTS_HELP
	"  -s,  --sample-rate N        one of N at random, totals scaled\n"
	"       --sample-bytes BYTES   one for so many bytes on average, totals "
	"scaled\n"
	"       --budget N             stacks a second at most\n"
	"The file:\n"
	"  -o,  --output FILE          readable by its owner alone\n"
	"  -d,  --duration TIME        ends after it\n"
	"  -i,  --interval TIME        between steps of time (5s)\n"
	"       --max-size BYTES       of FILE: the oldest steps are merged\n"
	"       --last TIME            steps of so long; older ones are one\n"
	"       --commands             command lines of processes as well\n"
	"       --no-names             addresses only: smaller\n"
	"       --push URL             to a Pyroscope server as well, each step: "
	"dwunw-record(1)\n"
	"       --push-headers FILE, --push-name NAME, --push-label KEY=VALUE,\n"
	"       --push-format pyroscope|otlp\n"
	"Where the allocator is, for -e alloc:\n"
	"       --object FILE          in this file only; a path or its end\n"
	"       --allocator PATTERN    its functions: 'je_*', '*_hook'\n"
	"       --symbol NAME=0xOFFSET[@FILE]  where one is in a stripped file\n"
	"       --debug-file FILE      symbols of a stripped file\n"
	"Stacks:\n"
	"       --mode off|fallback|force  the kernel's frame-pointer walk: "
	"always;\n"
	"                              where dwunw fails (fallback); never\n"
	"       --walk auto|kernel|copy  who walks: the kernel, if it can "
	"(auto)\n"
	"       --depth N              frames (127)\n"
	"       --stack-bytes BYTES    copied of a stack (16384, at most 28672)\n"
	"       --max-stacks N         different stacks kept (10240)\n"
	"       --max-live N           blocks followed (81920; mips 16384)\n"
	"       --ring-size BYTES      of the event buffer (4M; mips 1M)\n"
	"       --memory-max BYTES     for names, half of it for a file's "
	"tables (64M)\n"
	"  -v,  --verbose              a line for each event\n";

#define MAX_SIZE_LEAST 65536u

static const struct option_row rows[] = {
	{ .name = "output",
	  .letter = 'o',
	  .kind = OPTION_TEXT,
	  .to = LEAK_AT(record) },
	LEAK_FOLLOWED_ROWS,
	LEAK_OTHER("event", 'e', "alloc, " LEAK_EVENTS, leak_take_event),
	LEAK_COUNT("frequency", 'F', event.frequency, 10000),
	LEAK_COUNT("sample-rate", 's', config.sample_every, UINT32_MAX),
	{ .name = "sample-bytes",
	  .kind = OPTION_SIZE,
	  .to = LEAK_AT(config.sample_bytes),
	  .min = 1,
	  .max = 1u << 30 },
	LEAK_COUNT("budget", 0, config.budget, 1u << 30),
	{ .name = "duration",
	  .letter = 'd',
	  .kind = OPTION_SECONDS,
	  .to = LEAK_AT(duration_ns),
	  .min = LEAK_SECOND / 100,
	  .max = 1000000 * LEAK_SECOND },
	LEAK_INTERVAL,
	LEAK_PUSH_ROWS,
	{ .name = "max-size",
	  .kind = OPTION_SIZE64,
	  .to = LEAK_AT(record_max),
	  .min = MAX_SIZE_LEAST,
	  .max = (uint64_t)1 << 40 },
	{ .name = "last",
	  .kind = OPTION_SECONDS,
	  .to = LEAK_AT(record_keep_ns),
	  .min = LEAK_SECOND,
	  .max = 1000000 * LEAK_SECOND },
	LEAK_FLAG("commands", 0, record_commands),
	LEAK_FLAG("no-names", 0, record_bare),
	LEAK_TEXT("object", 0, config.file),
	LEAK_OTHER("allocator", 0,
		   "a pattern with a *, of at most 40 characters",
		   leak_take_pattern),
	LEAK_OTHER("symbol", 0, DWUNW_GIVEN_ALLOWED, leak_take_symbol),
	LEAK_TEXT("debug-file", 0, config.debug_file),
	LEAK_STACK_ROWS,
	LEAK_BUFFER_ROWS,
	LEAK_COUNT("max-live", 0, config.live_max, 1u << 26),
	LEAK_FLAG("verbose", 'v', config.verbose),
	{ .kind = OPTION_END },
};
static const struct option_program program = {
	.name = "dwunw",
	.command = "record",
	.help = help,
	.rows = rows,
};

static const char *contradiction(const struct leak *leak)
{
	const struct dwunw_heap_config *config = &leak->config;

	if (!leak->record)
		return "-o FILE is needed";
	if ((config->command != NULL) + (config->pid_count > 0) + config->all +
		    (config->cgroup != NULL) !=
	    1)
		return "one of -p PID, -- COMMAND, -a and --cgroup is needed, "
		       "and no two of them";
	if (config->follow_forks && !config->pid_count && !config->command)
		return "-f is about the children of PID";
	if (config->sample_every > 1 && config->sample_bytes)
		return "-s and --sample-bytes exclude each other";
	if (leak->record_max &&
	    leak->record_max / MAX_SIZE_LEAST < leak->events)
		return "--max-size: at least 64K for each -e";
	return leak_about_allocations(leak);
}

static void set_words(struct leak *leak)
{
	leak->config.tool = "dwunw: record";
	leak->config.words = (struct dwunw_heap_words){
		.file = "--object",
		.patterns = "--allocator",
		.names = "--allocator",
		.pids = "-p",
		.mode = "--mode=force",
		.stacks = "--max-stacks",
	};
}

static int parse(struct leak *leak, char **argv)
{
	const char *what;
	int count, status, words = leak_count_words(argv);

	leak_set_defaults(leak);
	set_words(leak);
	leak_set_walk(leak);
	leak->report.meta.tool = "dwunw record";
	leak->interval_ns = 5 * LEAK_SECOND;
	leak->view.min_age_ns = 0;
	status = option_parse(&program, leak, argv, &count);
	if (status < 0)
		status = leak_take_command(&program, leak, count, argv, words);
	if (status >= 0)
		return status;
	what = contradiction(leak);
	if (!what)
		what = leak_settle_events(leak);
	if (!what)
		what = push_contradiction(&leak->push_options);
	if (what)
		return option_wrong(&program, "%s", what);
	return leak_check(&program, leak);
}

int dwu_cmd_record(int argc, char **argv)
{
	static struct leak leak;
	int status = parse(&leak, argv);

	(void)argc;
	if (status < 0)
		status = leak_run_pushed(&leak);
	leak_free_next(&leak);
	return status;
}
