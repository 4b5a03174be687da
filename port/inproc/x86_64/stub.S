/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The caller's registers as struct dwu_inproc_regs (regs.h), and on to a function
 * that gets them behind its first three arguments.
 */
	.macro stub name, to
	.p2align 4
	.hidden \name
	.globl \name
	.type \name, @function
\name:
	.cfi_startproc
	sub $56, %rsp
	.cfi_adjust_cfa_offset 56
	mov %rbx, (%rsp)
	mov %rbp, 8(%rsp)
	mov %r12, 16(%rsp)
	mov %r13, 24(%rsp)
	mov %r14, 32(%rsp)
	mov %r15, 40(%rsp)
	mov %rsp, %rcx
	call \to
	add $56, %rsp
	.cfi_adjust_cfa_offset -56
	ret
	.cfi_endproc
	.size \name, . - \name
	.endm

	.text
	stub dwu_stub_malloc, dwu_told_malloc
	stub dwu_stub_calloc, dwu_told_calloc
	stub dwu_stub_realloc, dwu_told_realloc
	stub dwu_stub_alloc, dwu_told_alloc
	stub dwu_stub_mapped, dwu_told_mapped

	.section .note.GNU-stack, "", @progbits
