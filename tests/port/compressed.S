/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* malloc in mips32 instructions, free in MIPS16: in one file, as is allowed. */
	.text
	.globl malloc
	.ent malloc
	.type malloc, @function
malloc:
	.set nomips16
	jr $31
	nop
	.end malloc
	.size malloc, . - malloc

	.globl free
	.set mips16
	.ent free
	.type free, @function
free:
	jr $31
	nop
	.end free
	.size free, . - free
