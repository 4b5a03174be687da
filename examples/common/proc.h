/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* proc.h - what /proc says of a process. */
#ifndef PROC_H
#define PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The text of a small file, without its newline. */
bool proc_read_line(const char *path, char *text, size_t size);

/* A file of lines; NULL: it is not there. One that cannot be opened or read to
 * its end is counted as dwunw_shortages() counts. NULL is closed without harm. */
FILE *proc_open(const char *path);
void proc_close(FILE *file);

/* Field `number`, from 3 on, of proc_pid_stat(5): from there to the end of the
 * line, in `text`. NULL: no such process. */
const char *proc_stat(int32_t pid, int number, char *text, size_t size);

/* Its first thread has ended; others may not have. */
bool proc_leader_ended(int32_t pid);
/* Has it, after exec, the perf events of before? The kernel takes them from a
 * program that runs with other rights than its caller's, or that its caller may
 * not read: one that is not dumpable (proc(5)). */
bool proc_keeps_events(int32_t pid);
/* How many threads it has, an ended first one included. */
uint32_t proc_threads(int32_t pid);

#endif
