/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * real_modes.c - one leak eight functions deep, of 48 bytes, every 20 ms.
 *
 * With BLIND the fourth frame's size is not in its code, and where it began is
 * in memory only: without CFI nothing can cross it. It leaves the frame-pointer
 * register alone.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")

static void *volatile kept;

KEEP void make_name(size_t size)
{
	kept = malloc(size);
	AFTER_CALL;
}

KEEP void make_session(size_t size)
{
	char name[64];

	__asm__ volatile("" : : "r"(name) : "memory");
	make_name(size);
	AFTER_CALL;
}

KEEP void open_session(size_t size)
{
	make_session(size);
	AFTER_CALL;
}

#ifdef BLIND
void blind(size_t size);
__asm__(".text\n"
	".type blind, @function\n"
	"blind:\n"
	"	mov %rsp, saved_sp(%rip)\n"
	"	mov frame_size(%rip), %rax\n"
	"	sub %rax, %rsp\n"
	"	call open_session\n"
	"	mov saved_sp(%rip), %rsp\n"
	"	ret\n"
	".size blind, . - blind\n"
	".data\n"
	".balign 8\n"
	"frame_size: .quad 72\n"
	"saved_sp: .quad 0\n"
	".text\n");
#else
KEEP void blind(size_t size)
{
	open_session(size);
	AFTER_CALL;
}
#endif

KEEP void handle_request(size_t size)
{
	blind(size);
	AFTER_CALL;
}

KEEP void serve(size_t size)
{
	handle_request(size);
	AFTER_CALL;
}

KEEP void leak(void)
{
	serve(48);
	AFTER_CALL;
}

int main(void)
{
	struct timespec time = { 0, 20000000 };

	for (;;) {
		leak();
		nanosleep(&time, NULL);
	}
}
