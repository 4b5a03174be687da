/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * uses USE [N] - one way in which programs use an allocator. What is left at the end
 * is counted by counter.so, and not here. It ends by itself, and when it does nothing
 * allocates any more.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")
#define PAGE 4096ul
#define STACK (256ul << 10)

static void *volatile kept;
static volatile size_t huge = SIZE_MAX / 4; /* not known to the compiler */
static int rounds = 1;

KEEP static void *leak(size_t size)
{
	void *at = malloc(size);

	AFTER_CALL;
	kept = at;
	return at;
}

/* --- every form ------------------------------------------------------------------ */

KEEP static void reallocs(size_t i)
{
	void *at = realloc(NULL, i);

	at = realloc(at, 10 * i);
	AFTER_CALL;
	at = realloc(at, 10 * i + 1); /* often where it is */
	AFTER_CALL;
	at = realloc(at, 5 + i);
	AFTER_CALL;
	if (realloc(at, huge)) /* fails: the block stays */
		abort();
	at = reallocarray(at, 3, i);
	AFTER_CALL;
	if (reallocarray(at, huge, huge))
		abort();
	if (i % 3 == 0)
		free(at);
	if (i % 3 == 1) /* glibc: freed */
		kept = realloc(at, 0);
}

KEEP static void aligned(size_t i)
{
	void *blocks[6] = { aligned_alloc(64, 64 * i),
			    memalign(128, i),
			    valloc(i),
			    pvalloc(i),
			    calloc(i, 3),
			    strdup("text") };
	void *at = NULL;

	if (posix_memalign(&at, 256, i) || posix_memalign(&at, 3, i) == 0)
		abort();
	for (int k = 0; k < 6; k++)
		if ((i + (size_t)k) % 3)
			free(blocks[k]);
	if (i % 2)
		free(at);
	if (calloc(huge, 5) || malloc(huge) || memalign(64, huge))
		abort();
	free(NULL);
	leak(0);
	free(leak(0));
}

static char *map(size_t size)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	AFTER_CALL;
	return at;
}

KEEP static void maps(size_t i)
{
	char *a = map(4 * PAGE), *b = map(3 * PAGE), *c = map(i), *d;

	munmap(a + PAGE, PAGE); /* two are left of it */
	munmap(b, PAGE);	/* its end is left */
	munmap(c, i);
	d = mremap(map(2 * PAGE), 2 * PAGE, 9 * PAGE, MREMAP_MAYMOVE);
	if (i % 2)
		munmap(d, 9 * PAGE);
	/* in place of what was there */
	mmap(a + 2 * PAGE, PAGE, PROT_READ,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void forms(void)
{
	for (size_t i = 1; i <= 300; i++) {
		reallocs(i);
		aligned(i);
		maps(i);
	}
}

/* --- threads ------------------------------------------------------------------------ */

#define BLOCKS 64
static void *volatile passed[8][BLOCKS]; /* from a thread to the next */
static pthread_key_t late;

/* Behind the recorder's own destructor, or before it. */
static void at_end(void *value)
{
	free(leak(24));
	leak(8);
	free(value);
}

static void *work(void *number)
{
	size_t n = (size_t)(uintptr_t)number;

	pthread_setspecific(late, leak(40));
	for (size_t i = 0; i < 2000; i++) {
		void *mine = leak(1 + (i * 31 + n * 17) % 500);
		void *other =
			__atomic_exchange_n(&passed[(n + i) % 8][i % BLOCKS],
					    mine, __ATOMIC_ACQ_REL);

		if (other != mine)
			free(other);
	}
	return NULL;
}

/* Threads are given their stacks, as what pthread_create maps is not seen by a
 * preloaded library. */
static void threads(void)
{
	static _Alignas(4096) char stacks[8][STACK];
	pthread_t ids[8];
	pthread_attr_t attr;

	pthread_key_create(&late, at_end);
	for (int turn = 0; turn < 3; turn++) {
		for (size_t i = 0; i < 8; i++) {
			pthread_attr_init(&attr);
			pthread_attr_setstack(&attr, stacks[i], STACK);
			pthread_create(&ids[i], &attr, work,
				       (void *)(uintptr_t)i);
		}
		for (size_t i = 0; i < 8; i++)
			pthread_join(ids[i], NULL);
	}
}

/* --- processes ------------------------------------------------------------------------ */

static void forks(void)
{
	void *before = leak(1000), *too = leak(500);
	int status;
	pid_t pid;

	for (int i = 0; i < 5; i++) {
		leak(100);
		pid = fork();
		if (!pid) {
			free(before);
			leak(77);
			i % 2 ? exit(0) : _exit(0);
		}
		waitpid(pid, &status, 0);
		pid = vfork();
		if (!pid)
			_exit(0);
		waitpid(pid, &status, 0);
		if (status)
			abort();
	}
	free(too);
}

/* --- ends ------------------------------------------------------------------------------- */

static void killed(void)
{
	threads();
	kill(getpid(), SIGKILL);
}

static void *work_on(void *number)
{
	for (;;)
		work(number);
	return NULL;
}

/* In the middle of what eight threads do. */
static void busy(void)
{
	pthread_t id;

	pthread_key_create(&late, NULL);
	for (size_t i = 0; i < 8; i++)
		pthread_create(&id, NULL, work_on, (void *)(uintptr_t)i);
	usleep(100000);
	kill(getpid(), SIGKILL);
}

/* --- signal handlers --------------------------------------------------------------------- */

static volatile sig_atomic_t inside, hits;

/* Not while the program is in the allocator: programs that allocate in handlers
 * have to hold off, and then it works. */
KEEP static void guarded(size_t size)
{
	void *at;

	inside = 1;
	at = leak(size);
	if (size % 4)
		free(at);
	inside = 0;
}

static void on_signal(int sig)
{
	(void)sig;
	if (inside)
		return;
	hits++;
	guarded(48);
	guarded(33);
	inside = 0;
}

KEEP static void down(int depth, size_t size)
{
	volatile char room[64] = { (char)size };

	if (depth)
		down(depth - 1, size);
	guarded(size % 200 + 1);
	for (int i = 0; i < 100; i++)
		room[i % 64]++;
}

static void handlers(int flags)
{
	struct itimerval every = { { 0, 300 }, { 0, 300 } }, never = { 0 };
	struct sigaction act = { .sa_handler = on_signal,
				 .sa_flags = SA_RESTART | flags };
	stack_t alt = { .ss_sp = leak(STACK), .ss_size = STACK };

	sigaltstack(&alt, NULL);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (size_t i = 0; i < 3000 * (size_t)rounds || hits < 20; i++)
		down((int)(i % 20), i);
	setitimer(ITIMER_REAL, &never, NULL);
}

static void signals(void)
{
	handlers(0);
}

static void signals_own(void)
{
	handlers(SA_ONSTACK);
}

/* --- stacks that change ---------------------------------------------------------------------- */

static jmp_buf out;

/* One function, called from two places at the same depth: slot and return address
 * are the same, what is outside is not. */
KEEP static void below(size_t n)
{
	free(leak(n % 100));
	if (n % 7 == 0)
		leak(n % 50);
	AFTER_CALL;
}

KEEP static void one(size_t n)
{
	below(n);
	AFTER_CALL;
}

KEEP static void two(size_t n)
{
	volatile int same = (int)n;

	below(n);
	AFTER_CALL;
	same++;
}

/* The frame's size is not known: the CFA hangs on the frame pointer. */
KEEP static void variable(size_t n)
{
	volatile char *room = alloca(n % 777 + 1);

	room[0] = 1;
	if (n % 2)
		one(n);
	else
		two(n);
	AFTER_CALL;
	room[0]++;
}

/* GCC realigns the stack here. */
KEEP static void realigned(size_t n)
{
	_Alignas(64) volatile char room[128];
	volatile char *more = alloca(n % 99 + 1);

	room[n % 128] = more[0] = 1;
	variable(n);
	AFTER_CALL;
	room[0]++;
}

KEEP static void deep(size_t n, int depth)
{
	if (depth == 0) {
		realigned(n);
		if (n % 5 == 0)
			longjmp(out, 1);
		AFTER_CALL;
		return;
	}
	if (n >> depth & 1)
		deep(n, depth - 1);
	else
		variable(n + (size_t)depth);
	if (depth % 2)
		deep(n * 7, depth - 1);
	AFTER_CALL;
}

static void jumps(void)
{
	for (volatile size_t i = 0; i < 2000 * (size_t)rounds; i++)
		if (!setjmp(out))
			deep(i, (int)(i % 11));
}

#ifdef __GLIBC__ /* musl has none */
static ucontext_t back, there;

static void context(void)
{
	for (size_t i = 0;; i++) {
		realigned(i);
		swapcontext(&there, &back);
	}
}

static void contexts(void)
{
	char *stack = leak(STACK);

	for (int turn = 0; turn < 3; turn++) {
		getcontext(&there);
		there.uc_stack.ss_sp = stack;
		there.uc_stack.ss_size = STACK;
		makecontext(&there, context, 0);
		for (size_t i = 0; i < 200; i++) {
			swapcontext(&back, &there);
			variable(i);
		}
	}
}

static void on_alarm(int sig)
{
	(void)sig;
	exit(7);
}

static void endless(void)
{
	for (;;)
		free(leak(10));
}

/* A handler that ends the program, most likely within the recorder's lock: each
 * stack of a context is taken under it. */
static void ends(void)
{
	struct itimerval soon = { { 0 }, { 0, 30000 } };

	signal(SIGALRM, on_alarm);
	getcontext(&there);
	there.uc_stack.ss_sp = leak(STACK);
	there.uc_stack.ss_size = STACK;
	makecontext(&there, endless, 0);
	setitimer(ITIMER_REAL, &soon, NULL);
	swapcontext(&back, &there);
}
#else
static void contexts(void)
{
}

static void ends(void)
{
}
#endif

/* --- code that goes ---------------------------------------------------------------------------- */

/* Two libraries in turn, most often at one address; their functions have equal
 * places, and frames of other sizes. */
static void plugins(void)
{
	char self[4096], path[4200];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	void (*run)(void (*)(size_t), size_t);
	void *handle;

	self[size > 0 ? size : 0] = 0;
	for (size_t i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), "%s_plug%d.so", self,
			 (int)(i % 2));
		handle = dlopen(path, RTLD_NOW);
		if (!handle)
			abort();
		*(void **)&run = dlsym(handle, "plug_run");
		for (size_t k = 0; k < 50; k++)
			run(variable, k);
		dlclose(handle);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} uses[] = {
	{ "forms", forms },	  { "threads", threads }, { "forks", forks },
	{ "signals", signals },	  { "own", signals_own }, { "jumps", jumps },
	{ "contexts", contexts }, { "plugins", plugins }, { "ends", ends },
	{ "killed", killed },	  { "busy", busy },
};

int main(int argc, char **argv)
{
	rounds = argc > 2 ? atoi(argv[2]) : 1;
	for (size_t i = 0; argc > 1 && i < sizeof(uses) / sizeof(*uses); i++)
		if (!strcmp(uses[i].name, argv[1])) {
			uses[i].run();
			return 0;
		}
	return 2;
}
