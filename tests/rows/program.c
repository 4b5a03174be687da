/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Functions whose rows differ: alloca, pushed arguments, saved registers. */
#include <alloca.h>
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

static NOINLINE int dynamic(int count)
{
	char *bytes = alloca((size_t)count + 16);

	bytes[count] = (char)count;
	__asm__ volatile("" : : "r"(bytes) : "memory");
	return bytes[count];
}

static NOINLINE int saves(int a, int b)
{
	__asm__ volatile("" : : : "rbx", "r12", "r13", "r14", "r15");
	return dynamic(a) + b;
}

static NOINLINE int aligned(int a)
{
	_Alignas(64) char buffer[256];

	__asm__ volatile("" : : "r"(buffer) : "memory");
	return saves(a, a + 1);
}

static NOINLINE int pushes(int a, int b, int c, int d, int e, int f, int g)
{
	return printf("%d %d %d %d %d %d %d\n", a, b, c, d, e, f, g) +
	       aligned(a);
}

int main(int argc, char **argv)
{
	(void)argv;
	return pushes(argc, 2, 3, 4, 5, 6, 7) == 7;
}
