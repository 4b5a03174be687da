/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* main -> chain -> f1 -> f2 -> f3 for ever; again(3) calls itself; -> f3 */
#include <stdlib.h>
#include <time.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")

static void *volatile kept;

KEEP void f3(int value)
{
	struct timespec pause = { 0, 20000000 };

	nanosleep(&pause, NULL);
	AFTER_CALL;
	kept = malloc((size_t)value);
	free(kept);
	AFTER_CALL;
}

KEEP void f2(int value)
{
	f3(value);
	AFTER_CALL;
}

KEEP void f1(int value)
{
	f2(value);
	AFTER_CALL;
}

/* The same function twice on the stack, and a tail call at its end. */
KEEP void again(int depth)
{
	if (depth) {
		again(depth - 1);
		AFTER_CALL;
		return;
	}
	f1(depth);
}

KEEP void chain(void)
{
	f1(100);
	AFTER_CALL;
	again(2);
	AFTER_CALL;
}

int main(void)
{
	for (;;)
		chain();
}
