/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * entry.c - the cheap place in a function of a file; arch/entry.c finds it.
 */
#include <dwunw/trace.h>

#include <fcntl.h>
#include <unistd.h>

#define FUNCTION_MAX 4096u

uint32_t dwunw_entry_cheap_offset_in(uint16_t arch, const char *path,
				     uint64_t off, uint64_t size)
{
	uint8_t code[FUNCTION_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got;

	if (fd < 0)
		return 0;
	/* what follows a short function is read too: the decoder looks ahead */
	got = pread(fd, code, sizeof(code), (off_t)off);
	close(fd);
	if (got <= 0 || size > sizeof(code))
		return 0;
	return dwunw_entry_cheap_offset(arch, code, (size_t)got);
}
