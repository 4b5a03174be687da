/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* libc between our frames: callbacks from qsort and twalk, longjmp, and
 * functions of libc's own that are hard to follow. */
#define leaf visit_leaf /* its name for the last of an enum */
#include <search.h>
#undef leaf
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

static unsigned below; /* the depth for callbacks */

KEEP static int compare(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	if (((x ^ y) & 63) == 5)
		sink += next(below / 2, x);
	return (x > y) - (x < y);
}

KEEP static unsigned sorts(unsigned depth, unsigned x)
{
	unsigned values[24], key;

	for (unsigned i = 0; i < COUNT(values); i++)
		values[i] = (x * 7919 + i * 104729) % 1009;
	below = depth;
	qsort(values, COUNT(values), sizeof(*values), compare);
	key = values[x % COUNT(values)];
	return bsearch(&key, values, COUNT(values), sizeof(*values), compare) !=
	       NULL;
}

KEEP static void visit(const void *node, VISIT order, int level)
{
	if (order == visit_leaf || order == postorder)
		sink += next(below / 3, **(unsigned *const *)node) +
			(unsigned)level;
}

KEEP static void drop(void *key)
{
	(void)key;
}

KEEP static unsigned walks(unsigned depth, unsigned x)
{
	unsigned values[5];
	void *root = NULL;

	below = 0;
	for (unsigned i = 0; i < COUNT(values); i++) {
		values[i] = (x * 31 + i * 17) % 97;
		tsearch(&values[i], &root, compare);
	}
	below = depth;
	twalk(root, visit);
	tdestroy(root, drop);
	return values[x % 5];
}

KEEP static unsigned prints(unsigned depth, unsigned x)
{
	char text[64];

	snprintf(text, sizeof(text), "%u %s %g %5.2f", x, "text", x / 7.0,
		 (double)x);
	return next(depth, (unsigned)strlen(text)) + (unsigned char)text[0];
}

KEEP static unsigned reads(unsigned depth, unsigned x)
{
	unsigned a = 0;
	char text[24], *block = strdup("17 -4");

	snprintf(text, sizeof(text), "%u", x);
	if (block && sscanf(block, "%u", &a) == 1)
		a += (unsigned)strtoul(text, NULL, 10);
	free(block);
	return next(depth, a);
}

static jmp_buf back;

__attribute__((noreturn)) KEEP static void leaves(unsigned x)
{
	sink += leaf(x);
	longjmp(back, 1);
}

KEEP static unsigned jumps(unsigned depth, unsigned x)
{
	volatile unsigned kept = x;
	unsigned r = next(depth, x);

	if (setjmp(back))
		return kept;
	if (r & 1)
		leaves(r);
	return r;
}

static const shape_fn shapes[] = { sorts, walks, prints, reads, jumps };
const struct shape_list libc_list = { shapes, COUNT(shapes) };
