/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* attach_none.c - a target without a borrow_TARGET.c, and a small tool: no process that
 * runs gets the recorder. */
#include "attach.h"

#include <inttypes.h>
#include <stdio.h>

struct attach *attach_open(int32_t pid, const char *library,
			   uint32_t sample_bytes, int *tables)
{
	(void)library;
	(void)sample_bytes;
	(void)tables;
	fprintf(stderr,
		"dwunw: leaks: --in-process: pid %" PRId32 ": attaching is of "
		"whole builds for x86_64 alone: --in-process -- COMMAND starts "
		"it with the recorder\n",
		pid);
	return NULL;
}

void attach_wait(struct attach *attach)
{
	(void)attach;
}

bool attach_close(struct attach *attach)
{
	(void)attach;
	return true;
}
