/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dumps CORE: crash.c where qemu-user writes no core file (riscv64): the handler
 * of SIGSEGV writes one, by the structs of the target's own headers. It has
 * NT_PRSTATUS, NT_AUXV and the stack.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/procfs.h>
#include <ucontext.h>
#include <unistd.h>

#define STACK_SIZE 16384u

static const char *path;

static void put(int fd, const void *bytes, size_t size)
{
	if (write(fd, bytes, size) != (ssize_t)size)
		_exit(2);
}

static void put_note(int fd, uint32_t type, const void *desc, uint32_t size)
{
	const Elf64_Nhdr head = { 5, size, type };
	static const char name[8] = "CORE";

	put(fd, &head, sizeof(head));
	put(fd, name, sizeof(name));
	put(fd, desc, size);
}

static void dump(int number, siginfo_t *info, void *context)
{
	static prstatus_t status;
	static uint8_t auxv[512];
	const ucontext_t *at = context;
	uint64_t sp = at->uc_mcontext.__gregs[REG_SP];
	int fd = open("/proc/self/auxv", O_RDONLY);
	ssize_t size = read(fd, auxv, sizeof(auxv));
	Elf64_Phdr heads[2] = { { .p_type = PT_NOTE }, { .p_type = PT_LOAD } };
	Elf64_Ehdr head = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
					 ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_CORE,
			    .e_machine = EM_RISCV,
			    .e_version = EV_CURRENT,
			    .e_phoff = sizeof(head),
			    .e_ehsize = sizeof(head),
			    .e_phentsize = sizeof(heads[0]),
			    .e_phnum = 2 };

	(void)info;
	if (size <= 0)
		_exit(2);
	status.pr_pid = getpid();
	status.pr_cursig = (short)number;
	/* pc, x1 to x31 in both */
	memcpy(&status.pr_reg, at->uc_mcontext.__gregs, sizeof(status.pr_reg));
	heads[0].p_offset = sizeof(head) + sizeof(heads);
	heads[0].p_filesz = 2 * 20 + sizeof(status) + (size_t)size;
	heads[1].p_offset = heads[0].p_offset + heads[0].p_filesz;
	heads[1].p_vaddr = sp & ~15ull;
	heads[1].p_filesz = heads[1].p_memsz = STACK_SIZE;
	heads[1].p_flags = PF_R | PF_W;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	put(fd, &head, sizeof(head));
	put(fd, heads, sizeof(heads));
	put_note(fd, NT_PRSTATUS, &status, sizeof(status));
	put_note(fd, NT_AUXV, auxv, (uint32_t)size);
	put(fd, (const void *)(uintptr_t)heads[1].p_vaddr, STACK_SIZE);
	_exit(0);
}

/* … in which it is inlined into this one's main() */
#define main crash
#include "crash.c"
#undef main

int main(int argc, char **argv)
{
	static uint8_t stack[65536];
	const stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = dump,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };
	char room[STACK_SIZE]; /* the copy stays within the stack */

	path = argc > 1 ? argv[1] : "core";
	memset(room, 0, sizeof(room));
	sigaltstack(&other, NULL);
	sigaction(SIGSEGV, &action, NULL);
	return crash() + room[argc];
}
