/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * arguments.c - the command line: upstream's, and what came to it.
 */
#include "memleak.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: memleak_dwunw_user [OPTION...] [INTERVAL [INTERVALS]]\n"
	"Memory that was allocated and not freed, by the stack that allocated "
	"it.\n"
	"Every INTERVAL seconds (5), INTERVALS times (until the target "
	"ends).\n"
	"  -h, --help, -V, --version\n"
	"BYTES and N of bytes may end in K, M or G; times in ms, s, m or h.\n"
	"\n"
	"What is traced; without -p, -c, --all, --cgroup the kernel's own allocations:\n"
	"  -p, --pid=PID              a process; again for more, or "
	"PID,PID,...\n"
	"  -c, --command='CMD ARGS'   starts it and follows what it starts\n"
	"  -f, --follow-forks         children of the processes of -p as well\n"
	"      --all                  every process, and those to come\n"
	"      --cgroup=DIRECTORY     all of a cgroup, and below it\n"
	"      --everywhere           if a process's mappings can't be read: "
	"probes in\n"
	"                             every process where it has no own\n"
	"  -O, --obj=OBJECT           allocator functions of this file only\n"
	"  -S, --symbols-prefix=PREFIX  PREFIXmalloc, PREFIXfree, ...\n"
	"      --allocator=PATTERN    the same by a pattern: 'je_*', '*_hook'\n"
	"      --symbol=NAME=0xOFFSET[@FILE]  where one is in a stripped file\n"
	"      --debug-file=FILE      symbols of a stripped file\n"
	"  -P, --percpu               the kernel's percpu allocations\n"
	"  -F, --wa-missing-free      kernel: allocated again means freed\n"
	"Which allocations:\n"
	"  -z, --min-size=BYTES       not smaller\n"
	"  -Z, --max-size=BYTES       not larger\n"
	"  -s, --sample-rate=N        one of N at random, totals scaled\n"
	"      --sample-bytes=BYTES   one for so many bytes on average; totals "
	"scaled\n"
	"      --budget=N             stacks a second at most\n"
	"The report:\n"
	"  -a, --show-allocs          each block's address and size\n"
	"  -o, --older=AGE_MS         no younger ones (500)\n"
	"  -C, --combined-only        sums only, if not -o of all ages\n"
	"  -T, --top=N                so many stacks (10)\n"
	"  -t, --trace                a line for each allocation and free\n"
	"      --threads              each thread apart\n"
	"      --processes            each process apart\n"
	"      --only=PATTERN         stacks with such a function or file\n"
	"      --suppressions=FILE    without those that it names: leak:PATTERN\n"
	"      --baseline=FILE        without the stacks that --folded=FILE had\n"
	"      --folded[=FILE]        for a flame graph, at the end; FILE: each "
	"report\n"
	"      --json[=FILE]          one line of JSON for each report; FILE: the "
	"newest\n"
	"      --pprof=FILE, --html=FILE, --heaptrack=FILE, --speedscope=FILE,\n"
	"      --metrics=FILE         the newest report in these formats\n"
	"      --stats                always say what was lost, and memory\n"
	"  -v, --verbose              a line for each event, libbpf's as well\n"
	"Stacks:\n"
	/* dwunw-added 7: the mode and what a capture may cost */
	"      --dwunw-mode=off|fallback|force  the kernel's frame-pointer "
	"walk: always;\n"
	"                             where dwunw fails (default); never\n"
	"      --stack-bytes=N        copied of a stack (16384, at most "
	"28672)\n"
	"      --perf-max-stack-depth=N  frames (127)\n"
	"      --stack-storage-size=N different stacks kept (10240)\n"
	"      --ring-size=BYTES      of the event buffer (4194304; mips "
	"1048576)\n"
	"      --max-live=N           blocks followed (81920; mips 16384)\n"
	"      --memory-max=BYTES     for names, half of it for a file's tables "
	"(64M)\n"
	"      --perf-buffer          a perf buffer for each CPU instead\n"
	"      --entry-probes         each function's first instruction\n"
	"      --perf-probes          probes and changed mappings as before Linux "
	"6.13\n";

/* --- values ------------------------------------------------------------------ */

#define WORDS 256

/* 'a "b c" d\ e' to words, in place. -1: too many, or a quote is open. */
static int split(char *text, char **words)
{
	char *from = text, *to = text, quote = 0;
	int count = 0;

	for (;;) {
		while (*from == ' ' || *from == '\t' || *from == '\n')
			from++;
		if (!*from)
			break;
		if (count == WORDS - 1)
			return -1;
		words[count++] = to;
		for (; *from && (quote || !strchr(" \t\n", *from)); from++) {
			if (quote ? *from == quote :
				    *from == '\'' || *from == '"')
				quote = quote ? 0 : *from;
			else if (*from == '\\' && quote != '\'' && from[1])
				*to++ = *++from;
			else
				*to++ = *from;
		}
		if (quote)
			return -1;
		from += *from != 0;
		*to++ = 0;
	}
	words[count] = NULL;
	return count ? count : -1;
}

/* What is no command is said when all else is right. */
static bool take_command(void *into, const char *text)
{
	static char *words[WORDS];
	struct arguments *arguments = into;
	char *copy = *text ? strdup(text) : NULL;

	if (!copy)
		return false;
	arguments->bad_command = split(copy, words) < 0;
	arguments->leak.config.command = words;
	return true;
}

/* --- the table ----------------------------------------------------------------- */

static const struct option_row rows[] = {
	LEAK_OTHER("pid", 'p', "process ids, 12 or 12,13, at most 64",
		   leak_take_pids),
	LEAK_OTHER("command", 'c', "a command with its arguments",
		   take_command),
	{ .name = "combined-only",
	  .letter = 'C',
	  .kind = OPTION_FLAG,
	  .to = offsetof(struct arguments, combined_only) },
	LEAK_FLAG("wa-missing-free", 'F', missing_free),
	LEAK_TEXT("obj", 'O', config.file),
	LEAK_COUNT("stack-storage-size", 0, config.stack_storage, 1u << 24),
	LEAK_COUNT("perf-max-stack-depth", 0, config.depth, 1024),
	{ .name = "dwunw-mode", /* dwunw-added 7 */
	  .kind = OPTION_CHOICE,
	  .to = LEAK_AT(config.mode),
	  .allowed = "off|fallback|force" },
	LEAK_ROWS,
	{ .kind = OPTION_END },
};
static const struct option_row interval_row = {
	.name = "INTERVAL",
	.kind = OPTION_SECONDS,
	.to = LEAK_AT(interval_ns),
	.min = LEAK_SECOND / 100,
	.max = 1000000 * LEAK_SECOND,
};
static const struct option_row intervals_row =
	LEAK_COUNT("INTERVALS", 0, intervals, INT32_MAX);
static const struct option_program program = { .name = TOOL,
					       .help = usage,
					       .rows = rows };

/* --- all of it ------------------------------------------------------------------ */

static const char *contradiction(const struct arguments *arguments)
{
	const struct leak *leak = &arguments->leak;
	const struct dwunw_heap_config *config = &leak->config;
	bool user = leak_is_of_programs(leak);

	if ((config->command != NULL) + (config->pid_count > 0) + config->all +
		    (config->cgroup != NULL) >
	    1)
		return "-c, -p, --all and --cgroup exclude each other";
	if (config->follow_forks && !config->pid_count && !config->command)
		return "-f is about the children of the processes of -p";
	if (user && (leak->percpu || leak->missing_free))
		return "-P and -F are about the kernel: not with -p, -c, --all, "
		       "--cgroup";
	if (arguments->combined_only && leak->show_allocs)
		return "-C shows sums only: not with -a";
	if (leak_exports_meet(leak))
		return "two formats have the same file; --folded and --json "
		       "exclude each other, but for two files";
	if (config->sample_every > 1 && config->sample_bytes)
		return "-s and --sample-bytes exclude each other";
	if (config->min_size > config->max_size)
		return "-z is larger than -Z";
	if (!user && (config->sample_bytes || config->budget || leak->trace ||
		      leak->view.by_thread || leak->view.by_process))
		return "--sample-bytes, --budget, -t, --threads, --processes "
		       "need -p, -c, --all or --cgroup";
	if (!user && (config->file || config->pattern_count ||
		      config->given.count || config->debug_file))
		return "-O, -S, --allocator, --symbol and --debug-file are "
		       "about programs: with -p, -c, --all or --cgroup only";
	return NULL;
}

/* INTERVAL and INTERVALS. */
static int parse_rest(struct arguments *arguments, int count, char **rest)
{
	if (count > 2)
		return option_wrong(&program, "'%s' is one too many", rest[2]);
	if (count > 0 &&
	    !option_operand(&program, &interval_row, arguments, rest[0]))
		return OPTION_WRONG;
	if (count > 1 &&
	    !option_operand(&program, &intervals_row, arguments, rest[1]))
		return OPTION_WRONG;
	return -1;
}

static void set_words(struct leak *leak)
{
	leak->config.tool = TOOL;
	leak->config.words = (struct dwunw_heap_words){
		.file = "-O",
		.patterns = "-S or --allocator",
		.names = "--symbols-prefix or --allocator",
		.pids = "-p",
		.mode = "--dwunw-mode=force",
		.stacks = "--stack-storage-size",
	};
}

/* What the kernel's allocations have no reports for, and a command with an open
 * quote. */
static int check_run(const struct arguments *arguments)
{
	const struct leak *leak = &arguments->leak;

	if (!leak_is_of_programs(leak) &&
	    (leak_has_exports(leak) || leak->suppressions || leak->baseline)) {
		fprintf(stderr, TOOL ": --json, --folded and the like need -p "
				     "or -c\n");
		return OPTION_WRONG;
	}
	if (arguments->bad_command) {
		fprintf(stderr, TOOL ": -c: not a command\n");
		return OPTION_WRONG;
	}
	return -1;
}

int parse_arguments(struct arguments *arguments, char **argv)
{
	struct leak *leak = &arguments->leak;
	const char *what;
	int count, status;

	leak_set_defaults(leak);
	set_words(leak);
	leak->report_options.stacks_option = leak->config.words.stacks;
	leak->report_options.bcc_frames = true;
	/* 500 ms, as upstream's page says: its program has 500 ns */
	leak->view.min_age_ns = UINT64_MAX;
	leak->config.mode = DWUNW_HEAP_FALLBACK; /* dwunw-added 7 */
	status = option_parse(&program, arguments, argv, &count);
	if (status < 0)
		status = parse_rest(arguments, count, argv + 1);
	if (status >= 0)
		return status;
	if (leak->view.min_age_ns == UINT64_MAX)
		leak->view.min_age_ns = arguments->combined_only ? 0 :
								   500000000;
	leak->report_options.losses = leak->config.mode != DWUNW_HEAP_OFF ||
				      leak->statistics;
	what = contradiction(arguments);
	if (what)
		return option_wrong(&program, "%s", what);
	status = leak_check(&program, leak);
	return status < 0 ? check_run(arguments) : status;
}
