/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * cost REPORT PROGRAM …: runs it, and writes what it cost to REPORT: its wait
 * status, milliseconds of processor time, KiB of memory at most. It ends at 20
 * seconds of processor time.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long milliseconds(const struct timeval *time)
{
	return time->tv_sec * 1000 + time->tv_usec / 1000;
}

int main(int argc, char **argv)
{
	const struct rlimit limit = { 20, 21 };
	struct rusage usage;
	FILE *report;
	int status;
	pid_t pid;

	if (argc < 3)
		return 2;
	pid = fork();
	if (!pid) {
		setrlimit(RLIMIT_CPU, &limit);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 2;
	report = fopen(argv[1], "w");
	if (!report)
		return 2;
	fprintf(report, "%d %ld %ld\n", status,
		milliseconds(&usage.ru_utime) + milliseconds(&usage.ru_stime),
		usage.ru_maxrss);
	return fclose(report) ? 2 : 0;
}
