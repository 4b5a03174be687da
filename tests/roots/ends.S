/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Functions whose CFI is wrong or cannot be used; their code is plain. Each
 * calls next(n) and returns what that returns, plus 1.
 */

#if defined(__x86_64__)
#define ENTER sub $24, %rsp
#define CALL mov %rdi, %rax; mov %esi, %edi; call *%rax
#define LEAVE add $24, %rsp; add $1, %eax; ret
#define SIZE 32
#define RA 16
#define SP 7
#define RA_AT -8
#define NOTHING nop
#elif defined(__aarch64__)
#define ENTER stp x29, x30, [sp, -32]!; mov x29, sp
#define CALL mov x2, x0; mov w0, w1; blr x2
#define LEAVE ldp x29, x30, [sp], 32; add w0, w0, 1; ret
#define SIZE 32
#define RA 30
#define SP 31
#define RA_AT -24
#define NOTHING nop
#elif defined(__mips__)
	.set noreorder
#define ENTER addiu $sp, $sp, -32; sw $ra, 28($sp)
#define CALL move $t9, $a0; move $a0, $a1; jalr $t9; nop
#define LEAVE lw $ra, 28($sp); addiu $v0, $v0, 1; jr $ra; addiu $sp, $sp, 32
#define SIZE 32
#define RA 31
#define SP 29
#define RA_AT -4
#define NOTHING nop
#endif

	.text
	.macro function name
	.globl \name
	.type \name, %function
	.balign 16
\name:
	.cfi_startproc
	.endm
	.macro behind name
	CALL
	LEAVE
	.cfi_endproc
	.size \name, . - \name
	.endm

	/* the caller's sp = CFA - 128, or - 256 */
	function inward
	ENTER
	.cfi_def_cfa_offset SIZE
	.cfi_offset RA, RA_AT
	.cfi_escape 0x15, SP, 0x20
	behind inward

	/* the CFA is an expression of one unknown operation (0xe1) */
	function bad_expression
	ENTER
	.cfi_escape 0x0f, 0x01, 0xe1
	.cfi_offset RA, RA_AT
	behind bad_expression

	/* the return address is in a register that nobody knows */
	function bad_column
	.cfi_return_column 99
	ENTER
	.cfi_def_cfa_offset SIZE
	.cfi_offset 99, RA_AT
	behind bad_column

#ifndef __x86_64__
	/* the return address is where the call puts its own */
	function kept_link
	ENTER
	.cfi_def_cfa_offset SIZE
	behind kept_link
#endif

#ifdef __mips__
	/* as GCC 3 wrote it: the return address is column 64 */
	function old_column
	.cfi_return_column 64
	ENTER
	.cfi_def_cfa_offset SIZE
	.cfi_offset 64, RA_AT
	behind old_column
#endif

	.globl not_behind_a_call
	.type no_call, %function
no_call:
	NOTHING
	NOTHING
	NOTHING
	NOTHING
	NOTHING
	NOTHING
	NOTHING
	NOTHING
not_behind_a_call:
	NOTHING
	NOTHING
	LEAVE
	.size no_call, . - no_call
	.section .note.GNU-stack, "", %progbits
