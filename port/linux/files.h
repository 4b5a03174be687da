/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * files.h - an open regular file as a dwunw_source.
 */
#ifndef DWU_FILES_H
#define DWU_FILES_H

#include <dwunw/linux.h>

#define DWU_PATH_MAX 4352u /* PATH_MAX, and room for /proc/PID/root */

/* Which content: a file that is written to or replaced has another id. */
struct dwu_file_id {
	uint64_t dev;
	uint64_t ino;
	uint64_t size;
	int64_t changed_sec;
	int64_t changed_nsec;
};

bool dwu_file_id_same(const struct dwu_file_id *a, const struct dwu_file_id *b);
/*
 * One file, which may have lost a name since: that changes its time. Only of
 * a file that something still holds, or the inode may be another one's.
 */
bool dwu_file_id_held(const struct dwu_file_id *a, const struct dwu_file_id *b);

#define DWU_BLOCK_SIZE 4096u
#define DWU_BLOCK_COUNT 10u

/*
 * Blocks of files that are being opened: their headers are asked for again and
 * again, some bytes at a time. Of one thread at a time. Zeroed at first.
 */
struct dwu_blocks {
	struct {
		const struct dwu_file *file; /* NULL: nothing is in it */
		uint64_t off;
		size_t size;
		uint64_t used; /* when */
	} of[DWU_BLOCK_COUNT];
	uint64_t clock;
	uint8_t bytes[DWU_BLOCK_COUNT][DWU_BLOCK_SIZE];
};

/* A dwunw_source points to it: it stays where it is until it is closed. */
struct dwu_file {
	struct dwunw_span bytes; /* the file in memory, or size 0 */
	struct dwu_file_id id;
	uint32_t read; /* KiB since the last dwu_file_begin(); atomic */
	int fd;	       /* -1: closed, or bytes of ours; helper: only its name */
	int32_t far;   /* what the helper has it open as */
	uint32_t helper; /* which one; 0: it is open here */
	uint32_t owner;
	bool mapped;
	struct dwu_blocks *blocks; /* NULL: what is asked for is read */
};

/*
 * One question to a file costs reads of DWUNW_READ_MAX bytes at most, each
 * counting as 1 KiB more: beyond that it cannot be read (IO). Begins the next
 * question.
 */
void dwu_file_begin(struct dwu_file *file);
/* Has the last question come to that bound? */
bool dwu_file_exceeded(const struct dwu_file *file);

/* How a path is followed. */
enum dwu_follow {
	DWU_FOLLOW_ALL,	 /* as open(2) does */
	DWU_FOLLOW_NONE, /* beneath `root`, through no symbolic link at all */
	DWU_FOLLOW_BENEATH, /* `root` is also what links are relative to */
};

/*
 * Opens a regular file without ever opening anything else, so that no FIFO
 * blocks and no device notices. IO: errno tells why. INVALID_ARG: not a
 * regular file, or (EFBIG) larger than size_max.
 */
dwunw_status_t dwu_file_open(struct dwu_file *file, const char *root,
			     const char *path, enum dwu_follow follow,
			     uint64_t size_max);
/* strerror(), and what ETIMEDOUT means here. */
const char *dwu_error_text(int error);
/* Why it could not, by that status and errno. */
const char *dwu_file_why(dwunw_status_t status);
/*
 * How often a file could not be opened for want of descriptors or memory, in
 * any thread. What was not found while that grew may well be there.
 */
uint32_t dwu_file_shortages(void);
/* The bytes as if they were a file's; they must outlive it. */
void dwu_file_from_bytes(struct dwu_file *file, struct dwunw_span bytes,
			 uint64_t id);
void dwu_file_close(struct dwu_file *file);
/* Through these blocks from now on; NULL: not any more. */
void dwu_file_buffer(struct dwu_file *file, struct dwu_blocks *blocks);
/* Maps it, where the build says so. */
void dwu_file_map(struct dwu_file *file);
void dwu_file_source(struct dwu_file *file, struct dwunw_source *src);
/* The id of what path names now. IO. */
dwunw_status_t dwu_file_stat(const char *path, struct dwu_file_id *id);
/* The same; resolved, of PATH_MAX bytes, gets its name without links. */
dwunw_status_t dwu_file_path(const char *path, struct dwu_file_id *id,
			     char *resolved);

/*
 * The small text file at path, NUL-terminated, in memory that free() takes;
 * IO, ATTACH_DENIED (EACCES, EPERM), NO_MEMORY (beyond max bytes).
 */
dwunw_status_t dwu_text_read(const char *path, size_t max, char **text,
			     size_t *size);

#endif
