/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* fork, vfork, threads: the first thread of the first process is sampled. */
#include <pthread.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))

static volatile unsigned sink;

KEEP static unsigned work(unsigned n)
{
	unsigned local = n;

	for (unsigned i = 0; i < 30; i++)
		local = local * 31 + i;
	return local;
}

static void *thread(void *arg)
{
	for (unsigned i = 0; i < 50; i++)
		sink += work(i);
	return arg;
}

KEEP static int by_fork(unsigned n)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit((int)(work(n) & 7));
	waitpid(pid, &status, 0);
	return status;
}

KEEP static int by_vfork(void)
{
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0)
		_exit(3);
	waitpid(pid, &status, 0);
	return status;
}

int main(void)
{
	pthread_t other;
	int total = 0;

	for (unsigned i = 0; i < 10; i++) {
		total += by_fork(i) + by_vfork() + (int)work(i);
		if (pthread_create(&other, NULL, thread, NULL) == 0) {
			sink += work(i);
			pthread_join(other, NULL);
		}
	}
	return total == 1;
}
