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

#endif
