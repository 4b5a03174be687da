/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Allocates in a few ways that are known, and prints each: function, allocations,
 * bytes, frees, bytes freed, temporary ones. With an argument it goes on for ever.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALONE __attribute__((noinline, noclone))

static void *volatile held[256];

static void use(void *block)
{
	__asm__ volatile("" : : "r"(block) : "memory");
}

/* What it calls is in a header's line of its own (the inlined call). */
static inline __attribute__((always_inline)) void *get(size_t size)
{
	void *block = malloc(size);

	memset(block, 1, size);
	use(block);
	return block;
}

ALONE static void leak_here(void)
{
	for (int i = 0; i < 40; i++)
		held[i] = get(100);
}

ALONE static void temporary_here(void)
{
	for (int i = 0; i < 500; i++)
		free(get(64));
}

/* Each realloc ends a block and begins another. */
ALONE static void move_here(void)
{
	char *block = get(10);

	for (size_t size = 1000; size <= 30000; size += 1000) {
		block = realloc(block, size);
		use(block);
	}
	free(block);
}

/* Freed later, by somebody else, after other allocations. */
ALONE static void keep_here(void)
{
	for (int i = 100; i < 200; i++)
		held[i] = get(1u << (i % 10));
}

ALONE static void free_there(void)
{
	for (int i = 100; i < 150; i++)
		free(held[i]);
}

ALONE static void all(void)
{
	leak_here();
	temporary_here();
	keep_here();
	free_there();
	move_here();
}

int main(int argc, char **argv)
{
	size_t kept = 0, freed = 0;

	(void)argv;
	all();
	for (int i = 100; i < 200; i++) {
		kept += (size_t)1 << (i % 10);
		freed += i < 150 ? (size_t)1 << (i % 10) : 0;
	}
	printf("leak_here 40 4000 0 0 0\n");
	printf("temporary_here 500 32000 500 32000 500\n");
	printf("keep_here 100 %zu 50 %zu 0\n", kept, freed);
	printf("move_here 31 465010 31 465010 1\n");
	fflush(stdout);
	while (argc > 1) {
		leak_here();
		usleep(20000);
	}
	return 0;
}
