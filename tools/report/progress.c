/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static bool shown;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void report_progress(const char *format, ...)
{
	static uint64_t next;
	static int terminal = -1;
	uint64_t now = now_ms();
	va_list args;
	char text[80];

	if (terminal < 0) {
		terminal = isatty(STDERR_FILENO);
		next = now + 300; /* what is soon done says nothing */
	}
	if (!terminal || now < next)
		return;
	next = now + 100;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "\r%s\033[K", text);
	shown = true;
}

void report_progress_end(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
