/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Functions written by hand that share their end, as those of C libraries do:
 * share_first jumps past the second, share_third back into it, and share_plain
 * has no frame of its own before it jumps. Nothing calls them but by pointer.
 * SHAPE(depth, x) each, as in run.h.
 */
	.macro function name
	.text
	.balign	16
	.globl	\name
	.type	\name, %function
\name:
	.endm
	.macro done name
	.size	\name, .-\name
	.endm

#if defined(__x86_64__)

	function share_first
	push	%rbx
	sub	$16, %rsp
	mov	%esi, %ebx
	call	next
	add	%eax, %ebx
	jmp	.Lend
	done share_first

	function share_second
	push	%rbx
	sub	$16, %rsp
	mov	%esi, %ebx
	mov	%edi, 8(%rsp)
	call	next
	xor	%eax, %ebx
	mov	%ebx, %esi
	mov	8(%rsp), %edi
	shr	%edi
	call	next
	add	%eax, %ebx
.Lend:	lea	1(%rbx), %edi
	call	leaf
	add	%ebx, %eax
	add	$16, %rsp
	pop	%rbx
	ret
	done share_second

	function share_third
	push	%rbx
	sub	$16, %rsp
	lea	3(%rsi), %ebx
	shr	%edi
	call	next
	sub	%eax, %ebx
	jmp	.Lend
	done share_third

	function share_plain
	test	$1, %esi
	jz	1f
	mov	%esi, %eax
	jmp	.Lplain
1:	shr	%edi
	jmp	share_second
	done share_plain

	function share_low
	push	%rbp
	call	next
	mov	%eax, %ebp
	lea	5(%rbp), %edi
	call	leaf
	add	%ebp, %eax
	pop	%rbp
.Lplain:
	add	$1, %eax
	ret
	done share_low

#elif defined(__aarch64__)

	function share_first
	stp	x29, x30, [sp, -32]!
	str	x19, [sp, 16]
	mov	w19, w1
	bl	next
	add	w19, w19, w0
	b	.Lend
	done share_first

	function share_second
	stp	x29, x30, [sp, -32]!
	str	x19, [sp, 16]
	mov	w19, w1
	str	w0, [sp, 24]
	bl	next
	eor	w19, w19, w0
	mov	w1, w19
	ldr	w0, [sp, 24]
	lsr	w0, w0, 1
	bl	next
	add	w19, w19, w0
.Lend:	add	w0, w19, 1
	bl	leaf
	add	w0, w0, w19
	ldr	x19, [sp, 16]
	ldp	x29, x30, [sp], 32
	ret
	done share_second

	function share_third
	stp	x29, x30, [sp, -32]!
	str	x19, [sp, 16]
	add	w19, w1, 3
	lsr	w0, w0, 1
	bl	next
	sub	w19, w19, w0
	b	.Lend
	done share_third

	function share_plain
	tbz	w1, 0, 1f
	mov	w0, w1
	b	.Lplain
1:	lsr	w0, w0, 1
	b	share_second
	done share_plain

	function share_low
	stp	x19, x30, [sp, -16]!
	bl	next
	mov	w19, w0
	add	w0, w0, 5
	bl	leaf
	add	w0, w0, w19
	ldp	x19, x30, [sp], 16
.Lplain:
	add	w0, w0, 1
	ret
	done share_low

#elif defined(__mips__)

	.set	noreorder
	.set	nomips16
	/* both with and without abicalls */
	.macro	to name
	lui	$25, %hi(\name)
	addiu	$25, $25, %lo(\name)
	jalr	$25
	.endm
	.macro	open
	addiu	$sp, $sp, -40
	sw	$31, 36($sp)
	sw	$16, 32($sp)
	.endm

	function share_first
	open
	to	next
	move	$16, $5
	b	$Lend
	addu	$16, $16, $2
	done share_first

	function share_second
	open
	move	$16, $5
	to	next
	sw	$4, 24($sp)
	xor	$16, $16, $2
	move	$5, $16
	lw	$4, 24($sp)
	to	next
	srl	$4, $4, 1
	addu	$16, $16, $2
$Lend:	to	leaf
	addiu	$4, $16, 1
	addu	$2, $2, $16
	lw	$16, 32($sp)
	lw	$31, 36($sp)
	jr	$31
	addiu	$sp, $sp, 40
	done share_second

	function share_third
	open
	srl	$4, $4, 1
	to	next
	addiu	$16, $5, 3
	b	$Lend
	subu	$16, $16, $2
	done share_third

	function share_plain
	andi	$2, $5, 1
	beqz	$2, 1f
	nop
	b	$Lplain
	move	$2, $5
1:	lui	$25, %hi(share_second)
	addiu	$25, $25, %lo(share_second)
	jr	$25
	srl	$4, $4, 1
	done share_plain

	function share_low
	open
	to	next
	nop
	move	$16, $2
	to	leaf
	addiu	$4, $2, 5
	addu	$2, $2, $16
	lw	$16, 32($sp)
	lw	$31, 36($sp)
	addiu	$sp, $sp, 40
$Lplain:
	jr	$31
	addiu	$2, $2, 1
	done share_low

#endif

#ifdef __LP64__
#define WORD .quad
#else
#define WORD .long
#endif
	.section .data.rel.ro, "aw", %progbits
	.balign	8
shapes:
	WORD	share_first, share_second, share_third, share_plain, share_low
	.globl	shares_list
	.type	shares_list, %object
shares_list:
	WORD	shapes
	.long	5
	.balign	8
	.size	shares_list, .-shares_list
	.section .note.GNU-stack, "", %progbits
