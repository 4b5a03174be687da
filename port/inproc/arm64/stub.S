/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The caller's registers as struct dwu_inproc_regs (regs.h), and on to a function
 * that gets them behind its first three arguments.
 */
	.macro stub name, to
	.p2align 4
	.hidden \name
	.globl \name
	.type \name, %function
\name:
	.cfi_startproc
	sub sp, sp, #96
	.cfi_adjust_cfa_offset 96
	stp x19, x20, [sp]
	stp x21, x22, [sp, #16]
	stp x23, x24, [sp, #32]
	stp x25, x26, [sp, #48]
	stp x27, x28, [sp, #64]
	stp x29, x30, [sp, #80]
	.cfi_rel_offset x29, 80
	.cfi_rel_offset x30, 88
	mov x3, sp
	bl \to
	ldp x29, x30, [sp, #80]
	add sp, sp, #96
	.cfi_adjust_cfa_offset -96
	.cfi_restore x29
	.cfi_restore x30
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

	.section .note.GNU-stack, "", %progbits
