/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * leaks.c - `dwunw leaks`: its command line and its report.
 */
#include "leaks.h"

#include "commands.h"
#include "inproc.h"
#include "leak.h"
#include "option.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char help[] =
	"usage: " HELP_LEAKS_USAGE
	"       dwunw leaks --all | --cgroup DIRECTORY | --kernel\n"
	"       -h, --help, -V, --version\n"
	"\n"
	"leaks  prints what was allocated and not freed, by the stack that "
	"allocated\n"
	"       it, at an interval, and at the end of PID or COMMAND or at "
	"Ctrl-C.\n"
	"BYTES may end in K, M or G; times in ms, s, m or h.\n"
	"\n"
	"What is followed:\n"
	"       PID                    a process; or several: 12,13\n"
	"       -- COMMAND ARGUMENT... starts it, with all that it starts\n"
	"  -f,  --follow-forks         children of PID as well\n"
	"       --all                  every process, and those to come\n"
	"       --cgroup DIRECTORY     all of a cgroup (version 2), and below it\n"
	"       --everywhere           if a process's mappings can't be read: "
	"probes in\n"
	"                              every process where it has no own\n"
	"       --in-process           COMMAND, or a PID, records itself, without "
	"probes\n"
	"  -k,  --kernel               the kernel's own allocations\n"
	"  -P,  --percpu               of them those of each processor\n"
	"       --missing-free         allocated again means freed\n"
	"Where its allocator is:\n"
	"  -O,  --object FILE          in this file only; a path or its end\n"
	"  -S,  --symbols-prefix TEXT  TEXTmalloc, TEXTfree, ...\n"
	"       --allocator PATTERN    the same by a pattern: 'je_*', '*_hook'\n"
	"       --symbol NAME=0xOFFSET[@FILE]  where one is in a stripped file\n"
	"       --debug-file FILE      symbols of a stripped file\n";
static const char more_help[] =
	"Which allocations:\n"
	"  -o,  --older TIME           no younger ones (500ms)\n"
	"  -z,  --min-size BYTES       not smaller\n"
	"  -Z,  --max-size BYTES       not larger\n"
	"  -s,  --sample-rate N        one of N at random, totals scaled\n"
	"       --sample-bytes BYTES   one for so many bytes on average, totals "
	"scaled\n"
	"       --budget N             stacks a second at most\n"
	"The report:\n"
	"  -i,  --interval TIME        between reports (5s)\n"
	"  -n,  --count N              so many reports, then the end\n"
	"  -T,  --top N                so many stacks (10)\n"
	"  -a,  --show-allocs          each block's address and size\n"
	"  -t,  --trace                a line for each allocation and free\n"
	"       --threads              each thread apart\n"
	"       --processes            each process apart\n"
	"       --only PATTERN         stacks with such a function or file\n"
	"       --suppressions FILE    without those that it names: "
	"leak:PATTERN\n"
	"       --baseline FILE        without what --folded=FILE had; others: "
	"status 3\n"
	"       --output FILE          the text goes there, not to stdout\n"
	"       --folded[=FILE]        for a flame graph, at the end; FILE: each "
	"report\n"
	"       --json[=FILE]          a line of JSON for each report; FILE: the "
	"newest\n"
	"       --pprof FILE           a profile for go tool pprof, Pyroscope, "
	"Parca\n"
	"       --html FILE            a page for a browser\n"
	"       --heaptrack FILE       for heaptrack_print and heaptrack_gui\n"
	"       --speedscope FILE      for speedscope\n"
	"       --metrics FILE         OpenMetrics text for Prometheus\n"
	"       --record FILE          all of it, for dwunw report\n"
	"       --record-max BYTES     of that file: its oldest steps are "
	"merged\n"
	"       --push URL             to a Pyroscope server, each report\n"
	"       --push-headers FILE, --push-name NAME, --push-label KEY=VALUE,\n"
	"       --push-format pyroscope|otlp\n"
	"       --stats                what was sent, and memory\n"
	"  -v,  --verbose              a line for each event\n"
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
	"       --memory-max BYTES     for names, half of it for a file's tables "
	"(64M)\n"
	"       --perf-buffer          a perf buffer for each CPU instead\n"
	"       --no-bpf               calls of PID are perf samples: for a kernel "
	"without\n"
	"                              BPF (dwunw check)\n"
	"       --entry-probes         each function's first instruction\n"
	"       --perf-probes          probes and new mappings as before Linux "
	"6.13\n";

struct arguments {
	struct leak leak; /* first: the rows fill it */
	bool kernel;
	bool in_process;
};

/* --- the command line --------------------------------------------------------- */

static const struct option_row rows[] = {
	LEAK_INTERVAL,
	LEAK_COUNT("count", 'n', intervals, INT32_MAX),
	LEAK_TEXT("object", 'O', config.file),
	LEAK_STACK_ROWS,
	{ .name = "kernel",
	  .letter = 'k',
	  .kind = OPTION_FLAG,
	  .to = offsetof(struct arguments, kernel) },
	{ .name = "in-process",
	  .kind = OPTION_FLAG,
	  .to = offsetof(struct arguments, in_process) },
	LEAK_FLAG("missing-free", 0, missing_free),
	LEAK_FLAG("no-bpf", 0, config.sampled),
	LEAK_TEXT("output", 0, output),
	LEAK_TEXT("record", 0, record),
	LEAK_PUSH_ROWS,
	{ .name = "record-max",
	  .kind = OPTION_SIZE64,
	  .to = LEAK_AT(record_max),
	  .min = 1u << 16,
	  .max = (uint64_t)1 << 40 },
	LEAK_ROWS,
	{ .kind = OPTION_END },
};
static const struct option_row pid_row = {
	.name = "PID",
	.kind = OPTION_OTHER,
	.allowed = "a process id, or several, 12,13, at most 64",
	.take = leak_take_pids,
};
#define HINT_PID "the process is an operand: dwunw leaks PID"
#define HINT_COMMAND \
	"the command is behind --: dwunw leaks -- COMMAND [ARGUMENT...]"
#define HINT_SUMS "a report's first line has the sums, -T 1 a single stack"
/* What memleak calls so. */
static const struct option_hint hints[] = {
	{ "-p", HINT_PID },
	{ "--pid", HINT_PID },
	{ "-c", HINT_COMMAND },
	{ "--command", HINT_COMMAND },
	{ "-C", HINT_SUMS },
	{ "--combined-only", HINT_SUMS },
	{ "-F", "did you mean --missing-free?" },
	{ "--wa-missing-free", "did you mean --missing-free?" },
	{ "--obj", "did you mean --object?" },
	{ "--stack-storage-size", "did you mean --max-stacks?" },
	{ "--perf-max-stack-depth", "did you mean --depth?" },
	{ "--dwunw-mode", "did you mean --mode?" },
	{ "-d", "did you mean -i?" },
	{ NULL, NULL },
};
static const struct option_program program = {
	.name = "dwunw",
	.command = "leaks",
	.help = help,
	.more = more_help,
	.rows = rows,
	.hints = hints,
};

/* Perf samples are of one process, and each is copied. */
static const char *contradiction_of_samples(const struct leak *leak)
{
	const struct dwunw_heap_config *config = &leak->config;

	if (config->pid_count != 1 || config->follow_forks)
		return "--no-bpf is of a single PID";
	if (config->sample_every > 1 || config->sample_bytes ||
	    config->budget || config->min_size ||
	    config->max_size != UINT64_MAX)
		return "--no-bpf is of all blocks: not with -s, "
		       "--sample-bytes, --budget, -z and -Z";
	if (config->mode == DWUNW_HEAP_OFF)
		return "--mode=off is the kernel's walk, which --no-bpf has "
		       "none of";
	if (config->walk == DWUNW_HEAP_KERNEL || config->perf_buffer)
		return "--walk=kernel and --perf-buffer are of BPF programs, "
		       "which --no-bpf has none of";
	return NULL;
}

static const char *contradiction(const struct arguments *arguments)
{
	const struct leak *leak = &arguments->leak;
	const struct dwunw_heap_config *config = &leak->config;
	bool user = leak_is_of_programs(leak);

	if ((config->command != NULL) + (config->pid_count > 0) + config->all +
		    (config->cgroup != NULL) + arguments->kernel !=
	    1)
		return "one of PID, -- COMMAND, --all, --cgroup and --kernel "
		       "is needed, and no two of them";
	if (config->follow_forks && !config->pid_count && !config->command)
		return "-f is about the children of PID";
	if (user && (leak->percpu || leak->missing_free))
		return "--percpu and --missing-free are about --kernel";
	if (leak_exports_meet(leak))
		return "two formats have the same file; --folded and --json "
		       "exclude each other, but for two files";
	if (config->sample_every > 1 && config->sample_bytes)
		return "-s and --sample-bytes exclude each other";
	if (config->min_size > config->max_size)
		return "-z is larger than -Z";
	if (!user &&
	    (leak_has_exports(leak) || leak->trace || config->sample_bytes ||
	     config->budget || leak->view.by_thread || leak->view.by_process))
		return "--json and the like, -t, --sample-bytes, --budget, "
		       "--threads and --processes are not of --kernel";
	if (!user && (leak->suppressions || leak->baseline))
		return "--suppressions and --baseline are not of --kernel";
	if (!user && leak->push_options.url)
		return "--push is of programs, not of --kernel";
	if (!user && leak->record)
		return "--record is of programs, not of --kernel";
	if (leak->record_max && !leak->record)
		return "--record-max is about the file of --record";
	if (leak->output && leak_stdout_is_taken(leak))
		return "--output is the text's file: --json=FILE or "
		       "--folded=FILE";
	if (!user && (config->file || config->pattern_count ||
		      config->given.count || config->debug_file))
		return "-O, -S, --allocator, --symbol and --debug-file are not "
		       "of --kernel";
	return config->sampled ? contradiction_of_samples(leak) : NULL;
}

/* PID, PID,PID or several of them; or a command and its arguments: the last
 * `words` of them. */
static int take_operands(struct leak *leak, int count, char **operands,
			 int words)
{
	if (words > 0 && words < count)
		return option_wrong(&program,
				    "'%s': PID or a command, not both",
				    operands[0]);
	if (words > 0) {
		leak->config.command = operands;
		return -1;
	}
	for (int i = 0; i < count; i++) {
		if (!option_operand(&program, &pid_row, leak, operands[i]))
			return OPTION_WRONG;
	}
	return -1;
}

static void set_words(struct leak *leak)
{
	leak->config.tool = "dwunw: leaks";
	leak->config.words = (struct dwunw_heap_words){
		.file = "--object",
		.patterns = "--symbols-prefix or --allocator",
		.names = "--symbols-prefix or --allocator",
		.pids = "PID",
		.mode = "--mode=force",
		.stacks = "--max-stacks",
	};
}

static int parse(struct arguments *arguments, char **argv)
{
	struct leak *leak = &arguments->leak;
	const char *what;
	int count, status, words = leak_count_words(argv);

	leak_set_defaults(leak);
	set_words(leak);
	leak->report.meta.tool = "dwunw leaks";
	leak->report_options.stacks_option = leak->config.words.stacks;
	leak_set_walk(leak);
	status = option_parse(&program, arguments, argv, &count);
	if (status < 0)
		status = take_operands(leak, count, argv + 1, words);
	if (status >= 0)
		return status;
	what = contradiction(arguments);
	if (!what)
		what = push_contradiction(&leak->push_options);
	if (!what && arguments->in_process)
		what = inproc_contradiction(leak);
	if (what)
		return option_wrong(&program, "%s", what);
	if (leak->config.sampled && leak->config.mode == DWUNW_HEAP_FALLBACK)
		leak->config.mode = DWUNW_HEAP_ALONE;
	return leak_check(&program, leak);
}

int dwu_cmd_leaks(int argc, char **argv)
{
	static struct arguments arguments;
	int status = parse(&arguments, argv);

	(void)argc;
	arguments.leak.print = leak_print_report;
	if (status < 0 && arguments.in_process)
		return inproc_run(&arguments.leak);
	return status < 0 ? leak_run_pushed(&arguments.leak) : status;
}
