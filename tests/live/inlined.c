/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* inlined.c - leaks through two calls that are inlined, for names.t. */
#include <stdlib.h>
#include <unistd.h>

#define INLINED static inline __attribute__((always_inline))

INLINED void *inner(size_t size)
{
	return malloc(size);
}

INLINED void *middle(size_t size)
{
	return inner(size + 1);
}

__attribute__((noipa)) void outer(size_t size)
{
	void *block = middle(size);

	__asm__ volatile("" : : "r"(block));
}

int main(void)
{
	for (;;) {
		outer(40);
		usleep(10000);
	}
}
