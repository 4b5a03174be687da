/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_ENTRIES 16384u

struct file {
	struct dwunw_module module;
	struct dwunw_span span;
	struct dwunw_source source;
	struct dwunw_arena arena;
	void *arena_bytes;
	uint8_t *thin; /* what is left of the file; NULL: all of it */
	uint64_t bias;
	bool tried;
	dwunw_status_t status;
};

struct subject {
	const struct image *image;
	unsigned without;
	struct dwunw_space space;
	struct file *files; /* the image's, then the vdso */
	struct dwunw_walker *walker;
	void *walker_bytes;
	const struct lens *lens; /* of the walk under way */
	struct dwunw_frame frames[FRAMES_MAX];
};

/* An arena that grows to what the module wants. */
static dwunw_status_t open_file(struct file *file, uint32_t serial)
{
	size_t size = 4096;
	dwunw_status_t status;

	dwunw_source_from_span(&file->source, &file->span);
	for (int tries = 0; tries < 8; tries++) {
		free(file->arena_bytes);
		file->arena_bytes = aligned_alloc(DWUNW_ARENA_ALIGN,
						  (size + 15u) & ~(size_t)15);
		if (!file->arena_bytes)
			return DWUNW_ERR_NO_MEMORY;
		dwunw_arena_init(&file->arena, file->arena_bytes, size);
		status = dwunw_module_open(&file->module, &file->source, serial,
					   &file->arena);
		if (status != DWUNW_ERR_NO_MEMORY)
			return status;
		size = file->arena.wanted;
	}
	return status;
}

/* The vdso is the kernel's: nobody strips it. */
static void make_thin(struct subject *subject, uint32_t index)
{
	struct file *file = &subject->files[index];

	if (!subject->without || index == subject->image->file_count)
		return;
	file->thin = evidence_remove(file->span.data, (size_t)file->span.size,
				     subject->without,
				     subject->image->files[index].path);
	if (!file->thin)
		exit(2);
	file->span.data = file->thin;
}

static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **module)
{
	struct subject *subject = ctx;
	struct file *file;

	if (mapping->file == UINT32_MAX)
		return DWUNW_ERR_NO_DEBUG_DATA;
	file = &subject->files[mapping->file];
	if (!file->tried) {
		make_thin(subject, mapping->file);
		file->status = open_file(file, mapping->file + 1);
	}
	file->tried = true;
	if (file->status != DWUNW_OK)
		return file->status;
	mapping->bias = file->bias;
	__atomic_store_n(&mapping->serial, file->module.serial,
			 __ATOMIC_RELEASE);
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
	const struct subject *subject = ctx;

	return lens_read(subject->lens, addr, dst, size) ?
		       DWUNW_OK :
		       DWUNW_ERR_INVALID_ARG;
}

static void fill_files(struct subject *subject)
{
	const struct image *image = subject->image;
	size_t count = image->file_count;

	for (size_t i = 0; i < count; i++) {
		subject->files[i].span =
			(struct dwunw_span){ image->files[i].bytes,
					     image->files[i].size };
		subject->files[i].bias = image->files[i].bias;
	}
	/* as linked its first byte is at 0 */
	subject->files[count].span =
		(struct dwunw_span){ image->snap.vdso,
				     (size_t)image->snap.header.vdso_size };
	subject->files[count].bias = image->snap.header.vdso_addr;
}

static bool fill_space(struct subject *subject)
{
	const struct image *image = subject->image;
	const struct snap *snap = &image->snap;
	struct dwunw_space *space = &subject->space;

	space->mappings = calloc(snap->map_count, sizeof(*space->mappings));
	if (!space->mappings)
		return false;
	space->count = (uint32_t)snap->map_count;
	space->generation = 1;
	space->arch = dwunw_arch_by_id((uint16_t)snap->header.arch);
	space->open_module = open_module;
	space->close_module = close_module;
	space->ctx = subject;
	for (size_t i = 0; i < snap->map_count; i++)
		space->mappings[i] = (struct dwunw_mapping){
			.start = snap->maps[i].start,
			.end = snap->maps[i].end,
			.off = snap->maps[i].off,
			.flags = snap->maps[i].exec ? DWUNW_MAPPING_EXEC : 0,
			.file = image_file_of(image, i),
		};
	return dwunw_space_init(space) == DWUNW_OK;
}

static bool make_walker(struct subject *subject)
{
	size_t size = dwunw_walker_size(CACHE_ENTRIES);
	struct dwunw_arena arena;

	size = (size + 63u) & ~(size_t)63;
	subject->walker_bytes = aligned_alloc(64, size);
	if (!subject->walker_bytes)
		return false;
	dwunw_arena_init(&arena, subject->walker_bytes, size);
	return dwunw_walker_init(&subject->walker, CACHE_ENTRIES, &arena) ==
	       DWUNW_OK;
}

struct subject *subject_open(const struct image *image, unsigned without)
{
	struct subject *subject = calloc(1, sizeof(*subject));

	if (!subject)
		return NULL;
	subject->image = image;
	subject->without = without;
	subject->files = calloc(image->file_count + 1, sizeof(struct file));
	if (!subject->files) {
		free(subject);
		return NULL;
	}
	fill_files(subject);
	if (!fill_space(subject) || !make_walker(subject)) {
		subject_close(subject);
		return NULL;
	}
	return subject;
}

void subject_close(struct subject *subject)
{
	for (size_t i = 0; i <= subject->image->file_count; i++) {
		free(subject->files[i].arena_bytes);
		free(subject->files[i].thin);
	}
	free(subject->files);
	free(subject->space.mappings);
	free(subject->walker_bytes);
	free(subject);
}

const struct dwunw_frame *subject_walk(struct subject *subject,
				       const struct lens *lens, size_t *count,
				       struct dwunw_stop *stop)
{
	const struct snap_bytes *stack = &lens->sample->memory[0];
	struct dwunw_regset regs;
	struct dwunw_walk_input input = {
		.regs = &regs,
		.read_memory = read_memory,
		.memory_ctx = subject,
		.flags = lens->capped ? DWUNW_WALK_CAPPED : 0,
	};
	uint16_t arch = (uint16_t)subject->image->snap.header.arch;

	subject->lens = lens;
	dwunw_regset_prepare(&regs, arch);
	memcpy(regs.regs, lens->regs, sizeof(regs.regs));
	regs.pc = lens->sample->pc;
	regs.sp = lens->sample->sp;
	regs.valid &= ~lens->lost;
	/* a copy, as far as it goes; what is altered is read by the call */
	if (!lens->altered && !lens->refused && !lens->holes && !lens->high)
		input.stack = (struct dwunw_snapshot){ stack->data, stack->addr,
						       lens->copy_size };
	if (dwunw_walk(subject->walker, &subject->space, &input,
		       subject->frames, FRAMES_MAX, count, stop) != DWUNW_OK) {
		fprintf(stderr, "a walk fails\n");
		exit(2);
	}
	return subject->frames;
}
