/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* trace/tracepoint.h - the kernel's number for a tracepoint, by tracefs. */
#ifndef DWU_TRACEPOINT_H
#define DWU_TRACEPOINT_H

#include <dwunw/trace.h>

/*
 * "sched/sched_process_exec" -> what perf_event_attr.config is to be; errors as
 * dwunw_tracepoint_format().
 */
int dwu_tracepoint_id(const char *name);

/* Is that a BPF program's section for a tracepoint of this subsystem, or, if
 * it is "", of any? */
bool dwu_tracepoint_is_of(const char *section, const char *subsystem);

#endif
