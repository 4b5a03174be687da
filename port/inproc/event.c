/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * An allocation or a free -> its stack, the table of blocks, sums by stack.
 *
 * A thread has its walker and its newest sums in memory of its own, so that the hot
 * path shares no cache line with others and takes no lock. Sums go to the stack's
 * own when their place is wanted for another stack, and at the thread's end.
 *
 * Nothing here asks the program's allocator. So who allocates while a thread is in
 * the recorder is a signal handler: its block is counted, without a stack, as the
 * walker is at work.
 */
#include "inproc.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SUMS 256u

struct dwu_inproc_thread {
	struct dwu_inproc_thread *next; /* of dwu_kept->threads */
	bool used;
	struct dwu_walker walker;
	uint32_t stacks[SUMS]; /* by the number's lower bits */
	struct dwu_inproc_sums sums[SUMS];
};

uint32_t dwu_inproc_mode;
uint32_t dwu_event_epoch;

static struct dwu_inproc_lock threads_lock;
/* of threads that have ended but for their last destructors, or that there was no
 * memory for: one after the other */
static struct dwu_inproc_thread *spare;
static struct dwu_inproc_lock spare_lock;
static pthread_key_t at_end;
static bool has_key;
static void *functions[DWU_FUNCTIONS];
static uint32_t leaves[DWU_FUNCTIONS];
static int32_t owner; /* the process that records */

static bool is_on(void)
{
	uint32_t mode = __atomic_load_n(&dwu_inproc_mode, __ATOMIC_RELAXED);

	return mode == DWU_WHOLE || mode == DWU_SAMPLED;
}

static void count_one(uint64_t *counter)
{
	dwu_add(counter, 1);
}

/* --- sums --------------------------------------------------------------------------- */

static void add_sums(struct dwu_inproc_sums *to,
		     const struct dwu_inproc_sums *part)
{
	dwu_add(&to->allocs, part->allocs);
	dwu_add(&to->bytes, part->bytes);
	dwu_add(&to->frees, part->frees);
	dwu_add(&to->freed_bytes, part->freed_bytes);
}

/* A thread's place for that stack, emptied of another's. */
static struct dwu_inproc_sums *sums_of(struct dwu_inproc_thread *thread,
				       uint32_t stack)
{
	uint32_t i = stack & (SUMS - 1);

	if (unlikely(thread->stacks[i] != stack)) {
		if (thread->stacks[i])
			add_sums(&dwu_inproc_stack_at(thread->stacks[i])->sums,
				 &thread->sums[i]);
		thread->sums[i] = (struct dwu_inproc_sums){ 0 };
		thread->stacks[i] = stack;
	}
	return &thread->sums[i];
}

/* NULL: it has none, or one of tables that are no more. */
static struct dwu_inproc_thread *known_thread(void)
{
	return likely(dwu_inproc_tls.epoch == dwu_event_epoch) ?
		       dwu_inproc_tls.thread :
		       NULL;
}

/* By a thread that has a place of its own, or by whoever. */
static void count(uint32_t stack, const struct dwu_inproc_sums *part)
{
	struct dwu_inproc_thread *thread = known_thread();
	struct dwu_inproc_sums *sums;

	if (unlikely(!thread || dwu_inproc_tls.inside > DWU_IN_RECORDER)) {
		add_sums(&dwu_inproc_stack_at(stack)->sums, part);
		return;
	}
	sums = sums_of(thread, stack);
	sums->allocs += part->allocs;
	sums->bytes += part->bytes;
	sums->frees += part->frees;
	sums->freed_bytes += part->freed_bytes;
}

/* In units: of samples a block stands for several, each in 1024 parts. */
static uint64_t units(uint64_t size)
{
	return dwu_inproc_options.sample_bytes ?
		       dwu_inproc_weight(size,
					 dwu_inproc_options.sample_bytes) :
		       1;
}

static void count_alloc(uint32_t stack, uint64_t size)
{
	uint64_t n = units(size);

	count(stack,
	      &(struct dwu_inproc_sums){ .allocs = n, .bytes = n * size });
}

static void count_free(uint64_t block)
{
	uint64_t size = dwu_block_size(block), n = units(size);

	count(dwu_block_stack(block),
	      &(struct dwu_inproc_sums){ .frees = n, .freed_bytes = n * size });
}

/* --- threads -------------------------------------------------------------------------- */

/* What it remembers of its stack is of use to itself alone. */
static bool thread_init(struct dwu_inproc_thread *thread)
{
	if (thread)
		thread->walker.memo = dwu_inproc_pages(dwu_walker_size());
	return thread && thread->walker.memo;
}

static struct dwu_inproc_thread *thread_new(void)
{
	struct dwu_inproc_thread *thread = dwu_kept_pages(sizeof(*thread));

	return thread_init(thread) ? thread : NULL;
}

/* What has ended is used again, so that there are as many as there were threads at
 * the same time. */
static struct dwu_inproc_thread *thread_get(void)
{
	struct dwu_inproc_thread *thread;

	dwu_inproc_take(&threads_lock);
	for (thread = dwu_kept->threads; thread && thread->used;)
		thread = thread->next;
	if (!thread) {
		thread = thread_new();
		if (thread) {
			thread->next = dwu_kept->threads;
			__atomic_store_n(&dwu_kept->threads, thread,
					 __ATOMIC_RELEASE);
		}
	}
	if (thread)
		thread->used = true;
	dwu_inproc_give(&threads_lock);
	return thread;
}

static void flush(struct dwu_inproc_thread *thread)
{
	for (uint32_t i = 0; i < SUMS; i++)
		if (thread->stacks[i]) {
			add_sums(&dwu_inproc_stack_at(thread->stacks[i])->sums,
				 &thread->sums[i]);
			thread->stacks[i] = 0;
			thread->sums[i] = (struct dwu_inproc_sums){ 0 };
		}
}

/* Another stack than the next thread's: nothing is known of that. */
static void reset(struct dwu_walker *walker)
{
	struct dwu_walk_counts counts = walker->counts;
	struct dwu_memo *memo = walker->memo;

	*walker = (struct dwu_walker){ .memo = memo, .counts = counts };
	walker->generation = UINT32_MAX;
}

/* pthread_key_create()'s; destructors that run later may still allocate. */
static void thread_end(void *ended)
{
	struct dwu_inproc_thread *thread = ended;
	uint8_t was = dwu_inproc_tls.inside;

	dwu_inproc_tls.inside = DWU_IN_RECORDER;
	dwu_inproc_tls.ended = 1;
	dwu_inproc_tls.thread = NULL;
	if (is_on()) { /* in a child that records nothing it is the parent's */
		flush(thread);
		reset(&thread->walker);
		dwu_inproc_take(&threads_lock);
		thread->used = false;
		dwu_inproc_give(&threads_lock);
	}
	dwu_inproc_tls.inside = was;
}

static struct dwu_inproc_thread *own_thread(void)
{
	struct dwu_inproc_tls *tls = &dwu_inproc_tls;
	struct dwu_inproc_thread *known = known_thread();

	if (likely(known))
		return known;
	if (tls->ended)
		return NULL;
	tls->thread = thread_get();
	tls->epoch = dwu_event_epoch;
	if (!tls->thread)
		return NULL;
	reset(&tls->thread->walker);
	count_one(&dwu_kept->thread_count);
	/* one of the first keys: it has its place without memory */
	if (has_key)
		pthread_setspecific(at_end, tls->thread);
	return tls->thread;
}

/* --- begin ------------------------------------------------------------------------------ */

static bool open_kept(void)
{
	spare = dwu_kept_table(DWU_ROOT_SPARE, sizeof(*spare));
	return spare && dwu_inproc_stacks_open() && dwu_blocks_open() &&
	       dwu_areas_open();
}

static bool open_all(void)
{
	return open_kept() && thread_init(spare) && dwu_rows_open() &&
	       dwu_slow_open() && dwu_walk_open();
}

static void note_process(void)
{
	owner = dwu_kept->pid = dwu_inproc_pid();
	dwu_kept->parent = (int32_t)getppid();
	dwu_kept->start_ns = dwu_inproc_now();
	dwu_kept->start_real_ns = dwu_inproc_real_now();
	dwu_kept_name();
}

static uint32_t mode_wanted(void)
{
	return dwu_inproc_options.sample_bytes ? DWU_SAMPLED : DWU_WHOLE;
}

/* The tables, of this process from now on. False: no memory. */
static bool open_tables(void *const real[DWU_FUNCTIONS])
{
	if (!open_all())
		return false;
	note_process();
	memcpy(functions, real, sizeof(functions));
	has_key = pthread_key_create(&at_end, thread_end) == 0;
	dwu_kept->state = DWU_KEPT_LIVE;
	return true;
}

static uint32_t begin(void *const real[DWU_FUNCTIONS])
{
	const struct dwu_inproc_options *o = &dwu_inproc_options;

	if (!dwu_inproc_options_read() || *o->rest)
		return DWU_OFF;
	if (*o->tables && !dwu_kept_open(o->tables))
		dwu_inproc_say("there is no recording if a signal ends the "
			       "program: cannot map",
			       o->tables);
	if (!open_tables(real)) {
		dwu_inproc_say("no memory, or no /proc: nothing is recorded",
			       NULL);
		return DWU_OFF;
	}
	return mode_wanted();
}

void dwu_event_begin(void *const real[DWU_FUNCTIONS])
{
	static struct dwu_inproc_lock lock;
	uint8_t was = dwu_inproc_tls.inside;
	int error = errno;

	dwu_inproc_tls.inside = DWU_IN_RECORDER;
	dwu_inproc_take(&lock);
	if (dwu_inproc_mode == DWU_UNBEGUN)
		__atomic_store_n(&dwu_inproc_mode, begin(real),
				 __ATOMIC_RELEASE);
	dwu_inproc_give(&lock);
	dwu_inproc_tls.inside = was;
	errno = error;
}

/* --- more than once ------------------------------------------------------------------------ */

/* The memos of walks are no part of what is kept. */
static void drop_memo(struct dwu_inproc_thread *thread)
{
	if (thread)
		dwu_inproc_unmap(thread->walker.memo, dwu_walker_size());
}

void dwu_event_close(void)
{
	for (struct dwu_inproc_thread *t = dwu_kept->threads; t; t = t->next)
		drop_memo(t);
	drop_memo(spare);
	spare = NULL;
	/* what threads have there is no more */
	if (has_key)
		pthread_key_delete(at_end);
	has_key = false;
	dwu_inproc_stacks_close();
	memset(dwu_event_filter, 0, sizeof(dwu_event_filter));
	memset(leaves, 0, sizeof(leaves));
	dwu_kept_close();
	dwu_event_epoch++;
}

static long open_new(void *const real[DWU_FUNCTIONS])
{
	long fd = dwu_kept_make();

	if (fd < 0)
		return fd;
	dwu_event_epoch++;
	if (open_tables(real))
		return fd;
	dwu_event_close();
	syscall(SYS_close, fd);
	return -ENOMEM;
}

/* Nobody else is here: the tool's call is the only one. */
long dwu_event_open(void *const real[DWU_FUNCTIONS])
{
	uint8_t was = dwu_inproc_tls.inside;
	long fd;

	dwu_inproc_tls.inside = DWU_IN_RECORDER;
	fd = open_new(real);
	dwu_inproc_tls.inside = was;
	return fd;
}

void dwu_event_go(void)
{
	__atomic_store_n(&dwu_inproc_mode, mode_wanted(), __ATOMIC_SEQ_CST);
}

long dwu_event_open_rest(void)
{
	const char *path = dwu_inproc_options.rest;
	long status = *path ? dwu_kept_open_rest(path) : -1;

	return status || open_kept() ? status : DWU_REST_NONE;
}

/* --- stacks -------------------------------------------------------------------------------- */

static uint32_t leaf_of(enum dwu_inproc_function by)
{
	uint32_t leaf = __atomic_load_n(&leaves[by], __ATOMIC_RELAXED);

	if (unlikely(!leaf)) {
		leaf = dwu_slow_leaf((uint64_t)(uintptr_t)functions[by]);
		__atomic_store_n(&leaves[by], leaf, __ATOMIC_RELAXED);
	}
	return leaf;
}

static uint32_t stack_of(enum dwu_inproc_function by,
			 const struct dwu_inproc_regs *regs)
{
	struct dwu_inproc_thread *thread = own_thread();
	uint32_t stack;

	if (likely(thread))
		return dwu_walk_stack(&thread->walker, regs, leaf_of(by));
	dwu_inproc_take(&spare_lock);
	reset(&spare->walker);
	stack = dwu_walk_stack(&spare->walker, regs, leaf_of(by));
	dwu_inproc_give(&spare_lock);
	return stack;
}

/* --- blocks -------------------------------------------------------------------------------- */

/* Samples by the hash of their address, how many; 255 stays. */
uint8_t dwu_event_filter[1u << DWU_FILTER_LOG2];

/* More or fewer of them; one that was 255 is not known any more. */
static void filter_add(const void *at, int by)
{
	uint8_t *place = dwu_event_filter_at(at);
	uint8_t now = __atomic_load_n(place, __ATOMIC_RELAXED);

	while (now != 255 && !__atomic_compare_exchange_n(
				     place, &now, (uint8_t)(now + by), true,
				     __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* The memory of another thread's gap; never 0. */
static void seed(struct dwu_inproc_tls *tls)
{
	tls->seed = (dwu_inproc_now() ^ (uint64_t)(uintptr_t)tls << 20 ^
		     (uint64_t)syscall(SYS_gettid)) *
			    0x9e3779b97f4a7c15ull |
		    1;
	for (int i = 0; i < 4; i++)
		(void)dwu_inproc_gap(&tls->seed, 1);
	tls->seed_epoch = dwu_event_epoch;
	tls->left = dwu_inproc_gap(&tls->seed, dwu_inproc_options.sample_bytes);
}

/* `left` was counted down by this block already, and is below 0, or of another mean. */
bool dwu_event_wanted(size_t size)
{
	struct dwu_inproc_tls *tls = &dwu_inproc_tls;
	int error = errno;

	if (unlikely(!tls->seed || tls->seed_epoch != dwu_event_epoch)) {
		seed(tls);
		errno = error;
		tls->left -= (int64_t)size;
		if (tls->left >= 0)
			return false;
	}
	tls->left = dwu_inproc_gap(&tls->seed, dwu_inproc_options.sample_bytes);
	return true;
}

static void put(const void *at, uint64_t size, uint32_t stack)
{
	uint64_t old = 0;

	if (size >> (64 - DWU_BLOCK_STACK_BITS) ||
	    !dwu_blocks_put(at, dwu_block(size, stack), &old)) {
		count_one(&dwu_kept->no_room);
		return;
	}
	if (dwu_inproc_options.sample_bytes && !old)
		filter_add(at, 1);
	if (unlikely(old)) /* freed by a way that is not seen */
		count_free(old);
	count_alloc(stack, size);
}

void dwu_event_alloc(const void *at, size_t size, enum dwu_inproc_function by,
		     const struct dwu_inproc_regs *regs)
{
	uint8_t was = dwu_inproc_tls.inside;
	uint32_t stack = DWU_STACK_UNKNOWN;
	int error = errno;

	if (!at || !is_on())
		return;
	/* a signal handler's, in the recorder: sums are not to be touched */
	dwu_inproc_tls.inside = (uint8_t)(was + DWU_IN_RECORDER);
	if (likely(was == DWU_OUTSIDE))
		stack = stack_of(by, regs);
	if (unlikely(stack == DWU_STACK_UNKNOWN))
		count_one(&dwu_kept->unknown);
	put(at, size, stack);
	dwu_inproc_tls.inside = was;
	errno = error;
}

uint64_t dwu_event_take(const void *at)
{
	uint64_t block;

	if (!is_on() || (dwu_inproc_options.sample_bytes &&
			 likely(!dwu_event_may_be_sample(at))))
		return 0;
	block = dwu_blocks_take(at);
	if (block && dwu_inproc_options.sample_bytes)
		filter_add(at, -1);
	return block;
}

void dwu_event_freed(uint64_t block)
{
	uint8_t was = dwu_inproc_tls.inside;

	if (!block)
		return;
	dwu_inproc_tls.inside = (uint8_t)(was + DWU_IN_RECORDER);
	count_free(block);
	dwu_inproc_tls.inside = was;
}

void dwu_event_kept(const void *at, uint64_t block)
{
	uint64_t old;

	if (!block || !dwu_blocks_put(at, block, &old))
		return;
	if (dwu_inproc_options.sample_bytes)
		filter_add(at, 1);
}

/* --- mappings --------------------------------------------------------------------------------- */

/* dwu_areas_tell.cut: an area that was cut in two is one more. */
static void count_cut(void *ctx, uint64_t bytes, uint32_t stack, int pieces)
{
	uint64_t n = dwu_inproc_options.sample_bytes ? 1024 : 1;
	struct dwu_inproc_sums part = { .freed_bytes = n * bytes };

	(void)ctx;
	if (pieces < 0)
		part.frees = n;
	else
		part.allocs = n * (uint64_t)pieces;
	count(stack, &part);
}

static const struct dwu_areas_tell tell = { .cut = count_cut };

/* Each is told, and stands for itself, also where blocks are sampled. */
void dwu_event_mapped(const void *at, size_t size, enum dwu_inproc_function by,
		      const struct dwu_inproc_regs *regs)
{
	uint64_t n = dwu_inproc_options.sample_bytes ? 1024 : 1;
	uint64_t start = (uint64_t)(uintptr_t)at;
	uint8_t was = dwu_inproc_tls.inside;
	uint32_t stack = DWU_STACK_UNKNOWN;
	int error = errno;

	if (!is_on())
		return;
	dwu_inproc_tls.inside = (uint8_t)(was + DWU_IN_RECORDER);
	if (likely(was == DWU_OUTSIDE)) {
		stack = stack_of(by, regs);
		dwu_areas_cut(start, size, &tell);
		if (dwu_areas_put(start, size, stack))
			count(stack, &(struct dwu_inproc_sums){
					     .allocs = n, .bytes = n * size });
		else
			count_one(&dwu_kept->no_room);
	} else {
		count_one(
			&dwu_kept->no_room); /* a handler's: the lock may be taken */
	}
	dwu_inproc_tls.inside = was;
	errno = error;
}

void dwu_event_unmapped(const void *at, size_t size)
{
	uint8_t was = dwu_inproc_tls.inside;
	int error = errno;

	if (!is_on() || was != DWU_OUTSIDE)
		return;
	dwu_inproc_tls.inside = DWU_IN_RECORDER;
	dwu_areas_cut((uint64_t)(uintptr_t)at, size, &tell);
	dwu_inproc_tls.inside = was;
	errno = error;
}

/* --- fork, stop, and what the writer asks -------------------------------------------------------- */

/* A signal handler that forks while its thread holds a lock: nothing can be taken,
 * and the child, whose tables may be half written, records nothing. */
static DWU_TLS bool fork_unready;

void dwu_event_fork_begins(void)
{
	dwu_inproc_tls.inside += DWU_IN_RECORDER;
	fork_unready = dwu_inproc_tls.locks > 0;
	if (fork_unready)
		return;
	dwu_inproc_take(&threads_lock);
	dwu_inproc_take(&spare_lock);
	dwu_areas_take();
	dwu_slow_take();
}

/* The other threads are not there in a child: what they had in hand is counted. */
static void adopt(void)
{
	owner = dwu_kept->pid = dwu_inproc_pid();
	dwu_kept->parent = (int32_t)getppid();
	dwu_inproc_tls.seed = 0; /* other samples than the parent's */
	for (struct dwu_inproc_thread *t = dwu_kept->threads; t; t = t->next)
		if (t != known_thread() && t->used) {
			flush(t);
			reset(&t->walker);
			t->used = false;
		}
}

void dwu_event_fork_ends(bool child)
{
	if (!fork_unready) {
		dwu_slow_give();
		dwu_areas_give();
		dwu_inproc_give(&spare_lock);
		dwu_inproc_give(&threads_lock);
	}
	if (child && is_on()) {
		if (dwu_inproc_options.children && !fork_unready)
			adopt();
		else
			dwu_inproc_mode = DWU_OFF;
	}
	dwu_inproc_tls.inside -= DWU_IN_RECORDER;
}

static uint32_t stopped_mode;

bool dwu_event_stop(void)
{
	/* a child of vfork() has this memory, and is not this process */
	if (!is_on() || dwu_inproc_pid() != owner)
		return false;
	if (dwu_inproc_tls.locks) {
		dwu_inproc_say("a signal handler ends the program within the "
			       "recorder: there is no recording",
			       NULL);
		return false;
	}
	dwu_inproc_tls.inside += DWU_IN_RECORDER;
	stopped_mode = __atomic_exchange_n(&dwu_inproc_mode, DWU_OFF,
					   __ATOMIC_SEQ_CST);
	return true;
}

void dwu_event_go_on(void)
{
	dwu_kept->state = DWU_KEPT_LIVE;
	__atomic_store_n(&dwu_inproc_mode, stopped_mode, __ATOMIC_SEQ_CST);
	dwu_inproc_tls.inside -= DWU_IN_RECORDER;
}

void dwu_event_end(void)
{
	dwu_inproc_tls.inside -= DWU_IN_RECORDER;
}

void dwu_event_visit(void (*visit)(void *ctx, uint32_t stack,
				   const struct dwu_inproc_sums *sums),
		     void *ctx)
{
	for (struct dwu_inproc_thread *t = dwu_kept->threads; t; t = t->next)
		for (uint32_t i = 0; i < SUMS; i++)
			if (t->stacks[i])
				visit(ctx, t->stacks[i], &t->sums[i]);
}

static void add_counts(struct dwu_walk_counts *to,
		       const struct dwu_walk_counts *part)
{
	to->events += part->events;
	to->walked += part->walked;
	to->kept += part->kept;
	to->slow += part->slow;
	to->checked += part->checked;
	to->differ += part->differ;
}

void dwu_event_count(struct dwu_event_counts *counts)
{
	*counts = (struct dwu_event_counts){
		.no_room = dwu_kept->no_room,
		.unknown = dwu_kept->unknown,
		.threads = dwu_kept->thread_count,
		.start_ns = dwu_kept->start_ns,
		.start_real_ns = dwu_kept->start_real_ns,
	};
	add_counts(&counts->walks, &spare->walker.counts);
	for (struct dwu_inproc_thread *t = dwu_kept->threads; t; t = t->next)
		add_counts(&counts->walks, &t->walker.counts);
}
