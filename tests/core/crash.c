/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* crash.c - a fault behind three calls of main(). */
#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")

KEEP void store(volatile int *where)
{
	*where = 1;
}

KEEP void middle(volatile int *where)
{
	volatile char room[9000];

	room[0] = 1;
	store(where + room[0]);
	AFTER_CALL;
}

KEEP void outer(volatile int *where)
{
	middle(where - 1);
	AFTER_CALL;
}

int main(void)
{
	outer(0);
	AFTER_CALL;
	return 0;
}
