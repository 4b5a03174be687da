/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * An open regular file as a dwunw_source.
 *
 * The path, the file and what happens to it meanwhile are the target's: the
 * path is resolved to an O_PATH descriptor first, and only a regular file is
 * opened through that.
 */
#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

dwunw_status_t dwu_file_stat(const char *path, struct dwu_file_id *id)
{
	struct stat st;

	if (stat(path, &st))
		return DWUNW_ERR_IO;
	id_from_stat(id, &st);
	return DWUNW_OK;
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
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
		__atomic_add_fetch(&shortages, 1, __ATOMIC_RELAXED);
		dwu_short(errno);
	} else if (errno == EIO || errno == EINTR) {
		dwu_short(errno);
	}
	return DWUNW_ERR_IO;
}

const char *dwu_file_why(dwunw_status_t status)
{
	if (status == DWUNW_ERR_IO)
		return strerror(errno);
	return errno == EFBIG ? "larger than files may be" :
				"not a regular file";
}

/* Opens for reading what `handle` is a name of, if it is a regular file. */
static dwunw_status_t open_handle(struct dwu_file *file, int handle,
				  uint64_t size_max)
{
	char name[40];
	struct stat st;

	if (fstat(handle, &st))
		return DWUNW_ERR_IO;
	if (!S_ISREG(st.st_mode) || st.st_size < 0 ||
	    (uint64_t)st.st_size > size_max) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return DWUNW_ERR_INVALID_ARG;
	}
	id_from_stat(&file->id, &st);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", handle);
	file->fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return file->fd < 0 ? not_opened() : DWUNW_OK;
}

dwunw_status_t dwu_file_open(struct dwu_file *file, const char *root,
			     const char *path, enum dwu_follow follow,
			     uint64_t size_max)
{
	dwunw_status_t status;
	int handle, saved;

	*file = (struct dwu_file){ .fd = -1 };
	handle = follow == DWU_FOLLOW_ALL ?
			 open_plain(root, path) :
			 open_beneath(root, path, follow == DWU_FOLLOW_BENEATH);
	if (handle < 0)
		return not_opened();
	status = open_handle(file, handle, size_max);
	saved = errno;
	close(handle);
	errno = saved;
	return status;
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

void dwu_file_close(struct dwu_file *file)
{
	if (file->mapped)
		munmap((void *)(uintptr_t)file->bytes.data, file->bytes.size);
	if (file->fd >= 0)
		close(file->fd);
	*file = (struct dwu_file){ .fd = -1 };
}

/* A mapping that fails is no loss: the file is read instead. */
void dwu_file_map(struct dwu_file *file)
{
	void *map;

	if (!IS_ON(CONFIG_FILES_MMAP) || file->fd < 0 || !file->id.size ||
	    file->id.size > SIZE_MAX)
		return;
	map = mmap(NULL, (size_t)file->id.size, PROT_READ, MAP_PRIVATE,
		   file->fd, 0);
	if (map == MAP_FAILED)
		return;
	file->bytes = (struct dwunw_span){ map, (size_t)file->id.size };
	file->mapped = true;
}

static bool in_file(const struct dwu_file *file, uint64_t off, size_t size)
{
	return off <= file->id.size && size <= file->id.size - off;
}

/* Fewer bytes than fstat told: the file was truncated under us. */
static dwunw_status_t read_file(const struct dwu_file *file, uint64_t off,
				uint8_t *dst, size_t size)
{
	while (size) {
		ssize_t got = pread(file->fd, dst, size, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			dwu_short(errno);
		if (got <= 0)
			return DWUNW_ERR_IO;
		dst += got;
		off += (uint64_t)got;
		size -= (size_t)got;
	}
	return DWUNW_OK;
}

static dwunw_status_t source_read(void *ctx, uint64_t off, void *dst,
				  size_t size)
{
	const struct dwu_file *file = ctx;

	if (!in_file(file, off, size))
		return DWUNW_ERR_INVALID_ARG;
	if (!file->bytes.data)
		return read_file(file, off, dst, size);
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
	return errno == EACCES || errno == EPERM ? DWUNW_ERR_ATTACH_DENIED :
						   DWUNW_ERR_IO;
}

/* Appends to *text until the end of the file; room is what it may hold. */
static dwunw_status_t read_all(int fd, size_t max, char **text, size_t *size)
{
	size_t room = 16 << 10;

	*size = 0;
	*text = dwu_malloc(room);
	while (*text) {
		ssize_t got = read(fd, *text + *size, room - *size - 1);
		char *larger;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return status_of_errno();
		*size += (size_t)got;
		if (!got || *size > max)
			break;
		if (*size < room - 1)
			continue;
		room *= 2;
		larger = dwu_realloc(*text, room);
		if (!larger)
			return DWUNW_ERR_NO_MEMORY;
		*text = larger;
	}
	if (!*text || *size > max)
		return DWUNW_ERR_NO_MEMORY;
	(*text)[*size] = 0;
	return DWUNW_OK;
}

dwunw_status_t dwu_text_read(const char *path, size_t max, char **text,
			     size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	dwunw_status_t status;

	*text = NULL;
	if (fd < 0)
		return status_of_errno();
	status = read_all(fd, max, text, size);
	close(fd);
	if (status != DWUNW_OK) {
		free(*text);
		*text = NULL;
	}
	return status;
}
