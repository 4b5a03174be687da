/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "run.h"

volatile unsigned sink;
volatile unsigned zero;

static unsigned seed = 2463534242u;
static const struct shape_list *lists[7];
static unsigned list_count;

KEEP unsigned pick(unsigned bound)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return (unsigned)(((seed >> 16) * bound) >> 16);
}

KEEP unsigned leaf(unsigned x)
{
	unsigned local[4] = { x, x + 1, sink, x ^ 5 };

	for (unsigned i = 0; i < 3; i++)
		local[i & 3] += local[(i + x) & 3];
	sink = local[x & 3];
	return local[2];
}

KEEP void touch(void *p, size_t size, unsigned x)
{
	volatile unsigned char *bytes = p;

	bytes[0] = (unsigned char)x;
	bytes[size - 1] = (unsigned char)(x >> 3);
	sink += bytes[size / 2];
}

KEEP unsigned next(unsigned depth, unsigned x)
{
	const struct shape_list *list;

	if (depth == 0)
		return leaf(x);
	list = lists[pick(list_count)];
	return list->shapes[pick(list->count)](depth - 1, x + pick(1000)) + 1;
}

static void add(const struct shape_list *list)
{
	if (list)
		lists[list_count++] = list;
}

KEEP void run(unsigned rounds)
{
	add(&args_list);
	add(&calls_list);
	add(&frames_list);
	add(&jumps_list);
	add(&libc_list);
	add(&paths_list);
	add(&shares_list);
	for (unsigned i = 0; i < rounds; i++)
		sink += next(2 + pick(9), i);
}

#ifdef WITH_LIBC
int main(void)
{
	run(100000);
	return 0;
}
#else
/* What compilers call on their own. */
void *memset(void *to, int byte, size_t size);
void *memset(void *to, int byte, size_t size)
{
	volatile unsigned char *p = to;

	while (size--)
		*p++ = (unsigned char)byte;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	volatile unsigned char *p = to;
	const unsigned char *q = from;

	while (size--)
		*p++ = *q++;
	return to;
}

/* start.S calls it with an aligned stack. */
int main(void);
int main(void)
{
	run(100000);
	return 0;
}
#endif
