/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * load PER_SECOND SECONDS [THREADS]: allocations at that rate (0: as fast as
 * they go), one in ten leaks; then it
 * sleeps. Begins when it is watched. Ten functions deep.
 */
#define _GNU_SOURCE
#include "begin.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")

static long per_second, seconds;
static _Thread_local void *volatile kept;

KEEP void allocate(long number)
{
	kept = malloc((size_t)(number % 10 ? 100 : 64));
	AFTER_CALL;
	if (number % 10)
		free(kept);
}

KEEP void deep(long number, int depth)
{
	if (depth)
		deep(number, depth - 1);
	else
		allocate(number);
	AFTER_CALL;
}

KEEP void *work(void *arg)
{
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (long i = 0; i < per_second * seconds || !per_second; i++) {
		if (!per_second && i == seconds * 12500)
			tell_half();
		deep(i, 8);
		if (!per_second && i == seconds * 25000)
			break;
		if (!per_second)
			continue;
		next.tv_nsec += 1000000000 / per_second;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	return arg;
}

int main(int argc, char **argv)
{
	int threads = argc > 3 ? atoi(argv[3]) : 1;
	pthread_t ids[16];

	per_second = argc > 1 ? atol(argv[1]) : 1000;
	seconds = argc > 2 ? atol(argv[2]) : 10;
	wait_for_begin();
	for (int i = 1; i < threads; i++)
		pthread_create(&ids[i], NULL, work, NULL);
	work(NULL);
	for (int i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	tell_done();
	pause();
	return 0;
}
