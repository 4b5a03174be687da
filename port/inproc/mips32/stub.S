/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The caller's registers as struct dwu_inproc_regs (regs.h), and on to a function
 * that gets them behind its first three arguments.
 *
 * o32: who is called finds its own address in $t9, and may use 16 bytes at sp; sp is a
 * multiple of 8.
 */
	.macro stub name, to
	.p2align 2
	.hidden \name
	.globl \name
	.hidden \to
	.type \name, @function
	.ent \name
\name:
	.cfi_startproc
	.frame $sp, 64, $ra
	.set noreorder
	.cpload $t9
	.set reorder
	addiu $sp, $sp, -64
	.cfi_adjust_cfa_offset 64
	sw $s0, 24($sp)
	sw $s1, 28($sp)
	sw $s2, 32($sp)
	sw $s3, 36($sp)
	sw $s4, 40($sp)
	sw $s5, 44($sp)
	sw $s6, 48($sp)
	sw $s7, 52($sp)
	sw $s8, 56($sp)
	sw $ra, 60($sp)
	.cfi_rel_offset 31, 60
	addiu $a3, $sp, 24
	la $t9, \to
	jalr $t9
	lw $ra, 60($sp)
	addiu $sp, $sp, 64
	.cfi_adjust_cfa_offset -64
	.cfi_restore 31
	jr $ra
	.cfi_endproc
	.end \name
	.size \name, . - \name
	.endm

	.abicalls
	.option pic2
	.set nomips16
	.text
	stub dwu_stub_malloc, dwu_told_malloc
	stub dwu_stub_calloc, dwu_told_calloc
	stub dwu_stub_realloc, dwu_told_realloc
	stub dwu_stub_alloc, dwu_told_alloc
	stub dwu_stub_mapped, dwu_told_mapped

	.section .note.GNU-stack, "", %progbits
