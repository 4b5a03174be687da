/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * plug.c - two libraries by turns, which the loader puts at one address: the
 * same return address is in another file each time, whose frame has another size.
 *
 *   plug A.so B.so CALLS [first]	as many mallocs in each, then it stops: they can be
 *			looked at while their library is still there. "first": it stops
 *			after the first one of each, too, which is answered before
 *			the others come
 *
 * With -DPLUGIN it is such a library; ROOM is the size of its frame, of more than 127
 * bytes, so that instructions have the same places in both.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef PLUGIN

void plug_call(void (*back)(void));
void plug_call(void (*back)(void))
{
	volatile char room[ROOM];

	room[0] = 1;
	back();
	room[1] = room[0];
}

#else

typedef void (*plug_fn)(void (*back)(void));

static void back(void)
{
	void *block = malloc(24);

	__asm__ volatile("" : "+r"(block));
	free(block);
}

int main(int argc, char **argv)
{
	unsigned long n, calls, same = 0;
	plug_fn first = NULL;

	if (argc < 4)
		return 2;
	calls = strtoul(argv[3], NULL, 0);
	for (n = 0; n < 4000000 / calls; n++) {
		void *so = dlopen(argv[1 + n % 2], RTLD_NOW);
		plug_fn call = (plug_fn)dlsym(so, "plug_call");

		same += first == call;
		first = call;
		for (unsigned long i = 0; i < calls; i++) {
			call(back);
			if (i == calls - 1 || (i == 0 && argc > 4))
				raise(SIGSTOP);
		}
		dlclose(so);
	}
	fprintf(stderr, "at the same address: %lu of %lu\n", same, n);
	return 0;
}

#endif
