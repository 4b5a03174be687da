/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * futex.h - can threads wait for each other? Without CONFIG_FUTEX the C library
 * ends a program whose threads do.
 */
#ifndef FUTEX_H
#define FUTEX_H

#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline bool has_futex(void)
{
	int word = 0;

	return syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0) >= 0 ||
	       errno != ENOSYS;
}

#endif
