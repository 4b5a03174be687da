/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * blocks - a known number of blocks of known sizes, of which every other is freed, by
 * two threads; says on stdout what is left: "BLOCKS BYTES".
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT 2000

static void *blocks[2][COUNT];

static size_t size_of(size_t thread, size_t i)
{
	return 16 + (i * 7919 + thread * 104729) % 500;
}

static void *work(void *number)
{
	size_t thread = (size_t)number;

	for (size_t i = 0; i < COUNT; i++)
		blocks[thread][i] = malloc(size_of(thread, i));
	for (size_t i = 0; i < COUNT; i += 2)
		free(blocks[thread][i]);
	return NULL;
}

int main(void)
{
	static char line[64];
	size_t count = 0, bytes = 0;
	pthread_t other;

	setvbuf(stdout, line, _IOLBF, sizeof(line));
	pthread_create(&other, NULL, work, (void *)1);
	pthread_join(other, NULL);
	work((void *)0);
	for (size_t thread = 0; thread < 2; thread++)
		for (size_t i = 1; i < COUNT; i += 2) {
			count++;
			bytes += size_of(thread, i);
		}
	printf("%zu %zu\n", count, bytes);
	return 0;
}
