/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * An open regular file as a dwunw_source.
 *
 * The path, the file and what happens to it meanwhile are the target's: the
 * path is resolved to an O_PATH descriptor first, and only a regular file is
 * opened through that.
 */
#include "helper.h"

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

bool dwu_file_id_same(const struct dwu_file_id *a, const struct dwu_file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->changed_sec == b->changed_sec &&
	       a->changed_nsec == b->changed_nsec;
}

bool dwu_file_id_held(const struct dwu_file_id *a, const struct dwu_file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size;
}

static void id_from_stat(struct dwu_file_id *id, const struct stat *st)
{
	*id = (struct dwu_file_id){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.changed_sec = st->st_ctim.tv_sec,
		.changed_nsec = st->st_ctim.tv_nsec,
	};
}

dwunw_status_t dwu_path_now(const char *path, struct dwu_file_id *id,
			    char *resolved)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	ssize_t length = 0;
	char name[40];
	struct stat st;
	bool good;

	if (fd < 0)
		return DWUNW_ERR_IO;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	good = !fstat(fd, &st);
	if (good && resolved) {
		length = readlink(name, resolved, PATH_MAX);
		good = length > 0 && length < PATH_MAX;
		resolved[good ? length : 0] = 0;
	}
	close(fd);
	if (good)
		id_from_stat(id, &st);
	return good ? DWUNW_OK : DWUNW_ERR_IO;
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

/*
 * With each event that nothing vouches for: not by a helper. What the kernel
 * has of the file is taken, and no server is asked; before Linux 4.11 one is.
 */
dwunw_status_t dwu_exe_stat(int32_t pid, struct dwu_file_id *id)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
#ifdef STATX_BASIC_STATS
	struct statx stx;

	if (!statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_BASIC_STATS,
		   &stx)) {
		*id = (struct dwu_file_id){
			.dev = makedev(stx.stx_dev_major, stx.stx_dev_minor),
			.ino = stx.stx_ino,
			.size = stx.stx_size,
			.changed_sec = stx.stx_ctime.tv_sec,
			.changed_nsec = stx.stx_ctime.tv_nsec,
		};
		return DWUNW_OK;
	}
	if (errno != ENOSYS) {
		dwunw_short(errno);
		return DWUNW_ERR_IO;
	}
#endif
	if (stat(path, &st)) {
		dwunw_short(errno);
		return DWUNW_ERR_IO;
	}
	id_from_stat(id, &st);
	return DWUNW_OK;
}

dwunw_status_t dwu_file_stat(const char *path, struct dwu_file_id *id)
{
	return dwu_file_path(path, id, NULL);
}

/*
 * A mapped file's path holds no symbolic link when the kernel prints it. One
 * that is there now was put there since, perhaps to lead out of the target's
 * root: openat2(2), Linux 5.6. Older kernels guard the last component only.
 */
static int open_beneath(const char *root, const char *path, bool links)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | (links ? 0u : O_NOFOLLOW),
		.resolve = RESOLVE_IN_ROOT | (links ? 0u : RESOLVE_NO_SYMLINKS),
	};
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd, saved;

	if (dir < 0)
		return -1;
	while (*path == '/')
		path++;
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(dir, path, (int)how.flags);
	saved = errno;
	close(dir);
	errno = saved;
	return fd;
}

static int open_plain(const char *root, const char *path)
{
	char full[DWU_PATH_MAX];
	int length = snprintf(full, sizeof(full), "%s%s", root, path);

	if (length < 0 || (size_t)length >= sizeof(full)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(full, O_PATH | O_CLOEXEC);
}

static uint32_t shortages;

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

const char *dwu_error_text(int error)
{
	return error == ETIMEDOUT ? "no answer in time" : strerror(error);
}

const char *dwu_file_why(dwunw_status_t status)
{
	if (status == DWUNW_ERR_IO)
		return dwu_error_text(errno);
	return errno == EFBIG ? "larger than files may be" :
				"not a regular file";
}

int dwu_reopen_now(int name)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", name);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* Opens for reading what opened->name names, if it is a regular file. */
static dwunw_status_t open_name(struct dwu_opened *opened, uint64_t size_max)
{
	struct stat st;

	if (fstat(opened->name, &st))
		return DWUNW_ERR_IO;
	if (!S_ISREG(st.st_mode) || st.st_size < 0 ||
	    (uint64_t)st.st_size > size_max) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return DWUNW_ERR_INVALID_ARG;
	}
	id_from_stat(&opened->id, &st);
	opened->owner = st.st_uid;
	opened->fd = dwu_reopen_now(opened->name);
	return opened->fd < 0 ? DWUNW_ERR_IO : DWUNW_OK;
}

dwunw_status_t dwu_open_now(struct dwu_opened *opened, const char *root,
			    const char *path, enum dwu_follow follow,
			    uint64_t size_max)
{
	dwunw_status_t status;
	int saved;

	*opened = (struct dwu_opened){ .fd = -1 };
	opened->name =
		follow == DWU_FOLLOW_ALL ?
			open_plain(root, path) :
			open_beneath(root, path, follow == DWU_FOLLOW_BENEATH);
	if (opened->name < 0)
		return DWUNW_ERR_IO;
	status = open_name(opened, size_max);
	if (status == DWUNW_OK)
		return status;
	saved = errno;
	close(opened->name);
	errno = saved;
	opened->name = -1;
	return status;
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

void dwu_file_from_bytes(struct dwu_file *file, struct dwunw_span bytes,
			 uint64_t id)
{
	*file = (struct dwu_file){
		.bytes = bytes,
		.id = { .dev = UINT64_MAX, .ino = id, .size = bytes.size },
		.fd = -1,
	};
}

static void close_far(const struct dwu_file *file)
{
	struct dwu_ask ask = { .what = DWU_ASK_CLOSE, .id = file->far };
	struct dwu_ask_io io = { .fd_in = -1, .serial = file->helper };
	int error = errno;

	if (dwu_limited(NULL))
		(void)dwu_helper_ask(DWU_HELPER_READS, &ask, &io);
	errno = error;
}

void dwu_file_close(struct dwu_file *file)
{
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

static bool in_file(const struct dwu_file *file, uint64_t off, size_t size)
{
	return off <= file->id.size && size <= file->id.size - off;
}

/* Fewer bytes than fstat told: the file was truncated under us. */
dwunw_status_t dwu_read_now(int fd, uint64_t off, uint8_t *dst, size_t size)
{
	while (size) {
		ssize_t got = pread(fd, dst, size, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (!got)
			errno = 0;
		if (got <= 0)
			return DWUNW_ERR_IO;
		dst += got;
		off += (uint64_t)got;
		size -= (size_t)got;
	}
	return DWUNW_OK;
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

static dwunw_status_t source_read(void *ctx, uint64_t off, void *dst,
				  size_t size)
{
	struct dwu_file *file = ctx;

	if (!in_file(file, off, size))
		return DWUNW_ERR_INVALID_ARG;
	if (!file->bytes.data)
		return may_read(file, size) ? read_file(file, off, dst, size) :
					      DWUNW_ERR_IO;
	if (size)
		memcpy(dst, file->bytes.data + off, size);
	return DWUNW_OK;
}

static const void *source_view(void *ctx, uint64_t off, size_t size)
{
	const struct dwu_file *file = ctx;

	if (!file->bytes.data || !in_file(file, off, size))
		return NULL;
	return file->bytes.data + off;
}

void dwu_file_source(struct dwu_file *file, struct dwunw_source *src)
{
	*src = (struct dwunw_source){
		.read = source_read,
		.view = file->bytes.data ? source_view : NULL,
		.ctx = file,
		.size = file->id.size,
	};
}

static dwunw_status_t status_of_errno(void)
{
	dwunw_short(errno);
	return errno == EACCES || errno == EPERM ? DWUNW_ERR_ATTACH_DENIED :
						   DWUNW_ERR_IO;
}

/* A file of /proc, which is read once, from its beginning to its end. */
struct text {
	int32_t id; /* a descriptor, here or of a helper */
	uint32_t helper;
	bool far;
};

/* `path` NULL: it is open, and its next bytes are wanted. */
static ssize_t text_ask(struct text *text, const char *path, char *dst,
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

static bool text_open(struct text *text, const char *path, bool far)
{
	*text = (struct text){ .id = -1, .far = far };
	if (text->far)
		return text_ask(text, path, NULL, 0) == 0;
	text->id = open(path, O_RDONLY | O_CLOEXEC);
	return text->id >= 0;
}

static ssize_t text_next(struct text *text, char *dst, size_t room)
{
	ssize_t got;

	if (text->far)
		return text_ask(text, NULL, dst, room);
	do {
		got = read(text->id, dst, room);
	} while (got < 0 && errno == EINTR);
	return got;
}

static void text_close(const struct text *text)
{
	const struct dwu_file file = { .far = text->id,
				       .helper = text->helper };

	if (text->far)
		close_far(&file);
	else
		close(text->id);
}

/* Appends to *out until the end of the file; room is what it may hold. */
static dwunw_status_t read_all(struct text *text, size_t max, char **out,
			       size_t *size)
{
	size_t room = 16 << 10;

	*size = 0;
	*out = dwu_malloc(room);
	while (*out) {
		ssize_t got = text_next(text, *out + *size, room - *size - 1);
		char *larger;

		if (got < 0)
			return status_of_errno();
		*size += (size_t)got;
		if (!got || *size > max)
			break;
		if (*size < room - 1)
			continue;
		room *= 2;
		larger = dwu_realloc(*out, room);
		if (!larger)
			return DWUNW_ERR_NO_MEMORY;
		*out = larger;
	}
	if (!*out || *size > max)
		return DWUNW_ERR_NO_MEMORY;
	(*out)[*size] = 0;
	return DWUNW_OK;
}

static dwunw_status_t read_whole(const char *path, bool far, size_t max,
				 char **out, size_t *size)
{
	dwunw_status_t status;
	struct text text;

	*out = NULL;
	if (!text_open(&text, path, far))
		return status_of_errno();
	status = read_all(&text, max, out, size);
	text_close(&text);
	if (status != DWUNW_OK) {
		free(*out);
		*out = NULL;
	}
	return status;
}

dwunw_status_t dwu_text_read(const char *path, size_t max, char **out,
			     size_t *size)
{
	return read_whole(path, dwu_limited(NULL), max, out, size);
}

dwunw_status_t dwu_text_ready(const char *path, size_t max, char **out,
			      size_t *size)
{
	return read_whole(path, false, max, out, size);
}
