/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* attach_syscall.c - see attach_syscall.h. */
#include "attach_syscall.h"

#include <dwunw/trace.h>

#include <stdio.h>

static int quiet(enum libbpf_print_level level, const char *format,
		 va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* libbpf knows how each target names the function in the kernel. */
static struct bpf_link *by_kprobe(struct tool *tool, const char *name)
{
	libbpf_print_fn_t print = libbpf_set_print(quiet);
	struct bpf_program *program;
	struct bpf_link *link;

	program = bpf_object__find_program_by_name(tool->object, "on_function");
	link = bpf_program__attach_ksyscall(program, name, NULL);
	libbpf_set_print(print);
	return link;
}

int attach_syscall(struct tool *tool, const char *name)
{
	struct bpf_link *link = by_kprobe(tool, name);
	char event[96];

	if (link) {
		fprintf(stderr, "%s: kprobe on %s\n", tool->name, name);
		return tool_keep(tool, link, name);
	}
	snprintf(event, sizeof(event), "syscalls/sys_enter_%s", name);
	link = tool_event(tool, "on_event", dwunw_tracepoint_open(event));
	if (link)
		fprintf(stderr, "%s: no kprobe; tracepoint %s\n", tool->name,
			event);
	return tool_keep(tool, link, event);
}
