/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* setjmp and longjmp over many frames; qsort and bsearch call back. */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define KEEP __attribute__((noinline))

static volatile unsigned sink;
static jmp_buf home;

KEEP static void down(unsigned n, unsigned end)
{
	unsigned char bytes[48];

	memset(bytes, (int)n, sizeof(bytes));
	sink += bytes[n % 48];
	if (n == end)
		longjmp(home, (int)n + 1);
	if (n < 1000)
		down(n + 1, end);
	sink += bytes[sink % 48];
}

KEEP static int compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	sink++;
	return x < y ? -1 : x > y;
}

KEEP static int sort(unsigned n)
{
	int v[64], key = 7;
	int *found;

	for (unsigned i = 0; i < 64; i++)
		v[i] = (int)(i * (n + 7) % 64);
	qsort(v, 64, sizeof(v[0]), compare);
	found = bsearch(&key, v, 64, sizeof(v[0]), compare);
	return found ? *found : v[0];
}

int main(void)
{
	volatile int total = 0;

	for (volatile unsigned i = 0; i < 40; i++) {
		if (setjmp(home) == 0)
			down(0, i % 20);
		else
			total += sort(i);
	}
	return total == 1;
}
