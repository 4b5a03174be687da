/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "option.h"
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIVE_MAX (1u << 24) /* 256 MiB of kernel memory, at once */

/* Defaults. A router's maps do not grow on demand: a live block costs 96 bytes at
 * once. */
#ifdef __mips__
#define RING_SIZE (1u << 20)
#define LIVE (1u << 14)
#else
#define RING_SIZE (1u << 22)
#define LIVE (1u << 18)
#endif

static const char usage[] =
	"usage: memleak_user -p PID [options]: allocations that are not freed, "
	"by stack\n"
	"  -p, --pid PID           the process\n"
	"  -d, --interval SECONDS  between reports (5)\n"
	"  -n, --reports N         then end (until the target ends)\n"
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
	"  --memory-max N          bytes for names, half of it for a file's tables "
	"(64M)\n"
	"  --symbol NAME=0xOFFSET[@FILE]  where a function is in a stripped "
	"file\n"
	"  --debug-file FILE       symbols of a stripped file\n"
	"  --fp-walk               the kernel's frame-pointer walk beside it\n"
	"  -v, --verbose           a line for each event\n"
	"  -h, --help, -V, --version\n"
	"N of bytes may end in K, M or G, SECONDS in ms, s, m or h.\n";

static bool take_symbol(void *into, const char *text)
{
	struct tool *tool = into;

	return dwunw_given_add(&tool->config.given, text);
}

#define AT(field) offsetof(struct tool, field)
static const struct option_row rows[] = {
	{ .name = "pid",
	  .letter = 'p',
	  .kind = OPTION_NUMBER,
	  .to = AT(pid),
	  .min = 1,
	  .max = INT32_MAX },
	{ .name = "interval",
	  .letter = 'd',
	  .kind = OPTION_SECONDS,
	  .to = AT(interval_ns),
	  .min = SECOND / 100,
	  .max = 1000000 * SECOND },
	{ .name = "reports",
	  .letter = 'n',
	  .kind = OPTION_NUMBER,
	  .to = AT(reports),
	  .min = 1,
	  .max = INT32_MAX },
	{ .name = "stack-bytes",
	  .kind = OPTION_SIZE,
	  .to = AT(config.stack_cap),
	  .min = 1,
	  .max = 28672 },
	{ .name = "capture",
	  .kind = OPTION_CHOICE,
	  .to = AT(capture),
	  .allowed = "bpf-ring|bpf-perf|perf" }, /* enum capture */
	{ .name = "ring-size",
	  .kind = OPTION_POWER,
	  .to = AT(config.ring_size),
	  .min = 4096,
	  .max = 1u << 30 },
	{ .name = "max-live",
	  .kind = OPTION_NUMBER,
	  .to = AT(config.live_max),
	  .min = 1,
	  .max = LIVE_MAX },
	{ .name = "memory-max",
	  .kind = OPTION_SIZE64,
	  .to = AT(config.memory_max),
	  .min = 1u << 20,
	  .max = (uint64_t)1 << 40 },
	{ .name = "symbol",
	  .kind = OPTION_OTHER,
	  .allowed = DWUNW_GIVEN_ALLOWED,
	  .take = take_symbol },
	{ .name = "debug-file",
	  .kind = OPTION_TEXT,
	  .to = AT(config.debug_file) },
	{ .name = "fp-walk", .kind = OPTION_FLAG, .to = AT(fp_walk) },
	{ .name = "verbose",
	  .letter = 'v',
	  .kind = OPTION_FLAG,
	  .to = AT(config.verbose) },
	{ .kind = OPTION_END },
};
static const struct option_program program = { .name = "memleak_user",
					       .help = usage,
					       .rows = rows };

static int check(const struct tool *tool)
{
	const struct dwunw_heap_config *config = &tool->config;
	const struct dwunw_given *given = &config->given;
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);

	if (!tool->pid)
		return option_wrong(&program, "-p PID is needed");
	if (tool->fp_walk && tool->capture == CAPTURE_PERF)
		return option_wrong(&program, "--fp-walk is BPF's: not with "
					      "--capture perf");
	if (config->ring_size < page)
		return option_wrong(&program,
				    "--ring-size: %u is less than a page, %u",
				    config->ring_size, page);
	for (uint32_t i = 0; i < given->count; i++) {
		if (!dwunw_heap_probes(config, given->symbols[i].name))
			return option_wrong(
				&program,
				"--symbol %s: '%s' is no function that has a "
				"probe; allowed: malloc, free, calloc and the "
				"like",
				given->symbols[i].text, given->symbols[i].name);
	}
	return -1;
}

int parse_options(struct tool *tool, char **argv)
{
	int count, status;

	tool->interval_ns = 5 * SECOND;
	tool->config.ring_size = RING_SIZE;
	tool->config.live_max = LIVE;
	status = option_parse(&program, tool, argv, &count);
	if (status >= 0)
		return status;
	if (count)
		return option_wrong(&program, "'%s': nothing but options",
				    argv[1]);
	status = check(tool);
	if (status >= 0)
		return status;
	if (tool->config.debug_file && access(tool->config.debug_file, R_OK)) {
		fprintf(stderr, "memleak_user: --debug-file %s: %s\n",
			tool->config.debug_file, strerror(errno));
		return 1;
	}
	return -1;
}
