/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Code that a program makes while it runs, without a file, as JITs do: main ->
 * outer -> inner -> middle -> last, where outer and inner are made here and
 * keep a frame pointer: *fp is the caller's, the word behind it is the return
 * address. "none": they keep none, and the register holds a number.
 *
 * last() dies of a signal, or waits for one if there is a second argument.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NEVER __attribute__((noinline, noclone))
#define ROOM 4096

typedef int (*function)(int);

static volatile int waits;

NEVER int last(int n)
{
	if (waits) {
		printf("ready\n");
		fflush(stdout);
		pause();
	}
	*(volatile int *)8 = n;
	return n + 1;
}

NEVER int middle(int n)
{
	volatile char room[200];

	room[n] = 1;
	return last(n) + room[n];
}

#if defined(__x86_64__)
/* push %rbp; mov %rsp, %rbp; push %rbx; sub $8, %rsp; mov $next, %rax;
 * call *%rax; add $8, %rsp; pop %rbx; pop %rbp; ret */
static const uint8_t with_fp[] = {
	0x55, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x83, 0xec, 0x08, 0x48,
	0xb8, 0,    0,	  0,	0,    0,    0,	  0,	0,    0xff,
	0xd0, 0x48, 0x83, 0xc4, 0x08, 0x5b, 0x5d, 0xc3,
};
/* push %rbp; mov $64, %rbp; mov $next, %rax; call *%rax; pop %rbp; ret */
static const uint8_t without_fp[] = {
	0x55, 0x48, 0xc7, 0xc5, 0x40, 0, 0, 0,	  0x48, 0xb8, 0,
	0,    0,    0,	  0,	0,    0, 0, 0xff, 0xd0, 0x5d, 0xc3,
};

static size_t make(uint8_t *at, function next, int fp)
{
	const uint8_t *code = fp ? with_fp : without_fp;
	size_t size = fp ? sizeof(with_fp) : sizeof(without_fp);

	memcpy(at, code, size);
	memcpy(at + (fp ? 11 : 10), &next, sizeof(next));
	return size;
}
#elif defined(__aarch64__)
/* stp x29, x30, [sp, #-16]!; mov x29, sp or mov x29, #64; ldr x16, .+16;
 * blr x16; ldp x29, x30, [sp], #16; ret; next */
static size_t make(uint8_t *at, function next, int fp)
{
	uint32_t code[] = { 0xa9bf7bfd, fp ? 0x910003fd : 0xd280081d,
			    0x58000090, 0xd63f0200,
			    0xa8c17bfd, 0xd65f03c0 };

	memcpy(at, code, sizeof(code));
	memcpy(at + sizeof(code), &next, sizeof(next));
	return sizeof(code) + sizeof(next);
}
#elif defined(__mips__)
/* addiu $sp, -8; sw $ra, 4($sp); sw $fp, 0($sp); move $fp, $sp or li $fp, 64;
 * addiu $sp, -24; lui $t9, next; ori $t9, next; jalr $t9; nop; addiu $sp, 24;
 * lw $fp, 0($sp); lw $ra, 4($sp); jr $ra; addiu $sp, 8 */
static size_t make(uint8_t *at, function next, int fp)
{
	uint32_t to = (uint32_t)(uintptr_t)next;
	uint32_t code[] = {
		0x27bdfff8,
		0xafbf0004,
		0xafbe0000,
		fp ? 0x03a0f025 : 0x241e0040,
		0x27bdffe8,
		0x3c190000 | to >> 16,
		0x37390000 | (to & 0xffff),
		0x0320f809,
		0,
		0x27bd0018,
		0x8fbe0000,
		0x8fbf0004,
		0x03e00008,
		0x27bd0008,
	};

	memcpy(at, code, sizeof(code));
	return sizeof(code);
}
#endif

int main(int argc, char **argv)
{
	uint8_t *code = mmap(NULL, ROOM, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fp = argc < 2 || strcmp(argv[1], "none") != 0;
	uint8_t *inner = code + 64, *outer = code + 512;

	if (code == MAP_FAILED)
		return 1;
	waits = argc > 2;
	make(inner, middle, fp);
	make(outer, (function)(uintptr_t)inner, fp);
	__builtin___clear_cache((char *)code, (char *)code + ROOM);
	return ((function)(uintptr_t)outer)(argc) + 1;
}
