/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Samples by bytes: a Poisson process whose points are so many bytes apart on
 * average. A block is a sample if a point is in it, so one of s bytes is with the
 * probability p = 1 - exp(-s / mean), and stands for 1/p blocks: sums are unbiased.
 *
 * The two functions are here, to 1e-12 and better, as a program may have no libm.
 */
#include "inproc.h"

#define LN2 0.69314718055994530942

/* ln(x), x > 0: of 2^e * m, 1/sqrt(2) <= m <= sqrt(2), by the series of artanh. */
static double ln(double x)
{
	int e = 0;
	double z, z2, term, sum = 0;

	for (; x > 1.4142135623730951; e++)
		x /= 2;
	for (; x < 0.70710678118654757; e--)
		x *= 2;
	z = (x - 1) / (x + 1);
	z2 = z * z;
	term = z;
	for (int n = 1; n < 22; n += 2, term *= z2)
		sum += term / n;
	return 2 * sum + e * LN2;
}

/* 1 - exp(-x), x >= 0: by its series below 1/2, and by squares above. */
static double missing(double x)
{
	double term, sum = 0, rest;
	int halves = 0;

	if (x > 700)
		return 1;
	for (; x > 0.5; halves++)
		x /= 2;
	term = x;
	for (int n = 2; n < 18; n++) {
		sum += term;
		term *= -x / n;
	}
	for (rest = 1 - sum; halves > 0; halves--) {
		rest *= rest;
		sum = 1 - rest;
	}
	return sum;
}

/* xorshift64 of Marsaglia's, multiplied: its upper bits are good. */
static uint64_t random_of(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1dull;
}

int64_t dwu_inproc_gap(uint64_t *seed, uint32_t mean)
{
	/* (0, 1], of 53 bits */
	double u = (double)((random_of(seed) >> 11) + 1) / 9007199254740992.0;

	return (int64_t)(-ln(u) * mean);
}

uint64_t dwu_inproc_weight(uint64_t size, uint32_t mean)
{
	double p = missing((double)size / mean);

	return p > 0 ? (uint64_t)(1024 / p + 0.5) : 0;
}
