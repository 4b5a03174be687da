/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Functions of x86_64 whose CFI lies, each in one respect: what compares rows
 * of instructions with it must say so, and why. Those named true_ do not lie.
 */
	.text

	.macro	function name
	.globl	\name
	.type	\name, @function
\name:	.cfi_startproc
	.endm
	.macro	end name
	.cfi_endproc
	.size	\name, .-\name
	.endm

	function true_sp
	push	%rbx
	.cfi_def_cfa_offset 16
	.cfi_offset %rbx, -16
	mov	%edi, %ebx
	call	leaf
	add	%ebx, %eax
	pop	%rbx
	.cfi_def_cfa_offset 8
	ret
	end true_sp

	/* the frame pointer and sp are the same distance on each path */
	function true_fp
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	sub	$32, %rsp
	test	%edi, %edi
	je	1f
	call	leaf
1:	call	leaf
	leave
	.cfi_def_cfa %rsp, 8
	ret
	end true_fp

	/* by sp, whose distance is another one */
	function lies_sp
	sub	$24, %rsp
	.cfi_def_cfa_offset 40
	call	leaf
	add	$24, %rsp
	.cfi_def_cfa_offset 8
	ret
	end lies_sp

	/* by rbp, which is 8 bytes further in than the CFI says */
	function lies_fp
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa %rbp, 24
	sub	$32, %rsp
	call	leaf
	leave
	.cfi_def_cfa %rsp, 8
	ret
	end lies_fp

	/* says that one of two paths comes with another stack */
	function lies_varies
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov	%rsp, %rbp
	test	%edi, %edi
	je	1f
	.cfi_remember_state
	.cfi_def_cfa %rsp, 32
	nop
	.cfi_restore_state
	.cfi_def_cfa %rbp, 16
1:	.cfi_def_cfa %rbp, 16
	call	leaf
	leave
	.cfi_def_cfa %rsp, 8
	ret
	end lies_varies

	function lies_ra
	sub	$8, %rsp
	.cfi_def_cfa_offset 16
	.cfi_offset %rip, -16
	call	leaf
	add	$8, %rsp
	.cfi_def_cfa_offset 8
	.cfi_offset %rip, -8
	ret
	end lies_ra

	/* the other of two places */
	function lies_saved
	push	%rbx
	.cfi_def_cfa_offset 16
	push	%r12
	.cfi_def_cfa_offset 24
	.cfi_offset %rbx, -24
	.cfi_offset %r12, -16
	sub	$8, %rsp
	.cfi_def_cfa_offset 32
	mov	%edi, %ebx
	mov	%edi, %r12d
	call	leaf
	add	$8, %rsp
	.cfi_def_cfa_offset 24
	pop	%r12
	.cfi_def_cfa_offset 16
	pop	%rbx
	.cfi_def_cfa_offset 8
	ret
	end lies_saved

	function true_leaf
leaf:	lea	1(%rdi), %eax
	ret
	end true_leaf

	.section .note.GNU-stack, "", @progbits
