/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The abbreviations of one unit (DWARF 5 7.5.3): what entries of each code are
 * and which attributes they have, in which form. An entry of .debug_info is
 * then a code and bare values.
 *
 *	01 11 01  25 0e  13 0b  03 0e  00 00
 *	code 1: DW_TAG_compile_unit, with children; DW_AT_producer strp,
 *	DW_AT_language data1, DW_AT_name strp
 *
 * becomes an abbrev { 1, tag 0x11, count 3, size 9 } and three specs. The size
 * (4 + 1 + 4 here) is what lets call.c step over entries that it has no
 * question about.
 *
 * A table ends with code 0. It is the file's: bounded by ABBREV_MAX and
 * SPEC_MAX, by its section, and by a budget of bytes for all units, which may
 * share one.
 */
#include "abbrev.h"

#include "core/base/grow.h"
#include "core/base/sort.h"

#define ABBREV_MAX 65535u
#define SPEC_MAX 1000000u

enum {
	DW_AT_sibling = 0x01,
	DW_AT_linkage_name = 0x6e,
	DW_AT_MIPS_linkage_name = 0x2007,
};

/* A walk over one unit's abbreviations; the arrays are NULL to count only. */
struct filler {
	const struct dwunw_unit *unit;
	struct dwu_stream *stream;
	struct dwunw_abbrev *abbrevs;
	struct dwunw_abbrev_spec *specs;
	uint32_t abbrev_count;
	uint32_t spec_count;
	uint32_t abbrev_max; /* the file may have changed since the count */
	uint32_t spec_max;
	uint64_t last; /* code to stop behind; 0: none */
	bool found;
	bool linkage;
	uint64_t bytes; /* that were read */
};

/*
 * False at the pair of zeros that ends a list.
 *
 * An attribute beyond 16 bits is a vendor's: its number is not kept, its form
 * is, as the value must be stepped over. A form beyond 16 bits exists nowhere.
 */
static bool read_spec(struct dwu_cursor *c, struct dwunw_abbrev_spec *spec)
{
	uint64_t name = dwu_uleb(c), form = dwu_uleb(c);
	int64_t value = 0;

	if (form == DWU_FORM_IMPLICIT_CONST)
		value = dwu_sleb(c);
	/* none of ours: only the place it takes matters */
	if (name > UINT16_MAX || value > INT32_MAX || value < INT32_MIN)
		name = UINT16_MAX;
	if (form > UINT16_MAX)
		c->bad = true;
	spec->name = (uint16_t)name;
	spec->form = (uint16_t)form;
	spec->value = (int32_t)value;
	return !c->bad && (name || form);
}

/*
 * The bytes of all attributes together, if none of them varies (an ULEB128, a
 * string, a block). has_sibling: DW_AT_sibling leads past an entry's children
 * (7.5.3, 2.3).
 */
static void add_size(const struct filler *f, struct dwunw_abbrev *abbrev,
		     const struct dwunw_abbrev_spec *spec)
{
	uint8_t size = dwu_form_size(f->unit, spec->form);

	abbrev->has_sibling |= spec->name == DW_AT_sibling;
	if (abbrev->size == DWU_SIZE_VARIES)
		return;
	if (size == DWU_FORM_VARIES || abbrev->size > UINT16_MAX - 256)
		abbrev->size = DWU_SIZE_VARIES;
	else
		abbrev->size = (uint16_t)(abbrev->size + size);
}

/* One abbreviation. False: the last, or bad. */
static bool read_one(struct filler *f, struct dwu_cursor *c)
{
	/* DWARF 5 7.5.3: code, tag, children, pairs of name and form */
	uint64_t code = dwu_uleb(c), tag;
	struct dwunw_abbrev abbrev = { .code = (uint32_t)code,
				       .first = f->spec_count };
	struct dwunw_abbrev_spec spec;
	uint32_t count = 0;

	if (c->bad || code == 0)
		return false;
	tag = dwu_uleb(c);
	abbrev.tag = tag > UINT16_MAX ? UINT16_MAX : (uint16_t)tag;
	abbrev.children = dwu_u8(c) != 0;
	/* ends at a pair of zeros, or where the section does */
	while (read_spec(c, &spec)) {
		if (f->spec_count + count == f->spec_max)
			c->bad = true;
		add_size(f, &abbrev, &spec);
		f->linkage |= spec.name == DW_AT_linkage_name ||
			      spec.name == DW_AT_MIPS_linkage_name;
		/* bad: the record was cut by the stream, and is read again */
		if (f->specs && !c->bad)
			f->specs[f->spec_count + count] = spec;
		count++;
	}
	if (code > UINT32_MAX || count > UINT16_MAX ||
	    f->abbrev_count == f->abbrev_max)
		c->bad = true;
	if (c->bad)
		return false;
	abbrev.count = (uint16_t)count;
	f->spec_count += count;
	if (f->abbrevs)
		f->abbrevs[f->abbrev_count] = abbrev;
	f->abbrev_count++;
	f->found = code == f->last;
	return true;
}

/*
 * Twice: once to count, once to fill. A table ends with code 0, behind the one
 * abbreviation that is wanted, or with the section; each turn reads a byte at
 * least.
 *
 * The second run counts again, within what the first one found: a file that
 * grows meanwhile is BAD_FORMAT, and nothing is written behind the arrays.
 */
static dwunw_status_t read_all(struct filler *f)
{
	uint64_t off = f->unit->abbrev_off, end = f->stream->section.size;
	struct dwu_cursor c;

	if (off >= end)
		return DWUNW_ERR_BAD_FORMAT;
	for (;;) {
		c = dwu_stream_at(f->stream, off, end);
		if (read_one(f, &c)) {
			off += c.off;
			f->bytes += c.off;
			if (f->found)
				return DWUNW_OK;
			continue;
		}
		if (!c.bad)
			return DWUNW_OK;
		if (!dwu_stream_more(f->stream, off, end))
			return DWUNW_ERR_BAD_FORMAT;
	}
}

/* Codes need not be in order, though compilers number them 1, 2, 3. */
static bool before(void *ctx, uint32_t a, uint32_t b)
{
	const struct dwunw_abbrev *abbrevs = ctx;

	return abbrevs[a].code < abbrevs[b].code;
}

static void swap(void *ctx, uint32_t a, uint32_t b)
{
	struct dwunw_abbrev *abbrevs = ctx, held = abbrevs[a];

	abbrevs[a] = abbrevs[b];
	abbrevs[b] = held;
}

/*
 * What is kept lies in `arena`, 16 bytes an abbreviation and 8 an attribute.
 * The unit's sizes must be set, since DW_FORM_addr and strp have theirs.
 */
dwunw_status_t dwu_abbrevs_open(struct dwunw_unit *unit,
				struct dwu_stream *stream, uint64_t last,
				uint64_t *budget, struct dwunw_arena *arena)
{
	struct filler f = { .unit = unit,
			    .stream = stream,
			    .abbrev_max = ABBREV_MAX,
			    .spec_max = SPEC_MAX,
			    .last = last };
	dwunw_status_t status = read_all(&f);

	if (status != DWUNW_OK)
		return status;
	/* tables may be shared: thousands of units that name the same table of
	 * megabytes would read it as often */
	if (f.bytes > *budget)
		return DWUNW_ERR_BAD_FORMAT;
	*budget -= f.bytes;
	/* one byte more: a table without any is no lack of memory */
	f.abbrevs = dwu_room(arena, f.abbrev_count * sizeof(*f.abbrevs) + 1);
	f.specs = f.abbrevs ?
			  dwu_room(arena, f.spec_count * sizeof(*f.specs) + 1) :
			  NULL;
	if (!f.specs)
		return DWUNW_ERR_NO_MEMORY;
	f.abbrev_max = f.abbrev_count;
	f.spec_max = f.spec_count;
	f.abbrev_count = 0;
	f.spec_count = 0;
	status = read_all(&f);
	if (status != DWUNW_OK)
		return status;
	dwu_sort(&(struct dwu_sort){ .ctx = f.abbrevs,
				     .count = f.abbrev_count,
				     .before = before,
				     .swap = swap });
	unit->abbrevs = f.abbrevs;
	unit->specs = f.specs;
	unit->abbrev_count = f.abbrev_count;
	unit->has_linkage = f.linkage;
	return DWUNW_OK;
}

/*
 * In the usual table code n is element n - 1: one comparison. Else a binary
 * search.
 */
const struct dwunw_abbrev *dwu_abbrev_find(const struct dwunw_unit *unit,
					   uint64_t code)
{
	const struct dwunw_abbrev *abbrevs = unit->abbrevs;
	uint32_t low = 0, high = unit->abbrev_count, middle;

	/* compilers number them from 1 on */
	if (code - 1 < high && abbrevs[code - 1].code == code)
		return &abbrevs[code - 1];
	while (low < high) {
		middle = low + (high - low) / 2;
		if (abbrevs[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low < unit->abbrev_count && abbrevs[low].code == code ?
		       &abbrevs[low] :
		       NULL;
}
