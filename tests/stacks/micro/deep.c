/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Deep recursion: more frames than any fixed array, then beyond the copy. */
#define KEEP __attribute__((noinline))

static volatile unsigned sink;

KEEP static unsigned down(unsigned n, unsigned a)
{
	unsigned got;

	sink += n;
	if (n == 0)
		return a;
	got = down(n - 1, a + sink);
	return got + n + sink;
}

int main(void)
{
	unsigned total = 0;

	for (unsigned i = 0; i < 6; i++)
		total += down(600 + 800 * (i & 3), i);
	return total == 1;
}
