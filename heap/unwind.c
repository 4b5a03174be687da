/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * unwind.c - one event to one stack with names. dwunw-added 5: all of this file;
 * upstream looks up stack_traces by stack_id when it prints.
 *
 *   snapshot   dwunw_consume() -> frames
 *   walked     the same: frames that the kernel has walked, and the rest
 *   walk       the kernel's, by frame pointers: alone, or where those end
 */
#include "recorder.h"

#include <dwunw/loader.h>
#include <dwunw/trace.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * A stack that costs more processor time than SLOW_NS is paid for by its
 * process: with more than DEBT_NS unpaid its stacks are not followed, and a
 * tenth of the time that goes by is taken off. Others lose nothing by it.
 */
#define SLOW_NS (5 * SECOND / 1000)
#define DEBT_NS (2 * SECOND)
#define DEBT_SHARE 10

/* So many whole stacks in a row, and the frame-pointer walk is left out. */
#define TRUSTED_AFTER 32u

/* --- what goes wrong is told once for each cause --------------------------- */

static bool is_new_cause(struct dwunw_heap *heap, uint64_t cause)
{
	for (uint32_t i = 0; i < heap->cause_count; i++) {
		if (heap->causes[i] == cause)
			return false;
	}
	if (heap->cause_count == CAUSES)
		return false;
	heap->causes[heap->cause_count++] = cause;
	return true;
}

/* An event that gave no frames. */
static void tell_status(struct dwunw_heap *heap, int32_t pid,
			dwunw_status_t status)
{
	char why[256] = "";
	uint64_t cause = (uint64_t)(uint32_t)-status;

	heap->statistics.not_unwound++;
	if (heap->config.mode == DWUNW_HEAP_FORCE)
		heap->failed = true;
	if (!is_new_cause(heap, cause))
		return;
	if (status == DWUNW_ERR_ATTACH_DENIED)
		dwunw_denied_text(pid, why, sizeof(why));
	fprintf(stderr, "dwunw: pid %" PRId32 ": %s %s%s\n", pid,
		dwunw_status_text(status), why,
		heap->config.mode == DWUNW_HEAP_FALLBACK ? ": frame pointers" :
							   "");
}

/* A stack that dwunw does not follow to its end, as the kernel's walk may have
 * done from there on: once for each file and reason. */
static void tell_stop(struct dwunw_heap *heap, const struct dwunw_stack *stack,
		      bool by_fp)
{
	uint64_t cause = (uint64_t)stack->stop.module << 32 |
			 (uint64_t)stack->stop.reason << 8 | 0x80;

	if (is_new_cause(heap, cause))
		fprintf(stderr, "dwunw: a stack ends early%s: %s\n",
			by_fp ? ", frame pointers go on" : "",
			stack->stop_text[0] ?
				stack->stop_text :
				dwunw_stop_name(stack->stop.reason));
}

/* --- frame-pointer walks --------------------------------------------------- */

static dwunw_status_t no_memory(void *ctx, uint64_t addr, void *dst,
				size_t size)
{
	(void)ctx;
	(void)addr;
	(void)dst;
	(void)size;
	return DWUNW_ERR_INVALID_ARG;
}

/* The frame of one address: its file, and its address there. */
static struct dwunw_frame frame_of(struct dwunw_heap *heap,
				   const struct target *target, uint16_t arch,
				   uint64_t pc)
{
	struct dwunw_frame frame = { .pc = pc, .vaddr = pc };
	struct dwunw_unwind_request request = { .frames = &frame,
						.max_frames = 1,
						.pid = target->pid,
						.read_memory = no_memory };
	struct dwunw_regset regs;
	size_t count = 0;

	if (target->lost_rights || dwunw_regset_prepare(&regs, arch))
		return frame;
	regs.pc = pc;
	request.regs = &regs;
	if (dwunw_capture(&heap->dwunw, &request, &count) || count != 1)
		return (struct dwunw_frame){ .pc = pc, .vaddr = pc };
	return frame;
}

/* Appends the walk from its `from`th address on; garbage, which a walk without
 * frame pointers gives, is in no file. */
static size_t append_walk(struct dwunw_heap *heap, const struct target *target,
			  uint16_t arch, const struct fp_walk *walk,
			  uint32_t from, size_t count)
{
	for (uint32_t i = from; i < walk->count && count < heap->config.depth;
	     i++) {
		struct dwunw_frame frame =
			frame_of(heap, target, arch, walk->pcs[i]);

		if (!frame.module && !target->lost_rights && i > 0)
			break;
		frame.how = i ? DWUNW_HOW_FP : DWUNW_HOW_EVENT;
		frame.flags = 0;
		heap->frames[count++] = frame;
	}
	return count;
}

/* Where the walk goes on from dwunw's last frame. 0: nowhere. */
static uint32_t join_at(const struct dwunw_heap *heap,
			const struct fp_walk *walk, size_t count)
{
	uint32_t i = walk->count;

	while (i > 0 && count > 0) {
		if (walk->pcs[--i] == heap->frames[count - 1].pc)
			return i + 1;
	}
	return 0;
}

static void keep_walk(struct dwunw_heap *heap, const uint8_t *bytes,
		      size_t size, struct fp_walk *walk)
{
	const struct dwunw_event_header *header = &heap->event.header;
	size_t off = sizeof(*header) + 8ul * header->reg_count;
	size_t room = sizeof(walk->pcs);

	walk->key = header->key;
	walk->count = 0;
	if (size < off || size - off < header->stack_size)
		return;
	if (room > header->stack_size)
		room = header->stack_size;
	memcpy(walk->pcs, bytes + off, room);
	walk->count = (uint32_t)(room / 8);
}

/* --- stacks ---------------------------------------------------------------- */

/* As many as are kept, and not that memory was short. */
static bool stacks_are_full(const struct dwunw_heap *heap)
{
	return heap->stacks.max && heap->stacks.count >= heap->stacks.max;
}

/* Of a stack that is not kept the blocks are summed all the same. */
static struct dwunw_stack *unkept(struct dwunw_heap *heap)
{
	heap->statistics.storage_full++;
	heap->unkept.unkept = true;
	if (!heap->told_unkept && stacks_are_full(heap))
		fprintf(stderr,
			"dwunw: %" PRIu32 " different stacks are there, and no "
			"more are kept: blocks of others are a sum without "
			"stacks (%s N keeps more)\n",
			heap->stacks.count, heap->config.words.stacks);
	heap->told_unkept |= stacks_are_full(heap);
	return NULL;
}

/* NULL: no more are kept. */
static struct dwunw_stack *intern(struct dwunw_heap *heap, size_t count,
				  const struct dwunw_stop *stop)
{
	int32_t pid = (int32_t)heap->event.header.pid;
	struct dwunw_stack *stack;
	bool is_new;

	stack = dwunw_stacks_intern(&heap->stacks, heap->frames, count, pid,
				    &is_new);
	if (!stack)
		return unkept(heap);
	if (is_new) {
		stack->exact = dwu_event_is_exact(&heap->counted);
		dwunw_stack_set_end(stack, &heap->dwunw, stop);
		dwunw_naming_add(heap->naming, stack, pid);
	}
	return stack;
}

static void put_stack(struct dwunw_heap *heap, struct dwunw_stack *stack,
		      const struct dwunw_stop *stop)
{
	const struct dwunw_event_header *header = &heap->event.header;
	/* a key that the kernel knows is never forgotten */
	uint64_t time_ns = dwu_walk_is_known(header->key) ? UINT64_MAX :
							    header->time_ns;

	if (!stack && stacks_are_full(heap))
		dwunw_stacks_put_key(&heap->stacks, header->key, time_ns,
				     &heap->unkept);
	if (stack)
		dwunw_stacks_put_key(&heap->stacks, header->key, time_ns,
				     stack);
	dwu_sums_event(heap, stack ? stack : &heap->unkept);
	if (heap->config.by_thread)
		dwu_thread_see(heap, header->pid, header->tid);
	if (heap->config.on_block)
		heap->config.on_block(heap->config.ctx, header, false);
	if (!heap->rows) /* else it has an event of its own */
		dwu_flow_allocated(heap, stack ? stack : &heap->unkept);
	if (heap->config.verbose)
		fprintf(stderr,
			"[dwunw] pid=%" PRIu32 " tid=%" PRIu32
			" frames=%" PRIu32 " bytes=%" PRIu32 " stop=%s\n",
			header->pid, header->tid, stack ? stack->count : 0,
			header->size, dwunw_stop_name(stop->reason));
}

static uint64_t walk_hash(const struct fp_walk *walk, int32_t pid)
{
	uint64_t hash = (uint64_t)(uint32_t)pid;

	for (uint32_t i = 0; i < walk->count; i++)
		hash = (hash ^ walk->pcs[i]) * 0x9e3779b97f4a7c15u ^ hash >> 29;
	return hash;
}

/* The same walk as one before: its frames are known. */
static struct known_walk *known_walk(struct dwunw_heap *heap,
				     const struct target *target,
				     const struct fp_walk *walk)
{
	uint64_t hash = walk_hash(walk, target->pid);
	struct known_walk *known = &heap->known_walks[hash % KNOWN_WALKS];
	uint32_t generation = heap->event.header.map_generation;

	if (known->hash != hash || known->generation != generation)
		*known = (struct known_walk){ .hash = hash,
					      .generation = generation };
	return known;
}

/* The walk is all there is. */
static void on_walk_alone(struct dwunw_heap *heap, struct target *target,
			  const struct fp_walk *walk)
{
	struct known_walk *known = known_walk(heap, target, walk);
	struct dwunw_stop stop = { 0 };
	size_t count;

	heap->statistics.by_fp++;
	if (!known->stack) {
		count = append_walk(heap, target, heap->event.header.arch, walk,
				    0, 0);
		known->stack = intern(heap, count, &stop);
	}
	put_stack(heap, known->stack, &stop);
}

/* Does dwunw alone do for this process? Then the walk costs nothing more. */
static void learn(struct dwunw_heap *heap, struct target *target, bool whole)
{
	if (heap->config.mode != DWUNW_HEAP_FALLBACK || target->lost_rights)
		return;
	target->whole = whole ? target->whole + 1 : 0;
	if (target->whole == TRUSTED_AFTER)
		dwu_target_set_ways(heap, target, DWUNW_HEAP_SNAPSHOT);
	else if (!whole)
		dwu_target_set_ways(heap, target,
				    DWUNW_HEAP_SNAPSHOT | DWUNW_HEAP_FP);
}

static void judge(struct dwunw_heap *heap, struct dwunw_stack *stack)
{
	bool to_main = dwunw_stack_reaches_main(stack);

	stack->judged = true;
	if (heap->config.mode > DWUNW_HEAP_FORCE)
		return;
	if (!to_main || stack->joined)
		tell_stop(heap, stack, stack->joined);
	if (heap->config.mode == DWUNW_HEAP_FORCE && stack->count <= 1 &&
	    !to_main)
		heap->failed = true;
}

/* Says what is wrong with stacks that have got their names since. */
static void judge_stacks(struct dwunw_heap *heap)
{
	for (uint32_t i = 0; i < heap->stacks.all_size; i++) {
		struct dwunw_stack *stack = heap->stacks.all[i];

		if (stack && stack->seen && !stack->judged &&
		    dwunw_stack_is_named(stack))
			judge(heap, stack);
	}
}

void dwu_wait_for_names(struct dwunw_heap *heap)
{
	while (!dwunw_naming_is_done(heap->naming))
		dwu_read(heap, 5);
	judge_stacks(heap);
}

/* Without its names it is not known whether a stack that has not come to the
 * start has come to main. */
static void count_stack(struct dwunw_heap *heap, struct target *target,
			struct dwunw_stack *stack, bool by_fp)
{
	bool root = dwunw_stop_is_complete(stack->stop.reason);
	bool named = dwunw_stack_is_named(stack);

	stack->seen++;
	stack->joined += by_fp;
	if (root || by_fp || named)
		learn(heap, target,
		      !by_fp && (root || dwunw_stack_reaches_main(stack)));
	if (named && !stack->judged)
		judge(heap, stack);
}

/* The kernel's walk of the same moment, of one event of that stack. */
static void keep_beside(const struct dwunw_heap *heap,
			struct dwunw_stack *stack)
{
	uint64_t key = heap->event.header.key;
	const struct fp_walk *walk = &heap->fp_walks[key % FP_WALKS];
	size_t size = walk->count * sizeof(*walk->pcs);

	if (stack->fp || walk->key != key)
		return;
	stack->fp = malloc(size + 1);
	if (!stack->fp)
		return;
	memcpy(stack->fp, walk->pcs, size);
	stack->fp_count = walk->count;
}

/* What the kernel has walked of the event; nothing of one that is a copy. */
static struct dwunw_walked walked_of(const struct dwunw_heap *heap)
{
	struct dwunw_event event = heap->event;
	struct dwunw_walked walked = { .walk.stop = DWUNW_EVENT_GOES_ON };

	if (event.header.kind != DWUNW_EVENT_WALKED ||
	    dwunw_walked_parse(&walked, &event))
		return (struct dwunw_walked){ .walk.stop =
						      DWUNW_EVENT_GOES_ON };
	return walked;
}

/* The event's own address, where it is all that is known of the stack. */
static struct dwunw_frame own_frame(const struct dwunw_heap *heap)
{
	const struct dwunw_walked walked = walked_of(heap);
	struct dwunw_frame frame = { .pc = heap->event.regs.pc };
	uint64_t file;

	(void)dwunw_walked_frame(&walked, 0, &frame, &file);
	return (struct dwunw_frame){ .pc = frame.pc, .vaddr = frame.pc };
}

static void on_snapshot(struct dwunw_heap *heap, struct target *target,
			dwunw_status_t status, size_t count,
			const struct dwunw_stop *stop)
{
	const struct dwunw_event_header *header = &heap->event.header;
	static const struct fp_walk no_walk;
	const struct fp_walk *walk = &heap->fp_walks[header->key % FP_WALKS];
	struct dwunw_stop none = { 0 };
	size_t dwunw_count = count;
	struct dwunw_stack *stack;
	uint32_t join;

	if (walk->key != header->key || heap->config.mode == DWUNW_HEAP_BESIDE)
		walk = &no_walk;
	if (status) {
		tell_status(heap, target->pid, status);
		count = append_walk(heap, target, header->arch, walk, 0, 0);
		if (!count) {
			heap->frames[0] = own_frame(heap);
			count = 1;
		}
		put_stack(heap, intern(heap, count, &none), &none);
		return;
	}
	join = dwunw_stop_is_complete(stop->reason) ?
		       0 :
		       join_at(heap, walk, count);
	if (join)
		count = append_walk(heap, target, header->arch, walk, join,
				    count);
	stack = intern(heap, count, stop);
	put_stack(heap, stack, stop);
	if (stack && heap->config.mode == DWUNW_HEAP_BESIDE)
		keep_beside(heap, stack);
	if (stack)
		count_stack(heap, target, stack, count > dwunw_count);
}

/* --- events ---------------------------------------------------------------- */

static void add_child(void *heap, int32_t child)
{
	dwu_target_add(heap, child);
}

static void add_forked(struct dwunw_heap *heap,
		       const struct dwunw_event_header *header, int32_t pid)
{
	struct target *child = dwu_target_add(heap, pid);

	if (child)
		dwu_attach_child(heap, child, header);
}

/*
 * A new task, where children are followed: not of a command, which stops where
 * they begin. The BPF programs have followed it since it began; what is
 * learnt here is that it is no thread, or, if it has ended, whose it was.
 */
static void on_fork(struct dwunw_heap *heap,
		    const struct dwunw_event_header *header)
{
	uint32_t child = (uint32_t)header->cookie;
	struct target *parent;
	int32_t tgid;

	if (heap->follow == DWUNW_FOLLOW_GIVEN || child > INT32_MAX)
		return;
	parent = dwu_target_find(heap, (int32_t)header->pid);
	if (!child) { /* further in than the tool: looked for */
		dwunw_pidns_children(
			(int32_t)header->pid,
			dwunw_pidns_outer_tid((int32_t)header->pid,
					      (int32_t)header->tid),
			add_child, heap);
		if (parent)
			parent->forked = true;
		return;
	}
	tgid = dwunw_proc_of_thread((int32_t)child);
	if (tgid && (uint32_t)tgid != child) {
		dwunw_bpf_map_remove(dwu_map(heap, "dwunw_born"), &child);
		return;
	}
	if (parent)
		parent->forked = true;
	if (tgid)
		add_forked(heap, header, tgid);
	else
		heap->births[child % BIRTHS] =
			(struct birth){ (int32_t)child, (int32_t)header->pid };
}

static void on_exec_event(struct dwunw_heap *heap, struct target *target)
{
	if (heap->command_pid)
		return; /* seen already, before its first instruction */
	dwu_target_exec(heap, target, heap->event.header.time_ns);
	dwu_target_name(target, &heap->event.header);
	dwu_targets_look(heap);
}

/* Mapped since: an allocator may be among it. */
static void see_generation(struct dwunw_heap *heap, struct target *target)
{
	uint32_t generation = heap->event.header.map_generation;
	bool changed = target->generation && generation != target->generation;

	target->generation = generation;
	if (changed && !target->exited)
		dwu_target_attach(heap, target);
}

static bool is_stack(const struct dwunw_event_header *header)
{
	return header->kind == DWUNW_EVENT_STACK ||
	       header->kind == DWUNW_EVENT_WALKED;
}

/* Where the kernel walks, whole stacks are: it has to learn the frames beyond those
 * that are wanted, or it would ask for them each time. */
static dwunw_status_t walk_event(struct dwunw_heap *heap, size_t *count,
				 struct dwunw_stop *stop)
{
	return dwunw_event_consume_steps(
		&heap->dwunw, NULL, &heap->event, heap->frames, heap->steps,
		heap->rows ? heap->frame_room : heap->config.depth, count,
		stop);
}

/* As if the walk had not gone on. */
static void cut(struct dwunw_heap *heap, size_t *count, struct dwunw_stop *stop)
{
	const struct dwunw_frame *last;

	if (*count <= heap->config.depth)
		return;
	*count = heap->config.depth;
	last = &heap->frames[*count - 1];
	*stop = (struct dwunw_stop){ .reason = DWUNW_STOP_LIMIT,
				     .pc = last->pc,
				     .vaddr = last->vaddr,
				     .module = last->module };
}

/* A child of fork that has ended since had its parent's mappings, unless it has
 * run another program. */
static dwunw_status_t consume(struct dwunw_heap *heap,
			      const struct target *target, size_t *count,
			      struct dwunw_stop *stop)
{
	struct dwunw_event_header *header = &heap->event.header;
	uint32_t pid = header->pid, generation = header->map_generation;
	dwunw_status_t status = walk_event(heap, count, stop);

	if (status != DWUNW_ERR_IO || !target || !target->parent ||
	    !is_stack(header))
		return status;
	header->pid = (uint32_t)target->parent;
	header->map_generation = 0;
	status = walk_event(heap, count, stop);
	header->pid = pid;
	header->map_generation = generation;
	return status;
}

static uint64_t thread_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void pay(struct target *target, uint64_t cost)
{
	uint64_t now = dwunw_heap_now(),
		 paid = (now - target->paid_ns) / DEBT_SHARE;

	target->paid_ns = now;
	target->debt_ns -= paid < target->debt_ns ? paid : target->debt_ns;
	if (cost > SLOW_NS)
		target->debt_ns += cost;
}

static bool in_debt(struct dwunw_heap *heap, struct target *target)
{
	if (target->debt_ns)
		pay(target, 0);
	if (target->debt_ns <= DEBT_NS)
		return false;
	if (is_new_cause(heap, (uint64_t)(uint32_t)target->pid << 32 | 0x40))
		fprintf(stderr,
			"dwunw: pid %" PRId32
			": its stacks cost %.1f s of processor time beyond a "
			"%dth of the time, more than the bound of %.1f: some "
			"are not followed\n",
			target->pid, (double)target->debt_ns / (double)SECOND,
			DEBT_SHARE, (double)DEBT_NS / (double)SECOND);
	return true;
}

/* Its own address is all that is known of it. */
static void on_unpaid(struct dwunw_heap *heap)
{
	struct dwunw_stop none = { 0 };

	heap->statistics.not_unwound++;
	heap->frames[0] = own_frame(heap);
	put_stack(heap, intern(heap, 1, &none), &none);
}

/* Of one that the kernel has walked whole nothing is left to be paid. */
static void on_stack(struct dwunw_heap *heap, struct target *target)
{
	const struct dwunw_walked walked = walked_of(heap);
	struct dwunw_stop stop = { 0 };
	uint64_t begun;
	size_t count = 0;
	dwunw_status_t status;

	if (walked.walk.stop == DWUNW_EVENT_GOES_ON && in_debt(heap, target)) {
		on_unpaid(heap);
		return;
	}
	begun = thread_ns();
	status = consume(heap, target, &count, &stop);
	if (!status && count > walked.walk.frame_count)
		dwu_walk_learn(heap, target, walked.walk.frame_count, count);
	pay(target, thread_ns() - begun);
	if (status == DWUNW_OK)
		dwu_end_learn(heap, count, &stop);
	cut(heap, &count, &stop);
	on_snapshot(heap, target, status, count, &stop);
}

static void on_walk(struct dwunw_heap *heap, struct target *target,
		    const uint8_t *bytes, size_t size)
{
	const struct dwunw_event_header *header = &heap->event.header;
	struct fp_walk *walk = &heap->fp_walks[header->key % FP_WALKS];

	keep_walk(heap, bytes, size, walk);
	if (header->entry_offset == DWUNW_HEAP_FP)
		on_walk_alone(heap, target, walk);
}

/* All that is not a stack. */
static void on_other(struct dwunw_heap *heap, struct target *target)
{
	const struct dwunw_event_header *header = &heap->event.header;

	switch (header->kind) {
	case DWUNW_HEAP_EVENT_ALLOC:
		dwu_flow_counted(heap);
		break;
	case DWUNW_HEAP_EVENT_TIME:
		dwu_sums_time(heap);
		break;
	case DWUNW_HEAP_EVENT_FREE:
		dwu_flow_freed(heap);
		if (heap->config.on_block && !header->entry_offset)
			heap->config.on_block(heap->config.ctx, header, true);
		break;
	case DWUNW_EVENT_EXEC:
		on_exec_event(heap, target);
		break;
	case DWUNW_EVENT_EXIT:
		dwu_walk_forget(heap, target->pid);
		target->leader_ends = true;
		break;
	case DWUNW_EVENT_FORK:
		on_fork(heap, header);
		break;
	}
}

void dwu_unwind_event(void *ctx, void *bytes, size_t size)
{
	struct dwunw_heap *heap = ctx;
	const struct dwunw_event_header *header = &heap->event.header;
	struct dwunw_stop stop = { 0 };
	struct target *target;
	size_t count = 0;

	heap->statistics.received++;
	dwu_walk_taken(heap);
	dwu_targets_see_mappings(heap);
	if (dwunw_event_parse(&heap->event, bytes, size)) {
		heap->statistics.not_unwound++;
		return;
	}
	target = dwu_target_see(heap, (int32_t)header->pid);
	if (!target || !is_stack(header))
		(void)consume(heap, target, &count, &stop);
	if (!target)
		return;
	if (is_stack(header)) {
		heap->statistics.stack_events++;
		heap->statistics.stack_bytes += size;
		on_stack(heap, target);
		see_generation(heap, target);
	} else if (header->kind == DWUNW_HEAP_EVENT_FP) {
		on_walk(heap, target, bytes, size);
	} else {
		on_other(heap, target);
	}
}
