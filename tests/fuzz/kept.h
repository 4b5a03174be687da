/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * kept.h - inputs as files that have a path, for what opens files itself:
 * /proc/self/fd/KEPT_FD and the next ones.
 */
#ifndef KEPT_H
#define KEPT_H

#include "fuzz.h"

#include <dwunw/linux.h>
#include <dwunw/symbols.h>

#include <sys/mman.h>
#include <unistd.h>

#define KEPT_FD 900
#define KEPT_ROOT "/proc/self/fd"

/* A new file each time: none is taken for the one before. */
static inline void kept_file(int number, const void *bytes, size_t size)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	LAW(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	LAW(dup2(fd, KEPT_FD + number) >= 0);
	close(fd);
}

/* What goes to people is not looked at, and libFuzzer's own words stay. */
static inline void kept_silent(void)
{
	stdout = stderr = fopen("/dev/null", "w");
}

static inline void kept_printable(const char *text)
{
	for (; text && *text; text++)
		LAW((unsigned char)*text >= 0x20 && *text != 0x7f);
}

/* Every frame has names, or none; a stop has a sentence. */
static inline void kept_names(struct dwunw_symbol_resolver *names,
			      struct dwunw_context *ctx, int32_t pid,
			      const struct dwunw_frame *frames, size_t count)
{
	const struct dwunw_symbol_info *level;
	struct dwunw_symbol_info info;
	char text[64];

	for (size_t i = 0; i < count; i++) {
		LAW(strlen(dwunw_frame_text(&frames[i], text, 32)) < 32);
		memset(&info, 0, sizeof(info));
		if (dwunw_symbol_frame(names, ctx, pid, &frames[i], &info))
			continue;
		for (level = &info; level; level = level->inlined) {
			kept_printable(level->function);
			kept_printable(level->file);
			LAW(!(level->flags & DWUNW_SYMBOL_FLAG_FUNCTION) ||
			    level->function);
			LAW(!(level->flags & DWUNW_SYMBOL_FLAG_LINE) ||
			    level->file);
		}
	}
}

#endif
