/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * sampled.h - memleak.bpf.c's work in user space, for kernels without
 * CONFIG_BPF_EVENTS: calls and returns come as perf samples (sampler.h), are
 * paired here by the same rules (blocks.h), and make the same events.
 */
#ifndef SAMPLED_H
#define SAMPLED_H

#include "memleak.h"

#include <dwunw/loader.h>

enum sampled_kind {
	SAMPLED_MALLOC,
	SAMPLED_CALLOC,
	SAMPLED_REALLOC,
	SAMPLED_POSIX_MEMALIGN,
	SAMPLED_ALIGNED_ALLOC,
	SAMPLED_MMAP,
	SAMPLED_MREMAP,
	SAMPLED_FREE,
	SAMPLED_MUNMAP,
	SAMPLED_RETURN,
};

struct sampled_config {
	int32_t pid;
	uint32_t stack_size; /* bytes of stack with each return */
	uint32_t ring_size; /* of each CPU, for stacks; half of it for the rest */
	uint32_t live_max;
	bool by_pmu;	   /* see sampler.h */
	bool all_children; /* the same */
	dwunw_loader_event_fn on_event;
	void *ctx;
};

struct sampled;

/* 0 or a negative errno, all four. */
int sampled_open(struct sampled **sampled, const struct sampled_config *config);
int sampled_probe(struct sampled *sampled, enum sampled_kind kind,
		  const char *path, uint64_t off);
/* The probes are put on all threads. */
int sampled_start(struct sampled *sampled);
int sampled_read(struct sampled *sampled, int timeout_ms);

void sampled_record(struct sampled *sampled, bool on);
/*
 * As those of capture.h. CALLS are the allocations that were seen and the
 * DROP_BUFFER those of them whose stack the kernel had no room for: they are
 * followed all the same. DROP_TOOL: calls at the time in more threads than
 * there is room for. LOST_…: what it counted, and had no room for either.
 */
void sampled_counters(struct sampled *sampled, uint64_t *counters);
/* Blocks that are not younger may have been freed: such a free may be among what
 * was lost, as of the last sampled_counters(). 0: none was. */
uint64_t sampled_doubt_ns(const struct sampled *sampled);
void sampled_live(struct sampled *sampled, uint64_t time_ns,
		  void (*visit)(void *ctx, const struct live_block *block),
		  void *ctx);
/* Of its tables and buffers. */
uint64_t sampled_bytes(const struct sampled *sampled);
void sampled_close(struct sampled *sampled);

#endif
