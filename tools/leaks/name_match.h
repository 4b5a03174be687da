/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* name_match.h - names beside patterns as a shell's. */
#ifndef DWUNW_TOOLS_NAME_MATCH_H
#define DWUNW_TOOLS_NAME_MATCH_H

#include <stdbool.h>

/* As fnmatch(3) without flags in the C locale: *, ?, [a-z], [!a-z], and \ before one
 * that stands for itself. A [ without its ] is itself; a \ at the end
 * matches nothing. */
bool name_matches(const char *pattern, const char *name);

#endif
