/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* joins.c's join_KIND(n, stop): $4, $5. No CFI. */
	.set	noreorder
	.macro function name
	.text
	.globl	join_\name
	.type	join_\name, @function
	.ent	join_\name
join_\name:
	.endm

	function alloca
	addiu	$sp, $sp, -64
	sw	$fp, 56($sp)
	sw	$31, 60($sp)
	bnez	$4, 2f
	move	$fp, $sp
	b	3f
	nop
2:	sll	$4, $4, 6
	subu	$sp, $sp, $4
3:	nop
	bnez	$5, 4f
	move	$25, $5
	b	5f
	nop
4:	jalr	$25
	nop
5:	move	$sp, $fp
	lw	$31, 60($sp)
	lw	$fp, 56($sp)
	jr	$31
	addiu	$sp, $sp, 64
	.end	join_alloca

	function words
	addiu	$sp, $sp, -40
	sw	$31, 36($sp)
	sw	$fp, 32($sp)
	sw	$16, 28($sp)
	move	$fp, $sp
	beqz	$4, 2f
	move	$16, $5
	addiu	$sp, $sp, -8
	sw	$0, 24($sp)
	jal	nothing
	sw	$0, 28($sp)
	b	3f
	nop
2:	jal	nothing
	nop
3:	beqz	$16, 4f
	move	$25, $16
	jalr	$25
	nop
4:	move	$sp, $fp
	lw	$31, 36($sp)
	lw	$fp, 32($sp)
	lw	$16, 28($sp)
	jr	$31
	addiu	$sp, $sp, 40
	.end	join_words

	function branch
	addiu	$sp, $sp, -40
	sw	$31, 36($sp)
	sw	$fp, 32($sp)
	move	$fp, $sp
	beqz	$4, 1f
	move	$25, $5
	addiu	$sp, $sp, -8
	sw	$0, 24($sp)
1:	beqz	$25, 2f
	nop
	jalr	$25
	nop
2:	move	$sp, $fp
	lw	$31, 36($sp)
	lw	$fp, 32($sp)
	jr	$31
	addiu	$sp, $sp, 40
	.end	join_branch

	function aligned
	addiu	$sp, $sp, -40
	sw	$31, 36($sp)
	sw	$fp, 32($sp)
	b	2f
	move	$fp, $sp
1:	addiu	$sp, $sp, -8
	sw	$0, 24($sp)
	sw	$0, 28($sp)
2:	addiu	$4, $4, -1
	bgez	$4, 1b
	li	$2, -16
	and	$sp, $sp, $2
	move	$25, $5
	jalr	$25
	nop
	move	$sp, $fp
	lw	$31, 36($sp)
	lw	$fp, 32($sp)
	jr	$31
	addiu	$sp, $sp, 40
	.end	join_aligned

	function loop
	addiu	$sp, $sp, -40
	sw	$31, 36($sp)
	sw	$fp, 32($sp)
	b	2f
	move	$fp, $sp
1:	addiu	$sp, $sp, -8
	sw	$0, 24($sp)
	sw	$0, 28($sp)
2:	addiu	$4, $4, -1
	bgez	$4, 1b
	move	$25, $5
	jalr	$25
	nop
	move	$sp, $fp
	lw	$31, 36($sp)
	lw	$fp, 32($sp)
	jr	$31
	addiu	$sp, $sp, 40
	.end	join_loop

	function keep
	addiu	$sp, $sp, -40
	sw	$31, 36($sp)
	sw	$fp, 32($sp)
	sw	$16, 28($sp)
	move	$16, $4
1:	addiu	$16, $16, -1
	bgez	$16, 2f
	move	$25, $5
	jalr	$25
	nop
	b	3f
	nop
2:	b	1b
	li	$fp, 9
3:	lw	$31, 36($sp)
	lw	$fp, 32($sp)
	lw	$16, 28($sp)
	jr	$31
	addiu	$sp, $sp, 40
	.end	join_keep

	function fatal
	addiu	$sp, $sp, -32
	sw	$31, 28($sp)
	bgez	$4, 1f
	move	$25, $5
	addiu	$sp, $sp, -32
	jal	abort
	nop
1:	jalr	$25
	nop
	lw	$31, 28($sp)
	jr	$31
	addiu	$sp, $sp, 32
	.end	join_fatal

	function fatal_first
	addiu	$sp, $sp, -32
	sw	$31, 28($sp)
	sw	$16, 24($sp)
	bgez	$4, 2f
	move	$16, $5
	addiu	$sp, $sp, -32
	jal	abort
	nop
1:	move	$25, $16
	jalr	$25
	nop
	lw	$31, 28($sp)
	lw	$16, 24($sp)
	jr	$31
	addiu	$sp, $sp, 32
2:	jal	nothing
	nop
	b	1b
	nop
	.end	join_fatal_first

	function cases
	addiu	$sp, $sp, -32
	andi	$2, $4, 1
	bnez	$2, 1f
	sw	$31, 28($sp)
	addiu	$sp, $sp, -32
	sltiu	$2, $4, 7
	beqz	$2, 8f
	srl	$4, $4, 1
	sll	$4, $4, 2
	lui	$2, %hi(even)
	addu	$2, $2, $4
	lw	$2, %lo(even)($2)
	jr	$2
	nop
1:	sltiu	$2, $4, 7
	beqz	$2, 9f
	srl	$4, $4, 1
	sll	$4, $4, 2
	lui	$2, %hi(odd)
	addu	$2, $2, $4
	lw	$2, %lo(odd)($2)
	jr	$2
	nop
2:	move	$25, $5
	jalr	$25
	li	$3, 2
	b	8f
	nop
3:	move	$25, $5
	jalr	$25
	li	$3, 3
	b	9f
	nop
8:	addiu	$sp, $sp, 32
9:	lw	$31, 28($sp)
	jr	$31
	addiu	$sp, $sp, 32
	.end	join_cases
	.section .rodata
	.balign	4
even:	.word	8b, 2b, 8b, 2b
odd:	.word	9b, 3b, 9b, 3b

	function lost
	addiu	$sp, $sp, -32
	sw	$31, 28($sp)
	lui	$2, %hi(saved)
	b	2f
	sw	$sp, %lo(saved)($2)
1:	addiu	$sp, $sp, -8
2:	addiu	$4, $4, -1
	bgez	$4, 1b
	move	$25, $5
	jalr	$25
	nop
	lui	$2, %hi(saved)
	lw	$sp, %lo(saved)($2)
	lw	$31, 28($sp)
	jr	$31
	addiu	$sp, $sp, 32
	.end	join_lost
	.local	saved
	.comm	saved, 4, 4

	function realigned
	addiu	$sp, $sp, -40
	sw	$31, 36($sp)
	sw	$fp, 32($sp)
	move	$fp, $sp
	li	$2, -64
	beqz	$4, 1f
	and	$sp, $sp, $2
	sll	$4, $4, 6
	subu	$sp, $sp, $4
1:	addiu	$sp, $sp, -32
	move	$25, $5
	jalr	$25
	nop
	move	$sp, $fp
	lw	$31, 36($sp)
	lw	$fp, 32($sp)
	jr	$31
	addiu	$sp, $sp, 40
	.end	join_realigned

	/* a large frame by a number in a register */
	function probed
	li	$2, 0x18000
	subu	$sp, $sp, $2
	addiu	$sp, $sp, -32
	sw	$31, 28($sp)
	move	$25, $5
	jalr	$25
	nop
	lw	$31, 28($sp)
	li	$2, 0x18020
	jr	$31
	addu	$sp, $sp, $2
	.end	join_probed

	.section .note.GNU-stack, "", @progbits
