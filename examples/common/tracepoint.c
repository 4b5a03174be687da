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

/* The number in events/NAME/id below `root`; negative errno. */
static int read_id(int root, const char *name)
{
	char path[256], digits[16] = "";
	ssize_t size;
	int fd, id;

	snprintf(path, sizeof(path), "events/%s/id", name);
	fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size = read(fd, digits, sizeof(digits) - 1);
	close(fd);
	id = size > 0 ? atoi(digits) : 0;
	return id > 0 ? id : -EINVAL;
}

int tracepoint_id(const char *name)
{
	static const char *const roots[] = { "/sys/kernel/tracing",
					     "/sys/kernel/debug/tracing" };
	int id = -ENOENT, root;

	for (size_t i = 0; i < 2 && id == -ENOENT; i++) {
		root = open(roots[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			continue;
		id = read_id(root, name);
		close(root);
	}
	if (id != -ENOENT)
		return id;
	root = detached_tracefs();
	if (root < 0)
		return -ENOENT;
	id = read_id(root, name);
	close(root);
	return id;
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
