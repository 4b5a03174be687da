/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A small real program: some frames, language data, two sections of CFI. */
static volatile int sink;

__attribute__((noinline)) static int leaf(int n)
{
	volatile char room[200];

	room[n & 63] = (char)n;
	return room[0] + sink;
}

__attribute__((noinline)) static int middle(int a, int b, int c)
{
	int i, sum = 0;

	for (i = 0; i < a; i++)
		sum += leaf(b + i) * leaf(c - i);
	return sum;
}

__attribute__((noinline)) static int outer(int n)
{
	volatile char *room = __builtin_alloca((unsigned long)n + 16);

	room[0] = (char)n;
	return middle(n, room[0], 3) + 1;
}

void _start(void);
void _start(void)
{
	sink = outer(5);
	for (;;)
		;
}
