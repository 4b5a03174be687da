/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * kernel_options.c - the options of the running kernel, as the kernel itself tells
 * them (/proc/config.gz, with CONFIG_IKCONFIG_PROC) or a distribution's file of
 * this release in /boot or /lib/modules. For example, "CONFIG_UPROBES=y".
 */
#include "kernel_options.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
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

/* gzip is on every system that has this file, busybox's on small ones. */
static bool take_own(struct kernel_options *options)
{
	static const char own[] = "/proc/config.gz";
	FILE *in;
	bool any;

	if (access(own, R_OK))
		return false;
	in = popen("gzip -dc /proc/config.gz 2>/dev/null", "re");
	if (!in)
		return false;
	any = take_file(options, in, own);
	pclose(in);
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
	if (take_own(options) || uname(&name))
		return;
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
}
