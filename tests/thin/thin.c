/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * thin.c - walks recorded stacks with evidence taken away and compares them
 * with the truth.
 *
 *	thin [--every N] [--files] [--verbose] FILE...
 *	thin --save CELL ELF-FILE OUT
 *
 * Every recording is walked with each of the files' cells, and in three of
 * those with each of the samples' cells: registers lost, words that cannot be
 * read, copies cut, return addresses overwritten. --every N: those of every
 * N-th sample only, and the files' of every N/10-th. --files: the files' alone.
 * Prints for each recording and cell
 *
 *	TARGET CELL LABEL walks exact short guess wrong false right wrong ends
 *
 * Of walks: exact: all frames that can be known, no more unless marked as a
 * guess, and no false end. short: fewer, all of them true, with a reason.
 * guess: a frame that is not true, marked as a guess. wrong: one that is not
 * marked. false: ends at "the start" where that is not. A walk may be both of
 * the last. Of frames marked as a guess: right and wrong. ends: walks that
 * say they are complete, and are.
 *
 * What can be known ends before the first return address that is gone.
 * --verbose: a line for each walk that is wrong or false; given twice, for each
 * that is not exact. --save: what is left
 * of a file in that cell.
 */
#include "subject.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Few: without bounds of functions each new place costs a sweep. */
#define POOL_MAX 48u
#define DEPTHS_MAX 32u

enum file_cell {
	FILE_FULL,
	FILE_NO_CFI,
	FILE_FDES,
	FILE_NO_SYMBOLS,
	FILE_NO_SECTIONS,
	FILE_BARE,
	FILE_FDES_BARE,
	FILE_CELLS,
};

static const struct {
	const char *name;
	unsigned without;
	bool samples; /* the samples' cells as well */
} files[FILE_CELLS] = {
	[FILE_FULL] = { "full", 0, true },
	[FILE_NO_CFI] = { "no-cfi", WITHOUT_CFI, true },
	[FILE_FDES] = { "fdes-70", WITHOUT_SOME_FDES, false },
	[FILE_NO_SYMBOLS] = { "no-symbols", WITHOUT_SYMBOLS, false },
	[FILE_NO_SECTIONS] = { "no-sections", WITHOUT_SECTIONS, false },
	[FILE_BARE] = { "no-cfi,no-sections", WITHOUT_CFI | WITHOUT_SECTIONS,
			true },
	[FILE_FDES_BARE] = { "fdes-70,no-sections",
			     WITHOUT_SOME_FDES | WITHOUT_SECTIONS, false },
};

enum value_kind {
	VALUE_ZERO,
	VALUE_OUTSIDE, /* in no mapping */
	VALUE_DATA,
	VALUE_CODE, /* not behind a call */
	VALUE_KINDS,
};
static const char *const value_names[VALUE_KINDS] = { "ra-zero", "ra-outside",
						      "ra-data", "ra-code" };

struct score {
	uint64_t walks;
	uint64_t exact;
	uint64_t short_; /* with a reason */
	uint64_t guess;
	uint64_t wrong;
	uint64_t false_;
	uint64_t guesses_right; /* frames */
	uint64_t guesses_wrong;
	uint64_t ends; /* complete, and so they say */
};

struct run {
	struct image *image;
	struct subject *subject;
	const char *file_cell;
	uint64_t pool[POOL_MAX]; /* code addresses that are behind no call */
	size_t pool_count;
};

static uint64_t every = 1;
static int verbose;
static bool files_alone;

static const char *target_name(const struct image *image)
{
	static const char *const names[] = { "", "x86_64", "arm64", "mips32el",
					     "mips32eb" };

	return names[image->snap.header.arch];
}

/* Whether the frame says that it may be wrong: as the tools print it. */
static bool is_guess(const struct dwunw_frame *frame)
{
	return frame->how == DWUNW_HOW_FP ||
	       (frame->flags & DWUNW_FRAME_FLAG_GUESS);
}

/* --- one walk --- */

struct verdict {
	size_t agree; /* frames that are true, from the innermost on */
	bool wrong;
	bool guess_wrong;
	bool false_end;
	bool exact;
};

static bool is_true(const struct lens *lens, const struct dwunw_frame *frame,
		    size_t i)
{
	return i < lens->sample->chain_count &&
	       frame->pc ==
		       lens_address(lens->image, lens->sample->chain[i].pc);
}

/* The overwritten address itself: that it is there is no guess. */
static bool is_value(const struct lens *lens, const struct dwunw_frame *frame,
		     size_t i)
{
	return lens->altered && i == lens->known &&
	       frame->pc == lens_address(lens->image, lens->value);
}

static struct verdict judge(const struct lens *lens,
			    const struct dwunw_frame *frames, size_t count,
			    const struct dwunw_stop *stop, struct score *score)
{
	const struct snap_sample *s = lens->sample;
	bool cut = (s->flags & SNAP_CUT) != 0;
	struct verdict v = { 0 };

	while (v.agree < count && is_true(lens, &frames[v.agree], v.agree))
		v.agree++;
	for (size_t i = 0; i < count; i++) {
		bool right = is_true(lens, &frames[i], i);
		bool guess = is_guess(&frames[i]);

		/* behind the recorded chain nothing is known */
		if (cut && v.agree == s->chain_count && i >= v.agree)
			break;
		if (guess && !is_value(lens, &frames[i], i)) {
			score->guesses_right += right;
			score->guesses_wrong += !right;
			v.guess_wrong |= !right;
		}
		v.wrong |= !right && !guess;
	}
	v.false_end = dwunw_stop_is_complete(stop->reason) &&
		      (count != s->chain_count || v.agree != count || cut);
	v.exact = !v.wrong && !v.false_end && v.agree >= lens->known &&
		  (count == v.agree || lens->known < s->chain_count || cut);
	return v;
}

static void tell(const struct run *run, const struct lens *lens,
		 const char *cell, const struct dwunw_frame *frames,
		 size_t count, const struct dwunw_stop *stop,
		 const struct verdict *v)
{
	const struct snap_sample *s = lens->sample;
	char at[256], from[256], want[256], got[256];
	size_t i = v->agree;

	image_where(run->image, s->pc, at, sizeof(at));
	image_where(run->image, i ? frames[i - 1].pc : s->pc, from,
		    sizeof(from));
	snprintf(want, sizeof(want), "the end");
	snprintf(got, sizeof(got), "the end");
	if (i < s->chain_count)
		image_where(run->image, s->chain[i].pc, want, sizeof(want));
	if (i < count)
		image_where(run->image, frames[i].pc, got, sizeof(got));
	printf("%s %s%s %s step %" PRIu64
	       " at %s frame %zu of %zu (known %zu), after %s (%s): "
	       "want %s got %s (%s), stop: %s, %zu frames\n",
	       v->wrong	      ? v->false_end ? "wrong+false" : "wrong" :
	       v->false_end   ? "false" :
	       v->guess_wrong ? "guess" :
				"short",
	       run->file_cell, cell, run->image->snap.header.label, s->step, at,
	       i, s->chain_count, lens->known, from,
	       dwunw_how_name(i ? frames[i - 1].how : 0), want, got,
	       i < count ? dwunw_how_name(frames[i].how) : "-",
	       dwunw_stop_name(stop->reason), count);
}

static void walk(const struct run *run, const struct lens *lens,
		 const char *cell, struct score *score)
{
	const struct dwunw_frame *frames;
	struct dwunw_stop stop;
	struct verdict v;
	size_t count;

	run->image->sample = lens->sample;
	frames = subject_walk(run->subject, lens, &count, &stop);
	v = judge(lens, frames, count, &stop, score);
	score->walks++;
	score->wrong += v.wrong;
	score->false_ += v.false_end;
	score->ends += v.exact && dwunw_stop_is_complete(stop.reason);
	if (v.exact)
		score->exact++;
	else if (!v.wrong && !v.false_end && v.guess_wrong)
		score->guess++;
	else if (!v.wrong && !v.false_end)
		score->short_++;
	if (verbose && (v.wrong || v.false_end || (verbose > 1 && !v.exact)))
		tell(run, lens, cell, frames, count, &stop, &v);
}

static void print_score(const struct run *run, const char *cell,
			const struct score *s)
{
	if (s->walks == 0)
		return;
	printf("%s %s%s %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
	       " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
	       target_name(run->image), run->file_cell, cell,
	       run->image->snap.header.label, s->walks, s->exact, s->short_,
	       s->guess, s->wrong, s->false_, s->guesses_right,
	       s->guesses_wrong, s->ends);
}

/* --- the samples' cells --- */

/* A call preserves them (psABI 3.2.1, AAPCS64 6.1.1, o32), or they hold the
 * return address. */
static uint64_t preserved(const struct image *image)
{
	switch (image->snap.header.arch) {
	case SNAP_X86_64:
		return 1u << 3 | 1u << 6 | 0xf000u;
	case SNAP_ARM64:
		return 0x7ff80000;
	default:
		return 0x00ff0000 | 1u << 28 | 1u << 30 | 1u << 31;
	}
}

/* Calls change() with a fresh lens for every N-th sample; then walks. */
static void each_sample(const struct run *run, const char *cell,
			bool (*change)(struct lens *, unsigned), unsigned n,
			uint64_t step)
{
	struct snap_sample s;
	struct score score = { 0 };
	struct lens lens;

	snap_rewind(&run->image->snap);
	for (uint64_t i = 0; snap_next(&run->image->snap, &s); i++) {
		if (i % step != 0)
			continue;
		lens_init(&lens, run->image, &s);
		if (!change || change(&lens, n))
			walk(run, &lens, cell, &score);
	}
	print_score(run, cell, &score);
}

static bool lose(struct lens *lens, unsigned reg)
{
	lens_lose(lens, reg);
	return true;
}

static bool cut(struct lens *lens, unsigned quarters)
{
	lens_cut(lens, quarters);
	return true;
}

static bool refuse_page(struct lens *lens, unsigned seed)
{
	lens_refuse_page(lens, seed);
	return true;
}

static bool refuse_words(struct lens *lens, unsigned seed)
{
	lens_refuse_words(lens, seed);
	return true;
}

static bool refuse_home(struct lens *lens, unsigned seed)
{
	size_t count = lens->sample->chain_count;

	return count > 1 &&
	       lens_refuse_home(
		       lens,
		       1 + (size_t)(evidence_hash(seed, lens->sample->step) %
				    (count - 1)));
}

/* --- overwritten return addresses --- */

static bool is_mapped(const struct image *image, uint64_t addr)
{
	return snap_find_map(&image->snap, lens_address(image, addr)) != NULL;
}

static uint64_t outside(const struct image *image, uint64_t hash)
{
	uint64_t wide = lens_word(image) == 8 ? 0x7fffffffffff : 0xffffffff;
	const uint64_t values[] = { hash >> 8 & 0xfff, 0x4141414141414141,
				    hash >> 16 };

	for (unsigned i = 0; i < 3; i++) {
		uint64_t value = values[(hash + i) % 3] & wide & ~3ull;

		if (value && !is_mapped(image, value) &&
		    !is_mapped(image, value - 1))
			return value;
	}
	return 8;
}

static uint64_t in_data(const struct image *image, uint64_t hash)
{
	const struct snap *snap = &image->snap;
	size_t first = (size_t)(hash % snap->map_count);

	for (size_t i = 0; i < snap->map_count; i++) {
		const struct snap_map *map =
			&snap->maps[(first + i) % snap->map_count];

		if (!map->exec && map->end - map->start >= 4096)
			return map->start + (hash >> 20) % 1023 * 4 + 4;
	}
	return 8;
}

static uint64_t value_for(const struct run *run, enum value_kind kind,
			  uint64_t hash)
{
	switch (kind) {
	case VALUE_OUTSIDE:
		return outside(run->image, hash);
	case VALUE_DATA:
		return in_data(run->image, hash);
	case VALUE_CODE:
		return run->pool[hash % run->pool_count];
	default:
		return 0;
	}
}

/* Every frame's in turn; of a deep stack as many as DEPTHS_MAX. */
static void overwrite_each(const struct run *run, const char *cell,
			   enum value_kind kind)
{
	struct snap_sample s;
	struct score score = { 0 };
	struct lens lens;

	if (kind == VALUE_CODE && !run->pool_count)
		return;
	snap_rewind(&run->image->snap);
	for (uint64_t i = 0; snap_next(&run->image->snap, &s); i++) {
		if (i % every != 0)
			continue;
		for (size_t n = s.chain_count - 1, turn = 0;
		     turn < (n < DEPTHS_MAX ? n : DEPTHS_MAX); turn++) {
			uint64_t hash = evidence_hash(s.step, turn);
			size_t frame = n <= DEPTHS_MAX ? turn + 1 :
							 1 + hash % n;

			/* what a signal interrupts may be anywhere */
			if (s.chain[frame].kind == SNAP_INTERRUPTED)
				continue;
			lens_init(&lens, run->image, &s);
			if (lens_overwrite(&lens, frame,
					   value_for(run, kind, hash)))
				walk(run, &lens, cell, &score);
		}
	}
	print_score(run, cell, &score);
}

/* --- code addresses that are behind no call --- */

static bool is_call_x86_64(const uint8_t *end)
{
	static const uint8_t sizes[] = { 2, 3, 4, 6, 7, 8 };

	if (end[-5] == 0xe8)
		return true;
	for (size_t i = 0; i < sizeof(sizes); i++)
		if (end[-sizes[i]] == 0xff && (end[1 - sizes[i]] >> 3 & 7) == 2)
			return true;
	return false;
}

/* May it be behind a call? Where that is in doubt it is. */
static bool behind_call(const struct image *image, uint64_t pc)
{
	uint32_t arch = image->snap.header.arch;
	uint8_t bytes[8];
	uint32_t w;

	if (!image_read(image, pc - 8, bytes, 8))
		return true;
	if (arch == SNAP_X86_64)
		return is_call_x86_64(bytes + 8);
	if (arch == SNAP_ARM64) {
		w = bytes[4] | bytes[5] << 8 | (uint32_t)bytes[6] << 16 |
		    (uint32_t)bytes[7] << 24;
		return (w & 0xfc000000) == 0x94000000 ||
		       (w & 0xfe000000) == 0xd6000000;
	}
	w = arch == SNAP_MIPS32EB ? (uint32_t)bytes[0] << 24 | bytes[1] << 16 |
					    bytes[2] << 8 | bytes[3] :
				    bytes[0] | bytes[1] << 8 | bytes[2] << 16 |
					    (uint32_t)bytes[3] << 24;
	return w >> 26 == 3 || w >> 26 == 29 ||
	       (w >> 26 == 0 && (w & 63) == 9) ||
	       (w >> 26 == 1 && (w >> 20 & 1)) || (pc & 3);
}

static void fill_pool(struct run *run)
{
	uint32_t step = run->image->snap.header.record_count / POOL_MAX + 1;
	struct snap_sample s;

	snap_rewind(&run->image->snap);
	for (uint32_t i = 0; snap_next(&run->image->snap, &s); i++) {
		const struct image_file *file = image_find(run->image, s.pc);

		if (i % step == 0 && file &&
		    !(s.pc & 1 && lens_word(run->image) == 4) &&
		    !behind_call(run->image, s.pc))
			run->pool[run->pool_count++] = s.pc;
	}
}

/* --- a recording --- */

static void lose_each(const struct run *run)
{
	uint64_t regs = preserved(run->image);
	char cell[32];

	for (unsigned reg = 0; reg < 32; reg++) {
		if (!(regs >> reg & 1))
			continue;
		snprintf(cell, sizeof(cell), "/lost-%u", reg);
		each_sample(run, cell, lose, reg, every);
	}
}

static void samples_cells(const struct run *run)
{
	char cell[32];

	lose_each(run);
	each_sample(run, "/page", refuse_page, 1, every);
	each_sample(run, "/words", refuse_words, 2, every);
	each_sample(run, "/word", refuse_home, 3, every);
	for (unsigned quarters = 1; quarters < 4; quarters++) {
		snprintf(cell, sizeof(cell), "/cut-%u", quarters);
		each_sample(run, cell, cut, quarters, every);
	}
	for (unsigned kind = 0; kind < VALUE_KINDS; kind++) {
		snprintf(cell, sizeof(cell), "/%s", value_names[kind]);
		overwrite_each(run, cell, (enum value_kind)kind);
	}
}

static void check_file(const char *path)
{
	struct image image;
	static struct run run;

	if (!image_open(&image, path))
		exit(2);
	run = (struct run){ .image = &image };
	fill_pool(&run);
	for (int cell = 0; cell < FILE_CELLS; cell++) {
		run.file_cell = files[cell].name;
		run.subject = subject_open(&image, files[cell].without);
		if (!run.subject)
			exit(2);
		each_sample(&run, "", NULL, 0, every < 20 ? 1 : every / 10);
		if (files[cell].samples && !files_alone)
			samples_cells(&run);
		subject_close(run.subject);
	}
	image_close(&image);
}

/* --- files of a cell, for readelf to look at --- */

static uint8_t *slurp(const char *path, size_t *size)
{
	FILE *in = fopen(path, "rb");
	uint8_t *bytes = NULL;
	long end;

	if (in && fseek(in, 0, SEEK_END) == 0 && (end = ftell(in)) > 64) {
		*size = (size_t)end;
		bytes = malloc(*size);
		rewind(in);
		if (bytes && fread(bytes, 1, *size, in) != *size)
			*size = 0;
	}
	if (in)
		fclose(in);
	return bytes;
}

static bool save(const char *cell, const char *from, const char *to)
{
	size_t size = 0;
	uint8_t *whole = slurp(from, &size), *left = NULL;
	FILE *out = fopen(to, "wb");
	bool done;

	for (int i = 0; whole && size && i < FILE_CELLS; i++)
		if (strcmp(files[i].name, cell) == 0)
			left = evidence_remove(whole, size, files[i].without,
					       from);
	done = left && out && fwrite(left, 1, size, out) == size;
	if (out && fclose(out) != 0)
		done = false;
	free(whole);
	free(left);
	return done;
}

int main(int argc, char **argv)
{
	int i = 1;

	if (argc == 5 && strcmp(argv[1], "--save") == 0)
		return save(argv[2], argv[3], argv[4]) ? 0 : 2;
	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--verbose") == 0)
			verbose++;
		else if (strcmp(argv[i], "--files") == 0)
			files_alone = true;
		else if (strcmp(argv[i], "--every") == 0 && argv[i + 1])
			every = strtoull(argv[++i], NULL, 10);
		else
			i = argc;
	}
	if (i >= argc || every == 0) {
		fprintf(stderr,
			"usage: %s [--every N] [--files] [--verbose] "
			"FILE...\n",
			argv[0]);
		return 2;
	}
	for (; i < argc; i++)
		check_file(argv[i]);
	return 0;
}
