/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * beside calls N | spin MS - a program that three tools count at the same time
 * (beside.t): C++ names, no frame pointers, and a frame of 12 KB between main and
 * what is counted. Says what it has done:
 *
 *	calls N ns M		of a processor, for each call of counted()
 *	spin little S much S	seconds of processor time in each
 */
#include "tests/live/begin.h"

#include <stdio.h>

#define ALONE __attribute__((noinline, noclone))

static volatile long sink;

extern "C" ALONE long counted(long n)
{
	sink = sink + n;
	return sink;
}

static void use(char *room, size_t size)
{
	memset(room, 1, size);
	__asm__ volatile("" : : "r"(room) : "memory");
}

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

namespace shop
{
struct Cart {
	ALONE long add(long n) const;
	ALONE static void little(double until);
	ALONE static void much(double until);
};

ALONE long Cart::add(long n) const
{
	return counted(n) + counted(n + 1) + 1;
}

static inline __attribute__((always_inline)) void burn(double until)
{
	while (now(CLOCK_THREAD_CPUTIME_ID) < until)
		for (int i = 0; i < 100000; i++)
			__asm__ volatile("" : : : "memory");
}

ALONE void Cart::little(double until)
{
	burn(until);
	sink = sink + 1;
}

ALONE void Cart::much(double until)
{
	burn(until);
	sink = sink + 2;
}

template <typename T> struct Store {
	ALONE static void serve(T calls);
	ALONE static void work(T ms);
};

template <typename T> ALONE void Store<T>::serve(T calls)
{
	char room[12000];
	Cart cart;
	double start = now(CLOCK_THREAD_CPUTIME_ID);

	use(room, sizeof(room));
	for (T i = 0; i < calls; i += 2)
		cart.add(i + room[i % 1000]);
	printf("calls %ld ns %.0f\n", (long)calls,
	       (now(CLOCK_THREAD_CPUTIME_ID) - start) * 1e9 / (double)calls);
}

template <typename T> ALONE void Store<T>::work(T ms)
{
	char room[12000];
	double start = now(CLOCK_THREAD_CPUTIME_ID), middle, end;

	use(room, sizeof(room));
	Cart::little(start + (double)ms / 4000);
	middle = now(CLOCK_THREAD_CPUTIME_ID);
	Cart::much(middle + 3 * (double)ms / 4000);
	end = now(CLOCK_THREAD_CPUTIME_ID);
	use(room, 1);
	printf("spin little %f much %f\n", middle - start, end - middle);
}
} // namespace shop

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	wait_for_begin();
	if (!strcmp(argv[1], "calls"))
		shop::Store<long>::serve(atol(argv[2]));
	else
		shop::Store<long>::work(atol(argv[2]));
	fflush(stdout);
	tell_done();
	pause();
	return 0;
}
