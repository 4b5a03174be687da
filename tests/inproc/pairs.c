/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * pairs DEPTH leaf|mixed|path THREADS TURNS PAIRS - nanoseconds of a thread's processor
 * time for a malloc and its free below DEPTH frames: median and minimum of the turns.
 *
 *	leaf	one stack, and 8 places that allocate below it
 *	mixed	the 6 innermost levels are one of 256 ways, chosen anew for each pair
 *	path	so are all levels
 *
 * A level is one of four functions, and calls the next from one of four places.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEEP __attribute__((noipa))
#define TURNS_MAX 1000
#define THREADS_MAX 64
#define WAYS 256
#define INNER 6

static int depth, turns;
static long pairs;
static char how;
static uint64_t ways[WAYS];
static double times[THREADS_MAX][TURNS_MAX];
static __thread volatile uintptr_t sink;
static __thread uint64_t inner, seed = 88172645463325252u;

static uint64_t any(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

#define SITE(n)                               \
	KEEP static void site##n(size_t size) \
	{                                     \
		void *at = malloc(size + n);  \
                                              \
		sink += (uintptr_t)at;        \
		free(at);                     \
		sink += n;                    \
	}
/* clang-format off */
SITE(0) SITE(1) SITE(2) SITE(3) SITE(4) SITE(5) SITE(6) SITE(7)
	/* clang-format on */

	static void (*const sites[])(size_t) = { site0, site1, site2, site3,
						 site4, site5, site6, site7 };

static void bottom(long count)
{
	for (long i = 0; i < count; i++)
		sites[i & 7](16 + ((size_t)i & 63));
}

KEEP static void level0(int left, uint64_t way, long count);
KEEP static void level1(int left, uint64_t way, long count);
KEEP static void level2(int left, uint64_t way, long count);
KEEP static void level3(int left, uint64_t way, long count);

static inline __attribute__((always_inline)) void go(int left, uint64_t way,
						     long count)
{
	uint64_t rest;

	if (left == INNER && how == 'm')
		way = inner;
	rest = way >> 2 | way << 62;
	switch (way & 3) {
	case 0:
		level0(left, rest, count);
		break;
	case 1:
		level1(left, rest, count);
		break;
	case 2:
		level2(left, rest, count);
		break;
	default:
		level3(left, rest, count);
	}
}

#define LEVEL(n)                                                      \
	KEEP static void level##n(int left, uint64_t way, long count) \
	{                                                             \
		volatile long room[n * 3 + 1];                        \
                                                                      \
		room[0] = count;                                      \
		if (left <= 0)                                        \
			bottom(count);                                \
		else                                                  \
			go(left - 1, way, room[0]);                   \
		sink += (uintptr_t)room[0];                           \
	}
/* clang-format off */
LEVEL(0) LEVEL(1) LEVEL(2) LEVEL(3)
	/* clang-format on */

	static void turn(void)
{
	if (how == 'l') {
		go(depth, 0x9e3779b97f4a7c15u, pairs);
		return;
	}
	for (long i = 0; i < pairs; i++) {
		inner = ways[any() % WAYS];
		go(depth, how == 'p' ? inner : 0, 1);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void *work(void *into)
{
	double *time = into, start;

	turn();
	for (int i = 0; i < turns; i++) {
		start = now();
		turn();
		time[i] = (now() - start) / (double)pairs;
	}
	qsort(time, (size_t)turns, sizeof(*time), by_size);
	return NULL;
}

int main(int argc, char **argv)
{
	double median = 0, least = 1e18;
	pthread_t ids[THREADS_MAX];
	int threads;

	if (argc != 6)
		return 2;
	/* site, the last level, and the thread's start are frames, too */
	depth = atoi(argv[1]) - 5;
	how = argv[2][0];
	threads = atoi(argv[3]);
	turns = atoi(argv[4]);
	pairs = atol(argv[5]);
	if (threads < 1 || threads > THREADS_MAX || turns < 1 ||
	    turns > TURNS_MAX)
		return 2;
	for (int i = 0; i < WAYS; i++)
		ways[i] = any();
	for (int i = 0; i < threads; i++)
		pthread_create(&ids[i], NULL, work, times[i]);
	for (int i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		median += times[i][turns / 2] / threads;
		least = times[i][0] < least ? times[i][0] : least;
	}
	printf("%.0f (%.0f)\n", median, least);
	return 0;
}
