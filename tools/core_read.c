/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Bytes of a core file, and of the files that it names. */
#include "core.h"

#include <errno.h>
#include <unistd.h>

dwunw_status_t dwu_core_read(int fd, uint64_t off, void *dst, size_t size)
{
	uint8_t *to = dst;

	while (size) {
		ssize_t got = off > INT64_MAX ? 0 :
						pread(fd, to, size, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			dwunw_short(errno);
			return DWUNW_ERR_IO;
		}
		if (!got)
			return DWUNW_ERR_INVALID_ARG;
		to += got;
		off += (uint64_t)got;
		size -= (size_t)got;
	}
	return DWUNW_OK;
}
