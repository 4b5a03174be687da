/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Threads that stand still in different places: two at the bottom of
 * recursions, one in a signal handler that interrupted a computation, one in
 * a handler on a stack of its own, one in read(2), one in a qsort callback,
 * one in a function whose CFA hangs on rbx and on a word of .rodata.
 * The first thread then waits ("wait") or aborts.
 */
#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
#define BARRIER __asm__ volatile("" : : : "memory")

__attribute__((used)) static atomic_int ready;
static atomic_int spinning;
static int never[2];

/* Counts itself in, then stands still. */
static NOINLINE void stand(void)
{
	char byte;

	atomic_fetch_add(&ready, 1);
	while (read(never[0], &byte, 1) != 1)
		BARRIER;
	BARRIER;
}

static NOINLINE int deep(int depth)
{
	volatile int here = depth;

	if (depth == 0)
		stand();
	else
		deep(depth - 1);
	BARRIER;
	return here;
}

static NOINLINE int wide(int depth)
{
	char *bytes = alloca((size_t)(100 * depth + 64));

	memset(bytes, depth, (size_t)(100 * depth + 64));
	__asm__ volatile("" : : "r"(bytes) : "memory");
	if (depth == 0)
		stand();
	else
		wide(depth - 1);
	BARRIER;
	return bytes[depth];
}

/* CFA = rsp + *rbx: the word is in the file and in no core. */
void by_table(void);
__asm__("	.text\n"
	"	.type by_table, @function\n"
	"by_table:\n"
	"	.cfi_startproc\n"
	"	push %rbx\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset %rbx, -16\n"
	"	lea by_table_size(%rip), %rbx\n"
	"	.cfi_escape 0x0f, 6, 0x77, 0, 0x73, 0, 0x06, 0x22\n"
	"	lock incl ready(%rip)\n"
	"1:	mov $34, %eax\n" /* pause(2) */
	"	syscall\n"
	"	jmp 1b\n"
	"	.cfi_endproc\n"
	"	.size by_table, . - by_table\n"
	"	.section .rodata\n"
	"	.balign 8\n"
	"by_table_size:\n"
	"	.quad 16\n"
	"	.text\n");

static void *table_thread(void *arg)
{
	by_table();
	BARRIER;
	return arg;
}

static void *deep_thread(void *arg)
{
	deep(20);
	BARRIER;
	return arg;
}

static void *wide_thread(void *arg)
{
	wide(7);
	BARRIER;
	return arg;
}

static void *read_thread(void *arg)
{
	stand();
	BARRIER;
	return arg;
}

static void handler(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	deep(2);
	BARRIER;
}

/* Never returns: it is interrupted here for good. */
static NOINLINE void compute(void)
{
	volatile unsigned int sum = 0;

	atomic_fetch_add(&spinning, 1);
	for (;;)
		sum = sum * 3 + 1;
}

static void *signal_thread(void *arg)
{
	compute();
	BARRIER;
	return arg;
}

static void *sigaltstack_thread(void *arg)
{
	static char memory[65536];
	stack_t stack = { .ss_sp = memory, .ss_size = sizeof(memory) };

	if (sigaltstack(&stack, NULL))
		abort();
	compute();
	BARRIER;
	return arg;
}

static int compare(const void *a, const void *b)
{
	(void)a;
	(void)b;
	stand();
	BARRIER;
	return 0;
}

static void *qsort_thread(void *arg)
{
	int numbers[8] = { 8, 7, 6, 5, 4, 3, 2, 1 };

	qsort(numbers, 8, sizeof(numbers[0]), compare);
	BARRIER;
	return arg;
}

static NOINLINE pthread_t start(void *(*run)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, NULL))
		abort();
	BARRIER;
	return thread;
}

static NOINLINE void wait_for(atomic_int *count, int wanted)
{
	struct timespec pause_time = { .tv_nsec = 1000000 };

	while (atomic_load(count) < wanted)
		nanosleep(&pause_time, NULL);
}

static NOINLINE void finish(const char *how)
{
	if (!strcmp(how, "wait")) {
		puts("ready");
		fflush(stdout);
		stand();
	} else {
		abort();
	}
	BARRIER;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK };
	pthread_t first, second;

	action.sa_sigaction = handler;
	if (pipe(never) || sigaction(SIGUSR1, &action, NULL))
		return 1;
	start(deep_thread);
	start(wide_thread);
	start(read_thread);
	start(qsort_thread);
	start(table_thread);
	first = start(signal_thread);
	second = start(sigaltstack_thread);
	wait_for(&spinning, 2);
	pthread_kill(first, SIGUSR1);
	pthread_kill(second, SIGUSR1);
	wait_for(&ready, 7);
	/* between the count and read(2) */
	usleep(100000);
	finish(argc > 1 ? argv[1] : "abort");
	BARRIER;
	return 0;
}
