/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * unwind.c - one event to one stack with names. dwunw-added 5: all of this file;
 * upstream looks up stack_traces by stack_id when it prints.
 *
 *   snapshot   dwunw_consume() -> frames
 *   walk       the kernel's, by frame pointers: alone, or where those end
 */
#include "tool.h"

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

uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

/* --- what goes wrong is told once for each cause --------------------------- */

static bool is_new_cause(struct tool *tool, uint64_t cause)
{
	for (uint32_t i = 0; i < tool->cause_count; i++) {
		if (tool->causes[i] == cause)
			return false;
	}
	if (tool->cause_count == CAUSES)
		return false;
	tool->causes[tool->cause_count++] = cause;
	return true;
}

/* An event that gave no frames. */
static void tell_status(struct tool *tool, int32_t pid, dwunw_status_t status)
{
	char why[256] = "";
	uint64_t cause = (uint64_t)(uint32_t)-status;

	tool->statistics.not_unwound++;
	if (tool->arguments.mode == MODE_FORCE)
		tool->failed = true;
	if (!is_new_cause(tool, cause))
		return;
	if (status == DWUNW_ERR_ATTACH_DENIED)
		dwunw_denied_text(pid, why, sizeof(why));
	fprintf(stderr, "dwunw: pid %" PRId32 ": %s %s%s\n", pid,
		dwunw_status_text(status), why,
		tool->arguments.mode == MODE_FALLBACK ? ": frame pointers" :
							"");
}

/* A stack that dwunw does not follow to its end, as the kernel's walk may have
 * done from there on: once for each file and reason. */
static void tell_stop(struct tool *tool, const struct stack *stack, bool by_fp)
{
	uint64_t cause = (uint64_t)stack->stop.module << 32 |
			 (uint64_t)stack->stop.reason << 8 | 0x80;

	if (is_new_cause(tool, cause))
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
static struct dwunw_frame frame_of(struct tool *tool,
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
	if (dwunw_capture(&tool->dwunw, &request, &count) || count != 1)
		return (struct dwunw_frame){ .pc = pc, .vaddr = pc };
	return frame;
}

/* Appends the walk from its `from`th address on; garbage, which a walk without
 * frame pointers gives, is in no file. */
static size_t append_walk(struct tool *tool, const struct target *target,
			  uint16_t arch, const struct fp_walk *walk,
			  uint32_t from, size_t count)
{
	for (uint32_t i = from;
	     i < walk->count && count < tool->arguments.depth; i++) {
		struct dwunw_frame frame =
			frame_of(tool, target, arch, walk->pcs[i]);

		if (!frame.module && !target->lost_rights && i > 0)
			break;
		frame.how = i ? DWUNW_HOW_FP : DWUNW_HOW_EVENT;
		frame.flags = 0;
		tool->frames[count++] = frame;
	}
	return count;
}

/* Where the walk goes on from dwunw's last frame. 0: nowhere. */
static uint32_t join_at(const struct tool *tool, const struct fp_walk *walk,
			size_t count)
{
	uint32_t i = walk->count;

	while (i > 0 && count > 0) {
		if (walk->pcs[--i] == tool->frames[count - 1].pc)
			return i + 1;
	}
	return 0;
}

static void keep_walk(struct tool *tool, const uint8_t *bytes, size_t size,
		      struct fp_walk *walk)
{
	const struct dwunw_event_header *header = &tool->event.header;
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

/* NULL: no more are kept. */
static struct stack *intern(struct tool *tool, size_t count,
			    const struct dwunw_stop *stop)
{
	int32_t pid = (int32_t)tool->event.header.pid;
	struct stack *stack;
	bool is_new;

	stack = stacks_intern(&tool->stacks, tool->frames, count, pid, &is_new);
	tool->statistics.storage_full += !stack;
	if (stack && is_new) {
		stack_set_end(stack, &tool->dwunw, stop);
		naming_add(tool->naming, stack, pid);
	}
	return stack;
}

static void put_stack(struct tool *tool, struct stack *stack,
		      const struct dwunw_stop *stop)
{
	const struct dwunw_event_header *header = &tool->event.header;

	if (stack)
		stacks_put_key(&tool->stacks, header->key, header->time_ns,
			       stack);
	if (tool->arguments.by_thread)
		thread_see(tool, header->pid, header->tid);
	if (tool->arguments.trace)
		printf("alloc pid %" PRIu32 " tid %" PRIu32 " size = %" PRIu64
		       ", result = %" PRIx64 "\n",
		       header->pid, header->tid, header->value, header->cookie);
	if (tool->arguments.verbose)
		fprintf(stderr,
			"[dwunw] pid=%" PRIu32 " tid=%" PRIu32
			" frames=%" PRIu32 " stop=%s\n",
			header->pid, header->tid, stack ? stack->count : 0,
			dwunw_stop_name(stop->reason));
}

static uint64_t walk_hash(const struct fp_walk *walk, int32_t pid)
{
	uint64_t hash = (uint64_t)(uint32_t)pid;

	for (uint32_t i = 0; i < walk->count; i++)
		hash = (hash ^ walk->pcs[i]) * 0x9e3779b97f4a7c15u ^ hash >> 29;
	return hash;
}

/* The same walk as one before: its frames are known. */
static struct known_walk *known_walk(struct tool *tool,
				     const struct target *target,
				     const struct fp_walk *walk)
{
	uint64_t hash = walk_hash(walk, target->pid);
	struct known_walk *known = &tool->known_walks[hash % KNOWN_WALKS];
	uint32_t generation = tool->event.header.map_generation;

	if (known->hash != hash || known->generation != generation)
		*known = (struct known_walk){ .hash = hash,
					      .generation = generation };
	return known;
}

/* The walk is all there is. */
static void on_walk_alone(struct tool *tool, struct target *target,
			  const struct fp_walk *walk)
{
	struct known_walk *known = known_walk(tool, target, walk);
	struct dwunw_stop stop = { 0 };
	size_t count;

	tool->statistics.by_fp++;
	if (!known->stack) {
		count = append_walk(tool, target, tool->event.header.arch, walk,
				    0, 0);
		known->stack = intern(tool, count, &stop);
	}
	put_stack(tool, known->stack, &stop);
}

/* Does dwunw alone do for this process? Then the walk costs nothing more. */
static void learn(struct tool *tool, struct target *target, bool whole)
{
	if (tool->arguments.mode != MODE_FALLBACK || target->lost_rights)
		return;
	target->whole = whole ? target->whole + 1 : 0;
	if (target->whole == TRUSTED_AFTER)
		target_set_ways(tool, target, MEMLEAK_SNAPSHOT);
	else if (!whole)
		target_set_ways(tool, target, MEMLEAK_SNAPSHOT | MEMLEAK_FP);
}

static void judge(struct tool *tool, struct stack *stack)
{
	bool to_main = stack_reaches_main(stack);

	stack->judged = true;
	if (!to_main || stack->joined)
		tell_stop(tool, stack, stack->joined);
	if (tool->arguments.mode == MODE_FORCE && stack->count <= 1 && !to_main)
		tool->failed = true;
}

void judge_stacks(struct tool *tool)
{
	for (uint32_t i = 0; i < tool->stacks.all_size; i++) {
		struct stack *stack = tool->stacks.all[i];

		if (stack && stack->seen && !stack->judged &&
		    stack_is_named(stack))
			judge(tool, stack);
	}
}

void wait_for_names(struct tool *tool)
{
	while (!naming_is_done(tool->naming))
		dwunw_inbox_read(tool->inbox, 5);
	judge_stacks(tool);
}

/* Without its names it is not known whether a stack that has not come to the
 * start has come to main. */
static void count_stack(struct tool *tool, struct target *target,
			struct stack *stack, bool by_fp)
{
	bool root = dwunw_stop_is_complete(stack->stop.reason);
	bool named = stack_is_named(stack);

	stack->seen++;
	stack->joined += by_fp;
	if (root || by_fp || named)
		learn(tool, target,
		      !by_fp && (root || stack_reaches_main(stack)));
	if (named && !stack->judged)
		judge(tool, stack);
}

static void on_snapshot(struct tool *tool, struct target *target,
			dwunw_status_t status, size_t count,
			const struct dwunw_stop *stop)
{
	const struct dwunw_event_header *header = &tool->event.header;
	struct fp_walk *walk = &tool->fp_walks[header->key % FP_WALKS];
	struct dwunw_stop none = { 0 };
	size_t dwunw_count = count;
	struct stack *stack;
	uint32_t join;

	if (walk->key != header->key)
		walk->count = 0;
	if (status) {
		tell_status(tool, target->pid, status);
		count = append_walk(tool, target, header->arch, walk, 0, 0);
		if (!count) {
			tool->frames[0] = (struct dwunw_frame){
				.pc = tool->event.regs.pc,
				.vaddr = tool->event.regs.pc
			};
			count = 1;
		}
		put_stack(tool, intern(tool, count, &none), &none);
		return;
	}
	join = dwunw_stop_is_complete(stop->reason) ?
		       0 :
		       join_at(tool, walk, count);
	if (join)
		count = append_walk(tool, target, header->arch, walk, join,
				    count);
	stack = intern(tool, count, stop);
	put_stack(tool, stack, stop);
	if (stack)
		count_stack(tool, target, stack, count > dwunw_count);
}

/* --- events ---------------------------------------------------------------- */

static void add_child(void *tool, int32_t child)
{
	target_add(tool, child);
}

static void add_forked(struct tool *tool,
		       const struct dwunw_event_header *header, int32_t pid)
{
	struct target *child = target_add(tool, pid);

	if (child)
		attach_child(tool, child, header);
}

/*
 * A new task, where children are followed: not of a command, which stops where
 * they begin. The BPF programs have followed it since it began; what is
 * learnt here is that it is no thread, or, if it has ended, whose it was.
 */
static void on_fork(struct tool *tool, const struct dwunw_event_header *header)
{
	uint32_t child = (uint32_t)header->cookie;
	struct target *parent;
	int32_t tgid;

	if (tool->follow == DWUNW_FOLLOW_GIVEN || child > INT32_MAX)
		return;
	parent = target_find(tool, (int32_t)header->pid);
	if (!child) { /* further in than the tool: looked for */
		dwunw_pidns_children(
			(int32_t)header->pid,
			dwunw_pidns_outer_tid((int32_t)header->pid,
					      (int32_t)header->tid),
			add_child, tool);
		if (parent)
			parent->forked = true;
		return;
	}
	tgid = dwunw_proc_of_thread((int32_t)child);
	if (tgid && (uint32_t)tgid != child) {
		dwunw_bpf_map_remove(
			dwunw_loader_map(tool->loader, "dwunw_born"), &child);
		return;
	}
	if (parent)
		parent->forked = true;
	if (tgid)
		add_forked(tool, header, tgid);
	else
		tool->births[child % BIRTHS] =
			(struct birth){ (int32_t)child, (int32_t)header->pid };
}

static void on_exec_event(struct tool *tool, struct target *target)
{
	if (tool->command_pid)
		return; /* seen already, before its first instruction */
	target_exec(tool, target, tool->event.header.time_ns);
	targets_look(tool);
}

/* Mapped since: an allocator may be among it. */
static void see_generation(struct tool *tool, struct target *target)
{
	uint32_t generation = tool->event.header.map_generation;
	bool changed = target->generation && generation != target->generation;

	target->generation = generation;
	if (changed && !target->exited)
		target_attach(tool, target);
}

/* A child of fork that has ended since had its parent's mappings, unless it has
 * run another program. */
static dwunw_status_t consume(struct tool *tool, const struct target *target,
			      size_t *count, struct dwunw_stop *stop)
{
	struct dwunw_event_header *header = &tool->event.header;
	uint32_t pid = header->pid, generation = header->map_generation;
	dwunw_status_t status;

	status = dwunw_event_consume(&tool->dwunw, NULL, &tool->event,
				     tool->frames, tool->arguments.depth, count,
				     stop);
	if (status != DWUNW_ERR_IO || !target || !target->parent ||
	    header->kind != DWUNW_EVENT_STACK)
		return status;
	header->pid = (uint32_t)target->parent;
	header->map_generation = 0;
	status = dwunw_event_consume(&tool->dwunw, NULL, &tool->event,
				     tool->frames, tool->arguments.depth, count,
				     stop);
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
	uint64_t now = now_ns(), paid = (now - target->paid_ns) / DEBT_SHARE;

	target->paid_ns = now;
	target->debt_ns -= paid < target->debt_ns ? paid : target->debt_ns;
	if (cost > SLOW_NS)
		target->debt_ns += cost;
}

static bool in_debt(struct tool *tool, struct target *target)
{
	if (target->debt_ns)
		pay(target, 0);
	if (target->debt_ns <= DEBT_NS)
		return false;
	if (is_new_cause(tool, (uint64_t)(uint32_t)target->pid << 32 | 0x40))
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
static void on_unpaid(struct tool *tool)
{
	struct dwunw_stop none = { 0 };

	tool->statistics.not_unwound++;
	tool->frames[0] = (struct dwunw_frame){ .pc = tool->event.regs.pc,
						.vaddr = tool->event.regs.pc };
	put_stack(tool, intern(tool, 1, &none), &none);
}

static void on_stack(struct tool *tool, struct target *target)
{
	struct dwunw_stop stop = { 0 };
	uint64_t begun;
	size_t count = 0;
	dwunw_status_t status;

	if (in_debt(tool, target)) {
		on_unpaid(tool);
		return;
	}
	begun = thread_ns();
	status = consume(tool, target, &count, &stop);
	pay(target, thread_ns() - begun);
	on_snapshot(tool, target, status, count, &stop);
}

static void on_walk(struct tool *tool, struct target *target,
		    const uint8_t *bytes, size_t size)
{
	const struct dwunw_event_header *header = &tool->event.header;
	struct fp_walk *walk = &tool->fp_walks[header->key % FP_WALKS];

	keep_walk(tool, bytes, size, walk);
	if (header->entry_offset == MEMLEAK_FP)
		on_walk_alone(tool, target, walk);
}

/* All that is not a stack. */
static void on_other(struct tool *tool, struct target *target)
{
	const struct dwunw_event_header *header = &tool->event.header;

	switch (header->kind) {
	case MEMLEAK_EVENT_FREE:
		printf("free pid %" PRIu32 " tid %" PRIu32 " address = %" PRIx64
		       "\n",
		       header->pid, header->tid, header->cookie);
		break;
	case DWUNW_EVENT_EXEC:
		on_exec_event(tool, target);
		break;
	case DWUNW_EVENT_EXIT:
		target->leader_ends = true;
		break;
	case DWUNW_EVENT_FORK:
		on_fork(tool, header);
		break;
	}
}

void unwind_event(void *ctx, void *bytes, size_t size)
{
	struct tool *tool = ctx;
	const struct dwunw_event_header *header = &tool->event.header;
	struct dwunw_stop stop = { 0 };
	struct target *target;
	size_t count = 0;

	tool->statistics.received++;
	targets_see_mappings(tool);
	if (dwunw_event_parse(&tool->event, bytes, size)) {
		tool->statistics.not_unwound++;
		return;
	}
	target = target_see(tool, (int32_t)header->pid);
	if (!target || header->kind != DWUNW_EVENT_STACK)
		(void)consume(tool, target, &count, &stop);
	if (!target)
		return;
	if (header->kind == DWUNW_EVENT_STACK) {
		tool->statistics.stack_events++;
		tool->statistics.stack_bytes += size;
		on_stack(tool, target);
		see_generation(tool, target);
	} else if (header->kind == MEMLEAK_EVENT_FP) {
		on_walk(tool, target, bytes, size);
	} else {
		on_other(tool, target);
	}
}
