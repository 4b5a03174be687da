/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A program to be looked at. It says "ready …" on stdout and waits for a line
 * on stdin, deep in a known chain of functions:
 *
 *	victim wait            waits, ends
 *	victim plugin A B …    loads each, calls plugin_a(), plugin_b(), …
 *	victim keep A B …      the same, without unloading any
 *	victim exec PROG …     waits, then execs
 *	victim fork            its child waits as well
 *	victim threads N       N threads at different depths wait
 *	victim signal          waits in a signal handler
 *	victim orphan          the first thread ends, another one waits
 *	victim jit             waits beneath a function in anonymous memory
 */
#ifndef STATIC
#include <dlfcn.h>
#endif
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* gcc would make copies for constant arguments, with names of their own */
#ifdef __clang__
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noipa))
#endif
#define BARRIER __asm__ volatile("")

static char word[64] = "ready";

static NOINLINE void leaf(void)
{
	char c;

	dprintf(1, "%s\n", word);
	while (read(0, &c, 1) == 1 && c != '\n')
		BARRIER;
	BARRIER;
}

#ifdef CHAIN
void chain1(void (*leaf)(void));
#define ENTER chain1
#else
static NOINLINE void outer2(void (*f)(void))
{
	f();
	BARRIER;
}

static NOINLINE void outer1(void (*f)(void))
{
	outer2(f);
	BARRIER;
}
#define ENTER outer1
#endif

#ifdef STATIC
static void use_plugin(const char *path, int keep)
{
	exit(path[0] + keep);
}
#else
static NOINLINE void use_plugin(const char *path, int keep)
{
	const char *name = strrchr(path, '/') + 1;
	char symbol[64];
	void *handle = dlopen(path, RTLD_NOW);
	void (*enter)(void (*)(void)) = NULL;

	snprintf(symbol, sizeof(symbol), "%.*s", (int)strcspn(name, "."), name);
	if (handle)
		*(void **)&enter = dlsym(handle, symbol);
	if (!enter) {
		dprintf(1, "%s\n", dlerror());
		exit(1);
	}
	snprintf(word, sizeof(word), "ready %p", (void *)enter);
	enter(leaf);
	if (!keep)
		dlclose(handle);
}

#endif

static volatile int ended;

static void wait_for_end(void)
{
	while (!ended)
		pause();
}

static NOINLINE void deeper(long depth)
{
	volatile char room[64];

	room[0] = (char)depth;
	if (depth > 0)
		deeper(depth - 1);
	else
		wait_for_end();
	room[1] = room[0];
}

static void *thread(void *depth)
{
	deeper((long)depth);
	return NULL;
}

static void *orphan(void *arg)
{
	pthread_join(*(pthread_t *)arg, NULL);
	ENTER(leaf);
	_exit(0);
	return NULL;
}

static void start(void *(*run)(void *), void *arg)
{
	pthread_t id;

	if (pthread_create(&id, NULL, run, arg))
		exit(1);
}

static NOINLINE void handler(int number)
{
	(void)number;
	ENTER(leaf);
	BARRIER;
}

static NOINLINE void interrupted(void)
{
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	BARRIER;
}

static void jit(void)
{
	/* sub $8,%rsp; call *%rdi; add $8,%rsp; ret */
	static const unsigned char code[] = { 0x48, 0x83, 0xec, 8, 0xff, 0xd7,
					      0x48, 0x83, 0xc4, 8, 0xc3 };
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*enter)(void (*)(void));

	memcpy(page, code, sizeof(code));
	*(void **)&enter = page;
	enter(leaf);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "wait";
	static pthread_t self;

	if (!strcmp(what, "plugin") || !strcmp(what, "keep")) {
		for (int i = 2; i < argc; i++)
			use_plugin(argv[i], what[0] == 'k');
		return 0;
	}
	if (!strcmp(what, "exec") && argc > 2) {
		ENTER(leaf);
		execv(argv[2], argv + 2);
		return 1;
	}
	if (!strcmp(what, "fork")) {
		pid_t child = fork();

		if (child)
			snprintf(word, sizeof(word), "ready %d", (int)child);
		else
			snprintf(word, sizeof(word), "child");
	}
	if (!strcmp(what, "threads"))
		for (long i = 0; i < atol(argv[2]); i++)
			start(thread, (void *)i);
	if (!strcmp(what, "orphan")) {
		self = pthread_self();
		start(orphan, &self);
		pthread_exit(NULL);
	}
	if (!strcmp(what, "jit"))
		jit();
	else if (!strcmp(what, "signal"))
		interrupted();
	else
		ENTER(leaf);
	BARRIER;
	return 0;
}
