/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* core/base/bytes.c: the bounded cursor. */
#include "core/base/bytes.h"
#include "make_elf.h"
#include "tap.h"

static struct dwu_cursor over(const char *hex, bool big)
{
	static uint8_t bytes[64];
	size_t size = from_hex(hex, bytes, sizeof(bytes));

	return dwu_cursor(bytes, size, big);
}

static void fixed_sizes(void)
{
	static const struct {
		const char *title, *hex;
		uint8_t size;
		uint64_t le, be, le_signed, be_signed;
	} cases[] = {
		{ "u8", "80", 1, 0x80, 0x80, ~0x7full, ~0x7full },
		{ "u16", "01 80", 2, 0x8001, 0x0180, ~0x7ffeull, 0x0180 },
		{ "u32", "01 02 03 84", 4, 0x84030201, 0x01020384,
		  0xffffffff84030201, 0x01020384 },
		{ "u64", "01 02 03 04 05 06 07 88", 8, 0x8807060504030201,
		  0x0102030405060788, 0x8807060504030201, 0x0102030405060788 },
	};
	struct dwu_cursor c;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		c = over(cases[i].hex, false);
		is_u64(dwu_uint(&c, cases[i].size), cases[i].le,
		       "%s, little-endian", cases[i].title);
		ok(dwu_at_end(&c) && !c.bad, "%s reads all of its bytes",
		   cases[i].title);
		c = over(cases[i].hex, true);
		is_u64(dwu_uint(&c, cases[i].size), cases[i].be,
		       "%s, big-endian", cases[i].title);
		c = over(cases[i].hex, false);
		is_u64(dwu_sint(&c, cases[i].size), cases[i].le_signed,
		       "%s, signed, little-endian", cases[i].title);
		c = over(cases[i].hex, true);
		is_u64(dwu_sint(&c, cases[i].size), cases[i].be_signed,
		       "%s, signed, big-endian", cases[i].title);
		c = over(cases[i].hex, false);
		c.size--;
		is_u64(dwu_uint(&c, cases[i].size), 0,
		       "%s, one byte short, is 0", cases[i].title);
		ok(c.bad, "%s, one byte short, is bad", cases[i].title);
	}
	c = over("01 02 03 04", false);
	(void)dwu_uint(&c, 3);
	ok(c.bad, "an integer of 3 bytes is bad");
}

static void leb(void)
{
	static const struct {
		const char *title, *hex;
		bool bad;
		uint64_t value;
	} u[] = {
		{ "0", "00", false, 0 },
		{ "127", "7f", false, 127 },
		{ "128", "80 01", false, 128 },
		{ "overlong 0", "80 80 00", false, 0 },
		{ "overlong 1, 12 bytes", "81 80 80 80 80 80 80 80 80 80 80 00",
		  false, 1 },
		{ "2^63", "80 80 80 80 80 80 80 80 80 01", false, 1ull << 63 },
		{ "2^64 - 1", "ff ff ff ff ff ff ff ff ff 01", false,
		  UINT64_MAX },
		{ "2^64", "80 80 80 80 80 80 80 80 80 02", true, 0 },
		{ "a bit beyond the 70th", "80 80 80 80 80 80 80 80 80 80 01",
		  true, 0 },
		{ "no end", "80", true, 0 },
		{ "nothing", "", true, 0 },
	}, s[] = {
		{ "0", "00", false, 0 },
		{ "-1", "7f", false, UINT64_MAX },
		{ "63", "3f", false, 63 },
		{ "-64", "40", false, (uint64_t)-64 },
		{ "64", "c0 00", false, 64 },
		{ "-65", "bf 7f", false, (uint64_t)-65 },
		{ "overlong -1", "ff ff 7f", false, UINT64_MAX },
		{ "overlong -1, 12 bytes",
		  "ff ff ff ff ff ff ff ff ff ff ff 7f", false, UINT64_MAX },
		{ "least", "80 80 80 80 80 80 80 80 80 7f", false, 1ull << 63 },
		{ "greatest", "ff ff ff ff ff ff ff ff ff 00", false,
		  INT64_MAX },
		{ "more than 64 bits", "80 80 80 80 80 80 80 80 80 01", true,
		  0 },
		{ "the sign is not repeated", "80 80 80 80 80 80 80 80 80 80 7f",
		  true, 0 },
		{ "… nor in the last byte", "80 80 80 80 80 80 80 80 80 ff 00",
		  true, 0 },
		{ "least, overlong", "80 80 80 80 80 80 80 80 80 ff 7f", false,
		  1ull << 63 },
		{ "no end", "ff ff", true, 0 },
	};
	struct dwu_cursor c;
	size_t i;

	for (i = 0; i < COUNT(u); i++) {
		c = over(u[i].hex, false);
		is_u64(dwu_uleb(&c), u[i].value, "uleb %s", u[i].title);
		ok(c.bad == u[i].bad, "uleb %s is %s", u[i].title,
		   u[i].bad ? "bad" : "good");
		ok(c.bad || c.off == c.size, "uleb %s reads all its bytes",
		   u[i].title);
	}
	for (i = 0; i < COUNT(s); i++) {
		c = over(s[i].hex, false);
		is_u64(dwu_sleb(&c), s[i].value, "sleb %s", s[i].title);
		ok(c.bad == s[i].bad, "sleb %s is %s", s[i].title,
		   s[i].bad ? "bad" : "good");
	}
}

static void leb_round_trip(void)
{
	uint8_t room[16];
	unsigned int bit, wrong = 0;
	int delta;

	for (bit = 0; bit < 64; bit++) {
		for (delta = -1; delta <= 1; delta++) {
			uint64_t value = ((uint64_t)1 << bit) + (uint64_t)delta;
			struct out o = out_init(room, sizeof(room), false);
			struct dwu_cursor c;

			put_uleb(&o, value);
			c = dwu_cursor(room, o.size, false);
			wrong += dwu_uleb(&c) != value || c.bad;
			o.size = 0;
			put_sleb(&o, (int64_t)value);
			c = dwu_cursor(room, o.size, false);
			wrong += dwu_sleb(&c) != (int64_t)value || c.bad;
			o.size = 0;
			put_sleb(&o, (int64_t)(0 - value));
			c = dwu_cursor(room, o.size, false);
			wrong += dwu_sleb(&c) != (int64_t)(0 - value) || c.bad;
		}
	}
	is_u64(wrong, 0,
	       "LEB128 of 2^n - 1, 2^n, 2^n + 1, either sign, for all n");
}

static void spans(void)
{
	struct dwu_cursor c = over("61 62 00 63", false);
	struct dwunw_span span;

	is_str(dwu_string(&c), "ab", "a string");
	is_u64(c.off, 3, "its terminator is read");
	is_str(dwu_string(&c), "", "a string without an end is empty");
	ok(c.bad, "a string without an end is bad");
	is_u64(dwu_u8(&c), 0, "after the first error everything is 0");
	c = over("01 02 03", false);
	span = dwu_take(&c, 2);
	is_u64(span.size, 2, "a span");
	is_u64(span.data[1], 2, "its bytes are in place");
	span = dwu_take(&c, 1);
	ok(!c.bad && dwu_at_end(&c), "up to the end");
	span = dwu_take(&c, 0);
	ok(!c.bad && span.size == 0, "an empty span at the end is good");
	span = dwu_take(&c, 1);
	ok(c.bad && span.size == 0 && !span.data, "a byte more is bad");
	c = over("01 02 03", false);
	dwu_skip(&c, UINT64_MAX);
	ok(c.bad, "a skip of 2^64 - 1 is bad");
	c = over("01 02 03", false);
	(void)dwu_u8(&c);
	dwu_skip(&c, UINT64_MAX);
	ok(c.bad, "so is one that wraps around");
}

/* Every format beside every application, in both orders. */
static void encoded(void)
{
	static const struct {
		uint8_t format, size;
		bool is_signed;
	} formats[] = {
		{ 0x00, 0, false }, { 0x01, 1, false }, { 0x02, 2, false },
		{ 0x03, 4, false }, { 0x04, 8, false }, { 0x08, 0, true },
		{ 0x09, 1, true },  { 0x0a, 2, true },	{ 0x0b, 4, true },
		{ 0x0c, 8, true },
	};
	static const struct {
		const char *title;
		uint8_t application;
		uint64_t base;
	} applications[] = {
		{ "absolute", 0x00, 0 },
		{ "pcrel", 0x10, 0x1003 }, /* of the value itself */
		{ "textrel", 0x20, 0x20000 },
		{ "datarel", 0x30, 0x30000 },
		{ "funcrel", 0x40, 0x40000 },
		{ "indirect pcrel", 0x90, 0x1003 },
	};
	uint8_t room[32], address_size, big;
	unsigned int before = tap.failed;
	size_t f, a;

	for (f = 0; f < COUNT(formats); f++)
		for (a = 0; a < COUNT(applications); a++)
			for (address_size = 4; address_size <= 8;
			     address_size = (uint8_t)(address_size * 2))
				for (big = 0; big < 2; big++) {
					struct dwu_bases b = {
						0x1000,	 0x20000,      0x30000,
						0x40000, address_size,
					};
					struct out o = out_init(room, 32, big);
					struct dwu_cursor c;
					uint8_t size = formats[f].size;
					uint64_t want, got;

					put_bytes(&o, "xyz", 3);
					/* 0x7b = -5 as a sleb of one byte */
					if (size == 1)
						put_u8(&o, 0x7b);
					else
						put_uint(&o, (uint64_t)-5,
							 size ? size :
								address_size);
					want = formats[f].is_signed ?
						       (uint64_t)-5 :
					       size == 1 ? 0x7b :
					       size == 2 ? 0xfffb :
					       size == 4 || (!size &&
							     address_size ==
								     4) ?
							   0xfffffffb :
							   (uint64_t)-5;
					want += applications[a].base;
					if (address_size == 4)
						want = (uint32_t)want;
					c = dwu_cursor(room, o.size, big);
					c.off = 3;
					got = dwu_encoded(
						&c,
						formats[f].format |
							applications[a]
								.application,
						&b);
					if (got != want || c.bad ||
					    !dwu_at_end(&c))
						is_u64(got, want,
						       "%s, format %x, %u-byte "
						       "addresses, %s",
						       applications[a].title,
						       formats[f].format,
						       address_size,
						       big ? "BE" : "LE");
				}
	ok(tap.failed == before,
	   "every DW_EH_PE format x application x size x order");
}

static void encoded_corners(void)
{
	struct dwu_bases b = {
		.vaddr = 0x1000, .text = 1, .data = 2, .address_size = 8
	};
	static const uint8_t bad_formats[] = { 5, 6, 7, 13, 14, 15 };
	struct dwu_cursor c;
	size_t i;

	c = over("01", false);
	is_u64(dwu_encoded(&c, 0xff, &b), 0, "OMIT is 0");
	is_u64(c.off, 0, "OMIT reads nothing");
	c = over("00 00 00 00", false);
	is_u64(dwu_encoded(&c, 0x1b, &b), 0, "a NULL stays NULL, pcrel or not");
	for (i = 0; i < sizeof(bad_formats); i++) {
		c = over("01 02 03 04 05 06 07 08", false);
		(void)dwu_encoded(&c, bad_formats[i], &b);
		ok(c.bad, "format %x is bad", bad_formats[i]);
	}
	for (i = 0x60; i <= 0x70; i += 0x10) {
		c = over("01 02 03 04 05 06 07 08", false);
		(void)dwu_encoded(&c, (uint8_t)(i | 3), &b);
		ok(c.bad, "application %zx is bad", i);
	}
	/* ALIGNED: the next multiple of the address size as linked */
	c = over("ff ff ff 11 22 33 44 55 66 77 88", false);
	b.vaddr = 0x1005;
	is_u64(dwu_encoded(&c, 0x50, &b), 0x8877665544332211, "aligned");
	ok(!c.bad && dwu_at_end(&c), "aligned skips up to its value");
	c = over("11 22 33 44 55 66 77 88", false);
	b.vaddr = 0x1008;
	is_u64(dwu_encoded(&c, 0x50, &b), 0x8877665544332211,
	       "aligned where nothing is to skip");
	c = over("11 22", false);
	b.vaddr = 0x1001;
	(void)dwu_encoded(&c, 0x50, &b);
	ok(c.bad, "aligned beyond the end is bad");
}

int main(void)
{
	fixed_sizes();
	leb();
	leb_round_trip();
	spans();
	encoded();
	encoded_corners();
	is_u64(dwu_address(0x123456789, 4), 0x23456789,
	       "an address of 4 bytes");
	is_u64(dwu_address(0x123456789, 8), 0x123456789, "and one of 8");
	return done();
}
