/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * leaky.c ROUNDS - a target whose every call chain is known (check.pl).
 *
 * Waits for a byte on its input, runs that many bursts of 29 allocations,
 * prints how often it has called an allocator and waits for its input's end.
 * Built with -O2 -funwind-tables; nothing is inlined, no call is a tail call,
 * and no function of libc stands between main and an allocator.
 */
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KEEP __attribute__((noipa))
/* the largest there is */
#define PAGE 65536
#define AFTER_CALL __asm__ volatile("" ::: "memory")

static void *volatile kept;
static volatile sig_atomic_t signaled;

KEEP void make_name(size_t size)
{
	kept = malloc(size);
	AFTER_CALL;
}

KEEP void make_session(size_t size)
{
	char name[300];

	memset(name, 'x', sizeof(name));
	__asm__ volatile("" : : "r"(name) : "memory");
	make_name(size);
	AFTER_CALL;
}

/* A frame larger than an immediate, on each target. */
KEEP void open_session(size_t size)
{
	volatile char table[5000];

	table[size] = 1;
	make_session(size + table[size]);
	AFTER_CALL;
}

KEEP void serve(size_t size)
{
	open_session(size + 8);
	AFTER_CALL;
}

KEEP void leak_nested(void)
{
	serve(39);
	AFTER_CALL;
}

/* 100 bytes, in a callback. */
KEEP int compare(int a, int b)
{
	kept = malloc(100);
	AFTER_CALL;
	return a - b;
}

KEEP int sort(int (*order)(int, int), int a, int b)
{
	int result = order(a, b);

	AFTER_CALL;
	return result + 1;
}

KEEP void leak_in_callback(void)
{
	sort(compare, 3, 4);
	AFTER_CALL;
}

/* 200 bytes, in the handler of a fault in a function without a frame. */
static volatile char page[PAGE] __attribute__((aligned(PAGE)));

static void protect(int protection)
{
	if (mprotect((void *)(uintptr_t)page, PAGE, protection))
		_exit(1);
}

KEEP void note_signal(void)
{
	kept = malloc(200);
	AFTER_CALL;
}

KEEP void on_signal(int number)
{
	note_signal();
	protect(PROT_READ | PROT_WRITE);
	signaled = number;
	AFTER_CALL;
}

KEEP void touch(size_t at)
{
	page[at] = 1;
}

KEEP void leak_in_signal(void)
{
	protect(PROT_NONE);
	touch(3);
	AFTER_CALL;
}

KEEP void grow_table(void *table)
{
	kept = realloc(table, 4000);
	AFTER_CALL;
}

KEEP void leak_by_realloc(void)
{
	grow_table(malloc(16));
	AFTER_CALL;
}

KEEP void leak_by_calloc(void)
{
	kept = calloc(3, 100);
	AFTER_CALL;
}

KEEP void leak_aligned(void)
{
	void *block = NULL;

	if (!posix_memalign(&block, 64, 640))
		kept = block;
	AFTER_CALL;
}

/* Of code: the process's mapping generation grows by one. */
KEEP void leak_mapping(void)
{
	kept = mmap(NULL, 8192, PROT_READ | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	AFTER_CALL;
}

/* A frame whose size only the frame pointer knows, and recursion: 56 bytes. */
KEEP void descend(int depth)
{
	char *space = __builtin_alloca((size_t)depth * 40 + 16);

	__asm__ volatile("" : : "r"(space) : "memory");
	if (depth)
		descend(depth - 1);
	else
		kept = malloc(56);
	AFTER_CALL;
}

KEEP void leak_deep(void)
{
	descend(20);
	AFTER_CALL;
}

/* And by one more; the other calls of protect() are not of code. */
KEEP void no_leak(void)
{
	protect(PROT_READ | PROT_WRITE | PROT_EXEC);
	for (size_t size = 1; size < 2000; size += 100) {
		kept = malloc(size);
		free(kept);
	}
	AFTER_CALL;
}

KEEP void one_round(void)
{
	leak_nested();
	leak_in_callback();
	leak_in_signal();
	leak_by_realloc();
	leak_by_calloc();
	leak_aligned();
	leak_mapping();
	leak_deep();
	no_leak();
	AFTER_CALL;
}

static void print_calls(unsigned calls)
{
	char text[32] = "calls ", digits[12];
	size_t length = 6, count = 0;

	do
		digits[count++] = (char)('0' + calls % 10);
	while (calls /= 10);
	while (count)
		text[length++] = digits[--count];
	text[length++] = '\n';
	if (write(1, text, length) < 0)
		_exit(1);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 5;
	char byte;

	signal(SIGSEGV, on_signal);
	if (read(0, &byte, 1) != 1)
		return 1;
	for (unsigned i = 0; i < rounds; i++) {
		one_round();
		poll(NULL, 0, 400); /* nanosleep: not in every kernel */
	}
	print_calls(rounds * 29);
	return read(0, &byte, 1) != 0;
}
