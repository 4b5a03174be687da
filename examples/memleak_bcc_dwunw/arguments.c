/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * arguments.c - the command line: upstream's, and what came to it. getopt and
 * not argp, which musl has not.
 */
#include "tool.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"memleak_dwunw_user [OPTION...] [INTERVAL [INTERVALS]]\n"
	"Memory that was allocated and not freed, by the stack that allocated "
	"it.\n"
	"Every INTERVAL seconds (5), INTERVALS times (until the target "
	"ends).\n"
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
	"      --folded               at the end, for a flame graph\n"
	"      --json                 one line of JSON for each report\n"
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
	"      --perf-buffer          a perf buffer for each CPU instead\n"
	"      --entry-probes         each function's first instruction\n"
	"      --perf-probes          probes and changed mappings as before Linux "
	"6.13\n";

enum long_only {
	OPT_STACK_STORAGE = 256,
	OPT_DEPTH,
	OPT_MODE,
	OPT_FOLDED,
	OPT_JSON,
	OPT_THREADS,
	OPT_ALL,
	OPT_CGROUP,
	OPT_PROCESSES,
	OPT_SAMPLE_BYTES,
	OPT_BUDGET,
	OPT_ONLY,
	OPT_STATS,
	OPT_ALLOCATOR,
	OPT_SYMBOL,
	OPT_DEBUG_FILE,
	OPT_STACK_BYTES,
	OPT_RING_SIZE,
	OPT_MAX_LIVE,
	OPT_PERF_BUFFER,
	OPT_ENTRY_PROBES,
	OPT_PERF_PROBES,
	OPT_HELP
};

static const struct option long_options[] = {
	{ "pid", required_argument, NULL, 'p' },
	{ "trace", no_argument, NULL, 't' },
	{ "show-allocs", no_argument, NULL, 'a' },
	{ "older", required_argument, NULL, 'o' },
	{ "command", required_argument, NULL, 'c' },
	{ "combined-only", no_argument, NULL, 'C' },
	{ "wa-missing-free", no_argument, NULL, 'F' },
	{ "sample-rate", required_argument, NULL, 's' },
	{ "top", required_argument, NULL, 'T' },
	{ "min-size", required_argument, NULL, 'z' },
	{ "max-size", required_argument, NULL, 'Z' },
	{ "obj", required_argument, NULL, 'O' },
	{ "percpu", no_argument, NULL, 'P' },
	{ "symbols-prefix", required_argument, NULL, 'S' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "follow-forks", no_argument, NULL, 'f' },
	{ "stack-storage-size", required_argument, NULL, OPT_STACK_STORAGE },
	{ "perf-max-stack-depth", required_argument, NULL, OPT_DEPTH },
	{ "dwunw-mode", required_argument, NULL, OPT_MODE }, /* dwunw-added 7 */
	{ "folded", no_argument, NULL, OPT_FOLDED },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "threads", no_argument, NULL, OPT_THREADS },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "cgroup", required_argument, NULL, OPT_CGROUP },
	{ "processes", no_argument, NULL, OPT_PROCESSES },
	{ "sample-bytes", required_argument, NULL, OPT_SAMPLE_BYTES },
	{ "budget", required_argument, NULL, OPT_BUDGET },
	{ "only", required_argument, NULL, OPT_ONLY },
	{ "stats", no_argument, NULL, OPT_STATS },
	{ "allocator", required_argument, NULL, OPT_ALLOCATOR },
	{ "symbol", required_argument, NULL, OPT_SYMBOL },
	{ "debug-file", required_argument, NULL, OPT_DEBUG_FILE },
	{ "stack-bytes", required_argument, NULL, OPT_STACK_BYTES },
	{ "ring-size", required_argument, NULL, OPT_RING_SIZE },
	{ "max-live", required_argument, NULL, OPT_MAX_LIVE },
	{ "perf-buffer", no_argument, NULL, OPT_PERF_BUFFER },
	{ "entry-probes", no_argument, NULL, OPT_ENTRY_PROBES },
	{ "perf-probes", no_argument, NULL, OPT_PERF_PROBES },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

static int bad_usage(const char *what)
{
	fprintf(stderr, TOOL ": %s; --help tells more\n", what);
	return 2;
}

static bool parse_u64(const char *text, uint64_t min, uint64_t max,
		      uint64_t *value)
{
	char *end;

	if (*text == '-')
		return false;
	*value = strtoull(text, &end, 0);
	return end != text && !*end && *value >= min && *value <= max;
}

static bool parse_u32(const char *text, uint32_t min, uint32_t max,
		      uint32_t *value)
{
	uint64_t wide = 0;
	bool ok = parse_u64(text, min, max, &wide);

	*value = (uint32_t)wide;
	return ok;
}

/* "12" or "12,13"; each may come again. */
static bool parse_pids(struct arguments *arguments, const char *text)
{
	char *end;

	do {
		long pid = strtol(text, &end, 10);

		if (end == text || pid <= 0 || pid > INT32_MAX ||
		    arguments->pid_count == PIDS)
			return false;
		arguments->pids[arguments->pid_count++] = (int32_t)pid;
		text = end + 1;
	} while (*end == ',');
	return !*end;
}

static bool parse_pattern(struct arguments *arguments, const char *text)
{
	if (arguments->pattern_count == PATTERNS || !strchr(text, '*') ||
	    strlen(text) > 40)
		return false;
	arguments->patterns[arguments->pattern_count++] = text;
	return true;
}

static bool parse_prefix(struct arguments *arguments, const char *text)
{
	static char pattern[48];

	if (strlen(text) > 40)
		return false;
	snprintf(pattern, sizeof(pattern), "%s*", text);
	return parse_pattern(arguments, pattern);
}

static bool parse_symbol(struct arguments *arguments, const char *text)
{
	struct given_symbol *given = &arguments->given[arguments->given_count];

	if (arguments->given_count == GIVEN_MAX ||
	    sscanf(text, "%63[^=]=%" SCNx64 "@%127s", given->name, &given->off,
		   given->file) < 2)
		return false;
	arguments->given_count++;
	return true;
}

/* dwunw-added 7 */
static bool parse_mode(struct arguments *arguments, const char *text)
{
	static const char *const names[] = {
		[MODE_OFF] = "off", [MODE_FALLBACK] = "fallback", [MODE_FORCE] = "force"
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]))
			continue;
		arguments->mode = (enum dwunw_mode)i;
		return true;
	}
	return false;
}

static bool parse_ring_size(struct arguments *arguments, const char *text)
{
	uint32_t *size = &arguments->ring_size;

	return parse_u32(text, (uint32_t)sysconf(_SC_PAGESIZE), 1u << 30,
			 size) &&
	       !(*size & (*size - 1));
}

static bool parse_flag(struct arguments *arguments, int option)
{
	bool *flag = option == 't'		? &arguments->trace :
		     option == 'a'		? &arguments->show_allocs :
		     option == 'C'		? &arguments->combined_only :
		     option == 'F'		? &arguments->missing_free :
		     option == 'P'		? &arguments->percpu :
		     option == 'v'		? &arguments->verbose :
		     option == 'f'		? &arguments->follow_forks :
		     option == OPT_FOLDED	? &arguments->folded :
		     option == OPT_JSON		? &arguments->json :
		     option == OPT_THREADS	? &arguments->by_thread :
		     option == OPT_ALL		? &arguments->all :
		     option == OPT_PROCESSES	? &arguments->by_process :
		     option == OPT_STATS	? &arguments->statistics :
		     option == OPT_PERF_BUFFER	? &arguments->perf_buffer :
		     option == OPT_ENTRY_PROBES ? &arguments->entry_only :
		     option == OPT_PERF_PROBES	? &arguments->perf_probes :
						  NULL;

	return flag && (*flag = true);
}

static bool parse_option(struct arguments *arguments, int option)
{
	uint64_t number = 0;

	switch (option) {
	case 'p':
		return parse_pids(arguments, optarg);
	case 'c':
		arguments->command = optarg;
		return true;
	case 'o':
		if (!parse_u64(optarg, 0, UINT32_MAX, &number))
			return false;
		arguments->min_age_ns = number * 1000000;
		return true;
	case 's':
		return parse_u32(optarg, 1, UINT32_MAX,
				 &arguments->sample_every);
	case 'T':
		return parse_u32(optarg, 1, UINT32_MAX, &arguments->top);
	case 'z':
		return parse_u64(optarg, 0, UINT64_MAX, &arguments->min_size);
	case 'Z':
		return parse_u64(optarg, 0, UINT64_MAX, &arguments->max_size);
	case 'O':
		arguments->object = optarg;
		return *optarg;
	case 'S':
		return parse_prefix(arguments, optarg);
	case OPT_ALLOCATOR:
		return parse_pattern(arguments, optarg);
	case OPT_SYMBOL:
		return parse_symbol(arguments, optarg);
	case OPT_DEBUG_FILE:
		arguments->debug_file = optarg;
		return true;
	case OPT_MODE: /* dwunw-added 7 */
		return parse_mode(arguments, optarg);
	case OPT_CGROUP:
		arguments->cgroup = optarg;
		return *optarg;
	case OPT_ONLY:
		arguments->only = optarg;
		return true;
	case OPT_SAMPLE_BYTES:
		return parse_u32(optarg, 1, 1u << 30, &arguments->sample_bytes);
	case OPT_BUDGET:
		return parse_u32(optarg, 1, 1u << 30, &arguments->budget);
	case OPT_STACK_STORAGE:
		return parse_u32(optarg, 1, 1u << 24,
				 &arguments->stack_storage);
	case OPT_DEPTH:
		return parse_u32(optarg, 1, 1024, &arguments->depth);
	case OPT_STACK_BYTES:
		return parse_u32(optarg, 1, DWUNW_CAPTURE_STACK_CAP_MAX,
				 &arguments->stack_cap);
	case OPT_RING_SIZE:
		return parse_ring_size(arguments, optarg);
	case OPT_MAX_LIVE:
		return parse_u32(optarg, 1, 1u << 26, &arguments->live_max);
	}
	return parse_flag(arguments, option);
}

/* INTERVAL and INTERVALS. */
static bool parse_rest(struct arguments *arguments, int count, char **rest)
{
	uint32_t number = 0;
	char *end;

	if (count > 2)
		return false;
	if (count > 0) {
		arguments->interval = strtod(rest[0], &end);
		if (end == rest[0] || *end || !(arguments->interval >= 0.01) ||
		    arguments->interval > 1e6)
			return false;
	}
	if (count > 1 && !parse_u32(rest[1], 1, INT32_MAX, &number))
		return false;
	arguments->intervals = (long)number;
	return true;
}

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
	if (user && (arguments->percpu || arguments->missing_free))
		return "-P and -F are about the kernel: not with -p, -c, --all, "
		       "--cgroup";
	if (arguments->combined_only && arguments->show_allocs)
		return "-C shows sums only: not with -a";
	if (arguments->folded && arguments->json)
		return "--folded and --json exclude each other";
	if (arguments->sample_every > 1 && arguments->sample_bytes)
		return "-s and --sample-bytes exclude each other";
	if (arguments->min_size > arguments->max_size)
		return "-z is larger than -Z";
	if (!user && (arguments->sample_bytes || arguments->budget ||
		      arguments->trace || arguments->by_thread ||
		      arguments->by_process))
		return "--sample-bytes, --budget, -t, --threads, --processes "
		       "need -p, -c, --all or --cgroup";
	return NULL;
}

int parse_arguments(struct arguments *arguments, int argc, char **argv)
{
	const char *what;
	int option;

	*arguments = (struct arguments){
		.interval = 5,
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
	while ((option = getopt_long(argc, argv, "p:c:fO:S:PFz:Z:s:ao:CT:tv",
				     long_options, NULL)) != -1) {
		if (option == OPT_HELP) {
			fputs(usage, stdout);
			return 0;
		}
		if (option == '?')
			return 2;
		if (!parse_option(arguments, option))
			return bad_usage("an option's value is wrong");
	}
	if (!parse_rest(arguments, argc - optind, argv + optind))
		return bad_usage("INTERVAL or INTERVALS is wrong");
	/* 500 ms, as upstream's page says: its program has 500 ns */
	if (arguments->min_age_ns == UINT64_MAX)
		arguments->min_age_ns = arguments->combined_only ? 0 :
								   500000000;
	/* kernel stacks are kept in the kernel */
	if (!traces_programs(arguments) &&
	    arguments->stack_storage == 10240)
		arguments->stack_storage = 8192;
	what = contradiction(arguments);
	return what ? bad_usage(what) : -1;
}
