/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * map_watch.h - which processes have mapped code anew, by the records that
 * perf events have for it.
 *
 * Tracepoints of mmap and mprotect tell as well, but while a tracepoint of any
 * system call is in use, each system call of each process costs about 0.1 us
 * more; so does each return probe, which on x86_64 is a system call.
 *
 * Not heard: a processor that comes online later.
 *
 * The record of a change is written before the system call returns. So who
 * takes an event from another buffer and then asks here has heard of all the
 * changes that came before it.
 */
#ifndef MAP_WATCH_H
#define MAP_WATCH_H

#include <stdint.h>

struct map_watch;

/* pid 0: any process may have, records were lost. */
typedef void (*map_watch_fn)(void *ctx, int32_t pid);

/* 0 or a negative errno: -EACCES, -EPERM without CAP_PERFMON. */
int map_watch_open(struct map_watch **watch, map_watch_fn on_change, void *ctx);
/* NULL is well. One load for each processor, if there is nothing. */
void map_watch_read(struct map_watch *watch);
void map_watch_close(struct map_watch *watch);

#endif
