/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What the recording is made of, in memory that outlives the process: a file that the
 * tool holds open (DWUNW_INPROC_TABLES), mapped shared. So it is there when a signal
 * has ended the program, kill -9 among them.
 *
 *	page 0	struct dwu_kept: counters, and where each table is
 *	then	tables, one after the other, as they are asked for
 *
 * The tables have pointers to each other, so another process that reads them maps them
 * at the same address. It is the same program with the same library in it, which finds
 * DWUNW_INPROC_REST, writes the recording and ends, before the program begins.
 *
 * Without such a file all of it is the process's own.
 */
#include "inproc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 65536u /* the largest there is */
#define SIZE_LOG2 DWU_ROOM(36, 27)
#define SIZE_LOG2_LEAST 26
#define MAGIC 0x74666c6564777564ull

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifdef SYS_mmap2
#define CALL_MMAP SYS_mmap2
#else
#define CALL_MMAP SYS_mmap
#endif
#ifdef SYS_ftruncate64
#define CALL_TRUNCATE SYS_ftruncate64
#else
#define CALL_TRUNCATE SYS_ftruncate
#endif

static struct dwu_kept own;
struct dwu_kept *dwu_kept = &own;
static bool rest; /* another process's: nothing is added */

/* --- the file ------------------------------------------------------------------------- */

static void *map(void *at, size_t size, int flags, long fd)
{
	long got = syscall(CALL_MMAP, at, size, PROT_READ | PROT_WRITE, flags,
			   fd, 0l);

	return got == -1 ? NULL : (void *)got;
}

/* o32 has 64 bits in an even pair of registers, in the machine's order. */
static bool resize(long fd, size_t size)
{
#ifdef SYS_ftruncate64
	const uint32_t big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

	return !syscall(CALL_TRUNCATE, fd, 0l, big ? 0l : (long)size,
			big ? (long)size : 0l);
#else
	return !syscall(CALL_TRUNCATE, fd, size);
#endif
}

/* As large as may be: what is not touched costs nothing. */
static bool map_new(long fd)
{
	struct dwu_kept *at = NULL;
	size_t size = 0;

	for (int log2 = SIZE_LOG2; !at && log2 >= SIZE_LOG2_LEAST; log2--) {
		size = (size_t)1 << log2;
		if (resize(fd, 0) && resize(fd, size))
			at = map(NULL, size, MAP_SHARED | MAP_NORESERVE, fd);
	}
	if (!at)
		return false;
	at->base = (uint64_t)(uintptr_t)at;
	at->size = size;
	at->used = 1;
	at->magic = MAGIC;
	dwu_kept = at;
	return true;
}

long dwu_kept_make(void)
{
	long fd = syscall(SYS_memfd_create, "dwunw-tables", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (map_new(fd))
		return fd;
	syscall(SYS_close, fd);
	return -ENOMEM;
}

void dwu_kept_close(void)
{
	struct dwu_kept *was = dwu_kept;

	dwu_kept = &own;
	own = (struct dwu_kept){ 0 };
	if (was != &own)
		dwu_inproc_unmap(was, (size_t)was->size);
}

static long map_all(void *base, size_t size, long fd)
{
	const int flags = MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
	void *at = map(base, size, flags, fd);

	if (at && at != base) /* Linux before 4.17 takes it for a hint */
		dwu_inproc_unmap(at, size);
	if (at != base)
		return DWU_REST_AGAIN;
	dwu_kept = at;
	rest = true;
	return 0;
}

static long map_rest(long fd)
{
	struct dwu_kept *head = map(NULL, PAGE, MAP_PRIVATE, fd);
	long status = DWU_REST_NONE;

	if (head && head->magic == MAGIC && head->state == DWU_KEPT_LIVE)
		status = map_all((void *)(uintptr_t)head->base,
				 (size_t)head->size, fd);
	dwu_inproc_unmap(head, PAGE);
	return status;
}

static long open_file(const char *path)
{
	return syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
}

bool dwu_kept_open(const char *path)
{
	long fd = open_file(path);
	bool done = fd >= 0 && map_new(fd);

	if (fd >= 0)
		syscall(SYS_close, fd);
	return done;
}

/* A file without a byte has no page to map. */
long dwu_kept_open_rest(const char *path)
{
	long fd = open_file(path), status = DWU_REST_NONE;

	if (fd >= 0 && syscall(SYS_lseek, fd, 0l, SEEK_END) >= (long)PAGE)
		status = map_rest(fd);
	if (fd >= 0)
		syscall(SYS_close, fd);
	return status;
}

/* --- tables ----------------------------------------------------------------------------- */

void *dwu_kept_pages(size_t size)
{
	uint32_t pages = (uint32_t)((size + PAGE - 1) / PAGE), at;

	if (!dwu_kept->base)
		return dwu_inproc_pages(size);
	at = __atomic_load_n(&dwu_kept->used, __ATOMIC_RELAXED);
	if (rest || pages > dwu_kept->size / PAGE - at)
		return NULL;
	at = __atomic_fetch_add(&dwu_kept->used, pages, __ATOMIC_RELAXED);
	if (pages > dwu_kept->size / PAGE - at)
		return NULL;
	return (void *)(uintptr_t)(dwu_kept->base + (uint64_t)at * PAGE);
}

void dwu_kept_drop(void *at, size_t size)
{
	if (!dwu_kept->base)
		dwu_inproc_unmap(at, size);
}

void *dwu_kept_table(enum dwu_kept_root root, size_t size)
{
	if (!rest)
		dwu_kept->roots[root] = dwu_kept_pages(size);
	return dwu_kept->roots[root];
}

void dwu_kept_name(void)
{
	char *name = dwu_kept->name;
	ptrdiff_t size = dwu_inproc_read("/proc/self/comm", name,
					 sizeof(dwu_kept->name) - 1);

	name[size > 0 ? size : 0] = 0;
	name[strcspn(name, "\n")] = 0;
}
