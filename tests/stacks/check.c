/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * check.c - walks recorded stacks and compares them with the truth.
 *
 *	check [--verbose] [--backend NAME]… [--min PERCENT] [--gaps] [--main]
 *	      [--prefix PERCENT] [--gap-list FILE] [--digest] [--resume]
 *	      [--ids] [--made] FILE…
 *
 * A sample is exact when the frame pcs are the true chain from the sampled
 * pc to the program's start code, no more and no less; where the copy of the
 * stack cut the chain, its frames must come first. With --main it may end at
 * any true frame from main()'s caller on: the start code of some libraries
 * has no CFI. One line for each file and back end, then totals. With dwunw
 * the row cache is checked too: with and without it every field of every
 * frame must be the same.
 *
 * Misses that ended, with every frame so far true, at code without unwind
 * information, or behind such code, are counted apart ("gap"); --gaps lets up to
 * 2 % of the samples pass so.
 *
 * The prefix of a walk is its frames up to and with the first one that has
 * no CFI, or all: those that CFI and the words of signal trampolines found. It
 * is right when it is true, and is the whole chain or ends at such code.
 * --prefix PERCENT: so many must be. What was found from there on by other
 * evidence (the link register of a leaf, …) counts for "exact" only.
 *
 * --gap-list FILE: "VADDR PATH" of each place that was taken to have no CFI,
 * for a look into the file by other means. --digest: one number from every
 * field of every frame and stop reason, the same on every host.
 *
 * --resume: from each frame a walk is begun anew, with registers as the walk's
 * own steps give them, and must go on as the whole one does (resume.c).
 *
 * --ids: of the first stacks all frames, as a stack's id is made of them, and
 * then that.
 *
 * --made: no frame may be wrong, and those found from code without a file must
 * say so (made.c).
 *
 * Exit status 1: below --min or --prefix, a different frame without the row
 * cache or of a walk begun anew, or dwunw below another back end.
 */
#include "image.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_DWUNW
#include <dwunw/walk.h>
#endif

#define BACKEND_MAX 4u
#define MISSES_SHOWN 40u
#define IDS_SHOWN 200

struct score {
	uint64_t samples;
	uint64_t exact;
	uint64_t gaps;
	uint64_t frames;
	uint64_t prefixes;	/* right */
	uint64_t prefix_frames; /* in all of them */
};

struct options {
	bool verbose;
	bool gaps_pass;
	bool to_main;
	bool digest;
	bool resume;
	bool ids;
	bool made;
	double min;
	double min_prefix;
	FILE *gap_list;
	const struct backend *backends[BACKEND_MAX];
	size_t backend_count;
};

static const struct backend *const known[] = {
#ifdef HAVE_DWUNW
	&backend_dwunw,
	&backend_dwunw_callback,
	&backend_dwunw_capture,
#endif
#ifdef HAVE_LIBUNWIND
	&backend_libunwind,
#endif
#ifdef HAVE_LIBDWFL
	&backend_libdwfl,
#endif
	NULL,
};

static uint64_t pcs[FRAMES_MAX];
static struct options opt;
static uint64_t cache_differs;
#ifdef HAVE_DWUNW
static struct resumed resumed;
static struct made made;
#endif
static uint64_t digest = 14695981039346656037u; /* FNV-1a */
static uint64_t digest_frames;

/* How many frames are true, from the innermost on. */
static size_t agreement(const struct snap_sample *s, size_t count)
{
	size_t i = 0;

	while (i < count && i < s->chain_count && pcs[i] == s->chain[i].pc)
		i++;
	return i;
}

/* How many frames there must be: up to main()'s caller, if that will do. */
static size_t wanted(const struct snap_sample *s)
{
	for (size_t i = 0; opt.to_main && i < s->chain_count; i++)
		if (s->chain[i].main)
			return i + 1;
	return s->chain_count;
}

static bool is_exact(const struct snap_sample *s, size_t count)
{
	size_t true_count = agreement(s, count);

	return true_count >= wanted(s) &&
	       (count == true_count ||
		(true_count == s->chain_count && s->flags & SNAP_CUT));
}

#ifdef HAVE_DWUNW
static bool is_by_cfi(const struct dwunw_frame *frame)
{
	return frame->how == DWUNW_HOW_CFI || frame->how == DWUNW_HOW_SIGNAL;
}

/* Has some frame been left by other evidence? */
static bool is_behind_gap(const struct backend *backend, void *state,
			  size_t count)
{
	const struct dwunw_frame *frames;
	size_t i = 1;

	if (!backend->is_dwunw)
		return false;
	frames = backend_dwunw_frames(state);
	while (i < count && is_by_cfi(&frames[i]))
		i++;
	return i < count;
}
#else
static bool is_behind_gap(const struct backend *backend, void *state,
			  size_t count)
{
	(void)backend;
	(void)state;
	(void)count;
	return false;
}
#endif

static bool is_gap(const struct backend *backend, void *state,
		   const struct snap_sample *s, size_t count)
{
	return count && agreement(s, count) == count && backend->no_row &&
	       (backend->no_row(state) || is_behind_gap(backend, state, count));
}

/* The frame that was left the wrong way, and what was found instead. */
static void print_miss(const struct image *image, const struct snap_sample *s,
		       size_t count, const char *why)
{
	char from[256], want[256], got[256];
	size_t i = agreement(s, count);

	image_where(image, i ? pcs[i - 1] : s->pc, from, sizeof(from));
	snprintf(want, sizeof(want), "the end");
	snprintf(got, sizeof(got), "the end");
	if (i < s->chain_count)
		image_where(image, s->chain[i].pc, want, sizeof(want));
	if (i < count)
		image_where(image, pcs[i], got, sizeof(got));
	printf("    step %" PRIu64
	       ": frame %zu of %zu, after %s: want %s got %s, stop: %s\n",
	       s->step, i, s->chain_count, from, want, got, why);
}

#ifdef HAVE_DWUNW
static void add_number(uint64_t value)
{
	for (int i = 0; i < 8; i++, value >>= 8)
		digest = (digest ^ (value & 0xff)) * 1099511628211u;
}

static void add_to_digest(const struct dwunw_frame *frames, size_t count,
			  const char *why)
{
	for (size_t i = 0; i < count; i++) {
		add_number(frames[i].pc);
		add_number(frames[i].vaddr);
		add_number(frames[i].cfa);
		add_number(frames[i].module);
		add_number(frames[i].how | (uint64_t)frames[i].flags << 8);
	}
	for (; *why; why++)
		add_number((uint8_t)*why);
	digest_frames += count;
}

static void list_gap(const struct image *image, const struct dwunw_frame *frame)
{
	const struct image_file *file = image_find(image, frame->pc);

	if (opt.gap_list && file)
		fprintf(opt.gap_list, "%" PRIx64 " %s\n",
			dwunw_frame_lookup(frame, frame->vaddr), file->path);
}

/* Frames up to the first one that was not left by CFI. */
static size_t prefix_of(const struct image *image,
			const struct dwunw_frame *frames, size_t count,
			bool no_row)
{
	size_t prefix = 1;

	while (prefix < count && is_by_cfi(&frames[prefix]))
		prefix++;
	for (size_t i = prefix - 1; i < count; i++)
		if (i + 1 < count ? !is_by_cfi(&frames[i + 1]) : no_row)
			list_gap(image, &frames[i]);
	return prefix;
}

/* A frame where the chain has another, or none. */
static bool is_wrong(const struct snap_sample *s, size_t count)
{
	size_t true_count = agreement(s, count);

	return count > true_count &&
	       !(true_count == s->chain_count && s->flags & SNAP_CUT);
}

static void judge_prefix(const struct image *image,
			 const struct backend *backend, void *state,
			 const struct snap_sample *s, size_t count,
			 struct score *score)
{
	const struct dwunw_frame *frames;
	size_t prefix, true_count = agreement(s, count);
	bool no_row;

	if (!backend->is_dwunw || !count)
		return;
	no_row = backend->no_row(state);
	frames = backend_dwunw_frames(state);
	made_sample(frames, count, is_wrong(s, count), &made);
	add_to_digest(frames, count, backend->why(state));
	prefix = prefix_of(image, frames, count, no_row);
	score->prefix_frames += prefix;
	if (s->flags & SNAP_CUT && true_count == s->chain_count)
		score->prefixes++;
	else if (true_count >= prefix)
		score->prefixes += prefix < count || no_row ||
				   prefix == s->chain_count;
}
#else
static void judge_prefix(const struct image *image,
			 const struct backend *backend, void *state,
			 const struct snap_sample *s, size_t count,
			 struct score *score)
{
	(void)image;
	(void)backend;
	(void)state;
	(void)s;
	(void)count;
	(void)score;
}
#endif

static struct score run(struct image *image, const struct backend *backend)
{
	struct snap_sample s;
	struct score score = { 0 };
	uint64_t shown = 0;
	void *state = backend->open(image);

	if (!state) {
		fprintf(stderr, "%s cannot open %s\n", backend->name,
			image->snap.header.label);
		exit(2);
	}
	snap_rewind(&image->snap);
	while (snap_next(&image->snap, &s)) {
		size_t count = backend->walk(state, &s, pcs, FRAMES_MAX);

		score.samples++;
		score.frames += s.chain_count;
		judge_prefix(image, backend, state, &s, count, &score);
		if (is_exact(&s, count)) {
			score.exact++;
			continue;
		}
		score.gaps += is_gap(backend, state, &s, count);
		if (opt.verbose && shown++ < MISSES_SHOWN)
			print_miss(image, &s, count,
				   backend->why ? backend->why(state) : "");
	}
	backend->close(state);
	return score;
}

#ifdef HAVE_DWUNW
/* Every field of every frame, with the row cache and without. */
static void compare_cache(struct image *image)
{
	static uint64_t other[FRAMES_MAX];
	struct snap_sample s;
	void *on = backend_dwunw.open(image);
	void *off = backend_dwunw_uncached.open(image);

	snap_rewind(&image->snap);
	while (on && off && snap_next(&image->snap, &s)) {
		size_t a = backend_dwunw.walk(on, &s, pcs, FRAMES_MAX);
		size_t b =
			backend_dwunw_uncached.walk(off, &s, other, FRAMES_MAX);

		cache_differs += a != b ||
				 memcmp(backend_dwunw_frames(on),
					backend_dwunw_frames(off),
					a * sizeof(struct dwunw_frame)) != 0;
	}
	backend_dwunw.close(on);
	backend_dwunw_uncached.close(off);
}

static void resume(struct image *image)
{
	struct snap_sample s;
	void *state = backend_dwunw.open(image);

	snap_rewind(&image->snap);
	while (state && snap_next(&image->snap, &s))
		resume_sample(state, &s, &resumed);
	backend_dwunw.close(state);
}

static void print_frame(const char *path, uint64_t vaddr, uint32_t exact)
{
	printf("frame %" PRIx64 " %" PRIu32 " %s\n", vaddr, exact, path);
}

static void print_ids(struct image *image)
{
	struct snap_sample s;
	void *state = backend_dwunw.open(image);

	printf("vdso ");
	for (uint64_t i = 0; i < image->snap.header.vdso_size; i++)
		printf("%02x", image->snap.vdso[i]);
	printf("\n");
	snap_rewind(&image->snap);
	for (int i = 0; state && i < IDS_SHOWN && snap_next(&image->snap, &s);
	     i++) {
		size_t count = backend_dwunw.walk(state, &s, pcs, FRAMES_MAX);

		printf("stack %016" PRIx64 "\n",
		       backend_dwunw_id(state, count, print_frame));
	}
	backend_dwunw.close(state);
}

static bool print_made(void)
{
	printf("made: %" PRIu64 " frames by the frame pointer, %" PRIu64
	       " by the code, %" PRIu64 " interrupted; %" PRIu64
	       " marked otherwise, %" PRIu64 " samples with a wrong frame\n",
	       made.by_fp, made.by_code, made.interrupted, made.unmarked,
	       made.wrong);
	return made.by_fp > 0 && made.by_code > 0 && made.interrupted > 0 &&
	       !made.unmarked && !made.wrong;
}

static bool print_resumed(void)
{
	printf("resumed: %" PRIu64 " walks of %" PRIu64 " stacks, at %" PRIu64
	       " of %" PRIu64 " frames: %" PRIu64 " differ\n",
	       resumed.walks, resumed.stacks, resumed.reached,
	       resumed.frames - resumed.stacks, resumed.differ);
	/* few steps may not be told, and where one is not, nothing beyond */
	return resumed.differ == 0 && resumed.walks > 0;
}
#else
static void resume(struct image *image)
{
	(void)image;
}

static void print_ids(struct image *image)
{
	(void)image;
}

static bool print_made(void)
{
	return false;
}

static bool print_resumed(void)
{
	return false;
}

static void compare_cache(struct image *image)
{
	(void)image;
}
#endif

static double percent(const struct score *score, uint64_t exact)
{
	return score->samples ? 100.0 * (double)exact / (double)score->samples :
				0;
}

static void print_score(const char *label, const struct backend *backend,
			const struct score *score)
{
	printf("%-24s %-20s %7" PRIu64 " samples %8" PRIu64 " frames %7" PRIu64
	       " exact %8.3f %%",
	       label, backend->name, score->samples, score->frames,
	       score->exact, percent(score, score->exact));
	if (score->gaps)
		printf(", %" PRIu64 " ended at a gap", score->gaps);
	if (opt.min_prefix > 0 && score->samples)
		printf(", prefix right %8.3f %%, mean %.2f of %.2f",
		       percent(score, score->prefixes),
		       (double)score->prefix_frames / (double)score->samples,
		       (double)score->frames / (double)score->samples);
	printf("\n");
	fflush(stdout);
}

static void add_score(struct score *total, const struct score *score)
{
	total->samples += score->samples;
	total->exact += score->exact;
	total->gaps += score->gaps;
	total->frames += score->frames;
	total->prefixes += score->prefixes;
	total->prefix_frames += score->prefix_frames;
}

static void check_file(const char *path, struct score *total)
{
	struct image image;

	if (!image_open(&image, path))
		exit(2);
	for (size_t i = 0; i < opt.backend_count; i++) {
		struct score score = run(&image, opt.backends[i]);

		print_score(image.snap.header.label, opt.backends[i], &score);
		add_score(&total[i], &score);
	}
	if (opt.backends[0]->is_dwunw)
		compare_cache(&image);
	if (opt.resume)
		resume(&image);
	if (opt.ids)
		print_ids(&image);
	image_close(&image);
}

static void add_backend(const char *name)
{
	for (size_t i = 0; known[i]; i++)
		if (strcmp(known[i]->name, name) == 0 &&
		    opt.backend_count < BACKEND_MAX) {
			opt.backends[opt.backend_count++] = known[i];
			return;
		}
	fprintf(stderr, "check: no back end %s in this build\n", name);
	exit(2);
}

static void open_gap_list(const char *path)
{
	opt.gap_list = fopen(path, "w");
	if (opt.gap_list)
		return;
	perror(path);
	exit(2);
}

/* An option and its value; false: no such one. */
static bool parse_value(const char *name, const char *value)
{
	if (!value)
		return false;
	if (strcmp(name, "--backend") == 0)
		add_backend(value);
	else if (strcmp(name, "--min") == 0)
		opt.min = strtod(value, NULL);
	else if (strcmp(name, "--prefix") == 0)
		opt.min_prefix = strtod(value, NULL);
	else if (strcmp(name, "--gap-list") == 0)
		open_gap_list(value);
	else
		return false;
	return true;
}

static int parse(int argc, char **argv)
{
	int i = 1;

	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--verbose") == 0)
			opt.verbose = true;
		else if (strcmp(argv[i], "--gaps") == 0)
			opt.gaps_pass = true;
		else if (strcmp(argv[i], "--main") == 0)
			opt.to_main = true;
		else if (strcmp(argv[i], "--digest") == 0)
			opt.digest = true;
		else if (strcmp(argv[i], "--resume") == 0)
			opt.resume = true;
		else if (strcmp(argv[i], "--ids") == 0)
			opt.ids = true;
		else if (strcmp(argv[i], "--made") == 0)
			opt.made = true;
		else if (parse_value(argv[i], argv[i + 1]))
			i++;
		else
			return argc;
	}
	if (!opt.backend_count && known[0])
		add_backend(known[0]->name);
	return i;
}

int main(int argc, char **argv)
{
	struct score total[BACKEND_MAX] = { 0 };
	uint64_t good;
	bool failed = false;
	int at = parse(argc, argv);

	if (at >= argc || !opt.backend_count) {
		fprintf(stderr,
			"usage: %s [--verbose] [--backend NAME] "
			"[--min PERCENT] [--gaps] [--main] "
			"[--prefix PERCENT] [--gap-list FILE] [--digest] "
			"[--resume] [--ids] [--made] FILE...\n",
			argv[0]);
		return 2;
	}
	for (int i = at; i < argc; i++)
		check_file(argv[i], total);
	for (size_t i = 0; i < opt.backend_count; i++) {
		print_score("total", opt.backends[i], &total[i]);
		failed |= total[0].exact < total[i].exact;
	}
	good = total[0].exact;
	if (opt.gaps_pass && total[0].gaps * 50 <= total[0].samples)
		good += total[0].gaps;
	failed |= percent(&total[0], good) < opt.min;
	failed |= percent(&total[0], total[0].prefixes) < opt.min_prefix;
	printf("row cache: %" PRIu64 " samples differ without it\n",
	       cache_differs);
	if (opt.resume && !print_resumed())
		failed = true;
	if (opt.made && !print_made())
		failed = true;
	if (opt.digest)
		printf("digest %016" PRIx64 " of %" PRIu64 " frames\n", digest,
		       digest_frames);
	if (opt.gap_list && fclose(opt.gap_list) != 0) {
		perror("gap list");
		return 2;
	}
	return failed || cache_differs != 0;
}
