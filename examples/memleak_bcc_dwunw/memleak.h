/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * memleak.h - upstream memleak's command line and its report.
 */
#ifndef MEMLEAK_H
#define MEMLEAK_H

#include "leak.h"

#define TOOL "memleak_dwunw_user"

struct arguments {
	struct leak leak;
	bool combined_only;
	bool bad_command; /* a quote is open, or there are too many words */
};

/* arguments.c: -1: go on; else the exit status. */
int parse_arguments(struct arguments *arguments, char **argv);

/* report.c: upstream's form */
void print_report(struct leak *leak);

#endif
