/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include <dwunw/trace.h>

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

bool dwunw_has_futex(void)
{
	int word = 0;

	return syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0) >= 0 ||
	       errno != ENOSYS;
}
