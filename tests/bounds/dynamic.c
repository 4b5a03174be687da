/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A library as musl's libc.so is one: its dynamic symbols name some functions,
 * assembly among them without a size; what stands behind them are functions
 * that no list has, called from far away; and a few of all have CFI. As linkers
 * lay it out: in this order.
 */
#define HIDDEN __attribute__((noinline, visibility("hidden")))
#define BEGIN(name) ".p2align 4\n.type " name ", %function\n" name ":\n"
#define END(name) ".size " name ", . - " name "\n.p2align 4\n"

#if defined(__x86_64__)
#define LEAVE "mov %rdi, %rsp\nmov $60, %eax\nsyscall\n"
#define MADE "push %rbx\nmov %edi, %ebx\nlea 1(%rbx), %eax\npop %rbx\nret\n"
#define RETURN "ret\n"
#define FILL ".rept 20480\nnop\n.endr\n"
#elif defined(__aarch64__)
#define LEAVE "mov sp, x0\nmov x8, #93\nsvc #0\n"
#define MADE                                                   \
	"str x19, [sp, #-16]!\nmov w19, w0\nadd w0, w19, #1\n" \
	"ldr x19, [sp], #16\nret\n"
#define RETURN "ret\n"
#define FILL ".rept 5120\nnop\n.endr\n"
#else
#define LEAVE "move $sp, $4\nli $2, 4001\nsyscall\n"
#define MADE                                                               \
	".set noreorder\nli $2, -8\nand $4, $4, $2\naddiu $sp, $sp, -16\n" \
	"sw $4, 8($sp)\nlw $2, 8($sp)\njr $ra\naddiu $sp, $sp, 16\n"       \
	".set reorder\n"
#define RETURN ".set noreorder\njr $ra\nnop\n.set reorder\n"
#define FILL ".rept 5120\nnop\n.endr\n"
#endif

/* its size says where it ends */
int first(int n)
{
	volatile int a[4] = { n, n + 1, n + 2, n + 3 };

	return a[n & 3];
}

/* no return, no end, and a stack pointer that is not known any more */
__asm__(".hidden leaves\n" BEGIN("leaves") LEAVE END("leaves"));

/* nothing but a call tells that it begins there */
__asm__(".globl made\n.hidden made\n" BEGIN("made") MADE END("made"));
HIDDEN int made(int n);

/* no size: what stands behind it is not a part of it */
__asm__(".globl sizeless\n" BEGIN("sizeless") RETURN ".p2align 4\n");

HIDDEN __attribute__((used)) int unlisted(int n)
{
	volatile int a[16] = { n, n + 1 };

	return a[n & 15] + first(n) * 3;
}

__asm__(".globl filler\n" BEGIN("filler") FILL RETURN END("filler"));

int other(int n)
{
	return made(n) * 3 + made(n + 1);
}

/* the one function with CFI */
__asm__(".globl known\n" BEGIN("known") ".cfi_startproc\n" RETURN
					".cfi_endproc\n" END("known"));
