/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A program of i386 that calls malloc, its own, a hundred times a second: the
 * leak tools would find it, and frames of it would be wrong. With an argument
 * it ends after a second.
 */
	.text
	.globl malloc, free, _start
	.type malloc, @function
malloc:
	push %ebp
	mov %esp, %ebp
	mov $0x1000, %eax
	pop %ebp
	ret
	.size malloc, . - malloc

	.type free, @function
free:
	nop
	ret
	.size free, . - free

	.type _start, @function
_start:
	mov $-1, %esi
	cmpl $1, (%esp)
	je again
	mov $100, %esi
again:
	push $10
	call malloc
	add $4, %esp
	mov $162, %eax		/* nanosleep */
	mov $some, %ebx
	xor %ecx, %ecx
	int $0x80
	dec %esi
	jnz again
	mov $1, %eax		/* exit */
	xor %ebx, %ebx
	int $0x80
	.size _start, . - _start

	.data
some:	.long 0, 10000000
