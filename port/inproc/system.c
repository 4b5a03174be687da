/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The kernel, called directly: open(3) and read(3) may end a thread that was
 * cancelled, and none of this may, in the middle of the program's malloc.
 *
 * errno is the caller's to keep (event.c does).
 */
#include "inproc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define PAGES_MAX 8u

#ifdef SYS_mmap2
#define CALL_MMAP SYS_mmap2
#else
#define CALL_MMAP SYS_mmap
#endif

/* musl's name where long has 32 bits, as it knows another call with 64 */
#ifdef SYS_clock_gettime32
#define CALL_CLOCK SYS_clock_gettime32
#else
#define CALL_CLOCK SYS_clock_gettime
#endif

DWU_TLS struct dwu_inproc_tls dwu_inproc_tls;

void *dwu_inproc_pages(size_t size)
{
	long at = syscall(CALL_MMAP, NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0l);

	return at == -1 ? NULL : (void *)at;
}

void dwu_inproc_unmap(void *at, size_t size)
{
	if (at)
		syscall(SYS_munmap, at, size);
}

/* Drepper, "Futexes are tricky", mutex 2. */
void dwu_inproc_take(struct dwu_inproc_lock *lock)
{
	uint32_t free = 0;

	dwu_inproc_tls.locks++;
	if (__atomic_compare_exchange_n(&lock->word, &free, 1, false,
					__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&lock->word, 2, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &lock->word, FUTEX_WAIT_PRIVATE, 2, NULL);
}

void dwu_inproc_give(struct dwu_inproc_lock *lock)
{
	if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2)
		syscall(SYS_futex, &lock->word, FUTEX_WAKE_PRIVATE, 1);
	dwu_inproc_tls.locks--;
}

ptrdiff_t dwu_inproc_read(const char *path, char *text, size_t room)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC),
	     got;
	size_t used = 0;

	if (fd < 0)
		return -1;
	do {
		got = syscall(SYS_read, fd, text + used, room - used);
		used += got > 0 ? (size_t)got : 0;
	} while ((got > 0 && used < room) || (got < 0 && errno == EINTR));
	syscall(SYS_close, fd);
	return got < 0 ? -1 : (ptrdiff_t)used;
}

/* The kernel splits no element, so each page is an element. */
size_t dwu_inproc_copy(uint64_t addr, void *dst, size_t size)
{
	struct iovec here = { dst, size }, there[PAGES_MAX];
	unsigned long n = 0;
	size_t done = 0, part;
	long got;

	for (; done < size && n < PAGES_MAX; done += part, n++) {
		part = PAGE - (addr + done) % PAGE;
		part = part < size - done ? part : size - done;
		there[n].iov_base = (void *)(uintptr_t)(addr + done);
		there[n].iov_len = part;
	}
	here.iov_len = done;
	got = syscall(SYS_process_vm_readv, dwu_inproc_pid(), &here, 1ul, there,
		      n, 0ul);
	return got > 0 ? (size_t)got : 0;
}

dwunw_status_t dwu_inproc_peek(void *ctx, uint64_t addr, void *dst, size_t size)
{
	(void)ctx;
	return dwu_inproc_copy(addr, dst, size) == size ? DWUNW_OK :
							  DWUNW_ERR_INVALID_ARG;
}

int32_t dwu_inproc_pid(void)
{
	return (int32_t)syscall(SYS_getpid);
}

static uint64_t time_of(int clock)
{
	unsigned long now[2] = { 0 }; /* seconds and nanoseconds */

	syscall(CALL_CLOCK, clock, now);
	return (uint64_t)now[0] * 1000000000u + now[1];
}

uint64_t dwu_inproc_now(void)
{
	return time_of(CLOCK_MONOTONIC);
}

uint64_t dwu_inproc_real_now(void)
{
	return time_of(CLOCK_REALTIME);
}

void dwu_inproc_say(const char *text, const char *detail)
{
	struct iovec parts[] = {
		{ (void *)"dwunw-preload: ", 15 },
		{ (void *)text, strlen(text) },
		{ (void *)": ", detail ? 2 : 0 },
		{ (void *)detail, detail ? strlen(detail) : 0 },
		{ (void *)"\n", 1 },
	};

	syscall(SYS_writev, STDERR_FILENO, parts, 5ul);
}
