/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * theirs.h - what a process of another user's has left in its tables is read with
 * that user's rights and not with root's, in a directory that is that user's; and
 * what comes of it is copied from there. For inproc.c.
 */
#ifndef DWUNW_TOOLS_LEAKS_THEIRS_H
#define DWUNW_TOOLS_LEAKS_THEIRS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct theirs {
	bool is; /* the process is not ours, and we are root */
	uid_t uid;
	gid_t gid;
	int fd; /* of the directory: its path is theirs to change */
	char directory[64];
	char file[96]; /* that is to be written there */
	char library[96];
};

void theirs_find(struct theirs *theirs, int32_t pid);
/* The directory, if it is one of theirs, and the recorder in it, which they may not
 * be allowed to read elsewhere. 0, or an errno. */
int theirs_make(struct theirs *theirs, const char *library);
/* In a process that is to write it. False: it stays as we are. */
bool theirs_become(const struct theirs *theirs);
/* False, and errno: there is none, or it cannot be written to `to`. */
bool theirs_take(const struct theirs *theirs, const char *to);
void theirs_remove(struct theirs *theirs);

#endif
