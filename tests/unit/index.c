/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* core/cfi/index.c: from an address to its FDE, with a header or without. */
#include "core/cfi/index.h"

#include "make_module.h"
#include "tap.h"

static struct made m;

struct range {
	uint64_t start, size;
};

enum {
	RANGES_MAX = 64
};

static uint64_t offs[RANGES_MAX];

static void put_ranges(struct cfi_out *s, const struct range *r, size_t count,
		       uint8_t encoding)
{
	uint64_t cie =
		put_cie(s, &(struct cie_spec){
				   .augmentation = s->debug_frame ? "" : "zR",
				   .encoding = encoding });
	size_t i;

	for (i = 0; i < count; i++)
		offs[i] = put_fde(
			s, &(struct fde_spec){ .cie = cie,
					       .start = r[i].start,
					       .size = r[i].size,
					       .encoding = encoding,
					       .no_data = s->debug_frame });
}

static const struct range sorted[] = {
	{ 0x1000, 0x10 }, { 0x1010, 0x10 },  { 0x1040, 0x20 },
	{ 0x1060, 1 },	  { 0x1100, 0x100 },
};
static const struct range unsorted[] = {
	{ 0x1100, 0x100 }, { 0x1010, 0x10 }, { 0x1060, 1 },
	{ 0x1000, 0x10 },  { 0x1040, 0x20 },
};
static const struct range empties[] = {
	{ 0x1000, 0x10 }, { 0x1010, 0x10 }, { 0x1040, 0x20 },  { 0x1050, 0 },
	{ 0x1050, 0 },	  { 0x1060, 1 },    { 0x1100, 0x100 }, { 0x1180, 0 },
};
static const struct range twice[] = {
	{ 0x1000, 0x10 },  { 0x1010, 0x10 },  { 0x1040, 0x20 }, { 0x1060, 1 },
	{ 0x1100, 0x100 }, { 0x1100, 0x100 }, { 0x1000, 0x10 },
};

/* Every address of .text: found where a range covers it, and only there. */
static void finds(const char *title)
{
	struct dwunw_fde fde;
	unsigned int wrong = 0;
	uint64_t vaddr;
	size_t i;

	for (vaddr = 0xfe0; vaddr < 0x1220; vaddr++) {
		dwunw_status_t status =
				       dwunw_module_fde(&m.module, vaddr, &fde),
			       want = DWUNW_ERR_NO_DEBUG_DATA;

		for (i = 0; i < COUNT(sorted); i++)
			if (vaddr - sorted[i].start < sorted[i].size)
				want = DWUNW_OK;
		if (status != want || (status == DWUNW_OK &&
				       (vaddr < fde.start || vaddr >= fde.end)))
			if (wrong++ == 0)
				note("at 0x%" PRIx64 ": want %s, got %s", vaddr,
				     dwunw_status_name(want),
				     dwunw_status_name(status));
	}
	is_u64(wrong, 0, "%s: each address has its FDE or none", title);
	is_u64(dwunw_module_fde(&m.module, 0, &fde), DWUNW_ERR_NO_DEBUG_DATA,
	       "%s: none at 0", title);
	is_u64(dwunw_module_fde(&m.module, UINT64_MAX, &fde),
	       DWUNW_ERR_NO_DEBUG_DATA, "%s: none at 2^64 - 1", title);
}

static void own_index(void)
{
	static const struct {
		const char *title;
		const struct range *ranges;
		size_t count;
	} cases[] = {
		{ "sorted", sorted, COUNT(sorted) },
		{ "unsorted", unsorted, COUNT(unsorted) },
		{ "with empty ranges", empties, COUNT(empties) },
		{ "with duplicates", twice, COUNT(twice) },
	};
	char title[64];
	size_t i;
	int debug;

	for (debug = 0; debug < 1 + IS_ON(CONFIG_CFI_DEBUG_FRAME); debug++)
		for (i = 0; i < COUNT(cases); i++) {
			put_ranges(made_begin(&m, debug), cases[i].ranges,
				   cases[i].count, debug ? 0 : 0x1b);
			snprintf(title, sizeof(title), ".%s, %s",
				 debug ? "debug_frame" : "eh_frame",
				 cases[i].title);
			is_u64(made_open(&m), DWUNW_OK, "%s opens", title);
			is_u64(debug ? m.module.debug.index_count :
				       m.module.eh.index_count,
			       cases[i].count, "%s: entries", title);
			is_u64(m.module.cfi_source,
			       debug ? DWUNW_CFI_NONE : DWUNW_CFI_EH_FRAME,
			       "%s: source", title);
			finds(title);
		}
}

/* Many entries in a random order are sorted. */
static void sorts(void)
{
	struct range r[RANGES_MAX];
	unsigned int seed = 1, wrong = 0, round;
	size_t i;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < RANGES_MAX; i++) {
			seed = seed * 1103515245 + 12345;
			r[i].start = 0x1000 + (seed >> 16) % 0xf00;
			r[i].size = 1;
		}
		put_ranges(made_begin(&m, false), r, RANGES_MAX, 0x1b);
		(void)made_open(&m);
		for (i = 1; i < m.module.eh.index_count; i++)
			wrong += m.module.eh.index[i].start <
				 m.module.eh.index[i - 1].start;
	}
	is_u64(wrong, 0, "20 times 64 ranges in random order are sorted");
}

static uint8_t hdr[1024];

/* The table over `sorted`, as GNU ld writes it: 1b 03 3b. */
static size_t put_header(uint8_t table_encoding, uint32_t count)
{
	struct out o = out_init(hdr, sizeof(hdr), false);
	static const uint8_t sizes[16] = { 8, 0, 2, 4, 8, 0, 0, 0,
					   8, 0, 2, 4, 8, 0, 0, 0 };
	uint8_t size = sizes[table_encoding & 15];
	uint64_t base = (table_encoding & 0x70) == 0x30 ? MADE_HDR : 0;
	size_t i;

	put_u8(&o, 1);
	put_u8(&o, 0x1b);
	put_u8(&o, 0x03);
	put_u8(&o, table_encoding);
	put_u32(&o, MADE_CFI - (MADE_HDR + 4));
	put_u32(&o, count);
	for (i = 0; i < COUNT(sorted) && size; i++) {
		put_uint(&o, sorted[i].start - base, size);
		put_uint(&o, MADE_CFI + offs[i] - base, size);
	}
	return o.size;
}

static void header(void)
{
	static const struct {
		const char *title;
		uint8_t encoding;
		uint32_t count;
		size_t at; /* a byte of the header that is changed */
		uint8_t to;
		bool usable;
	} cases[] = {
		{ "datarel sdata4", 0x3b, 5, 0, 1, true },
		{ "datarel sdata8", 0x3c, 5, 0, 1, true },
		{ "datarel sdata2", 0x3a, 5, 0, 1, true },
		{ "datarel udata8", 0x34, 5, 0, 1, true },
		{ "udata4", 0x03, 5, 0, 1, true },
		{ "udata2", 0x02, 5, 0, 1, true },
		{ "absptr", 0x00, 5, 0, 1, true },
		{ "udata8", 0x04, 5, 0, 1, true },
		{ "version 2", 0x3b, 5, 0, 2, false },
		{ "no pointer to .eh_frame", 0x3b, 5, 1, 0xff, false },
		{ "a wrong pointer to .eh_frame", 0x3b, 5, 4, 0, false },
		{ "no count", 0x3b, 5, 2, 0xff, false },
		{ "no table", 0x3b, 5, 3, 0xff, false },
		{ "entries as uleb128", 0x3b, 5, 3, 0x31, false },
		{ "entries pcrel", 0x3b, 5, 3, 0x1b, false },
		{ "entries indirect", 0x3b, 5, 3, 0xbb, false },
		{ "count 0", 0x3b, 0, 0, 1, false },
		{ "one entry more than there is", 0x3b, 6, 0, 1, false },
		{ "2^32 - 1 entries", 0x3b, UINT32_MAX, 0, 1, false },
		{ "not sorted", 0x3b, 5, 13, 0x7f, false },
		{ "not sorted where nothing else is wrong", 0x3b, 5, 21, 0x7f,
		  false },
		{ "an entry that leads elsewhere", 0x3b, 5, 16, 0, false },
		{ "the first start is wrong", 0x3b, 5, 12, 0xf1, false },
	};
	size_t i;
	char title[64];

	for (i = 0; i < COUNT(cases); i++) {
		put_ranges(made_begin(&m, false), sorted, COUNT(sorted), 0x1b);
		m.hdr_size = put_header(cases[i].encoding, cases[i].count);
		hdr[cases[i].at] = cases[i].to;
		m.hdr = hdr;
		snprintf(title, sizeof(title), ".eh_frame_hdr: %s",
			 cases[i].title);
		is_u64(made_open(&m), DWUNW_OK, "%s: opens", title);
		is_u64(m.module.cfi_source,
		       cases[i].usable ? DWUNW_CFI_EH_HDR : DWUNW_CFI_EH_FRAME,
		       "%s: %s", title,
		       cases[i].usable ? "is used" : "an index is made");
		finds(title);
	}
	for (i = 1; i < 12; i++) {
		put_ranges(made_begin(&m, false), sorted, COUNT(sorted), 0x1b);
		(void)put_header(0x3b, 5);
		m.hdr = hdr;
		m.hdr_size = i;
		snprintf(title, sizeof(title), ".eh_frame_hdr of %zu bytes", i);
		is_u64(made_open(&m), DWUNW_OK, "%s: opens", title);
		finds(title);
	}
}

/* Without section headers the header leads to .eh_frame, or a search. */
static void no_sections(void)
{
	static uint8_t code[0x1000];
	size_t at;
	struct dwunw_fde fde;

	put_ranges(made_begin(&m, false), sorted, COUNT(sorted), 0x1b);
	m.hdr_size = put_header(0x3b, 5);
	m.hdr = hdr;
	m.no_sections = true;
	is_u64(made_open(&m), DWUNW_OK, "no sections, a header: opens");
	is_u64(m.module.cfi_source, DWUNW_CFI_EH_HDR, "by its table");
	finds("no sections, a header");

	hdr[3] = 0xff;
	is_u64(made_open(&m), DWUNW_OK, "no sections, no table: opens");
	is_u64(m.module.cfi_source, DWUNW_CFI_EH_FRAME, "by an index");
	finds("no sections, no table");

	if (!IS_ON(CONFIG_CFI_LINEAR_SEARCH))
		return;
	m.hdr = NULL;
	is_u64(made_open(&m), DWUNW_OK, "no sections, no header: opens");
	is_u64(m.module.cfi_source, DWUNW_CFI_EH_SEARCH, "by a search");
	finds("no sections, no header");

	/* in the middle of a segment, at any multiple of 4 */
	for (at = 0x800; at < 0x820; at += 4) {
		struct cfi_out *s = made_begin(&m, false);

		s->vaddr = MADE_TEXT + at;
		put_ranges(s, sorted, COUNT(sorted), 0x1b);
		memset(code, 0x90, at);
		memset(code + at, 0, sizeof(code) - at);
		memcpy(code + at, m.section, s->o.size);
		s->o.size = 0;
		m.code = code;
		m.code_size = sizeof(code);
		m.no_sections = true;
		is_u64(made_open(&m), DWUNW_OK,
		       "in the text, 0x%zx from its start: opens", at);
		finds("in the text");
	}

	(void)made_begin(&m, false);
	m.no_sections = true;
	is_u64(made_open(&m), DWUNW_OK, "without CFI a module opens");
	is_u64(m.module.cfi_source, DWUNW_CFI_NONE, "by nothing");
	is_u64(dwunw_module_fde(&m.module, 0x1000, &fde),
	       DWUNW_ERR_NO_DEBUG_DATA, "and finds nothing");
}

/* .eh_frame comes before .debug_frame, and each has what the other lacks. */
static void both(void)
{
	static const struct range eh[] = { { 0x1000, 0x10 },
					   { 0x1040, 0x20 },
					   { 0x1100, 0x100 } };
	static const struct range debug[] = { { 0x1010, 0x10 },
					      { 0x1060, 1 },
					      { 0x1100, 0x80 } };
	struct dwunw_fde fde;

	put_ranges(made_begin(&m, false), eh, COUNT(eh), 0x1b);
	put_ranges(&m.debug, debug, COUNT(debug), 0);
	is_u64(made_open(&m), DWUNW_OK, "both sections open");
	finds("both sections");
	is_u64(dwunw_module_fde(&m.module, 0x1100, &fde), DWUNW_OK,
	       "where both have one");
	is_u64(fde.end, 0x1200, ".eh_frame's is taken");
}

int main(void)
{
	NEEDS(CONFIG_ARCH_X86_64);
	own_index();
	sorts();
	header();
	no_sections();
	if (IS_ON(CONFIG_CFI_DEBUG_FRAME))
		both();
	return done();
}
