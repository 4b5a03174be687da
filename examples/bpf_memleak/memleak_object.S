/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The compiled memleak.bpf.c, so that the tool is one file. */
	.section .rodata
	.balign 8
	.globl memleak_object, memleak_object_end
memleak_object:
	.incbin MEMLEAK_OBJECT
memleak_object_end:
	.section .note.GNU-stack, "", %progbits
