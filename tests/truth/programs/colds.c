/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What GCC moves into .cold parts, far from their functions: calls that do not
 * return, blocks of switches, code that jumps back with nothing called.
 */
#include "run.h"

#define COLD __attribute__((cold)) KEEP static

struct call {
	struct place place;
	unsigned depth, x;
};

/* Does not return: what stands behind it is another function's. */
__attribute__((noreturn)) COLD void fails(struct call *call, unsigned by)
{
	sink += next(call->depth, by);
	place_go(&call->place);
}

COLD unsigned rarely(unsigned depth, unsigned x)
{
	sink++;
	return next(depth / 2, x) ^ 3;
}

COLD void counts(unsigned x)
{
	sink += x;
}

KEEP static unsigned checks(struct call *call, unsigned depth, unsigned x)
{
	unsigned words[5], sum = x;

	touch(words, sizeof(words), x);
	if (x % 3 == 0)
		fails(call, sum + 1);
	sum += next(depth, x);
	if (sum % 3 == 0)
		fails(call, sum + words[1]);
	return sum + words[0];
}

/* Three of its calls end where this one goes on. */
KEEP static unsigned cold_end(unsigned depth, unsigned x)
{
	struct call call = { .depth = depth / 2, .x = x };

	if (place_mark(&call.place))
		return call.x + leaf(x);
	return checks(&call, depth, x);
}

/* The only call is one that does not return. */
KEEP static void only(struct call *call, unsigned x)
{
	if (x & 1)
		fails(call, x + 9);
	sink += x;
}

KEEP static unsigned cold_only(unsigned depth, unsigned x)
{
	struct call call = { .depth = depth / 2, .x = x };

	if (!place_mark(&call.place))
		only(&call, x);
	return call.x;
}

KEEP static unsigned cold_cases(unsigned depth, unsigned x)
{
	unsigned words[3] = { x, sink, x + 1 };

	touch(words, sizeof(words), x);
	switch (x % 9) {
	case 0:
		words[0] += rarely(depth, x);
		break;
	case 1:
		words[1] ^= next(depth, x);
		break;
	case 2:
		words[2] += leaf(x);
		break;
	case 3:
		words[0] -= rarely(depth, x + 1); /* fallthrough */
	case 4:
		words[1] += next(depth / 2, x);
		break;
	case 5:
		counts(x);
		break;
	case 6:
		words[2] = next(depth / 3, x) | 1;
		break;
	case 7:
		words[0] = leaf(words[1]);
		break;
	default:
		words[1] += rarely(depth, words[2]);
		break;
	}
	return words[0] + words[1] + words[2];
}

/* In a loop with arguments on the stack: a frame of another size for a while. */
KEEP static unsigned nine(unsigned a, unsigned b, unsigned c, unsigned d,
			  unsigned e, unsigned f, unsigned g, unsigned h,
			  unsigned i)
{
	return a + b * c + d * e + f + g + next(h / 2, i);
}

KEEP static unsigned cold_pushes(unsigned depth, unsigned x)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < 4; i++) {
		if (x >> i & 1)
			sum += rarely(depth / 2,
				      nine(1, 2, 3, 4, 5, x, i, depth, x));
		else
			counts(sum);
		sum += i;
	}
	return sum;
}

static const shape_fn shapes[] = { cold_end, cold_only, cold_cases,
				   cold_pushes };
const struct shape_list colds_list = { shapes, COUNT(shapes) };
