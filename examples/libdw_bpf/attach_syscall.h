/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* attach_syscall.h - the programs of syscall.bpf.c, on one system call. */
#ifndef ATTACH_SYSCALL_H
#define ATTACH_SYSCALL_H

#include "tool.h"

/* By a kprobe, else by its tracepoint; says on stderr which. 0 or an exit
 * status. */
int attach_syscall(struct tool *tool, const char *name);

#endif
