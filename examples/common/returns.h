/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * returns.h - may a process have return probes?
 *
 * On x86_64 from Linux 6.11 on, what a function with one returns to makes a
 * system call (uretprobe, 335). Until 6.14, 6.13.3 and 6.12.14 a seccomp filter
 * that ends whoever makes an unknown one ended the process. Which a kernel does
 * is tried on a child, as distributions take parts of later ones.
 */
#ifndef RETURNS_H
#define RETURNS_H

#include <stdbool.h>
#include <stdint.h>

/* False: it would end, by a filter that it has; said on stderr. pid -1: every
 * process, some of which have one. One that has none yet is noted. */
bool returns_allowed(const char *tool, int32_t pid);

#endif
