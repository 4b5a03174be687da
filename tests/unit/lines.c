/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * core/names/unit.c, aranges.c, call.c and line.c: one function with a call that is
 * inlined, in DWARF 4 and 5, 32 and 64 bits, both byte orders.
 */
#include <dwunw/dwarf.h>

#include <stdlib.h>

#include "make_elf.h"
#include "tap.h"

#if IS_ON(CONFIG_NAMES_LINES)

#define ROOM ((size_t)1 << 16)

static _Alignas(16) uint8_t kept[ROOM], scratched[ROOM];
static uint8_t parts[DWUNW_DWARF_PARTS][1024];

/* How the sections are written. */
struct form {
	const char *name;
	uint8_t version;
	uint8_t address_size;
	bool wide; /* 64-bit DWARF */
	bool big;
};

static const struct form forms[] = {
	{ "DWARF 4, 32 bits, little-endian", 4, 8, false, false },
	{ "DWARF 4, 32 bits, big-endian", 4, 4, false, true },
	{ "DWARF 4, 64 bits, big-endian", 4, 8, true, true },
	{ "DWARF 5, 32 bits, little-endian", 5, 8, false, false },
	{ "DWARF 5, 32 bits, big-endian", 5, 4, false, true },
	{ "DWARF 5, 64 bits, little-endian", 5, 4, true, false },
	{ "DWARF 5, 64 bits, big-endian", 5, 8, true, true },
};

static void put_off(struct out *o, const struct form *f, uint64_t value)
{
	if (f->wide)
		put_u64(o, value);
	else
		put_u32(o, value);
}

static void put_addr(struct out *o, const struct form *f, uint64_t value)
{
	if (f->address_size == 8)
		put_u64(o, value);
	else
		put_u32(o, value);
}

/* Room for a length; end_length() fills it in. */
static size_t begin_length(struct out *o, const struct form *f)
{
	if (f->wide)
		put_u32(o, UINT32_MAX);
	put_off(o, f, 0);
	return o->size;
}

static void end_length(struct out *o, const struct form *f, size_t begun)
{
	struct out at = *o;

	at.size = begun - (f->wide ? 8 : 4);
	put_off(&at, f, o->size - begun);
}

static void make_abbrevs(struct out *o)
{
	static const uint8_t bytes[] = {
		/* 1: unit: name string, comp_dir string, stmt_list, low_pc,
		 * high_pc data4 */
		1, 0x11, 1, 0x03, 0x08, 0x1b, 0x08, 0x10, 0x17, 0x11, 0x01,
		0x12, 0x06, 0, 0,
		/* 2: inlined function: name string */
		2, 0x2e, 0, 0x03, 0x08, 0, 0,
		/* 3: function: name string, low_pc, high_pc data4 */
		3, 0x2e, 1, 0x03, 0x08, 0x11, 0x01, 0x12, 0x06, 0, 0,
		/* 4: inlined call: abstract_origin ref4, low_pc, high_pc data4,
		 * call_file, call_line, call_column data1 */
		4, 0x1d, 0, 0x31, 0x13, 0x11, 0x01, 0x12, 0x06, 0x58, 0x0b,
		0x59, 0x0b, 0x57, 0x0b, 0, 0, 0
	};

	put_bytes(o, bytes, sizeof(bytes));
}

static void make_info(struct out *o, const struct form *f)
{
	size_t begun = begin_length(o, f), inner;

	put_u16(o, f->version);
	if (f->version >= 5) {
		put_u8(o, 1); /* DW_UT_compile */
		put_u8(o, f->address_size);
		put_off(o, f, 0);
	} else {
		put_off(o, f, 0);
		put_u8(o, f->address_size);
	}
	put_u8(o, 1);
	put_string(o, "a.c");
	put_string(o, "/src");
	put_off(o, f, 0);
	put_addr(o, f, 0x1000);
	put_u32(o, 0x100);
	inner = o->size;
	put_u8(o, 2);
	put_string(o, "inner");
	put_u8(o, 3);
	put_string(o, "outer");
	put_addr(o, f, 0x1000);
	put_u32(o, 0x100);
	put_u8(o, 4);
	put_u32(o, inner);
	put_addr(o, f, 0x1010);
	put_u32(o, 0x10);
	put_u8(o, 1); /* file */
	put_u8(o, 7); /* line */
	put_u8(o, 3); /* column */
	put_u8(o, 0);
	put_u8(o, 0);
	end_length(o, f, begun);
}

static void make_names(struct out *o, const struct form *f)
{
	if (f->version < 5) {
		put_string(o, "sub");
		put_u8(o, 0);
		put_string(o, "a.c");
		put_u8(o, 0), put_u8(o, 0), put_u8(o, 0);
		put_string(o, "b.h");
		put_u8(o, 1), put_u8(o, 0), put_u8(o, 0);
		put_u8(o, 0);
		return;
	}
	put_u8(o, 1); /* directories: a path each */
	put_u8(o, 1), put_u8(o, 0x08);
	put_u8(o, 2);
	put_string(o, "/src");
	put_string(o, "sub");
	put_u8(o, 2); /* files: a path and a directory each */
	put_u8(o, 1), put_u8(o, 0x08);
	put_u8(o, 2), put_u8(o, 0x0b);
	put_u8(o, 3);
	put_string(o, "a.c"), put_u8(o, 0);
	put_string(o, "a.c"), put_u8(o, 0);
	put_string(o, "b.h"), put_u8(o, 1);
}

static void make_program(struct out *o, const struct form *f)
{
	static const uint8_t rows[] = {
		3,
		4,
		1, /* line 5: 0x1000 */
		4,
		2, /* b.h */
		5,
		9, /* column 9 */
		3,
		17,		  /* line 22, and then: */
		13 + 3 + 16 * 14, /* line - 2, 0x1010, and a row */
		2,
		0x10, /* 0x1020 */
		4,
		1, /* a.c */
		3,
		0x74,
		1, /* line 8 */
		2,
		0xe0,
		1, /* 0x1100 */
		0,
		1,
		1, /* end of the sequence */
	};

	put_u8(o, 0);
	put_u8(o, 1 + f->address_size);
	put_u8(o, 2);
	put_addr(o, f, 0x1000);
	put_bytes(o, rows, sizeof(rows));
}

static void make_line(struct out *o, const struct form *f)
{
	static const uint8_t lengths[] = { 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1 };
	size_t begun = begin_length(o, f), header;

	put_u16(o, f->version);
	if (f->version >= 5) {
		put_u8(o, f->address_size);
		put_u8(o, 0);
	}
	put_off(o, f, 0);
	header = o->size;
	put_u8(o, 1); /* bytes of an instruction, at least */
	put_u8(o, 1);
	put_u8(o, 1);
	put_u8(o, 0xfb); /* line_base -5 */
	put_u8(o, 14);	 /* line_range */
	put_u8(o, 13);	 /* opcode_base */
	put_bytes(o, lengths, sizeof(lengths));
	make_names(o, f);
	end_length(o, &(struct form){ .wide = f->wide, .big = f->big }, header);
	make_program(o, f);
	end_length(o, f, begun);
}

static void make_aranges(struct out *o, const struct form *f)
{
	size_t begun = begin_length(o, f);

	put_u16(o, 2);
	put_off(o, f, 0);
	put_u8(o, f->address_size);
	put_u8(o, 0);
	while (o->size % (2u * f->address_size))
		put_u8(o, 0);
	/* of code that was not linked, which ld leaves at 0 */
	put_addr(o, f, 0), put_addr(o, f, 0x2000);
	put_addr(o, f, 0x1000), put_addr(o, f, 0x100);
	put_addr(o, f, 0), put_addr(o, f, 0);
	end_length(o, f, begun);
}

static void make(struct dwunw_dwarf *dwarf, const struct form *f)
{
	struct out o[DWUNW_DWARF_PARTS];
	uint32_t i;

	for (i = 0; i < DWUNW_DWARF_PARTS; i++)
		o[i] = out_init(parts[i], sizeof(parts[i]), f->big);
	make_info(&o[DWUNW_DWARF_INFO], f);
	make_abbrevs(&o[DWUNW_DWARF_ABBREV]);
	make_line(&o[DWUNW_DWARF_LINE], f);
	make_aranges(&o[DWUNW_DWARF_ARANGES], f);
	*dwarf = (struct dwunw_dwarf){ .address_size = f->address_size,
				       .big = f->big,
				       .dead_zero = true };
	for (i = 0; i < DWUNW_DWARF_PARTS; i++) {
		dwarf->parts[i].data = parts[i];
		dwarf->parts[i].size = o[i].size;
	}
}

/* Everything that is known of one address, as text. */
static dwunw_status_t describe(const struct dwunw_dwarf *dwarf, bool all,
			       uint64_t vaddr, size_t room, char *text,
			       size_t size)
{
	struct dwunw_arena arena, scratch;
	struct dwunw_units units;
	struct dwunw_unit unit;
	struct dwunw_calls calls;
	struct dwunw_lines lines;
	const struct dwunw_line_row *row;
	dwunw_status_t status;
	char name[64], path[64];
	uint32_t off, call;

	text[0] = '\0';
	dwunw_arena_init(&arena, kept, room);
	dwunw_arena_init(&scratch, scratched, sizeof(scratched));
	status = dwunw_units_open(&units, dwarf, all, &arena, &scratch);
	if (status == DWUNW_OK)
		status = dwunw_units_find(&units, vaddr, &off);
	if (status == DWUNW_OK)
		status = dwunw_unit_open(&unit, dwarf, off, &arena, &scratch);
	if (status == DWUNW_OK)
		status = dwunw_calls_open(&calls, &unit, &arena, &scratch);
	if (status == DWUNW_OK)
		status =
			dwunw_lines_open(&lines, &unit, true, &arena, &scratch);
	if (status != DWUNW_OK)
		return status;
	row = dwunw_lines_find(&lines, vaddr);
	if (row && dwunw_lines_path(&lines, &unit, row->file, path,
				    sizeof(path)) == DWUNW_OK)
		snprintf(text, size, "%s:%u:%u", path, row->line, row->column);
	for (call = dwunw_calls_find(&calls, vaddr); call != DWUNW_CALL_NONE;
	     call = calls.calls[call].caller) {
		size_t used = strlen(text);

		(void)dwunw_call_name(&unit, calls.calls[call].die_off,
				      &scratch, name, sizeof(name));
		snprintf(text + used, size - used, " %s", name);
		if (!calls.calls[call].inlined)
			break;
		used = strlen(text);
		snprintf(text + used, size - used, " < %u:%u:%u",
			 calls.calls[call].call_file,
			 calls.calls[call].call_line,
			 calls.calls[call].call_column);
	}
	return scratch.used ? DWUNW_ERR_INVALID_ARG : DWUNW_OK;
}

static void check_names(const struct form *f)
{
	static const struct {
		uint64_t vaddr;
		const char *want;
	} cases[] = {
		{ 0x1000, "/src/a.c:5:0 outer" },
		{ 0x100f, "/src/a.c:5:0 outer" },
		{ 0x1010, "/src/sub/b.h:20:9 inner < 1:7:3 outer" },
		{ 0x101f, "/src/sub/b.h:20:9 inner < 1:7:3 outer" },
		{ 0x1020, "/src/a.c:8:9 outer" },
		{ 0x10ff, "/src/a.c:8:9 outer" },
	};
	struct dwunw_dwarf dwarf;
	char text[256];
	size_t i;

	make(&dwarf, f);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is_u64(describe(&dwarf, i % 2, cases[i].vaddr, ROOM, text,
				sizeof(text)),
		       DWUNW_OK, "%s: 0x%x", f->name, (unsigned)cases[i].vaddr);
		is_str(text, cases[i].want, "what is there");
	}
	is_u64(describe(&dwarf, false, 0xfff, ROOM, text, sizeof(text)),
	       DWUNW_ERR_NO_DEBUG_DATA, "nothing before it");
	is_u64(describe(&dwarf, false, 0x1100, ROOM, text, sizeof(text)),
	       DWUNW_ERR_NO_DEBUG_DATA, "nor in what was not linked");
	is_u64(describe(&dwarf, true, 0x1100, ROOM, text, sizeof(text)),
	       DWUNW_ERR_NO_DEBUG_DATA, "nothing behind it");
}

/* Every section, cut at every byte: a status, and never a byte too far. */
static void cut_sections(const struct form *f)
{
	struct dwunw_dwarf dwarf;
	char text[256];
	unsigned tried = 0;
	uint32_t i;

	make(&dwarf, f);
	for (i = 0; i < DWUNW_DWARF_PARTS; i++) {
		uint64_t size = dwarf.parts[i].size;

		while (dwarf.parts[i].size) {
			uint8_t *copy;

			dwarf.parts[i].size--;
			/* a block of its own: sanitizers see its end */
			copy = malloc((size_t)dwarf.parts[i].size + 1);
			memcpy(copy, parts[i], (size_t)dwarf.parts[i].size);
			dwarf.parts[i].data = copy;
			(void)describe(&dwarf, tried % 2, 0x1018, ROOM, text,
				       sizeof(text));
			free(copy);
			tried++;
		}
		dwarf.parts[i].data = parts[i];
		dwarf.parts[i].size = size;
	}
	ok(tried > 200, "%s: cut at %u places", f->name, tried);
}

/* Too small an arena is NO_MEMORY, and enough is enough. */
static void small_arenas(void)
{
	struct dwunw_dwarf dwarf;
	dwunw_status_t status = DWUNW_ERR_NO_MEMORY;
	char text[256];
	size_t room;

	make(&dwarf, &forms[3]);
	for (room = 0; room < ROOM; room += 16) {
		status = describe(&dwarf, false, 0x1018, room, text,
				  sizeof(text));
		if (status != DWUNW_ERR_NO_MEMORY)
			break;
	}
	is_u64(status, DWUNW_OK, "from %zu bytes on it succeeds", room);
	is_str(text, "/src/sub/b.h:20:9 inner < 1:7:3 outer", "with all of it");
}

/* An entry that names itself as its own origin. */
static void looping_names(void)
{
	struct dwunw_dwarf dwarf;
	char text[256];
	size_t i;

	make(&dwarf, &forms[3]);
	for (i = 0; i + 5 < dwarf.parts[DWUNW_DWARF_INFO].size; i++) {
		uint8_t *info = parts[DWUNW_DWARF_INFO];

		/* abbreviation 4, then its origin */
		if (info[i] == 4 && info[i + 5] == 0x10 && info[i + 6] == 0x10)
			info[i + 1] = (uint8_t)i;
	}
	is_u64(describe(&dwarf, false, 0x1018, ROOM, text, sizeof(text)),
	       DWUNW_OK, "an origin that leads to itself ends");
	is_str(text, "/src/sub/b.h:20:9  < 1:7:3 outer", "without a name");
}

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		check_names(&forms[i]);
		cut_sections(&forms[i]);
	}
	small_arenas();
	looping_names();
	return done();
}

#else

int main(void)
{
	return skip_all("built without CONFIG_NAMES_LINES");
}

#endif
