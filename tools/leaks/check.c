/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * check.c - `dwunw check`: which ways to record allocations work on this machine, and
 * what the kernel lacks for the others. Each way is tried; the kernel's options are
 * looked up only to say why it failed.
 */
#include "leaks.h"

#include "cmd.h"
#include "commands.h"
#include "kernel_options.h"
#include "trial.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

static const char help[] =
	"usage: " HELP_CHECK_USAGE "       -h, --help, -V, --version\n"
	"\n"
	"check  tries each way to record allocations on a process of its own, and "
	"prints\n"
	"       which work here, with which command, and what the kernel lacks for "
	"the\n"
	"       others. Status 0: at least one works.\n"
	"  -v,  --verbose              all that was said by a way that failed\n";

struct arguments {
	bool verbose;
};
static const struct option_row rows[] = {
	{ .name = "verbose",
	  .letter = 'v',
	  .kind = OPTION_FLAG,
	  .to = offsetof(struct arguments, verbose) },
	{ .kind = OPTION_END },
};
static const struct option_program program = {
	.name = "dwunw",
	.command = "check",
	.help = help,
	.rows = rows,
};

/* --- the ways ------------------------------------------------------------------ */

#define BIT(option) (1u << (option))
#define OF_PROBES                                        \
	(BIT(KERNEL_PERF_EVENTS) | BIT(KERNEL_UPROBES) | \
	 BIT(KERNEL_UPROBE_EVENTS))
#define OF_BPF (OF_PROBES | BIT(KERNEL_BPF_SYSCALL) | BIT(KERNEL_BPF_EVENTS))

static const struct way {
	const char *name;
	const char *command;
	struct trial trial;
	uint32_t options;  /* of the kernel, needed */
	unsigned since[2]; /* the first kernel that has all of it */
} ways[] = {
	{ "walk in the kernel",
	  "dwunw leaks PID",
	  { .walk = DWUNW_HEAP_KERNEL },
	  OF_BPF | BIT(KERNEL_FTRACE_SYSCALLS),
	  { 5, 10 } },
	{ "copies by BPF",
	  "dwunw leaks --walk=copy PID",
	  { .walk = DWUNW_HEAP_COPY },
	  OF_BPF,
	  { 5, 8 } },
	{ "perf samples, no BPF",
	  "dwunw leaks --no-bpf PID",
	  { .sampled = true },
	  OF_PROBES | BIT(KERNEL_HAVE_PERF_REGS) |
		  BIT(KERNEL_HAVE_PERF_USER_STACK_DUMP),
	  { 4, 17 } },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static bool works(const struct way *way, const struct trial_result *result)
{
	return !result->status && result->right == TRIAL_BLOCKS &&
	       result->whole == TRIAL_BLOCKS &&
	       (way->trial.walk != DWUNW_HEAP_KERNEL || way->trial.sampled ||
		result->counted);
}

/* --- why not -------------------------------------------------------------------- */

static void print_lines(const char *text)
{
	while (*text) {
		size_t size = strcspn(text, "\n");

		printf("    %.*s\n", (int)size, text);
		text += size + (text[size] == '\n');
	}
}

static bool print_missing(const struct way *way,
			  const struct kernel_options *options)
{
	uint32_t missing = way->options & ~options->set;

	if (!missing)
		return false;
	printf("    missing:");
	for (uint32_t i = 0; i < KERNEL_OPTIONS; i++)
		if (missing & BIT(i))
			printf(" %s", kernel_option_name(i));
	putchar('\n');
	return true;
}

static bool print_older(const struct way *way)
{
	struct utsname name;
	unsigned major, minor;
	char *end = name.release;

	if (uname(&name))
		return false;
	major = (unsigned)strtoul(end, &end, 10);
	if (*end++ != '.')
		return false;
	minor = (unsigned)strtoul(end, NULL, 10);
	if (major > way->since[0] ||
	    (major == way->since[0] && minor >= way->since[1]))
		return false;
	printf("    this kernel is %u.%u: Linux %u.%u is the first that has "
	       "it\n",
	       major, minor, way->since[0], way->since[1]);
	return true;
}

/* The last line that the library said is the reason; the first are notes. */
static void print_reason(const struct way *way,
			 const struct trial_result *result,
			 const struct kernel_options *options, bool verbose)
{
	bool known;

	if (!result->status)
		printf("    of %u blocks %u were recorded, %u with the right "
		       "callers, %u with their whole stack, %" PRIu64
		       " by the kernel's walk\n",
		       TRIAL_BLOCKS, result->seen, result->right, result->whole,
		       result->counted);
	else if (result->status < 0)
		puts("    the trial ended before its result: it took more than "
		     "120 s, or died");
	known = print_missing(way, options);
	known |= print_older(way);
	if (verbose || !known)
		print_lines(result->said);
}

/* --- the command ----------------------------------------------------------------- */

static void print_kernel(const struct kernel_options *options)
{
	struct utsname name;

	if (uname(&name))
		return;
	printf("Linux %s, %s, ", name.release, name.machine);
	if (options->from[0])
		printf("options of %s\n", options->from);
	else
		puts("whose options no file tells: they are tried");
}

static bool try_way(const struct way *way, const struct kernel_options *options,
		    bool verbose)
{
	struct trial_result result = { 0 };
	bool good;
	int error;

	if (IS_ON(CONFIG_BPF_LOADER_NONE) && !way->trial.sampled) {
		printf("%-21s no\n    not in this build "
		       "(CONFIG_BPF_LOADER_NONE)\n",
		       way->name);
		return false;
	}
	error = trial_run(&way->trial, &result);
	if (error) {
		dwu_cmd_error("check: %s: %s", way->name, strerror(-error));
		return false;
	}
	good = works(way, &result);
	printf(good ? "%-21s yes  %s\n" : "%-21s no%s\n", way->name,
	       good ? way->command : "");
	if (!good)
		print_reason(way, &result, options, verbose);
	fflush(stdout);
	return good;
}

int dwu_cmd_check(int argc, char **argv)
{
	static struct arguments arguments;
	struct kernel_options options;
	uint32_t good = 0;
	int count, status = option_parse(&program, &arguments, argv, &count);

	(void)argc;
	if (status >= 0)
		return status;
	if (count)
		return option_wrong(&program, "'%s': it has no operands",
				    argv[1]);
	kernel_options_read(&options);
	print_kernel(&options);
	for (size_t i = 0; i < WAYS; i++)
		good += try_way(&ways[i], &options, arguments.verbose);
	return good ? CMD_OK : CMD_FAILED;
}
