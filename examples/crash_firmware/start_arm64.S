/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Where qemu's board `virt` begins, at EL1 with the MMU off, and where exceptions
 * go. No line of this has call frame information: the stack ends here because
 * this is the entry.
 */
	.section .text.start, "ax", @progbits
	.globl	_start
	.type	_start, %function
_start:
	ldr	x0, =vectors
	msr	vbar_el1, x0
	isb
again:	ldr	x0, =stack_top
	mov	sp, x0
	mov	x29, #0
	mov	x30, #0
	bl	bare_main
1:	b	1b
	.size	_start, . - _start

/* struct dwunw_firmware_registers: pc, sp, x0..x30 */
	.type	exception, %function
exception:
	msr	tpidr_el1, x0
	ldr	x0, =registers
	stp	x1, x2, [x0, #24]
	stp	x3, x4, [x0, #40]
	stp	x5, x6, [x0, #56]
	stp	x7, x8, [x0, #72]
	stp	x9, x10, [x0, #88]
	stp	x11, x12, [x0, #104]
	stp	x13, x14, [x0, #120]
	stp	x15, x16, [x0, #136]
	stp	x17, x18, [x0, #152]
	stp	x19, x20, [x0, #168]
	stp	x21, x22, [x0, #184]
	stp	x23, x24, [x0, #200]
	stp	x25, x26, [x0, #216]
	stp	x27, x28, [x0, #232]
	stp	x29, x30, [x0, #248]
	mrs	x1, tpidr_el1
	str	x1, [x0, #16]
	mrs	x1, elr_el1
	mov	x2, sp
	stp	x1, x2, [x0]
	ldr	x1, =exception_stack_top
	mov	sp, x1
	mov	x29, #0
	mov	x30, #0
	bl	bare_exception
	b	again
	.size	exception, . - exception
	.ltorg

	.balign	2048
vectors:
	.rept	16
	b	exception
	.balign	128
	.endr

	.bss
	.balign	16
registers:
	.skip	272
	.section .note.GNU-stack, "", @progbits
