/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Values of attributes (DWARF 5 7.5.4 to 7.5.6), read or skipped. */
#ifndef DWU_FORM_H
#define DWU_FORM_H

#include "stream.h"

/* DWARF 5 7.5.4, 7.5.5; the rest are GNU's, of DWARF 4. */
enum {
	DWU_FORM_ADDR = 0x01,
	DWU_FORM_BLOCK2 = 0x03,
	DWU_FORM_BLOCK4 = 0x04,
	DWU_FORM_DATA2 = 0x05,
	DWU_FORM_DATA4 = 0x06,
	DWU_FORM_DATA8 = 0x07,
	DWU_FORM_STRING = 0x08,
	DWU_FORM_BLOCK = 0x09,
	DWU_FORM_BLOCK1 = 0x0a,
	DWU_FORM_DATA1 = 0x0b,
	DWU_FORM_FLAG = 0x0c,
	DWU_FORM_SDATA = 0x0d,
	DWU_FORM_STRP = 0x0e,
	DWU_FORM_UDATA = 0x0f,
	DWU_FORM_REF_ADDR = 0x10,
	DWU_FORM_REF1 = 0x11,
	DWU_FORM_REF2 = 0x12,
	DWU_FORM_REF4 = 0x13,
	DWU_FORM_REF8 = 0x14,
	DWU_FORM_REF_UDATA = 0x15,
	DWU_FORM_INDIRECT = 0x16,
	DWU_FORM_SEC_OFFSET = 0x17,
	DWU_FORM_EXPRLOC = 0x18,
	DWU_FORM_FLAG_PRESENT = 0x19,
	DWU_FORM_STRX = 0x1a,
	DWU_FORM_ADDRX = 0x1b,
	DWU_FORM_REF_SUP4 = 0x1c,
	DWU_FORM_STRP_SUP = 0x1d,
	DWU_FORM_DATA16 = 0x1e,
	DWU_FORM_LINE_STRP = 0x1f,
	DWU_FORM_REF_SIG8 = 0x20,
	DWU_FORM_IMPLICIT_CONST = 0x21,
	DWU_FORM_LOCLISTX = 0x22,
	DWU_FORM_RNGLISTX = 0x23,
	DWU_FORM_REF_SUP8 = 0x24,
	DWU_FORM_STRX1 = 0x25,
	DWU_FORM_STRX2 = 0x26,
	DWU_FORM_STRX3 = 0x27,
	DWU_FORM_STRX4 = 0x28,
	DWU_FORM_ADDRX1 = 0x29,
	DWU_FORM_ADDRX2 = 0x2a,
	DWU_FORM_ADDRX3 = 0x2b,
	DWU_FORM_ADDRX4 = 0x2c,
	DWU_FORM_GNU_ADDR_INDEX = 0x1f01,
	DWU_FORM_GNU_STR_INDEX = 0x1f02,
	DWU_FORM_GNU_REF_ALT = 0x1f20,
	DWU_FORM_GNU_STRP_ALT = 0x1f21,
};

struct dwunw_abbrev_spec {
	uint16_t name; /* DW_AT_* */
	uint16_t form;
	int32_t value; /* of DW_FORM_implicit_const */
};

#define DWU_FORM_VARIES 255u

/* Bytes that a value takes in this unit; DWU_FORM_VARIES: see the bytes. */
uint8_t dwu_form_size(const struct dwunw_unit *unit, uint16_t form);

enum dwu_value_kind {
	DWU_VALUE_NONE, /* nothing that names or places code */
	DWU_VALUE_UINT,
	DWU_VALUE_ADDR,
	DWU_VALUE_ADDRX, /* index into .debug_addr */
	DWU_VALUE_TEXT,	 /* a dwunw_text_t */
	DWU_VALUE_STRX,	 /* index into .debug_str_offsets */
	DWU_VALUE_REF,	 /* offset in .debug_info */
	DWU_VALUE_ALT,	 /* the same in the alternate file */
	DWU_VALUE_OFF,	 /* offset in a section that the attribute implies */
	DWU_VALUE_INDEX, /* DW_FORM_rnglistx */
};

struct dwu_value {
	uint64_t u;
	uint8_t kind;
};

/* A dwunw_text_t. */
uint64_t dwu_text_ref(enum dwunw_dwarf_part part, bool alt, uint64_t off);

/*
 * Reads the next value; `at` is the offset in its section of the cursor's
 * first byte, `part` the section.
 */
struct dwu_value dwu_form_read(struct dwu_cursor *c,
			       const struct dwunw_unit *unit,
			       const struct dwunw_abbrev_spec *spec,
			       enum dwunw_dwarf_part part, uint64_t at);
void dwu_form_skip(struct dwu_cursor *c, const struct dwunw_unit *unit,
		   uint16_t form);

#endif
