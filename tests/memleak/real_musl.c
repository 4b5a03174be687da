/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * real_musl SECONDS: calls of its own in many orders, allocating at the end of
 * each, in two threads. It prints what the stacks have to be, then does it.
 *
 *	CHAIN: ADDRESS ADDRESS =FUNCTION ADDRESS ...
 *
 * is the stack of each block of FIRST_SIZE + CHAIN bytes, from the caller of
 * the function that calls malloc: return addresses that the functions have
 * noted themselves. =FUNCTION is a frame of that function, and before it any
 * number of the C library's, which called back.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <pthread.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")
#define CHAINS 1500
#define FIRST_SIZE 2000
#define DEPTH 24

static _Thread_local struct {
	const void *address;
	const char *function;
} notes[4 * DEPTH + 16];
static _Thread_local int noted;
static _Thread_local unsigned seed;
static _Thread_local int chain, depth;
static int printing;

#define NOTE(a, f) (notes[noted].address = (a), notes[noted++].function = (f))
#define ENTER NOTE(__builtin_return_address(0), NULL)
#define LEAVE               \
	do {                \
		AFTER_CALL; \
		noted--;    \
	} while (0)
#define CALL_BACK(call)               \
	do {                          \
		NOTE(NULL, __func__); \
		(void)(call);         \
		LEAVE;                \
	} while (0)

KEEP void next(void);

static void print_chain(void)
{
	printf("%d:", chain);
	for (int i = noted - 1; i >= 0; i--) {
		if (notes[i].function)
			printf(" =%s", notes[i].function);
		else
			printf(" %lx", (unsigned long)notes[i].address);
	}
	putchar('\n');
}

/* The last blocks stay for a while. */
KEEP void allocate(void)
{
	static _Thread_local void *kept[64];
	static _Thread_local int at;

	ENTER;
	if (printing) {
		print_chain();
	} else {
		free(kept[at]);
		kept[at] = malloc(FIRST_SIZE + (size_t)chain);
		AFTER_CALL;
		at = (at + 1) % 64;
	}
	LEAVE;
}

KEEP void small(void)
{
	ENTER;
	next();
	LEAVE;
}

KEEP void large(void)
{
	char room[300];

	ENTER;
	memset(room, depth, sizeof(room));
	__asm__ volatile("" : : "r"(room) : "memory");
	next();
	LEAVE;
}

KEEP void by_alloca(void)
{
	char *room;

	ENTER;
	room = alloca(16 + seed % 200);
	room[0] = 1;
	__asm__ volatile("" : : "r"(room) : "memory");
	next();
	LEAVE;
}

KEEP void aligned(void)
{
	_Alignas(128) char room[128];

	ENTER;
	__asm__ volatile("" : : "r"(room) : "memory");
	next();
	LEAVE;
}

KEEP long many(long a, long b, long c, long d, long e, long f, long g, long h)
{
	ENTER;
	next();
	LEAVE;
	return a + b * c - d * e + f * g - h;
}

KEEP void by_stack(void)
{
	ENTER;
	seed += 0 * (unsigned)many(depth, 2, 3, chain, 5, 6, 7, 8);
	LEAVE;
}

KEEP void variable(const char *format, ...)
{
	va_list list;
	int sum = 0;

	ENTER;
	va_start(list, format);
	while (*format++)
		sum += va_arg(list, int);
	va_end(list);
	next();
	LEAVE;
	depth += 0 * sum;
}

KEEP void by_list(void)
{
	ENTER;
	variable("iii", 1, 2, 3);
	LEAVE;
}

static _Thread_local int once;

KEEP int compare(const void *a, const void *b)
{
	ENTER;
	if (once) {
		once = 0;
		next();
	}
	LEAVE;
	return *(const int *)a - *(const int *)b;
}

KEEP void by_qsort(void)
{
	int numbers[] = { 5, 3, 9, 1, 7, 8, 2 };

	ENTER;
	once = 1;
	CALL_BACK(qsort(numbers, 7, sizeof(numbers[0]), compare));
	LEAVE;
}

KEEP void by_bsearch(void)
{
	static const int numbers[] = { 1, 2, 3, 5, 8, 13 };

	ENTER;
	once = 1;
	CALL_BACK(bsearch(&numbers[1], numbers, 6, sizeof(int), compare));
	LEAVE;
}

KEEP void by_lfind(void)
{
	static const int numbers[] = { 1, 2, 3, 5, 8, 13 };
	size_t count = 6;

	ENTER;
	once = 1;
	CALL_BACK(lfind(&numbers[3], numbers, &count, sizeof(int), compare));
	LEAVE;
}

KEEP void next(void)
{
	static void (*const ways[])(void) = {
		small,	 large,	   by_alloca,  aligned,	 by_stack,
		by_list, by_qsort, by_bsearch, by_lfind,
	};

	ENTER;
	seed = seed * 1103515245 + 12345;
	if (depth++ < 6 + chain % (DEPTH - 6) - (int)(seed >> 30))
		ways[(seed >> 16) % (sizeof(ways) / sizeof(ways[0]))]();
	else
		allocate();
	LEAVE;
}

KEEP void one_chain(int number)
{
	ENTER;
	seed = (unsigned)number * 2654435761u;
	chain = number;
	depth = 0;
	next();
	LEAVE;
}

static time_t end;

/* Half of the chains; in the other thread the other half. */
KEEP void chains(int first)
{
	ENTER;
	do {
		for (int i = first; i < CHAINS; i += 2) {
			one_chain(i);
			AFTER_CALL;
		}
	} while (!printing && time(NULL) < end);
	LEAVE;
}

KEEP void *in_thread(void *arg)
{
	ENTER;
	chains(1);
	LEAVE;
	return arg;
}

KEEP void both(void)
{
	pthread_t thread;
	void *result;

	ENTER;
	pthread_create(&thread, NULL, in_thread, NULL);
	if (printing)
		pthread_join(thread, &result); /* one line after another */
	chains(0);
	if (!printing)
		pthread_join(thread, &result);
	LEAVE;
}

int main(int argc, char **argv)
{
	ENTER;
	end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
	for (printing = 1; printing >= 0; printing--) {
		both();
		AFTER_CALL;
		if (!printing)
			break;
		puts("that is all");
		fflush(stdout);
	}
	LEAVE;
	return 0;
}
