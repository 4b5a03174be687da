// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * A program that is bad to look at, and says so when it is: "ready PID".
 *
 *	hang memory       the main thread's stack is userfaultfd's, unanswered
 *	hang map FILE     … are pages of FILE, half a MB in, that were never read
 *	hang load FILE    the main thread waits in calls_back() of this library
 *	hang vfork        a thread waits for its vfork(2)'s child
 *
 * Three more threads wait in other().
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIZE 65536u

__attribute__((noinline)) static void *other(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void ready(void)
{
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
}

/* pause(2) for ever, with the stack pointer there. */
__attribute__((noreturn)) static void wait_on(char *stack)
{
	ready();
#if defined(__x86_64__)
	__asm__ volatile("mov %0, %%rsp\n"
			 "1: mov $34, %%eax\n"
			 "syscall\n"
			 "jmp 1b\n" ::"r"(stack)
			 : "memory");
#endif
	_exit(1);
}

static char *missing(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register all = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	char *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	all.range.start = (unsigned long)at;
	all.range.len = SIZE;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &all)) {
		perror("userfaultfd");
		exit(77);
	}
	return at;
}

static char *mapped(const char *path)
{
	int fd = open(path, O_RDONLY);
	char *at = fd < 0 ? MAP_FAILED :
			    mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE, fd, 8 * SIZE);

	if (at == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	return at;
}

static void wait_inside(void)
{
	ready();
	for (;;)
		pause();
}

static void load(const char *path)
{
	void *file = dlopen(path, RTLD_NOW);
	void (*calls_back)(void (*)(void)) =
		file ? (void (*)(void (*)(void)))dlsym(file, "calls_back") :
		       NULL;

	if (!calls_back) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	calls_back(wait_inside);
}

static void wait_for_child(void)
{
	if (!vfork()) {
		ready();
		for (;;)
			pause();
	}
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, other, NULL);
	if (!strcmp(how, "memory"))
		wait_on(missing() + SIZE / 2);
	if (!strcmp(how, "map") && argc > 2)
		wait_on(mapped(argv[2]) + SIZE / 2);
	if (!strcmp(how, "load") && argc > 2)
		load(argv[2]);
	if (!strcmp(how, "vfork"))
		wait_for_child();
	return 1;
}
