/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * sampler.h - probes without BPF: events of the uprobe PMU, each with the
 * thread's registers and a piece of its stack.
 *
 *   one event for each thread, probe and CPU -> one perf buffer for each CPU
 *
 * An inherited uprobe event would make clone(2) fail in the target (the kernel
 * reads the path's pointer again, in the wrong process), so threads that start
 * later are given events when their start is read: their first calls may be
 * missed, and sampler_late() counts those threads. Wants CONFIG_UPROBE_EVENTS
 * and PERF_SAMPLE_STACK_USER. All functions that return int give 0 or a
 * negative errno.
 */
#ifndef SAMPLER_H
#define SAMPLER_H

#include <dwunw/event.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAMPLE_REGS 33

struct sample {
	uint32_t pid;
	uint32_t tid;
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint32_t cookie;  /* of the probe */
	bool at_return;
	bool capped;	    /* there was more stack than was asked for */
	uint16_t reg_count; /* by DWARF number, the pc last */
	uint64_t regs[SAMPLE_REGS];
	uint64_t sp;
	uint32_t stack_size; /* from sp on; 0: none was asked for */
	const uint8_t *stack;
};

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
	uint32_t ring_size; /* of each CPU, a power of two */
	void (*on_sample)(void *ctx, const struct sample *sample);
	void (*on_change)(void *ctx, const struct sampler_change *change);
	void *ctx;
};

struct sampler;
int sampler_open(struct sampler **sampler, const struct sampler_config *config);
/* stack_size: bytes of stack with each sample, a multiple of 8, or 0. */
int sampler_probe(struct sampler *sampler, const char *path, uint64_t off,
		  bool at_return, uint32_t stack_size, uint32_t cookie);
/* Probes count and send from now on, or not any more; all at first are off. */
void sampler_enable(struct sampler *sampler, bool on);
/* Hands over what is there, in the order of time over all CPUs. What is
 * younger than a few milliseconds waits for the next time unless `all`. */
int sampler_read(struct sampler *sampler, int timeout_ms, bool all);

/* Hits of the return probes, as the kernel counts them: also of those samples
 * that found no room. */
uint64_t sampler_returns(struct sampler *sampler);
uint64_t sampler_late(const struct sampler *sampler);
uint64_t sampler_bytes(const struct sampler *sampler);
void sampler_close(struct sampler *sampler);

/* By the C calling convention: the first arguments, the result; and what a
 * return adds to sp. */
uint64_t sample_argument(const struct sample *sample, unsigned index);
uint64_t sample_result(const struct sample *sample);
uint64_t sample_return_pops(void);
/* The largest unsigned long. */
uint64_t sample_word_max(void);

/* A header of this machine, everything else 0. */
struct dwunw_event_header sample_header(uint16_t kind, uint32_t pid,
					uint32_t tid, uint64_t time_ns);
/* A STACK event of the sample, with key, cookie and value of *header. Its
 * size; 0: `room` is too small. */
size_t sample_event(const struct sample *sample,
		    const struct dwunw_event_header *header, void *bytes,
		    size_t room);

#endif
