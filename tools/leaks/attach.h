/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* attach.h - the recorder into a process that runs, and out of it: for inproc.c. */
#ifndef DWUNW_TOOLS_LEAKS_ATTACH_H
#define DWUNW_TOOLS_LEAKS_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

struct attach;

/* It records from now on, in tables whose file *tables is. NULL: it can't be, which
 * was told, and the process is as it was. */
struct attach *attach_open(int32_t pid, const char *library,
			   uint32_t sample_bytes, int *tables);
/* Until Ctrl-C, or the end of the process. Modules that come are recorded, too. */
void attach_wait(struct attach *attach);
/* It records no more, and is as it was but for the object in it. False: it could not
 * be, which was told. */
bool attach_close(struct attach *attach);

#endif
