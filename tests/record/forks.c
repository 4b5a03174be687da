/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Two processes and a thread allocate from the same function, and leak it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile held[1000];

__attribute__((noinline, noclone)) static void take(int count)
{
	for (int i = 0; i < count; i++)
		held[i] = malloc(33);
}

static void *thread(void *unused)
{
	take(7);
	return unused;
}

int main(void)
{
	pthread_t other;
	pid_t child;

	take(100);
	pthread_create(&other, NULL, thread, NULL);
	pthread_join(other, NULL);
	child = fork();
	if (!child) {
		take(30);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	return 0;
}
