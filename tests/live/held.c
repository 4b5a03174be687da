/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * held COUNT FILL [THREADS]: a program that the test leads, so that it is known
 * what was lost. After each step it prints the step's number, and waits for the
 * file $BEGIN.NUMBER:
 *
 *   1  each thread has allocated COUNT blocks in work()
 *   2  FILL calls of free(NULL), then each block was freed; all on one processor
 *   3  seven blocks of 77 bytes by leak_later()
 */
#define _GNU_SOURCE
#include "begin.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")
#define COUNT_MAX 256
#define THREADS_MAX 16

static long count, fill;
static void *volatile kept;
static pthread_barrier_t made, go, freed;

static void step(char number)
{
	const char *begin = getenv("BEGIN");
	const char line[2] = { number, '\n' };
	char name[4096];

	if (write(1, line, 2) != 2)
		exit(1);
	if (!begin)
		return;
	snprintf(name, sizeof(name), "%s.%c", begin, number);
	wait_for_file(name);
}

KEEP static void work(void **blocks)
{
	for (long i = 0; i < count; i++) {
		blocks[i] = malloc((size_t)(64 + 16 * (i % 8)));
		AFTER_CALL;
	}
}

KEEP static void leak_later(long blocks)
{
	for (long i = 0; i < blocks; i++) {
		kept = malloc(77);
		AFTER_CALL;
	}
}

static void *run(void *none)
{
	void *blocks[COUNT_MAX];

	work(blocks);
	pthread_barrier_wait(&made);
	pthread_barrier_wait(&go);
	for (long i = 0; i < count; i++)
		free(blocks[i]);
	pthread_barrier_wait(&freed);
	return none;
}

/* The buffers are one for each processor, and threads inherit this. */
static void stay_here(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (cpu < 0 || sched_setaffinity(0, sizeof(set), &set))
		exit(2);
}

int main(int argc, char **argv)
{
	long threads = argc > 3 ? atol(argv[3]) : 1;
	pthread_t ids[THREADS_MAX];
	void *volatile nothing = NULL;

	count = argc > 1 ? atol(argv[1]) : 10;
	fill = argc > 2 ? atol(argv[2]) : 0;
	if (count > COUNT_MAX || threads > THREADS_MAX)
		return 1;
	pthread_barrier_init(&made, NULL, (unsigned)threads + 1);
	pthread_barrier_init(&go, NULL, (unsigned)threads + 1);
	pthread_barrier_init(&freed, NULL, (unsigned)threads + 1);
	wait_for_begin();
	stay_here();
	for (long i = 0; i < threads; i++)
		pthread_create(&ids[i], NULL, run, NULL);
	pthread_barrier_wait(&made);
	step('1');
	for (long i = 0; i < fill; i++)
		free(nothing);
	pthread_barrier_wait(&go);
	pthread_barrier_wait(&freed);
	step('2');
	leak_later(7);
	step('3');
	pause();
	return 0;
}
