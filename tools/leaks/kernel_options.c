/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * kernel_options.c - the options of the running kernel, as the kernel itself tells
 * them (/proc/config.gz, with CONFIG_IKCONFIG_PROC) or a distribution's file of
 * this release in /boot or /lib/modules. For example, "CONFIG_UPROBES=y".
 */
#include "kernel_options.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const names[] = {
	[KERNEL_BPF_SYSCALL] = "CONFIG_BPF_SYSCALL",
	[KERNEL_BPF_EVENTS] = "CONFIG_BPF_EVENTS",
	[KERNEL_PERF_EVENTS] = "CONFIG_PERF_EVENTS",
	[KERNEL_UPROBES] = "CONFIG_UPROBES",
	[KERNEL_UPROBE_EVENTS] = "CONFIG_UPROBE_EVENTS",
	[KERNEL_FTRACE_SYSCALLS] = "CONFIG_FTRACE_SYSCALLS",
	[KERNEL_HAVE_PERF_REGS] = "CONFIG_HAVE_PERF_REGS",
	[KERNEL_HAVE_PERF_USER_STACK_DUMP] = "CONFIG_HAVE_PERF_USER_STACK_DUMP",
};

const char *kernel_option_name(uint32_t option)
{
	return names[option];
}

/* "CONFIG_NAME=y", or "# CONFIG_NAME is not set". True: it is about an option. */
static bool take_line(struct kernel_options *options, const char *line)
{
	for (uint32_t i = 0; i < KERNEL_OPTIONS; i++) {
		size_t size = strlen(names[i]);

		if (!strncmp(line, names[i], size) &&
		    !strncmp(line + size, "=y", 2))
			options->set |= 1u << i;
	}
	return !strncmp(line, "CONFIG_", 7);
}

/* False: it has no option at all, as a file that could not be unpacked. */
static bool take_file(struct kernel_options *options, FILE *in,
		      const char *from)
{
	char line[256];
	bool any = false;

	while (fgets(line, sizeof(line), in))
		any |= take_line(options, line);
	if (any)
		snprintf(options->from, sizeof(options->from), "%s", from);
	return any;
}

static void be_gzip(const char *path, int out)
{
	int silent = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(out, STDOUT_FILENO);
	if (silent >= 0)
		dup2(silent, STDERR_FILENO);
	execlp("gzip", "gzip", "-dc", path, (char *)NULL);
	_exit(EXIT_FAILURE);
}

/* gzip is on every system that has this file, busybox's on small ones. */
static bool take_own(struct kernel_options *options)
{
	static const char own[] = "/proc/config.gz";
	bool any = false;
	FILE *in;
	int ends[2];
	pid_t pid;

	if (access(own, R_OK) || pipe2(ends, O_CLOEXEC))
		return false;
	pid = fork();
	if (!pid)
		be_gzip(own, ends[1]);
	close(ends[1]);
	in = pid > 0 ? fdopen(ends[0], "r") : NULL;
	if (in) {
		any = take_file(options, in, own);
		fclose(in);
	} else {
		close(ends[0]);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return any;
}

void kernel_options_read(struct kernel_options *options)
{
	static const char *const places[][2] = { { "/boot/config-", "" },
						 { "/lib/modules/", "/config" },
						 { "/lib/modules/",
						   "/build/.config" } };
	struct utsname name;
	char path[300];

	*options = (struct kernel_options){ 0 };
	if (take_own(options))
		return;
	if (uname(&name))
		name.release[0] = 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		FILE *in;
		bool any;

		snprintf(path, sizeof(path), "%s%s%s", places[i][0],
			 name.release, places[i][1]);
		in = fopen(path, "re");
		any = in && take_file(options, in, path);
		if (in)
			fclose(in);
		if (any)
			return;
	}
	kernel_options_try(options);
}
