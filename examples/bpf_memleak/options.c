/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "memleak.h"
#include "tool.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIVE_MAX (1u << 24) /* 256 MiB of kernel memory, at once */

static const char usage[] =
	"memleak_user -p PID [options]: allocations that are not freed, by "
	"stack\n"
	"  -d SECONDS              between reports (5)\n"
	"  -n REPORTS              then end (until the target ends)\n"
	"  --stack-bytes N         stack bytes copied at most (16384; to "
	"28672)\n"
	"  --capture HOW           bpf-ring: BPF and a ring buffer (Linux 5.8); "
	"bpf-perf:\n"
	"                          BPF and a perf buffer; perf: without BPF\n"
	"  --ring-size N           bytes of its buffer, or of each CPU's, a power "
	"of 2\n"
	"                          (4194304; mips32: 1048576)\n"
	"  --max-live N            live allocations at most (262144; mips32: "
	"16384)\n"
	"  --symbol NAME=0xOFFSET[@FILE]  where a function is in a stripped "
	"file\n"
	"  --debug-file FILE       symbols of a stripped file\n"
	"  --fp-walk               the kernel's frame-pointer walk beside it\n"
	"  -v                      a line for each event\n";

static int bad_usage(const char *what)
{
	fprintf(stderr, "memleak_user: %s\n%s", what, usage);
	return 2;
}

static bool parse_number(const char *text, unsigned long max, uint32_t *value)
{
	char *end;
	unsigned long number = strtoul(text, &end, 0);

	*value = (uint32_t)number;
	return end != text && !*end && number && number <= max;
}

static bool parse_symbol(struct probe_options *options, const char *text)
{
	struct given_symbol *given = &options->given[options->given_count];
	int end = 0;

	if (options->given_count == GIVEN_MAX ||
	    sscanf(text, "%31[^=]=%" SCNx64 "%n", given->name, &given->off,
		   &end) < 2 ||
	    !probes_function(given->name))
		return false;
	if (text[end] == '@' && strlen(text + end + 1) < sizeof(given->file))
		strcpy(given->file, text + end + 1);
	else if (text[end])
		return false;
	options->given_count++;
	return true;
}

static bool parse_capture(struct probe_options *options, const char *text)
{
	static const char *const names[] = {
		[CAPTURE_BPF_RING] = "bpf-ring",
		[CAPTURE_BPF_PERF] = "bpf-perf",
		[CAPTURE_PERF] = "perf",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]))
			continue;
		options->capture = (enum capture)i;
		return true;
	}
	return false;
}

static const struct option long_options[] = {
	{ "stack-bytes", required_argument, NULL, 's' },
	{ "capture", required_argument, NULL, 'c' },
	{ "ring-size", required_argument, NULL, 'z' },
	{ "max-live", required_argument, NULL, 'm' },
	{ "symbol", required_argument, NULL, 'y' },
	{ "debug-file", required_argument, NULL, 'g' },
	{ "fp-walk", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static bool parse_option(struct tool *tool, int option)
{
	struct probe_options *options = &tool->options;
	uint32_t number;
	char *end;

	switch (option) {
	case 'p':
		if (!parse_number(optarg, INT32_MAX, &number))
			return false;
		options->pid = (int32_t)number;
		return true;
	case 'd':
		tool->interval = strtod(optarg, &end);
		return !*end && tool->interval >= 0.01 && tool->interval < 1e6;
	case 'n':
		tool->reports = strtol(optarg, &end, 10);
		return !*end && tool->reports > 0;
	case 's':
		return parse_number(optarg, DWUNW_CAPTURE_STACK_CAP_MAX,
				    &options->stack_cap);
	case 'c':
		return parse_capture(options, optarg);
	case 'z':
		return parse_number(optarg, 1u << 30, &options->ring_size) &&
		       !(options->ring_size & (options->ring_size - 1)) &&
		       options->ring_size >= (uint32_t)sysconf(_SC_PAGESIZE);
	case 'm':
		return parse_number(optarg, LIVE_MAX, &options->live_max);
	case 'y':
		return parse_symbol(options, optarg);
	case 'g':
		tool->debug_file = optarg;
		return true;
	case 'f':
		return options->fp_walk = true;
	case 'v':
		return options->verbose = true;
	}
	return false;
}

int parse_options(struct tool *tool, int argc, char **argv)
{
	int option;

	opterr = 0;
	tool->interval = 5;
	tool->options.stack_cap = DWUNW_CAPTURE_STACK_CAP;
	tool->options.ring_size = MEMLEAK_RING_SIZE;
	tool->options.live_max = MEMLEAK_LIVE_MAX;
	while ((option = getopt_long(argc, argv, "p:d:n:vh", long_options,
				     NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		if (!parse_option(tool, option))
			return bad_usage("an option or its value is wrong");
	}
	if (!tool->options.pid || optind != argc)
		return bad_usage("-p PID is needed, and nothing but options");
	if (tool->options.fp_walk && tool->options.capture == CAPTURE_PERF)
		return bad_usage("--fp-walk is BPF's: not with --capture perf");
	if (tool->debug_file && access(tool->debug_file, R_OK)) {
		fprintf(stderr, "memleak_user: --debug-file %s: %s\n",
			tool->debug_file, strerror(errno));
		return 1;
	}
	return -1;
}
