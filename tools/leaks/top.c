/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * top.c - `dwunw top`: the run of `dwunw leaks` or `dwunw count` on a screen.
 */
#include "leaks.h"

#include "commands.h"
#include "leak.h"
#include "option.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
	"usage: " HELP_TOP_USAGE "       -h, --help, -V, --version\n"
	"\n"
	"top  shows the stacks that hold most, or grow most, until PID ends or q; "
	"the last\n"
	"     report stays. Where the output is no terminal each report is a "
	"table.\n"
	"BYTES may end in K, M or G; times in ms, s, m or h.\n"
	"\n"
	"Keys:\n"
	"  b g n       most bytes (or time), growth, blocks (or events) first\n"
	"  up down     another stack (k, j); enter unfolds it, and folds it\n"
	"  r           growth is counted from now on\n"
	"  q           ends\n"
	"What is followed:\n"
	"  -p,  --pid PID              a process; or several: 12,13\n"
	"  -a,  --all                  every process, and those to come\n"
	"       --cgroup DIRECTORY     all of a cgroup (version 2), and below it\n"
	"  -f,  --follow-forks         children of PID as well\n"
	"What is counted:\n"
	"  -e,  --event EVENT          one of\n"
	"         alloc                        allocations that are live (this "
	"one)\n" LEAK_EVENTS_HELP
	"  -o,  --older MS             alloc: only blocks at least so old (500)\n"
	"  -s,  --sample-rate N        alloc: one of N at random, totals scaled\n"
	"       --sample-bytes BYTES   alloc: one for so many bytes on average\n"
	"       --budget N             stacks a second at most\n"
	"The table:\n"
	"  -i,  --interval TIME        between reports (1s)\n"
	"  -n,  --count N              so many reports\n"
	"       --sort amount|growth|count  what is first (amount)\n"
	"  -T,  --top N                so many stacks (as the screen has, else "
	"10)\n"
	"       --only PATTERN         stacks with such a function or file\n"
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
	"tables (64M)\n";

struct arguments {
	struct leak leak; /* first: the rows fill it */
	enum screen_order order;
};

static const struct option_row rows[] = {
	LEAK_FOLLOWED_ROWS,
	LEAK_OTHER("event", 'e', "alloc, " LEAK_EVENTS, leak_take_event),
	LEAK_COUNT("frequency", 'F', event.frequency, 10000),
	{ .name = "older",
	  .letter = 'o',
	  .kind = OPTION_MS,
	  .to = LEAK_AT(view.min_age_ns),
	  .max = UINT32_MAX * 1000000ull },
	LEAK_COUNT("sample-rate", 's', config.sample_every, UINT32_MAX),
	{ .name = "sample-bytes",
	  .kind = OPTION_SIZE,
	  .to = LEAK_AT(config.sample_bytes),
	  .min = 1,
	  .max = 1u << 30 },
	LEAK_COUNT("budget", 0, config.budget, 1u << 30),
	LEAK_INTERVAL,
	LEAK_COUNT("count", 'n', intervals, INT32_MAX),
	{ .name = "sort",
	  .kind = OPTION_CHOICE,
	  .to = offsetof(struct arguments, order),
	  .allowed = "amount|growth|count" },
	LEAK_COUNT("top", 'T', report_options.top, UINT32_MAX),
	LEAK_TEXT("only", 0, only),
	LEAK_TEXT("object", 0, config.file),
	LEAK_OTHER("allocator", 0,
		   "a pattern with a *, of at most 40 characters",
		   leak_take_pattern),
	LEAK_OTHER("symbol", 0, DWUNW_GIVEN_ALLOWED, leak_take_symbol),
	LEAK_TEXT("debug-file", 0, config.debug_file),
	LEAK_STACK_ROWS,
	LEAK_BUFFER_ROWS,
	LEAK_COUNT("max-live", 0, config.live_max, 1u << 26),
	{ .kind = OPTION_END },
};
static const struct option_program program = {
	.name = "dwunw",
	.command = "top",
	.help = help,
	.rows = rows,
};

static const char *contradiction(const struct leak *leak)
{
	const struct dwunw_heap_config *config = &leak->config;

	if ((config->pid_count > 0) + config->all + (config->cgroup != NULL) !=
	    1)
		return "one of -p PID, -a and --cgroup is needed, and no two "
		       "of them";
	if (config->follow_forks && !config->pid_count)
		return "-f is about the children of PID";
	if (config->sample_every > 1 && config->sample_bytes)
		return "-s and --sample-bytes exclude each other";
	return leak_about_allocations(leak);
}

static void set_defaults(struct leak *leak)
{
	leak_set_defaults(leak);
	leak->config.tool = "dwunw: top";
	leak->config.words = (struct dwunw_heap_words){
		.file = "--object",
		.patterns = "--allocator",
		.names = "--allocator",
		.pids = "-p",
		.mode = "--mode=force",
		.stacks = "--max-stacks",
	};
	leak_set_walk(leak);
	leak->report.meta.tool = "dwunw top";
	leak->report_options.top = 0;
	leak->interval_ns = LEAK_SECOND;
	leak->print = screen_print;
	leak->poll = screen_poll;
}

static int parse(struct arguments *arguments, char **argv)
{
	struct leak *leak = &arguments->leak;
	const char *what;
	int count, status;

	set_defaults(leak);
	status = option_parse(&program, arguments, argv, &count);
	if (status < 0 && count)
		return option_wrong(&program, "'%s': a process is -p PID",
				    argv[1]);
	if (status >= 0)
		return status;
	what = contradiction(leak);
	if (!what)
		what = leak_settle_event(leak);
	if (what)
		return option_wrong(&program, "%s", what);
	return leak_check(&program, leak);
}

int dwu_cmd_top(int argc, char **argv)
{
	static struct arguments arguments;
	int status = parse(&arguments, argv);

	(void)argc;
	if (status >= 0)
		return status;
	screen_open(arguments.order);
	return leak_run(&arguments.leak);
}
