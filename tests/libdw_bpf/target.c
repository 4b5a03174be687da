/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * target MODE [PLUGIN] - calls probe_me(), pwrite(2) and poll(2), which
 * blocks, again and again, always from
 *
 *	main in_MODE outer middle inner
 *
 * until its input is closed. MODE: plain, signal, thread, plugin (inner is a
 * dlopen'ed library's, loaded when standard input has a byte), fork, exec (it
 * executes itself, then). What changes the process happens after the byte, so
 * that it can be followed.
 *
 * It notes its own return addresses as the compiler knows them, and prints
 * "shadow ADDRESS…", innermost first, from the call of inner on: four times,
 * since a compiler may make two calls of one in a loop. "calls 10" follows when
 * it has been there so often.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
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
#define ENTER shadow_enter(__builtin_return_address(0))
/* What comes behind a call keeps it from being a jump, too. */
#define LEAVE shadow_leave()

typedef int (*inner_fn)(int value);

int probe_me(int value);
int inner(int value);
void shadow_enter(const void *from);
void shadow_leave(void);
void count_call(void);

#ifdef PLUGIN
int plugin_inner(int value);
#define inner plugin_inner
#else
static __thread struct {
	const void *from[16];
	unsigned count;
} shadow;
static unsigned calls;

NOINLINE void shadow_enter(const void *from)
{
	shadow.from[shadow.count++ & 15] = from;
}

NOINLINE void shadow_leave(void)
{
	shadow.count--;
}

static NOINLINE void say_shadow(void)
{
	printf("shadow");
	for (unsigned i = shadow.count; i--;)
		printf(" %lx", (unsigned long)shadow.from[i]);
	putchar('\n');
	fflush(stdout);
}

/* In a signal's handler as well: what it interrupts is raise(3). */
NOINLINE void count_call(void)
{
	if (++calls <= 4)
		say_shadow();
	if (calls != 10)
		return;
	puts("calls 10");
	fflush(stdout);
}

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
	struct pollfd input = { .fd = 0 };
	int fd;

	ENTER;
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	bytes[value & 63] = (char)value;
	value = probe_me(value + bytes[value & 63]);
	value += (int)pwrite(fd, "x", 1, 0);
	if (poll(&input, 1, 20) > 0)
		_exit(0);
	close(fd);
	count_call();
	LEAVE;
	return value + bytes[value & 63];
}

#ifndef PLUGIN
NOINLINE int middle(int value)
{
	volatile long pad[100];

	ENTER;
	pad[value & 15] = value;
	value = inner_call(value + 1);
	LEAVE;
	return value + (int)pad[value & 15];
}

NOINLINE int outer(int value)
{
	ENTER;
	value = middle(value + 1);
	LEAVE;
	return value;
}

static NOINLINE int turn(int value)
{
	ENTER;
	value = outer(value) & 15;
	LEAVE;
	return value;
}

static NOINLINE void in_plain(void)
{
	ENTER;
	for (int value = 0;;)
		value = outer(value & 15);
}

static void in_signal(int number)
{
	ENTER;
	outer(number);
	LEAVE;
}

static NOINLINE void raise_signal(void)
{
	ENTER;
	raise(SIGUSR1);
	LEAVE;
}

static void *in_thread(void *unused)
{
	ENTER;
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
	ENTER;
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
	ENTER;
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
	ENTER;
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
