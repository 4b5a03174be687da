/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * odd.c - stacks of frames that are hard to leave, in an order that a seed
 * decides: frames with a variable part, realigned ones, one larger than a page,
 * signal handlers on the same stack and on one of their own. Each stack ends in
 * a malloc(). Two threads.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

#define DEPTH 9u
#define ROUNDS 3000000u

typedef uint64_t (*frame_fn)(unsigned int depth, uint64_t seed);
static uint64_t descend(unsigned int depth, uint64_t seed);
static volatile uint64_t sum;

#define FRAME static __attribute__((noinline)) uint64_t

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

FRAME aligned_variable(unsigned int depth, uint64_t seed)
{
	_Alignas(64) volatile char room[64] = { 1 };
	volatile char *more = alloca(16 + (seed >> 9 & 255));

	more[0] = 1;
	return descend(depth, seed) + (uint64_t)room[seed & 63] +
	       (uint64_t)more[0];
}

FRAME large(unsigned int depth, uint64_t seed)
{
	volatile char room[9000];

	room[seed & 8191] = 1;
	return descend(depth, seed) + (uint64_t)room[seed & 8191];
}

FRAME interrupted(unsigned int depth, uint64_t seed)
{
	raise(SIGUSR1);
	return descend(depth, seed);
}

FRAME elsewhere(unsigned int depth, uint64_t seed)
{
	raise(SIGUSR2);
	return descend(depth, seed);
}

static const frame_fn frames[] = { fixed,	saves,	   variable,
				   aligned,	large,	   fixed,
				   interrupted, elsewhere, aligned_variable };

static uint64_t descend(unsigned int depth, uint64_t seed)
{
	void *block;

	seed = seed * 6364136223846793005u + 1442695040888963407u;
	if (depth)
		return frames[(seed >> 33) % 9](depth - 1, seed) + 1;
	block = malloc(16 + (seed >> 60));
	__asm__ volatile("" : "+r"(block));
	free(block);
	return sum;
}

static void handler(int signal)
{
	sum += descend((unsigned int)signal & 3, sum);
}

static void *run(void *seed)
{
	static _Thread_local char other[65536];
	stack_t stack = { .ss_sp = other, .ss_size = sizeof(other) };

	sigaltstack(&stack, NULL);
	for (uint64_t i = 0; i < ROUNDS; i++)
		sum += descend(i % DEPTH, i % 4096 + (uintptr_t)seed);
	return NULL;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler };
	pthread_t thread;

	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR2, &action, NULL);
	pthread_create(&thread, NULL, run, (void *)7);
	run(NULL);
	return pthread_join(thread, NULL);
}
