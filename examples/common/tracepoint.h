/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tracepoint.h - the kernel's number for a tracepoint, by tracefs.
 *
 * Where nobody has mounted tracefs, root sees it all the same: through a mount
 * that has no place in the file system and goes with the call.
 */
#ifndef TRACEPOINT_H
#define TRACEPOINT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * "sched/sched_process_exec" -> what perf_event_attr.config is to be.
 * Negative errno: -ENOENT, this kernel has no such tracepoint; -EACCES, -EPERM.
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
