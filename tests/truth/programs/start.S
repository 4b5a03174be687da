/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The entry point of a program without a libc, and setjmp and longjmp of our
 * own. No CFI, as in all of the programs here.
 */
#if defined(__x86_64__)

#ifndef WITH_LIBC
	.globl	_start
	.type	_start, @function
_start:	xor	%ebp, %ebp
	and	$-16, %rsp
	call	main
	mov	%eax, %edi
	mov	$60, %eax
	syscall
	hlt
	.size	_start, .-_start
#endif

	.globl	place_mark
	.type	place_mark, @function
place_mark:
	mov	%rbx, (%rdi)
	mov	%rbp, 8(%rdi)
	mov	%r12, 16(%rdi)
	mov	%r13, 24(%rdi)
	mov	%r14, 32(%rdi)
	mov	%r15, 40(%rdi)
	lea	8(%rsp), %rdx
	mov	%rdx, 48(%rdi)
	mov	(%rsp), %rdx
	mov	%rdx, 56(%rdi)
	xor	%eax, %eax
	ret
	.size	place_mark, .-place_mark

	.globl	place_go
	.type	place_go, @function
place_go:
	mov	(%rdi), %rbx
	mov	8(%rdi), %rbp
	mov	16(%rdi), %r12
	mov	24(%rdi), %r13
	mov	32(%rdi), %r14
	mov	40(%rdi), %r15
	mov	48(%rdi), %rsp
	mov	$1, %eax
	jmp	*56(%rdi)
	.size	place_go, .-place_go

#elif defined(__aarch64__)

#ifndef WITH_LIBC
	.globl	_start
	.type	_start, %function
_start:	mov	x29, #0
	mov	x30, #0
	bl	main
	mov	x8, #93
	svc	#0
	brk	#1
	.size	_start, .-_start
#endif

	.globl	place_mark
	.type	place_mark, %function
place_mark:
	stp	x19, x20, [x0]
	stp	x21, x22, [x0, 16]
	stp	x23, x24, [x0, 32]
	stp	x25, x26, [x0, 48]
	stp	x27, x28, [x0, 64]
	stp	x29, x30, [x0, 80]
	mov	x1, sp
	str	x1, [x0, 96]
	mov	w0, #0
	ret
	.size	place_mark, .-place_mark

	.globl	place_go
	.type	place_go, %function
place_go:
	ldp	x19, x20, [x0]
	ldp	x21, x22, [x0, 16]
	ldp	x23, x24, [x0, 32]
	ldp	x25, x26, [x0, 48]
	ldp	x27, x28, [x0, 64]
	ldp	x29, x30, [x0, 80]
	ldr	x1, [x0, 96]
	mov	sp, x1
	mov	w0, #1
	br	x30
	.size	place_go, .-place_go

#elif defined(__mips__)

	.set	noreorder
	.set	nomips16
#ifndef WITH_LIBC
	.globl	__start
	.type	__start, @function
	.ent	__start
__start:
	lui	$gp, %hi(_gp)
	addiu	$gp, $gp, %lo(_gp)
	move	$ra, $zero
	addiu	$sp, $sp, -32
	lui	$t9, %hi(main)
	addiu	$t9, $t9, %lo(main)
	jalr	$t9
	nop
	move	$a0, $v0
	li	$v0, 4001
	syscall
	break
	.end	__start
	.size	__start, .-__start
#endif

	.globl	place_mark
	.type	place_mark, @function
	.ent	place_mark
place_mark:
	sw	$s0, 0($a0)
	sw	$s1, 4($a0)
	sw	$s2, 8($a0)
	sw	$s3, 12($a0)
	sw	$s4, 16($a0)
	sw	$s5, 20($a0)
	sw	$s6, 24($a0)
	sw	$s7, 28($a0)
	sw	$fp, 32($a0)
	sw	$gp, 36($a0)
	sw	$sp, 40($a0)
	sw	$ra, 44($a0)
	jr	$ra
	move	$v0, $zero
	.end	place_mark
	.size	place_mark, .-place_mark

	.globl	place_go
	.type	place_go, @function
	.ent	place_go
place_go:
	lw	$s0, 0($a0)
	lw	$s1, 4($a0)
	lw	$s2, 8($a0)
	lw	$s3, 12($a0)
	lw	$s4, 16($a0)
	lw	$s5, 20($a0)
	lw	$s6, 24($a0)
	lw	$s7, 28($a0)
	lw	$fp, 32($a0)
	lw	$gp, 36($a0)
	lw	$ra, 44($a0)
	lw	$sp, 40($a0)
	jr	$ra
	li	$v0, 1
	.end	place_go
	.size	place_go, .-place_go

#endif
	.section .note.GNU-stack, "", %progbits
