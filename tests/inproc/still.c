/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * still - a program that attach.t asks what cannot be done with it: it waits for the
 * end of stdin. FILTER: behind a seccomp filter that allows all; OWN: with an
 * allocator of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef FILTER
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

static int filter(void)
{
	struct sock_filter allow = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	struct sock_fprog program = { 1, &allow };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
#else
static int filter(void)
{
	return 0;
}
#endif
#ifdef OWN
static _Alignas(16) char room[1 << 20];
static size_t used;

void *malloc(size_t size)
{
	used += (size + 31) & ~(size_t)15;
	return used < sizeof(room) ? room + used - ((size + 15) & ~(size_t)15) :
				     NULL;
}

void free(void *at)
{
	(void)at;
}

void *calloc(size_t count, size_t size)
{
	return malloc(count * size);
}

void *realloc(void *old, size_t size)
{
	void *at = malloc(size);

	return old && at ? memmove(at, old, size) : at;
}
#endif

int main(void)
{
	char c;
	void *at = malloc(10);

	if (filter() || !at)
		return 1;
	write(1, "ready\n", 6);
	while (read(0, &c, 1) == 1)
		;
	free(at);
	return 0;
}
