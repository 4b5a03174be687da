/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A thread that waits three levels below its start function, in a system call
 * of libc, and main() which waits for it.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#define KEEP __attribute__((noinline, noclone))

static volatile unsigned sink;

KEEP static void inner(unsigned n)
{
	puts("ready");
	fflush(stdout);
	sleep(n);
	sink++;
}

KEEP static void middle(unsigned n)
{
	inner(n);
	sink++;
}

KEEP static void *outer(void *unused)
{
	middle(60);
	sink++;
	return unused;
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, outer, NULL) != 0)
		return 1;
	pthread_join(thread, NULL);
	return (int)sink - 3;
}
