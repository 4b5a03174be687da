/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * process.h - pid -> image, refreshed.
 */
#ifndef DWU_PROCESS_H
#define DWU_PROCESS_H

#include <pthread.h>

#include <dwunw/linux.h>

#include "image.h"

/* Refreshes for a pc in no mapping while the mapping counter stands still. */
#define DWU_MISS_MAX 16u

struct dwu_processes {
	pthread_mutex_t lock;
	struct dwunw_process *first; /* least recently used last */
	uint32_t count;		     /* of those with a pid */
	uint32_t generation;	     /* of spaces, never the same twice */
};

dwunw_status_t dwu_processes_init(struct dwu_processes *processes);
void dwu_processes_free(struct dwu_processes *processes);

/* How dwu_process_hold() may use what is known. */
struct dwu_hold {
	int32_t pid;
	uint32_t map_generation;
	bool refresh; /* whatever is known */
	bool missed;  /* the last image had no mapping for a pc */
	bool known;   /* what is known will do, however old it is */
	/* a thread of it that is stopped, so that the pid stays its own and it
	 * runs no other program: asked once a stop; NULL: none */
	struct dwunw_stack_reader *stopped;
};

/*
 * The image of a process, to be given back. IO: gone before anything was
 * known of it, else its last image serves; ATTACH_DENIED; NO_MEMORY.
 */
dwunw_status_t dwu_process_hold(struct dwunw_context *ctx,
				const struct dwu_hold *how,
				struct dwu_image **image);

/* It runs another program, or its memory is another one's copy. */
void dwu_process_stale(struct dwunw_context *ctx, int32_t pid);

#endif
