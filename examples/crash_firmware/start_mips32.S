/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Where qemu's board `malta` begins, in kseg0, and where exceptions go. No line of
 * this has call frame information: the stack ends here because this is the entry.
 */
	.set	nomips16
	.set	nomicromips
	.set	noreorder
	.set	noat

	.section .text.start, "ax", @progbits
	.globl	_start
	.type	_start, @function
_start:
	/* no interrupts, and vectors in RAM: TLB refill, all others (MIPS32
	 * III, 6.2). A processor with caches also needs synci */
	mtc0	$0, $12
	ehb
	la	$8, vector
	lui	$9, 0x8000
	li	$11, 4
1:	lw	$10, 0($8)
	sw	$10, 0($9)
	sw	$10, 0x180($9)
	addiu	$8, $8, 4
	addiu	$9, $9, 4
	addiu	$11, $11, -1
	bnez	$11, 1b
	nop
again:	la	$29, stack_top - 16
	move	$30, $0
	move	$31, $0
	jal	bare_main
	nop
1:	b	1b
	nop
	.size	_start, . - _start

vector:
	lui	$26, %hi(exception)
	addiu	$26, $26, %lo(exception)
	jr	$26
	nop

/* struct dwunw_firmware_registers: pc, sp, $0..$31; $k0 and $k1 are lost */
	.type	exception, @function
exception:
	lui	$27, %hi(registers)
	addiu	$27, $27, %lo(registers)
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25
	sw	$\n, (8 + 4 * \n)($27)
	.endr
	.irp	n, 28,29,30,31
	sw	$\n, (8 + 4 * \n)($27)
	.endr
	mfc0	$26, $14
	sw	$26, 0($27)
	sw	$29, 4($27)
	/* no longer within an exception, or the next one leaves no EPC */
	mtc0	$0, $12
	ehb
	la	$29, exception_stack_top - 16
	jal	bare_exception
	move	$4, $27
	j	again
	nop
	.size	exception, . - exception

	.bss
	.balign	16
registers:
	.skip	136
	.section .note.GNU-stack, "", @progbits
