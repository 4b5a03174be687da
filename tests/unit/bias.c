/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * core/elf/bias.c: which segment a mapping is of. A loader that maps whole pages
 * (System V gABI 5, Program Loading) is the truth: it knows the bias.
 */
#include <dwunw/elf.h>

#include "tap.h"

enum {
	R = 4,
	W = 2,
	X = 1
};
enum {
	EXEC = 2,
	DYN = 3
};

#define SEGMENTS 5u
#define PIECES 160u
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NONE DWUNW_PIECE_NONE

/* Sizes and places as the linkers give them; see readelf -lW of each. */
/* clang-format off */
static const struct layout {
	const char *title;
	uint32_t count;
	uint32_t type;
	struct dwunw_segment at[SEGMENTS];
	uint64_t page_max; /* p_align */
} layouts[] = {
	{ "bfd", 4, DYN,
	  { { 0, 0x650, 0, 0x650, R, 12 },
	    { 0x1000, 0x1b1, 0x1000, 0x1b1, R | X, 12 },
	    { 0x2000, 0x114, 0x2000, 0x114, R, 12 },
	    { 0x3dd0, 0x258, 0x2dd0, 0x250, R | W, 12 } }, 0x1000 },
	{ "bfd -z noseparate-code", 2, DYN,
	  { { 0, 0x7d0, 0, 0x7d0, R | X, 16 },
	    { 0x1fd88, 0x288, 0xfd88, 0x280, R | W, 16 } }, 0x10000 },
	{ "gold", 2, DYN,
	  { { 0, 0x868, 0, 0x868, R | X, 12 },
	    { 0x1dc0, 0x269, 0xdc0, 0x268, R | W, 12 } }, 0x1000 },
	{ "lld", 4, DYN,
	  { { 0, 0x68c, 0, 0x68c, R, 12 },
	    { 0x1690, 0x1b0, 0x690, 0x1b0, R | X, 12 },
	    { 0x2840, 0x7c0, 0x840, 0x1d8, R | W, 12 },
	    { 0x3a18, 0x41, 0xa18, 0x40, R | W, 12 } }, 0x1000 },
	{ "lld for pages of 64 KiB", 4, DYN,
	  { { 0, 0x5dc, 0, 0x5dc, R, 16 },
	    { 0x105e0, 0x2a0, 0x5e0, 0x2a0, R | X, 16 },
	    { 0x20880, 0x1000, 0x880, 0x1f0, R | W, 16 },
	    { 0x30a70, 0x91, 0xa70, 0x88, R | W, 16 } }, 0x10000 },
	{ "lld --no-rosegment", 3, DYN,
	  { { 0, 0x8b0, 0, 0x8b0, R | X, 12 },
	    { 0x18b0, 0x750, 0x8b0, 0x1d8, R | W, 12 },
	    { 0x2a88, 0x41, 0xa88, 0x40, R | W, 12 } }, 0x1000 },
	{ "lld, large", 4, DYN,
	  { { 0, 0x54f8c, 0, 0x54f8c, R, 12 },
	    { 0x55f90, 0x8f6f0, 0x54f90, 0x8f6f0, R | X, 12 },
	    { 0xe6680, 0x4980, 0xe4680, 0x4108, R | W, 12 },
	    { 0xeb788, 0x1200, 0xe8788, 0x128, R | W, 12 } }, 0x1000 },
	{ "mold", 4, DYN,
	  { { 0, 0x5c0, 0, 0x5c0, R, 12 },
	    { 0x15c0, 0x1c4, 0x5c0, 0x1c4, R | X, 12 },
	    { 0x2788, 0x878, 0x788, 0x220, R | W, 12 },
	    { 0x39a8, 0x39, 0x9a8, 0x38, R | W, 12 } }, 0x1000 },
	{ "lld, not position-independent", 4, EXEC,
	  { { 0x200000, 0x4e4, 0, 0x4e4, R, 12 },
	    { 0x2014f0, 0x190, 0x4f0, 0x190, R | X, 12 },
	    { 0x202680, 0x980, 0x680, 0x1a0, R | W, 12 },
	    { 0x203820, 0x31, 0x820, 0x30, R | W, 12 } }, 0x1000 },
	{ "lld, linked for an address", 4, DYN,
	  { { 0x41000000, 0x68c, 0, 0x68c, R, 12 },
	    { 0x41001690, 0x1b0, 0x690, 0x1b0, R | X, 12 },
	    { 0x41002840, 0x7c0, 0x840, 0x1d8, R | W, 12 },
	    { 0x41003a18, 0x41, 0xa18, 0x40, R | W, 12 } }, 0x1000 },
};
/* clang-format on */

struct loaded {
	struct dwunw_elf elf;
	struct dwunw_piece pieces[PIECES];
	uint32_t count;
	uint64_t bias;
};

static void put(struct loaded *l, uint64_t start, uint64_t end, uint64_t off,
		uint32_t file, uint32_t flags)
{
	l->pieces[l->count++] =
		(struct dwunw_piece){ start, end, off, file, flags };
}

/* Adds what a loader maps of a file, in pages of that size. */
static void load(struct loaded *l, const struct layout *layout, uint64_t bias,
		 uint64_t page)
{
	uint32_t i;

	l->elf = (struct dwunw_elf){ .segments = layout->at,
				     .segment_count = layout->count,
				     .type = (uint16_t)layout->type };
	l->bias = bias;
	for (i = 0; i < layout->count; i++) {
		const struct dwunw_segment *s = &layout->at[i];
		uint64_t before = s->vaddr & (page - 1);

		put(l, bias + s->vaddr - before,
		    bias + ((s->vaddr + s->file_size + page - 1) & ~(page - 1)),
		    s->off - before, 7, s->flags);
	}
}

/* Each executable piece has the loader's bias. */
static void right(struct loaded *l, const char *title, const char *layout)
{
	uint32_t i, wrong = 0, found = 0;
	uint64_t bias;

	for (i = 0; i < l->count; i++) {
		if (l->pieces[i].file != 7 || !(l->pieces[i].flags & X))
			continue;
		found++;
		bias = 1;
		if (dwunw_elf_bias(&l->elf, l->pieces, l->count,
				   l->pieces[i].start, &bias) != DWUNW_OK ||
		    bias != l->bias) {
			wrong++;
			note("piece %u: want 0x%" PRIx64 ", got 0x%" PRIx64, i,
			     l->bias, bias);
		}
	}
	is_u64(found ? wrong : 1, 0, "%s: %s", layout, title);
}

static uint64_t bias_for(const struct layout *layout)
{
	return layout->type == EXEC ? 0 : 0x7f1234560000;
}

/* The piece that holds the code, split in three by mprotect(2). */
static void split(struct loaded *l, uint64_t page)
{
	struct dwunw_piece old[SEGMENTS];
	uint32_t i, count = l->count;

	for (i = 0; i < count; i++)
		old[i] = l->pieces[i];
	for (i = l->count = 0; i < count; i++) {
		uint64_t at = old[i].start, off = old[i].off;

		if (!(old[i].flags & X) || old[i].end - at < 3 * page) {
			l->pieces[l->count++] = old[i];
			continue;
		}
		put(l, at, at + page, off, 7, R | X);
		put(l, at + page, at + 2 * page, off + page, 7, R | W | X);
		put(l, at + 2 * page, old[i].end, off + 2 * page, 7, R | X);
	}
}

static void change_flags(struct loaded *l, uint32_t add, uint32_t take)
{
	uint32_t i;

	for (i = 0; i < l->count; i++)
		l->pieces[i].flags = (l->pieces[i].flags | add) & ~take;
}

static void keep_code(struct loaded *l)
{
	uint32_t i, count = l->count;

	for (i = l->count = 0; i < count; i++)
		if (l->pieces[i].flags & X)
			l->pieces[l->count++] = l->pieces[i];
}

static void one_layout(const struct layout *layout, uint64_t page)
{
	const char *name = layout->title;
	uint64_t bias = bias_for(layout);
	struct loaded l = { 0 };

	load(&l, layout, bias, page);
	right(&l, "as loaded", name);
	l.pieces[l.count - 1].flags = R;
	right(&l, "its data made read-only", name);
	keep_code(&l);
	right(&l, "the code's mapping alone", name);
	l.count = 0;
	load(&l, layout, bias, page);
	change_flags(&l, X, 0);
	right(&l, "all of it executable (READ_IMPLIES_EXEC)", name);
	l.count = 0;
	load(&l, layout, bias, page);
	split(&l, page);
	right(&l, "its code in pieces", name);
}

/* The same file once more, right before it, and read as a whole behind it. */
static void twice(const struct layout *layout)
{
	uint64_t bias = bias_for(layout), end;
	struct loaded l = { 0 };
	uint32_t i;

	if (layout->type == EXEC)
		return;
	load(&l, layout, 0, 0x1000);
	end = l.pieces[l.count - 1].end - l.pieces[0].start;
	l.count = 0;
	load(&l, layout, bias - end, 0x1000);
	for (i = 0; i < l.count; i++)
		l.pieces[i].flags &= ~(uint32_t)X;
	load(&l, layout, bias, 0x1000);
	end = l.pieces[l.count - 1].end;
	put(&l, end, end + 0x2000, 0, 7, R);
	right(&l, "a load right before it, and the file read behind it",
	      layout->title);
}

/* Code copied to memory without a file, in two pieces. */
static void moved(const struct layout *layout)
{
	struct loaded l = { 0 };
	uint64_t bias, at = 0, code = 0;
	uint32_t i;

	load(&l, layout, bias_for(layout), 0x1000);
	for (i = l.count; i-- > 0;) {
		if (!(l.pieces[i].flags & X) || i == 0)
			continue;
		code = l.pieces[i].start;
		l.pieces[i].file = NONE;
		l.pieces[i].off = 0;
		at = i;
	}
	if (!at)
		return;
	is_u64(dwunw_piece_owner(l.pieces, l.count, code), at - 1,
	       "%s: moved code is of the file around it", layout->title);
	is_u64(dwunw_elf_bias(&l.elf, l.pieces, l.count, code, &bias), DWUNW_OK,
	       "%s: it is at its place", layout->title);
	is_u64(bias, l.bias, "%s: its bias", layout->title);
	l.pieces[at].end += 0x1000;
	l.pieces[at + 1].start += 0x1000;
	is_u64(dwunw_elf_bias(&l.elf, l.pieces, l.count, code, &bias),
	       DWUNW_ERR_INVALID_ARG, "%s: more than the code", layout->title);
	l.pieces[at].end -= 0x1000;
	l.pieces[at + 1].file = 8;
	is_u64(dwunw_piece_owner(l.pieces, l.count, code), NONE,
	       "%s: another file behind it", layout->title);
	is_u64(dwunw_elf_bias(&l.elf, l.pieces, l.count, code, &bias),
	       DWUNW_ERR_INVALID_ARG, "%s: no bias then", layout->title);
	l.pieces[at + 1].file = 7;
	l.pieces[at + 1].off += 0x100000;
	is_u64(dwunw_elf_bias(&l.elf, l.pieces, l.count, code, &bias),
	       DWUNW_ERR_INVALID_ARG,
	       "%s: what follows it is not of the same load", layout->title);
}

/* Two segments of code in one page of the file. */
static void undecided(void)
{
	static const struct layout two = {
		"two of code",
		3,
		DYN,
		{ { 0, 0x100, 0, 0x100, R, 12 },
		  { 0x1100, 0x200, 0x100, 0x200, R | X, 12 },
		  { 0x2300, 0x200, 0x300, 0x200, R | X, 12 } },
		0x1000
	};
	struct loaded l = { 0 };
	uint64_t bias;

	load(&l, &two, 0x10000, 0x1000);
	right(&l, "as loaded", two.title);
	is_u64(dwunw_elf_bias(&l.elf, &l.pieces[1], 1, l.pieces[1].start,
			      &bias),
	       DWUNW_ERR_INVALID_ARG, "two of code, one mapping: not decided");
	change_flags(&l, 0, R | W | X);
	is_u64(dwunw_elf_bias(&l.elf, l.pieces, l.count, l.pieces[1].start,
			      &bias),
	       DWUNW_OK, "all mappings without permissions: decided");
	is_u64(bias, l.bias, "as loaded");
}

static void refused(void)
{
	static struct dwunw_segment many[129];
	struct loaded l = { 0 };
	uint64_t bias;
	size_t i;

	load(&l, &layouts[3], 0x10000, 0x1000);
	is_u64(dwunw_elf_bias(&l.elf, l.pieces, l.count, 0xffff, &bias),
	       DWUNW_ERR_INVALID_ARG, "no piece there");
	is_u64(dwunw_elf_bias(&l.elf, NULL, 0, 0x10000, &bias),
	       DWUNW_ERR_INVALID_ARG, "no pieces");
	l.pieces[1].off = 0x100000;
	is_u64(dwunw_elf_bias(&l.elf, l.pieces, l.count, 0x11000, &bias),
	       DWUNW_ERR_INVALID_ARG, "no segment has that offset");
	for (i = 0; i < COUNT(many); i++)
		many[i] = layouts[0].at[1];
	l.elf.segments = many;
	for (i = 128; i < 130; i++) {
		l.elf.segment_count = (uint32_t)i;
		l.pieces[1].off = 0x1000;
		is_u64(dwunw_elf_bias(&l.elf, l.pieces, l.count, 0x11000,
				      &bias),
		       i == 128 ? DWUNW_OK : DWUNW_ERR_INVALID_ARG,
		       "%zu segments", i);
	}
	l.elf.segments = NULL;
	is_u64(dwunw_elf_bias(&l.elf, l.pieces, l.count, 0x11000, &bias),
	       DWUNW_ERR_INVALID_ARG, "segments that were not kept");
}

/* Only what is near is looked at: 64 pieces on either side. */
static void far(void)
{
	struct loaded l = { 0 };
	uint32_t i;

	put(&l, 0x1000, 0x2000, 0, 7, R);
	for (i = 0; i < 65; i++)
		put(&l, 0x10000 + i * 0x1000, 0x11000 + i * 0x1000, 0, NONE,
		    R | X);
	put(&l, 0x80000, 0x81000, 0, 7, R);
	is_u64(dwunw_piece_owner(l.pieces, l.count, 0x10000 + 63 * 0x1000), 0,
	       "64 pieces from its file");
	is_u64(dwunw_piece_owner(l.pieces, l.count, 0x10000 + 64 * 0x1000),
	       NONE, "65 pieces from it");
	is_u64(dwunw_piece_owner(l.pieces, l.count, 0x10000), NONE,
	       "65 pieces before it");
	is_u64(dwunw_piece_owner(l.pieces, 66, 0x10000 + 40 * 0x1000), NONE,
	       "nothing behind it");
	is_u64(dwunw_piece_owner(&l.pieces[1], 66, 0x10000 + 40 * 0x1000), NONE,
	       "nothing before it");
}

int main(void)
{
	uint64_t page;
	size_t i;

	for (i = 0; i < COUNT(layouts); i++) {
		for (page = 0x1000; page <= layouts[i].page_max; page *= 4)
			one_layout(&layouts[i], page);
		twice(&layouts[i]);
		moved(&layouts[i]);
	}
	undecided();
	refused();
	far();
	return done();
}
