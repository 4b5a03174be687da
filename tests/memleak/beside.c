/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * beside RATE SECONDS FILE OFF: allocates RATE times a second, through the code
 * at OFF of FILE, which this program maps: a tool that follows its stacks looks at
 * that file. FILE -: through code of its own.
 */
#define _GNU_SOURCE
#include "../live/begin.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef void *code_fn(size_t size, void *(*allocate)(size_t size));

static void *volatile kept;

__attribute__((noipa)) static void *by_own(size_t size,
					   void *(*allocate)(size_t size))
{
	kept = allocate(size);
	__asm__ volatile("" ::: "memory");
	return kept;
}

static code_fn *code_of(const char *file, off_t off)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	void *code =
		mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, off);

	close(fd);
	return code == MAP_FAILED ? NULL : (code_fn *)code;
}

int main(int argc, char **argv)
{
	const struct timespec some_10ms = { 0, 10000000 };
	code_fn *code = by_own;
	long rate, count, i;

	if (argc != 5)
		return 2;
	if (argv[3][0] != '-')
		code = code_of(argv[3], strtol(argv[4], NULL, 0));
	if (!code)
		return 1;
	puts("ready");
	fflush(stdout);
	wait_for_begin();
	rate = atol(argv[1]) / 100 + 1;
	for (count = atol(argv[2]) * 100; count > 0; count--) {
		for (i = 0; i < rate; i++)
			kept = code(24, malloc);
		nanosleep(&some_10ms, NULL);
	}
	tell_done();
	pause();
	return 0;
}
