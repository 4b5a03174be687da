/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A walk through the program's own stack, in the caller's memory. */
#include "port.h"

/* All that a walk carves from its memory, in this order; the space is last. */
struct work {
	struct dwunw_arena arena;
	struct dwunw_walker *walker;
	struct dwunw_frame *frames;
};

/* --- how much memory ---------------------------------------------------------- */

static uint32_t frames_of(const struct dwu_job *job)
{
	return job->max_frames ? job->max_frames : DWUNW_FIRMWARE_FRAMES;
}

static size_t aligned(size_t size)
{
	return (size + DWUNW_ARENA_ALIGN - 1) &
	       ~(size_t)(DWUNW_ARENA_ALIGN - 1);
}

/* Rows that are kept: a recursion that has overflowed its stack has the same few
 * rows a hundred thousand times. */
#define ROWS 16u

size_t dwu_job_size(struct dwu_job *job, size_t tables)
{
	struct dwunw_arena none = { 0 };

	(void)job->make_space(job, &none);
	return DWUNW_ARENA_ALIGN - 1 + dwunw_walker_size(ROWS) +
	       aligned(frames_of(job) * sizeof(struct dwunw_frame)) +
	       aligned(none.wanted) + tables;
}

/* With the tables of the code that did not fit; 0: all did. */
static size_t tables_size(const struct dwu_job *job, const struct work *w)
{
	if (job->space->tables_wanted == 0)
		return 0;
	return DWUNW_ARENA_ALIGN - 1 + w->arena.size - job->space->tables.size +
	       job->space->tables_wanted;
}

/* --- what is reported ----------------------------------------------------------- */

/*
 * The label of what is mapped at pc, also where that could not be opened, and
 * where pc is in its file. `at` is the address to look up.
 */
static const char *locate(const struct dwunw_firmware_space *space, uint64_t at,
			  uint64_t pc, uint64_t *off)
{
	const struct dwunw_mapping *mapping =
		dwunw_space_find(&space->space, at);
	const struct dwunw_firmware_object *object;

	*off = 0;
	if (!mapping)
		return "?";
	object = &space->objects[mapping->file];
	*off = pc - object->start + mapping->off;
	return dwu_label_of(object);
}

/* Of fewer frames only the first ones are told. */
#define ENDS_MIN 4u
#define FIRST_MAX 65535u /* of struct dwunw_walk_input */

/* How many frames stay at the beginning of a deep stack. */
static uint32_t first_of(uint32_t max)
{
	uint32_t first = max - (max < 12 ? 2 : max / 4);

	return first < FIRST_MAX ? first : FIRST_MAX;
}

static void report(struct dwu_job *job, const struct dwunw_frame *frames)
{
	uint32_t i, gap = first_of(frames_of(job));

	for (i = 0; i < job->count; i++) {
		struct dwunw_firmware_frame out = {
			.frame = frames[i],
			.index = i < gap ? i : i + job->stop.left_out,
			.left_out = i == gap ? job->stop.left_out : 0,
		};
		uint64_t lookup = dwunw_frame_lookup(&out.frame, out.frame.pc);

		out.label = locate(job->space, lookup, out.frame.pc, &out.off);
		if (i + 1 == job->count)
			job->stop_label = out.label;
		job->frame(job->frame_ctx, &out);
	}
}

/* --- the walk ---------------------------------------------------------------------- */

static dwunw_status_t set_up(struct dwu_job *job, struct work *w)
{
	dwunw_status_t status;

	dwunw_arena_init(&w->arena, job->memory, job->memory_size);
	status = dwunw_walker_init(&w->walker, ROWS, &w->arena);
	if (status == DWUNW_OK) {
		w->frames = dwunw_arena_alloc(
			&w->arena, frames_of(job) * sizeof(*w->frames));
		status = w->frames ? job->make_space(job, &w->arena) :
				     DWUNW_ERR_NO_MEMORY;
	}
	if (status == DWUNW_ERR_NO_MEMORY)
		job->wanted = dwu_job_size(job, 0);
	return status;
}

dwunw_status_t dwu_job_space(struct dwu_job *job)
{
	struct work w = { 0 };

	return set_up(job, &w);
}

static dwunw_status_t walk(struct dwu_job *job, struct work *w,
			   const struct dwunw_regset *regs)
{
	uint32_t max = frames_of(job);
	const struct dwunw_walk_input input = {
		.regs = regs,
		.read_memory = job->space->read_memory,
		.memory_ctx = job->space->memory_ctx,
		.flags = max < ENDS_MIN ? 0 : DWUNW_WALK_ENDS,
		.first_frames = (uint16_t)first_of(max),
	};
	size_t count = 0;
	dwunw_status_t status = dwunw_walk(w->walker, &job->space->space,
					   &input, w->frames, max, &count,
					   &job->stop);

	job->count = (uint32_t)count;
	return status;
}

dwunw_status_t dwu_job_run(struct dwu_job *job, const struct dwunw_regset *regs)
{
	struct work w = { 0 };
	dwunw_status_t status;

	job->count = 0;
	job->wanted = 0;
	job->stop_label = "?";
	if (!job->memory || !job->frame || !regs ||
	    (uint64_t)job->max_frames * sizeof(*w.frames) > SIZE_MAX / 2)
		return DWUNW_ERR_INVALID_ARG;
	status = set_up(job, &w);
	if (status == DWUNW_OK)
		status = walk(job, &w, regs);
	if (status != DWUNW_OK)
		return status;
	job->wanted = tables_size(job, &w);
	report(job, w.frames);
	return DWUNW_OK;
}

/* --- of codes ----------------------------------------------------------------------- */

static dwunw_status_t make_space(struct dwu_job *job, struct dwunw_arena *arena)
{
	const struct dwunw_firmware_trace *trace = job->ctx;

	*job->space = (struct dwunw_firmware_space){
		.read_memory = trace->read_memory,
		.memory_ctx = trace->memory_ctx,
	};
	return dwu_space_codes(job->space, trace->codes, trace->code_count,
			       trace->around, arena);
}

static struct dwu_job job_of(struct dwunw_firmware_trace *trace,
			     struct dwunw_firmware_space *space)
{
	return (struct dwu_job){
		.make_space = make_space,
		.ctx = trace,
		.space = space,
		.memory = trace->memory,
		.memory_size = trace->memory_size,
		.max_frames = trace->max_frames,
		.frame = trace->frame,
		.frame_ctx = trace->ctx,
	};
}

dwunw_status_t dwunw_firmware_memory(struct dwunw_firmware_trace *trace)
{
	struct dwunw_firmware_space space;
	struct dwunw_arena none = { 0 };
	struct dwu_job job;
	dwunw_status_t status;

	if (!trace || !trace->read_memory)
		return DWUNW_ERR_INVALID_ARG;
	job = job_of(trace, &space);
	status = make_space(&job, &none);
	if (status != DWUNW_ERR_NO_MEMORY)
		return status;
	trace->wanted = dwu_job_size(&job, 0);
	trace->wanted +=
		dwu_codes_tables(&space, trace->codes, trace->code_count);
	return DWUNW_OK;
}

dwunw_status_t dwunw_firmware_backtrace_from(struct dwunw_firmware_trace *trace,
					     const struct dwunw_regset *regs)
{
	struct dwunw_firmware_space space;
	struct dwu_job job;
	dwunw_status_t status;

	if (!trace || !trace->read_memory)
		return DWUNW_ERR_INVALID_ARG;
	job = job_of(trace, &space);
	status = dwu_job_run(&job, regs);
	trace->count = job.count;
	trace->stop = job.stop;
	trace->stop_label = job.stop_label;
	trace->wanted = job.wanted;
	return status;
}

dwunw_status_t
dwunw_firmware_backtrace(struct dwunw_firmware_trace *trace,
			 const struct dwunw_firmware_registers *registers)
{
	struct dwunw_regset regs;
	dwunw_status_t status = dwunw_firmware_regset(&regs, registers);

	return status == DWUNW_OK ?
		       dwunw_firmware_backtrace_from(trace, &regs) :
		       status;
}
