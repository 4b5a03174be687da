/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Calls of the kernel that may not come back: memory and files that another
 * process serves, a thread that does not stop. No lock and no allocation: a
 * helper, which is a fork of any moment, calls them (helper.h). See ptrace(2).
 */
#include "now.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif

/* Signals that are handed on before a thread stops for us. */
#define SIGNALS_MAX 1000

uint64_t dwu_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- memory -------------------------------------------------------------------- */

static dwunw_status_t memory_status(void)
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

/* Part of it may be read: *got says how much, from the start. */
static dwunw_status_t read_vm(int32_t pid, uint64_t addr, void *dst,
			      size_t size, size_t *got)
{
	struct iovec local = { dst, size };
	struct iovec remote = { (void *)(uintptr_t)addr, size };
	ssize_t read = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	if (read < 0)
		return memory_status();
	*got = (size_t)read;
	return DWUNW_OK;
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
	if (fd < 0) {
		dwunw_short(errno);
		return memory_status();
	}
	while (size && status == DWUNW_OK) {
		ssize_t got = pread(fd, dst, size, (off_t)addr);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			/* 0: its memory is gone, it exits */
			status = got ? memory_status() : DWUNW_ERR_IO;
			if (got && status == DWUNW_ERR_IO)
				dwunw_short(errno);
			break;
		}
		dst += got;
		addr += (uint64_t)got;
		size -= (size_t)got;
	}
	close(fd);
	return status;
}

/*
 * How many of [addr, addr + room) are in memory, or in swap, one page after the
 * other: the rest may be the target's to fill. 0: that is not told.
 */
static size_t there(int32_t pid, uint64_t addr, size_t room)
{
	uint64_t entries[64], page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t first = addr / page, count = (addr + room - 1) / page - first;
	char path[40];
	ssize_t got;
	int fd;

	if (++count > sizeof(entries) / sizeof(entries[0]))
		count = sizeof(entries) / sizeof(entries[0]);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	got = pread(fd, entries, (size_t)count * sizeof(entries[0]),
		    (off_t)(first * sizeof(entries[0])));
	close(fd);
	for (count = 0; got >= (ssize_t)((count + 1) * sizeof(entries[0]));
	     count++)
		if (!(entries[count] >> 62)) /* present, swapped */
			break;
	count = (first + count) * page;
	return count > addr ? (size_t)(count - addr) : 0;
}

/*
 * What is needed is read whatever it takes; more of it only as far as the pages
 * are there, since a page that the target serves may never come (userfaultfd).
 */
dwunw_status_t dwu_memory_now(int32_t pid, uint64_t addr, void *dst,
			      size_t size, size_t room, size_t *got)
{
	size_t more = room > size ? there(pid, addr, room) : 0;
	dwunw_status_t status;

	if (more > room)
		more = room;
	*got = 0;
	status = read_vm(pid, addr, dst, more > size ? more : size, got);
	if (status == DWUNW_ERR_ATTACH_DENIED || *got >= size)
		return status;
	*got = size;
	return read_mem(pid, addr, dst, size);
}

/* --- files --------------------------------------------------------------------- */

void dwu_file_id_of(struct dwu_file_id *id, const struct stat *st)
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
		dwu_file_id_of(id, &st);
	return good ? DWUNW_OK : DWUNW_ERR_IO;
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

/* A path of the user's own: symbolic links are followed. */
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

/*
 * O_NONBLOCK and O_NOCTTY, though a regular file needs neither: the name was
 * checked, and this cannot hang if that changed.
 */
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
	dwu_file_id_of(&opened->id, &st);
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

/* --- threads ------------------------------------------------------------------- */

/* ESRCH is IO: the thread has ended. */
static dwunw_status_t ptrace_status(void)
{
	return errno == EPERM || errno == EACCES ? DWUNW_ERR_ATTACH_DENIED :
						   DWUNW_ERR_IO;
}

/*
 * ptrace(2) takes a pointer; glibc's macro and musl's prototype differ in the
 * type of NULL.
 */
static void *no_address(void)
{
	return NULL;
}

/* Without blocking for longer than until then. False: it did not change. */
static bool wait_change(int32_t tid, uint64_t until_ms, int *status, pid_t *got)
{
	struct timespec pause = { 0, 20 * 1000 };

	for (;;) {
		*got = waitpid(tid, status, __WALL | WNOHANG);
		if (*got > 0 || (*got < 0 && errno != EINTR))
			return true;
		if (dwu_now_ms() > until_ms)
			return false;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 5000 * 1000)
			pause.tv_nsec *= 2;
	}
}

/*
 * PTRACE_INTERRUPT shows as PTRACE_EVENT_STOP, also within a group-stop. A
 * signal that comes first is not ours to lose: the thread goes on with it.
 */
static dwunw_status_t wait_stop(int32_t tid, uint32_t wait_ms)
{
	uint64_t until_ms = dwu_now_ms() + wait_ms;

	for (unsigned int i = 0; i < SIGNALS_MAX; i++) {
		int status = 0;
		pid_t got;

		if (!wait_change(tid, until_ms, &status, &got)) {
			errno = ETIMEDOUT;
			return DWUNW_ERR_IO;
		}
		if (got < 0 || !WIFSTOPPED(status)) {
			errno = ESRCH;
			return DWUNW_ERR_IO;
		}
		if (status >> 16 == PTRACE_EVENT_STOP)
			return DWUNW_OK;
		if (ptrace(PTRACE_CONT, tid, no_address(),
			   (void *)(intptr_t)WSTOPSIG(status)))
			return DWUNW_ERR_IO;
	}
	errno = EBUSY;
	return DWUNW_ERR_IO;
}

/*
 * PTRACE_SEIZE stops nothing by itself and sends no SIGSTOP; PTRACE_INTERRUPT
 * stops.
 */
dwunw_status_t dwu_attach_now(int32_t tid, uint32_t wait_ms, bool *seized)
{
	*seized = !ptrace(PTRACE_SEIZE, tid, no_address(), no_address());
	if (!*seized ||
	    ptrace(PTRACE_INTERRUPT, tid, no_address(), no_address()))
		return ptrace_status();
	return wait_stop(tid, wait_ms);
}

/* Only a stopped thread can be let go of: one that runs is waited for. */
void dwu_detach_now(int32_t tid)
{
	if (!ptrace(PTRACE_DETACH, tid, no_address(), no_address()))
		return;
	if (wait_stop(tid, DWU_STOP_WAIT_MS) == DWUNW_OK)
		ptrace(PTRACE_DETACH, tid, no_address(), no_address());
}

/*
 * NT_PRSTATUS: of a 32-bit program on a 64-bit kernel fewer bytes than asked
 * for.
 */
dwunw_status_t dwu_regs_now(int32_t tid, void *dst, size_t size, size_t *got)
{
	struct iovec vec = { dst, size };

	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &vec))
		return ptrace_status();
	*got = vec.iov_len;
	return DWUNW_OK;
}
