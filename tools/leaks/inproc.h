/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* inproc.h - `dwunw leaks --in-process`, for leaks.c. */
#ifndef DWUNW_TOOLS_LEAKS_INPROC_H
#define DWUNW_TOOLS_LEAKS_INPROC_H

#include "leak.h"

/* What is not of it among the options; NULL: all well. */
const char *inproc_contradiction(const struct leak *leak);
/* The exit status. */
int inproc_run(struct leak *leak);

#endif
