/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* suppress.h - --suppressions FILE of leaks, report and diff, --baseline FILE. */
#ifndef DWUNW_TOOLS_SUPPRESS_H
#define DWUNW_TOOLS_SUPPRESS_H

#include <dwunw/report.h>

/* Takes out what the file names. False: told, with `tool` before it. */
bool suppress_file(const char *tool, const char *path,
		   struct dwunw_report *report);

/* Takes out the stacks that the file has, of which --folded was given before; *left: how
 * many are shown that it has not. The same. */
bool suppress_known(const char *tool, const char *path,
		    struct dwunw_report *report, uint32_t *left);
/* The exit status if there are some. */
#define SUPPRESS_LEFT 3

#endif
