/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A program without a libc, whose first function is one jump (and its delay
 * slot), between functions that have nothing to do with it.
 */
#if defined(__x86_64__)
#define JUMP "jmp run\n"
#elif defined(__aarch64__)
#define JUMP "b run\n"
#else
#define JUMP ".set noreorder\nb run\nnop\n.set reorder\n"
#endif

int run(int n);
int other(int n);

/* As linkers lay it out: `first`, `_start`, `other`, `run`. */
__attribute__((noinline, used)) static int first(int n)
{
	return n * 3 + 1;
}

__asm__(".globl _start\n.type _start, %function\n_start:\n" JUMP
	".size _start, . - _start\n");

__attribute__((noinline)) int other(int n)
{
	volatile int a[4] = { n, n + 1, n + 2, n + 3 };

	return a[n & 3] + first(n);
}

__attribute__((noinline)) int run(int n)
{
	for (;;)
		n += other(n);
}
