/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * System calls of o32 by their numbers (arch/mips/kernel/syscalls/
 * syscall_o32.tbl, from 4000 on). A 64-bit argument takes an even and an odd
 * argument word, in memory order.
 */
#include "port.h"

enum {
	NR_READ = 4003,
	NR_WRITE = 4004,
	NR_OPEN = 4005,
	NR_CLOSE = 4006,
	NR_GETPID = 4020,
	NR_KILL = 4037,
	NR_MUNMAP = 4091,
	NR_RT_SIGACTION = 4194,
	NR_PREAD64 = 4200,
	NR_SIGALTSTACK = 4206,
	NR_MMAP2 = 4210,
	NR_FSTAT64 = 4215,
	NR_EXIT_GROUP = 4246,
};

#define HOST_IS_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#define SIGSET_SIZE 16u /* 128 signals */
#define ERROR_MAX 4095
#define EINVAL 22

static int32_t call3(uint32_t number, uint32_t a0, uint32_t a1, uint32_t a2)
{
	return dwunw_mips32_syscall(number, a0, a1, a2, 0, 0, 0);
}

int32_t dwunw_mips32_open(const char *path, uint32_t flags)
{
	return call3(NR_OPEN, dwu_word(path), flags, 0);
}

int32_t dwunw_mips32_read(int32_t fd, void *dst, size_t size)
{
	return call3(NR_READ, (uint32_t)fd, dwu_word(dst), (uint32_t)size);
}

int32_t dwunw_mips32_pread(int32_t fd, void *dst, size_t size, uint64_t off)
{
	uint32_t low = (uint32_t)off, high = (uint32_t)(off >> 32);

	return dwunw_mips32_syscall(NR_PREAD64, (uint32_t)fd, dwu_word(dst),
				    (uint32_t)size, 0, HOST_IS_BIG ? high : low,
				    HOST_IS_BIG ? low : high);
}

int32_t dwunw_mips32_write(int32_t fd, const void *src, size_t size)
{
	return call3(NR_WRITE, (uint32_t)fd, dwu_word(src), (uint32_t)size);
}

int32_t dwunw_mips32_close(int32_t fd)
{
	return call3(NR_CLOSE, (uint32_t)fd, 0, 0);
}

/* struct stat64: st_mode at 24, st_size at 56, 104 bytes (asm/stat.h) */
int64_t dwunw_mips32_file_size(int32_t fd)
{
	union {
		uint32_t words[40];
		int64_t quads[20];
	} stat;
	int32_t result = call3(NR_FSTAT64, (uint32_t)fd, dwu_word(&stat), 0);

	if (result < 0)
		return result;
	if ((stat.words[6] & 0170000) != 0100000)
		return -EINVAL;
	return stat.quads[7];
}

/* PROT_READ | PROT_WRITE; MAP_PRIVATE 2, MAP_ANONYMOUS 0x800 on mips */
void *dwunw_mips32_pages(size_t size)
{
	int32_t result = dwunw_mips32_syscall(NR_MMAP2, 0, (uint32_t)size, 3,
					      0x802, UINT32_MAX, 0);

	if (result < 0 && result >= -ERROR_MAX)
		return NULL;
	return dwu_pointer((uint32_t)result);
}

int32_t dwunw_mips32_unmap(void *addr, size_t size)
{
	return call3(NR_MUNMAP, dwu_word(addr), (uint32_t)size, 0);
}

int32_t dwunw_mips32_getpid(void)
{
	return call3(NR_GETPID, 0, 0, 0);
}

int32_t dwunw_mips32_kill(int32_t pid, int32_t signal)
{
	return call3(NR_KILL, (uint32_t)pid, (uint32_t)signal, 0);
}

void dwunw_mips32_exit(int32_t status)
{
	for (;;)
		(void)call3(NR_EXIT_GROUP, (uint32_t)status, 0, 0);
}

/* struct sigaction of mips: flags, handler, mask; no restorer */
int32_t dwunw_mips32_sigaction(int32_t signal, dwunw_mips32_handler_fn handler,
			       uint32_t flags)
{
	uint32_t action[2 + SIGSET_SIZE / 4] = { flags,
						 (uint32_t)(uintptr_t)handler };

	return dwunw_mips32_syscall(NR_RT_SIGACTION, (uint32_t)signal,
				    dwu_word(action), 0, SIGSET_SIZE, 0, 0);
}

/* struct siginfo of mips: si_signo, si_code, si_errno, si_addr */
uint32_t dwunw_mips32_fault_addr(const void *siginfo)
{
	uint32_t words[4];

	memcpy(words, siginfo, sizeof(words));
	return words[3];
}

/* stack_t of mips: ss_sp, ss_size, ss_flags */
int32_t dwunw_mips32_sigaltstack(void *stack, size_t size)
{
	uint32_t words[3] = { dwu_word(stack), (uint32_t)size, 0 };

	return call3(NR_SIGALTSTACK, dwu_word(words), 0, 0);
}
