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
 *
 * last() dies of a signal, or waits for one if there is a second argument.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
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

NEVER int outer(int n)
{
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

static void *thread(void *arg)
{
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

int main(int argc, char **argv)
{
	pthread_t id;

	how = argc > 1 ? argv[1] : "plain";
	waits = argc > 2;
	if (!strcmp(how, "context"))
		return switch_to_context();
	if (strcmp(how, "thread") != 0)
		return outer(argc) + 1;
	if (pthread_create(&id, NULL, thread, NULL))
		return 1;
	pthread_join(id, NULL);
	return 0;
}
