/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * joins wait|crash KIND N - main, caller, join_KIND and stopped: the last waits
 * for a line, or writes to where it must not. The frame of caller is told by
 * its frame pointer alone, which join_KIND (joins_TARGET.S) has to give back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP __attribute__((noinline, noclone))

typedef long (*function)(void);
typedef long (*join)(long n, function stop);

/* clang-format off */
#define KINDS(X)                                                      \
	X(alloca) X(words) X(loop) X(keep) X(fatal) X(fatal_first)    \
	X(cases) X(lost) X(realigned) X(probed) X(branch) X(aligned)
/* clang-format on */
#define DECLARE(kind) long join_##kind(long n, function stop);
#define ENTRY(kind) { #kind, join_##kind },
KINDS(DECLARE)

static const struct {
	const char *name;
	join call;
} kinds[] = { KINDS(ENTRY) };

static int crashes;
static int *volatile nowhere;
volatile long sink;

KEEP long stopped(void)
{
	char byte;

	if (crashes)
		*nowhere = 1;
	puts("ready");
	fflush(stdout);
	sink = fread(&byte, 1, 1, stdin) == 1;
	return sink;
}

/* For code that calls something that comes back, or does not. */
KEEP long nothing(void)
{
	return sink;
}

KEEP static long caller(join call, long n)
{
	char *room = __builtin_alloca((size_t)(n + 3) * 16);

	memset(room, 1, (size_t)(n + 3) * 16);
	sink = call(n, stopped) + room[n];
	return sink + room[1];
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 4)
		return 2;
	crashes = argv[1][0] == 'c';
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argv[2], kinds[i].name) == 0)
			return (int)caller(kinds[i].call, atol(argv[3])) & 1;
	return 2;
}
