/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Which segment a mapping is of, and so the bias: where a file was loaded minus
 * where it was linked.
 *
 * A loader maps whole pages, so a mapping begins before its segment does, and
 * two segments may lie in one page of the file: lld and mold do not pad the
 * file between them. The offset alone then names several segments, each with a
 * bias of its own, and the permissions may have been changed since (mprotect,
 * or READ_IMPLIES_EXEC). But all mappings of one load have one bias: the one
 * that explains most of them is theirs.
 *
 * For example, the mappings of a program whose text is linked at 0x1000:
 *
 *	555555554000 r--p 00000000	bias 555555554000 by segment 0
 *	555555555000 r-xp 00001000	the same by segment 1
 *	555555556000 r--p 00002000	the same by segment 2
 *
 * The mappings are the process's, the segments the file's; a hostile file of
 * many segments costs some 2 * NEAR * SEGMENT_MAX^2 comparisons, two million.
 */
#include "elf.h"

enum {
	ET_EXEC = 2,
	PF_X = 1,
	PF_W = 2,
	NEAR = 64,	   /* pieces looked at on either side */
	SEGMENT_MAX = 128, /* with NEAR, bounds what a hostile file costs */
	PAGE_MAX = 65536,  /* of all targets */
};

/* The pieces of one file around an address. */
struct pieces {
	const struct dwunw_elf *elf;
	const struct dwunw_piece *all;
	uint32_t first;
	uint32_t end;
	uint32_t file;
	dwu_place_t in_page; /* page size - 1, or a multiple's */
};

/*
 * The piece that holds addr; count: none does.
 *
 * Pieces are sorted and do not overlap, so their ends ascend as well; the rest
 * is halved in each turn.
 */
static uint32_t find(const struct dwunw_piece *pieces, uint32_t count,
		     uint64_t addr)
{
	uint32_t low = 0, high = count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (pieces[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && pieces[low].start <= addr ? low : count;
}

/*
 * Memory without a file between two pieces of one file is that file's text on
 * other pages: node --use-largepages moves it to huge ones. The nearest pieces
 * with a file decide, within NEAR on either side.
 */
uint32_t dwunw_piece_owner(const struct dwunw_piece *pieces, uint32_t count,
			   uint64_t addr)
{
	uint32_t at, before, behind;

	if (!pieces)
		return DWUNW_PIECE_NONE;
	at = before = behind = find(pieces, count, addr);
	if (at == count || pieces[at].file != DWUNW_PIECE_NONE)
		return at == count ? DWUNW_PIECE_NONE : at;
	/* both ends of the array, and NEAR, end these */
	while (pieces[before].file == DWUNW_PIECE_NONE)
		if (before == 0 || at - before-- == NEAR)
			return DWUNW_PIECE_NONE;
	while (pieces[behind].file == DWUNW_PIECE_NONE)
		if (++behind == count || behind - at > NEAR)
			return DWUNW_PIECE_NONE;
	return pieces[before].file == pieces[behind].file ? before :
							    DWUNW_PIECE_NONE;
}

/*
 * Where the file's first byte would be, were all of it mapped like `p`.
 *
 * It may be below 0 and wrap, as a program at 0x400000 with p_offset 0x500000
 * has it.
 */
static dwu_place_t origin(const struct dwunw_piece *p)
{
	return (dwu_place_t)p->start - (dwu_place_t)p->off;
}

/*
 * (start - off) + s->off is where the segment's first byte would be: less
 * s->vaddr it is the bias. For example, 0x555555555000 - 0x1000 - 0x1000 +
 * 0x1000.
 */
static dwu_place_t bias_of(const struct dwunw_piece *p,
			   const struct dwunw_segment *s)
{
	return origin(p) - (dwu_place_t)s->vaddr + (dwu_place_t)s->off;
}

/*
 * Does it begin in a page of the segment's bytes? It may end beyond: some
 * loaders leave the first segment's pages in the holes behind it.
 *
 * `from` is rounded down to a page, as the loader does (gABI 5, Program
 * Loading). An offset before it wraps, and is not below `size`.
 */
static bool begins_in(const struct pieces *v, const struct dwunw_piece *p,
		      const struct dwunw_segment *s)
{
	dwu_place_t from = (dwu_place_t)s->off & ~v->in_page;
	dwu_place_t size = (dwu_place_t)(s->off + s->file_size) - from;

	return s->file_size > 0 && (dwu_place_t)p->off - from < size;
}

/*
 * Code is mapped as code; what is not to be written may have become so.
 *
 * flags 0: the caller does not know them, and nothing is decided by them.
 */
static bool allows(const struct dwunw_segment *s, const struct dwunw_piece *p)
{
	return p->flags != 0 && ((s->flags ^ p->flags) & PF_X) == 0 &&
	       (p->flags & ~s->flags & PF_W) == 0;
}

/*
 * Of the pieces: how many a bias explains, then how many by permission too.
 *
 * 1 << 16 for a piece that is explained, 1 more for its permissions: 128 pieces
 * at most do not carry into the upper half.
 */
static uint32_t weigh(const struct pieces *v, dwu_place_t bias)
{
	const struct dwunw_segment *s;
	const struct dwunw_piece *p;
	uint32_t i, k, found, weight = 0;

	for (i = v->first; i < v->end; i++) {
		p = &v->all[i];
		if (p->file != v->file)
			continue;
		found = 0;
		for (k = 0; k < v->elf->segment_count; k++) {
			s = &v->elf->segments[k];
			if (begins_in(v, p, s) && bias_of(p, s) == bias)
				found |= 1u << 16 | (uint32_t)allows(s, p);
		}
		weight += found;
	}
	return weight;
}

/*
 * What holds `at`, or is to hold it; pages as large as they may be.
 *
 * bits & (~bits + 1) is the lowest bit that is set in any address or offset.
 * For example, 0x...5000 | 0x1000 | 65536: 0x1000, so in_page is 0xfff.
 */
static struct pieces look_around(const struct dwunw_elf *elf,
				 const struct dwunw_piece *pieces,
				 uint32_t count, uint32_t at)
{
	struct pieces v = { .elf = elf,
			    .all = pieces,
			    .first = at > NEAR ? at - NEAR : 0,
			    .end = count - at > NEAR ? at + NEAR : count,
			    .file = pieces[at].file };
	dwu_place_t bits = PAGE_MAX;
	uint32_t i;

	for (i = v.first; i < v.end; i++)
		if (pieces[i].file == v.file)
			bits |= (dwu_place_t)(pieces[i].start | pieces[i].end |
					      pieces[i].off);
	v.in_page = (bits & (~bits + 1)) - 1;
	return v;
}

/* The bias by which the piece `at` is explained best. False: two, or none. */
static bool decide(const struct pieces *v, uint32_t at, dwu_place_t *bias)
{
	const struct dwunw_segment *s;
	uint32_t i, weight, best = 0;
	bool one = false;
	dwu_place_t candidate;

	for (i = 0; i < v->elf->segment_count; i++) {
		s = &v->elf->segments[i];
		if (!begins_in(v, &v->all[at], s))
			continue;
		candidate = bias_of(&v->all[at], s);
		if (best && candidate == *bias)
			continue;
		weight = weigh(v, candidate);
		/* a program of fixed addresses is where it was linked for */
		if (v->elf->type == ET_EXEC && candidate == 0)
			weight = UINT32_MAX;
		if (weight == best)
			one = false;
		if (weight <= best)
			continue;
		best = weight;
		*bias = candidate;
		one = true;
	}
	return one;
}

/*
 * Is all of a piece without a file where the file's code is to be?
 *
 * start - first < room and the size test are made in this order so that neither
 * wraps.
 */
static bool replaces_code(const struct pieces *v, const struct dwunw_piece *p,
			  dwu_place_t bias)
{
	dwu_place_t start = (dwu_place_t)p->start - bias;
	dwu_place_t size = (dwu_place_t)(p->end - p->start);
	uint32_t i;

	for (i = 0; i < v->elf->segment_count; i++) {
		const struct dwunw_segment *s = &v->elf->segments[i];
		dwu_place_t first = (dwu_place_t)s->vaddr & ~v->in_page;
		dwu_place_t room =
			((dwu_place_t)(s->vaddr + s->file_size) + v->in_page) &
			~v->in_page;

		room -= first;
		if ((s->flags & PF_X) && start - first < room &&
		    size <= room - (start - first))
			return true;
	}
	return false;
}

/*
 * Memory without a file (at != owner) must be explained from both of its sides,
 * by the same bias, and lie where the file's code is to be.
 */
dwunw_status_t dwunw_elf_bias(const struct dwunw_elf *elf,
			      const struct dwunw_piece *pieces, uint32_t count,
			      uint64_t addr, uint64_t *bias)
{
	uint32_t owner = dwunw_piece_owner(pieces, count, addr), at, next;
	struct pieces v;
	dwu_place_t found = 0, behind = 0;

	if (!elf || !elf->segments || !bias || owner == DWUNW_PIECE_NONE ||
	    elf->segment_count > SEGMENT_MAX)
		return DWUNW_ERR_INVALID_ARG;
	v = look_around(elf, pieces, count, owner);
	if (!decide(&v, owner, &found))
		return DWUNW_ERR_INVALID_ARG;
	at = find(pieces, count, addr);
	if (at != owner) {
		for (next = at; pieces[next].file == DWUNW_PIECE_NONE;)
			next++;
		if (!decide(&v, next, &behind) || behind != found ||
		    !replaces_code(&v, &pieces[at], found))
			return DWUNW_ERR_INVALID_ARG;
	}
	/* all 64 bits of it: it may be below 0 */
	*bias = addr - (dwu_place_t)(addr - found);
	return DWUNW_OK;
}
