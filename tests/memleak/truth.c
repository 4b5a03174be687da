/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * truth FILE WHAT: allocates and frees, counts itself what is left, by the
 * function that allocated it, and writes it to FILE, as lines "FUNCTION BLOCKS
 * BYTES". Then it waits, to be looked at. What is counted is decided here and
 * by nobody else: that is what a leak tool has to say.
 *
 *   leaks   one thread: malloc, calloc, realloc, free
 *   ended   the first thread has ended; another one does that
 *   ends    it ends when it is told to begin; when $BEGIN.late is there
 *   stacks  eight threads live on, 16 have ended, by pthread_create
 *   maps    mmap, and munmap of a start, a middle, an end, of two at once
 *   forks   a parent that forks eight children, which leak at once; FILE is of
 *           the parent, FILE.0, FILE.1 … of the children
 *   early   as forks, but the children are there when they are told to begin
 *   execs   as forks, and each child runs "truth FILE.N now"
 *   now     leaks, without waiting to be told to begin
 *   vforks  vfork, and the child runs "truth FILE.0 now"
 *   musl    as execs, of "$OTHER FILE.N now"
 *   short   as forks, and a child ends when it has written FILE.N
 */
#define _GNU_SOURCE
#include "../live/begin.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")
#define PAGE 4096ul

enum who {
	MALLOC,
	CALLOC,
	REALLOC,
	CHILD,
	MAP,
	WHO_COUNT
};
static const char *const names[] = { "by_malloc", "by_calloc", "by_realloc",
				     "in_child", "by_mmap" };
static struct {
	long blocks;
	long bytes;
} truth[WHO_COUNT];
static void *volatile kept;
static const char *file, *self;
static int short_lives, early;

static void count(enum who who, long blocks, long bytes)
{
	truth[who].blocks += blocks;
	truth[who].bytes += bytes;
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Under another name first: who waits for FILE finds it whole. */
static void tell(const char *name)
{
	char text[1024], new[512];
	size_t size = 0;
	int fd;

	for (int i = 0; i < WHO_COUNT; i++)
		if (truth[i].blocks)
			size += (size_t)snprintf(text + size,
						 sizeof(text) - size,
						 "%s %ld %ld\n", names[i],
						 truth[i].blocks,
						 truth[i].bytes);
	snprintf(new, sizeof(new), "%s.new", name);
	fd = open(new, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, text, size) != (ssize_t)size || close(fd) ||
	    rename(new, name))
		_exit(3);
}

static void wait_for_ever(void)
{
	for (;;)
		pause();
}

KEEP void *by_malloc(size_t size)
{
	void *block = malloc(size);

	AFTER_CALL;
	count(MALLOC, 1, (long)size);
	return block;
}

KEEP void *by_calloc(size_t size)
{
	void *block = calloc(3, size);

	AFTER_CALL;
	count(CALLOC, 1, 3 * (long)size);
	return block;
}

KEEP void *by_realloc(void *block, size_t size)
{
	void *other = realloc(block, size);

	AFTER_CALL;
	count(REALLOC, 1, (long)size);
	return other;
}

KEEP void in_child(size_t size)
{
	kept = malloc(size);
	AFTER_CALL;
	count(CHILD, 1, (long)size);
}

KEEP void *by_mmap(void *place, size_t size)
{
	void *at = mmap(place, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS |
				(place ? MAP_FIXED_NOREPLACE : 0),
			-1, 0);

	AFTER_CALL;
	if (at != MAP_FAILED)
		count(MAP, 1, (long)size);
	return at;
}

static void give_back(void *block, enum who who, size_t size)
{
	free(block);
	count(who, -1, -(long)size);
}

static void leaks(void)
{
	for (size_t i = 1; i <= 300; i++) {
		void *first = by_malloc(100 + i), *second = by_calloc(10 + i);

		if (i % 3 == 0)
			give_back(first, MALLOC, 100 + i);
		if (i % 5 == 0)
			give_back(second, CALLOC, 3 * (10 + i));
		if (i % 3 == 1) {
			by_realloc(first, 500 + i);
			count(MALLOC, -1, -(long)(100 + i));
		}
	}
}

/* --- threads --------------------------------------------------------------- */

static void wait_for_late(void)
{
	const char *begin = getenv("BEGIN");
	char name[4096];

	snprintf(name, sizeof(name), "%s.late", begin ? begin : "");
	if (begin)
		wait_for_file(name);
	else
		pause_ms(3000);
}

static void *work(void *late)
{
	wait_for_begin();
	if (late)
		wait_for_late();
	leaks();
	tell(file);
	wait_for_ever();
	return NULL;
}

static void ended(const char *late)
{
	pthread_t thread;

	pthread_create(&thread, NULL, work, (void *)late);
	if (late)
		wait_for_begin();
	pthread_exit(NULL);
}

static void *live_on(void *none)
{
	wait_for_ever();
	return none;
}

static void *end(void *none)
{
	return none;
}

static void stacks(void)
{
	pthread_t thread;

	for (int i = 0; i < 16; i++) {
		if (pthread_create(&thread, NULL, end, NULL))
			_exit(4);
		pthread_join(thread, NULL);
	}
	for (int i = 0; i < 8; i++)
		if (pthread_create(&thread, NULL, live_on, NULL))
			_exit(4);
	leaks();
}

/* --- mappings -------------------------------------------------------------- */

static void cut(char *at, size_t size)
{
	if (munmap(at, size))
		_exit(5);
	count(MAP, 0, -(long)size);
}

static void maps(void)
{
	char *at, *other;

	/* neighbours, so that one munmap can be of both */
	at = by_mmap(NULL, 64 * PAGE);
	cut(at, 2 * PAGE); /* its start */
	at = by_mmap(NULL, 64 * PAGE);
	cut(at + 60 * PAGE, 4 * PAGE); /* its end */
	at = by_mmap(NULL, 64 * PAGE);
	cut(at + 20 * PAGE, 10 * PAGE); /* its middle: two are left */
	count(MAP, 1, 0);
	cut(at + 40 * PAGE, 4 * PAGE); /* of what is left behind it */
	count(MAP, 1, 0);
	cut(at + 60 * PAGE, 4 * PAGE); /* its end once more */
	at = by_mmap(NULL, 1000 * PAGE);
	for (int i = 1; i < 1000; i += 2) { /* every other page */
		cut(at + (size_t)i * PAGE, PAGE);
		count(MAP, i < 999, 0);
	}
	at = by_mmap(NULL,
		     32 * PAGE); /* two that touch, and one munmap of both */
	other = by_mmap(at + 32 * PAGE, 32 * PAGE);
	if (other == at + 32 * PAGE)
		cut(at + 16 * PAGE, 32 * PAGE);
	at = by_mmap(NULL, 8 * PAGE);
	cut(at, 8 * PAGE); /* all of it */
	count(MAP, -1, 0);
}

/* --- processes ------------------------------------------------------------- */

#define CHILDREN 8
#define CHILD_LEAKS 100

static void name_of(char *name, size_t size, int child)
{
	snprintf(name, size, "%s.%d", file, child);
}

static void child(int number, int exec)
{
	char name[512];

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* it ends with its parent */
	if (early)
		wait_for_begin();
	if (!exec) {
		memset(truth, 0, sizeof(truth));
		for (int i = 0; i < CHILD_LEAKS; i++)
			in_child(1000 + (size_t)i);
	}
	name_of(name, sizeof(name), number);
	if (exec)
		execl(self, self, name, "now", NULL);
	tell(name);
	if (short_lives)
		_exit(0);
	wait_for_ever();
}

static void forks(int exec)
{
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (pid < 0)
			_exit(6);
		if (!pid)
			child(i, exec);
		pause_ms(20);
	}
}

static void vforks(void)
{
	char name[512];

	name_of(name, sizeof(name), 0);
	if (!vfork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(self, self, name, "now", NULL);
		_exit(7);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc == 3 ? argv[2] : "";

	if (argc != 3)
		return 1;
	self = argv[0];
	file = argv[1];
	if (!strcmp(what, "ended"))
		ended(NULL);
	if (!strcmp(what, "ends"))
		ended(what);
	short_lives = !strcmp(what, "short");
	if (!strcmp(what, "musl")) {
		self = getenv("OTHER");
		what = "execs";
	}
	if (short_lives)
		what = "forks";
	early = !strcmp(what, "early");
	if (early)
		forks(0);
	if (strcmp(what, "now"))
		wait_for_begin();
	if (early || !strcmp(what, "leaks") || !strcmp(what, "now"))
		leaks();
	else if (!strcmp(what, "stacks"))
		stacks();
	else if (!strcmp(what, "maps"))
		maps();
	else if (!strcmp(what, "forks") || !strcmp(what, "execs")) {
		leaks();
		forks(!strcmp(what, "execs"));
	} else if (!strcmp(what, "vforks"))
		vforks();
	else
		return 1;
	tell(file);
	wait_for_ever();
}
