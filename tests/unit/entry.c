/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* core/cfi/entry.c: one CIE or FDE, in every version, width and augmentation. */
#include "core/cfi/entry.h"

#include "make_module.h"
#include "tap.h"

static struct made m;

static dwunw_status_t first_fde(struct dwunw_fde *fde)
{
	struct dwunw_fde_cursor cursor;

	(void)made_open(&m);
	dwunw_fde_cursor_init(&cursor, &m.module,
			      m.cfi.debug_frame ? &m.module.debug :
						  &m.module.eh);
	return dwunw_fde_next(&cursor, fde);
}

static void versions(void)
{
	static const uint8_t numbers[] = { 1, 3, 4 };
	struct dwunw_fde fde;
	struct cfi_out *s;
	unsigned int v, wide, debug, segment;
	char title[80];

	for (v = 0; v < 3; v++)
		for (wide = 0; wide < 2; wide++)
			for (debug = 0;
			     debug < 1 + IS_ON(CONFIG_CFI_DEBUG_FRAME); debug++)
				for (segment = 0;
				     segment <= (numbers[v] == 4 ? 4u : 0u);
				     segment += 4) {
					struct cie_spec cie = {
						.version = numbers[v],
						.wide = wide,
						.augmentation = "",
						.code_align = 4,
						.data_align = -16,
						.ra = 16,
						.segment_size =
							(uint8_t)segment,
						.program_hex = "0c 07 08"
					};
					struct fde_spec spec = {
						.start = 0x1100,
						.size = 0x40,
						.no_data = true,
						.wide = wide,
						.segment_size =
							(uint8_t)segment,
						.program_hex = "41 42 43 44"
					};

					snprintf(title, sizeof(title),
						 "version %u, %s, .%s, "
						 "segment size %u",
						 numbers[v],
						 wide ? "64-bit DWARF" :
							"32-bit DWARF",
						 debug ? "debug_frame" :
							 "eh_frame",
						 segment);
					s = made_begin(&m, debug);
					/* something before, so that no offset is 0 */
					put_cie(s,
						&(struct cie_spec){
							.augmentation = "" });
					spec.cie = put_cie(s, &cie);
					uint64_t off = put_fde(s, &spec);

					if (!is_u64(first_fde(&fde), DWUNW_OK,
						    "%s", title))
						continue;
					ok(fde.start == 0x1100 &&
						   fde.end == 0x1140,
					   "%s: [0x%" PRIx64 ", 0x%" PRIx64 ")",
					   title, fde.start, fde.end);
					is_u64(fde.off, off, "%s: its offset",
					       title);
					is_u64(fde.cie_off, spec.cie,
					       "%s: its CIE", title);
					is_u64(fde.version, numbers[v],
					       "%s: version", title);
					is_u64(fde.code_align, 4,
					       "%s: code alignment", title);
					is_u64(fde.data_align, -16,
					       "%s: data alignment", title);
					is_u64(fde.ra_reg, 16,
					       "%s: return address", title);
					is_u64(fde.address_size, 8,
					       "%s: address size", title);
					ok(fde.program.size >= 4 &&
						   !memcmp(fde.program.data,
							   "ABCD", 4),
					   "%s: its program", title);
					ok(fde.initial.size >= 3 &&
						   !memcmp(fde.initial.data,
							   "\x0c\x07\x08", 3),
					   "%s: the CIE's program", title);
				}
}

static void augmentations(void)
{
	static const struct {
		const char *letters, *cie_hex, *fde_hex;
		uint8_t encoding;
		dwunw_status_t status;
		bool signal, b_key;
		uint64_t lsda;
	} cases[] = {
		{ "", NULL, NULL, 0, DWUNW_OK, false, false, 0 },
		{ "z", "", NULL, 0, DWUNW_OK, false, false, 0 },
		{ "zR", "1b", NULL, 0x1b, DWUNW_OK, false, false, 0 },
		{ "zR", "0c", NULL, 0x0c, DWUNW_OK, false, false, 0 },
		{ "zRS", "1b", NULL, 0x1b, DWUNW_OK, true, false, 0 },
		{ "zSR", "1b", NULL, 0x1b, DWUNW_OK, true, false, 0 },
		{ "zRB", "1b", NULL, 0x1b, DWUNW_OK, false, true, 0 },
		{ "zLR", "03 1b", "44332211", 0x1b, DWUNW_OK, false, false,
		  0x11223344 },
		{ "zLR", "ff 1b", "00", 0x1b, DWUNW_OK, false, false, 0 },
		{ "zLR", "1b 1b", "00000000", 0x1b, DWUNW_OK, false, false, 0 },
		{ "zPLR", "9b 01020304 03 1b", "44332211", 0x1b, DWUNW_OK,
		  false, false, 0x11223344 },
		{ "zRPLSB", "1b 03 01020304 03", "44332211", 0x1b, DWUNW_OK,
		  true, true, 0x11223344 },
		{ "zRPLS", "1b ff ff", "", 0x1b, DWUNW_OK, true, false, 0 },
		/* an unknown letter: what 'z' bounds is stepped over */
		{ "zRx", "1b 01 02 03", "99", 0x1b, DWUNW_OK, false, false, 0 },
		{ "eh", NULL, NULL, 0, DWUNW_OK, false, false, 0 },
		/* without 'z' nobody knows how much to step over */
		{ "x", NULL, NULL, 0, DWUNW_ERR_BAD_FORMAT, false, false, 0 },
		{ "armcc+", NULL, NULL, 0, DWUNW_ERR_BAD_FORMAT, false, false,
		  0 },
		/* letters that need more than there is */
		{ "zR", "", NULL, 0, DWUNW_ERR_BAD_FORMAT, false, false, 0 },
		{ "zRP", "1b 03 0102", NULL, 0x1b, DWUNW_ERR_BAD_FORMAT, false,
		  false, 0 },
		{ "zRP", "1b 07 01020304", NULL, 0x1b, DWUNW_ERR_BAD_FORMAT,
		  false, false, 0 },
		{ "zR", "0f", NULL, 0x1b, DWUNW_ERR_BAD_FORMAT, false, false,
		  0 },
		{ "zR", "ff", NULL, 0x1b, DWUNW_ERR_BAD_FORMAT, false, false,
		  0 },
	};
	struct dwunw_fde fde;
	struct cfi_out *s;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		struct cie_spec cie = { .augmentation = cases[i].letters,
					.data_hex = cases[i].cie_hex };
		struct fde_spec spec = { .start = 0x1100,
					 .size = 0x40,
					 .encoding = cases[i].encoding,
					 .data_hex = cases[i].fde_hex,
					 .no_data = cases[i].letters[0] != 'z',
					 .program_hex = "41" };

		s = made_begin(&m, false);
		spec.cie = put_cie(s, &cie);
		put_fde(s, &spec);
		is_u64(first_fde(&fde), cases[i].status,
		       "augmentation \"%s\" (%s)", cases[i].letters,
		       cases[i].cie_hex ? cases[i].cie_hex : "");
		if (cases[i].status != DWUNW_OK)
			continue;
		ok(fde.start == 0x1100 && fde.end == 0x1140,
		   "\"%s\": range 0x%" PRIx64 " 0x%" PRIx64, cases[i].letters,
		   fde.start, fde.end);
		ok(fde.signal_frame == cases[i].signal &&
			   fde.b_key == cases[i].b_key,
		   "\"%s\": 'S' and 'B'", cases[i].letters);
		is_u64(fde.lsda, cases[i].lsda, "\"%s\": language data",
		       cases[i].letters);
		ok(fde.program.size > 0 && fde.program.data[0] == 0x41,
		   "\"%s\": the program starts behind", cases[i].letters);
	}
}

/* Addresses in every encoding that compilers use for them. */
static void encodings(void)
{
	static const uint8_t encodings[] = {
		0x00, 0x02, 0x03, 0x04, 0x0a, 0x0b,
		0x0c, 0x10, 0x14, 0x1a, 0x1b, 0x1c
	};
	struct dwunw_fde fde;
	struct cfi_out *s;
	char hex[3];
	size_t i;

	for (i = 0; i < COUNT(encodings); i++) {
		struct cie_spec cie = { .encoding = encodings[i] };
		struct fde_spec spec = { .start = 0x1234,
					 .size = 0x40,
					 .encoding = encodings[i] };

		snprintf(hex, sizeof(hex), "%02x", encodings[i]);
		s = made_begin(&m, false);
		spec.cie = put_cie(s, &cie);
		put_fde(s, &spec);
		is_u64(first_fde(&fde), DWUNW_OK, "addresses as 0x%s", hex);
		is_u64(fde.start, 0x1234, "0x%s: start", hex);
		is_u64(fde.end, 0x1274, "0x%s: end", hex);
	}
}

/* Records whose length or CIE pointer is wrong. */
static void broken(void)
{
	static const struct {
		const char *title;
		const char *hex; /* the section */
		dwunw_status_t status;
	} cases[] = {
		{ "length behind the end", "10 00 00 00 00 00 00 00",
		  DWUNW_ERR_BAD_FORMAT },
		{ "length reserved by DWARF",
		  "f0 ff ff ff 00 00 00 00 00 00 00 00", DWUNW_ERR_BAD_FORMAT },
		{ "64-bit length behind the end",
		  "ff ff ff ff 01 00 00 00 00 00 00 00", DWUNW_ERR_BAD_FORMAT },
		{ "64-bit length of 2^64 - 1",
		  "ff ff ff ff ff ff ff ff ff ff ff ff 00 00 00 00",
		  DWUNW_ERR_BAD_FORMAT },
		{ "cut in its length", "10 00", DWUNW_ERR_BAD_FORMAT },
		{ "cut in its 64-bit length", "ff ff ff ff 00 00",
		  DWUNW_ERR_BAD_FORMAT },
		{ "too short for a CIE pointer", "02 00 00 00 00 00",
		  DWUNW_ERR_BAD_FORMAT },
		{ "CIE pointer to itself",
		  "0c 00 00 00 04 00 00 00 01 00 00 00 01 00 00 00",
		  DWUNW_ERR_BAD_FORMAT },
		{ "CIE pointer before the section",
		  "0c 00 00 00 ff 00 00 00 01 00 00 00 01 00 00 00",
		  DWUNW_ERR_BAD_FORMAT },
		{ "CIE pointer behind the section",
		  "0c 00 00 00 00 ff ff ff 01 00 00 00 01 00 00 00",
		  DWUNW_ERR_BAD_FORMAT },
		{ "CIE pointer to the terminator",
		  "00 00 00 00 0c 00 00 00 08 00 00 00 01 00 00 00 01 00 00 00",
		  DWUNW_ERR_BAD_FORMAT },
		{ "two FDEs that are each other's CIE",
		  "08 00 00 00 f8 ff ff ff 00 00 00 00"
		  "08 00 00 00 10 00 00 00 00 00 00 00",
		  DWUNW_ERR_BAD_FORMAT },
		{ "CIE of version 2",
		  "0c 00 00 00 00 00 00 00 02 00 01 78 10 00 00 00"
		  "14 00 00 00 14 00 00 00 00 10 00 00 00 00 00 00"
		  "10 00 00 00 00 00 00 00",
		  DWUNW_ERR_BAD_FORMAT },
		{ "CIE whose string has no end",
		  "08 00 00 00 00 00 00 00 01 7a 52 52"
		  "14 00 00 00 10 00 00 00 00 10 00 00 00 00 00 00"
		  "10 00 00 00 00 00 00 00",
		  DWUNW_ERR_BAD_FORMAT },
		{ "nothing", "", DWUNW_ERR_NO_DEBUG_DATA },
		{ "terminators alone", "00 00 00 00 00 00 00 00",
		  DWUNW_ERR_NO_DEBUG_DATA },
		{ "a CIE alone",
		  "0c 00 00 00 00 00 00 00 01 00 01 78 10 00 00 00",
		  DWUNW_ERR_NO_DEBUG_DATA },
		{ "the same, and an FDE of it",
		  "0c 00 00 00 00 00 00 00 01 00 01 78 10 00 00 00"
		  "14 00 00 00 14 00 00 00 00 10 00 00 00 00 00 00"
		  "10 00 00 00 00 00 00 00",
		  DWUNW_OK },
	};
	struct dwunw_module module = { .elf = { .elf_class = 2, .data = 1 } };
	struct dwunw_cfi cfi = { .vaddr = MADE_CFI };
	struct dwunw_fde_cursor cursor;
	struct dwunw_fde fde;
	uint8_t bytes[64], *exact;
	size_t i, size;
	int calls;

	for (i = 0; i < COUNT(cases); i++) {
		size = from_hex(cases[i].hex, bytes, sizeof(bytes));
		exact = malloc(size + !size);
		memcpy(exact, bytes, size);
		cfi.bytes = (struct dwunw_span){ exact, size };
		dwunw_fde_cursor_init(&cursor, &module, &cfi);
		is_u64(dwunw_fde_next(&cursor, &fde), cases[i].status,
		       "record: %s", cases[i].title);
		for (calls = 1; calls < 20 && dwunw_fde_next(&cursor, &fde) !=
						      DWUNW_ERR_NO_DEBUG_DATA;
		     calls++)
			;
		ok(calls < 20, "record: %s: the walk ends", cases[i].title);
		free(exact);
	}
}

/* A bad record is told, and the ones behind it are still read. */
static void goes_on(void)
{
	struct cfi_out *s = made_begin(&m, false);
	struct dwunw_fde_cursor cursor;
	struct dwunw_fde fde;
	uint64_t cie = put_cie(s, &(struct cie_spec){ .encoding = 0x1b });
	uint64_t bad;

	put_fde(s, &(struct fde_spec){ .cie = cie,
				       .start = 0x1000,
				       .size = 16,
				       .encoding = 0x1b });
	bad = put_fde(s, &(struct fde_spec){ .cie = cie,
					     .start = 0x1010,
					     .size = 16,
					     .encoding = 0x1b });
	set_uint(&s->o, (size_t)bad + 4, 0xffff, 4);
	put_fde(s, &(struct fde_spec){ .cie = cie,
				       .start = 0x1020,
				       .size = 16,
				       .encoding = 0x1b });
	put_u32(&s->o, 0);
	put_fde(s, &(struct fde_spec){ .cie = cie,
				       .start = 0x1030,
				       .size = 16,
				       .encoding = 0x1b });
	is_u64(made_open(&m), DWUNW_OK, "a module with one bad record opens");
	dwunw_fde_cursor_init(&cursor, &m.module, &m.module.eh);
	is_u64(dwunw_fde_next(&cursor, &fde), DWUNW_OK, "the first FDE");
	is_u64(dwunw_fde_next(&cursor, &fde), DWUNW_ERR_BAD_FORMAT,
	       "the second is bad");
	is_u64(fde.off, bad, "and says where");
	is_u64(dwunw_fde_next(&cursor, &fde), DWUNW_OK, "the third");
	is_u64(fde.start, 0x1020, "is the third");
	is_u64(dwunw_fde_next(&cursor, &fde), DWUNW_OK,
	       "one behind a terminator inside the section");
	is_u64(dwunw_fde_next(&cursor, &fde), DWUNW_ERR_NO_DEBUG_DATA,
	       "the end");
	is_u64(dwunw_fde_next(&cursor, &fde), DWUNW_ERR_NO_DEBUG_DATA,
	       "stays the end");
	is_u64(dwunw_module_fde(&m.module, 0x1015, &fde),
	       DWUNW_ERR_NO_DEBUG_DATA, "the bad one covers nothing");
	is_u64(dwunw_module_fde(&m.module, 0x103f, &fde), DWUNW_OK,
	       "the last one its range");
}

int main(void)
{
	NEEDS(CONFIG_ARCH_X86_64);
	versions();
	augmentations();
	encodings();
	broken();
	goes_on();
	return done();
}
