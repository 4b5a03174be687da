/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Leaks and sleeps: in a function with two inlined calls, and in code made at
 * run time that perf-PID.map names. OTHER: another build, in which the same
 * addresses are another function's. With an argument it sleeps in libc.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void *volatile kept;

#ifdef OTHER
__attribute__((noinline, used, section(".text.leak"))) void wrong_name(void)
{
	for (volatile int i = 0; i < 1000; i++)
		kept = (char *)kept + i;
	for (volatile int i = 0; i < 1000; i++)
		kept = (char *)kept - i;
	abort();
}
#else

static inline __attribute__((always_inline)) void innermost(size_t size)
{
	kept = malloc(size);
	__asm__ volatile("" ::: "memory");
}

static inline __attribute__((always_inline)) void middle(size_t size)
{
	innermost(size + 1);
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline, section(".text.leak"))) static void outer(size_t size)
{
	middle(size + 1);
	__asm__ volatile("" ::: "memory");
}
#endif

#if defined(__x86_64__) && !defined(OTHER)
/* sub $8, %rsp; mov $malloc, %rax; call *%rax; add $8, %rsp; ret */
static const unsigned char jit_leak[] = { 0x48, 0x83, 0xec, 8,	  0x48, 0xb8,
					  0,	0,    0,    0,	  0,	0,
					  0,	0,    0xff, 0xd0, 0x48, 0x83,
					  0xc4, 8,    0xc3 };
/* mov $35, %eax (nanosleep); syscall; ret */
static const unsigned char jit_sleep[] = { 0xb8, 35, 0, 0, 0, 0x0f, 0x05, 0xc3 };

static char *make_code(void)
{
	void *(*allocate)(size_t) = malloc;
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char path[64];
	FILE *map;

	if (page == MAP_FAILED)
		exit(1);
	memcpy(page, jit_leak, sizeof(jit_leak));
	memcpy(page + 6, &allocate, sizeof(allocate));
	memcpy(page + 64, jit_sleep, sizeof(jit_sleep));
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	map = fopen(path, "w");
	if (!map)
		exit(1);
	fprintf(map,
		"%lx 100 stale_code\n%lx 40 made_leak\n%lx 40 made_sleep\n",
		(unsigned long)page, (unsigned long)page,
		(unsigned long)page + 64);
	fclose(map);
	return page;
}
#endif

int main(int argc, char **argv)
{
#ifndef OTHER
	struct timespec pause = { 0, 10000000 };
#ifdef __x86_64__
	char *code = make_code();
#endif

	puts("ready");
	fflush(stdout);
	/* a test that died does not leave it behind */
	alarm(120);
	for (;;) {
		outer(100);
#ifdef __x86_64__
		kept = ((void *(*)(size_t))code)(500);
		if (argc == 1) {
			((long (*)(void *, void *))(code + 64))(&pause, NULL);
			continue;
		}
#endif
		nanosleep(&pause, NULL);
	}
#endif
	return argc && argv;
}
