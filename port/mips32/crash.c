/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The space of the program itself, and a walk through its own stack. */
#include "port.h"

dwunw_status_t
dwunw_mips32_space_init(struct dwunw_mips32_space *space,
			const struct dwunw_mips32_space_config *config,
			struct dwunw_arena *arena)
{
	dwunw_status_t status;

	if (!space || !config || !arena)
		return DWUNW_ERR_INVALID_ARG;
	*space = (struct dwunw_mips32_space){
		.space = { .open_module = dwu_files_open,
			   .close_module = dwu_files_close,
			   .arch = dwunw_arch_by_id(DWUNW_MIPS32_ARCH),
			   .ctx = space },
		.image = dwu_word(config->image),
	};
	if (!space->space.arch)
		return DWUNW_ERR_UNSUPPORTED_ARCH;
	status = dwu_maps_load(space, config, arena);
	if (status != DWUNW_OK)
		return status;
	dwunw_arena_init(&space->tables, arena->base + arena->used,
			 arena->size - arena->used);
	arena->used = arena->size;
	return dwunw_space_init(&space->space) == DWUNW_OK ?
		       DWUNW_OK :
		       DWUNW_ERR_BAD_FORMAT;
}

static const char *label_of(const struct dwunw_mips32_object *object)
{
	return object->label[0] ? object->label : "[anonymous]";
}

const char *dwunw_mips32_space_label(const struct dwunw_mips32_space *space,
				     uint32_t serial)
{
	if (serial == 0 || serial > space->space.count)
		return "?";
	return label_of(&space->objects[serial - 1]);
}

/*
 * The label of what is mapped at pc, also where that could not be opened, and
 * where pc is in its file. `at` is the address to look up.
 */
static const char *locate(const struct dwunw_mips32_space *space, uint64_t at,
			  uint64_t pc, uint64_t *off)
{
	const struct dwunw_mapping *mapping =
		dwunw_space_find(&space->space, at);
	const struct dwunw_mips32_object *object;

	*off = 0;
	if (!mapping)
		return "?";
	object = &space->objects[mapping->file];
	*off = pc - object->start + mapping->off;
	return label_of(object);
}

static void report(struct dwunw_mips32_trace *trace,
		   const struct dwunw_mips32_space *space,
		   const struct dwunw_frame *frames)
{
	uint32_t i;

	for (i = 0; i < trace->count; i++) {
		struct dwunw_mips32_frame out = {
			.frame = frames[i],
			.index = i,
		};
		uint64_t lookup = dwunw_frame_lookup(&out.frame, out.frame.pc);

		out.label = locate(space, lookup, out.frame.pc, &out.off);
		if (i + 1 == trace->count)
			trace->stop_label = out.label;
		trace->frame(trace->ctx, &out);
	}
}

/* All that a backtrace carves from its memory, in this order. */
struct work {
	struct dwunw_arena arena;
	struct dwunw_walker *walker;
	struct dwunw_frame *frames;
	struct dwunw_mips32_space space;
};

static dwunw_status_t set_up(const struct dwunw_mips32_space_config *config,
			     struct work *w, uint32_t max)
{
	dwunw_status_t status = dwunw_walker_init(&w->walker, 0, &w->arena);

	if (status != DWUNW_OK)
		return status;
	w->frames = dwunw_arena_alloc(&w->arena, max * sizeof(*w->frames));
	if (!w->frames)
		return DWUNW_ERR_NO_MEMORY;
	return dwunw_mips32_space_init(&w->space, config, &w->arena);
}

static size_t aligned(size_t size)
{
	return (size + DWUNW_ARENA_ALIGN - 1) &
	       ~(size_t)(DWUNW_ARENA_ALIGN - 1);
}

/* What set_up() wants in all, whichever part of it failed. */
static size_t set_up_size(const struct dwunw_mips32_space_config *config,
			  struct work *w, uint32_t max)
{
	struct dwunw_arena none = { 0 };

	(void)dwunw_mips32_space_init(&w->space, config, &none);
	return DWUNW_ARENA_ALIGN - 1 + dwunw_walker_size(0) +
	       aligned(max * sizeof(*w->frames)) + none.wanted;
}

/* The same with the tables of the file that did not fit; 0: all did. */
static size_t tables_size(const struct work *w)
{
	if (w->space.tables_wanted == 0)
		return 0;
	return DWUNW_ARENA_ALIGN - 1 + w->arena.size - w->space.tables.size +
	       w->space.tables_wanted;
}

dwunw_status_t dwunw_mips32_backtrace_from(struct dwunw_mips32_trace *trace,
					   const struct dwunw_regset *regs)
{
	struct dwunw_walk_input input = {
		.regs = regs,
		.read_memory = dwunw_mips32_read_memory,
	};
	struct dwunw_mips32_space_config config = { 0 };
	struct work w = { 0 };
	size_t count = 0;
	uint32_t max;
	dwunw_status_t status;

	if (!trace || !trace->memory || !trace->frame || !regs)
		return DWUNW_ERR_INVALID_ARG;
	trace->count = 0;
	trace->wanted = 0;
	trace->stop_label = "?";
	max = trace->max_frames ? trace->max_frames : DWUNW_MIPS32_FRAMES;
	if ((uint64_t)max * sizeof(*w.frames) > SIZE_MAX / 2)
		return DWUNW_ERR_INVALID_ARG;
	config.image = trace->image;
	dwunw_arena_init(&w.arena, trace->memory, trace->memory_size);
	status = set_up(&config, &w, max);
	if (status == DWUNW_ERR_NO_MEMORY)
		trace->wanted = set_up_size(&config, &w, max);
	if (status == DWUNW_OK)
		status = dwunw_walk(w.walker, &w.space.space, &input, w.frames,
				    max, &count, &trace->stop);
	if (status != DWUNW_OK)
		return status;
	trace->wanted = tables_size(&w);
	trace->count = (uint32_t)count;
	report(trace, &w.space, w.frames);
	return DWUNW_OK;
}

dwunw_status_t dwunw_mips32_backtrace(struct dwunw_mips32_trace *trace,
				      const void *ucontext)
{
	struct dwunw_regset regs;
	dwunw_status_t status = dwunw_mips32_regset_from_ucontext(
		&regs, DWUNW_MIPS32_ARCH, ucontext,
		sizeof(struct dwunw_mips32_ucontext));

	return status == DWUNW_OK ? dwunw_mips32_backtrace_from(trace, &regs) :
				    status;
}
