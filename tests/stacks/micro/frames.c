/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Shapes of frames: alloca, big, realigned, leaf with a red zone, tail
 * calls, deep and mutual recursion, cold parts, a call that does not return
 * as the last instruction of its function.
 */
#include <alloca.h>
#include <stdlib.h>
#include <string.h>

#define KEEP __attribute__((noinline))

static volatile unsigned sink;

KEEP static unsigned leaf(unsigned a, unsigned b)
{
	volatile unsigned zone[8];

	for (unsigned i = 0; i < 8; i++)
		zone[i] = a * i + b;
	return zone[b & 7];
}

KEEP static unsigned by_alloca(unsigned n)
{
	unsigned char *bytes = alloca(n * 16 + 1);

	memset(bytes, (int)n, n * 16 + 1);
	return bytes[n] + leaf(n, bytes[0]);
}

KEEP static unsigned big(unsigned n)
{
	unsigned char bytes[9000];

	memset(bytes, (int)n, 64);
	sink += bytes[n & 63];
	return by_alloca(n & 31) + bytes[sink & 63];
}

KEEP static unsigned realigned(unsigned n, unsigned a, unsigned b, unsigned c,
			       unsigned d, unsigned e, unsigned f, unsigned g)
{
	_Alignas(64) unsigned v[32];
	unsigned *more = alloca((n & 7) * 4 + 4);

	for (unsigned i = 0; i < 32; i++)
		v[i] = n * i + f + g;
	more[0] = leaf(v[n & 31], a + b + c + d + e);
	sink += v[sink & 31];
	return big(n & 15) + more[0];
}

KEEP static unsigned tail_end(unsigned n)
{
	return leaf(n, sink) + 1;
}

KEEP static unsigned tail_two(unsigned n)
{
	sink += n;
	return tail_end(n + 1);
}

KEEP static unsigned tail_one(unsigned n)
{
	sink += leaf(n, 2);
	return tail_two(n + 1);
}

KEEP static unsigned odd(unsigned n);

KEEP static unsigned even(unsigned n)
{
	unsigned got = n ? odd(n - 1) : tail_one(n);

	return got + leaf(n, got);
}

KEEP static unsigned odd(unsigned n)
{
	unsigned a[5] = { n, n + 1, n + 2, n + 3, n + 4 };
	unsigned got = even(n - 1);

	sink += a[got % 5];
	return got + a[sink % 5];
}

KEEP static unsigned shrink_wrapped(unsigned n)
{
	if (__builtin_expect(n == 0, 1))
		return sink;
	for (unsigned i = 0; i < n; i++)
		sink += leaf(i, tail_one(i));
	return sink;
}

__attribute__((noinline, cold)) static unsigned cold(unsigned n)
{
	return leaf(n, 3) + tail_one(n);
}

KEEP static unsigned with_cold_part(unsigned n)
{
	unsigned got = leaf(n, 1);

	if (__builtin_expect(n % 17 == 3, 0))
		got += cold(n) + cold(got & 7);
	return got + sink;
}

KEEP __attribute__((noreturn)) static void leave(unsigned n)
{
	for (unsigned i = 0; i < 300; i++)
		sink += leaf(i, n) + with_cold_part(i);
	exit(0);
}

KEEP __attribute__((noreturn)) static void last(unsigned n)
{
	sink += n;
	leave(n); /* its return address is the next function's */
}

int main(void)
{
	for (unsigned i = 0; i < 100; i++) {
		sink += realigned(i, 1, 2, 3, 4, 5, 6, 7);
		sink += even((i & 3) ? 2 * (i & 7) : 60);
		sink += shrink_wrapped(i & 3);
		sink += with_cold_part(i);
	}
	last(sink);
}
