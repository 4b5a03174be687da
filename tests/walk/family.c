/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * family.c - a program that forks all the time; each child allocates, then runs
 * the same program anew, which allocates as well, with another layout of its
 * address space.
 *
 *   family [TIMES]	TIMES as often each, 1
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static __attribute__((noinline)) void allocate(unsigned int depth)
{
	volatile char room[32] = { 0 };
	void *block;

	if (depth) {
		allocate(depth - 1);
		room[0] = room[1];
		return;
	}
	block = malloc(40);
	__asm__ volatile("" : "+r"(block));
	free(block);
}

static void some(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		allocate(i % 7);
}

int main(int argc, char **argv)
{
	const char *argument = argc > 1 ? argv[1] : "1";
	unsigned int times = (unsigned int)atoi(argument);

	if (argc > 2) {
		some(200 * times);
		return 0;
	}
	for (unsigned int i = 0; i < 100000; i++) {
		pid_t pid;

		some(50 * times);
		pid = fork();
		if (pid == 0) {
			some(100 * times);
			execl("/proc/self/exe", argv[0], argument, "child",
			      (char *)NULL);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}
