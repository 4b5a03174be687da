/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What the kernel writes and user space reads without a call: BPF ring buffers
 * (Documentation/bpf/ringbuf.rst) and perf buffers (perf_event_open(2), MMAP
 * layout).
 *
 *	BPF ring	[consumer page][producer page][data][the same data again]
 *			record: length with 2 flag bits | page offset | bytes
 *	perf buffer	[control page: data_head, data_tail][data]
 *			record: perf_event_header { type, misc, size } | bytes
 *
 * For example, a ring of 64 KiB with the producer's position at 65,560 and ours
 * at 65,520: 40 bytes are new, and stand at offset 65,520 & 65,535 of the data;
 * of the BPF ring they are in one piece, since the data is mapped twice, of a
 * perf buffer the part that wraps is copied together.
 *
 * The kernel is trusted to write what its documents say; its positions are read
 * with acquire and ours written with release, so that no record is read before
 * it is there or overwritten while it is read.
 */
#include "rings.h"

#include "kernelfs.h"
#include "proc.h"
#include "scan_line.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A perf record's size field has 16 bits. */
#define RECORD_MAX 65536u

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* NULL: errno says why (EPERM: mlock limits of perf buffers). */
static uint8_t *map_pages(size_t size, int protection, int fd, size_t off)
{
	void *pages = mmap(NULL, size, protection, MAP_SHARED, fd, (off_t)off);

	return pages == MAP_FAILED ? NULL : pages;
}

/* --- BPF ring buffer (Documentation/bpf/ringbuf.rst) --------------------------- */

/*
 * The data is mapped twice behind each other by the kernel, so no record wraps.
 */
int dwu_ring_open(struct dwu_ring *ring, int fd, uint32_t size)
{
	*ring = (struct dwu_ring){ .fd = fd,
				   .size = size,
				   .page = page_size() };
	ring->consumer = map_pages(ring->page, PROT_READ | PROT_WRITE, fd, 0);
	ring->producer = map_pages(ring->page + 2 * (size_t)size, PROT_READ, fd,
				   ring->page);
	if (ring->consumer && ring->producer) {
		memcpy(&ring->position, ring->consumer, sizeof(long));
		return 0;
	}
	dwu_ring_close(ring);
	return errno ? -errno : -ENOMEM;
}

void dwu_ring_close(struct dwu_ring *ring)
{
	int error = errno;

	if (ring->consumer)
		munmap(ring->consumer, ring->page);
	if (ring->producer)
		munmap(ring->producer, ring->page + 2 * (size_t)ring->size);
	*ring = (struct dwu_ring){ .fd = -1 };
	errno = error;
}

/*
 * The position is given back after each record, so that a producer does not
 * wait for a whole batch.
 *
 * BUSY: a producer is still writing, and what is behind it waits as well. Ends
 * there, or where the producer is.
 */
uint32_t dwu_ring_read(struct dwu_ring *ring,
		       void (*on_record)(void *ctx, void *bytes, size_t size),
		       void *ctx)
{
	unsigned long *given_back = (unsigned long *)(void *)ring->consumer;
	unsigned long *written = (unsigned long *)(void *)ring->producer;
	uint32_t count = 0;

	while (ring->position != __atomic_load_n(written, __ATOMIC_ACQUIRE)) {
		uint8_t *at = ring->producer + ring->page +
			      (ring->position & (ring->size - 1));
		uint32_t length = __atomic_load_n((uint32_t *)(void *)at,
						  __ATOMIC_ACQUIRE);
		uint32_t size = length & ~(BPF_RINGBUF_BUSY_BIT |
					   BPF_RINGBUF_DISCARD_BIT);

		if (length & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(length & BPF_RINGBUF_DISCARD_BIT)) {
			on_record(ctx, at + BPF_RINGBUF_HDR_SZ, size);
			count++;
		}
		ring->position += (size + BPF_RINGBUF_HDR_SZ + 7) & ~7ul;
		__atomic_store_n(given_back, ring->position, __ATOMIC_RELEASE);
	}
	return count;
}

/* --- perf buffers (perf_event_open(2), MMAP layout) ------------------------------ */

/* A record has at most 64 KiB (16 bits of size), and so has the copy. */
int dwu_perf_ring_open(struct dwu_perf_ring *ring, int fd, uint32_t size)
{
	*ring = (struct dwu_perf_ring){ .fd = fd,
					.size = size,
					.page = page_size() };
	ring->copy = malloc(RECORD_MAX);
	ring->pages =
		map_pages(ring->page + size, PROT_READ | PROT_WRITE, fd, 0);
	if (ring->copy && ring->pages)
		return 0;
	dwu_perf_ring_close(ring);
	return errno ? -errno : -ENOMEM;
}

void dwu_perf_ring_close(struct dwu_perf_ring *ring)
{
	int error = errno;

	if (ring->pages)
		munmap(ring->pages, ring->page + ring->size);
	if (ring->fd >= 0)
		close(ring->fd);
	free(ring->copy);
	*ring = (struct dwu_perf_ring){ .fd = -1 };
	errno = error;
}

/* The low half of a 64-bit field that a 32-bit kernel may write by halves. */
static uint32_t load_low(const void *field)
{
	const uint32_t *halves = field;
	const uint16_t one = 1;
	uint8_t little;

	memcpy(&little, &one, 1);
	return __atomic_load_n(&halves[little ? 0 : 1], __ATOMIC_ACQUIRE);
}

void dwu_perf_ring_update(struct dwu_perf_ring *ring)
{
	struct perf_event_mmap_page *control = (void *)ring->pages;

	ring->ready = load_low(&control->data_head) - (uint32_t)ring->position;
}

/* In place, or, if it wraps, a copy. */
const void *dwu_perf_ring_next(struct dwu_perf_ring *ring)
{
	uint32_t at = (uint32_t)ring->position & (ring->size - 1);
	const uint8_t *data = ring->pages + ring->page;
	struct perf_event_header header;
	uint32_t first = ring->size - at;

	if (ring->ready < sizeof(header))
		return NULL;
	/* records are 8-byte aligned: their headers never wrap */
	memcpy(&header, data + at, sizeof(header));
	if (header.size <= first)
		return data + at;
	memcpy(ring->copy, data + at, first);
	memcpy(ring->copy + first, data, header.size - first);
	return ring->copy;
}

/* A size that makes no sense drops what there is, so that reading goes on. */
void dwu_perf_ring_drop(struct dwu_perf_ring *ring)
{
	struct perf_event_mmap_page *control = (void *)ring->pages;
	uint32_t at = (uint32_t)ring->position & (ring->size - 1);
	struct perf_event_header header;

	memcpy(&header, ring->pages + ring->page + at, sizeof(header));
	if (header.size < sizeof(header) || header.size > ring->ready)
		header.size = (uint16_t)(ring->ready < UINT16_MAX ?
						 ring->ready :
						 UINT16_MAX);
	ring->position += header.size;
	ring->ready -= header.size;
	/* all that was read of the record is read before the kernel may
	 * write there; a 32-bit kernel looks at the low half only */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*(volatile __u64 *)&control->data_tail = ring->position;
}

/* PERF_FLAG_FD_CLOEXEC: a program that the tool starts gets none of them. */
int dwu_perf_open(void *attr, int32_t pid, int cpu)
{
	long fd = syscall(SYS_perf_event_open, attr, pid, cpu, -1,
			  PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

int dwu_perf_type(const char *pmu)
{
	char path[64], text[16];
	int error;

	snprintf(path, sizeof(path), "bus/event_source/devices/%s/type", pmu);
	error = dwu_sysfs_read(path, text, sizeof(text));
	return error ? error : atoi(text) > 0 ? atoi(text) : -ENOENT;
}

/* "0-3,5", or of /proc/stat, where there is no sysfs, "cpu0 …" lines. */
static int cpu_of_stat(int from)
{
	FILE *file = dwu_proc_open("/proc/stat");
	int cpu, found = -1;
	char line[2048];

	while (file && found < 0 && fgets(line, sizeof(line), file)) {
		if (dwu_scan_line(line, "cpu%d", &cpu) == 1 && cpu >= from)
			found = cpu;
	}
	if (!file && !from)
		found = 0;
	dwu_proc_close(file);
	return found;
}

int dwu_cpu_online(int from)
{
	char text[1024], *at = text, *end;

	if (dwu_sysfs_read("devices/system/cpu/online", text, sizeof(text)))
		return cpu_of_stat(from);
	for (;; at = end + 1) {
		int first = (int)strtol(at, &end, 10), last = first;

		if (end == at)
			return -1;
		if (*end == '-')
			last = (int)strtol(end + 1, &end, 10);
		if (from <= last)
			return from < first ? first : from;
		if (*end != ',')
			return -1;
	}
}
