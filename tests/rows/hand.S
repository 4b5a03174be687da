/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * An .eh_frame written byte by byte (LSB 10.6): encodings, augmentations and
 * instructions that the assembler never makes by itself.
 */
	.text
	.globl _start
_start:
	.skip 64
one:	.skip 64
two:	.skip 64
three:	.skip 64
four:	.skip 64
	.globl personality
personality:
	nop

#define CIE(name, augmentation) \
name:	.long name##_end - . - 4;	\
	.long 0;			\
	.byte 1;			\
	.asciz augmentation;		\
	.uleb128 1;			\
	.sleb128 -8;			\
	.byte 16

#define INITIAL \
	.byte 0x0c, 7, 8;	/* def_cfa rsp+8 */ \
	.byte 0x90, 1		/* offset rip c-8 */

#define FDE(name, cie) \
name:	.long name##_end - . - 4;	\
	.long . - cie

#define END(name) \
	.balign 4, 0;			\
name##_end:

	.section .eh_frame, "a", @unwind
	/* no augmentation: absolute addresses */
	CIE(plain, "")
	INITIAL
	END(plain)
	FDE(plain_fde, plain)
	.quad _start, 64
	.byte 0x44, 0x0e, 16		/* advance 4; offset 16 */
	.byte 0x01			/* set_loc */
	.quad _start + 32
	.byte 0x0e, 24
	.byte 0x04			/* advance_loc4 */
	.long 8
	.byte 0x0e, 32
	.byte 0x03			/* advance_loc2 */
	.short 4
	.byte 0x0e, 40
	END(plain_fde)

	/* udata8 absolute, signal frame */
	CIE(wide, "zRS")
	.uleb128 1
	.byte 0x04
	INITIAL
	END(wide)
	FDE(wide_fde, wide)
	.quad one, 64
	.uleb128 0
	.byte 0x41, 0x86, 2
	END(wide_fde)

	/* pc-relative sdata4 with everything in front of it, and data behind */
	CIE(full, "zPLR")
	.uleb128 11
	.byte 0x00			/* absolute personality */
	.quad personality
	.byte 0x1b			/* LSDA */
	.byte 0x1b
	INITIAL
	END(full)
	FDE(full_fde, full)
	.long two - ., 64
	.uleb128 4
	.long 0
	.byte 0x01			/* set_loc, encoded as the range */
	.long two + 16 - .
	.byte 0x0e, 16
	END(full_fde)

	/* a zero terminator, as crtend.o brings it, with records behind it */
	.long 0

	/* sdata8 pc-relative */
	CIE(far, "zR")
	.uleb128 1
	.byte 0x1c
	INITIAL
	END(far)
	FDE(far_fde, far)
	.quad three - ., 64
	.uleb128 0
	.byte 0x48, 0x0a, 0x0e, 64, 0x48, 0x0b
	END(far_fde)

	/* signed absolute 4 bytes; the code alignment factor is 4 */
low:	.long low_end - . - 4
	.long 0
	.byte 1
	.asciz "zR"
	.uleb128 4
	.sleb128 -4
	.byte 16
	.uleb128 1
	.byte 0x0b
	INITIAL
	END(low)
	FDE(low_fde, low)
	.long four, 64
	.uleb128 0
	.byte 0x42, 0x83, 3, 0x02, 2, 0x12, 7, 0x7c, 0x03
	.short 1
	.byte 0x13, 0x70
	END(low_fde)

	.long 0
	.section .note.GNU-stack, "", @progbits
