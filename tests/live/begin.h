/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * When a program that is watched begins: once the test has made the file that
 * $BEGIN names, as then whoever watches is ready, however busy the machine is
 * (Live.pm); without $BEGIN after three seconds. When it has done what it does, it
 * makes a file whose name ends in .done, and halfway one in .half: the test need
 * not wait by a clock. Allocates nothing.
 */
#ifndef TESTS_LIVE_BEGIN_H
#define TESTS_LIVE_BEGIN_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static inline void wait_for_file(const char *path)
{
	const struct timespec some_20ms = { 0, 20000000 };

	while (access(path, F_OK))
		nanosleep(&some_20ms, NULL);
}

static inline void wait_for_begin(void)
{
	const struct timespec some_3s = { 3, 0 };
	const char *path = getenv("BEGIN");

	if (path)
		wait_for_file(path);
	else
		nanosleep(&some_3s, NULL);
}

static inline void make_file(const char *what)
{
	const char *path = getenv("BEGIN");
	char name[4096];
	int fd;

	if (!path || strlen(path) + strlen(what) >= sizeof(name))
		return;
	strcpy(name, path);
	strcat(name, what);
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	if (fd >= 0)
		close(fd);
}

static inline void tell_half(void)
{
	make_file(".half");
}

static inline void tell_done(void)
{
	make_file(".done");
}

#endif
