/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* safe.h - where the threads of a stopped process are, by their stacks. */
#ifndef DWUNW_TOOLS_LEAKS_SAFE_H
#define DWUNW_TOOLS_LEAKS_SAFE_H

#include "threads.h"

#include <dwunw/linux.h>
#include <dwunw/symbols.h>

struct safe {
	int32_t pid;
	struct dwunw_context ctx;
	struct dwunw_symbol_resolver resolver;
	struct dwunw_process *process;
	const char *recorder; /* how the path of the recorder ends */
	char why[256];	      /* not, of the thread that was looked at last */
};

/* dwunw_process_open() and what it needs. False: told in `why`. */
bool safe_open(struct safe *safe, int32_t pid);
void safe_close(struct safe *safe);
/* The first mapping with code of a file whose name is like that (fnmatch(3), of the
 * last part); NULL: none. Mappings are read anew: what this said before is void. */
const struct dwunw_mapping *safe_mapping(struct safe *safe, const char *like);

/*
 * All threads are stopped. Which of them can make a call that takes locks of the
 * loader and of the allocator: its stack is whole, and has no function of these, and
 * no signal handler; `after` it in their order, 0: the first. And no thread is in the
 * loader, which may wait for that thread. 0: none, `why` of the last.
 */
int32_t safe_thread(struct safe *safe, const struct threads *threads,
		    int32_t after);
/* All threads are stopped: is none in the recorder? */
bool safe_is_left(struct safe *safe, const struct threads *threads);

#endif
