/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Functions of assembly, for every target: some have a size, some none. The
 * test knows which words are whose.
 */
	.text
	.globl sized
	.type sized, %function
sized:
	.space 16
	.globl label
	.type label, %function
label:				/* no size, inside one that has */
	.space 16
	.size sized, . - sized

	.globl endless
	.type endless, %function
endless:			/* no size, up to the next one */
	.space 16
	.globl next
	.type next, %function
next:
	.space 16
	.size next, . - next
	.space 16		/* of nobody */

	.globl never
	.type never, %function
never:				/* a function without a single byte */
	.globl shares
	.type shares, %function
shares:
	.space 16
	.size shares, . - shares

	.globl before
	.type before, %function
before:				/* no size, up to where an FDE starts */
	.space 16
	.cfi_startproc		/* of a function that has no symbol */
	.space 16
	.cfi_endproc
	.space 16		/* of nobody */

	.globl covered
	.type covered, %function
covered:			/* no size, up to the end of its FDE */
	.cfi_startproc
	.space 16
	.cfi_endproc
	.space 16
	.globl untyped
untyped:			/* ends what is before it; is no function */
	.space 16

	.section other, "ax", %progbits
	.globl last
	.type last, %function
last:				/* no size, up to the end of the section */
	.space 16
	.section another, "ax", %progbits
	.space 16
