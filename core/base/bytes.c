/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * How every format of the core is read: integers, LEB128, strings and encoded
 * pointers, from bytes that may be hostile, through a cursor that cannot leave
 * them.
 *
 *	dwu_uleb()	DWARF 5 7.6, unsigned: b9 64 is 12857
 *	dwu_sleb()	DWARF 5 7.6, signed: 80 7f is -128
 *	dwu_encoded()	DW_EH_PE_*, LSB 5 10.5.1: 0x1b is pcrel | sdata4
 *	dwu_string()	bytes up to a 0
 *
 * The first read that does not fit makes the cursor `bad`, and it stays so:
 * each read from then on gives 0, takes nothing and is harmless. Parsers
 * therefore read a whole record and ask once, behind it.
 */
#include "bytes.h"

/*
 * The next bytes, or NULL once anything was bad. `off` never exceeds `size`, so
 * the subtraction cannot wrap, whatever size a file asks for. A bad cursor does
 * not move any more: each loop over it sees zeros, and must end at a zero.
 */
static const uint8_t *next(struct dwu_cursor *c, size_t size)
{
	const uint8_t *p = c->data + c->off;

	if (c->bad || size > c->size - c->off) {
		c->bad = true;
		return NULL;
	}
	c->off += size;
	return p;
}

/* Else they stand in bytes.h. */
#if IS_ON(CONFIG_OPTIMIZE_SIZE)
struct dwu_cursor dwu_cursor(const uint8_t *data, size_t size, bool big)
{
	return (struct dwu_cursor){ .data = data, .size = size, .big = big };
}

/*
 * Integers are put together byte by byte: the data has any alignment, and the
 * byte order of the target.
 */
uint8_t dwu_u8(struct dwu_cursor *c)
{
	const uint8_t *p = next(c, 1);

	return p ? p[0] : 0;
}

/* p[0] << 8 is computed in int, which has 32 bits on all hosts: 0xff00 fits. */
uint16_t dwu_u16(struct dwu_cursor *c)
{
	const uint8_t *p = next(c, 2);

	if (!p)
		return 0;
	return c->big ? (uint16_t)(p[0] << 8 | p[1]) :
			(uint16_t)(p[1] << 8 | p[0]);
}

/*
 * The casts come first: p[0] << 24 in int would overflow for bytes from 0x80
 * on.
 */
uint32_t dwu_u32(struct dwu_cursor *c)
{
	const uint8_t *p = next(c, 4);

	if (!p)
		return 0;
	if (c->big)
		return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		       (uint32_t)p[2] << 8 | p[3];
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[1] << 8 | p[0];
}

/* The half that comes first is the upper one in big-endian data. */
uint64_t dwu_u64(struct dwu_cursor *c)
{
	uint64_t first = dwu_u32(c);
	uint64_t second = dwu_u32(c);

	if (c->bad)
		return 0;
	return c->big ? first << 32 | second : second << 32 | first;
}

#endif

/*
 * Sizes of addresses and lengths, and DW_OP_deref_size: other sizes are a lie.
 * The three bytes of DW_FORM_strx3 and addrx3 are read by core/names/form.c
 * itself.
 */
uint64_t dwu_uint(struct dwu_cursor *c, uint8_t size)
{
	switch (size) {
	case 1:
		return dwu_u8(c);
	case 2:
		return dwu_u16(c);
	case 4:
		return dwu_u32(c);
	case 8:
		return dwu_u64(c);
	/* a size that a file gave, such as a CIE's address size */
	default:
		c->bad = true;
		return 0;
	}
}

/*
 * Extended to 64 bits, so that adding a negative offset to an address wraps to
 * the right place.
 */
uint64_t dwu_sint(struct dwu_cursor *c, uint8_t size)
{
	uint64_t value = dwu_uint(c, size);

	switch (size) {
	case 1:
		return (uint64_t)(int64_t)(int8_t)value;
	case 2:
		return (uint64_t)(int64_t)(int16_t)value;
	case 4:
		return (uint64_t)(int64_t)(int32_t)value;
	default:
		return value;
	}
}

/*
 * Bits beyond the 64th are 0, or those of the sign.
 *
 * Seven bits a byte, the lowest first; bit 7 says that more follow. So 64 bits
 * take up to 10 bytes, and the tenth has room for one bit: 0 or 1 unsigned,
 * 0x00 or 0x7f (all bits the sign) signed. Longer forms are padding, which
 * linkers write where a field must keep its width (R_RISCV_SET_ULEB128): 80 80
 * 00 is a 0 in three bytes.
 */
static uint64_t leb(struct dwu_cursor *c, bool sign)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte, low;

	/* ends with the data at the latest: behind it each byte is 0, whose bit
	 * 7 is clear */
	do {
		byte = dwu_u8(c);
		low = byte & 0x7f;
		if (shift < 64)
			value |= (uint64_t)low << shift;
		/* the 10th byte has one bit of value; the rest of it, and each
		 * byte behind it, repeats the sign, or is 0 */
		if (shift >= 63 && low != (sign ? (value >> 63 ? 0x7f : 0) :
						  (shift == 63 ? low & 1 : 0)))
			c->bad = true;
		/* stays at 70: a shift that grew with each byte of a padded
		 * number would come round to small ones again */
		shift += shift < 70 ? 7 : 0;
	} while (byte & 0x80);
	/* bit 6 of the last byte is the sign (7.6): 7f is -1, ff 00 is 127 */
	if (sign && shift < 64 && (byte & 0x40))
		value |= ~(uint64_t)0 << shift;
	return c->bad ? 0 : value;
}

/* 0 and bad: cut off, or more than 64 bits. Callers bound the number itself. */
#if IS_ON(CONFIG_OPTIMIZE_SIZE)
uint64_t dwu_uleb(struct dwu_cursor *c)
#else
uint64_t dwu_uleb_long(struct dwu_cursor *c)
#endif
{
	return leb(c, false);
}

int64_t dwu_sleb(struct dwu_cursor *c)
{
	return (int64_t)leb(c, true);
}

/* Behind the end is bad, as for a read: a skip never leaves the data. */
void dwu_skip(struct dwu_cursor *c, uint64_t size)
{
	(void)dwu_take(c, size);
}

/*
 * The span points into the cursor's bytes and lives as long as they do. For
 * example, a CIE's augmentation data or the block of a DW_CFA_expression.
 */
struct dwunw_span dwu_take(struct dwu_cursor *c, uint64_t size)
{
	struct dwunw_span span = { NULL, 0 };

	/* before the cut to size_t: 2^32 + 1 is not a size of 1 on a router */
	if (size > c->size)
		c->bad = true;
	span.data = next(c, (size_t)size);
	if (span.data)
		span.size = (size_t)size;
	return span;
}

/* "" for what has no end is a constant: a caller may keep it and print it. */
const char *dwu_string(struct dwu_cursor *c)
{
	const char *s = (const char *)(c->data + c->off);

	/* ends at the terminator, or with the data */
	while (dwu_u8(c) != 0)
		;
	return c->bad ? "" : s;
}

/*
 * DW_EH_PE_aligned: the value stands at the next multiple of an address's
 * size, counted from address 0 as linked and not from the section's start.
 */
static void align_to_address(struct dwu_cursor *c,
			     const struct dwu_bases *bases)
{
	uint64_t at = bases->vaddr + c->off;
	uint64_t mask = (uint64_t)bases->address_size - 1;

	dwu_skip(c, (0 - at) & mask);
}

/*
 * The low four bits (LSB 5 10.5.1, table 10-5): how many bytes, and whether
 * their sign is extended. 0x0b is sdata4: bit 3 (signed), then 3, which is 4
 * bytes. 0x00 is an address of the file's class; 0x08, GCC's DW_EH_PE_signed,
 * the same with a sign, and 0x09 SLEB128.
 */
static uint64_t encoded_value(struct dwu_cursor *c, uint8_t format,
			      uint8_t address_size)
{
	bool sign = (format & DWU_PE_SIGNED) != 0;
	uint8_t size = address_size;

	format &= (uint8_t)~DWU_PE_SIGNED;
	if (format == DWU_PE_ULEB128)
		return leb(c, sign);
	if (format > DWU_PE_UDATA8)
		size = 0;		  /* none that can be read */
	else if (format != DWU_PE_ABSPTR) /* 2, 4, 8 bytes: 2, 3, 4 */
		size = (uint8_t)(1u << (format - 1));
	return sign ? dwu_sint(c, size) : dwu_uint(c, size);
}

/*
 * The next three bits (table 10-6): what the value counts from. The value of a
 * pcrel one is relative to its own first byte, not to its end. GCC's unwinder
 * has the same bases (unwind-pe.h, base_of_encoded_value()).
 */
static uint64_t encoded_base(struct dwu_cursor *c, uint8_t application,
			     uint64_t at, const struct dwu_bases *bases)
{
	switch (application) {
	case 0:
	case DWU_PE_ALIGNED:
		return 0;
	case DWU_PE_PCREL:
		return at;
	case DWU_PE_TEXTREL:
		return bases->text;
	case DWU_PE_DATAREL:
		return bases->data;
	case DWU_PE_FUNCREL:
		return bases->func;
	default:
		c->bad = true;
		return 0;
	}
}

uint64_t dwu_encoded(struct dwu_cursor *c, uint8_t encoding,
		     const struct dwu_bases *bases)
{
	uint8_t application = encoding & DWU_PE_APPLICATION;
	uint64_t at, value;

	if (encoding == DWU_PE_OMIT)
		return 0;
	if (application == DWU_PE_ALIGNED)
		align_to_address(c, bases);
	/* behind the padding of DW_EH_PE_aligned, if any */
	at = bases->vaddr + c->off;
	value = encoded_value(c, encoding & DWU_PE_FORMAT, bases->address_size);
	/* 0 is a NULL, whatever it is relative to, as GCC's unwinder has it
	 * (unwind-pe.h) */
	if (value == 0 || c->bad)
		return 0;
	/* a negative offset was sign-extended to 64 bits, so adding wraps to
	 * the right place; the cut to 32 bits comes last */
	value += encoded_base(c, application, at, bases);
	return dwu_address(value, bases->address_size);
}
