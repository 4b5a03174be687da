/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A library whose call frame information is .debug_frame, large enough that
 * compressing it pays. ANOTHER is a number in its code: files built with two
 * numbers of the same width differ in nothing else.
 */
#ifndef ANOTHER
#define ANOTHER 1001
#endif

int seen_call(volatile int *p);

/* data that ends in zeros, which sstrip cuts off */
int seen_data[64] = { 1 };

#define FUNCTION(n)                                                      \
	static __attribute__((noinline)) int hidden_##n(volatile int *p) \
	{                                                                \
		volatile int room[8 + n];                                \
                                                                         \
		room[n] = *p;                                            \
		*p = room[n] + seen_call(p) + n;                         \
		return room[n] ^ ANOTHER;                                \
	}                                                                \
	int seen_##n(volatile int *p);                                   \
	int seen_##n(volatile int *p)                                    \
	{                                                                \
		return hidden_##n(p) + *p;                               \
	}
#define FOUR(n) FUNCTION(n##0) FUNCTION(n##1) FUNCTION(n##2) FUNCTION(n##3)

int seen_call(volatile int *p)
{
	return *p;
}

FOUR(1)
FOUR(2)
FOUR(3)
FOUR(4)
FOUR(5)
FOUR(6)
FOUR(7)
FOUR(8)
