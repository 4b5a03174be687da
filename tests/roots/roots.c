/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Stacks that end in different ways. The argument says which:
 *
 *	plain		main -> outer -> victim -> inner -> last
 *	thread		the same from a thread's first function on
 *	deep		the same with 1200 frames before last
 *	context		the same from a context that makecontext() made
 *	zero, outside, data, code, entry, edge, made
 *			plain, but victim's return address was overwritten: by an
 *			address in no mapping, in data, behind no call; behind
 *			the first instruction at e_entry; of the first byte of
 *			code; in memory without a file
 *	inward		plain, but victim's CFI says that its caller is further in
 *	column, expression
 *			plain, but victim's CFI cannot be used
 *	old		(mips) plain, but victim's return address is column 64
 *	kept		(with a link register) plain, but victim's CFI has the
 *			return address still there
 *	call-null, call-low, call-stack, call-heap, call-data
 *			main -> outer -> goes_nowhere -> caller, which calls what is no code
 *	jump-low	… -> jumper, which jumps there
 *	return-low	plain, but victim returns there without a call, where a
 *			return address is left on the stack
 *
 * last() dies of a signal, or waits for one if there is a second argument: then
 * what faults waits in the signal's handler.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#ifndef NO_CONTEXT
#include <ucontext.h>
#endif
#include <unistd.h>

#define NEVER __attribute__((noinline, noclone))
#define WORDS 64
#ifdef __x86_64__
#define AT_FIRST 1 /* into the first instruction: endbr64 or xor */
#else
#define AT_FIRST 4
#endif

/* ends.S: they call next() and return what it returns, plus 1 */
int inward(int (*next)(int), int n);
int bad_column(int (*next)(int), int n);
int bad_expression(int (*next)(int), int n);
int old_column(int (*next)(int), int n);
int kept_link(int (*next)(int), int n);
extern char not_behind_a_call[];

static const char *how;
static volatile int waits;
static int data[4];

NEVER int last(int n)
{
	if (waits) {
		printf("ready\n");
		fflush(stdout);
		pause();
	}
	*(volatile int *)8 = n;
	return n + 1;
}

NEVER int inner(int n)
{
	return last(n + 1) + 1;
}

/* Where the code of this program begins, which is not moved. */
static void *first_code(void)
{
	const ElfW(Phdr) *p = (const void *)getauxval(AT_PHDR);

	while (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
		p++;
	return (void *)(uintptr_t)p->p_vaddr;
}

static void *made(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p + 64;
}

static void *value(void)
{
	if (strchr(how, '-'))
		return (void *)0x1230;
	if (!strcmp(how, "zero"))
		return NULL;
	if (!strcmp(how, "outside"))
		return (void *)0x1230;
	if (!strcmp(how, "entry"))
		return (char *)getauxval(AT_ENTRY) + AT_FIRST;
	if (!strcmp(how, "edge"))
		return first_code();
	if (!strcmp(how, "made"))
		return made();
	return !strcmp(how, "data") ? (void *)&data[1] :
				      (void *)not_behind_a_call;
}

/* Wherever victim keeps its return address: the first such word of its frame. */
NEVER void smash(void *volatile *from, void *address)
{
	for (int i = 0; i < WORDS; i++) {
		if (from[i] != address)
			continue;
		from[i] = value();
		return;
	}
}

NEVER int victim(int n)
{
	smash(__builtin_frame_address(0), __builtin_return_address(0));
	return inner(n) + 1;
}

NEVER int whole(int n)
{
	return inner(n + 1) + 1;
}

NEVER int deep(int n)
{
	return (n > 0 ? deep(n - 1) : inner(n)) + 1;
}

static int (*volatile nowhere)(int);

static void *no_code(const char *where, int *on_stack)
{
	if (!strcmp(where, "low"))
		return (void *)0x1230;
	if (!strcmp(where, "stack"))
		return on_stack;
	if (!strcmp(where, "heap"))
		return malloc(64);
	return !strcmp(where, "data") ? (void *)data : NULL;
}

NEVER int caller(int n)
{
	return nowhere(n) + 1;
}

__attribute__((optimize("optimize-sibling-calls"))) NEVER int jumper(int n)
{
	return nowhere(n);
}

NEVER int returner(int n)
{
	smash(__builtin_frame_address(0), __builtin_return_address(0));
	return n;
}

/* As a compiler leaves it that keeps room below: behind the return there is
 * what an earlier call has left. */
NEVER int returns_low(int n)
{
	volatile char room[64];

	room[n & 31] = 1;
	return returner(n) + room[3];
}

NEVER int goes_nowhere(int n)
{
	int words[16] = { n };

	nowhere = (int (*)(int))(uintptr_t)no_code(strchr(how, '-') + 1, words);
	if (how[0] == 'c')
		return caller(n) + words[1];
	return (how[0] == 'j' ? jumper(n) : returns_low(n)) + words[2];
}

NEVER int outer(int n)
{
	if (strchr(how, '-'))
		return goes_nowhere(n) + 1;
#ifndef __x86_64__
	if (!strcmp(how, "kept"))
		return kept_link(inner, n) + 1;
#endif
	if (!strcmp(how, "deep"))
		return deep(1199) + 1;
	if (!strcmp(how, "inward"))
		return inward(inner, n) + 1;
	if (!strcmp(how, "column"))
		return bad_column(inner, n) + 1;
	if (!strcmp(how, "expression"))
		return bad_expression(inner, n) + 1;
#ifdef __mips__
	if (!strcmp(how, "old"))
		return old_column(inner, n) + 1;
#endif
	if (!strcmp(how, "plain") || !strcmp(how, "thread") ||
	    !strcmp(how, "context"))
		return whole(n) + 1;
	return victim(n) + 1;
}

/* The other thread has left clone(), whose code alone does not tell its stack. */
static volatile int created;

static void *thread(void *arg)
{
	while (!created)
		sched_yield();
	data[0] = outer((int)strlen(how)) + 1;
	return arg;
}

#ifndef NO_CONTEXT
static ucontext_t here, there;

static void context(void)
{
	data[0] = outer((int)strlen(how)) + 1;
}

static int switch_to_context(void)
{
	static char stack[1 << 16];

	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = sizeof(stack);
	there.uc_link = &here;
	makecontext(&there, context, 0);
	return swapcontext(&here, &there);
}
#else
static int switch_to_context(void)
{
	return 1;
}
#endif

static void wait_there(int number)
{
	(void)number;
	(void)!write(1, "ready\n", 6);
	pause();
}

int main(int argc, char **argv)
{
	pthread_t id;

	how = argc > 1 ? argv[1] : "plain";
	waits = argc > 2;
	if (waits && strchr(how, '-'))
		signal(SIGSEGV, wait_there);
	if (!strcmp(how, "context"))
		return switch_to_context();
	if (strcmp(how, "thread") != 0)
		return outer(argc) + 1;
	if (pthread_create(&id, NULL, thread, NULL))
		return 1;
	created = 1;
	pthread_join(id, NULL);
	return 0;
}
