/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The caller's registers as struct dwu_inproc_regs (regs.h), and on to a function
 * that gets them behind its first three arguments.
 */
	.macro stub name, to
	.p2align 2
	.hidden \name
	.globl \name
	.type \name, @function
\name:
	.cfi_startproc
	addi sp, sp, -112
	.cfi_adjust_cfa_offset 112
	sd s1, 0(sp)
	sd s2, 8(sp)
	sd s3, 16(sp)
	sd s4, 24(sp)
	sd s5, 32(sp)
	sd s6, 40(sp)
	sd s7, 48(sp)
	sd s8, 56(sp)
	sd s9, 64(sp)
	sd s10, 72(sp)
	sd s11, 80(sp)
	sd s0, 88(sp)
	sd ra, 104(sp)
	.cfi_rel_offset ra, 104
	mv a3, sp
	call \to
	ld ra, 104(sp)
	addi sp, sp, 112
	.cfi_adjust_cfa_offset -112
	.cfi_restore ra
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
