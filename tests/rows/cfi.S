/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Instructions that compilers rarely write, by number (DWARF 5 7.24, LSB
 * 10.5.1). Nothing here is run; the code only has to have addresses.
 */
#ifdef DEBUG_FRAME
	.cfi_sections .debug_frame
#else
	.cfi_sections .eh_frame
#endif
	.text
	.globl _start
	.type _start, @function
_start:
	.cfi_startproc
	.cfi_undefined rip
	nop
	.cfi_endproc
	.size _start, . - _start

	.type every_rule, @function
every_rule:
	.cfi_startproc
	nop
	.cfi_def_cfa_offset 16
	.cfi_offset rbp, -16
	nop
	.cfi_escape 0x05, 12, 3		/* offset_extended r12 c-24 */
	nop
	.cfi_escape 0x11, 13, 0x7c	/* offset_extended_sf r13 c+32 */
	nop
	.cfi_escape 0x14, 14, 2		/* val_offset r14 v-16 */
	nop
	.cfi_escape 0x15, 15, 0x7e	/* val_offset_sf r15 v+16 */
	nop
	.cfi_escape 0x08, 3		/* same_value rbx */
	nop
	.cfi_escape 0x09, 0, 1		/* register rax in rdx */
	nop
	.cfi_escape 0x07, 2		/* undefined rcx */
	nop
	.cfi_escape 0x2f, 8, 2		/* GNU_negative_offset_extended r8 */
	nop
	.cfi_escape 0x2e, 0x20		/* GNU_args_size 32 */
	nop
	.cfi_escape 0x12, 7, 0x7c	/* def_cfa_sf rsp+32 */
	nop
	.cfi_escape 0x13, 0x7b		/* def_cfa_offset_sf 40 */
	nop
	.cfi_escape 0x0d, 6		/* def_cfa_register rbp */
	nop
	.cfi_escape 0x06, 12		/* restore_extended r12 */
	.cfi_restore rbp
	nop
	.cfi_restore rip
	nop
	.cfi_endproc
	.size every_rule, . - every_rule

	.type advances, @function
advances:
	.cfi_startproc
	.cfi_escape 0x02, 0x00		/* advance_loc1 by nothing */
	.cfi_escape 0x0e, 16
	.cfi_escape 0x02, 0x00
	.cfi_escape 0x40
	.skip 0x3f
	.cfi_def_cfa_offset 24
	.skip 0xff
	.cfi_def_cfa_offset 32
	.skip 0x1ff
	.cfi_def_cfa_offset 40
	.skip 0x1ffff
	.cfi_def_cfa_offset 48
	nop
	.cfi_endproc
	.size advances, . - advances

	.type states, @function
states:
	.cfi_startproc
	.cfi_remember_state
	nop
	.cfi_offset rbx, -24
	.cfi_remember_state
	.cfi_def_cfa rbp, 32
	nop
	.cfi_escape 0x0f, 2, 0x77, 0x10	/* CFA by rsp + 16 */
	.cfi_undefined rip
	.cfi_remember_state
	nop
	.cfi_def_cfa rsp, 8
	.cfi_same_value rip
	nop
	.cfi_restore_state
	nop
	.cfi_restore_state
	nop
	.cfi_restore_state
	nop
	.cfi_endproc
	.size states, . - states

	.type expressions, @function
expressions:
	.cfi_startproc
	nop
	/* CFA = *(rsp + 160), as glibc's __restore_rt */
	.cfi_escape 0x0f, 4, 0x77, 0xa0, 0x01, 0x06
	nop
	.cfi_escape 0x10, 3, 2, 0x77, 0x28
	.cfi_escape 0x16, 6, 3, 0x76, 0x78, 0x06
	nop
	/* constants of every size, and both signs */
	.cfi_escape 0x16, 12, 12
	.cfi_escape 0x08, 0xff, 0x09, 0xff, 0x0a, 0xff, 0xff
	.cfi_escape 0x0b, 0xfe, 0xff, 0x22, 0x22
	nop
	.cfi_escape 0x16, 13, 22
	.cfi_escape 0x0c, 0xff, 0xff, 0xff, 0xff, 0x0d, 0xfe, 0xff, 0xff, 0xff
	.cfi_escape 0x10, 0xff, 0x01, 0x11, 0x80, 0x7f, 0x22, 0x22, 0x22
	.cfi_escape 0x23, 0x81, 0x01
	nop
	.cfi_escape 0x10, 14, 20
	.cfi_escape 0x0e, 1, 2, 3, 4, 5, 6, 7, 0x18
	.cfi_escape 0x0f, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	.cfi_escape 0x1c, 0x96
	nop
	/* stack and arithmetic */
	.cfi_escape 0x16, 15, 28
	.cfi_escape 0x31, 0x32, 0x33, 0x12, 0x13, 0x14, 0x15, 1, 0x16, 0x17
	.cfi_escape 0x1a, 0x1b, 0x1e, 0x1f, 0x20, 0x21, 0x24, 0x4f, 0x25
	.cfi_escape 0x30, 0x26, 0x31, 0x27, 0x31, 0x1d, 0x19, 0x94, 4
	nop
	/* branches and comparisons */
	.cfi_escape 0x16, 0, 19
	.cfi_escape 0x30, 0x31, 0x29, 0x30, 0x2a, 0x30, 0x2b, 0x30, 0x2c, 0x30
	.cfi_escape 0x2d, 0x30, 0x2e, 0x28, 3, 0, 0x2f, 0xfd, 0xff
	nop
	.cfi_escape 0x16, 1, 3, 0x92, 16, 0x7f
	nop
	.cfi_escape 0x0f, 8, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x33, 0x24
	nop
	.cfi_endproc
	.size expressions, . - expressions

	/* The offset lives on beneath an expression: libgcrypt's assembly. */
	.type beneath, @function
beneath:
	.cfi_startproc
	nop
	.cfi_def_cfa_offset 56
	nop
	.cfi_escape 0x0f, 3, 0x77, 0x88, 0x04
	nop
	.cfi_escape 0x0d, 7		/* def_cfa_register rsp: rsp+56 */
	nop
	.cfi_escape 0x0f, 2, 0x77, 8
	.cfi_escape 0x0a		/* remember_state */
	.cfi_escape 0x0e, 64		/* def_cfa_offset, still expression */
	nop
	.cfi_escape 0x0d, 6		/* rbp+64 */
	nop
	.cfi_escape 0x0b		/* restore_state, expression */
	nop
	.cfi_escape 0x0d, 3		/* rbx+56 */
	nop
	.cfi_endproc
	.size beneath, . - beneath

	.type trampoline, @function
trampoline:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa rsp, 32
	.cfi_offset rip, -8
	nop
	.cfi_endproc
	.size trampoline, . - trampoline

	/* two cold parts: no program but the CIE's */
	.type only_initial, @function
only_initial:
	.cfi_startproc
	.skip 3
	.cfi_endproc
	.size only_initial, . - only_initial
	.section .note.GNU-stack, "", @progbits
