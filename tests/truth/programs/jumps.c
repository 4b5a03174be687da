/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Jumps to where a register says, which nothing bounds: computed gotos, and
 * switches of as many cases as their value can have. They stand in frames that
 * only the frame pointer tells, and what is at the bottom of those are addresses
 * of code: a row that is wrong finds one where it looks for a return address.
 */
#include "run.h"

#define alloca __builtin_alloca

/* What profilers and collectors keep. */
KEEP static void note(void **words, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		words[i] = __builtin_return_address(0);
}

/* An interpreter's loop. */
KEEP static unsigned goto_alloca(unsigned depth, unsigned x)
{
	static const void *const ops[] = { &&add, &&call, &&mul, &&end };
	unsigned count = 4 + x % 20, a = x;
	void **words = alloca(count * sizeof(*words));

	note(words, count);
	goto *ops[x % 3];
add:
	a += next(depth / 2, 1) + 3;
	goto *ops[1 + a % 3];
call:
	a ^= next(depth, a);
	goto *ops[2 + a % 2];
mul:
	a *= next(depth / 2, 7);
	a += 5;
	goto *ops[3];
end:
	return a + (unsigned)(uintptr_t)words[count - 1];
}

KEEP static unsigned goto_aligned(unsigned depth, unsigned x)
{
	static const void *const ops[] = { &&one, &&two, &&three, &&end };
	_Alignas(32) void *words[16];
	unsigned a = x;

	note(words, COUNT(words));
	goto *ops[x % 4];
one:
	a += next(depth, a) | 1;
	goto *ops[1 + a % 3];
two:
	a ^= next(depth / 2, x);
	goto *ops[2 + a % 2];
three:
	a = 3 * next(depth / 3, a);
	goto *ops[3];
end:
	return a + (unsigned)(uintptr_t)words[x % 16];
}

/* No local that needs a frame pointer. */
KEEP static unsigned goto_plain(unsigned depth, unsigned x)
{
	static const void *const ops[] = { &&one, &&two, &&end };
	void *words[12];
	unsigned a = x;

	note(words, COUNT(words));
	goto *ops[x % 3];
one:
	a -= next(depth, a);
	goto *ops[1 + a % 2];
two:
	a ^= next(depth / 2, x) << 1;
	goto *ops[2];
end:
	return a + (unsigned)(uintptr_t)words[x % 12];
}

/* A value of two bits: no compiler compares it with 3. */
KEEP static unsigned switch_aligned(unsigned depth, unsigned x)
{
	_Alignas(32) void *words[16];
	unsigned r = x, turns = 1 + x % 2;

	note(words, COUNT(words));
	switch (x & 3) {
		do {
		case 0:
			r += next(depth / 2, r);
			/* fallthrough */
		case 3:
			r ^= next(depth, r);
			/* fallthrough */
		case 2:
			r += next(depth / 3, x);
			/* fallthrough */
		case 1:
			r += next(depth / 2, x);
		} while (--turns);
	}
	return r + (unsigned)(uintptr_t)words[x & 15];
}

KEEP static unsigned switch_alloca(unsigned depth, unsigned x)
{
	unsigned count = 1 + x % 13, r = x;
	void **words = alloca(count * sizeof(*words));

	note(words, count);
	switch (x & 7) {
	case 0:
		r += next(depth, x);
		break;
	case 1:
		r ^= next(depth / 2, x) * 3;
		break;
	case 2:
		r -= next(depth, r) / 3;
		break;
	case 3:
		r = next(depth / 2, x ^ 1);
		/* fallthrough */
	case 4:
		r |= next(depth / 2, r);
		break;
	case 5:
		r = ~next(depth, x);
		break;
	case 6:
		return r;
	case 7:
		r <<= next(depth / 2, 9) & 3;
		break;
	}
	return r + (unsigned)(uintptr_t)words[count - 1];
}

static const shape_fn shapes[] = { goto_alloca, goto_aligned, goto_plain,
				   switch_aligned, switch_alloca };
const struct shape_list jumps_list = { shapes, COUNT(shapes) };
