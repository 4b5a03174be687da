/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Handlers with and without SA_SIGINFO, one inside another, on an alternate
 * stack, after a fault, and at any instruction (timer), also those of libc.
 *
 * None is left by a jump: musl's sigsetjmp() keeps its return address in the
 * buffer, where no row can say it is.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

#define KEEP __attribute__((noinline, noclone))

static volatile unsigned sink;
static volatile int *volatile bad;

KEEP static void work(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		sink += i * sink + 1;
}

KEEP static void on_plain(int number)
{
	work(20);
	sink += (unsigned)number;
}

KEEP static void on_info(int number, siginfo_t *info, void *context)
{
	work(20);
	if (number == SIGUSR1)
		raise(SIGUSR2); /* nested */
	sink += (unsigned)info->si_signo + (context != NULL);
}

/* Once it returns, what faulted is done again. */
KEEP static void on_fault(int number)
{
	work(10);
	mprotect((void *)bad, 4096, PROT_READ | PROT_WRITE);
	sink += (unsigned)number;
}

KEEP static void on_alternate(int number)
{
	char bytes[512];

	memset(bytes, number, sizeof(bytes));
	raise(SIGUSR2);
	work(30);
	sink += (unsigned char)bytes[sink & 511];
}

static void handle(int number, void (*plain)(int), int flags)
{
	struct sigaction action = { .sa_flags = flags };

	action.sa_handler = plain;
	sigaction(number, &action, NULL);
}

static void set_up(void)
{
	static char alternate[65536];
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = on_info;
	sigaction(SIGUSR1, &action, NULL);
	sigaltstack(&stack, NULL);
	handle(SIGUSR2, on_plain, 0);
	handle(SIGALRM, on_plain, SA_RESTART);
	handle(SIGSEGV, on_fault, SA_NODEFER);
	handle(SIGTERM, on_alternate, SA_ONSTACK);
	bad = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

KEEP static int fault(int n)
{
	int mine[64];

	mprotect((void *)bad, 4096, PROT_NONE);
	memset(mine, n, sizeof(mine));
	sink += (unsigned)*bad; /* SIGSEGV: here */
	return mine[n & 63];
}

KEEP static int compare(const void *a, const void *b)
{
	work(3);
	return *(const int *)a - *(const int *)b;
}

/* The timer interrupts libc here. */
KEEP static void in_libc(int n)
{
	int values[40];
	char text[64];

	for (int i = 0; i < 40; i++)
		values[i] = (i * 7919 + n) % 101;
	qsort(values, 40, sizeof(values[0]), compare);
	snprintf(text, sizeof(text), "%d %s %x", values[n & 31], "text", n);
	free(strdup(text));
}

KEEP static int middle(volatile int n)
{
	raise(SIGUSR1);
	work(40);
	raise(SIGTERM);
	n += fault(n);
	in_libc(n);
	return n + (int)sink;
}

KEEP static int outer(int n)
{
	int deep = n ? outer(n - 1) : 0;

	return deep + middle(n) + (int)sink;
}

int main(void)
{
	struct itimerval timer = { { 0, 500 }, { 0, 500 } };
	int total = 0;

	set_up();
	setitimer(ITIMER_REAL, &timer, NULL);
	for (int i = 0; i < 6; i++) {
		total += outer(i & 7);
		work(300);
	}
	return total == 12345;
}
