/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Small files of sysfs and tracefs, mounted or not. The usual places are tried
 * first; then the file system is mounted without a place (fsopen, fsconfig,
 * fsmount: Linux 5.2), read, and gone with its descriptor.
 *
 * For example, dwu_sysfs_read("bus/event_source/devices/uprobe/type") in a
 * container without /sys: open("/sys") fails, fsopen("sysfs") gives a mount,
 * openat() of it the file, "8\n" the text.
 */
#include "kernelfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * A detached mount; negative errno. fsopen(2) is older than BPF ring buffers:
 * where there is none, the file system has to be mounted.
 */
static int detached(const char *type)
{
	long context = syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
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

static int open_below(int root, const char *path, int flags)
{
	int fd = openat(root, path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/*
 * mounts: where it usually is, NULL behind the last. What is open keeps the
 * mount that has no place.
 *
 * -ENOENT from a mount counts as "not there", and the next place is tried; any
 * other error is the answer.
 */
static int open_of(const char *type, const char *const *mounts,
		   const char *path, int flags)
{
	int fd = -ENOENT, root;

	for (; *mounts && fd == -ENOENT; mounts++) {
		root = open(*mounts, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			continue;
		fd = open_below(root, path, flags);
		close(root);
	}
	if (fd != -ENOENT)
		return fd;
	root = detached(type);
	if (root < 0) /* ENODEV: not in this kernel */
		return root == -ENODEV ? -ENOENT : root;
	fd = open_below(root, path, flags);
	close(root);
	return fd;
}

/* fd may be a negative errno, which is passed on. The descriptor is closed. */
static int read_all(int fd, char *text, size_t size)
{
	ssize_t got;
	int error = 0;

	if (fd < 0)
		return fd;
	got = read(fd, text, size - 1);
	if (got <= 0)
		error = got ? -errno : -EINVAL;
	close(fd);
	text[got > 0 ? got : 0] = 0;
	return error;
}

int dwu_sysfs_read(const char *path, char *text, size_t size)
{
	static const char *const mounts[] = { "/sys", NULL };

	return read_all(open_of("sysfs", mounts, path, O_RDONLY), text, size);
}

int dwu_tracefs_open(const char *path, int flags)
{
	static const char *const mounts[] = { "/sys/kernel/tracing",
					      "/sys/kernel/debug/tracing",
					      NULL };

	return open_of("tracefs", mounts, path, flags);
}

int dwu_tracefs_read(const char *path, char *text, size_t size)
{
	return read_all(dwu_tracefs_open(path, O_RDONLY), text, size);
}
