/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * samples.h - heap.bpf.c's work in user space, for kernels without
 * CONFIG_BPF_EVENTS: calls and returns of one process come as perf samples
 * (dwunw/sampler.h), are paired here by the same rules (bpf/blocks.h), and make
 * the same events.
 */
#ifndef DWU_SAMPLES_H
#define DWU_SAMPLES_H

#include "heap.h"

#include <dwunw/loader.h>

/* What a probe tells of. */
enum dwu_call {
	DWU_CALL_MALLOC,
	DWU_CALL_CALLOC,
	DWU_CALL_REALLOC,
	DWU_CALL_POSIX_MEMALIGN,
	DWU_CALL_ALIGNED_ALLOC,
	DWU_CALL_MMAP,
	DWU_CALL_MREMAP,
	DWU_CALL_FREE,
	DWU_CALL_MUNMAP,
	DWU_CALL_RETURN,
};

struct dwu_samples_config {
	int32_t pid;
	uint32_t stack_size; /* bytes of stack with each return */
	uint32_t ring_size; /* of each CPU, for stacks; half of it for the rest */
	uint32_t live_max;
	bool by_pmu;	   /* see sampler.h */
	bool all_children; /* the same */
	dwunw_loader_event_fn on_event;
	void *ctx;
};

struct dwu_samples;

/* 0 or a negative errno, all four. */
int dwu_samples_open(struct dwu_samples **result,
		     const struct dwu_samples_config *config);
/* Not from on_event, nor start. */
int dwu_samples_probe(struct dwu_samples *samples, enum dwu_call kind,
		      const char *path, uint64_t off);
/* The probes are put on all threads. */
int dwu_samples_start(struct dwu_samples *samples);
/* What is younger than a few milliseconds waits for the next time unless `all`. */
int dwu_samples_read(struct dwu_samples *samples, int timeout_ms, bool all);

void dwu_samples_record(struct dwu_samples *samples, bool on);
/*
 * As those of capture.h and heap.h. NO_ROOM: allocations whose stack the kernel had
 * no room for; they are followed all the same. CALLS_FULL: calls at the time in more
 * threads than there is room for.
 */
uint64_t dwu_samples_counter(const struct dwu_samples *samples, uint32_t index);

/* What the kernel counted and had no room for. */
struct dwu_samples_losses {
	uint64_t entries;
	uint64_t frees; /* of those */
	uint64_t returns;
	uint64_t late_threads; /* whose first calls may have been missed */
	/* blocks that are not younger may have been freed: such a free may be
	 * among what was lost. 0: nothing was */
	uint64_t doubt_ns;
};
/* Reads all that is there. */
void dwu_samples_missing(struct dwu_samples *samples,
			 struct dwu_samples_losses *losses);

void dwu_samples_live(const struct dwu_samples *samples,
		      void (*visit)(void *ctx, uint64_t addr,
				    const struct live_block *block),
		      void *ctx);
/* Blocks that are older. */
void dwu_samples_forget(struct dwu_samples *samples, uint64_t time_ns);
/* Of its tables and buffers. */
uint64_t dwu_samples_bytes(const struct dwu_samples *samples);
/* NULL is well. */
void dwu_samples_close(struct dwu_samples *samples);

#endif
