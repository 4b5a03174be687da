/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * sample.h - one perf sample of a probe: what the kernel was asked for, and
 * what it then sent.
 *
 *   small   what tells of a block: the first arguments, the result, sp
 *   large   all registers and a piece of the stack
 */
#ifndef SAMPLE_H
#define SAMPLE_H

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
	uint32_t cpu;	  /* whose buffers it came through */
	bool at_return;
	bool large;
	bool capped;	    /* there was more stack than was asked for */
	uint16_t reg_count; /* by DWARF number, the pc last; small: 0 but those */
	uint64_t regs[SAMPLE_REGS];
	uint64_t sp;
	uint32_t stack_size; /* from sp on; 0: none was asked for */
	const uint8_t *stack;
};

/* A perf record that is being read. */
struct record {
	const uint8_t *at;
	const uint8_t *end;
	uint32_t type;
	uint16_t misc;
};

struct record record_open(const void *bytes);
/* 0 behind the end. */
uint64_t record_take(struct record *record);
/* Two u32, in this order. */
void record_take_pair(struct record *record, uint32_t *first, uint32_t *second);
/* Of those that the attributes of sample_attr() give. */
uint64_t record_time(const void *bytes);

struct perf_event_attr;
/* Identifier, thread and time with every record, by CLOCK_MONOTONIC. */
void sample_attr(struct perf_event_attr *attr);
/* … and registers; stack_size bytes of stack, a multiple of 8, or 0. */
void sample_attr_regs(struct perf_event_attr *attr, bool large,
		      uint32_t stack_size);
/* What follows identifier, thread and time. */
void sample_take(struct record *record, bool large, struct sample *sample);

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
/* A STACK event of a large sample, with key, cookie and value of *header. Its
 * size; 0: `room` is too small. */
size_t sample_event(const struct sample *sample,
		    const struct dwunw_event_header *header, void *bytes,
		    size_t room);

#endif
