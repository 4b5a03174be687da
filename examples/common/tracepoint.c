/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "tracepoint.h"

#include "rings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/mount.h>
#include <linux/perf_event.h>

/* A detached tracefs; negative errno. fsopen(2) is older than BPF ring
 * buffers: where there is none, tracefs has to be mounted. */
static int detached_tracefs(void)
{
	long context = syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC);
	long root = -1;
	int error;

	if (context < 0)
		return -errno;
	if (!syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		root = syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
	error = -errno;
	close((int)context);
	return root < 0 ? error : (int)root;
}

/* The file events/NAME/`file` below `root`; negative errno. */
static int read_file(int root, const char *name, const char *file, char *text,
		     size_t size)
{
	char path[256];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "events/%s/%s", name, file);
	fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, text, size - 1);
	close(fd);
	text[got > 0 ? got : 0] = 0;
	return got > 0 ? 0 : -EINVAL;
}

static int find_file(const char *name, const char *file, char *text,
		     size_t size)
{
	static const char *const roots[] = { "/sys/kernel/tracing",
					     "/sys/kernel/debug/tracing" };
	int error = -ENOENT, root;

	for (size_t i = 0; i < 2 && error == -ENOENT; i++) {
		root = open(roots[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			continue;
		error = read_file(root, name, file, text, size);
		close(root);
	}
	if (error != -ENOENT)
		return error;
	root = detached_tracefs();
	if (root < 0)
		return -ENOENT;
	error = read_file(root, name, file, text, size);
	close(root);
	return error;
}

int tracepoint_format(const char *name, char *text, size_t size)
{
	return find_file(name, "format", text, size);
}

int tracepoint_id(const char *name)
{
	char digits[16];
	int error = find_file(name, "id", digits, sizeof(digits));

	if (error)
		return error;
	return atoi(digits) > 0 ? atoi(digits) : -EINVAL;
}

bool tracepoint_is_of(const char *section, const char *subsystem)
{
	const char *start = "tracepoint/";
	size_t size = strlen(subsystem);

	if (strncmp(section, start, strlen(start)))
		return false;
	section += strlen(start);
	return !size ||
	       (!strncmp(section, subsystem, size) && section[size] == '/');
}

int tracepoint_open(const char *name)
{
	struct perf_event_attr attr;
	int id = tracepoint_id(name);

	if (id < 0)
		return id;
	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_TRACEPOINT;
	attr.config = (uint32_t)id;
	return perf_open(&attr, -1, 0);
}
