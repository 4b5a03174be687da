/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Files of /proc, read with as little as possible: /proc/PID/stat by field, the
 * lines of status, mapping files. A process may end at any time, so "not there"
 * is an answer and no error; what cannot be read for want of descriptors or
 * memory is counted (dwunw_short()).
 *
 * For example, dwunw_proc_stat(4711, 22, ..) of "4711 (a) b) S 1 4711 .." skips
 * to the last ')' first, and is the process's start time.
 */
#include "proc.h"
#include "scan_line.h"

#include <dwunw/linux.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

FILE *dwu_proc_open(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		dwunw_short(errno);
	return file;
}

void dwu_proc_close(FILE *file)
{
	if (file && ferror(file))
		dwunw_short(EIO);
	if (file)
		fclose(file);
}

/*
 * One read(2): files of /proc are made as they are read, and a second one may
 * be of another moment.
 */
bool dwunw_proc_read_line(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);

	if (got < 0)
		dwunw_short(errno);
	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	return got > 0;
}

/* Field 2 is the program's name in parentheses, of any bytes. */
const char *dwunw_proc_stat(int32_t pid, int number, char *text, size_t size)
{
	char path[64];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/stat", pid);
	if (!dwunw_proc_read_line(path, text, size))
		return NULL;
	at = strrchr(text, ')');
	for (int field = 2; at && field < number; field++)
		at = strchr(at + 1, ' ');
	return at ? at + 1 : NULL;
}

/*
 * proc_pid_stat(5), field 3: the leader is a zombie while other threads run on.
 */
bool dwunw_proc_leader_ended(int32_t pid)
{
	char text[1024];
	const char *state = dwunw_proc_stat(pid, 3, text, sizeof(text));

	return state && (*state == 'Z' || *state == 'X');
}

/* "Uid:" and "Gid:" of /proc/PID/status: real, effective, … */
static bool read_ids(const char *path, const char *name, unsigned ids[2])
{
	FILE *file = fopen(path, "re");
	size_t size = strlen(name);
	char line[128];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, name, size) &&
			dwu_scan_line(line + size, "%u %u", &ids[0], &ids[1]) ==
				2;
	if (file)
		fclose(file);
	return found;
}

/* What is not dumpable belongs to root in /proc, whoever runs it. */
bool dwunw_proc_keeps_events(int32_t pid)
{
	unsigned uids[2], gids[2];
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%" PRId32, pid);
	if (stat(path, &st))
		return true; /* gone: of no matter */
	strcat(path, "/status");
	return read_ids(path, "Uid:", uids) && read_ids(path, "Gid:", gids) &&
	       uids[0] == uids[1] && gids[0] == gids[1] && st.st_uid == uids[1];
}

/* Ends when visit() has seen enough. True: there is such a file. */
bool dwunw_proc_lines(const char *path,
		      bool (*visit)(void *ctx, const char *line), void *ctx)
{
	FILE *file = dwu_proc_open(path);
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		if (!visit(ctx, line))
			break;
	}
	dwu_proc_close(file);
	return file;
}

static bool read_tgid(void *ctx, const char *line)
{
	return dwu_scan_line(line, "Tgid: %d", (int32_t *)ctx) != 1;
}

/* "Tgid:" of proc_pid_status(5); 0: the thread has ended. */
int32_t dwunw_proc_of_thread(int32_t tid)
{
	char path[64];
	int32_t tgid = 0;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/status", tid);
	dwunw_proc_lines(path, read_tgid, &tgid);
	return tgid;
}

static bool read_resident(void *ctx, const char *line)
{
	return dwu_scan_line(line, "%w %U", (uint64_t *)ctx) != 1;
}

/* proc_pid_statm(5), second field, in pages. */
uint64_t dwunw_proc_resident(void)
{
	uint64_t pages = 0;

	dwunw_proc_lines("/proc/self/statm", read_resident, &pages);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* proc_pid_stat(5), field 20; 0: the process has ended. */
uint32_t dwunw_proc_threads(int32_t pid)
{
	char text[1024];
	const char *count = dwunw_proc_stat(pid, 20, text, sizeof(text));

	return count ? (uint32_t)strtoul(count, NULL, 10) : 0;
}
