/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* tracepoint.h - the kernel's number for a tracepoint, by tracefs (kernelfs.h). */
#ifndef TRACEPOINT_H
#define TRACEPOINT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * "sched/sched_process_exec" -> what perf_event_attr.config is to be.
 * Negative errno: -ENOENT, this kernel has no such tracepoint; others: nothing
 * has mounted tracefs here, and that is why we can't.
 */
int tracepoint_id(const char *name);

/* The text of its `format` file, cut at size - 1 bytes. 0 or as above. */
int tracepoint_format(const char *name, char *text, size_t size);

/* Is that a BPF program's section for a tracepoint of this subsystem, or, if
 * it is "", of any? */
bool tracepoint_is_of(const char *section, const char *subsystem);

/* An open perf event of it, for every process, on one CPU; negative errno. */
int tracepoint_open(const char *name);

#endif
