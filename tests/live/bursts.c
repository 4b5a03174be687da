/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * bursts BURSTS COUNT [THREADS]: leaks nothing. So many times COUNT blocks, then
 * their frees, each thread for itself. The first thread that is halfway prints
 * "half"; in the end "done" is printed, and it stays.
 */
#include "begin.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COUNT_MAX 4096

static long bursts, count;

static void say_half(void)
{
	static atomic_flag said = ATOMIC_FLAG_INIT;

	if (!atomic_flag_test_and_set(&said) && write(1, "half\n", 5) != 5)
		exit(1);
}

static void *work(void *arg)
{
	void *volatile blocks[COUNT_MAX];

	(void)arg;
	for (long i = 0; i < bursts; i++) {
		if (i == bursts / 2)
			say_half();
		for (long k = 0; k < count; k++)
			blocks[k] = malloc((size_t)(64 + 16 * (k % 8)));
		for (long k = 0; k < count; k++)
			free(blocks[k]);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	long threads = argc > 3 ? atol(argv[3]) : 0;
	pthread_t ids[64];

	bursts = argc > 1 ? atol(argv[1]) : 10;
	count = argc > 2 ? atol(argv[2]) : 100;
	wait_for_begin();
	for (long i = 0; i < threads && i < 64; i++)
		pthread_create(&ids[i], NULL, work, NULL);
	if (!threads)
		work(NULL);
	for (long i = 0; i < threads && i < 64; i++)
		pthread_join(ids[i], NULL);
	if (write(1, "done\n", 5) != 5)
		return 1;
	pause();
	return 0;
}
