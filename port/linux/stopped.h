/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * stopped.h - a walk over a thread that is stopped for no longer than the walk.
 *
 * What takes time is done while it runs: a file that the walk meets is opened
 * after it has gone on, and it is stopped and walked anew, from other registers.
 * So does one whose walk was cut by the limit though no read hung: what it has
 * found out about code is remembered.
 */
#ifndef DWU_STOPPED_H
#define DWU_STOPPED_H

#include <dwunw/linux.h>

#include "image.h"

struct dwu_stopped {
	struct dwunw_stack_reader reader;
	struct dwunw_regset *regs; /* the caller's, filled at each stop */
	struct dwu_image *image;
	struct dwunw_mapping *wanted; /* whose file the walk has met */
	uint8_t *block;		      /* memory, read ahead */
	uint64_t block_addr;
	size_t block_size;
	uint64_t late_addr; /* what was not read in time */
	uint32_t stops;
	uint32_t late_stops;
	bool expired; /* not even its registers were read in time */
	bool give_in; /* open what is met while it is stopped */
	bool opened;  /* a file that was met, just now */
	bool ahead;   /* a walk was made for those behind it */
};

/* INVALID_ARG, NO_MEMORY. */
dwunw_status_t dwu_stopped_init(struct dwu_stopped *stopped, int32_t pid,
				int32_t tid, struct dwunw_regset *regs);
void dwu_stopped_free(struct dwu_stopped *stopped);

/* The space of such walks over image. */
void dwu_stopped_space(struct dwu_stopped *stopped, struct dwu_image *image,
		       struct dwunw_space *space);
/* Stops it and reads its registers; as dwunw_stack_reader_attach(). */
dwunw_status_t dwu_stopped_begin(struct dwu_stopped *stopped);
/* A dwunw_read_memory_fn; ctx is a struct dwu_stopped. */
dwunw_status_t dwu_stopped_read(void *ctx, uint64_t addr, void *dst,
				size_t size);
/* Lets it go; an end that came of the limit says so. */
void dwu_stopped_end(struct dwu_stopped *stopped, struct dwunw_stop *stop);
/* Opens what was met. Is it worth another walk? */
bool dwu_stopped_again(struct dwu_stopped *stopped);
/* Is it worth one over the thread that runs? Once. */
bool dwu_stopped_may_run(struct dwu_stopped *stopped);

#endif
