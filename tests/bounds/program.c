/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A program with functions that nobody calls by name: what libc runs before
 * and behind main(). Built without CFI.
 */
#include <stdio.h>

static int count;

__attribute__((constructor)) static void before_first(void)
{
	count += 2;
}

__attribute__((constructor)) static void before_second(void)
{
	count = count * 5 + printf("%s", "");
}

__attribute__((destructor)) static void behind(void)
{
	puts("behind");
}

int main(int argc, char **argv)
{
	(void)argv;
	printf("%d\n", count + argc);
	return 0;
}
