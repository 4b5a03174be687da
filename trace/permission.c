/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * permission.c - why the kernel says no, from /proc/self/status and by asking
 * it with calls that do nothing. For example, EPERM and CapEff 0: four lines
 * "missing capability: CAP_BPF" .. and the setcap command that grants them.
 */
#include "proc.h"
#include "rings.h"
#include "scan_line.h"

#include <dwunw/trace.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * capabilities(7): bits of CapEff in /proc/self/status.
 *
 * 0: /proc does not say, and all of them count as missing.
 */
static uint64_t effective_capabilities(void)
{
	FILE *file = dwu_proc_open("/proc/self/status");
	uint64_t caps = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		dwu_scan_line(line, "CapEff: %X", &caps);
	dwu_proc_close(file);
	return caps;
}

/* Whether this kernel has them is told by sysfs only. */
static void say_uprobes(void)
{
	int type = dwu_perf_type("uprobe");

	if (type == -ENOENT)
		fprintf(stderr, "this kernel has no uprobes: it needs "
				"CONFIG_UPROBE_EVENTS\n");
	else if (type < 0)
		fprintf(stderr,
			"sysfs is not mounted here, and may not be "
			"(%s): mount -t sysfs sysfs /sys\n",
			strerror(-type));
	else if (access("/sys/bus", F_OK))
		fprintf(stderr, "sysfs is not mounted here: mount -t sysfs "
				"sysfs /sys\n");
}

/* What this kernel was built without: the calls say so themselves, as all
 * arguments 0 are wrong for each. */
static void say_kernel(int error)
{
	bool perf = syscall(SYS_perf_event_open, NULL, 0, 0, -1, 0) >= 0 ||
		    errno != ENOSYS;

	if (error == ENOSYS && syscall(SYS_bpf, -1, NULL, 0) < 0 &&
	    errno == ENOSYS)
		fprintf(stderr, "this kernel has no bpf(2): it needs "
				"CONFIG_BPF_SYSCALL\n");
	if (!perf)
		fprintf(stderr, "this kernel has no perf_event_open(2): it "
				"needs CONFIG_PERF_EVENTS\n");
	else
		say_uprobes();
}

/* For this program's file, whatever it was started as. */
static void say_setcap(void)
{
	char path[4096] = "";

	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		strcpy(path, "FILE");
	fprintf(stderr,
		"run it as root, or once: sudo setcap cap_bpf,cap_perfmon,"
		"cap_sys_ptrace,cap_dac_read_search+ep %s\n",
		path);
}

/*
 * The exit status for main(): DWUNW_EXIT_NOT_PERMITTED where rights or the
 * kernel are the reason, so that scripts can tell it from other failures.
 */
int dwunw_permission_explain(const char *tool, const char *what, int error)
{
	static const struct {
		const char *name;
		unsigned bit;
	} needed[] = { { "CAP_BPF", 39 },
		       { "CAP_PERFMON", 38 },
		       { "CAP_SYS_PTRACE", 19 },
		       { "CAP_DAC_READ_SEARCH", 2 } };
	uint64_t caps = effective_capabilities(), missing = 0;

	fprintf(stderr, "%s: %s: %s\n", tool, what, strerror(error));
	say_kernel(error);
	if (error != EPERM && error != EACCES)
		return error == ENOSYS ? DWUNW_EXIT_NOT_PERMITTED :
					 EXIT_FAILURE;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (caps >> needed[i].bit & 1)
			continue;
		missing++;
		fprintf(stderr, "missing capability: %s\n", needed[i].name);
	}
	if (missing)
		say_setcap();
	else if (!(caps >> 21 & 1))
		fprintf(stderr, "missing capability: CAP_SYS_ADMIN, which "
				"some kernels want for uprobes\n"
				"run it as root, or add cap_sys_admin by "
				"setcap\n");
	else if (!(caps >> 14 & 1))
		fprintf(stderr, "missing capability: CAP_IPC_LOCK, which "
				"perf buffers need beyond `ulimit -l` and "
				"kernel.perf_event_mlock_kb\n");
	else
		fprintf(stderr, "every capability is there: a container's "
				"seccomp rules, lockdown or a user namespace "
				"refuses it\n");
	return DWUNW_EXIT_NOT_PERMITTED;
}
