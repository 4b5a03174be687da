/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * An open regular file as a dwunw_source.
 *
 * The path, the file and what happens to it meanwhile are the target's: the
 * path is resolved to an O_PATH descriptor first, and only a regular file is
 * opened through that. So a FIFO that would block, or a device whose open does
 * something, is never opened.
 *
 * For example, dwu_file_open(&file, "/proc/4711/root", "/usr/lib/libc.so.6",
 * BENEATH, max): a symbolic link in that container leads to files of that
 * container, never to ours; a file of more than max bytes is refused (EFBIG).
 *
 * "near" is done by this process, "far" by a helper, after dwunw_limit(): a
 * FUSE server that does not answer costs the helper, and the caller ETIMEDOUT.
 */
#include <dwunw/bounds.h>

#include "helper.h"
#include "now.h"
#include "procfs.h"
#include "shortage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/*
 * Device, inode, size and time of change: the same content, as far as a file
 * system tells.
 */
bool dwu_file_id_same(const struct dwu_file_id *a, const struct dwu_file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->changed_sec == b->changed_sec &&
	       a->changed_nsec == b->changed_nsec;
}

/*
 * Without the time of change: it may have been written to since, and is that
 * file.
 */
bool dwu_file_id_held(const struct dwu_file_id *a, const struct dwu_file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size;
}

/* A helper is in the root directory: a relative path begins here. The size with
 * its 0; 0: too long, or this directory has no path. */
static size_t put_whole(char *to, size_t room, const char *path)
{
	size_t used = 0, size = strlen(path) + 1;

	if (*path != '/') {
		if (!getcwd(to, room))
			return 0;
		used = strlen(to);
		to[used++] = '/'; /* in place of the 0 */
	}
	if (size > room - used) {
		errno = ENAMETOOLONG;
		return 0;
	}
	memcpy(to + used, path, size);
	return used + size;
}

static dwunw_status_t path_far(const char *path, struct dwu_file_id *id,
			       char *resolved)
{
	char whole[PATH_MAX];
	struct dwu_ask ask = { .what = DWU_ASK_PATH };
	struct dwu_ask_io io = { .in = whole,
				 .in_size =
					 put_whole(whole, sizeof(whole), path),
				 .out = resolved,
				 .out_size = resolved ? PATH_MAX : 0,
				 .fd_in = -1 };
	dwunw_status_t status;

	if (!io.in_size)
		return DWUNW_ERR_IO;
	status = dwu_helper_ask(DWU_HELPER_READS, &ask, &io);
	*id = ask.file;
	return status;
}

/* `resolved` gets where the path leads to, PATH_MAX bytes. */
dwunw_status_t dwu_file_path(const char *path, struct dwu_file_id *id,
			     char *resolved)
{
	dwunw_status_t status = dwu_limited(NULL) ?
					path_far(path, id, resolved) :
					dwu_path_now(path, id, resolved);

	if (status != DWUNW_OK)
		dwunw_short(errno);
	return status;
}

dwunw_status_t dwu_file_stat(const char *path, struct dwu_file_id *id)
{
	return dwu_file_path(path, id, NULL);
}

static uint32_t shortages;

/*
 * How often a file was not opened for want of descriptors or memory: who kept
 * "there is no such file" can look again.
 */
uint32_t dwu_file_shortages(void)
{
	return __atomic_load_n(&shortages, __ATOMIC_RELAXED);
}

/* IO, and counted if errno says that it is not the file's fault. */
static dwunw_status_t not_opened(void)
{
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
		__atomic_add_fetch(&shortages, 1, __ATOMIC_RELAXED);
	dwunw_short(errno);
	return DWUNW_ERR_IO;
}

/* glibc's strerror(3) says "Connection timed out" of a file. */
const char *dwu_error_text(int error)
{
	return error == ETIMEDOUT ? "no answer in time" : strerror(error);
}

/* Behind a failed dwu_file_open(), before anything else sets errno. */
const char *dwu_file_why(dwunw_status_t status)
{
	if (status == DWUNW_ERR_IO)
		return dwu_error_text(errno);
	return errno == EFBIG ? "larger than files may be" :
				"not a regular file";
}

/* Both, a string each; without a root the path is what may be relative. */
static size_t put_names(char *to, size_t room, const char *root,
			const char *path)
{
	size_t used, size = strlen(path) + 1;

	if (!*root) {
		*to = 0;
		used = put_whole(to + 1, room - 1, path);
		return used ? used + 1 : 0;
	}
	used = put_whole(to, room, root);
	if (used && size <= room - used) {
		memcpy(to + used, path, size);
		return used + size;
	}
	if (used)
		errno = ENAMETOOLONG;
	return 0;
}

/* The helper has it open; here is its name, which no close waits for. */
static dwunw_status_t open_far(struct dwu_file *file, const char *root,
			       const char *path, enum dwu_follow follow,
			       uint64_t size_max)
{
	struct dwu_ask ask = { .what = DWU_ASK_OPEN,
			       .follow = follow,
			       .room = size_max };
	char names[2 * DWU_PATH_MAX + 64];
	struct dwu_ask_io io = { .in = names, .fd_in = -1 };
	dwunw_status_t status;

	io.in_size = put_names(names, sizeof(names), root, path);
	if (!io.in_size)
		return DWUNW_ERR_IO;
	status = dwu_helper_ask(DWU_HELPER_READS, &ask, &io);
	if (status != DWUNW_OK)
		return status;
	*file = (struct dwu_file){ .id = ask.file,
				   .owner = ask.owner,
				   .fd = io.fd_out,
				   .far = ask.id,
				   .helper = io.serial };
	return DWUNW_OK;
}

/* The O_PATH descriptor is of no further use here. */
static dwunw_status_t open_near(struct dwu_file *file, const char *root,
				const char *path, enum dwu_follow follow,
				uint64_t size_max)
{
	struct dwu_opened opened;
	dwunw_status_t status =
		dwu_open_now(&opened, root, path, follow, size_max);

	if (status != DWUNW_OK)
		return status;
	close(opened.name);
	file->id = opened.id;
	file->owner = opened.owner;
	file->fd = opened.fd;
	return DWUNW_OK;
}

/*
 * errno says why where this is IO (dwu_file_why()). The file is the caller's to
 * close; in a file that could not be opened there is nothing to close.
 */
dwunw_status_t dwu_file_open(struct dwu_file *file, const char *root,
			     const char *path, enum dwu_follow follow,
			     uint64_t size_max)
{
	dwunw_status_t status;

	*file = (struct dwu_file){ .fd = -1 };
	status = dwu_limited(NULL) ?
			 open_far(file, root, path, follow, size_max) :
			 open_near(file, root, path, follow, size_max);
	return status == DWUNW_ERR_IO ? not_opened() : status;
}

/* A vdso, or an unpacked file: device UINT64_MAX is none of the kernel's. */
void dwu_file_from_bytes(struct dwu_file *file, struct dwunw_span bytes,
			 uint64_t id)
{
	*file = (struct dwu_file){
		.bytes = bytes,
		.id = { .dev = UINT64_MAX, .ino = id, .size = bytes.size },
		.fd = -1,
	};
}

/* errno stays, since closes stand behind errors. */
static void close_far(const struct dwu_file *file)
{
	struct dwu_ask ask = { .what = DWU_ASK_CLOSE, .id = file->far };
	struct dwu_ask_io io = { .fd_in = -1, .serial = file->helper };
	int error = errno;

	if (dwu_limited(NULL))
		(void)dwu_helper_ask(DWU_HELPER_READS, &ask, &io);
	errno = error;
}

void dwu_file_buffer(struct dwu_file *file, struct dwu_blocks *blocks)
{
	struct dwu_blocks *old = file->blocks;

	for (uint32_t i = 0; old && i < DWU_BLOCK_COUNT; i++)
		if (old->of[i].file == file)
			old->of[i].file = NULL;
	file->blocks = blocks;
}

/* Of a file that is not open: well. */
void dwu_file_close(struct dwu_file *file)
{
	dwu_file_buffer(file, NULL);
	if (file->mapped)
		munmap((void *)(uintptr_t)file->bytes.data, file->bytes.size);
	if (file->helper)
		close_far(file);
	if (file->fd >= 0)
		close(file->fd);
	*file = (struct dwu_file){ .fd = -1 };
}

/* A mapping that fails is no loss: the file is read instead. */
void dwu_file_map(struct dwu_file *file)
{
	void *map;

	if (!IS_ON(CONFIG_FILES_MMAP) || file->fd < 0 || file->helper ||
	    !file->id.size || file->id.size > SIZE_MAX)
		return;
	map = mmap(NULL, (size_t)file->id.size, PROT_READ, MAP_PRIVATE,
		   file->fd, 0);
	if (map == MAP_FAILED)
		return;
	file->bytes = (struct dwunw_span){ map, (size_t)file->id.size };
	file->mapped = true;
}

/*
 * `read` counts KiB of one question; a page fault of a mapping is not counted.
 */
void dwu_file_begin(struct dwu_file *file)
{
	__atomic_store_n(&file->read, 0, __ATOMIC_RELAXED);
}

bool dwu_file_exceeded(const struct dwu_file *file)
{
	return __atomic_load_n(&file->read, __ATOMIC_RELAXED) >
	       DWUNW_READ_MAX >> 10;
}

/* False: enough was read for this question. */
static bool may_read(struct dwu_file *file, size_t size)
{
	if (dwu_file_exceeded(file))
		return false;
	__atomic_add_fetch(&file->read, (uint32_t)(size >> 10) + 1,
			   __ATOMIC_RELAXED);
	return !dwu_file_exceeded(file);
}

/* By the size at open: what a file has grown since is not read. */
static bool in_file(const struct dwu_file *file, uint64_t off, size_t size)
{
	return off <= file->id.size && size <= file->id.size - off;
}

/* A helper that came after the one that had it open, opens it by its name. */
static dwunw_status_t open_again(struct dwu_file *file)
{
	struct dwu_ask ask = { .what = DWU_ASK_REOPEN };
	struct dwu_ask_io io = { .fd_in = file->fd };
	dwunw_status_t status = dwu_helper_ask(DWU_HELPER_READS, &ask, &io);

	if (status == DWUNW_OK) {
		file->far = ask.id;
		file->helper = io.serial;
	}
	return status;
}

/* Twice at most: ESTALE says that the helper which had it open is gone. */
static dwunw_status_t read_piece(struct dwu_file *file, uint64_t off,
				 uint8_t *dst, size_t size)
{
	dwunw_status_t status = DWUNW_ERR_IO;

	for (int tries = 0; tries < 2; tries++) {
		struct dwu_ask ask = { .what = DWU_ASK_READ,
				       .id = file->far,
				       .at = off,
				       .size = size };
		struct dwu_ask_io io = { .out = dst,
					 .out_size = size,
					 .fd_in = -1,
					 .serial = file->helper };

		status = dwu_helper_ask(DWU_HELPER_READS, &ask, &io);
		if (status == DWUNW_OK || errno != ESTALE)
			break;
		status = open_again(file);
		if (status != DWUNW_OK)
			break;
	}
	return status;
}

/* DWU_HELPER_ROOM bytes at a time, which is what both sides share. */
static dwunw_status_t read_far(struct dwu_file *file, uint64_t off,
			       uint8_t *dst, size_t size)
{
	dwunw_status_t status = DWUNW_OK;

	while (size && status == DWUNW_OK) {
		size_t part = size < DWU_HELPER_ROOM ? size : DWU_HELPER_ROOM;

		status = read_piece(file, off, dst, part);
		dst += part;
		off += part;
		size -= part;
	}
	return status;
}

/* errno 0: the file was shorter than it said. */
static dwunw_status_t read_file(struct dwu_file *file, uint64_t off,
				uint8_t *dst, size_t size)
{
	dwunw_status_t status = file->helper ?
					read_far(file, off, dst, size) :
					dwu_read_now(file->fd, off, dst, size);

	if (status != DWUNW_OK && errno)
		dwunw_short(errno);
	return status;
}

/* The one that was not used for longest is read anew; NULL: it cannot be. */
static const uint8_t *read_block(struct dwu_file *file, uint64_t off,
				 size_t *size)
{
	struct dwu_blocks *blocks = file->blocks;
	uint32_t i, oldest = 0;

	for (i = 1; i < DWU_BLOCK_COUNT; i++)
		if (blocks->of[i].used < blocks->of[oldest].used)
			oldest = i;
	*size = DWU_BLOCK_SIZE;
	if (*size > file->id.size - off)
		*size = (size_t)(file->id.size - off);
	blocks->of[oldest].file = NULL;
	if (!may_read(file, *size) ||
	    read_file(file, off, blocks->bytes[oldest], *size) != DWUNW_OK)
		return NULL;
	blocks->of[oldest].file = file;
	blocks->of[oldest].off = off;
	blocks->of[oldest].size = *size;
	blocks->of[oldest].used = ++blocks->clock;
	return blocks->bytes[oldest];
}

static const uint8_t *block_at(struct dwu_file *file, uint64_t off,
			       size_t *size)
{
	struct dwu_blocks *blocks = file->blocks;

	for (uint32_t i = 0; i < DWU_BLOCK_COUNT; i++)
		if (blocks->of[i].file == file && blocks->of[i].off == off) {
			blocks->of[i].used = ++blocks->clock;
			*size = blocks->of[i].size;
			return blocks->bytes[i];
		}
	return read_block(file, off, size);
}

/* Out of two blocks at most. False: as if there were none. */
static bool read_buffered(struct dwu_file *file, uint64_t off, uint8_t *dst,
			  size_t size)
{
	if (!file->blocks || size > DWU_BLOCK_SIZE)
		return false;
	while (size) {
		size_t in = (size_t)off & (DWU_BLOCK_SIZE - 1), there, part;
		const uint8_t *block = block_at(file, off - in, &there);

		if (!block || there <= in)
			return false;
		part = there - in < size ? there - in : size;
		memcpy(dst, block + in, part);
		off += part;
		dst += part;
		size -= part;
	}
	return true;
}

/* All or nothing, as every source. IO also when DWUNW_READ_MAX was reached. */
static dwunw_status_t source_read(void *ctx, uint64_t off, void *dst,
				  size_t size)
{
	struct dwu_file *file = ctx;

	if (!in_file(file, off, size))
		return DWUNW_ERR_INVALID_ARG;
	if (!file->bytes.data && read_buffered(file, off, dst, size))
		return DWUNW_OK;
	if (!file->bytes.data)
		return may_read(file, size) ? read_file(file, off, dst, size) :
					      DWUNW_ERR_IO;
	if (size)
		memcpy(dst, file->bytes.data + off, size);
	return DWUNW_OK;
}

/*
 * Bytes in place, without a copy; NULL: read them. They live as long as the
 * file is open.
 */
static const void *source_view(void *ctx, uint64_t off, size_t size)
{
	const struct dwu_file *file = ctx;

	if (!file->bytes.data || !in_file(file, off, size))
		return NULL;
	return file->bytes.data + off;
}

/* `file` is the source's context: it may not move while src is used. */
void dwu_file_source(struct dwu_file *file, struct dwunw_source *src)
{
	*src = (struct dwunw_source){
		.read = source_read,
		.view = file->bytes.data ? source_view : NULL,
		.ctx = file,
		.size = file->id.size,
	};
}

/* --- text ------------------------------------------------------------------------- */

/* A file of /proc, open in a helper. */
struct far_text {
	int32_t id;
	uint32_t helper;
};

/* `path` NULL: it is open, and its next bytes are wanted. */
static ssize_t text_ask(struct far_text *text, const char *path, char *dst,
			size_t room)
{
	struct dwu_ask ask = { .what = DWU_ASK_TEXT,
			       .id = text->id,
			       .size = room };
	struct dwu_ask_io io = { .in = path,
				 .in_size = path ? strlen(path) + 1 : 0,
				 .out = dst,
				 .out_size = room,
				 .fd_in = -1,
				 .serial = text->helper };

	if (dwu_helper_ask(DWU_HELPER_READS, &ask, &io) != DWUNW_OK)
		return -1;
	text->id = ask.id;
	text->helper = io.serial;
	return (ssize_t)ask.got;
}

static ssize_t far_next(void *text, char *dst, size_t room)
{
	return text_ask(text, NULL, dst, room);
}

/*
 * *out is the caller's, to be freed; `max` bytes at most, as /proc's files have
 * no size.
 */
dwunw_status_t dwu_text_read(const char *path, size_t max, char **out,
			     size_t *size)
{
	struct far_text text = { .id = -1 };
	dwunw_status_t status;

	if (!dwu_limited(NULL))
		return dwu_text_ready(path, max, out, size);
	*out = NULL;
	if (text_ask(&text, path, NULL, 0) != 0) {
		dwunw_short(errno);
		return errno == EACCES || errno == EPERM ?
			       DWUNW_ERR_ATTACH_DENIED :
			       DWUNW_ERR_IO;
	}
	status = dwu_text_gather(far_next, &text, max, out, size);
	close_far(&(struct dwu_file){ .far = text.id, .helper = text.helper });
	return status;
}
