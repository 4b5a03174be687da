/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Functions that call each other, and do something after each call, so that none
 * of the calls is a jump. */
#include "program.h"

/* In nobody's memory, with an operating system or without. */
#define NOWHERE ((uintptr_t)0 - 4096)
#define DEPTH 1000

static volatile int counter;

typedef int (*write_fn)(int *where, int value);

FRAME static int write_register(int *where, int value)
{
	*(volatile int *)where = value;
	counter++;
	return value;
}

/* Where the last call goes is not known when this is compiled. */
static write_fn volatile driver = write_register;

FRAME static int set_led(int *where, int value)
{
	int result = driver(where, value + 1);

	counter++;
	return result + 1;
}

/* A frame that needs more than a few words, and saved registers. */
FRAME static int parse_packet(int *where, int size)
{
	volatile int packet[64];
	int i, sum = 0;

	for (i = 0; i < 64; i++)
		packet[i] = size + i;
	sum = set_led(where, packet[size & 63]);
	for (i = 0; i < 64; i++)
		sum += packet[i];
	return sum;
}

FRAME static int poll_device(int *where)
{
	int result = parse_packet(where, counter);

	counter++;
	return result + 1;
}

FRAME static int crash(void)
{
	int result = poll_device((int *)NOWHERE);

	counter++;
	return result;
}

/* Jumps to where there is no code: frame 0 is in none. */
FRAME static int wild_call(void)
{
	int (*volatile nowhere)(void) = (int (*)(void))NOWHERE;
	int result = nowhere();

	counter++;
	return result + 1;
}

FRAME static int recurse(int depth)
{
	volatile int filler[16];

	filler[depth & 15] = depth;
	if (depth == 1)
		return crash() + 1;
	return recurse(depth - 1) + filler[depth & 15];
}

FRAME static int run_mode(char mode)
{
	switch (mode) {
	case 'd':
		return recurse(DEPTH) + 3;
	case 'w':
		return wild_call() + 4;
	default:
		return crash() + 5;
	}
}

FRAME int program_run(const char *mode)
{
	int result = run_mode(mode[0]);

	counter++;
	return result;
}

static bool is_word(const char *text, const char *word)
{
	while (*text && *text == *word) {
		text++;
		word++;
	}
	return *text == *word;
}

bool program_knows(const char *mode)
{
	return is_word(mode, "null") || is_word(mode, "wild") ||
	       is_word(mode, "deep");
}
