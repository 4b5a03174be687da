/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * uses FILE USE: one way in which programs use an allocator, a few hundred times.
 * What is left is counted by counter.so, which has to be preloaded, and not here.
 * When all is done, and what it forked has done it too, FILE is made; then it
 * waits, to be looked at. Threads are given their stacks, as what pthread_create
 * maps is not seen by a preloaded library.
 */
#define _GNU_SOURCE
#include "../live/begin.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")
#define PAGE 4096ul
#define THREADS 200
#define STACK 65536
#define PROCESSES 64

extern char **environ;
static void *volatile kept;
static volatile size_t huge = SIZE_MAX / 4; /* not known to the compiler */
static const char *file, *self;
static _Alignas(4096) char stacks[THREADS][STACK];

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void tell(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT, 0644);

	if (fd < 0 || close(fd))
		_exit(3);
}

static void wait_for(const char *name)
{
	while (access(name, F_OK))
		pause_ms(5);
}

static void start_counting(void)
{
	const char *dir = getenv("COUNTER");
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/on", dir ? dir : ".");
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "\1", 1) != 1 || close(fd))
		_exit(4);
}

/* Leaks one of so many bytes, by some other frame each time. */
KEEP void *leak(size_t size)
{
	void *block = malloc(size);

	AFTER_CALL;
	kept = block;
	return block;
}

/* A third stays. */
KEEP void some(unsigned seed)
{
	void *blocks[30];

	for (unsigned i = 0; i < 30; i++)
		blocks[i] = leak(1 + (seed * 31 + i * 17) % 900);
	for (unsigned i = 0; i < 30; i++)
		if (i % 3)
			free(blocks[i]);
	AFTER_CALL;
}

/* --- one thread --------------------------------------------------------------- */

static void plain(void)
{
	for (unsigned i = 0; i < 20; i++)
		some(i);
	free(NULL);
	leak(0);
	free(leak(0));
}

static void reallocs(void)
{
	for (size_t i = 1; i <= 100; i++) {
		void *at = realloc(NULL, i);

		AFTER_CALL;
		at = realloc(at, 10 * i); /* grows */
		AFTER_CALL;
		at = realloc(at, 10 * i + 1); /* often where it is */
		AFTER_CALL;
		at = realloc(at, 5 + i); /* shrinks */
		AFTER_CALL;
		kept = realloc(at, huge); /* fails: it stays */
		AFTER_CALL;
		if (kept)
			_exit(5);
		if (i % 4 == 0)
			free(at);
		if (i % 4 == 1) {
			kept = realloc(at, 0);
			AFTER_CALL;
		}
		if (i % 4 == 2) { /* its own mapping, and back */
			at = realloc(at, 1 << 20);
			AFTER_CALL;
			at = realloc(at, 3 << 20);
			AFTER_CALL;
			kept = realloc(at, 300);
			AFTER_CALL;
		}
	}
}

static void reallocarrays(void)
{
	for (size_t i = 1; i <= 50; i++) {
		void *at = reallocarray(NULL, i, 7);

		AFTER_CALL;
		at = reallocarray(at, i, 70);
		AFTER_CALL;
		kept = reallocarray(at, huge, huge); /* overflows: it stays */
		AFTER_CALL;
		if (kept)
			_exit(5);
		if (i % 2)
			free(at);
	}
}

static void callocs(void)
{
	for (size_t i = 1; i <= 100; i++) {
		void *at = calloc(i, 3);

		AFTER_CALL;
		kept = calloc(huge, 16); /* overflows */
		AFTER_CALL;
		if (i % 3 == 0)
			free(at);
		kept = calloc(0, i);
		AFTER_CALL;
	}
}

static void aligned(void)
{
	for (size_t i = 1; i <= 60; i++) {
		void *at[4];

		at[0] = aligned_alloc(64, 64 * i);
		AFTER_CALL;
		at[1] = memalign(32, 10 + i);
		AFTER_CALL;
#ifdef __GLIBC__
		at[2] = valloc(20 + i);
		AFTER_CALL;
		/* not every other allocator has one */
		at[3] = getenv("NO_PVALLOC") ? valloc(i) : pvalloc(30 + i);
#else
		at[2] = memalign(4096, 20 + i);
		AFTER_CALL;
		at[3] = aligned_alloc(4096, 4096 * i);
#endif
		AFTER_CALL;
		kept = aligned_alloc(64, huge);
		AFTER_CALL;
		for (size_t k = 0; k < 4; k++)
			if ((i + k) % 3 == 0)
				free(at[k]);
	}
}

static void posix_memaligns(void)
{
	for (size_t i = 1; i <= 60; i++) {
		void *at = NULL, *other = &at;

		if (posix_memalign(&at, 16 << i % 8, 100 + i))
			_exit(6);
		AFTER_CALL;
		if (posix_memalign(&other, 3, 100) != EINVAL ||
		    posix_memalign(&other, 64, huge) != ENOMEM ||
		    other != &at)
			_exit(7);
		AFTER_CALL;
		if (i % 4 == 0)
			free(at);
		if (i % 4 == 1) {
			kept = realloc(at, 900 + i);
			AFTER_CALL;
		}
	}
}

/* What has a mapping of its own, and what it grows to. */
static void large(void)
{
	for (size_t i = 1; i <= 20; i++) {
		void *at = leak((1 << 18) + i);

		if (i % 3 == 0)
			free(at);
		if (i % 3 == 1) {
			kept = realloc(at, (2 << 20) + i);
			AFTER_CALL;
		}
	}
}

/* Deeper than is copied of a stack. */
KEEP void deep(int depth)
{
	volatile char room[1000];

	room[0] = (char)depth;
	if (depth)
		deep(depth - 1);
	else
		some(1);
	room[1] = 0;
	AFTER_CALL;
}

static void in_library(void)
{
	for (int i = 0; i < 20; i++) {
		char *text = NULL, path[64];
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		fprintf(out, "%0*d", 100 * i + 1, i);
		fclose(out);
		free(strdup(text));
		if (i % 2)
			free(text);
		kept = strndup("a line", 3);
		AFTER_CALL;
		if (asprintf(&text, "%d %s", i, "text") < 0)
			_exit(8);
		kept = fopen("/proc/self/stat", "r");
		if (i % 3)
			fclose(kept);
		snprintf(path, sizeof(path), "NAME%d", i);
		setenv(path, "value", 1);
		if (i % 4 == 0)
			kept = opendir("/");
		else
			closedir(opendir("/"));
	}
}

/* --- signals, jumps -------------------------------------------------------------- */

static sigjmp_buf back;
static volatile sig_atomic_t jumps;

static void on_signal(int number)
{
	(void)number;
	some(jumps);
	if (jumps)
		siglongjmp(back, 1);
}

static void take_signals(int flags)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = flags };

	sigaction(SIGUSR1, &action, NULL);
}

/* Interrupted by another thread; it allocates in its handler alone. */
static void *compute(void *end)
{
	while (!__atomic_load_n((int *)end, __ATOMIC_ACQUIRE))
		AFTER_CALL;
	return NULL;
}

static pthread_t start(int number, void *(*what)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stacks[number], STACK);
	if (pthread_create(&thread, &attr, what, arg))
		_exit(9);
	pthread_attr_destroy(&attr);
	return thread;
}

static void handlers(void)
{
	static char other[STACK];
	stack_t stack = { .ss_sp = other, .ss_size = sizeof(other) };
	static int end;
	pthread_t thread;

	take_signals(0);
	for (int i = 0; i < 10; i++) {
		raise(SIGUSR1);
		some(2);
	}
	sigaltstack(&stack, NULL);
	take_signals(SA_ONSTACK);
	for (int i = 0; i < 10; i++) {
		raise(SIGUSR1);
		some(3);
	}
	thread = start(0, compute, &end);
	for (int i = 0; i < 10; i++) {
		pthread_kill(thread, SIGUSR1);
		pause_ms(2);
	}
	__atomic_store_n(&end, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
}

KEEP void jump_from(int depth)
{
	volatile char room[200];

	room[0] = (char)depth;
	leak(10 + (size_t)depth);
	if (depth)
		jump_from(depth - 1);
	else
		siglongjmp(back, 1);
	room[1] = 0;
	AFTER_CALL;
}

static void longjmps(void)
{
	for (volatile int i = 0; i < 20; i++) {
		if (!sigsetjmp(back, 1))
			jump_from(i);
		some(4);
	}
	jumps = 1;
	take_signals(0);
	for (volatile int i = 0; i < 20; i++) {
		if (!sigsetjmp(back, 1))
			raise(SIGUSR1);
		some(5);
	}
}

static ucontext_t main_context, inner;

static void in_context(void)
{
	for (;;) {
		some(6);
		swapcontext(&inner, &main_context);
	}
}

static void contexts(void)
{
#ifdef __GLIBC__
	getcontext(&inner);
	inner.uc_stack.ss_sp = stacks[0];
	inner.uc_stack.ss_size = STACK;
	makecontext(&inner, in_context, 0);
	for (int i = 0; i < 20; i++) {
		swapcontext(&main_context, &inner);
		some(7);
	}
#else
	some(7);
	(void)in_context;
#endif
}

/* --- threads ------------------------------------------------------------------------ */

#define QUEUE 64
static void *volatile queue[QUEUE];

static void *make(void *none)
{
	for (size_t i = 0; i < 50 * QUEUE; i++) {
		void *volatile *slot = &queue[i % QUEUE];

		while (__atomic_load_n(slot, __ATOMIC_ACQUIRE))
			sched_yield();
		__atomic_store_n(slot, leak(1 + i % 500), __ATOMIC_RELEASE);
	}
	return none;
}

static void *take(void *none)
{
	for (size_t i = 0; i < 50 * QUEUE; i++) {
		void *volatile *slot = &queue[i % QUEUE];
		void *at;

		while (!(at = __atomic_load_n(slot, __ATOMIC_ACQUIRE)))
			sched_yield();
		__atomic_store_n(slot, NULL, __ATOMIC_RELEASE);
		if (i % 5)
			free(at);
	}
	return none;
}

static void other_thread(void)
{
	pthread_t one = start(0, make, NULL), two = start(1, take, NULL);

	pthread_join(one, NULL);
	pthread_join(two, NULL);
}

static void *some_in_thread(void *seed)
{
	for (unsigned i = 0; i < 10; i++)
		some(i + (unsigned)(uintptr_t)seed);
	return NULL;
}

static void threads(void)
{
	pthread_t threads[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		threads[i] = start((int)i, some_in_thread, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void clean(void *block)
{
	free(block);
	some(8);
}

static void *cancelled(void *async)
{
	pthread_cleanup_push(clean, leak(77));
	some(9);
	if (async)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	while (async)
		AFTER_CALL;
	for (;;)
		pause();
	pthread_cleanup_pop(1);
	return NULL;
}

static void cancels(void)
{
	/* what unwinds is loaded once, by the first */
	for (int i = 0; i < 20; i++) {
		pthread_t thread = start(0, cancelled, i % 2 ? &huge : NULL);

		pause_ms(5);
		pthread_cancel(thread);
		pthread_join(thread, NULL);
		some(10);
	}
}

/* --- mappings ----------------------------------------------------------------------- */

static char *map_at(void *place, size_t pages, int flags)
{
	char *at = mmap(place, pages * PAGE, PROT_READ | PROT_WRITE,
			MAP_ANONYMOUS | (flags & MAP_SHARED ? 0 : MAP_PRIVATE) |
				flags,
			-1, 0);

	AFTER_CALL;
	if (at == MAP_FAILED)
		_exit(10);
	return at;
}

static char *map(size_t pages)
{
	return map_at(NULL, pages, 0);
}

static void cut(char *at, size_t pages)
{
	if (munmap(at, pages * PAGE))
		_exit(11);
	AFTER_CALL;
}

static void mmaps(void)
{
	int fd = open(self, O_RDONLY);
	char *at;

	for (size_t i = 1; i <= 20; i++) {
		map(i);
		cut(map(i), i);
		kept = mmap(NULL, 100 + i, PROT_READ, MAP_PRIVATE, fd, 0);
		AFTER_CALL;
		map_at(NULL, i, MAP_SHARED);
		map_at(NULL, i, MAP_NORESERVE);
		kept = mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0); /* fails */
		AFTER_CALL;
	}
	close(fd);
	at = map(40);
	map_at(at, 40, MAP_FIXED); /* all of it */
	map_at(at, 10, MAP_FIXED); /* its start */
	map_at(at + 35 * PAGE, 5, MAP_FIXED); /* its end */
	map_at(at + 20 * PAGE, 5, MAP_FIXED); /* its middle */
	map_at(at + 15 * PAGE, 15, MAP_FIXED); /* three of them */
}

static void munmaps(void)
{
	char *at = map(100);

	cut(at, 10);
	cut(at + 90 * PAGE, 10);
	cut(at + 50 * PAGE, 10);
	cut(at + 40 * PAGE, 30); /* an end, what is unmapped already, a start */
	cut(at, 10); /* is unmapped already */
	for (size_t i = 0; i < 50; i++) {
		at = map(8);
		if (munmap(at + 2 * PAGE, PAGE + 1)) /* two pages */
			_exit(11);
		AFTER_CALL;
	}
	at = map(90); /* three in a row, and all of them at once */
	map_at(at, 30, MAP_FIXED);
	map_at(at + 60 * PAGE, 30, MAP_FIXED);
	cut(at + 10 * PAGE, 70);
	at = map(100); /* fifty at once */
	for (size_t i = 0; i < 100; i += 4)
		map_at(at + i * PAGE, 2, MAP_FIXED);
	cut(at + PAGE, 97);
}

static char *move(char *old, size_t old_pages, size_t pages, int flags,
		  char *to)
{
	char *at = mremap(old, old_pages * PAGE, pages * PAGE, flags, to);

	AFTER_CALL;
	return at;
}

static void mremaps(void)
{
	char *at, *other;

	for (size_t i = 1; i <= 10; i++) {
		at = move(map(i), i, 10 * i, MREMAP_MAYMOVE, NULL);
		if (i % 2)
			at = move(at, 10 * i, i, 0, NULL);
		if (i % 3 == 0)
			cut(at, i % 2 ? i : 10 * i);
		move(map(i), i, 0, MREMAP_MAYMOVE, NULL); /* fails */
		move(map(i) + 1, i, 2, MREMAP_MAYMOVE, NULL); /* fails */
	}
	other = map(20); /* to where something is */
	at = move(map(10), 10, 10, MREMAP_MAYMOVE | MREMAP_FIXED,
		  other + 5 * PAGE);
	at = map(30); /* a start, a middle, an end of it */
	move(at, 5, 7, MREMAP_MAYMOVE, NULL);
	move(at + 15 * PAGE, 5, 50, MREMAP_MAYMOVE, NULL);
	move(at + 25 * PAGE, 5, 50, MREMAP_MAYMOVE, NULL);
	at = map(30); /* an end shrinks: a hole, or a shorter one */
	move(at + 20 * PAGE, 10, 5, 0, NULL);
	at = map(30);
	move(at + 10 * PAGE, 10, 5, 0, NULL);
	at = map_at(NULL, 6, MAP_SHARED); /* a second of the same */
	move(at, 0, 6, MREMAP_MAYMOVE, NULL);
}

/* --- processes ---------------------------------------------------------------------- */

static void *inherited[2];

static void name_of(char *name, size_t size, int child)
{
	snprintf(name, size, "%s.%d", file, child);
}

/* `how` 0: it works itself; 1: it runs "uses FILE.N now". Ends, or lives on. */
static void child(int number, int how, int ends)
{
	char name[512];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	name_of(name, sizeof(name), number);
	if (how) {
		execl(self, self, name, "now", NULL);
		_exit(12);
	}
	some((unsigned)number);
	free(inherited[0]); /* no block that this process has made */
	kept = realloc(inherited[1], 500);
	AFTER_CALL;
	some_in_thread(NULL);
	pthread_join(start(0, some_in_thread, NULL), NULL);
	some((unsigned)number + 1); /* when that thread has ended */
	tell(name);
	if (ends)
		_exit(0);
	for (;;)
		pause();
}

static void forks(int count, int how)
{
	char name[512];

	plain();
	inherited[0] = leak(100);
	inherited[1] = leak(100);
	for (int i = 0; i < count; i++) {
		pid_t pid;

		name_of(name, sizeof(name), i);
		unlink(name);
		leak(100);
		pid = fork();
		if (pid < 0)
			_exit(13);
		if (!pid)
			child(i, how, i % 2);
		if (i % 2 && !how)
			waitpid(pid, NULL, 0);
	}
	for (int i = 0; i < count; i++) {
		name_of(name, sizeof(name), i);
		wait_for(name);
	}
}

static void one_fork(void) { forks(4, 0); }
static void execs(void) { forks(4, 1); }
static void processes(void) { forks(PROCESSES, 0); }

static void vforks(void)
{
	char name[512];

	for (int i = 0; i < 4; i++) {
		name_of(name, sizeof(name), i);
		unlink(name);
		some(11);
		if (!vfork()) {
			execl(self, self, name, "now", NULL);
			_exit(12);
		}
		wait_for(name);
	}
}

static void spawns(void)
{
	char name[512], *arguments[] = { (char *)(uintptr_t)self, name,
					 (char *)(uintptr_t)"now", NULL };
	pid_t pid;

	for (int i = 0; i < 4; i++) {
		name_of(name, sizeof(name), i);
		unlink(name);
		some(12);
		if (posix_spawn(&pid, self, NULL, NULL, arguments, environ))
			_exit(14);
		wait_for(name);
	}
}

/* --- how many ----------------------------------------------------------------------- */

/* COUNT live blocks, a part of which comes and goes. */
static void many(void)
{
	const char *text = getenv("COUNT");
	long count = text ? atol(text) : 100000;

	for (long i = 0; i < count; i++) {
		leak(16);
		if (i % 16 == 0)
			free(leak(40));
	}
}

/*
 * For $SECONDS, $RATE allocations a second by 200 threads: each its share, by
 * the clock. A block lives until its thread's next round, a tenth of a second;
 * in the first sixth of the time one in 1,000 stays for good.
 */
static long soak_seconds, soak_rate;

static void soak_round(void **blocks, long round, long share, long number)
{
	for (long i = 0; i < share; i++) {
		long count = round * share + i;

		if (round > 10 * soak_seconds / 6 || count % 1000 != number)
			free(blocks[i]);
		blocks[i] = leak(16 + (size_t)(count * 37 % 1000));
	}
}

static void *soak_thread(void *number)
{
	long share = soak_rate / THREADS / 10 % 65;
	void *blocks[64] = { NULL };
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (long round = 0; round < 10 * soak_seconds; round++) {
		soak_round(blocks, round, share, (long)(uintptr_t)number);
		next.tv_nsec += 100000000;
		next.tv_sec += next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	return NULL;
}

static void soak(void)
{
	const char *seconds = getenv("SECONDS"), *rate = getenv("RATE");
	pthread_t threads[THREADS];

	soak_seconds = seconds ? atol(seconds) : 10;
	soak_rate = rate ? atol(rate) : 20000;
	for (uintptr_t i = 0; i < THREADS; i++)
		threads[i] = start((int)i, soak_thread, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* The same twice, with a pause until FILE.1 is there. */
static void again(void)
{
	char name[512];

	plain();
	name_of(name, sizeof(name), 0);
	tell(name);
	name_of(name, sizeof(name), 1);
	wait_for(name);
	plain();
}

static void deeply(void) { deep(100); }

/* Of another allocator: what is no matter of the C library's. */
static void several(void)
{
	plain();
	reallocs();
	reallocarrays();
	callocs();
	aligned();
	posix_memaligns();
	large();
	in_library();
	handlers();
	longjmps();
	other_thread();
	threads();
}

static const struct {
	const char *name;
	void (*run)(void);
} uses[] = {
	{ "plain", plain },
	{ "now", plain },
	{ "realloc", reallocs },
	{ "reallocarray", reallocarrays },
	{ "calloc", callocs },
	{ "aligned", aligned },
	{ "posix_memalign", posix_memaligns },
	{ "large", large },
	{ "deep", deeply },
	{ "library", in_library },
	{ "handler", handlers },
	{ "longjmp", longjmps },
	{ "context", contexts },
	{ "other", other_thread },
	{ "threads", threads },
	{ "cancel", cancels },
	{ "mmap", mmaps },
	{ "munmap", munmaps },
	{ "mremap", mremaps },
	{ "fork", one_fork },
	{ "exec", execs },
	{ "vfork", vforks },
	{ "spawn", spawns },
	{ "processes", processes },
	{ "many", many },
	{ "several", several },
	{ "again", again },
	{ "soak", soak },
};

int main(int argc, char **argv)
{
	const char *use = argc == 3 ? argv[2] : "";

	self = argv[0];
	file = argv[1];
	if (strcmp(use, "now")) {
		wait_for_begin();
		start_counting();
	} else { /* it ends with who has started it */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		if (strcmp(uses[i].name, use))
			continue;
		uses[i].run();
		tell(file);
		for (;;)
			pause();
	}
	return 1;
}
