/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "proc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool proc_read_line(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	return got > 0;
}

/* Field 2 is the program's name in parentheses, of any bytes. */
const char *proc_stat(int32_t pid, int number, char *text, size_t size)
{
	char path[64];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/stat", pid);
	if (!proc_read_line(path, text, size))
		return NULL;
	at = strrchr(text, ')');
	for (int field = 2; at && field < number; field++)
		at = strchr(at + 1, ' ');
	return at ? at + 1 : NULL;
}

bool proc_leader_ended(int32_t pid)
{
	char text[1024];
	const char *state = proc_stat(pid, 3, text, sizeof(text));

	return state && (*state == 'Z' || *state == 'X');
}

uint32_t proc_threads(int32_t pid)
{
	char text[1024];
	const char *count = proc_stat(pid, 20, text, sizeof(text));

	return count ? (uint32_t)strtoul(count, NULL, 10) : 0;
}
