/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* framehop.c - framehop as a back end of bench.c, by its library. */
#include "framehop.h"

#include "back_ends.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define RBP 6 /* psABI 3.6.2 */

struct state {
	struct image *image;
	void *unwinder;
	bool callback;
};

static bool read_word(void *ctx, uint64_t addr, uint64_t *word)
{
	return image_read(ctx, addr, word, sizeof(*word));
}

static void take_section(struct framehop_file *file, const char *name,
			 const Elf64_Shdr *section, const uint8_t *bytes,
			 size_t size)
{
	struct framehop_section *to =
		!strcmp(name, ".eh_frame")     ? &file->eh_frame :
		!strcmp(name, ".eh_frame_hdr") ? &file->eh_frame_hdr :
		!strcmp(name, ".text")	       ? &file->text :
		!strcmp(name, ".got")	       ? &file->got :
						 NULL;

	if (!to || section->sh_offset > size ||
	    section->sh_size > size - section->sh_offset)
		return;
	to->vaddr = section->sh_addr;
	to->bytes = bytes + section->sh_offset;
	to->size = section->sh_size;
}

/* The bytes are of the machine's own files, or a recording's vdso. */
static void find_sections(struct framehop_file *file, const uint8_t *bytes,
			  size_t size)
{
	const Elf64_Ehdr *head = (const void *)bytes;
	const Elf64_Shdr *table = (const void *)(bytes + head->e_shoff);
	const char *names;

	if (size < sizeof(*head) || head->e_shoff > size ||
	    head->e_shnum * sizeof(*table) > size - head->e_shoff ||
	    head->e_shstrndx >= head->e_shnum)
		return;
	names = (const char *)bytes + table[head->e_shstrndx].sh_offset;
	for (unsigned i = 1; i < head->e_shnum; i++)
		take_section(file, names + table[i].sh_name, &table[i], bytes,
			     size);
}

/* From the first mapping of a file to the last one. */
static void find_range(struct framehop_file *file, const struct image *image,
		       size_t number)
{
	for (size_t i = 0; i < image->snap.map_count; i++) {
		if (image_file_of(image, i) != number)
			continue;
		if (!file->end)
			file->start = image->snap.maps[i].start;
		file->end = image->snap.maps[i].end;
	}
}

static void add_file(struct state *state, size_t number, const uint8_t *bytes,
		     size_t size, uint64_t bias)
{
	struct framehop_file file = { .bias = bias };

	find_range(&file, state->image, number);
	find_sections(&file, bytes, size);
	if (file.end)
		bench_framehop_add(state->unwinder, &file);
}

static void *open_one(struct image *image, bool callback)
{
	const struct snap *snap = &image->snap;
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	*state = (struct state){ image, bench_framehop_open(), callback };
	for (size_t i = 0; i < image->file_count; i++)
		add_file(state, i, image->files[i].bytes, image->files[i].size,
			 image->files[i].bias);
	if (snap->header.vdso_size)
		add_file(state, image->file_count, snap->vdso,
			 snap->header.vdso_size, snap->header.vdso_addr);
	return state;
}

static void *open_at_hand(struct image *image)
{
	return open_one(image, false);
}

static void *open_callback(struct image *image)
{
	return open_one(image, true);
}

static size_t walk(void *arg, const struct snap_sample *s, uint64_t *pcs,
		   size_t max)
{
	struct state *state = arg;
	const struct framehop_start start = {
		.pc = s->pc,
		.sp = s->sp,
		.fp = s->regs[RBP],
		.stack = s->memory[0].data,
		.stack_addr = s->memory[0].addr,
		.size = state->callback ? 0 : s->memory[0].size,
		.read = read_word,
		.ctx = state->image,
	};

	state->image->sample = s;
	return bench_framehop_walk(state->unwinder, &start, pcs, max);
}

static void close_one(void *arg)
{
	struct state *state = arg;

	bench_framehop_close(state->unwinder);
	free(state);
}

const struct backend backend_framehop = {
	.name = "framehop",
	.open = open_at_hand,
	.walk = walk,
	.close = close_one,
};

const struct backend backend_framehop_callback = {
	.name = "framehop-callback",
	.open = open_callback,
	.walk = walk,
	.close = close_one,
};
