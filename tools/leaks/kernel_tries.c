/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * kernel_tries.c - the options of a kernel whose file of them is not to be had, by what
 * it answers. An answer that tells nothing leaves an option as if it were there: only
 * what is certainly missing is named.
 */
#include "kernel_options.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(option) (1u << (option))

/* The kernel looks at what is asked for before it looks at who asks. */
static int perf_error(uint64_t sample_type)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = sample_type,
		.exclude_kernel = 1,
	};
	int fd;

	if (sample_type & PERF_SAMPLE_REGS_USER)
		attr.sample_regs_user = 1;
	if (sample_type & PERF_SAMPLE_STACK_USER)
		attr.sample_stack_user = 8;
	fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static uint32_t of_perf(void)
{
	uint32_t missing = 0;

	if (perf_error(0) == ENOSYS)
		return BIT(KERNEL_PERF_EVENTS);
	if (perf_error(PERF_SAMPLE_REGS_USER) == ENOSYS)
		missing |= BIT(KERNEL_HAVE_PERF_REGS);
	if (perf_error(PERF_SAMPLE_STACK_USER) == ENOSYS)
		missing |= BIT(KERNEL_HAVE_PERF_USER_STACK_DUMP);
	return missing;
}

/* r0 = 0; exit: of a type that is not known it is not even looked at. */
static uint32_t of_bpf(void)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_KPROBE;
	attr.insns = (uint64_t)(uintptr_t)code;
	attr.insn_cnt = 2;
	attr.license = (uint64_t)(uintptr_t) "GPL";
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd >= 0)
		close(fd);
	else if (errno == ENOSYS)
		return BIT(KERNEL_BPF_SYSCALL) | BIT(KERNEL_BPF_EVENTS);
	else if (errno == EINVAL)
		return BIT(KERNEL_BPF_EVENTS);
	return 0;
}

static bool has_tracefs(void)
{
	FILE *in = fopen("/proc/filesystems", "re");
	char line[128];
	bool found = !in;

	while (in && fgets(line, sizeof(line), in))
		found |= strstr(line, "\ttracefs\n") != NULL;
	if (in)
		fclose(in);
	return found;
}

/* CONFIG_UPROBE_EVENTS alone brings CONFIG_UPROBES. */
static uint32_t of_tracefs(void)
{
	static const char *const places[] = { "/sys/kernel/tracing",
					      "/sys/kernel/debug/tracing" };
	const uint32_t probes = BIT(KERNEL_UPROBES) | BIT(KERNEL_UPROBE_EVENTS);
	char path[64];
	uint32_t missing = 0;

	if (!has_tracefs())
		return probes | BIT(KERNEL_FTRACE_SYSCALLS);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/events", places[i]);
		if (access(path, X_OK))
			continue;
		snprintf(path, sizeof(path), "%s/uprobe_events", places[i]);
		if (access(path, F_OK))
			missing |= probes;
		snprintf(path, sizeof(path), "%s/events/syscalls", places[i]);
		if (access(path, F_OK))
			missing |= BIT(KERNEL_FTRACE_SYSCALLS);
		return missing;
	}
	return 0; /* not mounted, or not to be seen */
}

void kernel_options_try(struct kernel_options *options)
{
	uint32_t missing = of_perf() | of_bpf() | of_tracefs();

	options->set = (BIT(KERNEL_OPTIONS) - 1) & ~missing;
}
