/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * heap/samples.c with a sampler that says what it is told to:
 * the two samples of a return, small and large, make one block with its stack,
 * in either order, however far apart; and nothing else makes a pair.
 */
#include "heap/samples.h"
#include "tap.h"
#include <dwunw/sampler.h>

#include <stdlib.h>
#include <string.h>

static struct dwunw_sampler_config sampler;
static uint64_t keys[16], sizes[16];
static unsigned events;
static uint64_t now;

int dwunw_sampler_open(struct dwunw_sampler **made,
		       const struct dwunw_sampler_config *config)
{
	sampler = *config;
	*made = NULL;
	return 0;
}

int dwunw_sampler_add(struct dwunw_sampler *s,
		      const struct dwunw_sampler_probe *probe)
{
	(void)s;
	(void)probe;
	return 0;
}

int dwunw_sampler_start(struct dwunw_sampler *s)
{
	(void)s;
	return 0;
}

void dwunw_sampler_enable(struct dwunw_sampler *s, bool on)
{
	(void)s;
	(void)on;
}

int dwunw_sampler_read(struct dwunw_sampler *s, int timeout_ms, bool all)
{
	(void)s;
	(void)timeout_ms;
	(void)all;
	return 0;
}

struct dwunw_sampler_losses dwunw_sampler_missing(struct dwunw_sampler *s)
{
	(void)s;
	return (struct dwunw_sampler_losses){ .time_ns = now };
}

uint64_t dwunw_sampler_late(const struct dwunw_sampler *s)
{
	(void)s;
	return 0;
}

uint64_t dwunw_sampler_bytes(const struct dwunw_sampler *s)
{
	(void)s;
	return 0;
}

void dwunw_sampler_close(struct dwunw_sampler *s)
{
	(void)s;
}

static void on_event(void *ctx, void *data, size_t size)
{
	struct dwunw_event_header header;

	(void)ctx;
	memcpy(&header, data, sizeof(header));
	if (size >= sizeof(header) && events < 16) {
		keys[events] = header.key;
		sizes[events] = header.value;
	}
	events++;
}

static struct dwu_samples *samples;

static void begin(void)
{
	const struct dwu_samples_config config = { .pid = 1,
						   .stack_size = 64,
						   .ring_size = 1u << 20,
						   .live_max = 100,
						   .on_event = on_event };

	if (samples)
		dwu_samples_close(samples);
	events = 0;
	if (dwu_samples_open(&samples, &config))
		abort();
	dwu_samples_record(samples, true);
}

/* Every register has the value: argument, result. */
static void give(uint32_t tid, enum dwu_call kind, bool large, uint64_t value,
		 uint64_t later_ns)
{
	static const uint8_t stack[64];
	struct dwunw_sample sample = { .pid = 1,
				       .tid = tid,
				       .cookie = kind,
				       .at_return = kind == DWU_CALL_RETURN,
				       .large = large,
				       .reg_count = DWUNW_SAMPLE_REGS,
				       .sp = 0x1000 };
	unsigned i;

	for (i = 0; i < DWUNW_SAMPLE_REGS; i++)
		sample.regs[i] = value;
	if (kind == DWU_CALL_RETURN)
		sample.sp += dwunw_sample_return_pops();
	if (large) {
		sample.stack = stack;
		sample.stack_size = sizeof(stack);
	}
	now += later_ns;
	sample.time_ns = now;
	sampler.on_sample(sampler.ctx, &sample);
}

static void call(uint32_t tid, uint64_t size)
{
	give(tid, DWU_CALL_MALLOC, false, size, 100);
}

/* Events, and drops for want of room, from begin() on. */
static const char *counts(void)
{
	static char text[64];

	dwu_samples_record(samples, false);
	snprintf(text, sizeof(text), "events %u, dropped %u", events,
		 (unsigned)dwu_samples_counter(samples,
					       DWUNW_COUNT_DROP_BUFFER));
	return text;
}

static void pairs(uint64_t apart, const char *how)
{
	int large;

	for (large = 0; large < 2; large++) {
		begin();
		call(7, 40);
		give(7, DWU_CALL_RETURN, large, 0x9000, 100);
		give(7, DWU_CALL_RETURN, !large, 0x9000, apart);
		is_str(counts(), "events 1, dropped 0", "%s: %s first", how,
		       large ? "large" : "small");
		is_u64(sizes[0], 40, "%s: … a block of its size", how);
	}
}

static void no_pairs(void)
{
	begin();
	call(7, 40);
	give(7, DWU_CALL_RETURN, false, 0x9000, 100);
	call(7, 50);
	give(7, DWU_CALL_RETURN, true, 0x9000, 100);
	is_str(counts(), "events 1, dropped 1",
	       "a call between them: they are of two hits");
	is_u64(sizes[0], 50, "… and the stack is the second one's");

	begin();
	call(7, 40);
	give(7, DWU_CALL_RETURN, false, 0x9000, 100);
	give(7, DWU_CALL_FREE, false, 0x9000, 100);
	call(7, 50);
	give(7, DWU_CALL_RETURN, false, 0x9000, 100);
	give(7, DWU_CALL_RETURN, true, 0x9000, 100);
	is_str(counts(), "events 1, dropped 1",
	       "a stack that is lost is counted");
	is_u64(sizes[0], 50, "… and is not another one's");

	begin();
	give(7, DWU_CALL_POSIX_MEMALIGN, false, 0x2000, 100);
	give(7, DWU_CALL_RETURN, false, 0, 100);
	call(7, 50);
	give(7, DWU_CALL_RETURN, false, 0x9000, 100);
	give(7, DWU_CALL_RETURN, true, 0x9000, 100);
	is_str(counts(), "events 1, dropped 0",
	       "one whose stack tells its block, and is lost, takes no other");
}

int main(void)
{
	pairs(1000, "at once");
	pairs(50000000, "held up for 50 ms");
	no_pairs();
	dwu_samples_close(samples);
	return done();
}
