/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * malloc for the libraries that are in this object (ld's --wrap): pages of our own in
 * place of the program's heap, and a qsort that asks for none (glibc's does). Only
 * write.c's thread is here.
 *
 * Blocks are of powers of two, by size; what is freed is used again for its size.
 */
#include "inproc.h"

#include <string.h>

#define LEAST_LOG2 5
#define SIZES 48
#define CHUNK (1u << 20)

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *at);
void __wrap_qsort(void *base, size_t count, size_t size,
		  int (*compare)(const void *, const void *));

/* Before each block. */
union head {
	size_t log2;
	union head *next; /* of those that are free */
	char room[16];
};

static union head *free_ones[SIZES];
static char *chunk;
static size_t chunk_left;

static size_t log2_of(size_t size)
{
	size_t log2 = LEAST_LOG2;

	while (log2 < SIZES && ((size_t)1 << log2) < size)
		log2++;
	return log2;
}

/* Large ones have pages of their own; a chunk's rest is lost when it is too small. */
static void *take(size_t size)
{
	char *at;

	if (size >= CHUNK / 2)
		return dwu_inproc_pages(size);
	if (size > chunk_left) {
		chunk = dwu_inproc_pages(CHUNK);
		chunk_left = chunk ? CHUNK : 0;
	}
	if (!chunk_left)
		return NULL;
	at = chunk;
	chunk += size;
	chunk_left -= size;
	return at;
}

static void *fresh(size_t size)
{
	size_t log2 = log2_of(size + sizeof(union head));
	union head *head = log2 < SIZES ? take((size_t)1 << log2) : NULL;

	if (!head)
		return NULL;
	head->log2 = log2;
	return head + 1;
}

void *__wrap_malloc(size_t size)
{
	size_t log2 = log2_of(size + sizeof(union head));
	union head *head;

	if (log2 >= SIZES || size > SIZE_MAX / 2)
		return NULL;
	head = free_ones[log2];
	if (!head)
		return fresh(size);
	free_ones[log2] = head->next;
	head->log2 = log2;
	return head + 1;
}

void __wrap_free(void *at)
{
	union head *head = (union head *)at - 1;
	size_t log2;

	if (!at)
		return;
	log2 = head->log2;
	head->next = free_ones[log2];
	free_ones[log2] = head;
}

void *__wrap_calloc(size_t count, size_t size)
{
	size_t all;
	void *at;

	if (__builtin_mul_overflow(count, size, &all))
		return NULL;
	if (all >= CHUNK && all < SIZE_MAX / 2)
		return fresh(all); /* pages of 0, most never touched */
	at = __wrap_malloc(all);
	return at ? memset(at, 0, all) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
	size_t room = old ? ((size_t)1 << ((union head *)old - 1)->log2) -
				      sizeof(union head) :
			    0;
	void *at;

	if (old && size <= room)
		return old;
	at = __wrap_malloc(size);
	if (at && old)
		memcpy(at, old, room);
	if (at)
		__wrap_free(old);
	return at;
}

char *__wrap_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *at = __wrap_malloc(size);

	return at ? memcpy(at, text, size) : NULL;
}

static void swap(char *a, char *b, size_t size)
{
	char held;

	for (; size > 0; size--, a++, b++) {
		held = *a;
		*a = *b;
		*b = held;
	}
}

/* Knuth 5.2.3, heapsort: the largest child goes up until the heap is one again. */
static void sift(char *base, size_t at, size_t count, size_t size,
		 int (*compare)(const void *, const void *))
{
	size_t child;

	for (; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count &&
		    compare(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (compare(base + at * size, base + child * size) >= 0)
			return;
		swap(base + at * size, base + child * size, size);
	}
}

void __wrap_qsort(void *base, size_t count, size_t size,
		  int (*compare)(const void *, const void *))
{
	size_t i;

	for (i = count / 2; i-- > 0;)
		sift(base, i, count, size, compare);
	for (i = count; i-- > 1;) {
		swap(base, (char *)base + i * size, size);
		sift(base, 0, i, size, compare);
	}
}
