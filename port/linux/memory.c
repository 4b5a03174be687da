/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Memory of a live process, without stopping it. */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

static dwunw_status_t status_of_errno(void)
{
	switch (errno) {
	case EPERM:
	case EACCES:
		return DWUNW_ERR_ATTACH_DENIED;
	case EFAULT:
	case EIO: /* what /proc/PID/mem says of an address without memory */
	case EINVAL:
		return DWUNW_ERR_INVALID_ARG;
	default:
		return DWUNW_ERR_IO;
	}
}

static dwunw_status_t read_vm(int32_t pid, uint64_t addr, void *dst,
			      size_t size, size_t *got)
{
	struct iovec local = { dst, size };
	struct iovec remote = { (void *)(uintptr_t)addr, size };
	ssize_t read = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	if (read < 0)
		return status_of_errno();
	*got = (size_t)read;
	return DWUNW_OK;
}

/*
 * Reads also what is mapped without PROT_READ, such as execute-only code,
 * and works where process_vm_readv is not built in.
 */
static dwunw_status_t read_mem(int32_t pid, uint64_t addr, uint8_t *dst,
			       size_t size)
{
	dwunw_status_t status = DWUNW_OK;
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		dwunw_short(errno);
		return status_of_errno();
	}
	while (size && status == DWUNW_OK) {
		ssize_t got = pread(fd, dst, size, (off_t)addr);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			/* 0: its memory is gone, it exits */
			status = got ? status_of_errno() : DWUNW_ERR_IO;
			if (got && status == DWUNW_ERR_IO)
				dwunw_short(errno);
			break;
		}
		dst += got;
		addr += (uint64_t)got;
		size -= (size_t)got;
	}
	close(fd);
	return status;
}

/*
 * How many of [addr, addr + room) are in memory, or in swap, one page after the
 * other: the rest may be the target's to fill. 0: that is not told.
 */
static size_t there(int32_t pid, uint64_t addr, size_t room)
{
	uint64_t entries[64], page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t first = addr / page, count = (addr + room - 1) / page - first;
	char path[40];
	ssize_t got;
	int fd;

	if (++count > sizeof(entries) / sizeof(entries[0]))
		count = sizeof(entries) / sizeof(entries[0]);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	got = pread(fd, entries, (size_t)count * sizeof(entries[0]),
		    (off_t)(first * sizeof(entries[0])));
	close(fd);
	for (count = 0; got >= (ssize_t)((count + 1) * sizeof(entries[0]));
	     count++)
		if (!(entries[count] >> 62)) /* present, swapped */
			break;
	count = (first + count) * page;
	return count > addr ? (size_t)(count - addr) : 0;
}

dwunw_status_t dwu_memory_now(int32_t pid, uint64_t addr, void *dst,
			      size_t size, size_t room, size_t *got)
{
	size_t more = room > size ? there(pid, addr, room) : 0;
	dwunw_status_t status;

	if (more > room)
		more = room;
	*got = 0;
	status = read_vm(pid, addr, dst, more > size ? more : size, got);
	if (status == DWUNW_ERR_ATTACH_DENIED || *got >= size)
		return status;
	*got = size;
	return read_mem(pid, addr, dst, size);
}

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
