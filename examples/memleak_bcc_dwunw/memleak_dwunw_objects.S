/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The BPF objects' bytes, in the program. */
	.section .rodata
	.balign 8
	.globl memleak_dwunw_object, memleak_dwunw_object_end
memleak_dwunw_object:
	.incbin MEMLEAK_OBJECT
memleak_dwunw_object_end:
	.balign 8
	.globl memleak_dwunw_kernel, memleak_dwunw_kernel_end
memleak_dwunw_kernel:
	.incbin MEMLEAK_KERNEL_OBJECT
memleak_dwunw_kernel_end:
	.section .note.GNU-stack, "", %progbits
