/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* kernel_options.h - with which options the running kernel was built. */
#ifndef DWUNW_TOOLS_KERNEL_OPTIONS_H
#define DWUNW_TOOLS_KERNEL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KERNEL_BPF_SYSCALL,
	KERNEL_BPF_EVENTS,
	KERNEL_PERF_EVENTS,
	KERNEL_UPROBES,
	KERNEL_UPROBE_EVENTS,
	KERNEL_FTRACE_SYSCALLS,
	KERNEL_HAVE_PERF_REGS,
	KERNEL_HAVE_PERF_USER_STACK_DUMP,
	KERNEL_OPTIONS
};

struct kernel_options {
	char from[300]; /* the file; "": none has them, they were tried */
	uint32_t set;	/* bit i: option i is =y, or may be: tried */
};

void kernel_options_read(struct kernel_options *options);
/* What kernel_options_read() does where no file tells. */
void kernel_options_try(struct kernel_options *options);
/* "CONFIG_UPROBES" */
const char *kernel_option_name(uint32_t option);

#endif
