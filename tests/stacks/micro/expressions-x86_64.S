/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Hand-written call frame information with expressions (DWARF 5 2.5, 6.4.2).
 * Every function has the type unsigned long (unsigned long depth, step_fn).
 * They nest in each other, each one's CFA hanging on what the others restore.
 */
	.text

	.macro function name
	.p2align 4
	.globl \name
	.type \name, @function
\name:
	.cfi_startproc
	.endm

	.macro finish name
	.cfi_endproc
	.size \name, . - \name
	.endm

/* CFA = *(rsp + 8), on a realigned stack */
	function cfa_by_deref
	push %rbx
	.cfi_def_cfa_offset 16
	.cfi_offset %rbx, -16
	lea 16(%rsp), %rax
	mov %rsp, %rbx
	.cfi_def_cfa %rbx, 16
	sub $200, %rsp
	and $-64, %rsp
	mov %rax, 8(%rsp)
	/* DW_CFA_def_cfa_expression: breg7 8, deref */
	.cfi_escape 0x0f, 3, 0x77, 8, 0x06
	xor %ebx, %ebx		/* nothing may hang on rbx now */
	call *%rsi
	nop
	mov 8(%rsp), %rax
	lea -16(%rax), %rsp
	.cfi_def_cfa %rsp, 16
	pop %rbx
	.cfi_def_cfa_offset 8
	.cfi_restore %rbx
	ret
	finish cfa_by_deref

/* rbx is saved at the address that CFA - 24 holds */
	function reg_by_expression
	sub $56, %rsp
	.cfi_def_cfa_offset 64
	lea 8(%rsp), %rax
	mov %rax, 40(%rsp)	/* CFA - 24 */
	mov %rbx, (%rax)
	/* DW_CFA_expression rbx: lit24, minus, deref */
	.cfi_escape 0x10, 3, 3, 0x48, 0x1c, 0x06
	mov $-1, %rbx
	call *%rsi
	nop
	mov 8(%rsp), %rbx
	.cfi_restore %rbx
	add $56, %rsp
	.cfi_def_cfa_offset 8
	ret
	finish reg_by_expression

/* rbx = *(CFA - 16) ^ 0x5aa5 */
	function reg_by_value
	sub $40, %rsp
	.cfi_def_cfa_offset 48
	mov %rbx, %rax
	xor $0x5aa5, %rax
	mov %rax, 32(%rsp)	/* CFA - 16 */
	/* DW_CFA_val_expression rbx: lit16 minus deref const2u xor */
	.cfi_escape 0x16, 3, 7, 0x40, 0x1c, 0x06, 0x0a, 0xa5, 0x5a, 0x27
	mov $0x1234, %ebx
	call *%rsi
	nop
	mov 32(%rsp), %rbx
	xor $0x5aa5, %rbx
	.cfi_restore %rbx
	add $40, %rsp
	.cfi_def_cfa_offset 8
	ret
	finish reg_by_value

/* CFA = rsp + (r12 != 0 ? 96 : 32) */
	function cfa_by_branch
	push %r12
	.cfi_def_cfa_offset 16
	.cfi_offset %r12, -16
	sub $16, %rsp
	.cfi_def_cfa_offset 32
	mov %rdi, %r12
	and $8, %r12
	/* r12 * 8 is 0 or 64: CFA = rsp + 32 so far */
	lea (,%r12,8), %rax
	neg %rax
	lea 32(%rsp), %rdx
	mov %rdx, 8(%rsp)
	/* CFA = *(rsp + 8) while rsp moves by one instruction */
	lea (%rsp,%rax), %rsp
	/*
	 * breg12 0, lit0, ne, bra +5, breg7 32, skip +3, breg7 96 (sleb: 2)
	 */
	.cfi_escape 0x0f, 15, 0x7c, 0, 0x30, 0x2e, 0x28, 5, 0
	.cfi_escape 0x77, 32, 0x2f, 3, 0, 0x77, 0xe0, 0
	call *%rsi
	nop
	lea (%rsp,%r12,8), %rsp
	.cfi_def_cfa %rsp, 32
	add $16, %rsp
	.cfi_def_cfa_offset 16
	pop %r12
	.cfi_def_cfa_offset 8
	.cfi_restore %r12
	ret
	finish cfa_by_branch

/* CFA = ((rsp / 2) << 1) * 1 + 64 with dup, swap, over, rot, pick, and, or */
	function cfa_by_arithmetic
	sub $56, %rsp
	/*
	 * breg7 0, lit2, div, lit1, shl, lit1, mul, dup, and, dup, or,
	 * lit0, swap, over, plus, swap, drop, lit5, lit6, rot, rot, rot,
	 * drop, drop, const1s -64, neg, plus
	 */
	.cfi_escape 0x0f, 29
	.cfi_escape 0x77, 0, 0x32, 0x1b, 0x31, 0x24, 0x31, 0x1e, 0x12, 0x1a
	.cfi_escape 0x12, 0x21, 0x30, 0x16, 0x14, 0x22, 0x16, 0x13, 0x35, 0x36
	.cfi_escape 0x17, 0x17, 0x17, 0x13, 0x13, 0x09, 0xc0, 0x1f, 0x22
	call *%rsi
	nop
	add $56, %rsp
	.cfi_def_cfa %rsp, 8
	ret
	finish cfa_by_arithmetic

/* CFA = r12 + 16, the stack realigned below it */
	function cfa_in_r12
	push %r12
	.cfi_def_cfa_offset 16
	.cfi_offset %r12, -16
	mov %rsp, %r12
	.cfi_def_cfa %r12, 16
	push %rbx
	.cfi_offset %rbx, -24
	and $-128, %rsp
	mov %rdi, %rbx
	call *%rsi
	add %rbx, %rax
	mov -8(%r12), %rbx
	.cfi_restore %rbx
	mov %r12, %rsp
	.cfi_def_cfa %rsp, 16
	pop %r12
	.cfi_def_cfa_offset 8
	.cfi_restore %r12
	ret
	finish cfa_in_r12

/* CFA = rsp + 8 * 8, counted by a loop: bra backwards */
	function cfa_by_loop
	sub $56, %rsp
	/*
	 * breg7 0, lit8,
	 * again: lit1, minus, swap, lit8, plus, swap, dup, bra again
	 * drop
	 */
	.cfi_escape 0x0f, 14, 0x77, 0, 0x38
	.cfi_escape 0x31, 0x1c, 0x16, 0x38, 0x22, 0x16, 0x12, 0x28, 0xf6, 0xff
	.cfi_escape 0x13
	call *%rsi
	nop
	add $56, %rsp
	.cfi_def_cfa %rsp, 8
	ret
	finish cfa_by_loop

/* CFA = rbx + 16: finds out whether the callee's rule for rbx is followed */
	function hang_on_rbx
	push %rbx
	.cfi_def_cfa_offset 16
	.cfi_offset %rbx, -16
	mov %rsp, %rbx
	.cfi_def_cfa %rbx, 16
	call *%rdx
	nop
	.cfi_def_cfa %rsp, 16
	pop %rbx
	.cfi_def_cfa_offset 8
	.cfi_restore %rbx
	ret
	finish hang_on_rbx

/* the callee knows rbx to be its CFA - 8, and this CFA is rbx + 40 */
	function reg_by_offset
	push %rbx
	.cfi_def_cfa_offset 16
	.cfi_offset %rbx, -16
	sub $16, %rsp
	.cfi_def_cfa_offset 32
	lea -8(%rsp), %rbx
	.cfi_def_cfa %rbx, 40
	call reg_by_offset_inner
	nop
	.cfi_def_cfa %rsp, 32
	add $16, %rsp
	.cfi_def_cfa_offset 16
	pop %rbx
	.cfi_def_cfa_offset 8
	.cfi_restore %rbx
	ret
	finish reg_by_offset

	function reg_by_offset_inner
	sub $24, %rsp
	.cfi_def_cfa_offset 32
	/* DW_CFA_val_offset rbx, 1 * -8 */
	.cfi_escape 0x14, 3, 1
	mov $7, %ebx
	call *%rsi
	nop
	lea 24(%rsp), %rbx
	.cfi_restore %rbx
	add $24, %rsp
	.cfi_def_cfa_offset 8
	ret
	finish reg_by_offset_inner

/* a call that is no call: the return address is popped at once */
	function call_next_pop
	call 1f
	.cfi_adjust_cfa_offset 8
1:	pop %rax
	.cfi_adjust_cfa_offset -8
	sub $8, %rsp
	.cfi_adjust_cfa_offset 8
	call *%rsi
	nop
	add $8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
	finish call_next_pop

	.section .note.GNU-stack, "", @progbits
