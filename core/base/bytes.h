/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Reading bytes that may lie: a bounded cursor whose error is sticky.
 *
 * A parser reads straight through and tests `bad` once a record; after the
 * first read past the end every further one gives 0.
 */
#ifndef DWU_BYTES_H
#define DWU_BYTES_H

#include <dwunw/types.h>

/* All that the core needs of a C library. */
void *memcpy(void *restrict dst, const void *restrict src, size_t size);
void *memmove(void *dst, const void *src, size_t size);
void *memset(void *dst, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* -ffreestanding forgets that these can be inlined. */
#define memcpy(dst, src, size) __builtin_memcpy(dst, src, size)
#define memset(dst, byte, size) __builtin_memset(dst, byte, size)
#define memcmp(a, b, size) __builtin_memcmp(a, b, size)

/*
 * Says of ourselves what must be true; hostile input is checked with `if`.
 * Off, it costs nothing (CONFIG_ASSERTS).
 */
#define dwu_assert(truth)                              \
	do {                                           \
		if (IS_ON(CONFIG_ASSERTS) && !(truth)) \
			__builtin_trap();              \
	} while (0)

/*
 * A small function with many callers. gcc 12 with -Os puts a copy of it into
 * each: a tenth of some objects of mips32.
 */
#if IS_ON(CONFIG_OPTIMIZE_SIZE)
#define DWU_ONE_COPY __attribute__((noinline))
#define DWU_HOT
#else
#define DWU_ONE_COPY
/* A function of the hot loop that has a second caller outside of it. */
#define DWU_HOT inline __attribute__((always_inline))
#endif
/* What most walks never call: it stays out of the hot loop. */
#define DWU_COLD __attribute__((noinline, cold))

struct dwu_cursor {
	const uint8_t *data;
	size_t size;
	size_t off;
	bool big; /* byte order of the data */
	bool bad;
};

/*
 * The bytes are the caller's and must outlive the cursor. A size of 0 goes with
 * any address: nothing is read through it.
 */
#if IS_ON(CONFIG_OPTIMIZE_SIZE)
struct dwu_cursor dwu_cursor(const uint8_t *data, size_t size, bool big);

uint8_t dwu_u8(struct dwu_cursor *c);
uint16_t dwu_u16(struct dwu_cursor *c);
uint32_t dwu_u32(struct dwu_cursor *c);
uint64_t dwu_u64(struct dwu_cursor *c);
#else
static inline struct dwu_cursor dwu_cursor(const uint8_t *data, size_t size,
					   bool big)
{
	return (struct dwu_cursor){ .data = data, .size = size, .big = big };
}

/* As next() of bytes.c: false and bad where there are not so many. */
static inline bool dwu_next(struct dwu_cursor *c, void *to, size_t size)
{
	if (__builtin_expect(c->bad || size > c->size - c->off, 0)) {
		c->bad = true;
		return false;
	}
	memcpy(to, c->data + c->off, size);
	c->off += size;
	return true;
}

static inline bool dwu_swaps(const struct dwu_cursor *c)
{
	return c->big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

static inline uint8_t dwu_u8(struct dwu_cursor *c)
{
	uint8_t v;

	return dwu_next(c, &v, sizeof(v)) ? v : 0;
}

static inline uint16_t dwu_u16(struct dwu_cursor *c)
{
	uint16_t v;

	if (!dwu_next(c, &v, sizeof(v)))
		return 0;
	return dwu_swaps(c) ? __builtin_bswap16(v) : v;
}

static inline uint32_t dwu_u32(struct dwu_cursor *c)
{
	uint32_t v;

	if (!dwu_next(c, &v, sizeof(v)))
		return 0;
	return dwu_swaps(c) ? __builtin_bswap32(v) : v;
}

static inline uint64_t dwu_u64(struct dwu_cursor *c)
{
	uint64_t v;

	if (!dwu_next(c, &v, sizeof(v)))
		return 0;
	return dwu_swaps(c) ? __builtin_bswap64(v) : v;
}
#endif
/* An unsigned integer of 1, 2, 4 or 8 bytes; any other size is bad. */
uint64_t dwu_uint(struct dwu_cursor *c, uint8_t size);
/* The same, sign-extended. */
uint64_t dwu_sint(struct dwu_cursor *c, uint8_t size);
/* DWARF 5 7.6. Bits beyond the 64th that carry meaning are bad. */
#if IS_ON(CONFIG_OPTIMIZE_SIZE)
uint64_t dwu_uleb(struct dwu_cursor *c);
#else
uint64_t dwu_uleb_long(struct dwu_cursor *c);

/* Most have one byte. */
static inline uint64_t dwu_uleb(struct dwu_cursor *c)
{
	if (!c->bad && c->off < c->size && c->data[c->off] < 0x80)
		return c->data[c->off++];
	return dwu_uleb_long(c);
}
#endif
int64_t dwu_sleb(struct dwu_cursor *c);
void dwu_skip(struct dwu_cursor *c, uint64_t size);
/* The next `size` bytes as a span; skips them. */
struct dwunw_span dwu_take(struct dwu_cursor *c, uint64_t size);
/* A string with its terminator inside the data; "" and bad otherwise. */
const char *dwu_string(struct dwu_cursor *c);
/* Bad counts as the end, so that while (!dwu_at_end(c)) ends in any case. */
static inline bool dwu_at_end(const struct dwu_cursor *c)
{
	return c->bad || c->off >= c->size;
}

/* DW_EH_PE_*: LSB 5 10.5.1; SIGNED and INDIRECT are GCC's (dwarf2.h). */
enum {
	DWU_PE_ABSPTR = 0x00,
	DWU_PE_ULEB128 = 0x01,
	DWU_PE_UDATA2 = 0x02,
	DWU_PE_UDATA4 = 0x03,
	DWU_PE_UDATA8 = 0x04,
	DWU_PE_SIGNED = 0x08,
	DWU_PE_SLEB128 = 0x09,
	DWU_PE_SDATA2 = 0x0a,
	DWU_PE_SDATA4 = 0x0b,
	DWU_PE_SDATA8 = 0x0c,
	DWU_PE_FORMAT = 0x0f,
	DWU_PE_PCREL = 0x10,
	DWU_PE_TEXTREL = 0x20,
	DWU_PE_DATAREL = 0x30,
	DWU_PE_FUNCREL = 0x40,
	DWU_PE_ALIGNED = 0x50,
	DWU_PE_APPLICATION = 0x70,
	DWU_PE_INDIRECT = 0x80,
	DWU_PE_OMIT = 0xff,
};

/* What encoded pointers may be relative to; all as linked. */
struct dwu_bases {
	uint64_t vaddr; /* of the cursor's first byte */
	uint64_t text;
	uint64_t data;
	uint64_t func;
	uint8_t address_size;
};

/*
 * One encoded pointer. OMIT reads nothing and gives 0; so does a NULL. An
 * indirect pointer gives the address that holds it: nothing is followed.
 */
uint64_t dwu_encoded(struct dwu_cursor *c, uint8_t encoding,
		     const struct dwu_bases *bases);

/* value cut to an address of `size` bytes. */
static inline uint64_t dwu_address(uint64_t value, uint8_t size)
{
	return size == 4 ? (uint32_t)value : value;
}

#endif
