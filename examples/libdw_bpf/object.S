/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A BPF object's bytes, in the tool that loads it. */
	.section .rodata
	.balign 16
	.globl bpf_object_start, bpf_object_end
bpf_object_start:
	.incbin BPF_OBJECT
bpf_object_end:
	.section .note.GNU-stack, "", %progbits
