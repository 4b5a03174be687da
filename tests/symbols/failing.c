/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Preloaded: allocation number FAIL_AT fails, and every one after it too if
 * FAIL_ON is set; with FAIL_REALLOC only calls of realloc count. What is written behind a block ends the program. At exit
 * the number of allocations goes to descriptor 9, if that is open; with FAIL_KINDS
 * a line as well with a letter for each: malloc, calloc or realloc.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *old);

#define GUARD 16

static unsigned long count, fail_at, fail_on, fail_realloc;
static char kinds[1 << 16];
static _Thread_local char kind;

__attribute__((constructor)) static void set_up(void)
{
	const char *at = getenv("FAIL_AT");

	fail_at = at ? strtoul(at, NULL, 10) : 0;
	fail_on = getenv("FAIL_ON") != NULL;
	fail_realloc = getenv("FAIL_REALLOC") != NULL;
	count = 0;
}

__attribute__((destructor)) static void report(void)
{
	if (!fail_at)
		dprintf(9, "%lu\n", count);
	if (!fail_at && getenv("FAIL_KINDS"))
		dprintf(9, "%.*s\n", (int)(sizeof(kinds) - 1), kinds);
}

static int fails(int is_realloc)
{
	if (fail_realloc && !is_realloc)
		return 0;
	if (count < sizeof(kinds) - 1)
		kinds[count] = is_realloc ? 'r' : kind ? kind : 'm';
	count++;
	return fail_at && (count == fail_at || (fail_on && count > fail_at));
}

/* { size, 0; the block; guard } */
static void *guarded(size_t *block, size_t size)
{
	if (!block)
		return NULL;
	block[0] = size;
	memset((char *)(block + 2) + size, 0xa5, GUARD);
	return block + 2;
}

static size_t *block_of(void *memory)
{
	size_t *block = (size_t *)memory - 2;
	const unsigned char *guard = (unsigned char *)memory + block[0];

	for (int i = 0; i < GUARD; i++) {
		if (guard[i] == 0xa5)
			continue;
		dprintf(2, "a block of %zu bytes was overrun\n", block[0]);
		abort();
	}
	return block;
}

static void *allocate(size_t size, int is_realloc)
{
	if (fails(is_realloc) || size > PTRDIFF_MAX - 64) {
		errno = ENOMEM;
		return NULL;
	}
	return guarded(__libc_malloc(size + 2 * sizeof(size_t) + GUARD), size);
}

void *malloc(size_t size)
{
	return allocate(size, 0);
}

void *calloc(size_t n, size_t size)
{
	void *memory;

	if (size && n > PTRDIFF_MAX / size)
		return NULL;
	kind = 'c';
	memory = malloc(n * size);
	kind = 0;
	return memory ? memset(memory, 0, n * size) : NULL;
}

void free(void *memory)
{
	if (memory)
		__libc_free(block_of(memory));
}

void *realloc(void *old, size_t size)
{
	if (!old)
		return allocate(size, 1);
	if (fails(1)) {
		errno = ENOMEM;
		return NULL;
	}
	return guarded(__libc_realloc(block_of(old),
				      size + 2 * sizeof(size_t) + GUARD),
		       size);
}
