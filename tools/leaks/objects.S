/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The BPF objects' bytes, packed, in the program: a section each, so that a program
 * has those that it names. */
	.macro	object name, file
	.section .rodata.dwunw_\name, "a", %progbits
	.globl	dwunw_\name, dwunw_\name\()_end
dwunw_\name:
	.incbin	"\file"
dwunw_\name\()_end:
	.endm

	object	heap_object, HEAP_OBJECT
	object	walk_object, WALK_OBJECT
	object	count_object, COUNT_OBJECT
	object	count_walk_object, COUNT_WALK_OBJECT
	object	kernel_object, KERNEL_OBJECT
	.section .note.GNU-stack, "", %progbits
