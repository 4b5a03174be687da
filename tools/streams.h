/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* streams.h - what a tool prints: nothing lost, nothing that drives a terminal. */
#ifndef STREAMS_H
#define STREAMS_H

#include <stdio.h>

/* At the end: status, or 1 after saying that stdout could not be written. */
int streams_end(const char *tool, int status);

/* Text of the target's choice; a control character becomes '?'. */
void put_name(FILE *out, const char *text);

#endif
