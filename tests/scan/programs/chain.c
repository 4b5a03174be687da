/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What makes a stack hard to follow without CFI, in one chain: seven levels,
 * a call through a pointer, a switch, a frame of 80 KB, alloca, a callback
 * from inside libc's qsort, a signal handler, malloc at the end.
 */
#include <alloca.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP __attribute__((noinline, noclone))

static volatile unsigned sink;
static void *volatile last;

/* The innermost: libc's malloc and what it calls. */
KEEP static void level_7(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char *block = malloc(24 + 8 * (i & 15));

		if (!block)
			abort();
		memset(block, (int)i, 24);
		sink += (unsigned char)block[sink % 24];
		free(last);
		last = block;
	}
}

KEEP static int compare(const void *a, const void *b)
{
	const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	level_7(3);
	sink += x;
	return (x > y) - (x < y);
}

KEEP static void level_6(unsigned n)
{
	unsigned values[12];

	for (unsigned i = 0; i < 12; i++)
		values[i] = (i * 7919u + n) % 101u;
	qsort(values, 12, sizeof(values[0]), compare);
	sink += values[n % 12];
}

/* A frame whose size is known when it runs. */
KEEP static void level_5(unsigned n)
{
	char *bytes = alloca(n * 8 + 64);

	memset(bytes, (int)n, n * 8 + 64);
	level_6(n);
	sink += (unsigned char)bytes[n];
}

/* 80 KB: more than the offsets of loads and stores reach. */
KEEP static void level_4(unsigned n)
{
	volatile unsigned char bytes[80 * 1024];

	bytes[n] = (unsigned char)n;
	bytes[sizeof(bytes) - 1 - n] = 1;
	level_5(n + 1);
	sink += bytes[n];
}

KEEP static void on_signal(int number)
{
	level_5((unsigned)number & 7);
}

KEEP static void level_3(unsigned n)
{
	switch (n % 7) {
	case 0:
		level_4(3);
		break;
	case 1:
		level_5(n);
		break;
	case 2:
		level_6(n);
		sink += 17;
		break;
	case 3:
		raise(SIGUSR1);
		sink ^= 3;
		break;
	case 4:
		level_7(n);
		level_4(n);
		break;
	case 5:
		sink *= 3;
		level_4(1);
		break;
	default:
		level_7(2);
		raise(SIGUSR1);
		break;
	}
	sink += n;
}

KEEP static unsigned twice(unsigned n)
{
	level_3(n);
	level_3(n + 1);
	return sink;
}

KEEP static unsigned once(unsigned n)
{
	level_3(n);
	return sink + 1;
}

static unsigned (*volatile const by_pointer[])(unsigned) = { once, twice };

KEEP static void level_2(unsigned n)
{
	sink += by_pointer[n & 1](n) & 3;
}

KEEP static void level_1(unsigned n)
{
	level_2(n);
	sink++;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 7;

	signal(SIGUSR1, on_signal);
	for (unsigned i = 0; i < rounds; i++)
		level_1(i);
	printf("%s %u\n", argc > 1 ? argv[0] : "", sink & 1);
	return 0;
}
