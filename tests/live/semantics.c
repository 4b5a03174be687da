/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Each function leaves known bytes behind, or none; then it waits. */
#include "begin.h"
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")
#define PAGE 4096ul

static void *volatile kept;
static volatile size_t huge = SIZE_MAX / 4;
static volatile size_t none;

KEEP void *map(size_t size)
{
	void *start =
		mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	AFTER_CALL;
	return start;
}

/* The block stays: 1001. */
KEEP void realloc_fails(void)
{
	void *block = malloc(1001);

	kept = block;
	kept = realloc(block, huge);
	AFTER_CALL;
}

/* glibc: that is a free. 0. */
KEEP void realloc_to_zero(void)
{
	void *block = malloc(1002);

	kept = block;
	kept = realloc(block, none);
	AFTER_CALL;
}

/* That is a malloc: 1003. */
KEEP void realloc_of_null(void)
{
	kept = NULL;
	kept = realloc(kept, 1003);
	AFTER_CALL;
}

KEEP void calloc_overflows(void)
{
	kept = calloc(huge, huge);
	AFTER_CALL;
}

KEEP void malloc_fails(void)
{
	kept = malloc(huge);
	AFTER_CALL;
}

KEEP void memalign_fails(void)
{
	void *block = NULL;
	int error = posix_memalign(&block, 3, 100);

	kept = error ? NULL : block;
	AFTER_CALL;
}

KEEP void mmap_fails(void)
{
	kept = mmap(NULL, none, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	AFTER_CALL;
}

/* 1004 once, not the mapping that malloc makes for it. */
KEEP void large_malloc(void)
{
	kept = malloc(1004 * 1000);
	AFTER_CALL;
}

KEEP void large_and_freed(void)
{
	kept = malloc(1005 * 1000);
	AFTER_CALL;
	free(kept);
	AFTER_CALL;
}

KEEP void aligned_ones(void)
{
	kept = aligned_alloc(64, 1024);
	AFTER_CALL;
	kept = memalign(64, 1024);
	AFTER_CALL;
}

KEEP void *map_10(void)
{
	void *start = map(10 * PAGE);

	AFTER_CALL;
	return start;
}

/* 10 pages, 3 cut off its start, 2 off its end: 5 remain. */
KEEP void cut_both_ends(void)
{
	char *start = map_10();

	munmap(start, 3 * PAGE - 5); /* sizes are rounded up */
	munmap(start + 8 * PAGE, 2 * PAGE);
	AFTER_CALL;
}

/* 10 pages, cut at its end, then the rest goes: 0. */
KEEP void cut_and_unmapped(void)
{
	char *start = map_10();

	munmap(start + 8 * PAGE, 2 * PAGE);
	munmap(start, 8 * PAGE);
	AFTER_CALL;
}

KEEP void *in_thread(void *arg)
{
	kept = malloc(1006);
	AFTER_CALL;
	return arg;
}

int main(void)
{
	pthread_t id;

	wait_for_begin();
	realloc_fails();
	realloc_to_zero();
	realloc_of_null();
	calloc_overflows();
	malloc_fails();
	memalign_fails();
	mmap_fails();
	large_malloc();
	large_and_freed();
	aligned_ones();
	cut_both_ends();
	cut_and_unmapped();
	pthread_create(&id, NULL, in_thread, NULL);
	pthread_join(id, NULL);
	tell_done();
	pause();
}
