/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * uprobes with a number, made by writing to tracefs' uprobe_events:
 *
 *	p:dwunw_4026531836_4711_88123/p0 /proc/self/fd/9:0x9d4a0
 *
 * is a uprobe at that offset of the file that descriptor 9 is of; its number is
 * in events/dwunw_4026531836_4711_88123/p0/id. The name says whose it is: pid
 * namespace, pid and start time of the tool. Who was killed cannot remove its
 * probes, so the next tool removes those of tools that are gone; a pid that is
 * used again has another start time.
 */
#include "probe_events.h"

#include "kernelfs.h"
#include "proc.h"
#include "scan_line.h"
#include "tracepoint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST "uprobe_events" /* Documentation/trace/uprobetracer.rst */
#define GROUP "dwunw_%" PRIu64 "_%d_%" PRIu64
#define GROUP_SCANNED "dwunw_%U_%d_%U"

/* Who made a group. */
struct maker {
	uint64_t namespace;
	int pid;
	uint64_t start;
};

static struct maker self;
static uint32_t made;

static uint64_t own_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) ? 0 : (uint64_t)st.st_ino;
}

/* Field 22 of proc_pid_stat(5); 0: there is no such process. */
static uint64_t start_time(int pid)
{
	char path[64], text[1024];
	uint64_t start = 0;
	const char *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = dwu_proc_open(path);
	at = file && fgets(text, sizeof(text), file) ? strrchr(text, ')') :
						       NULL;
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		start = strtoull(at, NULL, 10);
	dwu_proc_close(file);
	return start;
}

/*
 * One command to the list of probes.
 *
 * A write is a command; it is done, or refused, as a whole.
 */
static int command(const char *text)
{
	int fd = dwu_tracefs_open(LIST, O_WRONLY | O_APPEND);
	size_t size = strlen(text);
	int error = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, size) != (ssize_t)size)
		error = errno ? -errno : -EIO;
	close(fd);
	return error;
}

static int remove_event(const char *group, const char *event)
{
	char text[256];

	snprintf(text, sizeof(text), "-:%s/%s\n", group, event);
	return command(text);
}

/* Up to one of the characters of `end`, from so far on. */
static bool take_part(const char **line, size_t from, const char *end,
		      char *part, size_t room)
{
	const char *start = *line + from;
	size_t size = strcspn(start, end);

	if (!size || size >= room)
		return false;
	memcpy(part, start, size);
	part[size] = 0;
	*line = start + size;
	return end[0] != '/' || **line;
}

/* A line of the list: "p:GROUP/EVENT PATH:0xOFF"; of a return, 'r'. One that is
 * still in use is not removed by the kernel, whatever we think of its maker. */
static void remove_if_dead(const char *line)
{
	char group[80], event[80];
	struct maker maker;

	if ((*line != 'p' && *line != 'r') || line[1] != ':' ||
	    !take_part(&line, 2, "/", group, sizeof(group)) ||
	    !take_part(&line, 1, " \n", event, sizeof(event)) ||
	    dwu_scan_line(group, GROUP_SCANNED, &maker.namespace, &maker.pid,
			  &maker.start) != 3 ||
	    maker.namespace != self.namespace ||
	    start_time(maker.pid) == maker.start)
		return;
	remove_event(group, event);
}

/*
 * The list is read whole before anything is removed. Whether this tool may
 * write there is found out by opening it.
 */
int dwu_probe_events_open(void)
{
	int fd = dwu_tracefs_open(LIST, O_RDONLY);
	char *line = NULL, *all = NULL;
	size_t room = 0;
	FILE *list;

	self.namespace = own_namespace();
	self.pid = (int)getpid();
	self.start = start_time(self.pid);
	if (fd < 0)
		return fd;
	list = fdopen(fd, "r");
	if (!list) {
		close(fd);
		return -ENOMEM;
	}
	/* it changes with each one that goes: read first */
	if (getdelim(&all, &room, '\0', list) > 0) {
		for (line = strtok(all, "\n"); line; line = strtok(NULL, "\n"))
			remove_if_dead(line);
	}
	free(all);
	fclose(list);
	fd = dwu_tracefs_open(LIST, O_WRONLY | O_APPEND);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* By a descriptor: a path with a blank or a colon has no place in a command. */
int dwu_probe_events_add(uint32_t index, const char *path, uint64_t off,
			 bool at_return)
{
	char text[256], name[96];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;

	if (fd < 0)
		return -errno;
	snprintf(name, sizeof(name), GROUP "/p%" PRIu32, self.namespace,
		 self.pid, self.start, index);
	snprintf(text, sizeof(text), "%c:%s /proc/self/fd/%d:0x%" PRIx64 "\n",
		 at_return ? 'r' : 'p', name, fd, off);
	error = command(text);
	close(fd);
	if (error)
		return error;
	made = index >= made ? index + 1 : made;
	return dwu_tracepoint_id(name);
}

/*
 * Removes each by its number; those that an event still uses stay (EBUSY), for
 * the next tool.
 */
void dwu_probe_events_close(void)
{
	char group[80], event[16];

	snprintf(group, sizeof(group), GROUP, self.namespace, self.pid,
		 self.start);
	for (uint32_t i = 0; i < made; i++) {
		snprintf(event, sizeof(event), "p%" PRIu32, i);
		remove_event(group, event);
	}
	made = 0;
}
