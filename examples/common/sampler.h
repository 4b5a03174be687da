/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * sampler.h - probes without BPF: perf events of uprobes.
 *
 *   one event for each thread, probe and CPU -> perf buffers of that CPU
 *   a return has two: a small one, and a large one with registers and stack
 *
 * There are three buffers for each CPU: for small samples, for large ones, and
 * for what happens to processes. So a full one for stacks loses no block, and
 * what other processes do loses nothing of the target.
 *
 * Events of uprobes that have a number (probe_events.h) are inherited by threads
 * that start later, from their first instruction on; below Linux 5.13 by
 * children, too, whose samples are dropped by their pid. Without the right to
 * make them, threads are given events when their start is read: their first
 * calls may be missed, and sampler_late() counts those threads.
 *
 * All functions that return int give 0 or a negative errno.
 */
#ifndef SAMPLER_H
#define SAMPLER_H

#include "sample.h"

/* What else happened to the process, as enum dwunw_event_kind; 0: its
 * mappings of code have changed. `tid`: for FORK the child. */
struct sampler_change {
	uint16_t kind;
	uint32_t pid;
	uint32_t tid;
	uint64_t time_ns;
};

struct sampler_config {
	int32_t pid;
	uint32_t ring_size;  /* of each CPU, for large samples; a power of two */
	uint32_t small_size; /* the same for small ones */
	bool by_pmu;	     /* as without the right to make probe_events.h */
	bool all_children;   /* as below Linux 5.13 */
	void (*on_sample)(void *ctx, const struct sample *sample);
	void (*on_change)(void *ctx, const struct sampler_change *change);
	/* small samples before time_ns have been lost */
	void (*on_lost)(void *ctx, uint64_t time_ns);
	void *ctx;
};

/* The order in which probes begin; they end in the opposite one. So no block
 * is seen whose free is not. */
enum sampler_rank {
	SAMPLER_RETURN,
	SAMPLER_FREE,
	SAMPLER_BOTH, /* frees and allocates */
	SAMPLER_ALLOCATE,
	SAMPLER_RANKS
};

struct sampler_probe {
	const char *path;
	uint64_t off;
	enum sampler_rank rank; /* RETURN: a probe of the return */
	uint32_t stack_size;	/* with a large sample of each; 0: none */
	uint32_t cookie;
};

struct sampler;
int sampler_open(struct sampler **sampler, const struct sampler_config *config);
int sampler_probe(struct sampler *sampler, const struct sampler_probe *probe);
/* All probes that are new, on all threads. */
int sampler_start(struct sampler *sampler);
/* Probes count and send from now on, or not any more; all at first are off. */
void sampler_enable(struct sampler *sampler, bool on);
/* Hands over what is there, in the order of time over all buffers. What is
 * younger than a few milliseconds waits for the next time unless `all`. */
int sampler_read(struct sampler *sampler, int timeout_ms, bool all);

/*
 * Reads all that is there, and finds what the kernel has counted but had no
 * room for, up to *time_ns, a moment within this call.
 */
struct sampler_missing {
	uint64_t by_rank[SAMPLER_RANKS]; /* small samples */
	uint64_t large;
	uint64_t time_ns;
	/* all of them are known to be from before: */
	uint64_t last_ns;
};
struct sampler_missing sampler_missing(struct sampler *sampler);

uint64_t sampler_late(const struct sampler *sampler);
uint64_t sampler_bytes(const struct sampler *sampler);
void sampler_close(struct sampler *sampler);

#endif
