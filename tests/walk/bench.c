/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * bench.c - what a stack costs a program that is probed, by its depth: beyond
 * an empty BPF program, in one run, by turns.
 *
 *   bench OBJECT PLAIN FRAME-POINTERS [BPFTRACE]	depth.c, built without and with
 *						them; BPFTRACE PID PROGRAM runs one
 *
 *   stackid	bpf_get_stackid() of the build with frame pointers
 *   copy	registers and 16 KiB of stack at most, sent; nothing is unwound.
 *		Page by page it ends with a read that fails; else it remembers for
 *		each thread where that was
 *   walk	the walk in the kernel, after its first 256 calls
 *   bpftrace	its count(), and its walk by CFI: the stack is the key of a map
 *
 * "A frame" is the slope from the least depth to the greatest, "fixed" what it
 * leaves of the first, each of minima and (of medians).
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
	const char *program; /* of check.bpf.o, or an action of bpftrace */
	bool frame_pointers;
	bool bpftrace;
} variants[] = {
	{ "empty", "empty", false, false },
	{ "empty, frame pointers", "empty", true, false },
	{ "bpf_get_stackid()", "stackid", true, false },
	{ "copy, page by page", "copy_pages", false, false },
	{ "copy", "copy", false, false },
	{ "walk", "walk", false, false },
	{ "bpftrace: count()", "@ = count()", false, true },
	{ "bpftrace: dw_ustack()", "@[dw_ustack(127)] = count()", false, true },
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))
#define BEYOND 2u /* those before are what the others are measured from */

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
static const char *bpftrace; /* NULL: there is none */
static double times[VARIANTS][DEPTHS][ROUNDS * SAMPLES];
static uint64_t dropped[VARIANTS]; /* of copies, walks */

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
	    dwunw_loader_set_events(loader, "dwunw_events", false, 64u << 20) ||
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

/* Events that found the buffer full, which costs less than a copy. */
static uint64_t drops(void)
{
	static const uint32_t index = DWUNW_COUNT_DROP_BUFFER;
	uint64_t count = 0;

	dwunw_bpf_map_get(dwunw_loader_map(loader, "dwunw_counters"), &index,
			  &count);
	return count;
}

static void attach(const struct variant *variant, const struct program *program)
{
	learning = !strcmp(variant->program, "walk");
	if (dwunw_loader_attach_uprobe(loader, variant->program, false,
				       program->pid, program->path,
				       program->off))
		die("attach");
}

/* When it has said that it is attached; its pid. */
static pid_t run_bpftrace(const struct variant *variant,
			  const struct program *program)
{
	char pid[16], action[512], line[256] = "";
	int from[2];
	FILE *out;
	pid_t own;

	snprintf(pid, sizeof(pid), "%d", program->pid);
	snprintf(action, sizeof(action),
		 "config = { unstable_dw_ustack = enable } "
		 "uprobe:%s:probed { %s }",
		 program->path, variant->program);
	if (pipe(from))
		die("pipe");
	own = fork();
	if (own == 0) {
		dup2(from[1], 1);
		dup2(from[1], 2);
		close(from[0]);
		execl(bpftrace, bpftrace, pid, action, (char *)NULL);
		_exit(127);
	}
	close(from[1]);
	out = fdopen(from[0], "r");
	while (!strstr(line, "Attached"))
		if (!fgets(line, sizeof(line), out))
			die("bpftrace has ended");
	/* it prints nothing more before it ends, and then to nobody */
	return own;
}

static void measure(unsigned int v, unsigned int round)
{
	const struct variant *variant = &variants[v];
	const struct program *program = &programs[variant->frame_pointers];
	uint64_t before = drops();
	double ignored[2];
	pid_t other = 0;

	if (variant->bpftrace)
		other = run_bpftrace(variant, program);
	else
		attach(variant, program);
	for (unsigned int d = 0; d < DEPTHS; d++) {
		ask(program, depths[d], 2, ignored);
		ask(program, depths[d], SAMPLES, &times[v][d][round * SAMPLES]);
	}
	dropped[v] += drops() - before;
	if (other) {
		kill(other, SIGKILL);
		waitpid(other, NULL, 0);
	} else {
		dwunw_loader_detach(loader, program->pid);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* What a depth costs beyond the empty program of the same build, sorted by depth. */
static void sum_up(unsigned int v, double *least, double *middle)
{
	const double(*zero)[ROUNDS * SAMPLES] =
		times[variants[v].frame_pointers];
	unsigned int m = ROUNDS * SAMPLES / 2;

	for (unsigned int d = 0; d < DEPTHS; d++) {
		least[d] = times[v][d][0] - (v < BEYOND ? 0 : zero[d][0]);
		middle[d] = times[v][d][m] - (v < BEYOND ? 0 : zero[d][m]);
	}
}

static double slope_of(const double *costs)
{
	return (costs[DEPTHS - 1] - costs[0]) /
	       (depths[DEPTHS - 1] - depths[0]);
}

static double fixed_of(const double *costs)
{
	return costs[0] - depths[0] * slope_of(costs);
}

static void print_variant(unsigned int v)
{
	double least[DEPTHS], middle[DEPTHS];

	sum_up(v, least, middle);
	printf("%-24s", variants[v].title);
	for (unsigned int d = 0; d < DEPTHS; d++)
		printf("%6.0f (%6.0f) ", least[d], middle[d]);
	printf("%6.1f (%5.1f) %6.0f (%6.0f)", slope_of(least), slope_of(middle),
	       fixed_of(least), fixed_of(middle));
	if (dropped[v])
		printf(" (%llu of %u were not sent)",
		       (unsigned long long)dropped[v],
		       (unsigned int)DEPTHS * ROUNDS * (SAMPLES + 2) * CALLS);
	printf("\n");
}

static void print(unsigned int count)
{
	for (unsigned int v = 0; v < count; v++)
		for (unsigned int d = 0; d < DEPTHS; d++)
			qsort(times[v][d], ROUNDS * SAMPLES, sizeof(double),
			      compare);
	printf("%-24s", "ns: minimum (median)");
	for (unsigned int d = 0; d < DEPTHS; d++)
		printf("depth %-10u", depths[d]);
	printf("a frame         fixed\n");
	for (unsigned int v = 0; v < count; v++)
		print_variant(v);
}

static unsigned int variant_of(const char *title)
{
	unsigned int v = 0;

	while (strcmp(variants[v].title, title) != 0)
		v++;
	return v;
}

/* How many times the walk's figure another one's is. */
static void compare_to(const char *title, double (*figure)(const double *),
		       const char *what)
{
	double least[2][DEPTHS], middle[2][DEPTHS];

	sum_up(variant_of("walk"), least[0], middle[0]);
	sum_up(variant_of(title), least[1], middle[1]);
	printf("%s: %s / walk %.2f (%.2f)\n", what, title,
	       figure(least[1]) / figure(least[0]),
	       figure(middle[1]) / figure(middle[0]));
}

int main(int argc, char **argv)
{
	struct dwunw_rows_counts counts;
	unsigned int count = VARIANTS;

	if (argc < 4)
		return 2;
	bpftrace = argc > 4 ? argv[4] : NULL;
	while (!bpftrace && variants[count - 1].bpftrace)
		count--;
	load(argv[1]);
	start(&programs[0], argv[2]);
	start(&programs[1], argv[3]);
	if (dwunw_process_open(&ctx, programs[0].pid, &process) ||
	    dwunw_rows_follow(rows, programs[0].pid))
		die("the process");
	for (unsigned int round = 0; round < ROUNDS; round++)
		for (unsigned int v = 0; v < count; v++)
			measure(v, round);
	print(count);
	compare_to("bpf_get_stackid()", slope_of, "a frame");
	compare_to("copy", fixed_of, "fixed");
	if (bpftrace)
		compare_to("bpftrace: dw_ustack()", slope_of, "a frame");
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
