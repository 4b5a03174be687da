/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Functions of assembly, for every target: some have a size, some none. The
 * test knows which words are whose.
 */
#if defined(__x86_64__)
#define CODE .rept 5; lea 1(%rdi), %eax; .endr; ret
#elif defined(__aarch64__)
#define CODE .rept 3; add x0, x0, #1; .endr; ret
#else
	.set noreorder
#define CODE .rept 2; addiu $2, $4, 1; .endr; jr $31; nop
#endif

	.text
	.globl sized
	.type sized, %function
sized:
	CODE
	.globl label
	.type label, %function
label:				/* no size, inside one that has */
	CODE
	.size sized, . - sized

	.globl endless
	.type endless, %function
endless:			/* no size, up to the next one */
	CODE
	.globl next
	.type next, %function
next:
	CODE
	.size next, . - next
	CODE			/* of nobody */

	.globl never
	.type never, %function
never:				/* a function without a single byte */
	.globl shares
	.type shares, %function
shares:
	CODE
	.size shares, . - shares

	.globl exported
	.type exported, %function
exported:			/* no size, up to one that no loader sees */
	CODE
	.type inner, %function
inner:
	CODE

	.globl before
	.type before, %function
before:				/* no size, up to where an FDE starts */
	CODE
	.cfi_startproc		/* of a function that has no symbol */
	CODE
	.cfi_endproc
	CODE			/* of nobody */

	.globl covered
	.type covered, %function
covered:			/* no size, up to the end of its FDE */
	.cfi_startproc
	CODE
	.cfi_endproc
	CODE
	.globl untyped
untyped:			/* ends what is before it; is no function */
	CODE

	.section other, "ax", %progbits
	.globl last
	.type last, %function
last:				/* no size, up to the end of the section */
	CODE
	.section another, "ax", %progbits
	CODE
