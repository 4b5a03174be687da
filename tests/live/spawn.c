/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * spawn THREADS GAP: threads that start one after the other, GAP microseconds
 * apart, while whoever watches is getting ready; then each of them, and one
 * more that each of them starts, leaks 77 bytes.
 */
#include "begin.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void *volatile kept;
static pthread_attr_t small;

__attribute__((noipa)) void leak_here(void)
{
	kept = malloc(77);
	__asm__ volatile("" ::: "memory");
}

static void *second(void *arg)
{
	(void)arg;
	leak_here();
	return NULL;
}

static void *first(void *arg)
{
	pthread_t id;

	(void)arg;
	wait_for_begin();
	leak_here();
	if (!pthread_create(&id, &small, second, NULL))
		pthread_join(id, NULL);
	return NULL;
}

int main(int argc, char **argv)
{
	long threads = argc > 1 ? atol(argv[1]) : 100;
	long gap = argc > 2 ? atol(argv[2]) : 1000;
	const struct timespec pause_for = { 0, gap * 1000 };
	pthread_t *ids = calloc((size_t)threads, sizeof(*ids));

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (long i = 0; ids && i < threads; i++) {
		if (pthread_create(&ids[i], &small, first, NULL))
			return 1;
		nanosleep(&pause_for, NULL);
	}
	for (long i = 0; ids && i < threads; i++)
		pthread_join(ids[i], NULL);
	if (write(1, "done\n", 5) != 5)
		return 1;
	pause();
	return 0;
}
