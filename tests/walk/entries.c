/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * main -> enter -> first -> second -> third -> leaf, whose return addresses are known: each
 * function has noted its own, by the compiler's word for it.
 *
 *   entries FILE		writes them to FILE, innermost first, and ends
 *   entries FILE calls		then calls getppid() from the leaf for ever
 *   entries FILE works		then computes there, and reads /dev/zero
 *   entries FILE again		then calls first for ever, and the leaf allocates
 *
 * Linked to a fixed address: a run without probes tells it for one with them, of
 * which a return probe would change an address.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")
#define NOTE(level) (noted[level] = __builtin_return_address(0))

static void *volatile noted[4];
static void *volatile kept;
static volatile unsigned int sum;
static const char *mode = "";

KEEP void compute(unsigned int from)
{
	for (unsigned int i = from; i < from + 20000; i++)
		sum = sum * 31 + i;
}

static void for_ever(void)
{
	static char zeroes[1 << 16];
	int fd = open("/dev/zero", O_RDONLY);

	for (unsigned int i = 0;; i++) {
		if (!strcmp(mode, "calls")) {
			sum += (unsigned int)getppid();
			continue;
		}
		compute(i);
		if (read(fd, zeroes, sizeof(zeroes)) < 0)
			abort();
	}
}

KEEP void leaf(void)
{
	NOTE(0);
	kept = malloc(10);
	free(kept);
	if (!strcmp(mode, "calls") || !strcmp(mode, "works"))
		for_ever();
	AFTER_CALL;
}

KEEP void third(void)
{
	NOTE(1);
	leaf();
	AFTER_CALL;
}

KEEP void second(void)
{
	NOTE(2);
	third();
	AFTER_CALL;
}

KEEP void first(void)
{
	NOTE(3);
	second();
	AFTER_CALL;
}

/* The compiler may have main call twice; this one calls from one place. */
KEEP void enter(void)
{
	first();
	AFTER_CALL;
}

static int tell(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return 2;
	for (int i = 0; i < 4; i++)
		fprintf(file, "%lx\n", (unsigned long)noted[i]);
	return fclose(file) ? 2 : 0;
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int round = 0; !status && (round < 2 || !strcmp(mode, "again"));
	     round++) {
		enter();
		if (round == 0)
			status = argc > 1 ? tell(argv[1]) : 2;
		if (argc < 3)
			return status;
		mode = argv[2];
	}
	return status;
}
