/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A tracepoint's name -> its number -> a perf event of it. For example,
 * "sched/sched_process_exec": tracefs has events/sched/sched_process_exec/id
 * with "316\n" in it, and perf_event_attr { type TRACEPOINT, config 316 } is an
 * event that a BPF program can be put on. Numbers differ from kernel to kernel.
 */
#include "tracepoint.h"

#include "kernelfs.h"
#include "rings.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file events/NAME/`file`; negative errno. */
static int find_file(const char *name, const char *file, char *text,
		     size_t size)
{
	char path[256];

	snprintf(path, sizeof(path), "events/%s/%s", name, file);
	return dwu_tracefs_read(path, text, size);
}

/*
 * The text that says at which offset each field of a record is, for BPF
 * programs that read them; cut at size - 1 bytes.
 */
int dwunw_tracepoint_format(const char *name, char *text, size_t size)
{
	return find_file(name, "format", text, size);
}

int dwu_tracepoint_id(const char *name)
{
	char digits[16];
	int error = find_file(name, "id", digits, sizeof(digits));

	if (error)
		return error;
	return atoi(digits) > 0 ? atoi(digits) : -EINVAL;
}

bool dwu_tracepoint_is_of(const char *section, const char *subsystem)
{
	const char *start = "tracepoint/";
	size_t size = strlen(subsystem);

	if (strncmp(section, start, strlen(start)))
		return false;
	section += strlen(start);
	return !size ||
	       (!strncmp(section, subsystem, size) && section[size] == '/');
}

/*
 * Of CPU 0 and all processes: BPF programs on a tracepoint run at each hit, on
 * any CPU, whatever the event is of.
 */
int dwunw_tracepoint_open(const char *name)
{
	struct perf_event_attr attr;
	int id = dwu_tracepoint_id(name);

	if (id < 0)
		return id;
	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_TRACEPOINT;
	attr.config = (uint32_t)id;
	return dwu_perf_open(&attr, -1, 0);
}
