/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * grow.c - a process that is large in one way, for what a stack of it costs.
 *
 *	grow frames N            N calls deep
 *	grow mappings N          N executable mappings without a file
 *	grow threads N           N threads that wait
 *	grow modules N FILE.so   N copies of a library, each of them mapped
 *	grow functions N FILE.so one library of N functions, called through
 *
 * Prints "ready" and waits to be killed. FILE.so has `int call(int (*)(void))`.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile int sink, done;

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static int wait_here(void)
{
	puts("ready");
	fflush(stdout);
	while (!done)
		pause();
	return 0;
}

__attribute__((noinline)) static int deep(int n)
{
	int result = n > 1 ? deep(n - 1) : wait_here();

	sink = result;
	return result + 1;
}

static void map(int n)
{
	long page = sysconf(_SC_PAGESIZE);
	char *at = mmap(NULL, (size_t)n * 2 * (size_t)page,
			PROT_READ | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		fail("mmap");
	/* with a hole behind each page: neighbours would be one mapping */
	for (int i = 0; i < n; i++)
		if (munmap(at + (size_t)(2 * i + 1) * (size_t)page,
			   (size_t)page))
			fail("munmap");
}

static void *wait_thread(void *ctx)
{
	for (;;)
		pause();
	return ctx;
}

static void start(int n)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (int i = 1; i < n; i++)
		if (pthread_create(&thread, &attr, wait_thread, NULL))
			fail("pthread_create");
}

typedef int call_fn(int (*)(void));

static call_fn *load(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	call_fn *call = handle ? (call_fn *)(size_t)dlsym(handle, "call") :
				 NULL;

	if (!call) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	return call;
}

static call_fn **calls;
static int called, call_count;

/* Through each of them in turn: a stack with a frame of every library. */
static int call_next(void)
{
	if (called == call_count)
		return wait_here();
	return calls[called++](call_next) + 1;
}

static void copy(const char *from, const char *to)
{
	char bytes[65536];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	size_t got;

	if (!in || !out)
		fail(to);
	while ((got = fread(bytes, 1, sizeof(bytes), in)) > 0)
		if (fwrite(bytes, 1, got, out) != got)
			fail(to);
	fclose(in);
	fclose(out);
}

static void modules(int n, const char *path)
{
	char name[4096];

	calls = calloc((size_t)n, sizeof(*calls));
	if (!calls)
		fail("calloc");
	for (call_count = 0; call_count < n; call_count++) {
		snprintf(name, sizeof(name), "%s.%d", path, call_count);
		copy(path, name);
		calls[call_count] = load(name);
	}
	call_next();
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 0;
	const char *what = argc > 1 ? argv[1] : "";

	if (n > 0 && argc == 3 && !strcmp(what, "frames"))
		return deep(n);
	if (n > 0 && argc == 4 && !strcmp(what, "modules"))
		modules(n, argv[3]);
	if (n > 0 && argc == 4 && !strcmp(what, "functions"))
		return load(argv[3])(wait_here);
	if (n > 0 && argc == 3 && !strcmp(what, "mappings"))
		map(n);
	else if (n > 0 && argc == 3 && !strcmp(what, "threads"))
		start(n);
	else
		return 2;
	return wait_here();
}
