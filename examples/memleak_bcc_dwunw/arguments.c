/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * arguments.c - the command line: upstream's, and what came to it.
 */
#include "option.h"
#include "replace.h"
#include "tool.h"

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
	"      --folded[=FILE]        for a flame graph, at the end; FILE: each "
	"report\n"
	"      --json[=FILE]          one line of JSON for each report; FILE: the "
	"newest\n"
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

/* "12" or "12,13"; each may come again. */
static bool take_pids(void *into, const char *text)
{
	struct arguments *arguments = into;
	char number[16];

	for (;;) {
		size_t size = strcspn(text, ",");
		uint64_t pid;

		if (size >= sizeof(number) || arguments->pid_count == PIDS)
			return false;
		memcpy(number, text, size);
		number[size] = 0;
		if (!option_number(number, &pid) || !pid || pid > INT32_MAX)
			return false;
		arguments->pids[arguments->pid_count++] = (int32_t)pid;
		if (!text[size])
			return true;
		text += size + 1;
	}
}

static bool take_pattern(void *into, const char *text)
{
	struct arguments *arguments = into;

	if (arguments->pattern_count == PATTERNS || !strchr(text, '*') ||
	    strlen(text) > PATTERN_SIZE)
		return false;
	arguments->patterns[arguments->pattern_count++].text = text;
	return true;
}

static bool take_prefix(void *into, const char *text)
{
	static char patterns[PATTERNS][PATTERN_SIZE + 2];
	struct arguments *arguments = into;
	char *pattern;

	if (arguments->pattern_count == PATTERNS || !*text ||
	    strlen(text) >= PATTERN_SIZE)
		return false;
	pattern = patterns[arguments->pattern_count];
	snprintf(pattern, sizeof(patterns[0]), "%s*", text);
	return take_pattern(into, pattern);
}

static bool take_symbol(void *into, const char *text)
{
	struct arguments *arguments = into;

	return given_add(&arguments->given, text);
}

/* --- the table ----------------------------------------------------------------- */

#define AT(field) offsetof(struct arguments, field)
#define FLAG(option, short_one, field)                                    \
	{                                                                 \
		.name = option, .letter = short_one, .kind = OPTION_FLAG, \
		.to = AT(field)                                           \
	}
#define TEXT(option, short_one, field)                                    \
	{                                                                 \
		.name = option, .letter = short_one, .kind = OPTION_TEXT, \
		.to = AT(field)                                           \
	}
#define COUNT(option, short_one, field, most)                               \
	{                                                                   \
		.name = option, .letter = short_one, .kind = OPTION_NUMBER, \
		.to = AT(field), .min = 1, .max = most                      \
	}
#define OTHER(option, short_one, what, function)                           \
	{                                                                  \
		.name = option, .letter = short_one, .kind = OPTION_OTHER, \
		.allowed = what, .take = function                          \
	}

static const struct option_row rows[] = {
	OTHER("pid", 'p', "process ids, 12 or 12,13, at most 64", take_pids),
	FLAG("trace", 't', trace),
	FLAG("show-allocs", 'a', show_allocs),
	{ .name = "older",
	  .letter = 'o',
	  .kind = OPTION_MS,
	  .to = AT(min_age_ns),
	  .max = UINT32_MAX * 1000000ull },
	TEXT("command", 'c', command),
	FLAG("combined-only", 'C', combined_only),
	FLAG("wa-missing-free", 'F', missing_free),
	COUNT("sample-rate", 's', sample_every, UINT32_MAX),
	COUNT("top", 'T', top, UINT32_MAX),
	{ .name = "min-size",
	  .letter = 'z',
	  .kind = OPTION_SIZE64,
	  .to = AT(min_size) },
	{ .name = "max-size",
	  .letter = 'Z',
	  .kind = OPTION_SIZE64,
	  .to = AT(max_size) },
	TEXT("obj", 'O', object),
	FLAG("percpu", 'P', percpu),
	OTHER("symbols-prefix", 'S', "a prefix of at most 40 characters",
	      take_prefix),
	FLAG("verbose", 'v', verbose),
	FLAG("follow-forks", 'f', follow_forks),
	COUNT("stack-storage-size", 0, stack_storage, 1u << 24),
	COUNT("perf-max-stack-depth", 0, depth, 1024),
	{ .name = "dwunw-mode", /* dwunw-added 7 */
	  .kind = OPTION_CHOICE,
	  .to = AT(mode),
	  .allowed = "off|fallback|force" },
	{ .name = "folded",
	  .kind = OPTION_FILE,
	  .to = AT(folded),
	  .allowed = "a file" },
	{ .name = "json",
	  .kind = OPTION_FILE,
	  .to = AT(json),
	  .allowed = "a file" },
	FLAG("threads", 0, by_thread),
	FLAG("all", 0, all),
	TEXT("cgroup", 0, cgroup),
	FLAG("processes", 0, by_process),
	{ .name = "sample-bytes",
	  .kind = OPTION_SIZE,
	  .to = AT(sample_bytes),
	  .min = 1,
	  .max = 1u << 30 },
	COUNT("budget", 0, budget, 1u << 30),
	TEXT("only", 0, only),
	FLAG("stats", 0, statistics),
	OTHER("allocator", 0, "a pattern with a *, of at most 40 characters",
	      take_pattern),
	OTHER("symbol", 0, GIVEN_ALLOWED, take_symbol),
	TEXT("debug-file", 0, debug_file),
	{ .name = "stack-bytes",
	  .kind = OPTION_SIZE,
	  .to = AT(stack_cap),
	  .min = 1,
	  .max = DWUNW_CAPTURE_STACK_CAP_MAX },
	{ .name = "ring-size",
	  .kind = OPTION_POWER,
	  .to = AT(ring_size),
	  .min = 4096,
	  .max = 1u << 30 },
	COUNT("max-live", 0, live_max, 1u << 26),
	{ .name = "memory-max",
	  .kind = OPTION_SIZE64,
	  .to = AT(memory_max),
	  .min = 1u << 20,
	  .max = (uint64_t)1 << 40 },
	FLAG("perf-buffer", 0, perf_buffer),
	FLAG("entry-probes", 0, entry_only),
	FLAG("perf-probes", 0, perf_probes),
	{ .kind = OPTION_END },
};
static const struct option_row interval_row = {
	.name = "INTERVAL",
	.kind = OPTION_SECONDS,
	.to = AT(interval_ns),
	.min = SECOND / 100,
	.max = 1000000 * SECOND,
};
static const struct option_row intervals_row =
	COUNT("INTERVALS", 0, intervals, INT32_MAX);
static const struct option_program program = { .name = TOOL,
					       .help = usage,
					       .rows = rows };

/* --- all of it ------------------------------------------------------------------ */

bool traces_programs(const struct arguments *arguments)
{
	return arguments->command || arguments->pid_count || arguments->all ||
	       arguments->cgroup;
}

static const char *contradiction(const struct arguments *arguments)
{
	bool user = traces_programs(arguments);

	if ((arguments->command != NULL) + (arguments->pid_count > 0) +
		    arguments->all + (arguments->cgroup != NULL) >
	    1)
		return "-c, -p, --all and --cgroup exclude each other";
	if (arguments->follow_forks && !arguments->pid_count &&
	    !arguments->command)
		return "-f is about the children of the processes of -p";
	if (user && (arguments->percpu || arguments->missing_free))
		return "-P and -F are about the kernel: not with -p, -c, --all, "
		       "--cgroup";
	if (arguments->combined_only && arguments->show_allocs)
		return "-C shows sums only: not with -a";
	if (arguments->folded && arguments->json &&
	    !strcmp(arguments->folded, arguments->json))
		return "--folded and --json exclude each other, but for two "
		       "files";
	if (arguments->sample_every > 1 && arguments->sample_bytes)
		return "-s and --sample-bytes exclude each other";
	if (arguments->min_size > arguments->max_size)
		return "-z is larger than -Z";
	if (!user && (arguments->sample_bytes || arguments->budget ||
		      arguments->trace || arguments->by_thread ||
		      arguments->by_process))
		return "--sample-bytes, --budget, -t, --threads, --processes "
		       "need -p, -c, --all or --cgroup";
	if (!user && (arguments->object || arguments->pattern_count ||
		      arguments->given.count || arguments->debug_file))
		return "-O, -S, --allocator, --symbol and --debug-file are "
		       "about programs: with -p, -c, --all or --cgroup only";
	return NULL;
}

/* A --symbol of a function that has no probe would never be looked at. */
static int check_symbols(const struct arguments *arguments)
{
	for (uint32_t i = 0; i < arguments->given.count; i++) {
		const struct given_symbol *given = &arguments->given.symbols[i];

		if (!attach_probes_name(arguments, given->name))
			return option_wrong(
				&program,
				"--symbol %s: '%s' is no function "
				"that has a probe; allowed: malloc, "
				"free, calloc and the like, with -S "
				"or --allocator by their pattern",
				given->text, given->name);
	}
	return -1;
}

/* Now, and not when the first report is there. */
static bool can_export(const char *option, const char *path)
{
	int error = path && *path ? replace_check(path) : 0;

	if (error)
		fprintf(stderr, TOOL ": %s=%s: %s\n", option, path,
			error == EEXIST ? "what is there is no regular file" :
					  strerror(error));
	return !error;
}

static int check_files(const struct arguments *arguments)
{
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);

	if (arguments->ring_size < page)
		return option_wrong(&program,
				    "--ring-size: %u is less than a page, %u",
				    arguments->ring_size, page);
	if (!can_export("--folded", arguments->folded) ||
	    !can_export("--json", arguments->json))
		return EXIT_FAILURE;
	if (!arguments->debug_file || !access(arguments->debug_file, R_OK))
		return -1;
	fprintf(stderr, TOOL ": --debug-file %s: %s\n", arguments->debug_file,
		strerror(errno));
	return EXIT_FAILURE;
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

static void set_defaults(struct arguments *arguments)
{
	/* 500 ms, as upstream's page says: its program has 500 ns */
	if (arguments->min_age_ns == UINT64_MAX)
		arguments->min_age_ns = arguments->combined_only ? 0 :
								   500000000;
	/* kernel stacks are kept in the kernel */
	if (!traces_programs(arguments) && arguments->stack_storage == 10240)
		arguments->stack_storage = 8192;
}

int parse_arguments(struct arguments *arguments, char **argv)
{
	const char *what;
	int count, status;

	*arguments = (struct arguments){
		.interval_ns = 5 * SECOND,
		.top = 10,
		.min_age_ns = UINT64_MAX,
		.max_size = UINT64_MAX,
		.sample_every = 1,
		.stack_storage = 10240,
		.depth = 127,
		.stack_cap = DWUNW_CAPTURE_STACK_CAP,
		.ring_size = MEMLEAK_RING_SIZE,
		.live_max = MEMLEAK_LIVE_MAX,
		.mode = MODE_FALLBACK, /* dwunw-added 7 */
	};
	status = option_parse(&program, arguments, argv, &count);
	if (status < 0)
		status = parse_rest(arguments, count, argv + 1);
	if (status >= 0)
		return status;
	set_defaults(arguments);
	what = contradiction(arguments);
	if (what)
		return option_wrong(&program, "%s", what);
	status = check_symbols(arguments);
	return status < 0 ? check_files(arguments) : status;
}
