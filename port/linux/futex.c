/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include <dwunw/linux.h>

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Small kernels (CONFIG_FUTEX off) have none, and threads cannot wait for each
 * other there. A wake that wakes nobody does no harm, and tells.
 */
bool dwunw_has_futex(void)
{
	int word = 0;

	return syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0) >= 0 ||
	       errno != ENOSYS;
}
