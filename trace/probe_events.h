/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * probe_events.h - uprobes that have a number, made through tracefs.
 *
 * A perf event of the uprobe PMU names its file by a pointer, which the kernel
 * reads again in the wrong process when a thread inherits the event; one of a
 * tracepoint names a number, and can be inherited.
 *
 * Their group is dwunw_NAMESPACE_PID_START: the tool's pid namespace, its pid
 * in there, and when it started. Who was killed leaves them behind; they go
 * when the next tool starts.
 */
#ifndef PROBE_EVENTS_H
#define PROBE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

/* Removes what dead tools have left. 0 or a negative errno: they are not to be
 * had here (no tracefs, no right to write there). */
int dwu_probe_events_open(void);

/* Another one, by a number of the caller's: its number for perf_event_attr's
 * config, or a negative errno. */
int dwu_probe_events_add(uint32_t index, const char *path, uint64_t off,
			 bool at_return);

/* All own ones go; no perf event of them is open any more. */
void dwu_probe_events_close(void);

#endif
