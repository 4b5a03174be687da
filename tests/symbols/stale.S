/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A .dwo of DWARF 4 of nobody's build: its dwo_id (0x2131) is no program's. Three
 * functions lie far away. The number of an abbreviation that is kept behind the
 * unit is the upper half of their low_pc: a reader that goes on with a unit which
 * it has given up reads its forms from anywhere.
 */
	.section .debug_info.dwo, "e", @progbits
	.long 2f - 1f
1:	.short 4		/* version */
	.long 0			/* abbreviations */
	.byte 8			/* bytes of an address */
	.uleb128 2
	.quad 0x1122334455667788
	.rept 3
	.uleb128 1
	.quad 0x7fffffff00000001
	.quad 0x10
	.endr
	.byte 0
2:
	.section .debug_abbrev.dwo, "e", @progbits
	.uleb128 1
	.uleb128 0x2e		/* DW_TAG_subprogram */
	.byte 0
	.uleb128 0x11, 0x01	/* DW_AT_low_pc, DW_FORM_addr */
	.uleb128 0x12, 0x07	/* DW_AT_high_pc, DW_FORM_data8 */
	.byte 0, 0
	.uleb128 2
	.uleb128 0x11		/* DW_TAG_compile_unit */
	.byte 1
	.uleb128 0x2131, 0x07	/* DW_AT_GNU_dwo_id, DW_FORM_data8 */
	.byte 0, 0
	.byte 0
