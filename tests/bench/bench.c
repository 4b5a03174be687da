/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * bench.c - times unwinders on recorded stacks.
 *
 *	bench time FILE...             a line for each program and back end: ns
 *	                               a frame cold, warm and hot, stacks that
 *	                               are exact
 *	bench walks FILE...            the same lines: how long a single walk
 *	                               takes, warm
 *	bench capture FILE...          time per dwunw_capture() call, and depths
 *	bench memory BACKEND FILE...   private bytes used, bytes per module
 *	bench modules FILE...          bytes that the Linux port keeps of each
 *	                               mapped file
 *	bench repeat BACKEND COUNT SAMPLES FILE
 *	                               walks the first SAMPLES samples COUNT
 *	                               times and prints the frames of one pass;
 *	                               for counting instructions from outside
 *
 * BENCH_SAMPLES=N in the environment: only the first N of each recording, for a
 * quick look.
 *
 * cold: opening, then the first pass over the samples in order of time.
 * warm: the second such pass. hot: small groups of samples walked again and
 * again, so that the stack bytes are in the processor's cache.
 */
#include "back_ends.h"

#include <dwunw/dwunw_api.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GROUP 16u	 /* samples walked together when hot */
#define GROUP_PASSES 11u /* the first one only brings them in */

enum {
	COLD,
	WARM,
	HOT,
	MODES
};

struct cost {
	uint64_t ns[MODES];
	uint64_t frames[MODES];
	uint64_t samples;
	uint64_t exact;
};

static const struct backend *const backends[] = {
	&backend_dwunw,	    &backend_dwunw_callback,	&backend_dwunw_uncached,
#ifdef HAVE_LIBUNWIND
	&backend_libunwind,
#endif
#ifdef HAVE_LIBDWFL
	&backend_libdwfl,
#endif
#ifdef HAVE_FRAMEHOP
	&backend_framehop,  &backend_framehop_callback,
#endif
	&backend_bare,
};
#define BACKENDS (sizeof(backends) / sizeof(*backends))

static uint64_t pcs[FRAMES_MAX];
static volatile uint8_t touched;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Of this thread: others that run do not count. Dearer than now(). */
static uint64_t cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *must(void *pointer, const char *what)
{
	if (!pointer) {
		fprintf(stderr, "bench: %s\n", what);
		exit(2);
	}
	return pointer;
}

static struct snap_sample *load(struct image *image, size_t *count)
{
	const char *limit = getenv("BENCH_SAMPLES");
	size_t n = image->snap.header.record_count;
	struct snap_sample *samples = must(calloc(n + 1, sizeof(*samples)),
					   "no memory for the samples");

	if (limit && strtoul(limit, NULL, 10) < n)
		n = strtoul(limit, NULL, 10);
	*count = 0;
	snap_rewind(&image->snap);
	while (*count < n && snap_next(&image->snap, &samples[*count])) {
		const struct snap_bytes *m = &samples[(*count)++].memory[0];

		for (uint64_t i = 0; i < m->size; i += 4096)
			touched ^= m->data[i]; /* no fault while timing */
	}
	return samples;
}

static uint64_t pass(const struct backend *backend, void *state,
		     const struct snap_sample *samples, size_t count)
{
	uint64_t frames = 0;

	for (size_t i = 0; i < count; i++)
		frames += backend->walk(state, &samples[i], pcs, FRAMES_MAX);
	return frames;
}

static void time_hot(const struct backend *backend, void *state,
		     const struct snap_sample *samples, size_t count,
		     struct cost *cost)
{
	for (size_t i = 0; i + GROUP <= count; i += GROUP) {
		uint64_t start;

		pass(backend, state, samples + i, GROUP);
		start = cpu();
		for (unsigned n = 1; n < GROUP_PASSES; n++)
			cost->frames[HOT] +=
				pass(backend, state, samples + i, GROUP);
		cost->ns[HOT] += cpu() - start;
	}
}

/* As tests/stacks/check has it: the true chain, no more and no less. */
static bool is_exact(const struct snap_sample *s, size_t count)
{
	size_t i = 0;

	while (i < count && i < s->chain_count && pcs[i] == s->chain[i].pc)
		i++;
	return i == s->chain_count && (count == i || s->flags & SNAP_CUT);
}

static void judge(const struct backend *backend, void *state,
		  const struct snap_sample *samples, size_t count,
		  struct cost *cost)
{
	for (size_t i = 0; i < count; i++) {
		size_t n = backend->walk(state, &samples[i], pcs, FRAMES_MAX);

		cost->samples++;
		cost->exact += is_exact(&samples[i], n);
	}
}

static void time_backend(const struct backend *backend, struct image *image,
			 const struct snap_sample *samples, size_t count,
			 struct cost *cost)
{
	uint64_t start = cpu();
	void *state = must(backend->open(image), backend->name);

	cost->frames[COLD] += pass(backend, state, samples, count);
	cost->ns[COLD] += cpu() - start;
	start = cpu();
	cost->frames[WARM] += pass(backend, state, samples, count);
	cost->ns[WARM] += cpu() - start;
	time_hot(backend, state, samples, count, cost);
	judge(backend, state, samples, count, cost);
	backend->close(state);
}

static double per_frame(const struct cost *cost, int mode)
{
	if (!cost->frames[mode])
		return 0;
	return (double)cost->ns[mode] / (double)cost->frames[mode];
}

static void add(struct cost *total, const struct cost *cost)
{
	for (int m = 0; m < MODES; m++) {
		total->ns[m] += cost->ns[m];
		total->frames[m] += cost->frames[m];
	}
	total->samples += cost->samples;
	total->exact += cost->exact;
}

static void print_costs(const char *label, const struct cost *costs)
{
	for (size_t b = 0; b < BACKENDS; b++)
		printf("%-16s %-18s %8.1f %8.1f %8.1f %8" PRIu64 " of %7" PRIu64
		       "\n",
		       label, backends[b]->name, per_frame(&costs[b], COLD),
		       per_frame(&costs[b], WARM), per_frame(&costs[b], HOT),
		       costs[b].exact, costs[b].samples);
	fflush(stdout);
}

/* Against one of dwunw's rows: only [1] reads memory as the others do. */
static void print_ratios(const struct cost *total, size_t base)
{
	static const char *const names[MODES] = { "cold", "warm", "hot" };

	for (size_t b = 0; b < BACKENDS; b++) {
		if (strncmp(backends[b]->name, "dwunw", 5) == 0)
			continue;
		printf("%s takes", backends[b]->name);
		for (int m = 0; m < MODES; m++)
			printf(" %.2f (%s)",
			       per_frame(&total[b], m) /
				       per_frame(&total[base], m),
			       names[m]);
		printf(" times as long as %s\n", backends[base]->name);
	}
}

static int run_time(int count, char **paths)
{
	struct cost total[BACKENDS] = { 0 };

	printf("%-16s %-18s %8s %8s %8s %19s\n", "", "ns a frame:", "cold",
	       "warm", "hot", "exact");
	for (int i = 0; i < count; i++) {
		struct cost costs[BACKENDS] = { 0 };
		struct snap_sample *samples;
		struct image image;
		size_t n;

		if (!image_open(&image, paths[i]))
			return 2;
		samples = load(&image, &n);
		for (size_t b = 0; b < BACKENDS; b++) {
			time_backend(backends[b], &image, samples, n,
				     &costs[b]);
			add(&total[b], &costs[b]);
		}
		print_costs(image.snap.header.label, costs);
		free(samples);
		image_close(&image);
	}
	print_costs("all", total);
	print_ratios(total, 1); /* like for like */
	print_ratios(total, 0);
	return 0;
}

/* --- one walk, one call of dwunw_capture() --- */

struct series {
	uint64_t *values;
	size_t count;
	size_t size;
};

static void append(struct series *s, uint64_t value)
{
	if (s->count == s->size) {
		s->size = s->size ? 2 * s->size : 4096;
		s->values =
			must(realloc(s->values, s->size * sizeof(*s->values)),
			     "no memory for the times");
	}
	s->values[s->count++] = value;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t percentile(const struct series *s, unsigned permille)
{
	return s->count ? s->values[(s->count - 1) * permille / 1000] : 0;
}

static void print_series(const char *label, struct series *s, double unit)
{
	static const unsigned at[] = { 500, 900, 950, 990, 999 };

	qsort(s->values, s->count, sizeof(*s->values), compare);
	printf("%-26s", label);
	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++)
		printf(" p%-4g %7.2f", at[i] / 10.0,
		       (double)percentile(s, at[i]) / unit);
	printf(" max %8.2f\n", (double)percentile(s, 1000) / unit);
}

static double share(const struct series *sorted, uint64_t limit)
{
	size_t n = 0;

	while (n < sorted->count && sorted->values[n] < limit)
		n++;
	return sorted->count ? 100.0 * (double)n / (double)sorted->count : 0;
}

static void print_share(const char *label, const struct series *sorted,
			uint64_t limit)
{
	printf("%-26s %.2f %% of %zu calls under %" PRIu64 " us\n", label,
	       share(sorted, limit), sorted->count, limit / 1000);
}

/* The same calls by the depth of the stack; both in the same order. */
static void print_by_depth(const struct series *times,
			   const struct series *depths)
{
	static const uint64_t limits[] = { 8, 16, 32, 64, 128, FRAMES_MAX };
	uint64_t from = 1;

	for (size_t k = 0; k < sizeof(limits) / sizeof(*limits); k++) {
		struct series some = { 0 };
		char label[32];

		for (size_t i = 0; i < times->count; i++)
			if (depths->values[i] >= from &&
			    depths->values[i] <= limits[k])
				append(&some, times->values[i]);
		snprintf(label, sizeof(label), "  us, %3" PRIu64 "..%-5" PRIu64,
			 from, limits[k]);
		print_series(label, &some, 1000);
		print_share("", &some, 5000);
		from = limits[k] + 1;
		free(some.values);
	}
}

/* What two looks at the clock cost, to be taken off each time. */
static uint64_t clock_cost(void)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 1000; i++) {
		uint64_t start = now();
		uint64_t took = now() - start;

		best = took < best ? took : best;
	}
	return best;
}

static void time_calls(const struct backend *backend, struct image *image,
		       struct series *first, struct series *later,
		       struct series *depths)
{
	void *state = must(backend->open(image), backend->name);
	uint64_t overhead = clock_cost();
	size_t n;
	struct snap_sample *samples = load(image, &n);

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < n; i++) {
			uint64_t start = now(), took;
			size_t depth = backend->walk(state, &samples[i], pcs,
						     FRAMES_MAX);

			took = now() - start;
			took = took > overhead ? took - overhead : 0;
			append(round ? later : first, took);
			if (round)
				append(depths, depth);
		}
	}
	free(samples);
	backend->close(state);
}

static void print_walks(const char *label, const char *name,
			struct series *times)
{
	qsort(times->values, times->count, sizeof(*times->values), compare);
	printf("%-16s %-18s %8.2f %8.2f %8.2f %8.2f %% %8.2f %%\n", label, name,
	       (double)percentile(times, 500) / 1000,
	       (double)percentile(times, 950) / 1000,
	       (double)percentile(times, 990) / 1000, share(times, 2000),
	       share(times, 5000));
	fflush(stdout);
}

static void add_series(struct series *total, const struct series *some)
{
	for (size_t i = 0; i < some->count; i++)
		append(total, some->values[i]);
}

/* dwunw_capture() beside them. */
static const struct backend *walked(size_t b)
{
	return b < BACKENDS ? backends[b] : &backend_dwunw_capture;
}

static int run_walks(int count, char **paths)
{
	struct series total[BACKENDS + 1] = { 0 };

	printf("%-16s %-18s %8s %8s %8s %10s %10s\n", "", "us a walk:", "p50",
	       "p95", "p99", "under 2", "under 5");
	for (int i = 0; i < count; i++) {
		struct image image;

		if (!image_open(&image, paths[i]))
			return 2;
		for (size_t b = 0; b <= BACKENDS; b++) {
			struct series first = { 0 }, later = { 0 }, d = { 0 };

			time_calls(walked(b), &image, &first, &later, &d);
			add_series(&total[b], &later);
			print_walks(image.snap.header.label, walked(b)->name,
				    &later);
			free(first.values);
			free(later.values);
			free(d.values);
		}
		image_close(&image);
	}
	for (size_t b = 0; b <= BACKENDS; b++)
		print_walks("all", walked(b)->name, &total[b]);
	return 0;
}

static int run_capture(int count, char **paths)
{
	struct series first = { 0 }, later = { 0 }, depths = { 0 };
	struct series later_by_depth = { 0 }, depth_of = { 0 };

	for (int i = 0; i < count; i++) {
		struct series f = { 0 }, l = { 0 }, d = { 0 };
		struct image image;

		if (!image_open(&image, paths[i]))
			return 2;
		time_calls(&backend_dwunw_capture, &image, &f, &l, &d);
		for (size_t k = 0; k < l.count; k++) {
			append(&first, f.values[k]);
			append(&later, l.values[k]);
			append(&depths, d.values[k]);
		}
		for (size_t k = 0; k < l.count; k++) {
			append(&later_by_depth, l.values[k]);
			append(&depth_of, d.values[k]);
		}
		printf("%s\n", image.snap.header.label);
		print_series("  us, warm", &l, 1000);
		print_series("  frames", &d, 1);
		print_share("", &l, 5000);
		free(f.values);
		free(l.values);
		free(d.values);
		image_close(&image);
	}
	printf("all\n");
	print_series("  us, first pass", &first, 1000);
	print_series("  us, warm", &later, 1000);
	print_series("  frames", &depths, 1);
	print_share("", &later, 5000);
	print_by_depth(&later_by_depth, &depth_of);
	return 0;
}

/* --- memory --- */

static uint64_t private_kib(void)
{
	char line[256];
	uint64_t kib = 0;
	FILE *status = must(fopen("/proc/self/status", "r"), "no /proc");

	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "RssAnon: %" SCNu64, &kib) == 1)
			break;
	fclose(status);
	return kib;
}

static const struct backend *find_backend(const char *name)
{
	for (size_t b = 0; b < BACKENDS; b++)
		if (strcmp(backends[b]->name, name) == 0)
			return backends[b];
	fprintf(stderr, "bench: no back end %s\n", name);
	exit(2);
}

static int run_memory(const char *name, int count, char **paths)
{
	const struct backend *backend = find_backend(name);

	for (int i = 0; i < count; i++) {
		struct snap_sample *samples;
		struct image image;
		size_t n, modules = 0, bytes = 0;
		uint64_t before;
		void *state;

		if (!image_open(&image, paths[i]))
			return 2;
		samples = load(&image, &n);
		before = private_kib();
		state = must(backend->open(&image), name);
		pass(backend, state, samples, n);
		printf("%-16s %-18s %7" PRIu64 " KiB private",
		       image.snap.header.label, name, private_kib() - before);
		if (backend->memory) {
			bytes = backend->memory(state, &modules);
			printf(", %zu modules of %zu bytes each", modules,
			       modules ? bytes / modules : 0);
		}
		printf("\n");
		backend->close(state);
		free(samples);
		image_close(&image);
	}
	return 0;
}

/* Each file once, over all recordings. */
static int run_modules(int count, char **paths)
{
	const struct dwunw_config config = { .module_cache_capacity = 256 };
	struct dwunw_context ctx;
	struct dwunw_cache_stats old = { 0 }, new;

	if (dwunw_init_with(&ctx, &config) != DWUNW_OK)
		return 2;
	for (int i = 0; i < count; i++) {
		struct image image;

		if (!image_open(&image, paths[i]))
			return 2;
		for (size_t k = 0; k < image.file_count; k++) {
			const struct image_file *file = &image.files[k];
			const struct dwunw_module *module;
			uint64_t start = now(), took;

			if (dwunw_module_cache_acquire(&ctx, file->path,
						       &module) != DWUNW_OK)
				continue;
			took = now() - start;
			dwunw_module_cache_release(&ctx, module);
			dwunw_module_cache_stats(&ctx, &new);
			if (new.opens != old.opens)
				printf("%9" PRIu64 " bytes of %10zu, %6" PRIu64
				       " us  %s\n",
				       new.bytes - old.bytes, file->size,
				       took / 1000, file->path);
			old = new;
		}
		image_close(&image);
	}
	printf("%" PRIu64 " modules, %" PRIu64 " bytes in all, %" PRIu64
	       " KiB private\n",
	       old.opens, old.bytes, private_kib());
	dwunw_shutdown(&ctx);
	return 0;
}

static int run_repeat(char **args)
{
	const struct backend *backend = find_backend(args[0]);
	long passes = strtol(args[1], NULL, 10);
	size_t limit = strtoul(args[2], NULL, 10), count;
	struct snap_sample *samples;
	struct image image;
	uint64_t frames = 0;
	void *state;

	if (!image_open(&image, args[3]))
		return 2;
	samples = load(&image, &count);
	state = must(backend->open(&image), args[0]);
	while (passes-- > 0)
		frames = pass(backend, state, samples,
			      count < limit ? count : limit);
	printf("%" PRIu64 "\n", frames);
	backend->close(state);
	free(samples);
	image_close(&image);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "time") == 0)
		return run_time(argc - 2, argv + 2);
	if (argc > 2 && strcmp(argv[1], "walks") == 0)
		return run_walks(argc - 2, argv + 2);
	if (argc > 2 && strcmp(argv[1], "capture") == 0)
		return run_capture(argc - 2, argv + 2);
	if (argc > 3 && strcmp(argv[1], "memory") == 0)
		return run_memory(argv[2], argc - 3, argv + 3);
	if (argc > 2 && strcmp(argv[1], "modules") == 0)
		return run_modules(argc - 2, argv + 2);
	if (argc == 6 && strcmp(argv[1], "repeat") == 0)
		return run_repeat(argv + 2);
	fprintf(stderr,
		"usage: %s time|walks|capture|modules FILE..., memory "
		"BACKEND FILE..., or repeat BACKEND COUNT SAMPLES FILE\n",
		argv[0]);
	return 2;
}
