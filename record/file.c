/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * file.c - where a recording is kept. It has its place from its head on, so that
 * what is there after a kill -9 can be read.
 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size) {
		ssize_t done = write(fd, bytes, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO;
		bytes += done;
		size -= (size_t)done;
	}
	return 0;
}

/* In the same directory, since rename(2) stays in a file system. A directory that
 * others write to: no link of theirs is followed. */
static int open_beside(const char *path, char *beside, size_t room)
{
	int used = snprintf(beside, room, "%s.%d.tmp", path, (int)getpid());
	int fd;

	if (used < 0 || (size_t)used >= room)
		return -ENAMETOOLONG;
	unlink(beside);
	fd = open(beside,
		  O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
		  0600);
	return fd < 0 ? -errno : fd;
}

int dwu_rec_file_is_there(const struct dwu_rec_file *file)
{
	struct stat there, own;

	if (fstat(file->fd, &own))
		return -errno;
	if (lstat(file->path, &there))
		return -errno;
	return there.st_dev == own.st_dev && there.st_ino == own.st_ino ?
		       0 :
		       -ESTALE;
}

int dwu_rec_file_replace(struct dwu_rec_file *file, const void *bytes,
			 size_t size)
{
	char beside[PATH_MAX];
	struct stat there;
	int fd, error;

	if (file->fd >= 0) {
		error = dwu_rec_file_is_there(file);
		if (error)
			return error;
	} else if (!lstat(file->path, &there) && !S_ISREG(there.st_mode)) {
		return -EEXIST;
	}
	fd = open_beside(file->path, beside, sizeof(beside));
	if (fd < 0)
		return fd;
	error = write_all(fd, bytes, size);
	if (!error && rename(beside, file->path))
		error = -errno;
	if (error) {
		unlink(beside);
		close(fd);
		return error;
	}
	if (file->fd >= 0)
		close(file->fd);
	file->fd = fd;
	file->size = size;
	return 0;
}

int dwu_rec_file_append(struct dwu_rec_file *file, const void *bytes,
			size_t size)
{
	if (file->error)
		return file->error;
	file->error = write_all(file->fd, bytes, size);
	if (!file->error) {
		file->size += size;
		return 0;
	}
	/* half a chunk would be read as a cut */
	if (ftruncate(file->fd, (off_t)file->size))
		(void)0;
	return file->error;
}

int dwu_rec_file_read(const struct dwu_rec_file *file, uint8_t **bytes)
{
	uint64_t done = 0;

	*bytes = malloc(file->size ? (size_t)file->size : 1);
	if (!*bytes)
		return -ENOMEM;
	while (done < file->size) {
		ssize_t got = pread(file->fd, *bytes + done,
				    (size_t)(file->size - done), (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			free(*bytes);
			*bytes = NULL;
			return got ? -errno : -EIO;
		}
		done += (uint64_t)got;
	}
	return 0;
}
