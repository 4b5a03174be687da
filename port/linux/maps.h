/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * maps.h - the text of /proc/PID/maps -> mappings, and what lies behind them.
 */
#ifndef DWU_MAPS_H
#define DWU_MAPS_H

#include <dwunw/linux.h>

/* The kernel's own limit of mappings, each with a path of common length. */
#define DWU_MAPS_SIZE_MAX ((size_t)CONFIG_MAPPING_MAX * 512)

enum dwu_place_kind {
	DWU_PLACE_FILE,
	DWU_PLACE_VDSO,
	DWU_PLACE_NOTHING, /* memory without a file */
	DWU_PLACE_MOVED,   /* the same, where code of the owner's file was */
};

/* What is behind a piece; mapping.file is its index. */
struct dwu_place {
	const char *path; /* as in the text, NUL-terminated */
	uint64_t dev;
	uint64_t ino;
	uint32_t serial; /* last module, 0: none yet */
	int32_t status; /* of the file's first failure; it is not tried again */
	uint32_t owner; /* MOVED: a piece of the file */
	uint8_t kind;
	bool hung; /* the file was asked for, and no answer came in time */
};

/*
 * The mappings of a process at one time. What open_module needs is in here,
 * so that a walk holds nothing else. `refs` under processes.lock, `places`
 * under modules.lock.
 */
struct dwu_image {
	struct dwunw_space space;
	struct dwunw_context *ctx;
	struct dwunw_piece *pieces; /* of files, and all that is executable */
	struct dwu_place *places;   /* of each piece */
	char *text;
	char *root; /* files are root + path; NULL: through /proc/via/ */
	struct dwunw_span vdso; /* given by the caller, not ours */
	int32_t pid;
	int32_t via; /* whose /proc entries: pid, or a thread that lives on */
	uint32_t piece_count;
	uint32_t room;	   /* of mappings, pieces and places */
	uint32_t failures; /* files that were tried and not there */
	uint32_t refs;
};

/*
 * Fills space, pieces, places and paths from image->text, size bytes and a
 * NUL, which is cut into strings. The space is of what is executable.
 * BAD_FORMAT: a line that the kernel would not write, or an overlap;
 * NO_MEMORY: more than the build's limit of mappings.
 */
dwunw_status_t dwu_maps_parse(struct dwu_image *image, size_t size);

#endif
