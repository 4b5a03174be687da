/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* suppress.h - --suppressions FILE of leaks, report and diff. */
#ifndef DWUNW_TOOLS_SUPPRESS_H
#define DWUNW_TOOLS_SUPPRESS_H

#include <dwunw/report.h>

/* Takes out what the file names. False: told, with `tool` before it. */
bool suppress_file(const char *tool, const char *path,
		   struct dwunw_report *report);

#endif
