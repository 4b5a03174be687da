/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Events of every process, to put a program on: tracepoints, functions of the
 * kernel, a clock.
 *
 * A tracepoint's name -> its number -> a perf event of it. For example,
 * "sched/sched_process_exec": tracefs has events/sched/sched_process_exec/id
 * with "316\n" in it, and perf_event_attr { type TRACEPOINT, config 316 } is an
 * event that a BPF program can be put on. Numbers differ from kernel to kernel.
 */
#include "tracepoint.h"

#include "kernelfs.h"
#include "rings.h"
#include "scan_line.h"

#include <errno.h>
#include <inttypes.h>
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

/* "field:const void * ptr;	offset:16;	size:8;	signed:0;" */
static bool find_field(const char *format, const char *field, uint32_t *off,
		       uint32_t *size)
{
	size_t length = strlen(field);
	const char *line = format;

	while ((line = strstr(line, "field:"))) {
		const char *end = line + strcspn(line, ";[");
		const char *at = strstr(end, "offset:");

		if (!at)
			return false;
		if ((size_t)(end - line) > length &&
		    !strncmp(end - length, field, length) &&
		    (end[-1 - (long)length] == ' ' ||
		     end[-1 - (long)length] == '*'))
			return dwu_scan_line(at, "offset:%u; size:%u", off,
					     size) == 2;
		line = end;
	}
	return false;
}

int dwunw_tracepoint_field(const char *name, const char *field, uint32_t *off,
			   uint32_t *size)
{
	char format[4096];
	int error = dwunw_tracepoint_format(name, format, sizeof(format));

	if (error)
		return error;
	return find_field(format, field, off, size) ? 0 : -ENOENT;
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

/* Linux 4.17 and later have this PMU, if they have kprobes. */
int dwunw_kprobe_open(const char *function)
{
	struct perf_event_attr attr;
	int type = dwu_perf_type("kprobe");

	if (type < 0)
		return type == -ENOENT ? -EOPNOTSUPP : type;
	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = (uint32_t)type;
	attr.config1 = (uint64_t)(uintptr_t)function;
	return dwu_perf_open(&attr, -1, 0);
}

/* Of processor time: no PMU is needed. */
int dwunw_clock_open(int cpu, uint32_t frequency)
{
	struct perf_event_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_CPU_CLOCK;
	attr.freq = 1;
	attr.sample_freq = frequency;
	return dwu_perf_open(&attr, -1, cpu);
}
