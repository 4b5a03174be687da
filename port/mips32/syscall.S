/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The two that C cannot say. Neither has a frame: registers 5 and 6 of a
 * system call go where o32 has the caller leave room for the callee's
 * arguments, at 16(sp) and 20(sp), and that room is the callee's.
 *
 * Kernel convention (arch/mips/kernel/scall32-o32.S): number in v0, a0..a3
 * and two words on the stack; a3 != 0 says that v0 is an error number.
 */
	.set	nomips16
	.set	nomicromips
	.cfi_sections .eh_frame

	.section .text.dwunw_mips32_syscall, "ax", @progbits
	.align	2
	.globl	dwunw_mips32_syscall
	.type	dwunw_mips32_syscall, @function
	.ent	dwunw_mips32_syscall
dwunw_mips32_syscall:
	.frame	$29, 0, $31
	.cfi_startproc
	.set	noreorder
	move	$2, $4
	move	$4, $5
	move	$5, $6
	move	$6, $7
	lw	$7, 16($29)
	lw	$8, 20($29)
	lw	$9, 24($29)
	sw	$8, 16($29)
	sw	$9, 20($29)
	syscall
	bnez	$7, 1f
	nop
	jr	$31
	nop
1:	jr	$31
	subu	$2, $0, $2
	.set	reorder
	.cfi_endproc
	.end	dwunw_mips32_syscall
	.size	dwunw_mips32_syscall, . - dwunw_mips32_syscall

/* struct dwunw_mips32_saved: pc, sp, s0..s7, gp, s8 */
	.section .text.dwunw_mips32_save, "ax", @progbits
	.align	2
	.globl	dwunw_mips32_save
	.type	dwunw_mips32_save, @function
	.ent	dwunw_mips32_save
dwunw_mips32_save:
	.frame	$29, 0, $31
	.cfi_startproc
	.set	noreorder
	sw	$31, 0($4)
	sw	$29, 4($4)
	sw	$16, 8($4)
	sw	$17, 12($4)
	sw	$18, 16($4)
	sw	$19, 20($4)
	sw	$20, 24($4)
	sw	$21, 28($4)
	sw	$22, 32($4)
	sw	$23, 36($4)
	sw	$28, 40($4)
	jr	$31
	sw	$30, 44($4)
	.set	reorder
	.cfi_endproc
	.end	dwunw_mips32_save
	.size	dwunw_mips32_save, . - dwunw_mips32_save

	.section .note.GNU-stack, "", @progbits
