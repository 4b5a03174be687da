/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Calls: recursion, tail calls, function pointers, callbacks, small frames and
 * those that save all they can. */
#include "run.h"

KEEP static unsigned odd(unsigned n, unsigned depth, unsigned x);
KEEP static unsigned even(unsigned n, unsigned depth, unsigned x)
{
	if (n == 0)
		return next(depth, x);
	return odd(n - 1, depth, x + 1) + n;
}

KEEP static unsigned odd(unsigned n, unsigned depth, unsigned x)
{
	unsigned char bytes[24];

	touch(bytes, sizeof(bytes), n);
	if (n < 2)
		return next(depth, x) + bytes[1];
	return even(n - 1, depth, x) + bytes[0];
}

KEEP static unsigned mutual(unsigned depth, unsigned x)
{
	return even(x % 4, depth, x) ^ 1;
}

KEEP static unsigned tree(unsigned level, unsigned depth, unsigned x)
{
	unsigned r;

	if (level == 0)
		return x & 7 ? leaf(x) : next(depth, x);
	r = tree(level - 1, depth / 2, 2 * x);
	return r + tree(level - 1, depth, 2 * x + 1) + level;
}

KEEP static unsigned recursive(unsigned depth, unsigned x)
{
	return tree(1 + x % 3, depth, x) + 1;
}

/* --- sorting, with a function that compares --- */

typedef int (*compare_fn)(const unsigned *a, const unsigned *b, unsigned depth);

KEEP static int up(const unsigned *a, const unsigned *b, unsigned depth)
{
	if (((*a ^ *b) & 31) == 7)
		sink += next(depth / 2, *a);
	return (*a > *b) - (*a < *b);
}

KEEP static int down(const unsigned *a, const unsigned *b, unsigned depth)
{
	(void)depth;
	return (*a < *b) - (*a > *b);
}

KEEP static void sort(unsigned *values, unsigned count, compare_fn compare,
		      unsigned depth)
{
	unsigned i = 0, last = count - 1, held;

	if (count < 2)
		return;
	for (unsigned j = 0; j < last; j++) {
		if (compare(&values[j], &values[last], depth) > 0)
			continue;
		held = values[i];
		values[i++] = values[j];
		values[j] = held;
	}
	held = values[i];
	values[i] = values[last];
	values[last] = held;
	sort(values, i, compare, depth);
	sort(values + i + 1, count - i - 1, compare, depth);
}

KEEP static unsigned sorted(unsigned depth, unsigned x)
{
	unsigned values[9];

	for (unsigned i = 0; i < COUNT(values); i++)
		values[i] = (x * 7919 + i * 104729) % 1009;
	sort(values, COUNT(values), x & 1 ? up : down, depth);
	return values[x % COUNT(values)] + leaf(x);
}

/* --- tail calls --- */

KEEP static unsigned last_one(unsigned depth, unsigned x, unsigned a,
			      unsigned b)
{
	return next(depth, x + a) + b;
}

KEEP static unsigned by_jump(unsigned depth, unsigned x)
{
	if (x & 1)
		return next(depth, x);
	return last_one(depth, x, sink, 4);
}

KEEP static unsigned by_jump_framed(unsigned depth, unsigned x)
{
	unsigned r = leaf(x), s = leaf(r);

	if (r & 1)
		return last_one(depth, r, s, x);
	if (s & 1)
		sink += leaf(s);
	return by_jump(depth, r + s);
}

static const shape_fn pointers[] = { by_jump, by_jump_framed, mutual,
				     recursive };

KEEP static unsigned by_pointer_jump(unsigned depth, unsigned x)
{
	if (depth == 0)
		return leaf(x);
	return pointers[x & 3](depth - 1, x);
}

KEEP static unsigned by_pointer(unsigned depth, unsigned x)
{
	shape_fn f = pointers[x & 1];
	unsigned r = 0;

	if (depth == 0)
		return leaf(x);
	for (unsigned i = 0; i < 1 + x % 2; i++)
		r += f(i ? depth / 2 : depth - 1, x + i);
	return r + f(0, r);
}

/* Many values over one call. */
KEEP static unsigned all_saved(unsigned depth, unsigned x)
{
	unsigned a = leaf(x), b = leaf(a), c = leaf(b), d = leaf(c);
	unsigned e = leaf(d), f = leaf(e), g = leaf(f), h = leaf(g);
	unsigned i = leaf(h), j = leaf(i), k = leaf(j), l = leaf(k);

	x = next(depth, l);
	return x + a + b * c + d * e + f * g + h * i + j * k;
}

/* As little as can be. */
KEEP static unsigned tiny_3(unsigned depth, unsigned x)
{
	return next(depth, x) + 3;
}

KEEP static unsigned tiny_2(unsigned depth, unsigned x)
{
	return tiny_3(depth, x) + 2;
}

KEEP static unsigned tiny(unsigned depth, unsigned x)
{
	return tiny_2(depth, x) + 1;
}

/* Nothing is called behind the first test. */
KEEP static unsigned search(const unsigned *values, unsigned count,
			    unsigned key)
{
	unsigned low = 0;

	while (low < count) {
		unsigned middle = low + (count - low) / 2;

		if (values[middle] == key)
			return middle;
		if (values[middle] < key)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

KEEP static unsigned searched(unsigned depth, unsigned x)
{
	unsigned values[20];

	for (unsigned i = 0; i < COUNT(values); i++)
		values[i] = i * 3;
	return next(depth, search(values, COUNT(values), x % 60)) + values[4];
}

/* Left by a jump from below. */
KEEP static unsigned marked(unsigned depth, unsigned x)
{
	struct place place;
	volatile unsigned turns = 0;

	if (place_mark(&place) && turns++ > x % 2)
		return leaf(x) + turns;
	x += next(depth / (1 + turns), x);
	if (x & 1)
		place_go(&place);
	return x;
}

static const shape_fn shapes[] = {
	mutual,		recursive,	 sorted,     by_jump,
	by_jump_framed, by_pointer_jump, by_pointer, all_saved,
	tiny,		searched,	 marked,
};
const struct shape_list calls_list = { shapes, COUNT(shapes) };
