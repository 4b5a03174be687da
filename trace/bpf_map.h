/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* trace/bpf_map.h - bpf(2). */
#ifndef DWU_BPF_MAP_H
#define DWU_BPF_MAP_H

#include <dwunw/loader.h>

union bpf_attr;

/* bpf(2). A result, or a negative errno. */
int dwu_bpf_call(int command, union bpf_attr *attr);
/* A pointer as bpf(2) and perf_event_open(2) take it. */
uint64_t dwu_bpf_address(const void *pointer);

/* The kernel's memory of one map; 0: it does not tell. */
uint64_t dwu_bpf_map_memory(int fd);

#endif
