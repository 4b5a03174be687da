/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * rings.h - reading what the kernel writes: BPF ring buffers, perf buffers.
 *
 * Positions only grow. They are compared by their low 32 bits: the kernel's
 * are unsigned long, which on a 32-bit kernel is all of data_head that is
 * ever written, and no buffer is larger than 1 GiB.
 */
#ifndef RINGS_H
#define RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One BPF_MAP_TYPE_RINGBUF. */
struct dwu_ring {
	int fd; /* the map's */
	uint32_t size;
	size_t page;
	uint8_t *consumer; /* one page */
	uint8_t *producer; /* one page, then the data, twice */
	unsigned long position;
};

/* size: the map's max_entries. 0 or a negative errno. */
int dwu_ring_open(struct dwu_ring *ring, int fd, uint32_t size);
void dwu_ring_close(struct dwu_ring *ring);
/* Hands over all that is there; their number. */
uint32_t dwu_ring_read(struct dwu_ring *ring,
		       void (*on_record)(void *ctx, void *bytes, size_t size),
		       void *ctx);

/* One buffer of a perf event. */
struct dwu_perf_ring {
	int fd;
	uint32_t size;
	size_t page;
	uint8_t *pages; /* the control page, then the data */
	uint8_t *copy;	/* of a record that wraps; 64 KiB */
	uint64_t position;
	uint32_t ready; /* bytes from position on that are records */
};

/* fd: of a perf event, owned from here on. size: its data, a power of two. */
int dwu_perf_ring_open(struct dwu_perf_ring *ring, int fd, uint32_t size);
void dwu_perf_ring_close(struct dwu_perf_ring *ring);

/* Sees how much is there now, for dwu_perf_ring_next(). */
void dwu_perf_ring_update(struct dwu_perf_ring *ring);
/* The next record, a struct perf_event_header and what follows; NULL: none.
 * It stays until dwu_perf_ring_drop(). 8-byte aligned. */
const void *dwu_perf_ring_next(struct dwu_perf_ring *ring);
void dwu_perf_ring_drop(struct dwu_perf_ring *ring);

/* perf_event_open(2); attr is a struct perf_event_attr. fd or -errno. */
int dwu_perf_open(void *attr, int32_t pid, int cpu);
/* The type of a PMU, "uprobe" or "kprobe", or a negative errno: there is none. */
int dwu_perf_type(const char *pmu);
/* The next CPU that is online, from `from` on; -1: no more. */
int dwu_cpu_online(int from);

#endif
