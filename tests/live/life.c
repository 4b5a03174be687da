/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * life fork:         the child leaks 1000 a round, the parent 500
 * life exec PROGRAM: leaks ten times 700, then runs PROGRAM 0 20
 */
#include "begin.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")

static void *volatile kept;
static const struct timespec pause_20ms = { 0, 20000000 };

KEEP void leak_in_child(void)
{
	kept = malloc(1000);
	AFTER_CALL;
}

KEEP void leak_in_parent(void)
{
	kept = malloc(500);
	AFTER_CALL;
}

KEEP void leak_before_exec(void)
{
	kept = malloc(700);
	AFTER_CALL;
}

int main(int argc, char **argv)
{
	int child;

	if (argc < 2)
		return 1;
	wait_for_begin();
	if (!strcmp(argv[1], "exec")) {
		for (int i = 0; i < 10; i++) {
			leak_before_exec();
			nanosleep(&pause_20ms, NULL);
		}
		execl(argv[2], argv[2], "0", "20", NULL);
		return 1;
	}
	child = fork();
	for (int i = 0; i < 100; i++) {
		if (child)
			leak_in_parent();
		else
			leak_in_child();
		nanosleep(&pause_20ms, NULL);
	}
	return 0;
}
