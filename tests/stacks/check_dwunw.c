/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * check_dwunw.c - dwunw as a back end, through its public headers alone: a
 * space made from the maps text of a recording, a module for each file.
 */
#include "image.h"

#include <dwunw/dwunw_api.h>
#include <dwunw/linux.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_ENTRIES 16384u

struct file_module {
	struct dwunw_module module;
	struct dwunw_span span;
	struct dwunw_source source;
	struct dwunw_arena arena;
	void *bytes;
	bool tried;
	dwunw_status_t status;
};

struct state {
	struct image *image;
	struct dwunw_space space;
	struct dwunw_piece *pieces;  /* all mappings */
	struct file_module *modules; /* the files', then the vdso's */
	struct dwunw_walker *walker;
	void *walker_bytes;
	struct dwunw_context *context; /* NULL: dwunw_walk() is called */
	bool snapshot;
	struct dwunw_frame frames[FRAMES_MAX];
	struct dwunw_stop stop;
	dwunw_status_t status;
	char why[160];
};

/* An arena that grows to what the module wants. */
static dwunw_status_t open_file(struct file_module *file, uint32_t serial)
{
	size_t size = 4096;
	dwunw_status_t status;

	dwunw_source_from_span(&file->source, &file->span);
	for (int tries = 0; tries < 8; tries++) {
		free(file->bytes);
		file->bytes = aligned_alloc(DWUNW_ARENA_ALIGN,
					    (size + 15u) & ~(size_t)15);
		if (!file->bytes)
			return DWUNW_ERR_NO_MEMORY;
		dwunw_arena_init(&file->arena, file->bytes, size);
		status = dwunw_module_open(&file->module, &file->source, serial,
					   &file->arena);
		if (status != DWUNW_ERR_NO_MEMORY)
			return status;
		size = file->arena.wanted;
	}
	return status;
}

static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **module)
{
	struct state *state = ctx;
	struct file_module *file;
	dwunw_status_t status;

	if (mapping->file == UINT32_MAX)
		return DWUNW_ERR_NO_DEBUG_DATA;
	file = &state->modules[mapping->file];
	if (!file->tried)
		file->status = open_file(file, mapping->file + 1);
	file->tried = true;
	if (file->status != DWUNW_OK)
		return file->status;
	if (mapping->serial == 0) {
		status = dwunw_elf_bias(&file->module.elf, state->pieces,
					state->space.count, mapping->start,
					&mapping->bias);
		if (status != DWUNW_OK)
			return DWUNW_ERR_NO_DEBUG_DATA;
		__atomic_store_n(&mapping->serial, file->module.serial,
				 __ATOMIC_RELEASE);
	}
	*module = &file->module;
	return DWUNW_OK;
}

static void close_module(void *ctx, const struct dwunw_module *module)
{
	(void)ctx;
	(void)module;
}

static dwunw_status_t read_memory(void *ctx, uint64_t addr, void *dst,
				  size_t size)
{
	const struct state *state = ctx;

	return image_read(state->image, addr, dst, size) ?
		       DWUNW_OK :
		       DWUNW_ERR_INVALID_ARG;
}

/* The file that a mapping is of: code that was moved is of the one around it. */
static void find_owners(struct state *state)
{
	struct dwunw_space *space = &state->space;
	uint32_t owner;

	for (uint32_t i = 0; i < space->count; i++) {
		owner = dwunw_piece_owner(state->pieces, space->count,
					  space->mappings[i].start);
		if (space->mappings[i].flags && owner != DWUNW_PIECE_NONE)
			space->mappings[i].file = state->pieces[owner].file;
	}
}

static void fill_space(struct state *state)
{
	const struct image *image = state->image;
	const struct snap *snap = &image->snap;
	struct dwunw_space *space = &state->space;

	space->mappings = calloc(snap->map_count, sizeof(*space->mappings));
	state->pieces = calloc(snap->map_count, sizeof(*state->pieces));
	space->count = (uint32_t)snap->map_count;
	space->generation = 1;
	space->arch = dwunw_arch_by_id((uint16_t)snap->header.arch);
	space->open_module = open_module;
	space->close_module = close_module;
	space->ctx = state;
	for (size_t i = 0; space->mappings && i < snap->map_count; i++)
		space->mappings[i] = (struct dwunw_mapping){
			.start = snap->maps[i].start,
			.end = snap->maps[i].end,
			.off = snap->maps[i].off,
			.flags = snap->maps[i].exec ? DWUNW_MAPPING_EXEC : 0,
			.file = image_file_of(image, i),
		};
	for (size_t i = 0; state->pieces && i < snap->map_count; i++)
		state->pieces[i] = (struct dwunw_piece){
			.start = snap->maps[i].start,
			.end = snap->maps[i].end,
			.off = snap->maps[i].off,
			.file = image_file_of(image, i),
			.flags = (uint32_t)snap->maps[i].exec |
				 (uint32_t)snap->maps[i].write << 1 | 4,
		};
	if (space->mappings && state->pieces)
		find_owners(state);
	for (size_t i = 0; i < image->file_count; i++)
		state->modules[i].span =
			(struct dwunw_span){ image->files[i].bytes,
					     image->files[i].size };
	state->modules[image->file_count].span =
		(struct dwunw_span){ snap->vdso,
				     (size_t)snap->header.vdso_size };
}

static bool make_walker(struct state *state, uint32_t cache_entries)
{
	size_t size = dwunw_walker_size(cache_entries);
	struct dwunw_arena arena;

	size = (size + 63u) & ~(size_t)63;
	state->walker_bytes = aligned_alloc(64, size);
	if (!state->walker_bytes)
		return false;
	dwunw_arena_init(&arena, state->walker_bytes, size);
	return dwunw_walker_init(&state->walker, cache_entries, &arena) ==
	       DWUNW_OK;
}

static void close_state(void *arg)
{
	struct state *state = arg;

	for (size_t i = 0; i <= state->image->file_count; i++)
		free(state->modules[i].bytes);
	if (state->context)
		dwunw_shutdown(state->context);
	free(state->context);
	free(state->modules);
	free(state->space.mappings);
	free(state->pieces);
	free(state->walker_bytes);
	free(state);
}

static struct state *open_state(struct image *image, uint32_t cache_entries)
{
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->image = image;
	state->modules = calloc(image->file_count + 1, sizeof(*state->modules));
	if (!state->modules) {
		free(state);
		return NULL;
	}
	fill_space(state);
	if (dwunw_space_init(&state->space) != DWUNW_OK ||
	    !make_walker(state, cache_entries)) {
		close_state(state);
		return NULL;
	}
	return state;
}

static void *open_snapshot(struct image *image)
{
	struct state *state = open_state(image, CACHE_ENTRIES);

	if (state)
		state->snapshot = true;
	return state;
}

static void *open_uncached(struct image *image)
{
	struct state *state = open_state(image, 0);

	if (state)
		state->snapshot = true;
	return state;
}

static void *open_callback(struct image *image)
{
	return open_state(image, CACHE_ENTRIES);
}

static void *open_capture(struct image *image)
{
	struct state *state = open_snapshot(image);

	if (!state)
		return NULL;
	state->context = calloc(1, sizeof(*state->context));
	if (!state->context || dwunw_init(state->context) != DWUNW_OK) {
		free(state->context);
		state->context = NULL;
		close_state(state);
		return NULL;
	}
	return state;
}

static void fill_regs(const struct image *image, const struct snap_sample *s,
		      struct dwunw_regset *regs)
{
	dwunw_regset_prepare(regs, (uint16_t)image->snap.header.arch);
	memcpy(regs->regs, s->regs, s->reg_count * sizeof(s->regs[0]));
	regs->pc = s->pc;
	regs->sp = s->sp;
}

static struct dwunw_walk_input input_of(struct state *state,
					const struct snap_sample *s,
					const struct dwunw_regset *regs)
{
	struct dwunw_walk_input input = {
		.regs = regs,
		.read_memory = read_memory,
		.memory_ctx = state,
		.flags = s->flags & SNAP_CUT ? DWUNW_WALK_CAPPED : 0,
	};

	if (state->snapshot)
		input.stack = (struct dwunw_snapshot){ s->memory[0].data,
						       s->memory[0].addr,
						       s->memory[0].size };
	return input;
}

static size_t by_walk(struct state *state, const struct snap_sample *s,
		      size_t max)
{
	struct dwunw_regset regs;
	struct dwunw_walk_input input;
	size_t count = 0;

	fill_regs(state->image, s, &regs);
	input = input_of(state, s, &regs);
	state->status = dwunw_walk(state->walker, &state->space, &input,
				   state->frames, max, &count, &state->stop);
	return count;
}

const struct image *image_of(const void *arg)
{
	const struct state *state = arg;

	return state->image;
}

void backend_dwunw_begin(void *arg, const struct snap_sample *s,
			 struct dwunw_regset *regs)
{
	struct state *state = arg;

	state->image->sample = s;
	fill_regs(state->image, s, regs);
}

void backend_dwunw_from(void *arg, const struct snap_sample *s,
			const struct dwunw_regset *regs, uint8_t how,
			uint8_t flags, struct walked *walked)
{
	struct state *state = arg;
	struct dwunw_walk_input input = input_of(state, s, regs);

	if (how) {
		input.flags |= DWUNW_WALK_RETURN;
		input.first_how = how;
		input.first_flags = flags;
	}
	walked->count = 0;
	(void)dwunw_walk_steps(state->walker, &state->space, &input,
			       walked->frames, walked->steps, FRAMES_MAX,
			       &walked->count, &walked->stop);
}

uint64_t backend_dwunw_id(void *arg, size_t count,
			  void (*frame)(const char *path, uint64_t vaddr,
					uint32_t exact))
{
	struct state *state = arg;
	uint64_t id = 0;

	for (size_t i = 0; i < count; i++) {
		const struct dwunw_frame *f = &state->frames[i];
		uint32_t exact = dwunw_frame_is_exact(f);
		uint64_t file = 0;

		if (f->module)
			(void)dwunw_elf_identity(
				&state->modules[f->module - 1].module.elf,
				&file);
		id = dwunw_stack_id_add(id, file, f->vaddr, exact);
		frame(!f->module ? "none" :
		      f->module <= state->image->file_count ?
				   state->image->files[f->module - 1].path :
				   "-",
		      f->vaddr, exact);
	}
	return id;
}

static size_t by_capture(struct state *state, const struct snap_sample *s,
			 size_t max)
{
	struct dwunw_regset regs;
	struct dwunw_unwind_request request = {
		.space = &state->space,
		.regs = &regs,
		.frames = state->frames,
		.max_frames = max,
		.options = s->flags & SNAP_CUT ? DWUNW_OPTION_CAPPED : 0,
		.stack = { s->memory[0].data, s->memory[0].addr,
			   s->memory[0].size },
		.read_memory = read_memory,
		.memory_ctx = state,
		.walker = state->walker,
	};
	size_t count = 0;

	fill_regs(state->image, s, &regs);
	state->status = dwunw_capture(state->context, &request, &count);
	state->stop = request.stop;
	return count;
}

static size_t walk(void *arg, const struct snap_sample *sample, uint64_t *pcs,
		   size_t max)
{
	struct state *state = arg;
	size_t count;

	state->image->sample = sample;
	if (max > FRAMES_MAX)
		max = FRAMES_MAX;
	count = state->context ? by_capture(state, sample, max) :
				 by_walk(state, sample, max);
	if (state->status != DWUNW_OK)
		return 0;
	for (size_t i = 0; i < count; i++)
		pcs[i] = state->frames[i].pc;
	return count;
}

static const char *why(void *arg)
{
	struct state *state = arg;

	snprintf(state->why, sizeof(state->why), "%s, %s (status %s)",
		 dwunw_status_name(state->status),
		 dwunw_stop_name(state->stop.reason),
		 dwunw_status_name((dwunw_status_t)state->stop.status));
	return state->why;
}

static size_t memory(void *arg, size_t *modules)
{
	struct state *state = arg;
	size_t bytes = 0;

	*modules = 0;
	for (size_t i = 0; i <= state->image->file_count; i++) {
		if (!state->modules[i].tried)
			continue;
		*modules += 1;
		bytes += sizeof(state->modules[i].module) +
			 state->modules[i].arena.used;
	}
	return bytes;
}

const struct dwunw_frame *backend_dwunw_frames(void *arg)
{
	return ((struct state *)arg)->frames;
}

const struct dwunw_stop *backend_dwunw_stop(void *arg)
{
	return &((struct state *)arg)->stop;
}

static bool no_row(void *arg)
{
	const struct state *state = arg;

	return state->status == DWUNW_OK &&
	       state->stop.reason == DWUNW_STOP_NO_ROW;
}

#define BACKEND(variable, label, open_function) \
	const struct backend variable = {       \
		.name = label,                  \
		.open = open_function,          \
		.walk = walk,                   \
		.why = why,                     \
		.no_row = no_row,               \
		.memory = memory,               \
		.close = close_state,           \
		.is_dwunw = true,               \
	}

BACKEND(backend_dwunw, "dwunw", open_snapshot);
BACKEND(backend_dwunw_callback, "dwunw-callback", open_callback);
BACKEND(backend_dwunw_uncached, "dwunw-uncached", open_uncached);
BACKEND(backend_dwunw_capture, "dwunw-capture", open_capture);
