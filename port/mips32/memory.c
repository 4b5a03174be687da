/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The program's own memory, which may not be there: see mips32.h. */
#include "port.h"

enum {
	NR_RT_SIGPROCMASK = 4195,
	HOW_NONE = 0x7fff, /* none of SIG_BLOCK 1, SIG_UNBLOCK 2, SETMASK 3 */
	SIGSET_SIZE = 16,
};

/* Is the page that holds addr readable? */
static bool is_readable(uint64_t addr)
{
	return dwunw_mips32_syscall(NR_RT_SIGPROCMASK, HOW_NONE,
				    (uint32_t)addr & ~(SIGSET_SIZE - 1u), 0,
				    SIGSET_SIZE, 0, 0) != -DWUNW_MIPS32_EFAULT;
}

dwunw_status_t dwunw_mips32_read_memory(void *ctx, uint64_t addr, void *dst,
					size_t size)
{
	uint64_t at, end = addr + size;

	(void)ctx;
	/* the user's half; a set at 0 is none, and would not be read */
	if (addr < SIGSET_SIZE || end < addr || end > 0x80000000u)
		return DWUNW_ERR_INVALID_ARG;
	for (at = addr; at < end; at = (at | (DWU_PAGE_SIZE - 1)) + 1)
		if (!is_readable(at))
			return DWUNW_ERR_INVALID_ARG;
	memcpy(dst, dwu_pointer(addr), size);
	return DWUNW_OK;
}
