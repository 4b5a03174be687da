/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * image.h - a recording with the files of its mappings, and the unwinders
 * that walk it. All of them read target memory through image_read().
 */
#ifndef IMAGE_H
#define IMAGE_H

#include "shadow/snap.h"

#include <stdio.h>

/* A mapped ELF file; `bytes` is its whole content. */
struct image_file {
	const char *path;
	const uint8_t *bytes;
	size_t size;
	uint64_t bias;	    /* run-time address minus address as linked */
	uint64_t low_addr;  /* of its first mapping */
	uint64_t hdr_vaddr; /* .eh_frame_hdr; 0: none */
	bool position_independent;
	bool placed; /* bias is known */
};

struct image {
	struct snap snap;
	struct image_file *files;
	size_t file_count;
	int *map_file;			  /* for each map: its file or -1 */
	const struct snap_sample *sample; /* the one that is walked */
};

bool image_open(struct image *image, const char *path);
void image_close(struct image *image);

/* The number of a map's file; file_count: the vdso. */
uint32_t image_file_of(const struct image *image, size_t map);

/* The file mapped at addr, or NULL. */
const struct image_file *image_find(const struct image *image, uint64_t addr);

/*
 * Target memory: the sample's stacks, else bytes of the mapped files (as in
 * the file, zero behind its end). All or nothing.
 */
bool image_read(const struct image *image, uint64_t addr, void *dst,
		size_t size);

/* "module+0x12ab (r-x)" for messages; returns text. */
const char *image_where(const struct image *image, uint64_t addr, char *text,
			size_t size);

#define FRAMES_MAX 16384u

/* One unwinder. Opened once for a recording, walks any number of samples. */
struct backend {
	const char *name;
	void *(*open)(struct image *image);
	/* pcs[0 .. result), innermost first */
	size_t (*walk)(void *state, const struct snap_sample *sample,
		       uint64_t *pcs, size_t max);
	/* why the last walk ended; may be NULL */
	const char *(*why)(void *state);
	/* whether it ended where no table says how to go on; may be NULL */
	bool (*no_row)(void *state);
	/* bytes of its tables, and of how many modules; may be NULL */
	size_t (*memory)(void *state, size_t *modules);
	void (*close)(void *state);
	bool is_dwunw; /* backend_dwunw_frames() may be called */
};

extern const struct backend backend_dwunw;	    /* snapshot at hand */
extern const struct backend backend_dwunw_callback; /* by image_read alone */
extern const struct backend backend_dwunw_uncached; /* without row cache */
extern const struct backend backend_dwunw_capture;  /* by dwunw_capture() */
extern const struct backend backend_libunwind;
extern const struct backend backend_libdwfl;

/* The frames of the last walk of a dwunw back end, with all their fields. */
struct dwunw_frame;
const struct dwunw_frame *backend_dwunw_frames(void *state);
/* Why it ended. */
struct dwunw_stop;
const struct dwunw_stop *backend_dwunw_stop(void *state);

#ifdef HAVE_DWUNW
#include <dwunw/walk.h>

/* A walk that tells of its steps. */
struct walked {
	struct dwunw_frame frames[FRAMES_MAX];
	struct dwunw_step steps[FRAMES_MAX];
	struct dwunw_stop stop;
	size_t count;
};

/* The recording of a dwunw back end's state. */
const struct image *image_of(const void *state);
/* The sample's memory is what is read from now on; *regs are its registers. */
void backend_dwunw_begin(void *state, const struct snap_sample *sample,
			 struct dwunw_regset *regs);
/* A walk from registers; how 0: they are the sample's own, else those of an
 * outer frame that was found so. A walk that fails has no frames. */
void backend_dwunw_from(void *state, const struct snap_sample *sample,
			const struct dwunw_regset *regs, uint8_t how,
			uint8_t flags, struct walked *walked);

/* The id of the stack that was walked last; `frame` is told of each frame and
 * the path of its file. */
uint64_t backend_dwunw_id(void *state, size_t count,
			  void (*frame)(const char *path, uint64_t vaddr,
					uint32_t exact));

struct resumed {
	uint64_t stacks;
	uint64_t frames;
	uint64_t reached; /* by steps that were told, without frame 0 */
	uint64_t walks;	  /* begun there */
	uint64_t differ;
};

/* Frames that were found from code without a file (made.c). */
struct made {
	uint64_t by_fp;
	uint64_t by_code;
	uint64_t unmarked; /* by other evidence, or no guess; or fp elsewhere */
	uint64_t wrong;	   /* samples with a frame that is not true */
	uint64_t interrupted; /* frames without a module, by a signal */
};
void made_sample(const struct dwunw_frame *frames, size_t count, bool wrong,
		 struct made *sum);

/* One sample (resume.c). */
void resume_sample(void *state, const struct snap_sample *sample,
		   struct resumed *sum);
#endif

#endif
