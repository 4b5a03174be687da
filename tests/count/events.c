/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * events [threads|forks|spin|naps|waits|stays|mixed] - does what is counted in known ways, without
 * frame pointers, and prints the truth, a line each: what, the functions outwards up to
 * main or start, how often.
 *
 *	call first_way way main 700
 *	cpu burn_much main 0.301	seconds of processor time
 *	away long_naps naps main 12	how often it left its processor
 *	off long_naps naps main 0.512	seconds that it was off it
 *	live leaks mixed main 6400	bytes that are not freed
 */
#define _GNU_SOURCE
#include "tests/live/begin.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ALONE __attribute__((noinline, noclone))

static volatile unsigned long sum;

ALONE long counted(long n)
{
	char room[64];

	room[n & 63] = (char)n;
	__asm__ volatile("" : : "r"(room) : "memory");
	sum += (unsigned long)n;
	return (long)sum;
}

ALONE static long asks_kernel(long n)
{
	return syscall(SYS_getpgid, 0) + n;
}

ALONE static long first_way(long n)
{
	return counted(n) + asks_kernel(n) + 1;
}

ALONE static long second_way(long n)
{
	long got = counted(n + 1) + 2;

	return got + counted(got);
}

ALONE static long way(long n)
{
	return n % 4 ? first_way(n) + 1 : second_way(n) + 1;
}

static void *thread_way(void *arg)
{
	for (long i = 0; i < 200; i++)
		sum += (unsigned long)first_way(i);
	return arg;
}

/* Processor time of this thread. */
static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

#define BURN(name)                                           \
	ALONE static void name(unsigned long rounds)         \
	{                                                    \
		while (rounds--)                             \
			__asm__ volatile("" : : : "memory"); \
	}
BURN(burn_little)
BURN(burn_much)

ALONE static double burnt(void (*burn)(unsigned long), unsigned long rounds)
{
	double start = now();

	burn(rounds);
	return now() - start;
}

/* So many rounds take a tenth of a second, here and now. */
ALONE static unsigned long calibrate(void)
{
	unsigned long rounds = 1000000;

	while (burnt(burn_little, rounds) < 0.1)
		rounds *= 2;
	return rounds;
}

ALONE static void spin(void)
{
	unsigned long rounds = calibrate();
	double little, much;

	wait_for_begin();
	little = burnt(burn_little, 4 * rounds);
	much = burnt(burn_much, 12 * rounds);
	printf("cpu burn_little burnt spin main %f\n", little);
	printf("cpu burn_much burnt spin main %f\n", much);
}

/* --- off its processor ------------------------------------------------------ */

/* What the kernel says of this thread. */
struct times {
	double wall, on;
	long away;
};

static struct times times_now(void)
{
	struct timespec wall;
	struct rusage usage;

	clock_gettime(CLOCK_MONOTONIC, &wall);
	getrusage(RUSAGE_THREAD, &usage);
	return (struct times){
		.wall = (double)wall.tv_sec + (double)wall.tv_nsec / 1e9,
		.on = now(),
		.away = usage.ru_nvcsw + usage.ru_nivcsw,
	};
}

/* At a known depth. */
ALONE static void nap(int deeper, long ms)
{
	const struct timespec time = { 0, ms * 1000000 };

	if (deeper)
		nap(deeper - 1, ms);
	else
		nanosleep(&time, NULL);
	__asm__ volatile("" : : : "memory");
}

static struct times spent[2];

#define NAPS(name, which, count, depth, ms)                \
	ALONE static void name(void)                       \
	{                                                  \
		struct times start = times_now(), end;     \
                                                           \
		for (int i = 0; i < (count); i++)          \
			nap(depth, ms);                    \
		end = times_now();                         \
		spent[which].wall = end.wall - start.wall; \
		spent[which].on = end.on - start.on;       \
		spent[which].away = end.away - start.away; \
	}
NAPS(short_naps, 0, 100, 3, 2)
NAPS(long_naps, 1, 4, 40, 200)

ALONE static void naps(void)
{
	short_naps();
	long_naps();
}

static void print_naps(void)
{
	static const char *const names[] = { "short_naps", "long_naps" };

	for (int i = 0; i < 2; i++) {
		printf("away %s naps main %ld\n", names[i], spent[i].away);
		printf("off %s naps main %f\n", names[i],
		       spent[i].wall - spent[i].on);
	}
}

/* A thread that nothing wakes. */
static void *waits_forever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

ALONE static void waits(void)
{
	pthread_t id;

	pthread_create(&id, NULL, waits_forever, NULL);
	nap(3, 500);
}

ALONE static void calls(void)
{
	for (long i = 0; i < 1000; i++)
		sum += (unsigned long)way(i);
}

static void print_calls(int times)
{
	printf("call first_way way calls %d\n", times * 750);
	printf("call second_way way calls %d\n", times * 500);
	printf("kernel asks_kernel first_way way calls %d\n", times * 750);
}

static void *volatile block;

ALONE static void leaks(void)
{
	for (int i = 0; i < 100; i++)
		block = malloc(64);
}

/* Something of each event; then it stays. */
ALONE static void mixed(void)
{
	leaks();
	calls();
	spin();
	printf("live leaks mixed main 6400\n");
	print_calls(1);
}

static void threads(void)
{
	pthread_t ids[8];

	for (int i = 0; i < 8; i++)
		pthread_create(&ids[i], NULL, thread_way, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(ids[i], NULL);
	printf("call first_way thread_way 1600\n");
	printf("kernel asks_kernel first_way thread_way 1600\n");
}

static void forks(void)
{
	for (int i = 0; i < 5; i++) {
		if (!fork()) {
			calls();
			_exit(0);
		}
		wait(NULL);
	}
	print_calls(5);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "spin")) {
		spin();
	} else {
		wait_for_begin();
		if (!strcmp(what, "threads")) {
			threads();
		} else if (!strcmp(what, "forks")) {
			forks();
		} else if (!strcmp(what, "naps")) {
			naps();
			print_naps();
		} else if (!strcmp(what, "waits") || !strcmp(what, "stays")) {
			waits();
		} else if (!strcmp(what, "mixed")) {
			mixed();
		} else {
			calls();
			print_calls(1);
		}
	}
	fflush(stdout);
	tell_done();
	if (!strcmp(what, "stays"))
		pause();
	return 0;
}
