/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Leaks 20 blocks of 100 bytes, under a seccomp filter that ends whoever makes a
 * system call of a number that is new: 334 to 423, uretprobe (335) among them.
 * With an argument there is no filter.
 */
#include "begin.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>

#define BLOCKS 20

static void *blocks[BLOCKS];

__attribute__((noinline, noclone)) static void *leak_filtered(size_t size)
{
	void *block = malloc(size);

	__asm__ volatile("" ::: "memory");
	return block;
}

/* Is entered once, and never left. */
__attribute__((noinline, noclone)) static void waits_inside(void)
{
	tell_done();
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 334, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 424, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 5, filter };

	(void)argv;
	if (argc < 2 &&
	    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	     prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))) {
		perror("filtered");
		return 1;
	}
	wait_for_begin();
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = leak_filtered(100);
	waits_inside();
	__asm__ volatile("");
	return 0;
}
