/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Flow: parts that are seldom executed and stand elsewhere, switches, computed
 * gotos, joins, calls that do not return, registers first overwritten in a
 * loop. */
#include "run.h"

/* Not executed often: goes to .cold, with the frame of where it came from. */
KEEP static unsigned seldom(unsigned depth, unsigned x)
{
	unsigned a = x * 5, b = sink;

	if (UNLIKELY(x % 6 == 0)) {
		a += next(depth, x);
		if (UNLIKELY(a & 1))
			b += next(depth / 2, a);
		sink += a;
	}
	a += leaf(a);
	if (UNLIKELY(b % 7 == 3))
		return next(depth, b) + a;
	return a + b;
}

/* No frame but on the cold path. */
KEEP static unsigned seldom_framed(unsigned depth, unsigned x)
{
	if (UNLIKELY(x % 3 == 0)) {
		unsigned char bytes[48];

		touch(bytes, sizeof(bytes), x);
		x += next(depth, x);
		return x + bytes[3];
	}
	return x * 3 + sink;
}

__attribute__((cold)) KEEP static unsigned cold_callee(unsigned depth,
						       unsigned x)
{
	sink++;
	return next(depth, x) ^ 1;
}

KEEP static unsigned cold_calls(unsigned depth, unsigned x)
{
	unsigned words[6], sum = 0;

	touch(words, sizeof(words), x);
	for (unsigned i = 0; i < 3; i++) {
		if (x >> i & 1)
			sum += cold_callee(depth / 2, x);
		sum += i;
	}
	if (sum > 100000)
		sum += cold_callee(depth, sum);
	return sum + words[0];
}

/* A table of jumps. */
KEEP static unsigned cases(unsigned depth, unsigned x)
{
	unsigned r = x;

	/* clang-format off */
	switch (x % 24) {
	case 0: r += next(depth, x); break;
	case 1: r ^= 1; /* fallthrough */
	case 2: r += leaf(x); break;
	case 3: r *= 7; r += next(depth, r); break;
	case 4: return next(depth, x);
	case 5: r -= sink; break;
	case 6: sink = r; r += leaf(3); break;
	case 7: r += next(depth / 2, 7) * leaf(x); break;
	case 8: r >>= 2; break;
	case 9: r += next(depth, x) + x; sink += x; break;
	case 10: return 10;
	case 11: r += leaf(leaf(x)); break;
	case 12: r = next(depth, leaf(x)); break;
	case 13: r |= 1; break;
	case 14: if (sink & 1) r += next(depth, 14); break;
	case 15: while (r > 50) r = r / 2 + leaf(r) % 3; break;
	case 16: r += next(depth, 1); r += next(depth / 3, 2); break;
	case 17: return leaf(x) + r;
	case 18: r = ~r; break;
	case 19: r += sink ^ next(depth, 5); break;
	case 20: r -= 4; break;
	case 21: r += leaf(r) + next(depth, r); break;
	case 22: r += 22; break;
	default: r += next(depth, 23); break;
	}
	/* clang-format on */
	return r + leaf(r);
}

/* Several tables in one function, at other depths of the stack. */
KEEP static unsigned tables(unsigned depth, unsigned x)
{
	unsigned char *p = NULL;
	unsigned r = 0;

	/* clang-format off */
	switch (x % 9) {
	case 0: r = leaf(x); break;
	case 1: r = next(depth / 2, x); break;
	case 2: r = sink; break;
	case 3: r = x ^ leaf(3); break;
	case 4: r = 4; break;
	case 5: r = next(depth, 5); break;
	case 6: r = leaf(6) + 1; break;
	case 7: r = 7 * x; break;
	default: r = leaf(2) - x; break;
	}
	/* clang-format on */
	if (x & 1) {
		p = __builtin_alloca(r % 50 + 1);
		touch(p, r % 50 + 1, x);
	}
	/* clang-format off */
	switch (r % 8) {
	case 0: r += next(depth, x); break;
	case 1: r += leaf(1); break;
	case 2: r ^= next(depth, r); break;
	case 3: r = leaf(r) * 3; break;
	case 4: sink += r; break;
	case 5: return next(depth, 3);
	case 6: r += 6; break;
	default: r += leaf(2); break;
	}
	/* clang-format on */
	for (unsigned i = 0; i < 2; i++) {
		/* clang-format off */
		switch ((r >> i) % 7) {
		case 0: r += leaf(i); break;
		case 1: r -= next(depth / 3, i); break;
		case 2: r ^= 5; break;
		case 3: r += i; break;
		case 4: r += leaf(leaf(i)); break;
		case 5: r += next(depth / 3, r); break;
		default: r++; break;
		}
		/* clang-format on */
	}
	return p ? r + p[0] : r;
}

/* An interpreter, with an address for each operation. */
KEEP static unsigned interpreter(unsigned depth, unsigned x)
{
	/* clang-format off */
	static const void *const ops[] = { &&add, &&call, &&jump, &&loop,
					   &&less, &&end };
	unsigned a = x, b = 3, turns = 0;

	goto *ops[x % COUNT(ops)];
add:
	a += b;
	if (turns++ > 6)
		goto end;
	goto *ops[(a >> 1) % COUNT(ops)];
call:
	b += next(turns ? depth / 3 : depth, a);
	if (turns++ > 3)
		goto end;
	goto *ops[b % COUNT(ops)];
jump:
	a ^= leaf(b);
	goto *ops[1 + a % 2 * 4];
loop:
	for (unsigned i = 0; i < b % 3; i++)
		a += leaf(i);
	if (turns++ > 5)
		goto end;
	goto *ops[a % COUNT(ops)];
less:
	a -= next(turns ? depth / 4 : depth, b);
	if (turns++ > 4)
		goto end;
	goto *ops[(a >> 2) % COUNT(ops)];
end:
	return a + b;
}

/* Saved in the prologue, overwritten for the first time inside the loop. */
KEEP static unsigned keep(unsigned depth, unsigned x)
{
	unsigned a, b, c, d, turns = 0;

	if (x & 1)
		return leaf(x);
	for (;;) {
		unsigned r = turns ? next(depth / 2, x) : next(depth, turns);

		if (r & 1) {
#if defined(__x86_64__)
			__asm__ volatile("mov $1, %%ebx\n\tmov $2, %%r12d"
					 ::: "rbx", "r12", "r13");
#elif defined(__aarch64__)
			__asm__ volatile("mov x19, #1\n\tmov x20, #2"
					 ::: "x19", "x20", "x21");
#elif defined(__mips16)
			__asm__ volatile("li $16, 1" ::: "$16");
#else
			__asm__ volatile("li $16, 1\n\tli $17, 2"
					 ::: "$16", "$17", "$18");
#endif
		}
		a = r + x;
		b = a ^ r;
		c = leaf(a);
		d = leaf(b);
		sink += a + b + c + d;
		if (++turns > x % 3)
			break;
	}
	return sink;
	/* clang-format on */
}

/* A value that lives over the loop is made behind the first branch. */
KEEP static unsigned keep_late(unsigned depth, unsigned x)
{
	unsigned sum = 0, extra = 0;

	for (unsigned i = 0; i < 2 + x % 2; i++) {
		if (sink == 12345678u)
			sink = 0;
		if (i)
			extra += sum * 3;
		sum += i ? next(depth / 2, sum) : next(depth, x);
		if (sum & 8) {
			unsigned t = leaf(sum), u = leaf(t);

			sum += leaf(t) + u + t;
		}
	}
	return sum + extra;
}

/* Diamonds, one behind the other, with calls on some edges. */
KEEP static unsigned diamonds(unsigned depth, unsigned x)
{
	unsigned a = x, b = x >> 3;

	if (a & 1)
		a += leaf(b);
	else
		b ^= 3;
	if (b & 2)
		b += a * 3;
	else
		a = leaf(a);
	if (a & 4)
		a += next(depth, a);
	else if (b & 4)
		b += next(depth, b);
	else
		b = a;
	if (UNLIKELY(a == b))
		return next(depth / 2, a);
	if (b & 16)
		sink += b;
	a += next(depth / 2, b);
	return a ^ b;
}

/* In and out of loops by other ways than their heads. */
KEEP static unsigned tangle(unsigned depth, unsigned x)
{
	unsigned turns = 0;

	if (x & 1)
		goto inside;
again:
	x += leaf(x);
	if (x & 2) {
		x ^= 3;
	inside:
		x += next(turns ? depth / 3 : depth, x);
		if (turns++ > 1)
			goto out;
	}
	if (x & 12)
		goto behind;
	x = x / 2 + 1;
	if (turns++ < 3)
		goto again;
behind:
	if (turns++ < 2)
		goto inside;
out:
	return x + leaf(turns);
}

__attribute__((noreturn)) KEEP void never(struct place *place, unsigned depth,
					  unsigned x)
{
	sink += next(depth, x);
	place_go(place);
}

__attribute__((noreturn)) KEEP void never_direct(struct place *place)
{
	sink += leaf(sink);
	place_go(place);
}

/* A call that does not return is the last instruction of a part. */
KEEP static unsigned asserts(struct place *place, unsigned depth, unsigned x)
{
	unsigned words[8];

	touch(words, sizeof(words), x);
	if (UNLIKELY(x % 5 == 0))
		never(place, depth, x);
	x += leaf(x) + words[x & 7];
	if (x % 5 == 1)
		never(place, depth, x + 1);
	x += next(depth / 2, x);
	/* clang-format off */
	switch (x % 6) {
	case 0: x += leaf(x); break;
	case 1: x ^= 1; break;
	case 2: x += next(depth, 2); break;
	case 3: x += words[3]; break;
	case 4: x = leaf(x + 1); break;
	default: never_direct(place);
	}
	/* clang-format on */
	return x + words[1];
}

KEEP static unsigned no_return(unsigned depth, unsigned x)
{
	struct place place;
	volatile unsigned kept = x;

	if (place_mark(&place))
		return kept + 1;
	return asserts(&place, depth, x) + kept;
}

/* Never gives back: its end is the call. */
__attribute__((noreturn)) KEEP void loops(struct place *place, unsigned depth,
					  unsigned x)
{
	for (;;) {
		x += next(depth, x);
		depth /= 2;
		if (depth < 2)
			never(place, depth, x);
	}
}

KEEP static unsigned endless(unsigned depth, unsigned x)
{
	struct place place;

	if (!place_mark(&place))
		loops(&place, depth, x);
	return leaf(depth);
}

/* Duff's way into a loop. */
KEEP static unsigned duff(unsigned depth, unsigned x)
{
	unsigned turns = 1 + x % 2, r = 0;

	switch (x % 4) {
		do {
		case 0:
			r += next(depth / 2, r); /* fallthrough */
		case 3:
			r ^= leaf(r); /* fallthrough */
		case 2:
			r += next(depth / 3, x); /* fallthrough */
		case 1:
			r += leaf(x);
		} while (--turns);
	}
	return r;
}

static const shape_fn shapes[] = {
	seldom,	     seldom_framed, cold_calls, cases,	  tables,
	interpreter, keep,	    keep_late,	diamonds, tangle,
	no_return,   endless,	    duff,
};
const struct shape_list paths_list = { shapes, COUNT(shapes) };
