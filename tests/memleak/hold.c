/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * hold PID NAME FILE: stops the thread of that name, makes FILE, and lets the
 * thread go on when FILE is gone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int has_name(const char *pid, const char *tid, const char *name)
{
	char path[128], text[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/task/%s/comm", pid, tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	text[strcspn(text, "\n")] = 0;
	return !strcmp(text, name);
}

static int find(const char *pid, const char *name)
{
	struct dirent *entry;
	char path[64];
	int tid = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	dir = opendir(path);
	while (dir && !tid && (entry = readdir(dir)))
		if (has_name(pid, entry->d_name, name))
			tid = atoi(entry->d_name);
	if (dir)
		closedir(dir);
	return tid;
}

int main(int argc, char **argv)
{
	const struct timespec pause = { 0, 20000000 };
	int tid = argc == 4 ? find(argv[1], argv[2]) : 0, status;

	if (!tid) {
		fprintf(stderr, "hold: no such thread\n");
		return 1;
	}
	if (ptrace(PTRACE_SEIZE, tid, 0L, 0L) ||
	    ptrace(PTRACE_INTERRUPT, tid, 0L, 0L) ||
	    waitpid(tid, &status, __WALL) != tid) {
		perror("hold");
		return 1;
	}
	close(open(argv[3], O_CREAT | O_WRONLY, 0600));
	while (!access(argv[3], F_OK))
		nanosleep(&pause, NULL);
	ptrace(PTRACE_DETACH, tid, 0L, 0L);
	return 0;
}
