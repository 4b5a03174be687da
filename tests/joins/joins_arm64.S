/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* joins.c's join_KIND(n, stop): x0, x1. No CFI. */
	.macro function name
	.text
	.globl	join_\name
	.type	join_\name, %function
join_\name:
	.endm

	function alloca
	sub	sp, sp, #64
	stp	x29, x30, [sp, #32]
	add	x29, sp, #32
	cbnz	x0, 2f
	b	3f
2:	sub	sp, sp, x0, lsl #4
3:	nop
	cbnz	x1, 4f
	b	5f
4:	blr	x1
5:	sub	sp, x29, #32
	ldp	x29, x30, [sp, #32]
	add	sp, sp, #64
	ret

	function words
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	str	x19, [sp, #16]
	mov	x19, x1
	cbz	x0, 2f
	stp	xzr, xzr, [sp, #-16]!
	bl	nothing
	b	3f
2:	bl	nothing
3:	cbz	x19, 4f
	blr	x19
4:	mov	sp, x29
	ldr	x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret

	function branch
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	cbz	x0, 1f
	stp	xzr, xzr, [sp, #-16]!
1:	cbz	x1, 2f
	blr	x1
2:	mov	sp, x29
	ldp	x29, x30, [sp], #16
	ret

	function aligned
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	b	2f
1:	stp	xzr, xzr, [sp, #-16]!
2:	subs	x0, x0, #1
	b.pl	1b
	mov	x9, sp
	and	sp, x9, #0xffffffffffffffe0
	blr	x1
	mov	sp, x29
	ldp	x29, x30, [sp], #16
	ret

	function loop
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	b	2f
1:	stp	xzr, xzr, [sp, #-16]!
2:	subs	x0, x0, #1
	b.pl	1b
	blr	x1
	mov	sp, x29
	ldp	x29, x30, [sp], #16
	ret

	function keep
	stp	x29, x30, [sp, #-32]!
	stp	x19, x20, [sp, #16]
	mov	x19, x0
	mov	x20, x1
1:	subs	x19, x19, #1
	b.pl	2f
	blr	x20
	b	3f
2:	mov	x29, #9
	b	1b
3:	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret

	function fatal
	str	x30, [sp, #-16]!
	tbz	x0, #63, 1f
	sub	sp, sp, #32
	bl	abort
1:	blr	x1
	ldr	x30, [sp], #16
	ret

	function fatal_first
	stp	x30, x19, [sp, #-16]!
	mov	x19, x1
	tbz	x0, #63, 2f
	sub	sp, sp, #32
	bl	abort
1:	blr	x19
	ldp	x30, x19, [sp], #16
	ret
2:	bl	nothing
	b	1b

	function cases
	str	x30, [sp, #-16]!
	adr	x2, odd
	tbnz	x0, #0, 1f
	sub	sp, sp, #32
	adr	x2, even
	cmp	x0, #6
	b.hi	8f
	lsr	x0, x0, #1
	ldrsw	x0, [x2, x0, lsl #2]
	add	x0, x0, x2
	br	x0
1:	cmp	x0, #6
	b.hi	9f
	lsr	x0, x0, #1
	ldrsw	x0, [x2, x0, lsl #2]
	add	x0, x0, x2
	br	x0
2:	mov	x3, #2
	blr	x1
	b	8f
3:	mov	x3, #3
	blr	x1
	b	9f
8:	add	sp, sp, #32
9:	ldr	x30, [sp], #16
	ret
	.section .rodata
	.balign	4
even:	.word	8b - even, 2b - even, 8b - even, 2b - even
odd:	.word	9b - odd, 3b - odd, 9b - odd, 3b - odd

	function lost
	str	x30, [sp, #-16]!
	adrp	x2, saved
	mov	x3, sp
	str	x3, [x2, :lo12:saved]
	b	2f
1:	stp	xzr, xzr, [sp, #-16]!
2:	subs	x0, x0, #1
	b.pl	1b
	blr	x1
	adrp	x2, saved
	ldr	x3, [x2, :lo12:saved]
	mov	sp, x3
	ldr	x30, [sp], #16
	ret
	.local	saved
	.comm	saved, 8, 8

	function realigned
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	sub	x9, sp, #112
	and	sp, x9, #0xffffffffffffffc0
	cbz	x0, 1f
	sub	sp, sp, x0, lsl #4
1:	blr	x1
	mov	sp, x29
	ldp	x29, x30, [sp], #16
	ret

	function probed
	sub	x9, sp, #0x50, lsl #12
1:	sub	sp, sp, #0x10, lsl #12
	str	xzr, [sp, #1024]
	cmp	sp, x9
	b.ne	1b
	str	x30, [sp, #-16]!
	blr	x1
	ldr	x30, [sp], #16
	add	sp, sp, #0x50, lsl #12
	ret

	.section .note.GNU-stack, "", %progbits
