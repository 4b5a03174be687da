/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * bench.c - what a stack costs a program that is probed, by its depth: beyond
 * an empty BPF program, in one run, by turns.
 *
 *   bench OBJECT PLAIN FRAME-POINTERS	depth.c, built without and with them
 *
 *   stackid	bpf_get_stackid() of the build with frame pointers
 *   copy	registers and 16 KiB of stack at most, sent; nothing is unwound.
 *		Page by page it ends with a read that fails; else it remembers for
 *		each thread where that was
 *   walk	the walk in the kernel, after its first 256 calls
 */
#include "check.h"

#include "capture.h"
#include "walk.h"

#include <dwunw/rows.h>
#include <dwunw/symbols.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 8u
#define SAMPLES 20u /* a round */
#define CALLS 256u
#define FRAMES 512u

static const unsigned int depths[] = { 5, 20, 50, 100 };
#define DEPTHS (sizeof(depths) / sizeof(depths[0]))

static const struct variant {
	const char *title;
	const char *program;
	bool frame_pointers;
} variants[] = {
	{ "empty", "empty", false },
	{ "empty, frame pointers", "empty", true },
	{ "bpf_get_stackid()", "stackid", true },
	{ "copy, page by page", "copy_pages", false },
	{ "copy", "copy", false },
	{ "walk", "walk", false },
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static struct program {
	pid_t pid;
	FILE *in, *out;
	const char *path;
	uint64_t off; /* of probed() */
} programs[2];

static struct dwunw_loader *loader;
static struct dwunw_context ctx;
static struct dwunw_walker *walker;
static struct dwunw_rows *rows;
static struct dwunw_process *process;
static bool learning;
static double times[VARIANTS][DEPTHS][ROUNDS * SAMPLES];

static void die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(2);
}

static void on_event(void *unused, void *bytes, size_t size)
{
	static struct dwunw_event event;
	static struct dwunw_frame frames[FRAMES];
	static struct dwunw_step steps[FRAMES];
	struct dwunw_stop stop;
	size_t n;

	(void)unused;
	if (!learning || dwunw_event_parse(&event, bytes, size) ||
	    event.header.kind != DWUNW_EVENT_STACK)
		return;
	if (!dwunw_walk_steps(walker, dwunw_process_space(process),
			      &event.input, frames, steps, FRAMES, &n, &stop))
		dwunw_rows_learn(rows, (int32_t)event.header.pid, steps, n);
}

static void load(const char *path)
{
	struct dwunw_capture_options capture = {
		.stack_cap = DWUNW_CAPTURE_STACK_CAP,
		.slots = DWUNW_CAPTURE_SLOTS,
		.wakeup_size = 1u << 22,
	};
	struct check_options options = { .flags = DWUNW_EVENT_FLAG_ENTRY };
	struct dwunw_rows_config config = { 0 };
	struct dwunw_arena arena;
	size_t size = dwunw_walker_size(4096);
	FILE *file = fopen(path, "rb");
	static char object[1u << 22];

	if (!file)
		die(path);
	dwunw_arena_init(&arena, aligned_alloc(64, (size + 63) & ~(size_t)63),
			 size);
	if (dwunw_init(&ctx) || dwunw_walker_init(&walker, 4096, &arena) ||
	    dwunw_loader_open(&loader, object,
			      fread(object, 1, sizeof(object), file), false))
		die("the object");
	dwunw_loader_use_multi(loader);
	if (dwunw_loader_set_value(loader, DWUNW_CAPTURE_OPTIONS_MAP, &capture,
				   sizeof(capture)) ||
	    dwunw_loader_set_value(loader, ".rodata.check", &options,
				   sizeof(options)) ||
	    dwunw_loader_set_events(loader, "dwunw_events", false, 16u << 20) ||
	    dwunw_rows_prepare(loader, &config) || dwunw_loader_load(loader) ||
	    dwunw_rows_open(&rows, loader, &ctx, &config) ||
	    dwunw_loader_open_events(loader, on_event, NULL))
		die("it cannot be loaded");
	fclose(file);
}

static void start(struct program *program, const char *path)
{
	struct dwunw_symbol_resolver places;
	int to[2], from[2];

	if (pipe(to) || pipe(from))
		die("pipe");
	program->pid = fork();
	if (program->pid == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	program->in = fdopen(to[1], "w");
	program->out = fdopen(from[0], "r");
	program->path = path;
	if (dwunw_symbol_resolver_init(&places, NULL) ||
	    dwunw_symbol_offset(&places, path, "probed", &program->off, NULL))
		die(path);
	dwunw_symbol_resolver_shutdown(&places);
}

/* Its answer, while what the kernel sends is read. */
static void ask(const struct program *program, unsigned int depth,
		unsigned int samples, double *at)
{
	struct pollfd fd = { .fd = fileno(program->out), .events = POLLIN };

	fprintf(program->in, "%u %u %u\n", depth, samples, CALLS);
	fflush(program->in);
	while (poll(&fd, 1, 0) == 0)
		dwunw_loader_read_events(loader, 1);
	for (unsigned int i = 0; i < samples; i++)
		if (fscanf(program->out, "%lf", &at[i]) != 1)
			die("the program has ended");
}

static void measure(unsigned int v, unsigned int round)
{
	const struct program *program = &programs[variants[v].frame_pointers];
	double ignored[2];

	learning = !strcmp(variants[v].program, "walk");
	if (dwunw_loader_attach_uprobe(loader, variants[v].program, false,
				       program->pid, program->path,
				       program->off))
		die("attach");
	for (unsigned int d = 0; d < DEPTHS; d++) {
		ask(program, depths[d], 2, ignored);
		ask(program, depths[d], SAMPLES, &times[v][d][round * SAMPLES]);
	}
	dwunw_loader_detach(loader, program->pid);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Beyond the empty program of the same build. */
static void print(void)
{
	double least[DEPTHS], middle[DEPTHS];

	for (unsigned int v = 0; v < VARIANTS; v++)
		for (unsigned int d = 0; d < DEPTHS; d++)
			qsort(times[v][d], ROUNDS * SAMPLES, sizeof(double),
			      compare);
	printf("%-24s", "ns: minimum (median)");
	for (unsigned int d = 0; d < DEPTHS; d++)
		printf("  depth %-9u", depths[d]);
	printf("a frame      fixed\n");
	for (unsigned int v = 0; v < VARIANTS; v++) {
		const double(*zero)[ROUNDS * SAMPLES] =
			times[variants[v].frame_pointers];
		double span = depths[DEPTHS - 1] - depths[0];

		printf("%-24s", variants[v].title);
		for (unsigned int d = 0; d < DEPTHS; d++) {
			unsigned int m = ROUNDS * SAMPLES / 2;

			least[d] = times[v][d][0] - (v > 1 ? zero[d][0] : 0);
			middle[d] = times[v][d][m] - (v > 1 ? zero[d][m] : 0);
			printf("%6.0f (%6.0f) ", least[d], middle[d]);
		}
		printf("%5.1f (%4.1f) %6.0f\n",
		       (least[DEPTHS - 1] - least[0]) / span,
		       (middle[DEPTHS - 1] - middle[0]) / span,
		       least[0] - depths[0] * (least[DEPTHS - 1] - least[0]) /
					  span);
	}
}

int main(int argc, char **argv)
{
	struct dwunw_rows_counts counts;

	if (argc < 4)
		return 2;
	load(argv[1]);
	start(&programs[0], argv[2]);
	start(&programs[1], argv[3]);
	if (dwunw_process_open(&ctx, programs[0].pid, &process) ||
	    dwunw_rows_follow(rows, programs[0].pid))
		die("the process");
	for (unsigned int round = 0; round < ROUNDS; round++)
		for (unsigned int v = 0; v < VARIANTS; v++)
			measure(v, round);
	print();
	dwunw_rows_stats(rows, &counts);
	printf("walks %llu: counted %llu, new %llu, sent from a frame on %llu,"
	       " copies %llu, dropped %llu\n",
	       (unsigned long long)counts.calls,
	       (unsigned long long)counts.counted,
	       (unsigned long long)counts.fresh,
	       (unsigned long long)counts.rest,
	       (unsigned long long)counts.copies,
	       (unsigned long long)counts.drops);
	kill(programs[0].pid, SIGKILL);
	kill(programs[1].pid, SIGKILL);
	return 0;
}
