/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * leaky.c - a program that leaks in known ways, for memleak_user to find.
 *
 *	leaky [ROUNDS [MILLISECONDS]]	rounds (0: for ever), pause after each
 *
 * Each round leaks once by each function in `leaks`, below. It is meant to be
 * compiled with -O2 -fomit-frame-pointer. Nothing is inlined, and no call is
 * a tail call: the empty asm stands behind each.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#ifdef __clang__
#define KEEP __attribute__((noinline))
#else
#define KEEP __attribute__((noipa))
#endif
#define AFTER_CALL __asm__ volatile("" ::: "memory")

/* Stores that no compiler may leave out: a leak must stay a leak. */
static void *volatile kept;

/* Six functions deep, in 48 bytes. */
KEEP void make_name(size_t size)
{
	kept = malloc(size);
	AFTER_CALL;
}

KEEP void make_session(size_t size)
{
	char name[64];

	memset(name, 'x', sizeof(name));
	__asm__ volatile("" : : "r"(name) : "memory");
	make_name(size);
	AFTER_CALL;
}

KEEP void open_session(size_t size)
{
	make_session(size + 8);
	AFTER_CALL;
}

KEEP void handle_request(size_t size)
{
	open_session(size + 8);
	AFTER_CALL;
}

KEEP void serve(size_t size)
{
	handle_request(size + 8);
	AFTER_CALL;
}

KEEP void leak_nested(void)
{
	serve(24);
	AFTER_CALL;
}

/* In a callback of qsort, 100 bytes, once a round. */
static int compared;

KEEP int compare(const void *a, const void *b)
{
	if (!compared++)
		kept = malloc(100);
	AFTER_CALL;
	return *(const int *)a - *(const int *)b;
}

KEEP void leak_in_callback(void)
{
	int numbers[] = { 5, 3, 9, 1, 7 };

	compared = 0;
	qsort(numbers, 5, sizeof(numbers[0]), compare);
	AFTER_CALL;
}

/* In a signal handler, 200 bytes. */
KEEP void note_signal(size_t size)
{
	kept = malloc(size);
	AFTER_CALL;
}

static void on_signal(int number)
{
	note_signal((size_t)number * 0 + 200);
	AFTER_CALL;
}

KEEP void send_signal(int number)
{
	raise(number);
	AFTER_CALL;
}

KEEP void leak_in_signal(void)
{
	send_signal(SIGUSR1);
	AFTER_CALL;
}

/* What realloc gave: 4,000 bytes; the 16 before are no leak. */
KEEP void grow_table(void *table)
{
	kept = realloc(table, 4000);
	AFTER_CALL;
}

KEEP void leak_by_realloc(void)
{
	void *table = malloc(16);

	kept = table;
	grow_table(table);
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

KEEP void leak_mapping(void)
{
	kept = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	AFTER_CALL;
}

/* The good one: nothing of it may be reported. */
KEEP void no_leak(void)
{
	for (size_t size = 1; size < 2000; size += 100) {
		kept = malloc(size);
		free(kept);
	}
	AFTER_CALL;
}

KEEP void round_of_leaks(void)
{
	static void (*const leaks[])(void) = {
		leak_nested,	 leak_in_callback, leak_in_signal,
		leak_by_realloc, leak_by_calloc,   leak_aligned,
		leak_mapping,	 no_leak,
	};

	for (size_t i = 0; i < sizeof(leaks) / sizeof(leaks[0]); i++)
		leaks[i]();
	AFTER_CALL;
}

/* The exit status, or -1: go on. */
static int answer(const char *word)
{
	static const char usage[] = "usage: leaky [ROUNDS [MILLISECONDS]]\n"
				    "       -h, --help, -V, --version\n"
				    "Leaks in known ways, ROUNDS times (0: for "
				    "ever), with a pause of MILLISECONDS.\n";
	bool help = !strcmp(word, "-h") || !strcmp(word, "--help");

	if (help || !strcmp(word, "-V") || !strcmp(word, "--version"))
		return fputs(help ? usage : "leaky\n", stdout) < 0;
	if (word[0] >= '0' && word[0] <= '9')
		return -1;
	fprintf(stderr, "leaky: ROUNDS: '%s' is wrong; allowed: a number\n",
		word);
	return 2;
}

int main(int argc, char **argv)
{
	int status = argc > 1 ? answer(argv[1]) : -1;
	long rounds = argc > 1 ? atol(argv[1]) : 0;
	long pause = argc > 2 ? atol(argv[2]) : 100;
	struct timespec time = { pause / 1000, pause % 1000 * 1000000 };

	if (status >= 0)
		return status;
	signal(SIGUSR1, on_signal);
	for (long i = 0; rounds == 0 || i < rounds; i++) {
		round_of_leaks();
		nanosleep(&time, NULL);
	}
	return 0;
}
