/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * judge.c - what became of each stack of a recording, and where.
 *
 *	judge [--files DIR] [--step STEP] FILE.snap
 *
 * --step: prints one sample's frames instead, the true one and the walk's.
 * --files: a mapped file of which DIR has one of the same name is read from
 * there, as one without symbols. Each sample is one of
 *
 *	exact   the true chain, to the program's start code, no more, no less
 *	short   its first frames, and a reason why no more
 *	wrong   a frame that is not of the chain
 *	false   its first frames, and the walk says that this was all
 *
 * The first line counts them, and of the exact ones those that the walk does
 * not know to be whole, of the wrong ones those whose first wrong frame is not
 * marked as a guess, and those that are said to be whole. Then a line for each
 * place that was left otherwise than exactly:
 *
 *	miss KIND VADDR SAMPLES HOW STOP SCAN WANTED GOT STEP
 *
 * VADDR: in the last true frame; HOW: the evidence of the first frame behind
 * it, "-" if none; STOP, SCAN: why the walk ended; WANTED, GOT: the frame
 * behind it, of one sample, that of STEP.
 */
#include "../stacks/image.h"

#include <dwunw/walk.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind {
	EXACT,
	SHORT,
	WRONG,
	FALSE_END,
	KINDS
};
static const char *const kinds[KINDS] = { "exact", "short", "wrong", "false" };

struct miss {
	uint64_t vaddr;
	uint64_t samples;
	uint64_t step;
	uint64_t wanted;
	uint64_t got;
	uint8_t kind;
	uint8_t how; /* UINT8_MAX: no frame */
	uint8_t reason;
	uint8_t scan;
};

static struct miss *misses;
static size_t miss_count, miss_room;
static uint64_t counts[KINDS];
static uint64_t unended, unmarked, said_whole, wrong_frames, frames;
static uint64_t pcs[FRAMES_MAX];

static bool is_marked(const struct dwunw_frame *frame)
{
	return frame->how == DWUNW_HOW_FP ||
	       (frame->flags & DWUNW_FRAME_FLAG_GUESS);
}

static bool same_miss(const struct miss *a, const struct miss *b)
{
	return a->vaddr == b->vaddr && a->kind == b->kind && a->how == b->how &&
	       a->reason == b->reason && a->scan == b->scan;
}

static void note_miss(const struct miss *miss)
{
	size_t i;

	for (i = 0; i < miss_count && !same_miss(&misses[i], miss); i++)
		;
	if (i == miss_count) {
		if (miss_count == miss_room) {
			miss_room = 2 * miss_room + 64;
			misses = realloc(misses, miss_room * sizeof(*misses));
			if (!misses)
				abort();
		}
		misses[miss_count++] = *miss;
	}
	misses[i].samples++;
}

/* How many frames are true, from the innermost on. */
static size_t agreement(const struct snap_sample *s, size_t count)
{
	size_t i = 0;

	while (i < count && i < s->chain_count && pcs[i] == s->chain[i].pc)
		i++;
	return i;
}

static enum kind kind_of(const struct snap_sample *s, size_t count,
			 size_t true_count, bool whole)
{
	bool all = true_count == s->chain_count;

	if (all && (count == true_count || (s->flags & SNAP_CUT)))
		return EXACT;
	if (count > true_count)
		return WRONG;
	return whole ? FALSE_END : SHORT;
}

static void judge_sample(const struct image *image, const struct snap_sample *s,
			 size_t count, const struct dwunw_frame *walked,
			 const struct dwunw_stop *stop)
{
	size_t n = agreement(s, count);
	bool whole = dwunw_stop_is_complete(stop->reason);
	enum kind kind = kind_of(s, count, n, whole);
	uint64_t last = n ? pcs[n - 1] : s->pc;
	const struct image_file *file = image_find(image, last);
	struct miss miss = { .vaddr = last - (file ? file->bias : 0),
			     .step = s->step,
			     .kind = (uint8_t)kind,
			     .how = UINT8_MAX,
			     .reason = stop->reason,
			     .scan = stop->scan };

	frames += s->chain_count;
	counts[kind]++;
	if (kind == EXACT) {
		unended += !whole && !(s->flags & SNAP_CUT);
		return;
	}
	said_whole += whole;
	if (n < s->chain_count)
		miss.wanted = s->chain[n].pc;
	if (kind == WRONG) {
		miss.how = walked[n].how;
		miss.got = pcs[n];
		unmarked += !is_marked(&walked[n]);
		wrong_frames += count - n;
	}
	note_miss(&miss);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Reads the file from DIR, if it is there. */
static void replace_file(struct image_file *file, const char *dir)
{
	char path[4096];
	struct stat st;
	void *bytes;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, base_name(file->path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) != 0 ||
	    (bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd,
			  0)) == MAP_FAILED) {
		perror(path);
		exit(2);
	}
	close(fd);
	munmap((void *)(uintptr_t)file->bytes, file->size);
	file->bytes = bytes;
	file->size = (size_t)st.st_size;
}

/* True frames beside those of the walk. */
static void print_frames(const struct snap_sample *s, size_t count,
			 const struct dwunw_frame *walked,
			 const struct dwunw_stop *stop)
{
	size_t i;

	for (i = 0; i < s->chain_count || i < count; i++) {
		printf("%3zu", i);
		if (i < s->chain_count)
			printf(" %12" PRIx64 " at %12" PRIx64, s->chain[i].pc,
			       s->chain[i].at);
		else
			printf(" %12s    %12s", "-", "-");
		if (i < count)
			printf("  %12" PRIx64 " cfa %12" PRIx64 " %s",
			       walked[i].pc, walked[i].cfa,
			       dwunw_how_name(walked[i].how));
		putchar('\n');
	}
	printf("%s, %s\n", dwunw_stop_name(stop->reason),
	       dwunw_scan_result_name(stop->scan));
}

static void judge(struct image *image, const char *step)
{
	const struct backend *dwunw = &backend_dwunw;
	struct snap_sample s;
	void *state = dwunw->open(image);

	if (!state) {
		fprintf(stderr, "judge: %s cannot be opened\n",
			image->snap.header.label);
		exit(2);
	}
	while (snap_next(&image->snap, &s)) {
		size_t count = dwunw->walk(state, &s, pcs, FRAMES_MAX);

		judge_sample(image, &s, count, backend_dwunw_frames(state),
			     backend_dwunw_stop(state));
		if (step && s.step == strtoull(step, NULL, 10))
			print_frames(&s, count, backend_dwunw_frames(state),
				     backend_dwunw_stop(state));
	}
	dwunw->close(state);
}

static int by_samples(const void *a, const void *b)
{
	const struct miss *x = a, *y = b;

	if (x->samples != y->samples)
		return x->samples < y->samples ? 1 : -1;
	return (x->step > y->step) - (x->step < y->step);
}

/* A name of several words as one. */
static void print_name(const char *name)
{
	putchar(' ');
	for (; *name; name++)
		putchar(*name == ' ' ? '-' : *name);
}

static void print_misses(void)
{
	if (miss_count)
		qsort(misses, miss_count, sizeof(*misses), by_samples);
	for (size_t i = 0; i < miss_count; i++) {
		const struct miss *m = &misses[i];

		printf("miss %s %" PRIx64 " %" PRIu64, kinds[m->kind], m->vaddr,
		       m->samples);
		print_name(m->how == UINT8_MAX ? "-" : dwunw_how_name(m->how));
		print_name(dwunw_stop_name(m->reason));
		print_name(dwunw_scan_result_name(m->scan));
		printf(" %" PRIx64 " %" PRIx64 " %" PRIu64 "\n", m->wanted,
		       m->got, m->step);
	}
}

int main(int argc, char **argv)
{
	const char *dir = NULL, *step = NULL;
	struct image image;
	uint64_t samples = 0;
	int at = 1;

	for (; at + 2 < argc; at += 2)
		if (strcmp(argv[at], "--files") == 0)
			dir = argv[at + 1];
		else if (strcmp(argv[at], "--step") == 0)
			step = argv[at + 1];
		else
			break;
	if (at + 1 != argc) {
		fprintf(stderr,
			"usage: %s [--files DIR] [--step STEP] FILE.snap\n",
			argv[0]);
		return 2;
	}
	if (!image_open(&image, argv[argc - 1]))
		return 2;
	for (size_t i = 0; dir && i < image.file_count; i++)
		replace_file(&image.files[i], dir);
	judge(&image, step);
	for (int i = 0; !step && i < KINDS; i++)
		samples += counts[i];
	if (step) {
		image_close(&image);
		return 0;
	}
	printf("total samples %" PRIu64 " exact %" PRIu64 " unended %" PRIu64
	       " short %" PRIu64 " wrong %" PRIu64 " unmarked %" PRIu64
	       " false %" PRIu64 " frames %" PRIu64 " wrong-frames %" PRIu64
	       "\n",
	       samples, counts[EXACT], unended, counts[SHORT], counts[WRONG],
	       unmarked, said_whole, frames, wrong_frames);
	print_misses();
	image_close(&image);
	free(misses);
	return 0;
}
