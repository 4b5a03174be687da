/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* One library of a chain of 20: chainN() calls chainN+1(), the last one leaf. */
#define PASTE(a, b) a##b
#define NAME(n) PASTE(chain, n)
#define NEXT_1 2
#define NEXT_2 3
#define NEXT_3 4
#define NEXT_4 5
#define NEXT_5 6
#define NEXT_6 7
#define NEXT_7 8
#define NEXT_8 9
#define NEXT_9 10
#define NEXT_10 11
#define NEXT_11 12
#define NEXT_12 13
#define NEXT_13 14
#define NEXT_14 15
#define NEXT_15 16
#define NEXT_16 17
#define NEXT_17 18
#define NEXT_18 19
#define NEXT_19 20
#define AFTER(n) PASTE(NEXT_, n)

void NAME(N)(void (*leaf)(void));

#if N < 20
void NAME(AFTER(N))(void (*leaf)(void));
#endif

void NAME(N)(void (*leaf)(void))
{
#if N < 20
	NAME(AFTER(N))(leaf);
#else
	leaf();
#endif
	__asm__ volatile("");
}
