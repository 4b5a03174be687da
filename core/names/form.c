/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * DWARF 5 7.5.5 and 7.5.6: how attribute values are written.
 *
 *	DW_FORM_data1	09			UINT 9
 *	DW_FORM_strp	2a 00 00 00		TEXT: .debug_str, offset 0x2a
 *	DW_FORM_ref4	5d 00 00 00		REF: the unit's offset + 0x5d
 *	DW_FORM_addrx	03			ADDRX 3: an index into .debug_addr
 *
 * A file may hold any number for a form; one that is not known here has no
 * known size, so nothing behind it in its unit can be read (DWU_FORM_VARIES,
 * then c->bad).
 */
#include "form.h"

#define ALT_BIT 63
#define PART_SHIFT 56

/*
 * A text in 8 bytes: bit 63 the alternate file, 7 bits the section, 56 bits
 * the offset. Texts are copied only when somebody prints them.
 */
uint64_t dwu_text_ref(enum dwunw_dwarf_part part, bool alt, uint64_t off)
{
	/* 64 PiB: no file has such a section, but a hostile form may say so */
	if (off >> PART_SHIFT)
		return 0;
	/* part + 1, so that no text is 0 */
	return (uint64_t)alt << ALT_BIT | ((uint64_t)part + 1) << PART_SHIFT |
	       off;
}

dwunw_status_t dwunw_dwarf_text(const struct dwunw_dwarf *dwarf,
				dwunw_text_t text, char *dst, size_t size)
{
	unsigned int part = (unsigned int)(text >> PART_SHIFT & 0x7f);
	uint64_t off = text & (((uint64_t)1 << PART_SHIFT) - 1);
	const struct dwunw_dwarf_section *section;
	size_t used = 0, got, i;

	if (!dwarf || !dst || !size)
		return DWUNW_ERR_INVALID_ARG;
	dst[0] = '\0';
	/* DWARF 5 7.3.6, and DW_FORM_GNU_strp_alt of dwz: the file whose
	 * strings several files share; it may be missing */
	if (text >> ALT_BIT)
		dwarf = dwarf->alt;
	if (part == 0 || !dwarf)
		return DWUNW_ERR_NO_DEBUG_DATA;
	/* a text is a caller's number by now: it is checked as one */
	if (part > DWUNW_DWARF_PARTS)
		return DWUNW_ERR_INVALID_ARG;
	section = &dwarf->parts[part - 1];
	if (off >= section->size)
		return DWUNW_ERR_BAD_FORMAT;
	/* 64 bytes at a time, until a 0, the end of dst or that of the
	 * section: most names are short, and a read of the file costs a system
	 * call */
	while (used + 1 < size && off < section->size) {
		got = size - 1 - used < 64 ? size - 1 - used : 64;
		if (got > section->size - off)
			got = (size_t)(section->size - off);
		if (section->data)
			memcpy(dst + used, section->data + (size_t)off, got);
		else if (dwarf->src.read(dwarf->src.ctx, section->off + off,
					 dst + used, got) != DWUNW_OK)
			break;
		for (i = 0; i < got; i++)
			if (!dst[used + i])
				return DWUNW_OK;
		used += got;
		off += got;
	}
	dst[used] = '\0';
	return used + 1 == size ? DWUNW_OK : DWUNW_ERR_BAD_FORMAT;
}

/*
 * DWARF 5 7.5.5 and 7.5.6; forms of DWARF 2 to 4 are among them.
 *
 * For example, DW_FORM_strp has 4 bytes in 32-bit DWARF, 8 in 64-bit DWARF;
 * udata has as many as it needs.
 */
uint8_t dwu_form_size(const struct dwunw_unit *unit, uint16_t form)
{
	switch (form) {
	/* in the abbreviation: no bytes here (7.5.3) */
	case DWU_FORM_FLAG_PRESENT:
	case DWU_FORM_IMPLICIT_CONST:
		return 0;
	case DWU_FORM_DATA1:
	case DWU_FORM_REF1:
	case DWU_FORM_FLAG:
	case DWU_FORM_STRX1:
	case DWU_FORM_ADDRX1:
		return 1;
	case DWU_FORM_DATA2:
	case DWU_FORM_REF2:
	case DWU_FORM_STRX2:
	case DWU_FORM_ADDRX2:
		return 2;
	case DWU_FORM_STRX3:
	case DWU_FORM_ADDRX3:
		return 3;
	case DWU_FORM_DATA4:
	case DWU_FORM_REF4:
	case DWU_FORM_STRX4:
	case DWU_FORM_ADDRX4:
	case DWU_FORM_REF_SUP4:
		return 4;
	case DWU_FORM_DATA8:
	case DWU_FORM_REF8:
	case DWU_FORM_REF_SIG8:
	case DWU_FORM_REF_SUP8:
		return 8;
	case DWU_FORM_DATA16:
		return 16;
	case DWU_FORM_ADDR:
		return unit->address_size;
	case DWU_FORM_REF_ADDR:
		/* of an address's size in DWARF 2 (7.5.4 there) */
		return unit->version == 2 ? unit->address_size :
					    unit->offset_size;
	/* 4 or 8 by the unit's initial length (7.4), whatever the address size */
	case DWU_FORM_STRP:
	case DWU_FORM_LINE_STRP:
	case DWU_FORM_STRP_SUP:
	case DWU_FORM_SEC_OFFSET:
	case DWU_FORM_GNU_REF_ALT:
	case DWU_FORM_GNU_STRP_ALT:
		return unit->offset_size;
	default:
		return DWU_FORM_VARIES;
	}
}

/*
 * The form in the bytes. One that says so again would have no end.
 *
 * 0 is no form: it has no size, and whoever reads it is told that the entry is
 * bad.
 */
static uint16_t direct(struct dwu_cursor *c, uint16_t form)
{
	uint64_t real;

	if (form != DWU_FORM_INDIRECT)
		return form;
	/* implicit_const has its value in the abbreviation (7.5.3): here it
	 * would have none */
	real = dwu_uleb(c);
	if (real > UINT16_MAX || real == DWU_FORM_INDIRECT ||
	    real == DWU_FORM_IMPLICIT_CONST)
		return 0;
	return (uint16_t)real;
}

/*
 * Steps over a value of any form. Lengths of blocks are the file's: dwu_skip()
 * refuses what goes beyond the entry's bytes.
 */
void dwu_form_skip(struct dwu_cursor *c, const struct dwunw_unit *unit,
		   uint16_t form)
{
	uint8_t size;

	form = direct(c, form);
	size = dwu_form_size(unit, form);
	if (size != DWU_FORM_VARIES) {
		dwu_skip(c, size);
		return;
	}
	switch (form) {
	case DWU_FORM_BLOCK1:
		dwu_skip(c, dwu_u8(c));
		return;
	case DWU_FORM_BLOCK2:
		dwu_skip(c, dwu_u16(c));
		return;
	case DWU_FORM_BLOCK4:
		dwu_skip(c, dwu_u32(c));
		return;
	case DWU_FORM_BLOCK:
	case DWU_FORM_EXPRLOC:
		dwu_skip(c, dwu_uleb(c));
		return;
	case DWU_FORM_STRING:
		(void)dwu_string(c);
		return;
	case DWU_FORM_SDATA:
	case DWU_FORM_UDATA:
	case DWU_FORM_REF_UDATA:
	case DWU_FORM_STRX:
	case DWU_FORM_ADDRX:
	case DWU_FORM_LOCLISTX:
	case DWU_FORM_RNGLISTX:
	case DWU_FORM_GNU_ADDR_INDEX:
	case DWU_FORM_GNU_STR_INDEX:
		/* its bits do not matter here, nor does their number; behind
		 * the end the cursor gives 0, which ends it */
		while (dwu_u8(c) & 0x80)
			;
		return;
	default:
		c->bad = true;
	}
}

static struct dwu_value value(enum dwu_value_kind kind, uint64_t u)
{
	return (struct dwu_value){ .u = u, .kind = (uint8_t)kind };
}

/* DW_FORM_strx3 and addrx3, the only numbers of three bytes (7.5.6). */
static uint64_t u24(struct dwu_cursor *c)
{
	uint64_t a = dwu_u8(c), b = dwu_u8(c), d = dwu_u8(c);

	return c->big ? a << 16 | b << 8 | d : d << 16 | b << 8 | a;
}

static uint64_t fixed(struct dwu_cursor *c, uint8_t size)
{
	return size == 3 ? u24(c) : dwu_uint(c, size);
}

static struct dwu_value text(enum dwunw_dwarf_part part, bool alt, uint64_t off)
{
	return value(DWU_VALUE_TEXT, dwu_text_ref(part, alt, off));
}

/* Offsets within a unit become offsets in .debug_info. */
static struct dwu_value reference(struct dwu_cursor *c,
				  const struct dwunw_unit *unit, uint64_t off)
{
	/* a reference into another unit is DW_FORM_ref_addr */
	if (off > unit->end - unit->off)
		c->bad = true;
	return value(DWU_VALUE_REF, unit->off + off);
}

/* DW_FORM_string stands in the entry: its place is kept, not its bytes. */
static struct dwu_value read_string(struct dwu_cursor *c,
				    enum dwunw_dwarf_part part, uint64_t at)
{
	uint64_t off = at + c->off;

	(void)dwu_string(c);
	return text(part, false, off);
}

/*
 * The classes of 7.5.5 that name or place code. data4 and data8 may be a
 * constant or, up to DWARF 3, an offset in another section: the attribute says
 * which, so it is UINT.
 */
struct dwu_value dwu_form_read(struct dwu_cursor *c,
			       const struct dwunw_unit *unit,
			       const struct dwunw_abbrev_spec *spec,
			       enum dwunw_dwarf_part part, uint64_t at)
{
	uint16_t form = direct(c, spec->form);
	uint8_t size = dwu_form_size(unit, form);

	switch (form) {
	case DWU_FORM_ADDR:
		return value(DWU_VALUE_ADDR, fixed(c, size));
	case DWU_FORM_DATA1:
	case DWU_FORM_DATA2:
	case DWU_FORM_DATA4:
	case DWU_FORM_DATA8:
	case DWU_FORM_FLAG:
		return value(DWU_VALUE_UINT, fixed(c, size));
	case DWU_FORM_UDATA:
		return value(DWU_VALUE_UINT, dwu_uleb(c));
	case DWU_FORM_SDATA:
		return value(DWU_VALUE_UINT, (uint64_t)dwu_sleb(c));
	case DWU_FORM_IMPLICIT_CONST:
		return value(DWU_VALUE_UINT, (uint64_t)(int64_t)spec->value);
	case DWU_FORM_FLAG_PRESENT:
		return value(DWU_VALUE_UINT, 1);
	case DWU_FORM_SEC_OFFSET:
		return value(DWU_VALUE_OFF, fixed(c, size));
	case DWU_FORM_REF1:
	case DWU_FORM_REF2:
	case DWU_FORM_REF4:
	case DWU_FORM_REF8:
		return reference(c, unit, fixed(c, size));
	case DWU_FORM_REF_UDATA:
		return reference(c, unit, dwu_uleb(c));
	case DWU_FORM_REF_ADDR:
		return value(DWU_VALUE_REF, fixed(c, size));
	case DWU_FORM_REF_SUP4:
	case DWU_FORM_REF_SUP8:
	case DWU_FORM_GNU_REF_ALT:
		return value(DWU_VALUE_ALT, fixed(c, size));
	case DWU_FORM_STRING:
		return read_string(c, part, at);
	case DWU_FORM_STRP:
		return text(DWUNW_DWARF_STR, false, fixed(c, size));
	case DWU_FORM_LINE_STRP:
		return text(DWUNW_DWARF_LINE_STR, false, fixed(c, size));
	case DWU_FORM_STRP_SUP:
	case DWU_FORM_GNU_STRP_ALT:
		return text(DWUNW_DWARF_STR, true, fixed(c, size));
	case DWU_FORM_STRX:
	case DWU_FORM_GNU_STR_INDEX:
		return value(DWU_VALUE_STRX, dwu_uleb(c));
	case DWU_FORM_STRX1:
	case DWU_FORM_STRX2:
	case DWU_FORM_STRX3:
	case DWU_FORM_STRX4:
		return value(DWU_VALUE_STRX, fixed(c, size));
	case DWU_FORM_ADDRX:
	case DWU_FORM_GNU_ADDR_INDEX:
		return value(DWU_VALUE_ADDRX, dwu_uleb(c));
	case DWU_FORM_ADDRX1:
	case DWU_FORM_ADDRX2:
	case DWU_FORM_ADDRX3:
	case DWU_FORM_ADDRX4:
		return value(DWU_VALUE_ADDRX, fixed(c, size));
	/* 7.25: a number of the unit's table of offsets, not an offset */
	case DWU_FORM_RNGLISTX:
		return value(DWU_VALUE_INDEX, dwu_uleb(c));
	/* blocks, expressions, type signatures: nobody asks for their value */
	default:
		dwu_form_skip(c, unit, form);
		return value(DWU_VALUE_NONE, 0);
	}
}
