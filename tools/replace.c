/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the same directory, since rename(2) stays in a file system; false: too
 * long a name. */
static bool name_beside(const char *path, char *text, size_t size)
{
	int used = snprintf(text, size, "%s.%d.tmp", path, (int)getpid());

	return used > 0 && (size_t)used < size;
}

/* Of the write that failed: the stream itself keeps no errno. */
static int write_error;

bool replace_write(void *file, const void *bytes, size_t size)
{
	errno = 0;
	if (fwrite(bytes, 1, size, file) == size)
		return true;
	write_error = errno;
	return false;
}

FILE *replace_open(const char *path)
{
	char beside[PATH_MAX];
	FILE *file;
	int fd;

	if (!name_beside(path, beside, sizeof(beside))) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	/* a directory that others write to: no link of theirs is followed */
	unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return NULL;
	file = fdopen(fd, "w");
	if (!file) {
		close(fd);
		unlink(beside);
	}
	return file;
}

int replace_done(FILE *file, const char *path)
{
	char beside[PATH_MAX];
	bool whole;
	int error;

	if (!name_beside(path, beside, sizeof(beside)))
		return ENAMETOOLONG;
	errno = 0;
	whole = !fflush(file) && !ferror(file);
	error = whole ? 0 : errno ? errno : write_error ? write_error : EIO;
	write_error = 0;
	if (fclose(file) && !error)
		error = errno;
	if (!error && !rename(beside, path))
		return 0;
	error = error ? error : errno;
	unlink(beside);
	return error;
}

void replace_drop(FILE *file, const char *path)
{
	char beside[PATH_MAX];

	fclose(file);
	if (name_beside(path, beside, sizeof(beside)))
		unlink(beside);
}

int replace_check(const char *path)
{
	struct stat there;
	FILE *file;

	if (!lstat(path, &there) && !S_ISREG(there.st_mode))
		return EEXIST;
	file = replace_open(path);
	if (!file)
		return errno;
	replace_drop(file, path);
	return 0;
}
