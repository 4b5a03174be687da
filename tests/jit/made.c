/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Functions that a program makes while it runs, in memory without a file, as
 * JITs do: they call themselves, each other and C, and C calls them again. Each
 * keeps a frame pointer. Signals come at any instruction; one handler has a
 * stack of its own, and both call what was made.
 *
 * "moved": the program's own text is put into memory without a file first, at
 * the same place, as node --use-largepages does.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

#define NEVER __attribute__((noinline, noclone))
#define PAGE 4096u
#define MADE 8u	      /* functions that are made */
#define ROOM 256u     /* … each in so many bytes */
#define DEEP 5u	      /* times that C calls what was made, at most */
#define LASTS 5u      /* functions in C that are called */
#define ROUNDS 100000 /* more than are recorded */

typedef unsigned (*function)(unsigned);

static function made[MADE];
static volatile unsigned sink;
static unsigned depth;

/* --- made: spin, then next(n - 1), or last(n - 1) where n is 0, and spin --- */

#if defined(__x86_64__)
/* push %rbp; mov %rsp, %rbp; push %rbx; sub $24, %rsp; mov %edi, %ebx;
 * mov $5, %ecx; 1: dec %ecx; jnz 1b; mov $next, %rax; mov $last, %r11;
 * test %ebx, %ebx; cmove %r11, %rax; lea -1(%rbx), %edi; call *%rax;
 * add %ebx, %eax; mov $5, %ecx; 1: dec %ecx; jnz 1b */
static const uint8_t body[] = {
	0x55, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x83, 0xec, 0x18, 0x89, 0xfb,
	0xb9, 0x05, 0,	  0,	0,    0xff, 0xc9, 0x75, 0xfc, 0x48, 0xb8,
	0,    0,    0,	  0,	0,    0,    0,	  0,	0x49, 0xbb, 0,
	0,    0,    0,	  0,	0,    0,    0,	  0x85, 0xdb, 0x49, 0x0f,
	0x44, 0xc3, 0x8d, 0x7b, 0xff, 0xff, 0xd0, 0x01, 0xd8, 0xb9, 0x05,
	0,    0,    0,	  0xff, 0xc9, 0x75, 0xfc,
};
/* add $24, %rsp; pop %rbx; pop %rbp; ret */
static const uint8_t by_pop[] = { 0x48, 0x83, 0xc4, 0x18, 0x5b, 0x5d, 0xc3 };
/* mov -8(%rbp), %rbx; leave; ret */
static const uint8_t by_leave[] = { 0x48, 0x8b, 0x5d, 0xf8, 0xc9, 0xc3 };

static void make(uint8_t *at, unsigned which, function next, function last)
{
	/* who checks that calls go to such places begins with endbr64 */
	if (which % 3 == 0) {
		memcpy(at, "\xf3\x0f\x1e\xfa", 4);
		at += 4;
	}
	memcpy(at, body, sizeof(body));
	memcpy(at + 22, &next, sizeof(next));
	memcpy(at + 32, &last, sizeof(last));
	if (which & 1)
		memcpy(at + sizeof(body), by_leave, sizeof(by_leave));
	else
		memcpy(at + sizeof(body), by_pop, sizeof(by_pop));
}
#elif defined(__aarch64__)
static void make(uint8_t *at, unsigned which, function next, function last)
{
	const uint32_t code[] = {
		0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
		0x910003fd, /* mov x29, sp */
		0xf81e0ff3, /* str x19, [sp, #-32]! */
		0x2a0003f3, /* mov w19, w0 */
		0x528000a9, /* mov w9, #5 */
		0x71000529, /* 1: subs w9, w9, #1 */
		0x54ffffe1, /* b.ne 1b */
		0x580001d0, /* ldr x16, next */
		0x580001f1, /* ldr x17, last */
		0x7100027f, /* cmp w19, #0 */
		0x9a900230, /* csel x16, x17, x16, eq */
		0x51000660, /* sub w0, w19, #1 */
		0xd63f0200, /* blr x16 */
		0x0b130000, /* add w0, w0, w19 */
		0x528000a9, /* mov w9, #5 */
		0x71000529, /* 1: subs w9, w9, #1 */
		0x54ffffe1, /* b.ne 1b */
		0xf84207f3, /* ldr x19, [sp], #32 */
		0xa8c17bfd, /* ldp x29, x30, [sp], #16 */
		0xd65f03c0, /* ret */
		0xd503201f, /* nop */
	};

	(void)which;
	memcpy(at, code, sizeof(code));
	memcpy(at + sizeof(code), &next, sizeof(next));
	memcpy(at + sizeof(code) + 8, &last, sizeof(last));
}
#elif defined(__mips__)
static uint32_t low(function to)
{
	return (uint32_t)(uintptr_t)to & 0xffff;
}

static uint32_t high(function to)
{
	return (uint32_t)(uintptr_t)to >> 16;
}

static void make(uint8_t *at, unsigned which, function next, function last)
{
	const uint32_t code[] = {
		0x27bdfff8,		 /* addiu $sp, $sp, -8 */
		0xafbf0004,		 /* sw $ra, 4($sp) */
		0xafbe0000,		 /* sw $fp, 0($sp) */
		0x03a0f025,		 /* move $fp, $sp */
		0x27bdffe0,		 /* addiu $sp, $sp, -32 */
		0xafb0001c,		 /* sw $s0, 28($sp) */
		0x00808025,		 /* move $s0, $a0 */
		0x24080005,		 /* li $t0, 5 */
		0x2508ffff,		 /* 1: addiu $t0, $t0, -1 */
		0x1500fffe,		 /* bnez $t0, 1b */
		0,			 /* nop */
		0x3c190000 | high(next), /* lui $t9, next */
		0x37390000 | low(next),	 /* ori $t9, $t9, next */
		0x3c180000 | high(last), /* lui $t8, last */
		0x37180000 | low(last),	 /* ori $t8, $t8, last */
		0x0310c80a,		 /* movz $t9, $t8, $s0 */
		0x2604ffff,		 /* addiu $a0, $s0, -1 */
		0x0320f809,		 /* jalr $t9 */
		0,			 /* nop */
		0x00501021,		 /* addu $v0, $v0, $s0 */
		0x24080005,		 /* li $t0, 5 */
		0x2508ffff,		 /* 1: addiu $t0, $t0, -1 */
		0x1500fffe,		 /* bnez $t0, 1b */
		0,			 /* nop */
		0x8fb0001c,		 /* lw $s0, 28($sp) */
		0x27bd0020,		 /* addiu $sp, $sp, 32 */
		0x8fbe0000,		 /* lw $fp, 0($sp) */
		0x8fbf0004,		 /* lw $ra, 4($sp) */
		0x03e00008,		 /* jr $ra */
		0x27bd0008,		 /* addiu $sp, $sp, 8 */
	};

	(void)which;
	memcpy(at, code, sizeof(code));
}
#endif

/* --- in C --- */

NEVER static unsigned leaf(unsigned n)
{
	volatile unsigned room[6];

	for (unsigned i = 0; i < 6; i++)
		room[i] = i * 7 + n;
	return room[n % 6];
}

/* C that calls what was made, which calls C. */
NEVER static unsigned again(unsigned n)
{
	unsigned got = 0;

	if (depth < DEEP) {
		depth++;
		got = made[(n + sink) % MADE]((n + depth) % 4);
		depth--;
	}
	return got + leaf(n);
}

/* … from a frame whose size is known as late as it runs. */
NEVER static unsigned by_alloca(unsigned n)
{
	unsigned size = 16 + n % 8 * 24;
	volatile unsigned char *bytes = __builtin_alloca(size);

	for (unsigned i = 0; i < size; i++)
		bytes[i] = (unsigned char)(i + n);
	return bytes[n % 8] + again(n);
}

NEVER static unsigned realigned(unsigned n)
{
	_Alignas(64) volatile unsigned v[32];

	for (unsigned i = 0; i < 32; i++)
		v[i] = n * i;
	return v[n % 32] + again(n + 1);
}

NEVER static unsigned twice(unsigned n)
{
	return again(n + 1) + again(n + 2);
}

/* --- signals --- */

NEVER static void on_plain(int sig)
{
	sink += (unsigned)sig + made[sink % MADE](sink % 3);
}

NEVER static void on_info(int sig, siginfo_t *info, void *context)
{
	sink += (unsigned)sig + (unsigned)info->si_signo + (context != NULL) +
		made[(sink + 1) % MADE](2);
}

static void set_up_signals(void)
{
	static char alt[131072];
	stack_t stack = { .ss_sp = alt, .ss_size = sizeof(alt) };
	struct itimerval timer = { { 0, 3000 }, { 0, 3000 } };
	struct itimerval other = { { 0, 5000 }, { 0, 5000 } };
	struct sigaction action = { .sa_flags = SA_ONSTACK | SA_RESTART };

	action.sa_handler = on_plain;
	sigaltstack(&stack, NULL);
	sigaction(SIGALRM, &action, NULL);
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	action.sa_sigaction = on_info;
	sigaction(SIGVTALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	setitimer(ITIMER_VIRTUAL, &other, NULL);
	raise(SIGALRM); /* the recorder sends more once it has seen one */
}

/* --- the program's own text, moved --- */

extern char __executable_start[], etext[];

/* All whole pages of it but the first two, which stay the file's: what stands
 * there is the same as before, so this function goes on. */
static int move_text(void)
{
	uintptr_t end = (uintptr_t)etext & ~(uintptr_t)(PAGE - 1);
	uintptr_t from = (uintptr_t)__executable_start + 2 * PAGE;
	size_t size = end - from;
	char *copy;

	if (end <= from)
		return 0;
	copy = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		return 0;
	memcpy(copy, (void *)from, size);
	return mprotect(copy, size, PROT_READ | PROT_EXEC) == 0 &&
	       mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, from) !=
		       MAP_FAILED;
}

/* What was made has a page on either side that nobody may touch: nothing else
 * is of the same mapping. */
static int make_all(void)
{
	static const function lasts[LASTS] = { leaf, again, by_alloca,
					       realigned, twice };
	char *room = mmap(NULL, 3 * PAGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *code = (uint8_t *)room + PAGE;

	if (room == MAP_FAILED ||
	    mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
		return 0;
	for (unsigned i = 0; i < MADE; i++)
		made[i] = (function)(uintptr_t)(code + i * ROOM);
	for (unsigned i = 0; i < MADE; i++)
		make(code + i * ROOM, i, made[i * 3 % MADE], lasts[i % LASTS]);
	__builtin___clear_cache((char *)code, (char *)code + PAGE);
	return 1;
}

int main(int argc, char **argv)
{
	if (!make_all())
		return 2;
	if (argc > 1 && strcmp(argv[1], "moved") == 0 && !move_text())
		return 3;
	set_up_signals();
	for (unsigned i = 0; i < ROUNDS; i++) {
		depth = 0;
		sink += made[i % MADE](i % 7) + by_alloca(i);
	}
	return sink == 1;
}
