/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Where the kernel begins: sp points at argc, then argv[]. The return address
 * is marked undefined, which is how a stack says that it ends here.
 */
	.set	nomips16
	.set	nomicromips
	.cfi_sections .eh_frame

	.text
	.globl	_start
	.type	_start, @function
	.ent	_start
_start:
	.frame	$29, 0, $31
	.cfi_startproc
	.cfi_undefined $31
	.set	noreorder
	bal	1f
	nop
1:	.cpload	$31
	.set	reorder
	move	$31, $0
	move	$30, $0
	lw	$4, 0($29)
	addiu	$5, $29, 4
	li	$2, -8
	and	$29, $29, $2
	addiu	$29, $29, -16
	la	$25, crash_main
	jalr	$25
	/* exit_group(its result) */
	move	$4, $2
	li	$2, 4246
	syscall
	.cfi_endproc
	.end	_start
	.size	_start, . - _start
	/* the linker's name of the entry on mips */
	.globl	__start
	.set	__start, _start

	.section .note.GNU-stack, "", @progbits
