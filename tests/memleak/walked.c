/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * walked WHAT: the same blocks in each run, from stacks that are hard to walk. First
 * each of them is made and freed, until there is a line on stdin; then it is made
 * ten times and kept.
 *
 *   odd	frames with a variable part, realigned, larger than a page, with
 *		callee-saved registers, and signal handlers on the same stack
 *   stays	the same, and it does not end
 *   threads	the same in eight threads
 *   stacks	the same on stacks that change: contexts on memory that ends farther
 *		and still has what was there; in the first thread, and in others, one
 *		after another at one place
 *   forks	the same in four children that are forked, and in their threads
 *   many	the same in forty children, a few times
 *   execs	… that run this program anew
 *   plugs A B	through two libraries by turns, at one address
 *
 * Children, libraries: so many rounds, without a line.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define KEEP __attribute__((noipa))
#define SEEDS 24u
#define ROUNDS 10
#define WARM 40
#define CHILDREN 4

typedef uint64_t (*frame_fn)(unsigned int depth, uint64_t seed);
static uint64_t descend(unsigned int depth, uint64_t seed);
static _Thread_local int keep;
static volatile uint64_t sum;

#define FRAME static KEEP uint64_t

FRAME fixed(unsigned int depth, uint64_t seed)
{
	volatile uint64_t room[4] = { seed };

	return descend(depth, seed) + room[0];
}

FRAME saves(unsigned int depth, uint64_t seed)
{
	uint64_t a = seed * 3, b = seed * 5, c = seed * 7, d = seed * 11,
		 e = seed * 13;

	sum += descend(depth, seed);
	sum += descend(depth / 2, ~seed);
	return a ^ b ^ c ^ d ^ e;
}

FRAME variable(unsigned int depth, uint64_t seed)
{
	volatile char *room = alloca(16 + (seed >> 7 & 255));

	room[0] = 1;
	return descend(depth, seed) + (uint64_t)room[0];
}

FRAME aligned(unsigned int depth, uint64_t seed)
{
	_Alignas(64) volatile char room[128] = { 1 };

	return descend(depth, seed) + (uint64_t)room[seed & 127];
}

FRAME large(unsigned int depth, uint64_t seed)
{
	volatile char room[5000];

	room[seed & 4095] = 1;
	return descend(depth, seed) + (uint64_t)room[seed & 4095];
}

FRAME interrupted(unsigned int depth, uint64_t seed)
{
	raise(SIGUSR1);
	return descend(depth, seed);
}

static const frame_fn frames[] = { fixed,   saves, variable,   aligned,
				   aligned, large, interrupted };
#define FRAMES (sizeof(frames) / sizeof(frames[0]))

/* What the chain of frames is, the seed tells; not what they have computed. */
static KEEP uint64_t descend(unsigned int depth, uint64_t seed)
{
	void *block;

	seed = seed * 6364136223846793005u + 1442695040888963407u;
	if (depth)
		return frames[(seed >> 33) % FRAMES](depth - 1, seed) + 1;
	block = malloc(16 + (seed >> 60));
	__asm__ volatile("" : "+r"(block));
	if (!keep)
		free(block);
	return sum;
}

static void handler(int signal)
{
	sum += descend((unsigned int)signal & 3, 7);
}

static KEEP void work(int keeps)
{
	keep = keeps;
	for (unsigned int i = 0; i < SEEDS; i++)
		sum += descend(i % 7, i);
	keep = 0;
}

static void some_ms(long ms)
{
	const struct timespec time = { 0, ms * 1000000 };

	nanosleep(&time, NULL);
}

static int is_told(void)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };

	return poll(&in, 1, 0) > 0;
}

static KEEP void until_told(void)
{
	while (!is_told()) {
		work(0);
		some_ms(2);
	}
	for (int i = 0; i < ROUNDS; i++)
		work(1);
}

static KEEP void rounds(int warm, int kept)
{
	for (int i = 0; i < warm; i++) {
		work(0);
		some_ms(5);
	}
	for (int i = 0; i < kept; i++)
		work(1);
}

static KEEP void warm(void)
{
	rounds(WARM, ROUNDS);
}

/* --- stacks that change ----------------------------------------------------------- */

#define SMALL (8u << 10)
#define LARGE (16u << 10)

static _Thread_local ucontext_t back, own;
static _Thread_local int keeps_there;
static _Thread_local size_t size_there;

/* Most of its bytes are those that were there before. */
FRAME gap(unsigned int depth, uint64_t seed)
{
	volatile char room[1500];

	room[seed] = 1;
	return (depth ? gap(depth - 1, seed) : descend(0, seed)) +
	       (uint64_t)room[seed];
}

static void there(void)
{
	unsigned int least = size_there == LARGE ? 4 : 0;

	keep = keeps_there;
	for (unsigned int i = 0; i < 3; i++)
		sum += gap(least + i, i);
	keep = 0;
}

/* The memory above `size` is not there: a copy of the stack ends with it. */
static KEEP void on_context(char *memory, size_t size, int keeps)
{
	keeps_there = keeps;
	size_there = size;
	mprotect(memory, LARGE, PROT_NONE);
	mprotect(memory, size, PROT_READ | PROT_WRITE);
	getcontext(&own);
	own.uc_stack.ss_sp = memory;
	own.uc_stack.ss_size = size;
	own.uc_link = &back;
	makecontext(&own, there, 0);
	swapcontext(&back, &own);
}

static KEEP void on_stacks(char *memory, int keeps)
{
	work(keeps);
	on_context(memory, SMALL, keeps);
	on_context(memory, LARGE, keeps);
	work(keeps);
}

static KEEP void stacks_until_told(void)
{
	char *memory = mmap(NULL, LARGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	while (!is_told()) {
		on_stacks(memory, 0);
		some_ms(2);
	}
	for (int i = 0; i < ROUNDS; i++)
		on_stacks(memory, 1);
	munmap(memory, LARGE);
}

static void *in_thread(void *way)
{
	((void (*)(void))way)();
	return NULL;
}

/* `count` of them at a time. */
static void threads(int count, void (*way)(void))
{
	pthread_t thread[8];

	for (int i = 0; i < count; i++)
		pthread_create(&thread[i], NULL, in_thread, (void *)way);
	for (int i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
}

/* One after another, each on the same memory, of which it has more or less. */
static void threads_there(void (*way)(void))
{
	size_t most = 512u << 10;
	char *memory = mmap(NULL, most, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t size = most / 4; size <= most; size += most / 4) {
		pthread_attr_t attr;
		pthread_t thread;

		pthread_attr_init(&attr);
		pthread_attr_setstack(&attr, memory, size);
		if (!pthread_create(&thread, &attr, in_thread, (void *)way))
			pthread_join(thread, NULL);
		pthread_attr_destroy(&attr);
	}
}

/* One ends when all have done their work, and then this one ends: a report in
 * between would forget it. */
static void children(int count, const char *self, int exec)
{
	int done[2], end[2];
	char byte;

	if (pipe(done) || pipe(end))
		return;
	for (int i = 0; i < count; i++) {
		if (fork())
			continue;
		if (exec) {
			dup2(done[1], 8);
			dup2(end[0], 9);
			close(end[1]);
			execl(self, self, "child", (char *)NULL);
			_exit(1);
		}
		close(end[1]);
		if (count > CHILDREN) {
			rounds(10, 1);
		} else {
			warm();
			threads(2, warm);
		}
		write(done[1], "", 1);
		read(end[0], &byte, 1);
		_exit(0);
	}
	for (int i = 0; i < count; i++)
		read(done[0], &byte, 1);
}

static void child(void)
{
	char byte;

	warm();
	threads(2, warm);
	write(8, "", 1);
	read(9, &byte, 1);
}

static void through(void)
{
	work(keep);
}

static void plugs(char **paths)
{
	for (int i = 0; i < 8; i++) {
		void *plug = dlopen(paths[i % 2], RTLD_NOW);
		void (*call)(void (*back)(void)) =
			(void (*)(void (*)(void)))dlsym(plug, "plug_call");

		for (int k = 0; k < WARM; k++) {
			keep = 0;
			call(through);
			some_ms(5);
		}
		for (int k = 0; k < ROUNDS; k++) {
			keep = 1;
			call(through);
		}
		keep = 0;
		some_ms(200); /* what is sent is looked at while it is there */
		dlclose(plug);
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = handler };
	const char *what = argc > 1 ? argv[1] : "";

	sigaction(SIGUSR1, &action, NULL);
	if (!strcmp(what, "odd"))
		until_told();
	else if (!strcmp(what, "stays")) {
		until_told();
		pause();
	} else if (!strcmp(what, "threads"))
		threads(8, until_told);
	else if (!strcmp(what, "stacks")) {
		stacks_until_told();
		threads_there(stacks_until_told);
	} else if (!strcmp(what, "forks"))
		children(CHILDREN, argv[0], 0);
	else if (!strcmp(what, "many"))
		children(10 * CHILDREN, argv[0], 0);
	else if (!strcmp(what, "execs"))
		children(CHILDREN, "/proc/self/exe", 1);
	else if (!strcmp(what, "child"))
		child();
	else if (!strcmp(what, "plugs") && argc == 4)
		plugs(argv + 2);
	else
		return 2;
	return 0;
}
