/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The one sort of the core. It sees elements by their index alone: what they
 * are, how they compare and how two change places is the owner's
 * (dwu_sort.ctx), so entries of 8 bytes and pairs of arrays are sorted by the
 * same code.
 *
 * For example, { 1, 3, 2 }: sift() makes a heap of it, { 3, 1, 2 }, whose first
 * element is the largest. It changes places with the last, { 2, 1, 3 }, and the
 * same is done with the two in front of it. Elements that compare equal may
 * change places; who minds compares a second field (an index, an offset).
 */
#include "sort.h"

/*
 * Most tables are sorted already: linkers write FDEs, symbols and mappings in
 * order of address. Looking costs one pass.
 */
static bool sorted(const struct dwu_sort *s)
{
	uint32_t i;

	for (i = 1; i < s->count; i++)
		if (s->before(s->ctx, i, i - 1))
			return false;
	return true;
}

/* The element at root sinks to its place in the heap [0, count). */
static void sift(const struct dwu_sort *s, uint32_t root, uint32_t count)
{
	uint32_t child;

	/* ends at a leaf at the latest: log2(count) turns */
	while ((child = 2 * root + 1) < count) {
		if (child + 1 < count && s->before(s->ctx, child, child + 1))
			child++;
		if (!s->before(s->ctx, root, child))
			return;
		s->swap(s->ctx, root, child);
		root = child;
	}
}

/*
 * Heapsort: Knuth 5.2.3. Its worst case is n log n, in place and without
 * recursion: an order that a hostile file chooses costs no more than another.
 */
void dwu_sort(const struct dwu_sort *s)
{
	uint32_t i;

	if (sorted(s))
		return;
	for (i = s->count / 2; i > 0; i--)
		sift(s, i - 1, s->count);
	for (i = s->count; i > 1; i--) {
		s->swap(s->ctx, 0, i - 1);
		sift(s, 0, i - 1);
	}
}
