/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Handlers with and without SA_SIGINFO, one inside another, on an alternate
 * stack, left by siglongjmp, after a fault, and at any instruction (a timer, or
 * whoever sends SIGALRM: then with -DNO_TIMER).
 */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

#define KEEP __attribute__((noinline))

static volatile unsigned sink;
static sigjmp_buf escape;
static volatile int *volatile bad;

KEEP static void work(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		sink += i * sink + 1;
}

KEEP static void on_plain(int sig)
{
	work(20);
	sink += (unsigned)sig;
}

KEEP static void on_info(int sig, siginfo_t *info, void *context)
{
	work(20);
	if (sig == SIGUSR1)
		raise(SIGUSR2); /* nested */
	sink += (unsigned)info->si_signo + (context != NULL);
}

KEEP static void on_fault(int sig)
{
	work(10);
	siglongjmp(escape, sig);
}

KEEP static void on_alt(int sig)
{
	char bytes[512];

	memset(bytes, sig, sizeof(bytes));
	raise(SIGUSR2);
	work(30);
	sink += (unsigned char)bytes[sink & 511];
}

KEEP static void on_alt_escape(int sig)
{
	work(20);
	siglongjmp(escape, sig);
}

static void handle(int sig, void (*plain)(int), int flags)
{
	struct sigaction action = { .sa_flags = flags };

	action.sa_handler = plain;
	sigaction(sig, &action, NULL);
}

static void set_up(void)
{
	static char alt[65536];
	stack_t stack = { .ss_sp = alt, .ss_size = sizeof(alt) };
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = on_info;
	sigaction(SIGUSR1, &action, NULL);
	sigaltstack(&stack, NULL);
	handle(SIGUSR2, on_plain, 0);
	handle(SIGALRM, on_plain, SA_RESTART);
	handle(SIGSEGV, on_fault, SA_NODEFER);
	handle(SIGTERM, on_alt, SA_ONSTACK);
	handle(SIGHUP, on_alt_escape, SA_ONSTACK | SA_NODEFER);
	bad = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

KEEP static int fault(int n)
{
	int mine[64];

	memset(mine, n, sizeof(mine));
	sink += (unsigned)*bad; /* SIGSEGV: here */
	return mine[n & 63];
}

KEEP static int middle(volatile int n)
{
	raise(SIGUSR1);
	work(40);
	raise(SIGTERM);
	if (sigsetjmp(escape, 1) == 0)
		n += fault(n);
	if (sigsetjmp(escape, 1) == 0)
		raise(SIGHUP);
	return n + (int)sink;
}

KEEP static int outer(int n)
{
	int deep = n ? outer(n - 1) : 0;

	return deep + middle(n) + (int)sink;
}

int main(void)
{
	int total = 0;

	set_up();
#ifndef NO_TIMER
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 500 }, { 0, 500 } },
		  NULL);
#else
	raise(SIGALRM); /* it is handled now */
#endif
	for (int i = 0; i < 60; i++) {
		total += outer(i & 7);
		work(300);
	}
	return total == 12345;
}
