/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * replace.h - a file that is always whole: it is written beside its place, and
 * takes it when it is done (rename(2)). Who reads sees all of one report or
 * all of the one before.
 */
#ifndef REPLACE_H
#define REPLACE_H

#include <stdbool.h>
#include <stdio.h>

/* Can it be written there? 0, or an errno; EEXIST: what has that name is no
 * regular file, and stays. */
int replace_check(const char *path);

/* dwunw_report_output's write, to a stream of these or any other: why a write
 * failed is kept for replace_done(). */
bool replace_write(void *file, const void *bytes, size_t size);

/* A stream to write to; NULL with errno. */
FILE *replace_open(const char *path);
/* It takes its place. 0, or an errno: what was there before is there still. */
int replace_done(FILE *file, const char *path);
/* It does not: what was there is there still. */
void replace_drop(FILE *file, const char *path);

#endif
