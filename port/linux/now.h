/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * now.h - calls of the kernel that may not come back, made here and now: by a
 * helper that can be left behind, or by the library where nothing is limited.
 */
#ifndef DWU_NOW_H
#define DWU_NOW_H

#include <sys/stat.h>

#include <dwunw/linux.h>

#include "files.h"

/* A thread in uninterruptible sleep does not stop: waited for, not for ever */
#define DWU_STOP_WAIT_MS 2000u

/*
 * At least size bytes, or as many of room as are there without waiting for any
 * that is not needed.
 */
dwunw_status_t dwu_memory_now(int32_t pid, uint64_t addr, void *dst,
			      size_t size, size_t room, size_t *got);

struct dwu_opened {
	struct dwu_file_id id;
	uint32_t owner;
	int name; /* O_PATH */
	int fd;
};
dwunw_status_t dwu_open_now(struct dwu_opened *opened, const char *root,
			    const char *path, enum dwu_follow follow,
			    uint64_t size_max);
/* For reading, what an O_PATH descriptor names; -1. */
int dwu_reopen_now(int name);
dwunw_status_t dwu_read_now(int fd, uint64_t off, uint8_t *dst, size_t size);
/* `resolved` gets PATH_MAX bytes, or is NULL. */
dwunw_status_t dwu_path_now(const char *path, struct dwu_file_id *id,
			    char *resolved);

/* Stopped; or a status, errno, and whether it is seized all the same. */
dwunw_status_t dwu_attach_now(int32_t tid, uint32_t wait_ms, bool *seized);
void dwu_detach_now(int32_t tid);
/* *got: how many bytes of registers the kernel has given. */
dwunw_status_t dwu_regs_now(int32_t tid, void *dst, size_t size, size_t *got);

/* Of CLOCK_MONOTONIC. */
uint64_t dwu_now_ms(void);

void dwu_file_id_of(struct dwu_file_id *id, const struct stat *st);

#endif
