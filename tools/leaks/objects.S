/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The BPF objects' bytes, in the program. */
	.section .rodata
	.balign 8
	.globl dwunw_heap_object, dwunw_heap_object_end
dwunw_heap_object:
	.incbin HEAP_OBJECT
dwunw_heap_object_end:
	.balign 8
	.globl dwunw_walk_object, dwunw_walk_object_end
dwunw_walk_object:
	.incbin WALK_OBJECT
dwunw_walk_object_end:
	.balign 8
	.globl dwunw_count_object, dwunw_count_object_end
dwunw_count_object:
	.incbin COUNT_OBJECT
dwunw_count_object_end:
	.balign 8
	.globl dwunw_count_walk_object, dwunw_count_walk_object_end
dwunw_count_walk_object:
	.incbin COUNT_WALK_OBJECT
dwunw_count_walk_object_end:
	.balign 8
	.globl dwunw_kernel_object, dwunw_kernel_object_end
dwunw_kernel_object:
	.incbin KERNEL_OBJECT
dwunw_kernel_object_end:
	.section .note.GNU-stack, "", %progbits
