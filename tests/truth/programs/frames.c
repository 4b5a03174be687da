/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Frames whose size is not that of the prologue: alloca, arrays of variable
 * length, large ones, those aligned to more than the stack is. */
#include "run.h"

#define alloca __builtin_alloca

KEEP static unsigned alloca_once(unsigned depth, unsigned x)
{
	size_t size = 1 + x % 200;
	unsigned char *p = alloca(size);

	touch(p, size, x);
	x += next(depth, x);
	return x + p[0];
}

/* On a path that is seldom taken, explored second. */
KEEP static unsigned alloca_seldom(unsigned depth, unsigned x)
{
	static unsigned char fixed[4];
	unsigned char *p = fixed;

	if (UNLIKELY(x % 3 == 0)) {
		p = alloca(x % 300 + 8);
		touch(p, x % 300 + 8, x);
	}
	if (sink & 1)
		sink += x;
	if (sink & 6)
		sink ^= 3;
	x += next(depth, x);
	return x + p[0];
}

/* On the path that is likely. */
KEEP static unsigned alloca_often(unsigned depth, unsigned x)
{
	unsigned char *p = NULL;
	unsigned sum = 0;

	if (x % 4) {
		p = alloca(x % 100 + 16);
		touch(p, 16, x);
	}
	sum += next(depth, x);
	if (sum & 4)
		sum += next(depth / 2, sum);
	return p ? sum + p[0] : sum;
}

struct link {
	struct link *up;
	unsigned value;
};

KEEP static unsigned alloca_loop(unsigned depth, unsigned x)
{
	struct link *head = NULL, *l;
	unsigned sum = 0;

	for (unsigned i = 0; i < 1 + x % 4; i++) {
		l = alloca(sizeof(*l) + (x >> i) % 40);
		l->up = head;
		l->value = i ? next(depth / 2, x + i) : next(depth, x);
		head = l;
	}
	for (l = head; l; l = l->up)
		sum += l->value;
	return sum;
}

KEEP static unsigned alloca_switch(unsigned depth, unsigned x)
{
	unsigned char *p;
	size_t size = 8 + x % 64;

	switch (x % 7) {
	case 0:
		p = alloca(32);
		size = 32;
		break;
	case 1:
		p = alloca(size);
		x += next(depth, x);
		break;
	case 2:
		return next(depth, x) + 2;
	case 3:
		p = alloca(2 * size);
		touch(p, size, x);
		p[size] = (unsigned char)next(depth / 2, x);
		break;
	case 4:
		p = alloca(size);
		touch(p, size, 3);
		p = alloca(size);
		break;
	case 5:
		leaf(x);
		return leaf(x + 1);
	default:
		p = alloca(16);
		size = 16;
		sink++;
	}
	touch(p, size, x);
	x += next(depth, x + p[0]);
	return x + p[size - 1];
}

KEEP static unsigned vla(unsigned depth, unsigned x)
{
	unsigned n = 1 + x % 20, sum = 0;
	unsigned v[n];

	for (unsigned i = 0; i < n; i++)
		v[i] = i * x;
	sum = next(depth, v[n - 1]);
	return sum + v[n / 2];
}

/* The stack pointer is kept and restored in each turn. */
KEEP static unsigned vla_loop(unsigned depth, unsigned x)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < 2 + x % 2; i++) {
		unsigned char bytes[5 + (x >> i) % 90];

		touch(bytes, sizeof(bytes), x + i);
		sum += i ? next(depth / 2, sum) : next(depth, x);
		sum += bytes[0];
	}
	return sum + leaf(sum);
}

KEEP static unsigned sum_of(unsigned n, unsigned m, unsigned table[n][m],
			    unsigned depth)
{
	unsigned sum = next(depth, table[0][0]);

	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < m; j++)
			sum += table[i][j];
	return sum;
}

KEEP static unsigned vla_two(unsigned depth, unsigned x)
{
	unsigned n = 1 + x % 4, m = 2 + x % 3;
	unsigned table[n][m];

	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < m; j++)
			table[i][j] = i ^ j ^ x;
	if (x & 8) {
		unsigned char more[n * m];

		touch(more, n * m, x);
		x += sum_of(n, m, table, depth) + more[0];
	} else {
		x += sum_of(m, n, (unsigned(*)[n])table, depth);
	}
	return x;
}

/* More than a page, and than the offsets of loads reach; once in a stack. */
KEEP static unsigned large(unsigned depth, unsigned x)
{
	static unsigned inside;
	unsigned char bytes[40 * 1024];

	touch(bytes, sizeof(bytes), x);
	if (inside)
		return leaf(x) + bytes[0];
	inside = 1;
	x = next(depth, x);
	inside = 0;
	return x + bytes[0] + bytes[sizeof(bytes) - 1];
}

KEEP static unsigned pages(unsigned depth, unsigned x)
{
	unsigned char bytes[5000];
	unsigned a = x * 3, b = x ^ 9, c = sink, d = x >> 2;

	touch(bytes, sizeof(bytes), x);
	if (a & 2)
		a += leaf(b);
	if (depth > 7)
		depth = 7;
	x = next(depth, a + b);
	return x + a * b + c + d + bytes[17];
}

KEEP static unsigned aligned(unsigned depth, unsigned x)
{
	_Alignas(64) unsigned char bytes[128];

	touch(bytes, sizeof(bytes), x);
	x += next(depth, x);
	return x + bytes[x & 127];
}

KEEP static unsigned aligned_alloca(unsigned depth, unsigned x)
{
	_Alignas(64) unsigned char bytes[64];
	unsigned char *p = bytes;

	if (x & 3) {
		p = alloca(x % 77 + 3);
		touch(p, x % 77 + 3, x);
	}
	touch(bytes, sizeof(bytes), x);
	x += next(depth, x);
	return x + bytes[x & 63] + p[0];
}

/* The arguments on the stack are found by another register than the rest. */
KEEP static unsigned aligned_args(unsigned depth, unsigned x, unsigned a,
				  unsigned b, unsigned c, unsigned d,
				  unsigned e, unsigned f, unsigned g,
				  unsigned h)
{
	_Alignas(32) unsigned words[8] = { a, b, c, d, e, f, g, h };
	unsigned char v[1 + x % 30];

	touch(words, sizeof(words), x);
	touch(v, sizeof(v), x);
	x += next(depth, words[x & 7]);
	return x + h + words[3] + v[0];
}

KEEP static unsigned aligned_caller(unsigned depth, unsigned x)
{
	unsigned sum = aligned_args(depth, x, 1, 2, x, 4, x >> 1, 6, x + 7, 8);

	if (sum & 1)
		sum += aligned_args(depth / 2, sum, x, 2, 3, 4, 5, 6, 7, sink);
	return sum;
}

/* The frame is made late, if at all. */
KEEP static unsigned late(unsigned depth, unsigned x)
{
	unsigned words[16];

	if (x % 3 == 1)
		return x + sink;
	if (x % 3 == 2)
		return leaf(x);
	for (unsigned i = 0; i < 16; i++)
		words[i] = x << i;
	touch(words, sizeof(words), x);
	return next(depth, words[x & 15]) + words[5];
}

/* Several ends, of which not all give back the same. */
KEEP static unsigned ends(unsigned depth, unsigned x)
{
	unsigned char *p = alloca(x % 64 + 1);

	touch(p, x % 64 + 1, x);
	if (p[0] & 1) {
		if (p[0] & 2)
			return next(depth, x) ^ p[0];
		x += leaf(x);
	}
	while (x > 10000) {
		if (x & 1)
			return next(depth, x) + p[0];
		x /= 3;
	}
	if (x < 100)
		return leaf(x) + p[0];
	x += next(depth, x);
	touch(p, 1, x);
	return x - p[0];
}

/* alloca, and registers that only the loop behind it overwrites. */
KEEP static unsigned alloca_keep(unsigned depth, unsigned x)
{
	unsigned char *p = alloca(x % 48 + 1);
	unsigned a = 1, b = 2, c = 3;

	touch(p, x % 48 + 1, x);
	for (unsigned i = 0; i < 2; i++) {
		unsigned r = i ? next(depth, x) : leaf(x);

		if (r & 1) {
			a += r;
			b ^= a;
		}
		if (r & 2)
			c = a + leaf(b);
	}
	return a + b + c + p[0];
}

static const shape_fn shapes[] = {
	alloca_once,	alloca_seldom, alloca_often, alloca_loop,
	alloca_switch,	vla,	       vla_loop,     vla_two,
	large,		pages,	       aligned,	     aligned_alloca,
	aligned_caller, late,	       ends,	     alloca_keep,
};
const struct shape_list frames_list = { shapes, COUNT(shapes) };
