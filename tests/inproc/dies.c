/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * For LD_PRELOAD: a program is killed at its DIES_AT-th call of ptrace(2), before it
 * (0: never), and at its end writes how many there were to DIES_FILE.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static long calls, last;

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("DIES_AT");

	last = text ? atol(text) : 0;
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("DIES_FILE");
	FILE *out = path && calls ? fopen(path, "w") : NULL;

	if (out) {
		fprintf(out, "%ld\n", calls);
		fclose(out);
	}
}

long ptrace(int request, ...)
{
	va_list rest;
	long pid, addr, data;

	va_start(rest, request);
	pid = va_arg(rest, long);
	addr = va_arg(rest, long);
	data = va_arg(rest, long);
	va_end(rest);
	if (++calls == last)
		kill(getpid(), SIGKILL);
	return syscall(SYS_ptrace, (long)request, (long)(int)pid, addr, data);
}
