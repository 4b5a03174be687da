/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* trace/proc.h - files of /proc, a stream each. */
#ifndef DWU_PROC_H
#define DWU_PROC_H

#include <dwunw/trace.h>

#include <stdio.h>

/* A file of lines; NULL: it is not there. One that cannot be opened or read to
 * its end is counted as dwunw_shortages() counts. NULL is closed without harm. */
FILE *dwu_proc_open(const char *path);
void dwu_proc_close(FILE *file);

#endif
