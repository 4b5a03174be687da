/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A C++ service whose calls are known: handle 8, twice(int) 3, twice(long) 4,
 * the constructor 2, chosen 5 times by an IFUNC (chosen_wide runs).
 */
#include "tests/live/begin.h"

#include <stdio.h>

static volatile long sink;

namespace app
{
class Handler
{
      public:
	Handler();
	int handle(int n) const;
};

__attribute__((noinline)) Handler::Handler()
{
	sink = sink + 1;
}

__attribute__((noinline)) int Handler::handle(int n) const
{
	sink = sink + n;
	return (int)sink;
}

__attribute__((noinline)) void twice(int n)
{
	sink = sink + 2 * n;
}

__attribute__((noinline)) void twice(long n)
{
	sink = sink - 2 * n;
}
} // namespace app

extern "C" {
int chosen_wide(int n)
{
	sink = sink + 3;
	return (int)sink + n;
}

int chosen_plain(int n)
{
	return n;
}

static void *choose(void)
{
	return (void *)chosen_wide;
}

int chosen(int n) __attribute__((ifunc("choose")));
int malloc_chosen(int n) __attribute__((ifunc("choose")));
}

int main()
{
	wait_for_begin();
	app::Handler one, two;

	for (int i = 0; i < 7; i++)
		one.handle(i);
	for (int i = 0; i < 3; i++)
		app::twice(i);
	for (long i = 0; i < 4; i++)
		app::twice(i);
	for (int i = 0; i < 5; i++)
		sink = sink + chosen(i) + malloc_chosen(0);
	two.handle(0);
	tell_done();
	puts("served");
	return 0;
}
