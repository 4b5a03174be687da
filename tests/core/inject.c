/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * inject ERRNO K COMMAND...: its K-th system call that may fail so fails so, by
 * ptrace(2): whatever makes it, the C library's own ones too. K 0: none fails,
 * and their number goes to descriptor 9. The command's exit status; 124: it
 * took a minute of processor time; 128 + n: signal n.
 *
 *	EMFILE, ENFILE	calls that make a descriptor
 *	EIO		calls that read a file or another process, or ask
 *			what a path is
 *	EINTR		those, calls that open, and waits
 *	ENOMEM		calls that map memory
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	OPENS = 1,
	READS = 2,
	WAITS = 4,
	MAPS = 8
};

static int kind_of(uint64_t number)
{
	switch (number) {
#ifdef SYS_open
	case SYS_open:
#endif
	case SYS_openat:
	case SYS_dup:
	case SYS_pipe2:
	case SYS_pidfd_open:
	case SYS_perf_event_open:
	case SYS_fsopen:
	case SYS_fsmount:
	case SYS_socket:
		return OPENS;
	case SYS_read:
	case SYS_pread64:
	case SYS_readv:
	case SYS_getdents64:
	case SYS_process_vm_readv:
#ifdef SYS_stat
	case SYS_stat:
	case SYS_lstat:
	case SYS_readlink:
#endif
	case SYS_fstat:
	case SYS_newfstatat:
	case SYS_readlinkat:
		return READS;
	case SYS_wait4:
	case SYS_waitid:
#ifdef SYS_poll
	case SYS_poll:
#endif
	case SYS_ppoll:
		return WAITS;
	case SYS_mmap:
	case SYS_mremap: /* brk has no error: it tells where the end is */
		return MAPS;
	}
	return 0;
}

static int kinds_of(int error)
{
	return error == EMFILE || error == ENFILE ? OPENS :
	       error == EIO			  ? READS :
	       error == EINTR			  ? OPENS | READS | WAITS :
	       error == ENOMEM			  ? MAPS :
						    0;
}

static int error_of(const char *name)
{
	return !strcmp(name, "EMFILE") ? EMFILE :
	       !strcmp(name, "ENFILE") ? ENFILE :
	       !strcmp(name, "EIO")    ? EIO :
	       !strcmp(name, "EINTR")  ? EINTR :
	       !strcmp(name, "ENOMEM") ? ENOMEM :
					 0;
}

#ifdef __x86_64__
/* No such call; then what it gives. */
static void skip_call(pid_t pid)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	regs.orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
}

static void set_result(pid_t pid, int error)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	regs.rax = (unsigned long long)-(long long)error;
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
}
#else
#error "inject.c: how does a system call fail on this machine?"
#endif

static int end(int status)
{
	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	return WTERMSIG(status) == SIGXCPU ? 124 : 128 + WTERMSIG(status);
}

/* What follows is not looked at: the processor's time is for the next one. */
static int let_go(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_DETACH, pid, 0, 0) || waitpid(pid, &status, 0) != pid)
		return 125;
	return end(status);
}

/* Only the command's own thread, as all of them have one. */
static int follow(pid_t pid, int error, unsigned long at)
{
	int status, kinds = kinds_of(error), failing = 0, signal = 0;
	struct __ptrace_syscall_info info;
	unsigned long count = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, 0, signal) ||
		    waitpid(pid, &status, 0) != pid)
			return 125;
		signal = 0;
		if (!WIFSTOPPED(status))
			break;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			if (!(status >> 16))
				signal = WSTOPSIG(status);
			continue;
		}
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <
		    0)
			return 125;
		if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
			if (failing) {
				set_result(pid, error);
				return let_go(pid);
			}
		} else if (kind_of(info.entry.nr) & kinds && ++count == at) {
			skip_call(pid);
			failing = 1;
		}
	}
	if (!at)
		dprintf(9, "%lu\n", count);
	return end(status);
}

int main(int argc, char **argv)
{
	const struct rlimit minute = { 60, 70 };
	int status, error;
	pid_t pid;

	error = argc > 3 ? error_of(argv[1]) : 0;
	if (!error)
		return 125;
	pid = fork();
	if (!pid) {
		close(9);
		setrlimit(RLIMIT_CPU, &minute);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execvp(argv[3], argv + 3);
		_exit(126);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 125;
	ptrace(PTRACE_SETOPTIONS, pid, 0,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	return follow(pid, error, strtoul(argv[2], NULL, 10));
}
