/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* procfs.h - what /proc tells of a process at once, without waiting for anybody. */
#ifndef DWU_PROCFS_H
#define DWU_PROCFS_H

#include <sys/types.h>

#include <dwunw/linux.h>

#include "files.h"

/* At most room bytes more of a text; 0: its end; -1: errno. */
typedef ssize_t dwu_text_next(void *from, char *dst, size_t room);
/*
 * A whole text from its pieces, NUL-terminated, in memory that free() takes; IO,
 * ATTACH_DENIED (EACCES, EPERM), NO_MEMORY (beyond max bytes): *out is NULL.
 */
dwunw_status_t dwu_text_gather(dwu_text_next *next, void *from, size_t max,
			       char **out, size_t *size);
/* dwu_text_read() of a file of /proc that waits for nobody: stat, status. */
dwunw_status_t dwu_text_ready(const char *path, size_t max, char **text,
			      size_t *size);

/* Of /proc/PID/stat; PID may be a thread's. */
struct dwu_process_stat {
	uint64_t start_time; /* clock ticks from boot */
	bool kernel;	     /* a thread of the kernel */
	bool ended;	     /* waits for its parent, or is on its way out */
};

/* IO: no such thread; ATTACH_DENIED; NO_MEMORY. */
dwunw_status_t dwu_process_stat(int32_t pid, struct dwu_process_stat *stat);

/* The id of the program that a process runs. IO. */
dwunw_status_t dwu_exe_stat(int32_t pid, struct dwu_file_id *id);
/* The process's own number of itself; pid where that is not told. */
int dwu_inner_pid(int pid);

#endif
