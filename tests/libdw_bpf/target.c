/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * target MODE [PLUGIN] - calls probe_me(), pwrite(2) and poll(2), which
 * blocks, again and again, always from
 *
 *	main in_MODE outer middle inner
 *
 * MODE: plain, signal, thread, plugin (inner is a dlopen'ed library's, loaded
 * when standard input has a byte), fork, exec (it executes itself, then). What
 * changes the process happens after the byte, so that it can be followed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))
#define BARRIER __asm__ volatile("" : : : "memory")

typedef int (*inner_fn)(int value);

int probe_me(int value);
int inner(int value);

#ifdef PLUGIN
int plugin_inner(int value);
#define inner plugin_inner
#else
NOINLINE int probe_me(int value)
{
	__asm__ volatile("" : "+r"(value));
	return value + 1;
}

static inner_fn inner_call = inner;
#endif

NOINLINE int inner(int value)
{
	volatile char bytes[200];
	struct pollfd none = { .fd = -1 };
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	bytes[value & 63] = (char)value;
	value = probe_me(value + bytes[value & 63]);
	value += (int)pwrite(fd, "x", 1, 0);
	value += poll(&none, 1, 20);
	close(fd);
	BARRIER;
	return value + bytes[value & 63];
}

#ifndef PLUGIN
NOINLINE int middle(int value)
{
	volatile long pad[100];

	pad[value & 15] = value;
	value = inner_call(value + 1);
	BARRIER;
	return value + (int)pad[value & 15];
}

NOINLINE int outer(int value)
{
	value = middle(value + 1);
	BARRIER;
	return value;
}

static NOINLINE int turn(int value)
{
	return outer(value) & 15;
}

static NOINLINE void in_plain(void)
{
	for (int value = 0;;)
		value = outer(value & 15);
}

static void in_signal(int number)
{
	outer(number);
	BARRIER;
}

static NOINLINE void raise_signal(void)
{
	raise(SIGUSR1);
	BARRIER;
}

static void *in_thread(void *unused)
{
	for (int value = 0;;)
		value = outer(value & 15);
	return unused;
}

static void wait_for_byte(void)
{
	char byte;

	puts("ready");
	fflush(stdout);
	if (read(0, &byte, 1) != 1)
		exit(0);
}

static NOINLINE void in_plugin(const char *path)
{
	void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void *symbol = plugin ? dlsym(plugin, "plugin_inner") : NULL;

	if (!symbol) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	memcpy(&inner_call, &symbol, sizeof(symbol));
	for (int value = 0;;)
		value = turn(value);
}

static NOINLINE void in_fork(void)
{
	pid_t child = fork();

	if (child) {
		waitpid(child, NULL, 0);
		exit(0);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* until it is followed */
	for (int value = 0;;)
		value = turn(value);
}

static void run_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, in_thread, NULL))
		exit(1);
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	alarm(60);
	if (!strcmp(mode, "again"))
		in_plain();
	wait_for_byte();
	if (!strcmp(mode, "exec"))
		execl("/proc/self/exe", argv[0], "again", (char *)NULL);
	if (!strcmp(mode, "plain"))
		in_plain();
	if (!strcmp(mode, "thread"))
		run_thread();
	if (!strcmp(mode, "plugin"))
		in_plugin(argv[2]);
	if (!strcmp(mode, "fork"))
		in_fork();
	if (!strcmp(mode, "signal")) {
		signal(SIGUSR1, in_signal);
		for (;;)
			raise_signal();
	}
	return 1;
}
#endif
