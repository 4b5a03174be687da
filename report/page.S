/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
	.section .rodata
	.globl dwu_page, dwu_page_end
dwu_page:
	.incbin PAGE
dwu_page_end:
	.byte 0
	.section .note.GNU-stack, "", %progbits
