/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A C program that stays in its own code: deep and mutual recursion, callbacks
 * by pointer, alloca, big and realigned frames, tail calls, longjmp, and
 * signals at any instruction, of both kinds, one of them on a stack of its
 * own. What it wants of libc is rare, so that where libc has no unwind tables
 * (mips) next to no sample is taken in it.
 */
#include <alloca.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

#define KEEP __attribute__((noinline))

typedef int compare_fn(const void *a, const void *b);

static volatile unsigned sink;
static jmp_buf home;

KEEP static unsigned leaf(unsigned a, unsigned b)
{
	volatile unsigned room[6];

	for (unsigned i = 0; i < 6; i++)
		room[i] = a * i + b;
	return room[b % 6];
}

/* --- a sort that calls back --- */

KEEP static int by_value(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

KEEP static int by_bits(const void *a, const void *b)
{
	unsigned x = leaf(*(const unsigned *)a, 3);
	unsigned y = leaf(*(const unsigned *)b, 3);

	return by_value(&x, &y);
}

KEEP static void sort(unsigned *v, unsigned *spare, size_t count,
		      compare_fn *compare)
{
	size_t half = count / 2, a = 0, b = half;

	if (count < 2)
		return;
	sort(v, spare, half, compare);
	sort(v + half, spare + half, count - half, compare);
	for (size_t i = 0; i < count; i++)
		spare[i] =
			a < half && (b == count || compare(&v[a], &v[b]) <= 0) ?
				v[a++] :
				v[b++];
	for (size_t i = 0; i < count; i++)
		v[i] = spare[i];
}

/* --- shapes of frames --- */

KEEP static unsigned by_alloca(unsigned n)
{
	volatile unsigned char *bytes = alloca(n * 24 + 8);

	for (unsigned i = 0; i < n; i++)
		bytes[i] = (unsigned char)(i + n);
	return n ? bytes[n / 2] + leaf(n, bytes[0]) : leaf(n, 1);
}

KEEP static unsigned big(unsigned n)
{
	volatile unsigned char bytes[20000];

	for (unsigned i = 0; i < 40; i++)
		bytes[(i * 499 + n) % sizeof(bytes)] = (unsigned char)i;
	return by_alloca(n & 31) + bytes[n % sizeof(bytes)];
}

KEEP static unsigned realigned(unsigned n, unsigned a, unsigned b, unsigned c,
			       unsigned d, unsigned e, unsigned f, unsigned g,
			       unsigned h, unsigned k)
{
	_Alignas(64) volatile unsigned v[32];

	for (unsigned i = 0; i < 32; i++)
		v[i] = n * i + f + g + h;
	return leaf(v[n & 31], a + b + c + d + e + k) + big(n & 15);
}

KEEP static unsigned tail_end(unsigned n)
{
	return leaf(n, 4) + leaf(n, 5);
}

KEEP static unsigned tail(unsigned n)
{
	sink += leaf(n, 2);
	return tail_end(n + 1);
}

KEEP static unsigned odd(unsigned n);

KEEP static unsigned even(unsigned n)
{
	unsigned got = n ? odd(n - 1) : tail(n);

	return got + leaf(n, got);
}

KEEP static unsigned odd(unsigned n)
{
	volatile unsigned a[7];

	for (unsigned i = 0; i < 7; i++)
		a[i] = n + i;
	return even(n - 1) + a[n % 7];
}

KEEP static unsigned jump_down(unsigned n)
{
	if (n == 0) {
		if (sink != 1)
			longjmp(home, 1);
		return 0;
	}
	return jump_down(n - 1) + leaf(n, 1);
}

KEEP static unsigned jump(unsigned n)
{
	volatile unsigned mine = n;

	if (setjmp(home) == 0)
		mine += jump_down(n);
	return mine + even(n);
}

KEEP static unsigned through(unsigned depth, unsigned (*function)(unsigned),
			     unsigned n)
{
	if (depth == 0)
		return function(n);
	return through(depth - 1, function, n) + leaf(depth, n);
}

/* --- signals --- */

KEEP static unsigned handle(unsigned n)
{
	return even(2 * (n & 15)) + through(n & 7, by_alloca, n & 31);
}

KEEP static void on_plain(int sig)
{
	sink += handle((unsigned)sig + sink);
}

KEEP static void on_info(int sig, siginfo_t *info, void *context)
{
	sink += handle((unsigned)sig + (unsigned)info->si_signo) +
		(context != NULL);
	sink += through(6, tail, 3);
}

static void set_up(void)
{
	static char alt[131072];
	stack_t stack = { .ss_sp = alt, .ss_size = sizeof(alt) };
	struct itimerval timer = { { 0, 3000 }, { 0, 3000 } };
	struct itimerval other = { { 0, 5000 }, { 0, 5000 } };
	struct sigaction action = { .sa_flags = SA_ONSTACK | SA_RESTART };

	action.sa_handler = on_plain;
	sigaltstack(&stack, NULL);
	sigaction(SIGALRM, &action, NULL);
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	action.sa_sigaction = on_info;
	sigaction(SIGVTALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	setitimer(ITIMER_VIRTUAL, &other, NULL);
}

KEEP static unsigned round_of(unsigned n)
{
	unsigned v[200], spare[200];

	for (unsigned i = 0; i < 200; i++)
		v[i] = (i * 7919 + n) % 211;
	sort(v, spare, 200, n & 1 ? by_value : by_bits);
	sink += v[n % 200];
	sink += through(n % 40, even, 2 * (n % 60));
	sink += through(n % 9, big, n);
	sink += realigned(n, 1, 2, 3, 4, 5, 6, 7, 8, 9);
	return n % 150 == 0 ? jump(20) : sink;
}

int main(void)
{
	unsigned total = 0;

	set_up();
	for (unsigned i = 0; i < 100000; i++)
		total += through(i % 7, round_of, i);
	return total == 1;
}
