/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * pair PAIRS DEPTH [ROUNDS]: after each second's pause, so many pairs of
 * malloc and free, that deep; prints nanoseconds of processor time of a pair
 * and the p99.9 of one malloc, a line for each round.
 * pair COUNT DEPTH 1 leak: so many blocks, that stay.
 * pair COUNT DEPTH 1 threads: so many threads, one after the other, each with
 * one block, which stays.
 * pair RATE DEPTH SECONDS paced: so many pairs a second, after a
 * pause of three; prints how many there were in one.
 */
#define _GNU_SOURCE
#include "../live/begin.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")

static long pairs, seconds;
static unsigned *times;
static void *volatile kept;

static long long clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static long long now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

KEEP void make(void)
{
	for (long i = 0; i < pairs; i++) {
		kept = malloc(100);
		AFTER_CALL;
		free(kept);
		AFTER_CALL;
	}
}

KEEP void leak(void)
{
	for (long i = 0; i < pairs; i++) {
		kept = malloc(100);
		AFTER_CALL;
	}
}

static void *leak_one(void *arg)
{
	kept = malloc(100);
	AFTER_CALL;
	return arg;
}

KEEP void start_threads(void)
{
	pthread_t thread;

	for (long i = 0; i < pairs; i++) {
		if (!pthread_create(&thread, NULL, leak_one, NULL))
			pthread_join(thread, NULL);
	}
}

/* By the millisecond: each of them begins with its share. */
KEEP void pace(void)
{
	long long start = now(), ahead;
	struct timespec rest = { 0 };
	long count = 0;

	for (; count < pairs * seconds; count++) {
		kept = malloc(100);
		AFTER_CALL;
		free(kept);
		AFTER_CALL;
		ahead = start + (count + 1) * 1000000000ll / pairs - now();
		rest.tv_nsec = ahead;
		if (ahead > 1000000)
			nanosleep(&rest, NULL);
	}
	printf("%.0f\n", (double)count * 1e9 / (double)(now() - start));
}

KEEP void make_timed(void)
{
	for (long i = 0; i < pairs; i++) {
		long long start = now();

		kept = malloc(100);
		AFTER_CALL;
		times[i] = (unsigned)(now() - start);
		free(kept);
		AFTER_CALL;
	}
}

KEEP void deep(int depth, void (*what)(void))
{
	volatile char room[64];

	room[0] = (char)depth;
	if (depth > 1)
		deep(depth - 1, what);
	else
		what();
	room[1] = 0;
	AFTER_CALL;
}

static int less(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int depth = argc > 2 ? atoi(argv[2]) : 20;
	int rounds = argc > 3 ? atoi(argv[3]) : 1;

	pairs = argc > 1 ? atol(argv[1]) : 100000;
	seconds = rounds;
	if (argc > 4) {
		if (*argv[4] == 'p')
			wait_for_begin();
		deep(depth, *argv[4] == 'p' ? pace :
			    *argv[4] == 't' ? start_threads :
					      leak);
		return 0;
	}
	if (getenv("BEGIN"))
		wait_for_begin();
	times = calloc((size_t)pairs, sizeof(*times));
	for (int i = 0; i < rounds; i++) {
		long long start;

		sleep(1);
		/* its own time: others may want the processor too */
		start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		deep(depth, make);
		start = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
		printf("%.1f ", (double)start / (double)pairs);
		deep(depth, make_timed);
		qsort(times, (size_t)pairs, sizeof(*times), less);
		printf("%u\n", times[pairs - 1 - pairs / 1000]);
		fflush(stdout);
	}
	return 0;
}
