/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/sampler.h - probes without BPF: perf events of uprobes.
 *
 *   one event for each thread, probe and CPU -> perf buffers of that CPU
 *   a return has two: a small one, and a large one with registers and stack
 *
 * There are three buffers for each CPU: for small samples, for large ones, and
 * for what happens to processes. So a full one for stacks loses no block, and
 * what other processes do loses nothing of the target.
 *
 * Events of uprobes that have a number, made through tracefs, are inherited by
 * threads that start later, from their first instruction on; below Linux 5.13
 * by children, too, whose samples are dropped by their pid. Without the right
 * to make them, threads are given events when their start is read: their first
 * calls may be missed, and dwunw_sampler_late() counts those threads.
 *
 * All functions that return int give 0 or a negative errno.
 */
#ifndef DWUNW_SAMPLER_H
#define DWUNW_SAMPLER_H

#include <dwunw/event.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DWUNW_SAMPLE_REGS 33

/*
 * One sample of a probe.
 *
 *   small   what tells of a block: the first arguments, the result, sp
 *   large   all registers and a piece of the stack
 */
struct dwunw_sample {
	uint32_t pid;
	uint32_t tid;
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint32_t cookie;  /* of the probe */
	uint32_t cpu;	  /* whose buffers it came through */
	bool at_return;
	bool large;
	bool capped;	    /* there was more stack than was asked for */
	uint16_t reg_count; /* by DWARF number, the pc last; small: 0 but those */
	uint64_t regs[DWUNW_SAMPLE_REGS];
	uint64_t sp;
	uint32_t stack_size; /* from sp on; 0: none was asked for */
	const uint8_t *stack;
};

/* By the C calling convention: the first arguments, the result; and what a
 * return adds to sp. */
uint64_t dwunw_sample_argument(const struct dwunw_sample *sample,
			       unsigned index);
uint64_t dwunw_sample_result(const struct dwunw_sample *sample);
uint64_t dwunw_sample_return_pops(void);
/* The largest unsigned long. */
uint64_t dwunw_sample_word_max(void);

/* A header of this machine, everything else 0. */
struct dwunw_event_header dwunw_sample_header(uint16_t kind, uint32_t pid,
					      uint32_t tid, uint64_t time_ns);
/* A STACK event of a large sample, with key, cookie and value of *header. Its
 * size; 0: `room` is too small. */
size_t dwunw_sample_event(const struct dwunw_sample *sample,
			  const struct dwunw_event_header *header, void *bytes,
			  size_t room);

/* What else happened to the process, as enum dwunw_event_kind; 0: its
 * mappings of code have changed. `tid`: for FORK the child. */
struct dwunw_sampler_change {
	uint16_t kind;
	uint32_t pid;
	uint32_t tid;
	uint64_t time_ns;
};

struct dwunw_sampler_config {
	size_t size; /* see types.h, "What may grow" */
	int32_t pid;
	uint32_t ring_size; /* of each CPU, for large samples; a power of two */
	uint32_t small_size; /* the same for small ones */
	bool by_pmu;	     /* as without the right to make such events */
	bool all_children;   /* as below Linux 5.13 */
	void (*on_sample)(void *ctx, const struct dwunw_sample *sample);
	void (*on_change)(void *ctx, const struct dwunw_sampler_change *change);
	/* small samples before time_ns have been lost */
	void (*on_lost)(void *ctx, uint64_t time_ns);
	void *ctx;
};

/* The order in which probes begin; they end in the opposite one. So no block
 * is seen whose free is not. */
enum dwunw_sampler_rank {
	DWUNW_SAMPLER_RETURN,
	DWUNW_SAMPLER_FREE,
	DWUNW_SAMPLER_BOTH, /* frees and allocates */
	DWUNW_SAMPLER_ALLOCATE,
	DWUNW_SAMPLER_RANKS
};

struct dwunw_sampler_probe {
	const char *path;
	uint64_t off;
	enum dwunw_sampler_rank rank; /* RETURN: a probe of the return */
	uint32_t stack_size;	      /* with a large sample of each; 0: none */
	uint32_t cookie;
};

struct dwunw_sampler;
/* 0; else -errno, -EINVAL also for a `size` that no version has. */
int dwunw_sampler_open(struct dwunw_sampler **sampler,
		       const struct dwunw_sampler_config *config);
int dwunw_sampler_add(struct dwunw_sampler *sampler,
		      const struct dwunw_sampler_probe *probe);
/* All probes that are new, on all threads. */
int dwunw_sampler_start(struct dwunw_sampler *sampler);
/* Probes count and send from now on, or not any more; all at first are off. */
void dwunw_sampler_enable(struct dwunw_sampler *sampler, bool on);
/* Hands over what is there, in the order of time over all buffers. What is
 * younger than a few milliseconds waits for the next time unless `all`. */
int dwunw_sampler_read(struct dwunw_sampler *sampler, int timeout_ms, bool all);

/*
 * Reads all that is there, and finds what the kernel has counted but had no
 * room for, up to *time_ns, a moment within this call.
 */
struct dwunw_sampler_losses {
	uint64_t by_rank[DWUNW_SAMPLER_RANKS]; /* small samples */
	uint64_t large;
	uint64_t time_ns;
	/* all of them are known to be from before: */
	uint64_t last_ns;
};
struct dwunw_sampler_losses
dwunw_sampler_missing(struct dwunw_sampler *sampler);

uint64_t dwunw_sampler_late(const struct dwunw_sampler *sampler);
uint64_t dwunw_sampler_bytes(const struct dwunw_sampler *sampler);
void dwunw_sampler_close(struct dwunw_sampler *sampler);

#ifdef __cplusplus
}
#endif

#endif
