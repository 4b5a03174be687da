/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A plugin that leaks; compiled with NAME=a SIZE=1111, PAD moves its code. */
#include <stdlib.h>

#define GLUE2(a, b) a##b
#define GLUE(a, b) GLUE2(a, b)
#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")

KEEP void *GLUE(NAME, _inner)(void)
{
	char frame[PAD];
	void *block;

	__asm__ volatile("" : : "r"(frame) : "memory");
	block = malloc(SIZE);
	AFTER_CALL;
	return block;
}

KEEP void *plugin_leak(void)
{
	void *block = GLUE(NAME, _inner)();

	AFTER_CALL;
	return block;
}
