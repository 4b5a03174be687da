/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* theirs.c - see theirs.h. */
#include "theirs.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "recording"
#define LIBRARY "libdwunw-preload.so"

/* /proc/PID is of who the process is; of root, where it may not be looked at. */
void theirs_find(struct theirs *theirs, int32_t pid)
{
	char path[64];
	struct stat st;

	*theirs = (struct theirs){ .fd = -1 };
	snprintf(path, sizeof(path), "/proc/%" PRId32 "/status", pid);
	if (geteuid() || stat(path, &st) || !st.st_uid)
		return;
	theirs->is = true;
	theirs->uid = st.st_uid;
	theirs->gid = st.st_gid;
}

static bool copy(int in, int out)
{
	char block[65536];
	ssize_t got;

	while ((got = read(in, block, sizeof(block))) > 0)
		if (write(out, block, (size_t)got) != got)
			return false;
	return !got;
}

static bool copy_library(const struct theirs *theirs, const char *library)
{
	int in = open(library, O_RDONLY | O_CLOEXEC);
	int out = openat(theirs->fd, LIBRARY,
			 O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	bool good = in >= 0 && out >= 0 && copy(in, out) && !fchmod(out, 0755);

	if (in >= 0)
		close(in);
	if (out >= 0 && close(out))
		good = false;
	return good;
}

int theirs_make(struct theirs *theirs, const char *library)
{
	if (!theirs->is)
		return 0;
	strcpy(theirs->directory, "/tmp/dwunw-XXXXXX");
	if (!mkdtemp(theirs->directory)) {
		*theirs->directory = 0;
		return errno;
	}
	snprintf(theirs->file, sizeof(theirs->file), "%s/" NAME,
		 theirs->directory);
	theirs->fd = open(theirs->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(theirs->library, sizeof(theirs->library), "%s/" LIBRARY,
		 theirs->directory);
	if (theirs->fd < 0 || !copy_library(theirs, library) ||
	    chown(theirs->directory, theirs->uid, theirs->gid))
		return errno;
	return 0;
}

bool theirs_become(const struct theirs *theirs)
{
	return !theirs->is ||
	       (!setgroups(0, NULL) &&
		!setresgid(theirs->gid, theirs->gid, theirs->gid) &&
		!setresuid(theirs->uid, theirs->uid, theirs->uid) &&
		!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* No link, and nothing that waits. */
bool theirs_take(const struct theirs *theirs, const char *to)
{
	int in = openat(theirs->fd, NAME,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int out = -1;
	struct stat st;
	bool good = in >= 0 && !fstat(in, &st) && S_ISREG(st.st_mode);

	if (good)
		out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	good = good && out >= 0 && copy(in, out);
	if (out >= 0 && close(out))
		good = false;
	if (out >= 0 && !good)
		unlink(to);
	if (in >= 0)
		close(in);
	return good;
}

void theirs_remove(struct theirs *theirs)
{
	if (!*theirs->directory)
		return;
	unlinkat(theirs->fd, NAME, 0);
	unlinkat(theirs->fd, NAME ".part", 0);
	unlinkat(theirs->fd, LIBRARY, 0);
	close(theirs->fd);
	rmdir(theirs->directory);
}
