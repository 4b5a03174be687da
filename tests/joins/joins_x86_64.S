/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* joins.c's join_KIND(n, stop): %rdi, %rsi. No CFI. */
	.macro function name
	.text
	.globl	join_\name
	.type	join_\name, @function
join_\name:
	.endm

	/* n times 64 bytes are taken on one path, on the second one; the
	 * call does not stand straight behind the join */
	function alloca
	push	%rbp
	mov	%rsp, %rbp
	push	%rbx
	sub	$24, %rsp
	test	%rdi, %rdi
	jne	2f
	jmp	3f
2:	mov	%rdi, %rax
	shl	$6, %rax
	sub	%rax, %rsp
3:	nop
	test	%rsi, %rsi
	jne	4f
	jmp	5f
4:	call	*%rsi
5:	mov	-8(%rbp), %rbx
	leave
	ret

	/* two words more if n is not 0, and a call before they meet */
	function words
	push	%rbp
	mov	%rsp, %rbp
	push	%rbx
	push	%r12
	mov	%rsi, %rbx
	test	%rdi, %rdi
	je	2f
	push	$0
	push	$0
	call	nothing
	jmp	3f
2:	call	nothing
3:	test	%rbx, %rbx
	je	4f
	call	*%rbx
4:	lea	-16(%rbp), %rsp
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret

	/* the same without a call before they meet, but a branch behind */
	function branch
	push	%rbp
	mov	%rsp, %rbp
	push	%rbx
	push	%rbx
	test	%rdi, %rdi
	je	1f
	push	$0
	push	$0
1:	test	%rsi, %rsi
	je	2f
	call	*%rsi
2:	lea	-16(%rbp), %rsp
	pop	%rbx
	pop	%rbx
	pop	%rbp
	ret

	/* n words, and what aligns them */
	function aligned
	push	%rbp
	mov	%rsp, %rbp
	jmp	2f
1:	push	$0
2:	dec	%rdi
	jns	1b
	and	$-16, %rsp
	call	*%rsi
	leave
	ret

	/* n times two words of zeros, as an interpreter clears its registers */
	function loop
	push	%rbp
	mov	%rsp, %rbp
	push	%rbx
	push	%rbx
	jmp	2f
1:	push	$0
	push	$0
2:	dec	%rdi
	jns	1b
	call	*%rsi
	mov	-8(%rbp), %rbx
	leave
	ret

	/* the caller's %rbp is there if n is 0; it is saved in any case */
	function keep
	push	%rbp
	push	%rbx
	sub	$24, %rsp
	mov	%rsi, %rbx
	mov	%rdi, 8(%rsp)
1:	decq	8(%rsp)
	jns	2f
	call	*%rbx
	jmp	3f
2:	mov	$9, %ebp
	jmp	1b
3:	add	$24, %rsp
	pop	%rbx
	pop	%rbp
	ret

	/* what is behind a call that does not return is reached by a branch */
	function fatal
	sub	$8, %rsp
	test	%rdi, %rdi
	jns	1f
	push	$0
	push	$0
	call	abort
1:	call	*%rsi
	add	$8, %rsp
	ret

	/* … from behind a call that does */
	function fatal_first
	push	%rbx
	mov	%rsi, %rbx
	test	%rdi, %rdi
	jns	2f
	push	$0
	push	$0
	call	abort
1:	call	*%rbx
	pop	%rbx
	ret
2:	call	nothing
	jmp	1b

	/* blocks of two tables, in frames of two sizes */
	function cases
	push	%rbx
	lea	odd(%rip), %rdx
	test	$1, %edi
	jne	1f
	sub	$32, %rsp
	lea	even(%rip), %rdx
	cmp	$6, %rdi
	ja	8f
	shr	%rdi
	movslq	(%rdx, %rdi, 4), %rax
	add	%rdx, %rax
	notrack jmp	*%rax
1:	cmp	$6, %rdi
	ja	9f
	shr	%rdi
	movslq	(%rdx, %rdi, 4), %rax
	add	%rdx, %rax
	notrack jmp	*%rax
2:	mov	$2, %ebx
	call	*%rsi
	jmp	8f
3:	mov	$3, %ebx
	call	*%rsi
	jmp	9f
8:	add	$32, %rsp
9:	pop	%rbx
	ret
	.section .rodata
	.balign	4
even:	.long	8b - even, 2b - even, 8b - even, 2b - even
odd:	.long	9b - odd, 3b - odd, 9b - odd, 3b - odd

	/* nothing but memory knows what sp was */
	function lost
	sub	$24, %rsp
	mov	%rsp, saved(%rip)
	jmp	2f
1:	push	$0
	push	$0
2:	dec	%rdi
	jns	1b
	call	*%rsi
	mov	saved(%rip), %rsp
	add	$24, %rsp
	ret
	.local	saved
	.comm	saved, 8, 8

	/* aligned to 64 bytes, and alloca; GCC's way */
	function realigned
	lea	8(%rsp), %r10
	and	$-64, %rsp
	push	-8(%r10)
	push	%rbp
	mov	%rsp, %rbp
	push	%rbx
	push	%r10
	sub	$48, %rsp
	test	%rdi, %rdi
	je	1f
	shl	$6, %rdi
	sub	%rdi, %rsp
1:	xor	%r10d, %r10d
	xor	%ebx, %ebx
	call	*%rsi
	lea	-16(%rbp), %rsp
	pop	%r10
	pop	%rbx
	pop	%rbp
	lea	-8(%r10), %rsp
	ret

	/* five pages, each touched; then a frame of rsp alone */
	function probed
	lea	-0x5000(%rsp), %r11
1:	sub	$0x1000, %rsp
	orq	$0, (%rsp)
	cmp	%r11, %rsp
	jne	1b
	sub	$0x208, %rsp
	call	*%rsi
	add	$0x5208, %rsp
	ret

	.section .note.GNU-stack, "", @progbits
