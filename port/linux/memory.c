/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Memory of a live process, without stopping it: process_vm_readv(2) or
 * /proc/PID/mem (dwu_memory_now()), or a helper that makes these calls and may
 * be left behind.
 *
 * For example, 8 bytes at 0x7ffe1000 with room for 64 KiB: one call gives the 8
 * bytes and what follows them in the same mapping, so that the next words cost
 * no call.
 *
 * A word may change while it is read, and two words may be of different
 * moments: a walk of a running thread is as good as its stack stands still.
 */
#include "helper.h"
#include "now.h"
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

/* DWU_HELPER_ROOM at a time, until what is needed has come. */
static dwunw_status_t read_far(int32_t pid, uint64_t addr, uint8_t *dst,
			       size_t size, size_t room, uint32_t ms,
			       size_t *got)
{
	dwunw_status_t status = DWUNW_OK;

	for (*got = 0; status == DWUNW_OK && *got < size;) {
		struct dwu_ask ask = { .what = DWU_ASK_MEMORY,
				       .id = pid,
				       .at = addr + *got };
		struct dwu_ask_io io = { .out = dst + *got,
					 .out_size = room - *got,
					 .fd_in = -1,
					 .ms = ms };

		ask.size = size - *got;
		ask.room = room - *got;
		if (ask.size > DWU_HELPER_ROOM)
			ask.size = DWU_HELPER_ROOM;
		if (ask.room > DWU_HELPER_ROOM)
			ask.room = DWU_HELPER_ROOM;
		status = dwu_helper_ask(DWU_HELPER_READS, &ask, &io);
		*got += (size_t)ask.got;
	}
	return status;
}

/*
 * `room` is optional and shrinks to `size` where it would wrap; `size` is not.
 * Addresses from 2^63 on are the kernel's.
 */
dwunw_status_t dwu_memory_some(int32_t pid, uint64_t addr, void *dst,
			       size_t size, size_t room, uint32_t ms,
			       size_t *got)
{
	*got = 0;
	if (!size)
		return DWUNW_OK;
	if (addr + room < addr || addr + room - 1 > UINTPTR_MAX ||
	    addr + room > (uint64_t)INT64_MAX)
		room = size;
	if (addr + size < addr || addr + size - 1 > UINTPTR_MAX ||
	    addr + size > (uint64_t)INT64_MAX)
		return DWUNW_ERR_INVALID_ARG;
	return dwu_limited(NULL) ?
		       read_far(pid, addr, dst, size, room, ms, got) :
		       dwu_memory_now(pid, addr, dst, size, room, got);
}

dwunw_status_t dwu_memory_read(int32_t pid, uint64_t addr, void *dst,
			       size_t size)
{
	struct dwunw_limits limits = { 0 };
	size_t got;

	(void)dwu_limited(&limits);
	return dwu_memory_some(pid, addr, dst, size, size, limits.read_ms,
			       &got);
}
