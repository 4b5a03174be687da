/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Who has mapped something executable? A dummy event on each CPU with
 * attr.mmap: the kernel writes a record for each such mapping of any process,
 * and nobody is woken.
 *
 * For example, dlopen() of a plugin in process 4711 gives PERF_RECORD_MMAP with
 * pid 4711; before the next stack of 4711 is looked at, dwunw_map_watch_read()
 * calls on_change(4711), and its mappings are read anew. on_change(0): some
 * were lost, so any process may have changed.
 */
#include "rings.h"

#include <dwunw/trace.h>

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CPUS 256
#define BUFFER_PAGES 8u /* some hundred mappings of libraries */
/* A record, its file's path at the longest. */
#define RECORD_MAX 4352u

struct dwunw_map_watch {
	dwunw_map_watch_fn on_change;
	void *ctx;
	uint32_t count;
	struct dwu_perf_ring rings[CPUS];
};

/* The ring owns the descriptor, also where it could not be opened. */
static int open_on(struct dwunw_map_watch *watch, int cpu)
{
	uint32_t size = BUFFER_PAGES * (uint32_t)sysconf(_SC_PAGESIZE);
	struct perf_event_attr attr;
	int fd, error;

	if (watch->count == CPUS)
		return -ENOSPC;
	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_DUMMY;
	attr.mmap = 1; /* what is executable */
	/* nobody is woken: it is read when there is something to compare */
	attr.watermark = 1;
	attr.wakeup_watermark = size;
	fd = dwu_perf_open(&attr, -1, cpu);
	if (fd < 0)
		return fd;
	error = dwu_perf_ring_open(&watch->rings[watch->count], fd, size);
	watch->count += !error;
	return error;
}

int dwunw_map_watch_open(struct dwunw_map_watch **result,
			 dwunw_map_watch_fn on_change, void *ctx)
{
	struct dwunw_map_watch *watch = calloc(1, sizeof(*watch));
	int error = 0;

	if (!watch)
		return -ENOMEM;
	watch->on_change = on_change;
	watch->ctx = ctx;
	for (int cpu = dwu_cpu_online(0); cpu >= 0 && !error;
	     cpu = dwu_cpu_online(cpu + 1))
		error = open_on(watch, cpu);
	if (error)
		dwunw_map_watch_close(watch);
	else
		*result = watch;
	return error;
}

/* The u32 behind the header is a mapping's pid. */
static void see(const struct dwunw_map_watch *watch, const void *record)
{
	struct perf_event_header header;
	int32_t pid = 0;

	memcpy(&header, record, sizeof(header));
	if (header.type == PERF_RECORD_MMAP)
		memcpy(&pid, (const uint8_t *)record + sizeof(header),
		       sizeof(pid));
	if (pid > 0 || header.type == PERF_RECORD_LOST)
		watch->on_change(watch->ctx, pid);
}

/* NULL is well: without a watch the caller looks at all mappings itself. */
void dwunw_map_watch_read(struct dwunw_map_watch *watch)
{
	for (uint32_t i = 0; watch && i < watch->count; i++) {
		const void *record;

		dwu_perf_ring_update(&watch->rings[i]);
		/* what was lost then is told with the next record only */
		if (watch->rings[i].ready > watch->rings[i].size - RECORD_MAX)
			watch->on_change(watch->ctx, 0);
		while ((record = dwu_perf_ring_next(&watch->rings[i]))) {
			see(watch, record);
			dwu_perf_ring_drop(&watch->rings[i]);
		}
	}
}

void dwunw_map_watch_close(struct dwunw_map_watch *watch)
{
	if (!watch)
		return;
	for (uint32_t i = 0; i < watch->count; i++)
		dwu_perf_ring_close(&watch->rings[i]);
	free(watch);
}
