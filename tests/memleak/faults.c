/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * faults WHAT: a program for each way in which a leak tool has gone wrong.
 * Each function's name is in the stack that has to be found; `wait` at the end
 * of a name means that the program waits after it, to be looked at.
 */
#define _GNU_SOURCE
#include "../live/begin.h"
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")
#define PAGE 4096ul

static void *volatile kept;
static void *volatile before;
static volatile size_t huge = SIZE_MAX / 4;

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

KEEP void leak_some(size_t size)
{
	kept = malloc(size);
	AFTER_CALL;
}

KEEP void in_parent(void)
{
	leak_some(1000);
	AFTER_CALL;
}

KEEP void in_child(void)
{
	leak_some(2000);
	AFTER_CALL;
}

KEEP void after_exec(void)
{
	leak_some(3000);
	AFTER_CALL;
}

KEEP void with_arguments(size_t size)
{
	leak_some(size);
	AFTER_CALL;
}

KEEP void one_mebibyte(void)
{
	kept = malloc(1 << 20);
	AFTER_CALL;
}

KEEP void realloc_fails(void)
{
	kept = malloc(1001);
	AFTER_CALL;
	before = kept;
	kept = realloc(before, huge);
	AFTER_CALL;
}

KEEP void remapped(void)
{
	char *at =
		mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	AFTER_CALL;
	kept = mremap(at, PAGE, 5 * PAGE, MREMAP_MAYMOVE);
	AFTER_CALL;
}

KEEP void remap_fails(void)
{
	char *at = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	AFTER_CALL;
	kept = mremap(at + 1, 3 * PAGE, 7 * PAGE, MREMAP_MAYMOVE);
	AFTER_CALL;
	kept = mremap(at, 3 * PAGE, 0, MREMAP_MAYMOVE);
	AFTER_CALL;
}

KEEP void old_valloc(void)
{
	kept = valloc(1111);
	AFTER_CALL;
}

/* An allocator of its own names, with a map of its own. */
KEEP void *my_malloc(size_t size)
{
	static char room[1 << 16];
	static size_t used;

	used += size;
	AFTER_CALL;
	return room + used - size;
}

KEEP void my_free(void *block)
{
	__asm__ volatile("" : : "r"(block) : "memory");
}

KEEP void *my_mremap(void *old, size_t old_size, size_t size)
{
	__asm__ volatile("" : : "r"(old), "r"(old_size), "r"(size) : "memory");
	return my_malloc(size);
}

KEEP void by_prefix(void)
{
	kept = my_malloc(77);
	AFTER_CALL;
	my_free(kept);
	kept = my_malloc(78);
	AFTER_CALL;
	kept = my_mremap(my_malloc(10), 10, 79);
	AFTER_CALL;
}

/* Many stacks: each bit of `path` chooses the way of one level. */
KEEP void left(unsigned path, int depth);

KEEP void right(unsigned path, int depth)
{
	if (!depth)
		leak_some(16);
	else if (path & 1)
		right(path >> 1, depth - 1);
	else
		left(path >> 1, depth - 1);
	AFTER_CALL;
}

KEEP void left(unsigned path, int depth)
{
	if (!depth)
		leak_some(16);
	else if (path & 1)
		right(path >> 1, depth - 1);
	else
		left(path >> 1, depth - 1);
	AFTER_CALL;
}

KEEP void many_stacks(void)
{
	for (unsigned path = 0; path < 1 << 11; path++) {
		left(path, 11);
		AFTER_CALL;
	}
}

/* Lives for 100 ms, again and again; and one that stays. */
KEEP void young(void)
{
	kept = malloc(333);
	AFTER_CALL;
	pause_ms(100);
	free(kept);
}

KEEP void churn(void)
{
	leak_some(444);
	AFTER_CALL;
	tell_done();
	for (;;) {
		young();
		AFTER_CALL;
	}
}

KEEP void *in_thread(void *arg)
{
	leak_some((size_t)(uintptr_t)arg);
	AFTER_CALL;
	return NULL;
}

KEEP void threads(void)
{
	pthread_t ids[2];

	for (uintptr_t i = 0; i < 2; i++) {
		pthread_create(&ids[i], NULL, in_thread,
			       (void *)(600 + 100 * i));
		pthread_setname_np(ids[i], i ? "second" : "first");
		pthread_join(ids[i], NULL);
	}
}

/* 2000 of 1000 bytes, 200 of 10000, 20 of 100000: two million each. */
KEEP void small_ones(void)
{
	for (int i = 0; i < 2000; i++) {
		leak_some(1000);
		AFTER_CALL;
	}
}

KEEP void middle_ones(void)
{
	for (int i = 0; i < 200; i++) {
		leak_some(10000);
		AFTER_CALL;
	}
}

KEEP void large_ones(void)
{
	for (int i = 0; i < 20; i++) {
		leak_some(100000);
		AFTER_CALL;
	}
}

static void forks(char *self)
{
	in_parent();
	AFTER_CALL;
	if (!fork()) {
		in_child();
		AFTER_CALL;
		_exit(0);
	}
	wait(NULL);
	if (!vfork())
		execl(self, self, "exec", NULL);
	wait(NULL);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int stays = 0;

	before = malloc(5555);
	if (!strncmp(what, "wait:", 5)) {
		what += 5;
		stays = 1;
		wait_for_begin();
	}
	if (!strcmp(what, "some"))
		leak_some(500);
	if (!strcmp(what, "arguments"))
		with_arguments((size_t)atol(argv[2]));
	if (!strcmp(what, "forks"))
		forks(argv[0]);
	if (!strcmp(what, "exec"))
		after_exec();
	if (!strcmp(what, "all")) {
		one_mebibyte();
		realloc_fails();
		kept = NULL;
		before = NULL;
		remapped();
		remap_fails();
		old_valloc();
		threads();
	}
	if (!strcmp(what, "free-old")) {
		free(before);
		leak_some(321);
	}
	if (!strcmp(what, "prefix"))
		by_prefix();
	if (!strcmp(what, "stacks"))
		many_stacks();
	if (!strcmp(what, "churn"))
		churn();
	if (!strcmp(what, "sizes")) {
		small_ones();
		middle_ones();
		large_ones();
	}
	AFTER_CALL;
	if (stays) {
		tell_done();
		pause();
	}
	return 0;
}
