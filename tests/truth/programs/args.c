/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Arguments on the stack: pushed, stored, in loops and on one of two paths;
 * structures by value; calls that do not return behind pushes. */
#include "run.h"

#include <stdarg.h>

KEEP static unsigned ten(unsigned depth, unsigned a, unsigned b, unsigned c,
			 unsigned d, unsigned e, unsigned f, unsigned g,
			 unsigned h, unsigned i)
{
	unsigned x = next(depth, a + i);

	return x + a * b + c * d + e * f + g * h;
}

KEEP static unsigned eight(unsigned a, unsigned b, unsigned c, unsigned d,
			   unsigned e, unsigned f, unsigned depth, unsigned x)
{
	return next(depth, x) + a + b + c + d + e + f;
}

KEEP static unsigned fourteen(unsigned a, unsigned b, unsigned c, unsigned d,
			      unsigned e, unsigned f, unsigned g, unsigned h,
			      unsigned i, unsigned j, unsigned k, unsigned l,
			      unsigned depth, unsigned x)
{
	if (x & 1)
		return a + b + leaf(c);
	return next(depth, x) + d + e + f + g + h + i + j + k + l;
}

KEEP static unsigned pushes(unsigned depth, unsigned x)
{
	unsigned r = ten(depth, x, 2, 3, x + 4, 5, 6, x + 7, 8, 9);

	return r + eight(1, x, 3, 4, r, 6, depth / 3, x);
}

/* One of two calls with other numbers of arguments, then what both join. */
KEEP static unsigned pushes_either(unsigned depth, unsigned x)
{
	unsigned r;

	if (x % 5 < 2)
		r = ten(depth, x, 1, 2, 3, x, 5, 6, x, 8);
	else if (x % 5 == 3)
		r = fourteen(x, 2, x, 4, x, 6, x, 8, x, 10, 11, x, depth, x);
	else
		r = eight(x, x, 3, x, 5, 6, depth, x);
	sink += r;
	return r + leaf(x);
}

KEEP static unsigned pushes_loop(unsigned depth, unsigned x)
{
	unsigned r = 0;

	for (unsigned i = 0; i < 1 + x % 3; i++) {
		if (r & 1)
			r += leaf(r);
		r += ten(i ? depth / 2 : depth, i, x, r, 4, x, 6, r, 8, x);
	}
	return r;
}

/* Arguments that are calls themselves. */
KEEP static unsigned pushes_nested(unsigned depth, unsigned x)
{
	return ten(depth / 2, leaf(x), 2, next(depth / 2, x), 4, leaf(x + 1), 6,
		   x, leaf(x + 2), next(depth, x + 3));
}

/* A conditional expression between pushes. */
KEEP static unsigned pushes_choice(unsigned depth, unsigned x)
{
	return fourteen(x & 1 ? x : 2, x & 2 ? sink : x, 3, 4, x, 6,
			x & 4 ? x + 1 : x + 2, 8, x & 8 ? 3 : x, 10, x, 12,
			depth, x & 16 ? x : x + 2);
}

KEEP static unsigned sum(unsigned count, ...)
{
	unsigned total = 0;
	va_list list;

	va_start(list, count);
	for (unsigned i = 0; i < count; i++)
		total += va_arg(list, unsigned);
	total += next(va_arg(list, unsigned), total);
	va_end(list);
	return total;
}

KEEP static unsigned variadic(unsigned depth, unsigned x)
{
	if (x & 1)
		return sum(2, x, 3u, depth);
	if (x & 2)
		return sum(9, x, 2u, 3u, x, 5u, 6u, x, 8u, 9u, depth) + 1;
	return sum(0, depth) + sum(5, 1u, 2u, x, x, 5u, depth / 2);
}

struct large {
	unsigned words[25];
};
struct small {
	uint64_t wide;
	unsigned narrow;
};

KEEP static struct large make(unsigned depth, unsigned x)
{
	struct large l;

	for (unsigned i = 0; i < COUNT(l.words); i++)
		l.words[i] = x + i;
	l.words[3] += next(depth, x);
	return l;
}

KEEP static unsigned take(struct large l, unsigned depth, struct small s,
			  uint64_t wide, struct large m)
{
	unsigned x = next(depth, l.words[7] + (unsigned)s.wide);

	return x + l.words[x % 25] + m.words[x % 25] + (unsigned)(wide >> 7) +
	       s.narrow;
}

KEEP static unsigned by_value(unsigned depth, unsigned x)
{
	struct large l = make(depth / 2, x);
	struct small s = { (uint64_t)x << 20, x };

	if (x & 1)
		l.words[2] = take(l, depth / 2, s, x, l);
	return take(l, depth, s, (uint64_t)x * x, make(depth / 3, x));
}

/* Ends by a jump out, with arguments on the stack of its caller. */
__attribute__((noreturn)) KEEP void fatal(struct place *place, unsigned depth,
					  unsigned x, unsigned a, unsigned b,
					  unsigned c, unsigned d, unsigned e,
					  unsigned f, unsigned g)
{
	sink += next(depth, x) + a + b + c + d + e + f + g;
	place_go(place);
}

KEEP static unsigned checked(struct place *place, unsigned depth, unsigned x)
{
	if (UNLIKELY(x % 4 == 1))
		fatal(place, depth, x, 1, 2, x, 4, 5, x, 7);
	x += leaf(x);
	if (UNLIKELY(x % 4 == 2))
		fatal(place, depth, x, x, 2, 3, x, 5, 6, 7);
	return x + next(depth, x);
}

KEEP static unsigned jumped_over(unsigned depth, unsigned x)
{
	struct place place;

	if (place_mark(&place))
		return leaf(3);
	return checked(&place, depth, x) + 1;
}

static const shape_fn shapes[] = {
	pushes,	       pushes_either, pushes_loop, pushes_nested,
	pushes_choice, variadic,      by_value,	   jumped_over,
};
const struct shape_list args_list = { shapes, COUNT(shapes) };
