/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "sampled.h"

#include <dwunw/sampler.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#define CALLS_MAX 4096u
#define SPANS_MAX 65536u
#define LEVEL_END 47u
#define EVENT_MAX (65536u + 1024u)

/*
 * u64 -> a value of some bytes, by linear probing. Half of the slots at least
 * are free; the table grows up to `max` entries.
 */
struct table {
	size_t value_size;
	uint32_t max;
	uint32_t count;
	uint32_t size;	 /* slots, a power of two, or 0 */
	uint64_t *slots; /* stride words each: 1, key, value */
	uint32_t stride;
};

static uint64_t *slot_at(const struct table *table, uint32_t index)
{
	return table->slots +
	       (size_t)(index & (table->size - 1)) * table->stride;
}

static uint32_t home(const struct table *table, uint64_t key)
{
	return (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32) &
	       (table->size - 1);
}

/* The key's slot, or the free one where it belongs. */
static uint32_t find_slot(const struct table *table, uint64_t key)
{
	uint32_t at = home(table, key);

	while (slot_at(table, at)[0] && slot_at(table, at)[1] != key)
		at++;
	return at & (table->size - 1);
}

static void *map_find(struct table *table, const uint64_t *key)
{
	uint64_t *slot;

	if (!table->size)
		return NULL;
	slot = slot_at(table, find_slot(table, *key));
	return slot[0] ? slot + 2 : NULL;
}

static bool grow(struct table *table)
{
	struct table larger = *table;

	larger.stride = (uint32_t)(2 + (table->value_size + 7) / 8);
	larger.size = table->size ? 2 * table->size : 64;
	larger.slots = calloc(larger.size, larger.stride * sizeof(uint64_t));
	if (!larger.slots)
		return false;
	for (uint32_t i = 0; i < table->size; i++) {
		uint64_t *slot = slot_at(table, i);

		if (slot[0])
			memcpy(slot_at(&larger, find_slot(&larger, slot[1])),
			       slot, table->stride * sizeof(uint64_t));
	}
	free(table->slots);
	*table = larger;
	return true;
}

static int map_put(struct table *table, const uint64_t *key, const void *value)
{
	uint64_t *slot;

	if (!map_find(table, key)) {
		if (table->count == table->max ||
		    (table->count >= table->size / 2 && !grow(table)))
			return -ENOSPC;
		table->count++;
	}
	slot = slot_at(table, find_slot(table, *key));
	slot[0] = 1;
	slot[1] = *key;
	memcpy(slot + 2, value, table->value_size);
	return 0;
}

/* What stood behind it because of it moves up. */
static void map_drop(struct table *table, const uint64_t *key)
{
	uint32_t hole, at, mask = table->size - 1;

	if (!map_find(table, key))
		return;
	hole = find_slot(table, *key);
	for (at = (hole + 1) & mask; slot_at(table, at)[0];
	     at = (at + 1) & mask) {
		uint32_t wanted = home(table, slot_at(table, at)[1]);

		if (((at - wanted) & mask) < ((at - hole) & mask))
			continue;
		memcpy(slot_at(table, hole), slot_at(table, at),
		       table->stride * sizeof(uint64_t));
		hole = at;
	}
	slot_at(table, hole)[0] = 0;
	table->count--;
}

static void drop_all(struct table *table)
{
	free(table->slots);
	table->slots = NULL;
	table->size = table->count = 0;
}

/* blocks.h names its maps; there is one target, so there is one of each. */
static struct table calls = { .max = CALLS_MAX };
static struct table live = { .value_size = sizeof(struct live_block) };
static struct table spans = { .value_size = sizeof(uint64_t),
			      .max = SPANS_MAX };
static uint64_t levels_seen;
static int32_t target;

/* The return that is looked at: its stack is of that moment. */
static const struct dwunw_sample *moment;

/* posix_memalign's result. If it is not in the caller's stack, it may have
 * been overwritten meanwhile. */
static int read_word(uint64_t addr, uint64_t *value)
{
	unsigned long word;
	struct iovec to = { &word, sizeof(word) };
	struct iovec from = { (void *)(uintptr_t)addr, sizeof(word) };

	if (addr - moment->sp <= moment->stack_size &&
	    moment->stack_size - (addr - moment->sp) >= sizeof(word))
		memcpy(&word, moment->stack + (addr - moment->sp),
		       sizeof(word));
	else if (process_vm_readv(target, &to, 1, &from, 1, 0) !=
		 (ssize_t)sizeof(word))
		return -EFAULT;
	*value = word;
	return 0;
}

#define WORD_MAX dwunw_sample_word_max()
#define BLOCKS
#define level_is_seen(level) (levels_seen >> (level)&1)
#define level_see(level) (levels_seen |= 1ull << (level))
#define call_end(call, tid) map_drop(&calls, tid)
#include "blocks.h"

/* A return and its partner are of the same hit: no further apart. The thread may
 * be held up between them, as long as others run, and a machine as long as its
 * host likes. */
#define PARTNER_NS 1000000000u
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

struct sampled {
	struct sampled_config config;
	struct dwunw_sampler *sampler;
	uint64_t next_key;
	uint32_t generation;
	uint64_t lost;	   /* small samples */
	uint64_t doubt_ns; /* a free before then may be one of them */
	struct hit hits[CPUS];
	uint64_t counters[DWUNW_COUNT_END];
	uint8_t event[EVENT_MAX];
};

/* No more is to come of it: a block without a stack, or no block at all. */
static void finish_hit(struct sampled *sampled, struct hit *hit)
{
	uint64_t tid = hit->tid;

	if (hit->key && !hit->came[true])
		sampled->counters[DWUNW_COUNT_DROP_BUFFER]++;
	if (hit->waits)
		map_drop(&calls, &tid);
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
static void make_block(struct sampled *sampled, struct hit *hit,
		       const struct dwunw_sample *sample)
{
	struct live_block block = { 0 };
	struct call call = { 0 };

	hit->waits = false;
	moment = sample;
	hit->addr = blocks_return(sample->tid,
				  sample->sp - dwunw_sample_return_pops(),
				  dwunw_sample_result(sample), &call);
	if (!hit->addr)
		return;
	hit->key = ++sampled->next_key;
	hit->size = call.size;
	block.size = call.size;
	block.time_ns = sample->time_ns;
	block.key = hit->key;
	if (!blocks_keep(&call, hit->addr, &block))
		sampled->counters[MEMLEAK_COUNT_LIVE_FULL]++;
}

static void send_stack(struct sampled *sampled, const struct hit *hit,
		       const struct dwunw_sample *sample)
{
	struct dwunw_event_header header;
	size_t size;

	header = dwunw_sample_header(DWUNW_EVENT_STACK, sample->pid,
				     sample->tid, sample->time_ns);
	header.key = hit->key;
	header.cookie = hit->addr;
	header.value = hit->size;
	header.map_generation = sampled->generation;
	size = dwunw_sample_event(sample, &header, sampled->event, EVENT_MAX);
	sampled->counters[DWUNW_COUNT_EVENTS]++;
	sampled->config.on_event(sampled->config.ctx, sampled->event, size);
}

/* Its result is in the program's memory, as it was then in the copied stack. */
static bool needs_stack(const struct dwunw_sample *sample)
{
	uint64_t tid = sample->tid;
	const struct call *call = map_find(&calls, &tid);

	return call && call->function == POSIX_MEMALIGN;
}

static void on_return(struct sampled *sampled,
		      const struct dwunw_sample *sample)
{
	struct hit *hit = &sampled->hits[sample->cpu % CPUS];
	bool first = !is_partner(hit, sample);

	if (first) {
		finish_hit(sampled, hit);
		*hit = (struct hit){ .tid = sample->tid,
				     .sp = sample->sp,
				     .result = dwunw_sample_result(sample),
				     .time_ns = sample->time_ns };
		hit->waits = !sample->large && needs_stack(sample);
	}
	hit->came[sample->large] = true;
	if (sample->large ? first || hit->waits : first && !hit->waits)
		make_block(sampled, hit, sample);
	if (sample->large && hit->key)
		send_stack(sampled, hit, sample);
}

/* What a call was when some samples were lost is not known any more. */
static void on_lost(void *ctx, uint64_t time_ns)
{
	(void)ctx;
	(void)time_ns;
	drop_all(&calls);
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
	struct sampled *sampled = ctx;
	uint64_t first = dwunw_sample_argument(sample, 0);
	uint64_t second = dwunw_sample_argument(sample, 1);
	struct hit *hit = &sampled->hits[sample->cpu % CPUS];
	bool ok = true;

	if (hit->tid == sample->tid && sample->cookie != SAMPLED_RETURN)
		finish_hit(sampled, hit);
	switch ((enum sampled_kind)sample->cookie) {
	case SAMPLED_MALLOC:
		ok = enter(sample, MALLOC, first, 0, 0);
		break;
	case SAMPLED_CALLOC:
		ok = enter(sample, MALLOC, first * second, 0, 0);
		break;
	case SAMPLED_REALLOC:
		ok = enter(sample, REALLOC, second, first, 0);
		break;
	case SAMPLED_POSIX_MEMALIGN:
		ok = enter(sample, POSIX_MEMALIGN,
			   dwunw_sample_argument(sample, 2), first, 0);
		break;
	case SAMPLED_ALIGNED_ALLOC:
		ok = enter(sample, MALLOC, second, 0, 0);
		break;
	case SAMPLED_MMAP:
		ok = enter(sample, MMAP, second, 0, 0);
		break;
	case SAMPLED_MREMAP:
		ok = enter(sample, MREMAP, dwunw_sample_argument(sample, 2),
			   first, second);
		break;
	case SAMPLED_FREE:
		blocks_free(first);
		break;
	case SAMPLED_MUNMAP:
		blocks_unmap(first, second);
		break;
	case SAMPLED_RETURN:
		on_return(sampled, sample);
		break;
	}
	if (!ok)
		sampled->counters[DWUNW_COUNT_DROP_TOOL]++;
}

static void on_change(void *ctx, const struct dwunw_sampler_change *change)
{
	struct sampled *sampled = ctx;
	struct dwunw_event_header header;

	if (change->kind != DWUNW_EVENT_FORK)
		sampled->generation++;
	if (!change->kind)
		return;
	header = dwunw_sample_header(change->kind, change->pid, change->tid,
				     change->time_ns);
	header.map_generation = sampled->generation;
	header.cookie = change->kind == DWUNW_EVENT_FORK ? change->tid : 0;
	sampled->counters[DWUNW_COUNT_EVENTS]++;
	sampled->config.on_event(sampled->config.ctx, &header, sizeof(header));
}

/* An entry or a return needs some 80 bytes there, a stack 16 KiB in the other
 * buffer: half as much room is for 20 times as many. */
static uint32_t small_size(uint32_t ring_size)
{
	return ring_size > 1u << 16 ? ring_size / 2 : 1u << 16;
}

int sampled_open(struct sampled **result, const struct sampled_config *config)
{
	struct sampled *sampled = calloc(1, sizeof(*sampled));
	struct dwunw_sampler_config sampler = {
		.pid = config->pid,
		.ring_size = config->ring_size,
		.small_size = small_size(config->ring_size),
		.by_pmu = config->by_pmu,
		.all_children = config->all_children,
		.on_lost = on_lost,
		.on_sample = on_sample,
		.on_change = on_change,
		.ctx = sampled,
	};
	int error;

	if (!sampled)
		return -ENOMEM;
	sampled->config = *config;
	sampled->generation = 1;
	target = config->pid;
	live.max = config->live_max;
	calls.value_size = sizeof(struct call);
	error = dwunw_sampler_open(&sampled->sampler, &sampler);
	if (error)
		free(sampled);
	else
		*result = sampled;
	return error;
}

static enum dwunw_sampler_rank rank_of(enum sampled_kind kind)
{
	switch (kind) {
	case SAMPLED_RETURN:
		return DWUNW_SAMPLER_RETURN;
	case SAMPLED_FREE:
	case SAMPLED_MUNMAP:
		return DWUNW_SAMPLER_FREE;
	case SAMPLED_REALLOC:
	case SAMPLED_MREMAP:
		return DWUNW_SAMPLER_BOTH;
	default:
		return DWUNW_SAMPLER_ALLOCATE;
	}
}

int sampled_probe(struct sampled *sampled, enum sampled_kind kind,
		  const char *path, uint64_t off)
{
	struct dwunw_sampler_probe probe = {
		.path = path,
		.off = off,
		.rank = rank_of(kind),
		.stack_size =
			kind == SAMPLED_RETURN ? sampled->config.stack_size : 0,
		.cookie = (uint32_t)kind,
	};

	return dwunw_sampler_add(sampled->sampler, &probe);
}

int sampled_start(struct sampled *sampled)
{
	return dwunw_sampler_start(sampled->sampler);
}

int sampled_read(struct sampled *sampled, int timeout_ms)
{
	return dwunw_sampler_read(sampled->sampler, timeout_ms, false);
}

void sampled_record(struct sampled *sampled, bool on)
{
	dwunw_sampler_enable(sampled->sampler, on);
	if (on)
		return;
	dwunw_sampler_read(sampled->sampler, 0, true);
	for (uint32_t i = 0; i < CPUS; i++)
		finish_hit(sampled, &sampled->hits[i]);
}

void sampled_counters(struct sampled *sampled, uint64_t *counters)
{
	struct dwunw_sampler_losses missing =
		dwunw_sampler_missing(sampled->sampler);
	const uint64_t *by_rank = missing.by_rank;
	uint64_t *own = sampled->counters, lost = 0;

	for (int rank = 0; rank < DWUNW_SAMPLER_RANKS; rank++)
		lost += by_rank[rank];
	if (lost > sampled->lost)
		sampled->doubt_ns = missing.last_ns;
	sampled->lost = lost;
	own[MEMLEAK_COUNT_LOST_RETURNS] = by_rank[DWUNW_SAMPLER_RETURN];
	own[MEMLEAK_COUNT_LOST_FREES] =
		by_rank[DWUNW_SAMPLER_FREE] + by_rank[DWUNW_SAMPLER_BOTH];
	own[MEMLEAK_COUNT_LOST_ENTRIES] = lost - by_rank[DWUNW_SAMPLER_RETURN];
	own[DWUNW_COUNT_CALLS] = own[DWUNW_COUNT_EVENTS] +
				 own[DWUNW_COUNT_DROP_BUFFER] +
				 own[DWUNW_COUNT_DROP_TOOL];
	own[MEMLEAK_COUNT_LATE_THREADS] = dwunw_sampler_late(sampled->sampler);
	memcpy(counters, own, sizeof(sampled->counters));
}

uint64_t sampled_doubt_ns(const struct sampled *sampled)
{
	return sampled->doubt_ns;
}

void sampled_live(struct sampled *sampled, uint64_t time_ns,
		  void (*visit)(void *ctx, const struct live_block *block),
		  void *ctx)
{
	(void)sampled;
	for (uint32_t i = 0; i < live.size; i++) {
		uint64_t *slot = slot_at(&live, i);
		struct live_block block;

		if (!slot[0])
			continue;
		memcpy(&block, slot + 2, sizeof(block));
		if (block.time_ns >= time_ns)
			visit(ctx, &block);
	}
	/* after an exec: none of the blocks before it is left */
	for (uint32_t i = 0; i < live.size; i++) {
		uint64_t *slot = slot_at(&live, i), key = slot[1];
		struct live_block block;

		memcpy(&block, slot + 2, sizeof(block));
		if (slot[0] && block.time_ns < time_ns) {
			map_drop(&live, &key);
			i--; /* another one may have moved here */
		}
	}
}

static uint64_t table_bytes(const struct table *table)
{
	return (uint64_t)table->size * table->stride * sizeof(uint64_t);
}

uint64_t sampled_bytes(const struct sampled *sampled)
{
	return dwunw_sampler_bytes(sampled->sampler) + table_bytes(&calls) +
	       table_bytes(&live) + table_bytes(&spans);
}

void sampled_close(struct sampled *sampled)
{
	if (!sampled)
		return;
	dwunw_sampler_close(sampled->sampler);
	free(sampled);
	drop_all(&calls);
	drop_all(&live);
	drop_all(&spans);
}
