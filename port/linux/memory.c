/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Memory of a live process, without stopping it. */
#include "port.h"

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
			      size_t size)
{
	struct iovec local = { dst, size };
	struct iovec remote = { (void *)(uintptr_t)addr, size };
	ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	if (got < 0)
		return status_of_errno();
	return (size_t)got == size ? DWUNW_OK : DWUNW_ERR_INVALID_ARG;
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
	if (fd < 0)
		return status_of_errno();
	while (size && status == DWUNW_OK) {
		ssize_t got = pread(fd, dst, size, (off_t)addr);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			/* 0: its memory is gone, it exits */
			status = got ? status_of_errno() : DWUNW_ERR_IO;
			break;
		}
		dst += got;
		addr += (uint64_t)got;
		size -= (size_t)got;
	}
	close(fd);
	return status;
}

dwunw_status_t dwu_memory_read(int32_t pid, uint64_t addr, void *dst,
			       size_t size)
{
	dwunw_status_t status;

	if (!size)
		return DWUNW_OK;
	if (addr + size < addr || addr + size - 1 > UINTPTR_MAX ||
	    addr + size > (uint64_t)INT64_MAX)
		return DWUNW_ERR_INVALID_ARG;
	status = read_vm(pid, addr, dst, size);
	if (status == DWUNW_OK || status == DWUNW_ERR_ATTACH_DENIED)
		return status;
	return read_mem(pid, addr, dst, size);
}
