/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * trace/sample.h - one perf sample of a probe: what the kernel was asked for, and
 * what it then sent.
 */
#ifndef DWU_SAMPLE_H
#define DWU_SAMPLE_H

#include <dwunw/sampler.h>

/* A perf record that is being read. */
struct dwu_record {
	const uint8_t *at;
	const uint8_t *end;
	uint32_t type;
	uint16_t misc;
};

struct dwu_record dwu_record_open(const void *bytes);
/* 0 behind the end. */
uint64_t dwu_record_take(struct dwu_record *record);
/* Two u32, in this order. */
void dwu_record_take_pair(struct dwu_record *record, uint32_t *first,
			  uint32_t *second);
/* Of those that the attributes of dwu_sample_attr() give. */
uint64_t dwu_record_time(const void *bytes);

struct perf_event_attr;
/* Identifier, thread and time with every record, by CLOCK_MONOTONIC. */
void dwu_sample_attr(struct perf_event_attr *attr);
/* … and registers; stack_size bytes of stack, a multiple of 8, or 0. */
void dwu_sample_attr_regs(struct perf_event_attr *attr, bool large,
			  uint32_t stack_size);
/* What follows identifier, thread and time. */
void dwu_sample_take(struct dwu_record *record, bool large,
		     struct dwunw_sample *sample);

#endif
