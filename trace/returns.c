/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * May return probes be put on a process? From Linux 6.11 on x86_64 a
 * uretprobe's trampoline returns by a system call, number 335; a seccomp filter
 * that does not know it kills the process. It is mended in 6.12.14, 6.13.3 and
 * 6.14, so the kernel is asked by trying, once: a child with such a filter and
 * such a probe lives, or dies of SIGSYS.
 *
 *	child: filter "kill on 335", then probed() with a uretprobe on it
 *	  exits with 77		safe
 *	  killed by SIGSYS	unsafe: processes that have a filter get no probes
 *
 * Elsewhere than on x86_64 no trampoline makes a system call.
 */
#include <dwunw/trace.h>

#if !defined(__x86_64__)

bool dwunw_returns_allowed(const char *tool, int32_t pid)
{
	(void)tool;
	(void)pid;
	return true;
}

#else

#include "scan_line.h"
#include "uprobe_multi.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define URETPROBE 335u
/* The exit status of a child that lives to see it. */
#define LIVES 77

/* --- the kernel ------------------------------------------------------------- */

__attribute__((noinline)) static int probed(int value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

/*
 * In a file: the address of a function of this program; 0: not to be found.
 *
 * A uprobe is told by a file offset: that of the mapping, and how far into it.
 */
static uint64_t offset_of(uint64_t addr)
{
	FILE *file = fopen("/proc/self/maps", "re");
	uint64_t start, end, off, found = 0;
	char line[4352];

	while (file && !found && fgets(line, sizeof(line), file))
		if (dwu_scan_line(line, "%X-%X %w %X", &start, &end, &off) ==
			    3 &&
		    addr >= start && addr < end)
			found = addr - start + off;
	if (file)
		fclose(file);
	return found;
}

/*
 * The child. It waits for a byte, so that the probe is there first, and never
 * returns into the tool's code.
 */
__attribute__((noreturn)) static void be_filtered(int go)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, URETPROBE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, filter };
	char byte;

	/* a SIGSYS that nobody has asked for leaves no core */
	prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
	if (read(go, &byte, 1) != 1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(1);
	_exit(probed(LIVES));
}

/* Has the child, with a probe on it, died of its filter? */
static bool dies(pid_t child, int go)
{
	struct dwunw_uprobe_place place = {
		.path = "/proc/self/exe",
		.off = offset_of((uint64_t)(uintptr_t)probed),
		.pid = child,
		.at_return = true,
	};
	int event = place.off ? dwunw_uprobe_event(&place) : -1, status = 0;

	if (event < 0 || write(go, "", 1) != 1)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (event >= 0)
		close(event);
	return event >= 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

/*
 * Where no probe is to be had, none ends anybody either.
 *
 * The verdict is kept: the kernel does not change meanwhile.
 */
static bool kernel_is_safe(void)
{
	static enum {
		UNKNOWN,
		SAFE,
		UNSAFE
	} known;
	int go[2];
	pid_t child;

	if (known != UNKNOWN)
		return known == SAFE;
	known = SAFE;
	if (pipe(go))
		return true;
	fflush(NULL);
	child = fork();
	if (!child)
		be_filtered(go[0]);
	if (child > 0 && dies(child, go[1]))
		known = UNSAFE;
	close(go[0]);
	close(go[1]);
	return known == SAFE;
}

/* --- the process ------------------------------------------------------------ */

/* proc_pid_status(5): "Seccomp:" 0 is off, 1 strict, 2 filters. */
static bool thread_has_filter(int32_t pid, const char *tid)
{
	char path[64], line[256];
	bool has = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/task/%.16s/status", pid,
		 tid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		has |= !strncmp(line, "Seccomp:", 8) && !strchr(line, '0');
	if (file)
		fclose(file);
	return has;
}

/*
 * Of any thread: filters are a thread's, and each may return through a probe.
 */
static bool has_filter(int32_t pid)
{
	struct dirent *entry;
	char path[64];
	bool has = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/task", pid);
	dir = opendir(path);
	while (dir && !has && (entry = readdir(dir)))
		has = entry->d_name[0] != '.' &&
		      thread_has_filter(pid, entry->d_name);
	if (dir)
		closedir(dir);
	return has;
}

/*
 * pid -1: all processes. What is refused, or risked, is told once for each
 * process.
 */
bool dwunw_returns_allowed(const char *tool, int32_t pid)
{
	static const char why[] = "return probes make a system call on this "
				  "kernel, and seccomp filters see it (not so "
				  "in Linux 6.14, 6.13.3 and 6.12.14)";
	static int32_t told;
	bool again = told == pid;

	if (kernel_is_safe())
		return true;
	told = pid;
	if (pid >= 0 && !has_filter(pid)) {
		if (!again)
			fprintf(stderr,
				"note: pid %" PRId32 ": if it sets a seccomp "
				"filter now, that may end it: %s\n",
				pid, why);
		return true;
	}
	if (!again && pid < 0)
		fprintf(stderr,
			"%s: no probes in all processes, some of which a "
			"seccomp filter may end: %s\n",
			tool, why);
	else if (!again)
		fprintf(stderr,
			"%s: pid %" PRId32 ": not probed, its seccomp filter "
			"may end it: %s\n",
			tool, pid, why);
	return false;
}

#endif
