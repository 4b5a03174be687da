/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * bpf_map.h - bpf(2) on the maps of a loaded object.
 */
#ifndef BPF_MAP_H
#define BPF_MAP_H

#include <stddef.h>
#include <stdint.h>

union bpf_attr;

/* bpf(2). A result, or a negative errno. */
int bpf_call(int command, union bpf_attr *attr);
/* A pointer as bpf(2) and perf_event_open(2) take it. */
uint64_t bpf_address(const void *pointer);

int bpf_map_get(int fd, const void *key, void *value);
int bpf_map_set(int fd, const void *key, const void *value);
int bpf_map_remove(int fd, const void *key);

/*
 * The next entries, up to `*count` of them, which then is their number.
 * `position` holds a key's bytes, 8 at least; `first`: from the start.
 * 1: there are more; 0: these were the last. Needs Linux 5.6.
 */
int bpf_map_batch(int fd, uint64_t *position, int first, void *keys,
		  void *values, uint32_t *count);

/* The kernel's memory of one map; 0: it does not tell. */
uint64_t bpf_map_memory(int fd);

#endif
