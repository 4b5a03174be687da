/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "samples.h"

#include "hash.h"

#include <dwunw/sampler.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

/* blocks.h: there is one process, so the address tells. */
typedef uint64_t block_id;
#define block_id_of(addr) (addr)

#define CALLS_MAX 4096u
#define SPANS_MAX 65536u
#define LEVEL_END 47u
#define EVENT_MAX (65536u + 1024u)
#define CPUS 256

/* The last return on a CPU: its small sample and its large one, in any order,
 * or what came of them. */
struct hit {
	uint32_t tid;
	uint64_t sp;
	uint64_t result;
	uint64_t time_ns;
	uint64_t key; /* of its block; 0: none was made */
	uint64_t size;
	uint64_t addr;
	bool came[2]; /* [large] */
	bool waits;   /* for the large one, which has what tells the block */
};

struct dwu_samples {
	struct dwu_samples_config config;
	struct dwunw_sampler *sampler;
	struct dwu_hash call_table;
	struct dwu_hash live_table;
	struct dwu_hash span_table;
	uint64_t levels_seen;
	/* the return that is looked at: its stack is of that moment */
	const struct dwunw_sample *moment;
	uint64_t next_key;
	uint32_t generation;
	uint64_t lost;	   /* small samples */
	uint64_t doubt_ns; /* a free before then may be one of them */
	struct hit hits[CPUS];
	uint64_t counters[DWUNW_COUNT_END];
	uint8_t event[EVENT_MAX];
};

/* Whose sample is looked at: blocks.h names its maps. */
static _Thread_local struct dwu_samples *own;

/* posix_memalign's result. If it is not in the caller's stack, it may have
 * been overwritten meanwhile. */
static int read_word(uint64_t addr, uint64_t *value)
{
	const struct dwunw_sample *moment = own->moment;
	unsigned long word;
	struct iovec to = { &word, sizeof(word) };
	struct iovec from = { (void *)(uintptr_t)addr, sizeof(word) };

	if (addr - moment->sp <= moment->stack_size &&
	    moment->stack_size - (addr - moment->sp) >= sizeof(word))
		memcpy(&word, moment->stack + (addr - moment->sp),
		       sizeof(word));
	else if (process_vm_readv(own->config.pid, &to, 1, &from, 1, 0) !=
		 (ssize_t)sizeof(word))
		return -EFAULT;
	*value = word;
	return 0;
}

#define calls (own->call_table)
#define live (own->live_table)
#define spans (own->span_table)
#define map_find dwu_hash_find
#define map_put dwu_hash_put
#define map_drop dwu_hash_drop
#define WORD_MAX dwunw_sample_word_max()
#define BLOCKS
#define level_is_seen(level) (own->levels_seen >> (level)&1)
#define level_see(level) (own->levels_seen |= 1ull << (level))
#define call_end(call, tid) map_drop(&calls, tid)
#include "blocks.h"

/* A return and its partner are of the same hit: no further apart. The thread may
 * be held up between them, as long as others run, and a machine as long as its
 * host likes. */
#define PARTNER_NS 1000000000u

/* No more is to come of it: a block without a stack, or no block at all. */
static void finish_hit(struct dwu_samples *samples, struct hit *hit)
{
	uint64_t tid = hit->tid;

	if (hit->key && !hit->came[true]) {
		samples->counters[DWUNW_COUNT_CALLS]++;
		samples->counters[DWUNW_COUNT_DROP_BUFFER]++;
		samples->counters[DWUNW_HEAP_COUNT_NO_ROOM]++;
	}
	if (hit->waits)
		dwu_hash_drop(&samples->call_table, &tid);
	*hit = (struct hit){ 0 };
}

/* Nothing else of the thread came between them: on_sample(). */
static bool is_partner(const struct hit *hit, const struct dwunw_sample *sample)
{
	uint64_t apart = sample->time_ns - hit->time_ns;

	return hit->tid == sample->tid && hit->sp == sample->sp &&
	       hit->result == dwunw_sample_result(sample) &&
	       !hit->came[sample->large] &&
	       (apart < PARTNER_NS || -apart < PARTNER_NS);
}

/* The block that the return has made, if it has made one. */
static void make_block(struct dwu_samples *samples, struct hit *hit,
		       const struct dwunw_sample *sample)
{
	struct live_block block = { 0 };
	struct call call = { 0 };

	hit->waits = false;
	samples->moment = sample;
	hit->addr = blocks_return(sample->tid,
				  sample->sp - dwunw_sample_return_pops(),
				  dwunw_sample_result(sample), &call);
	if (!hit->addr)
		return;
	samples->counters[DWUNW_HEAP_COUNT_ALLOCATIONS]++;
	hit->key = ++samples->next_key;
	hit->size = call.size;
	block.size = call.size;
	block.time_ns = sample->time_ns;
	block.key = hit->key;
	block.pid = sample->pid;
	block.tid = sample->tid;
	if (!blocks_keep(&call, hit->addr, &block))
		samples->counters[DWUNW_HEAP_COUNT_LIVE_FULL]++;
}

static void send(struct dwu_samples *samples, void *bytes, size_t size)
{
	samples->counters[DWUNW_COUNT_CALLS]++;
	samples->counters[DWUNW_COUNT_EVENTS]++;
	samples->config.on_event(samples->config.ctx, bytes, size);
}

static void send_stack(struct dwu_samples *samples, const struct hit *hit,
		       const struct dwunw_sample *sample)
{
	struct dwunw_event_header header;
	size_t size;

	header = dwunw_sample_header(DWUNW_EVENT_STACK, sample->pid,
				     sample->tid, sample->time_ns);
	header.key = hit->key;
	header.cookie = hit->addr;
	header.value = hit->size;
	header.map_generation = samples->generation;
	size = dwunw_sample_event(sample, &header, samples->event, EVENT_MAX);
	samples->counters[DWUNW_HEAP_COUNT_STACKS]++;
	send(samples, samples->event, size);
}

/* Its result is in the program's memory, as it was then in the copied stack. */
static bool needs_stack(const struct dwunw_sample *sample)
{
	uint64_t tid = sample->tid;
	const struct call *call = map_find(&calls, &tid);

	return call && call->function == POSIX_MEMALIGN;
}

static void on_return(struct dwu_samples *samples,
		      const struct dwunw_sample *sample)
{
	struct hit *hit = &samples->hits[sample->cpu % CPUS];
	bool first = !is_partner(hit, sample);

	if (first) {
		finish_hit(samples, hit);
		*hit = (struct hit){ .tid = sample->tid,
				     .sp = sample->sp,
				     .result = dwunw_sample_result(sample),
				     .time_ns = sample->time_ns };
		hit->waits = !sample->large && needs_stack(sample);
	}
	hit->came[sample->large] = true;
	if (sample->large ? first || hit->waits : first && !hit->waits)
		make_block(samples, hit, sample);
	if (sample->large && hit->key)
		send_stack(samples, hit, sample);
}

/* What a call was when some samples were lost is not known any more. */
static void on_lost(void *ctx, uint64_t time_ns)
{
	struct dwu_samples *samples = ctx;

	(void)time_ns;
	dwu_hash_clear(&samples->call_table);
}

static bool enter(const struct dwunw_sample *sample, uint32_t function,
		  uint64_t size, uint64_t ptr, uint64_t old_size)
{
	struct call call = {
		.sp = sample->sp,
		.size = size,
		.ptr = ptr,
		.old_size = old_size,
		.function = function,
	};

	return blocks_enter(sample->tid, &call);
}

static void on_sample(void *ctx, const struct dwunw_sample *sample)
{
	struct dwu_samples *samples = ctx;
	uint64_t first = dwunw_sample_argument(sample, 0);
	uint64_t second = dwunw_sample_argument(sample, 1);
	struct hit *hit = &samples->hits[sample->cpu % CPUS];
	bool ok = true;

	own = samples;
	if (hit->tid == sample->tid && sample->cookie != DWU_CALL_RETURN)
		finish_hit(samples, hit);
	switch ((enum dwu_call)sample->cookie) {
	case DWU_CALL_MALLOC:
		ok = enter(sample, MALLOC, first, 0, 0);
		break;
	case DWU_CALL_CALLOC:
		ok = enter(sample, MALLOC, first * second, 0, 0);
		break;
	case DWU_CALL_REALLOC:
		ok = enter(sample, REALLOC, second, first, 0);
		break;
	case DWU_CALL_POSIX_MEMALIGN:
		ok = enter(sample, POSIX_MEMALIGN,
			   dwunw_sample_argument(sample, 2), first, 0);
		break;
	case DWU_CALL_ALIGNED_ALLOC:
		ok = enter(sample, MALLOC, second, 0, 0);
		break;
	case DWU_CALL_MMAP:
		ok = enter(sample, MMAP, second, 0, 0);
		break;
	case DWU_CALL_MREMAP:
		ok = enter(sample, MREMAP, dwunw_sample_argument(sample, 2),
			   first, second);
		break;
	case DWU_CALL_FREE:
		blocks_free(first);
		break;
	case DWU_CALL_MUNMAP:
		blocks_unmap(first, second);
		break;
	case DWU_CALL_RETURN:
		on_return(samples, sample);
		break;
	}
	if (!ok)
		samples->counters[DWUNW_HEAP_COUNT_CALLS_FULL]++;
}

static void on_change(void *ctx, const struct dwunw_sampler_change *change)
{
	struct dwu_samples *samples = ctx;
	struct dwunw_event_header header;

	if (change->kind != DWUNW_EVENT_FORK)
		samples->generation++;
	if (!change->kind)
		return;
	header = dwunw_sample_header(change->kind, change->pid, change->tid,
				     change->time_ns);
	header.map_generation = samples->generation;
	header.cookie = change->kind == DWUNW_EVENT_FORK ? change->tid : 0;
	send(samples, &header, sizeof(header));
}

/* An entry or a return needs some 80 bytes there, a stack 16 KiB in the other
 * buffer: half as much room is for 20 times as many. */
static uint32_t small_size(uint32_t ring_size)
{
	return ring_size > 1u << 16 ? ring_size / 2 : 1u << 16;
}

int dwu_samples_open(struct dwu_samples **result,
		     const struct dwu_samples_config *config)
{
	struct dwu_samples *samples = calloc(1, sizeof(*samples));
	struct dwunw_sampler_config sampler = {
		.pid = config->pid,
		.ring_size = config->ring_size,
		.small_size = small_size(config->ring_size),
		.by_pmu = config->by_pmu,
		.all_children = config->all_children,
		.on_lost = on_lost,
		.on_sample = on_sample,
		.on_change = on_change,
		.ctx = samples,
	};
	int error;

	if (!samples)
		return -ENOMEM;
	samples->config = *config;
	samples->generation = 1;
	samples->call_table.max = CALLS_MAX;
	samples->call_table.value_size = sizeof(struct call);
	samples->live_table.max = config->live_max;
	samples->live_table.value_size = sizeof(struct live_block);
	samples->span_table.max = SPANS_MAX;
	samples->span_table.value_size = sizeof(uint64_t);
	error = dwunw_sampler_open(&samples->sampler, &sampler);
	if (error)
		free(samples);
	else
		*result = samples;
	return error;
}

static enum dwunw_sampler_rank rank_of(enum dwu_call kind)
{
	switch (kind) {
	case DWU_CALL_RETURN:
		return DWUNW_SAMPLER_RETURN;
	case DWU_CALL_FREE:
	case DWU_CALL_MUNMAP:
		return DWUNW_SAMPLER_FREE;
	case DWU_CALL_REALLOC:
	case DWU_CALL_MREMAP:
		return DWUNW_SAMPLER_BOTH;
	default:
		return DWUNW_SAMPLER_ALLOCATE;
	}
}

int dwu_samples_probe(struct dwu_samples *samples, enum dwu_call kind,
		      const char *path, uint64_t off)
{
	struct dwunw_sampler_probe probe = {
		.path = path,
		.off = off,
		.rank = rank_of(kind),
		.stack_size = kind == DWU_CALL_RETURN ?
				      samples->config.stack_size :
				      0,
		.cookie = (uint32_t)kind,
	};

	return dwunw_sampler_add(samples->sampler, &probe);
}

int dwu_samples_start(struct dwu_samples *samples)
{
	return dwunw_sampler_start(samples->sampler);
}

int dwu_samples_read(struct dwu_samples *samples, int timeout_ms, bool all)
{
	return dwunw_sampler_read(samples->sampler, timeout_ms, all);
}

void dwu_samples_record(struct dwu_samples *samples, bool on)
{
	dwunw_sampler_enable(samples->sampler, on);
	if (on)
		return;
	dwunw_sampler_read(samples->sampler, 0, true);
	for (uint32_t i = 0; i < CPUS; i++)
		finish_hit(samples, &samples->hits[i]);
}

uint64_t dwu_samples_counter(const struct dwu_samples *samples, uint32_t index)
{
	return samples->counters[index];
}

void dwu_samples_missing(struct dwu_samples *samples,
			 struct dwu_samples_losses *losses)
{
	struct dwunw_sampler_losses missing =
		dwunw_sampler_missing(samples->sampler);
	const uint64_t *by_rank = missing.by_rank;
	uint64_t lost = 0;

	for (int rank = 0; rank < DWUNW_SAMPLER_RANKS; rank++)
		lost += by_rank[rank];
	if (lost > samples->lost)
		samples->doubt_ns = missing.last_ns;
	samples->lost = lost;
	*losses = (struct dwu_samples_losses){
		.entries = lost - by_rank[DWUNW_SAMPLER_RETURN],
		.frees = by_rank[DWUNW_SAMPLER_FREE] +
			 by_rank[DWUNW_SAMPLER_BOTH],
		.returns = by_rank[DWUNW_SAMPLER_RETURN],
		.late_threads = dwunw_sampler_late(samples->sampler),
		.doubt_ns = samples->doubt_ns,
	};
}

void dwu_samples_live(const struct dwu_samples *samples,
		      void (*visit)(void *ctx, uint64_t addr,
				    const struct live_block *block),
		      void *ctx)
{
	const struct dwu_hash *table = &samples->live_table;

	for (uint32_t i = 0; i < table->size; i++) {
		uint64_t addr;
		const struct live_block *block = dwu_hash_at(table, i, &addr);

		if (block)
			visit(ctx, addr, block);
	}
}

void dwu_samples_forget(struct dwu_samples *samples, uint64_t time_ns)
{
	struct dwu_hash *table = &samples->live_table;

	for (uint32_t i = 0; i < table->size; i++) {
		uint64_t addr;
		const struct live_block *block = dwu_hash_at(table, i, &addr);

		if (!block || block->time_ns >= time_ns)
			continue;
		dwu_hash_drop(table, &addr);
		i--; /* another one may have moved here */
	}
}

uint64_t dwu_samples_bytes(const struct dwu_samples *samples)
{
	return dwunw_sampler_bytes(samples->sampler) +
	       dwu_hash_bytes(&samples->call_table) +
	       dwu_hash_bytes(&samples->live_table) +
	       dwu_hash_bytes(&samples->span_table);
}

void dwu_samples_close(struct dwu_samples *samples)
{
	if (!samples)
		return;
	dwunw_sampler_close(samples->sampler);
	dwu_hash_clear(&samples->call_table);
	dwu_hash_clear(&samples->live_table);
	dwu_hash_clear(&samples->span_table);
	free(samples);
}
