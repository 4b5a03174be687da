/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A stack by dwunw_walk(), and the rows that it went by, for walk.c.
 *
 * One thread at a time is here. What a walk tells of a step holds for every stack
 * (dwunw_walk_steps()), so a row is kept for all threads until code goes away. A
 * return address that has a row was found to be in code, and behind a call.
 */
#include "inproc.h"

#include <string.h>

#define CACHED_ROWS 1024u

uint32_t dwu_slow_generation;
uint32_t dwu_slow_going;

static struct dwu_inproc_lock lock;
static struct dwunw_walker *walker;
static void *walker_memory;
static size_t walker_room;
static struct dwunw_regset regs_of_walk;
static struct dwunw_frame frames[DWU_DEPTH];
static struct dwunw_step steps[DWU_DEPTH];
static uint8_t copied[16384]; /* of a stack, */
static struct dwunw_snapshot stack_copy;
static uint32_t seen; /* the generation that all is of */
/* walks that ended in code that is not known: the mappings are read again at
 * every `patience`th of them, ever more rarely while that does not help */
static uint32_t lost, patience;

static bool make_walker(void)
{
	struct dwunw_arena arena;

	dwunw_arena_init(&arena, walker_memory, walker_room);
	return dwunw_walker_init(&walker, CACHED_ROWS, &arena) == DWUNW_OK;
}

void dwu_slow_take(void)
{
	dwu_inproc_take(&lock);
}

void dwu_slow_give(void)
{
	dwu_inproc_give(&lock);
}

void dwu_slow_code_goes(void)
{
	__atomic_add_fetch(&dwu_slow_going, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&dwu_slow_generation, 1, __ATOMIC_SEQ_CST);
}

void dwu_slow_code_gone(void)
{
	__atomic_add_fetch(&dwu_slow_generation, 1, __ATOMIC_SEQ_CST);
	__atomic_sub_fetch(&dwu_slow_going, 1, __ATOMIC_SEQ_CST);
}

bool dwu_slow_range(uint64_t addr, struct dwu_inproc_range *range)
{
	bool found;

	dwu_slow_take();
	found = dwu_inproc_range(addr, range);
	dwu_slow_give();
	return found;
}

/* --- rows ---------------------------------------------------------------------------- */

/* Where a packed row says that a register is; false: it stays, or is lost. */
static bool slot_of(const struct dwunw_packed_row *row, uint8_t reg,
		    int16_t *slot)
{
	uint8_t count;
	const uint8_t *saved =
		dwunw_arch_saved(dwunw_arch_by_id(DWU_HOST_ARCH), &count);

	for (uint8_t i = 0; i < count; i++)
		if ((row->bits >> i & 1) && (i == 0 ? 0xff : saved[i]) == reg) {
			*slot = row->slots[i];
			return true;
		}
	return false;
}

/* By sp or the frame pointer, which are all that walk.c follows; else NONE. */
static uint8_t kind_of(const struct dwunw_step *step)
{
	uint8_t reg = step->row.cfa & 0xff;

	if (step->kind == DWUNW_STEP_END)
		return DWU_ROW_END;
	if (step->kind == DWUNW_STEP_REALIGNED && reg == DWU_REG_FP)
		return DWU_ROW_REALIGNED;
	if (step->kind != DWUNW_STEP_ROW)
		return DWU_ROW_NONE;
	return reg == DWU_REG_SP ? DWU_ROW_SP :
	       reg == DWU_REG_FP ? DWU_ROW_FP :
				   DWU_ROW_NONE;
}

static bool row_of(const struct dwunw_step *step, struct dwu_row *row)
{
	int16_t slot = 0;

	row->kind = kind_of(step);
	row->how = step->how;
	row->stop = step->stop;
	if (row->kind == DWU_ROW_END)
		return step->stop != DWUNW_STEP_ON;
	if (row->kind == DWU_ROW_NONE || !slot_of(&step->row, 0xff, &slot) ||
	    slot == DWUNW_PACKED_LOST)
		return false;
	row->cfa_off = (int32_t)step->row.cfa >> 8;
	row->ra_off = slot;
	row->has_fp = slot_of(&step->row, DWU_REG_FP, &slot);
	row->fp_off = slot;
	return !row->has_fp || slot != DWUNW_PACKED_LOST;
}

/* A frame of which nothing but its pc and its evidence is to be said. A return address
 * into MIPS16e code is odd, and so is the key. */
static bool is_plain(const struct dwunw_frame *frame,
		     const struct dwunw_step *step)
{
	return !frame->flags && !step->flags && !step->exact && frame->how < 16;
}

static void keep_rows(const struct dwu_inproc_walked *walked)
{
	for (uint32_t i = 0; i < walked->count; i++) {
		struct dwu_row row = {
			.frame = walked->frames[walked->count - 1 - i],
		};

		if (row.frame && is_plain(&frames[i], &steps[i]) &&
		    row_of(&steps[i], &row))
			dwu_rows_put(dwu_row_key(frames[i].pc | steps[i].isa,
						 frames[i].how),
				     &row);
	}
}

/* --- walks ---------------------------------------------------------------------------- */

static dwunw_status_t read_own(void *ctx, uint64_t addr, void *dst, size_t size)
{
	const struct dwu_inproc_range *own = ctx;

	if (addr < own->start || addr > own->end || size > own->end - addr)
		return dwu_inproc_peek(NULL, addr, dst, size);
	memcpy(dst, (const void *)(uintptr_t)addr, size);
	return DWUNW_OK;
}

/* Another stack than the thread's own may end anywhere: what there is from sp on, by
 * one call. */
static void copy_stack(const struct dwu_inproc_range *own,
		       struct dwunw_snapshot *stack)
{
	uint64_t sp = regs_of_walk.sp;

	if (sp >= own->start && sp < own->end)
		return;
	stack->size = dwu_inproc_copy(sp, copied, sizeof(copied));
	stack->addr = sp;
	stack->bytes = copied;
}

static bool is_lost(const struct dwunw_stop *stop)
{
	return stop->reason == DWUNW_STOP_NO_MODULE ||
	       stop->reason == DWUNW_STOP_NO_CODE;
}

static bool walk_once(const struct dwu_inproc_range *own, size_t *count,
		      struct dwunw_stop *stop)
{
	struct dwu_inproc_range range = *own;
	struct dwunw_walk_input input = {
		.stack = stack_copy,
		.regs = &regs_of_walk,
		.flags = DWUNW_WALK_RETURN,
		.first_how = DWUNW_HOW_CFI,
		.read_memory = read_own,
		.memory_ctx = &range,
	};

	return dwunw_walk_steps(walker, dwu_inproc_space(), &input, frames,
				steps, DWU_DEPTH, count, stop) == DWUNW_OK;
}

static bool walk(const struct dwu_inproc_range *own, size_t *count,
		 struct dwunw_stop *stop)
{
	if (!walk_once(own, count, stop))
		return false;
	if (!is_lost(stop) || ++lost < patience)
		return true;
	lost = 0;
	if (!dwu_inproc_space_read(false) || !walk_once(own, count, stop))
		return false;
	if (!is_lost(stop))
		patience = 1;
	else if (patience < 1u << 16)
		patience *= 2;
	return true;
}

static bool trust_nothing(void)
{
	bool read;

	dwu_rows_flush();
	read = dwu_inproc_space_read(true);
	return make_walker() && read;
}

/* Files and frames of another time (dwu_event_close()) are not known any more. */
bool dwu_slow_open(void)
{
	walker_room = dwunw_walker_size(CACHED_ROWS) + DWUNW_ARENA_ALIGN;
	if (!walker_memory)
		walker_memory = dwu_inproc_pages(walker_room);
	patience = 1;
	return walker_memory && trust_nothing() &&
	       dwunw_regset_prepare(&regs_of_walk, DWU_HOST_ARCH) == DWUNW_OK;
}

static void take_frames(size_t count, const struct dwunw_stop *stop,
			struct dwu_inproc_walked *walked)
{
	walked->count = (uint32_t)count;
	walked->stop = stop->reason;
	walked->scan = stop->reason == DWUNW_STOP_NO_ROW ? stop->scan : 0;
	for (size_t i = 0; i < count; i++) {
		const struct dwunw_frame *frame = &frames[i];
		struct dwu_inproc_frame own = {
			.pc = frame->pc,
			.vaddr = frame->vaddr,
			.file = dwu_inproc_module_file(frame->module),
			.how = frame->how,
			.flags = frame->flags,
			.exact = (frame->flags & (DWUNW_FRAME_FLAG_INTERRUPTED |
						  DWUNW_FRAME_FLAG_SIGNAL)) !=
				 0,
		};

		walked->frames[count - 1 - i] = dwu_inproc_frame(&own);
	}
}

bool dwu_slow_walk(const struct dwu_inproc_regs *regs,
		   const struct dwu_inproc_range *own, bool keep,
		   struct dwu_inproc_walked *walked)
{
	struct dwunw_stop stop;
	size_t count = 0;
	uint32_t now, going;
	bool done;

	dwu_slow_take();
	now = __atomic_load_n(&dwu_slow_generation, __ATOMIC_SEQ_CST);
	going = __atomic_load_n(&dwu_slow_going, __ATOMIC_SEQ_CST);
	if (now != seen || going)
		(void)trust_nothing();
	seen = now;
	dwu_regs_set(regs, &regs_of_walk);
	stack_copy = (struct dwunw_snapshot){ 0 };
	copy_stack(own, &stack_copy);
	done = walk(own, &count, &stop);
	if (done)
		take_frames(count, &stop, walked);
	if (done && keep && !going)
		keep_rows(walked);
	dwu_slow_give();
	return done;
}

uint32_t dwu_slow_leaf(uint64_t pc)
{
	struct dwu_inproc_frame frame = {
		.pc = pc,
		.vaddr = pc,
		.how = DWUNW_HOW_EVENT,
		.exact = 1,
	};
	const struct dwunw_space *space = dwu_inproc_space();
	struct dwunw_mapping *mapping;
	const struct dwunw_module *module;
	uint32_t number;

	dwu_slow_take();
	mapping = dwunw_space_find(space, pc);
	if (mapping &&
	    space->open_module(space->ctx, mapping, &module) == DWUNW_OK) {
		frame.vaddr = pc - mapping->bias;
		frame.file = dwu_inproc_module_file(mapping->serial);
	}
	number = dwu_inproc_frame(&frame);
	dwu_slow_give();
	return number;
}
