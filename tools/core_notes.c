/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/core_notes.c - the notes of a core file (Linux, fs/binfmt_elf.c).
 */
#include "core.h"

#include <dwunw/bounds.h>
#include <dwunw/layout.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	NT_PRSTATUS = 1,
	NT_AUXV = 6,
	NT_FILE = 0x46494c45,

	AT_PHDR = 3,
	AT_ENTRY = 9,
	AT_SYSINFO_EHDR = 33,
};

/* Of the auxiliary vector: the kernel writes 22 pairs. */
#define AUXV_SIZE_MAX 4096u
/* Notes are read so many bytes at a time. */
#define WINDOW_SIZE 4096u
/* Pieces of a file stand near each other, if not always in one row. */
#define FILES_NEAR 64u

uint64_t dwu_core_number(const struct dwu_core *core, const uint8_t *bytes,
			 size_t size)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < size; i++)
		value = value << 8 |
			bytes[core->elf.data == 2 ? i : size - 1 - i];
	return value;
}

/* `long` of the target, whatever is behind the last one in a note. */
static size_t word_size(const struct dwu_core *core)
{
	return core->elf.elf_class == 2 ? 8 : 4;
}

static uint64_t word(const struct dwu_core *core, struct dwunw_span desc,
		     uint64_t index)
{
	size_t size = word_size(core);

	return dwu_core_number(core, desc.data + index * size, size);
}

static uint64_t word_count(const struct dwu_core *core, struct dwunw_span desc)
{
	return desc.size / word_size(core);
}

static bool cannot_read(const struct dwu_core *core, uint64_t off)
{
	dwu_cmd_error("%s: its notes at %" PRIu64 " cannot be read: %s",
		      core->path, off, strerror(errno));
	return false;
}

/* Where a note's content is in the core. */
struct desc {
	uint64_t off;
	uint64_t size;
};

static bool can_add_thread(const struct dwu_core *core,
			   const struct dwunw_layout *layout,
			   const struct desc *desc)
{
	if (!layout)
		dwu_cmd_error("%s: register layout of %s is not known",
			      core->path, dwunw_arch_name(core->arch));
	else if (desc->size < layout->prstatus_size)
		dwu_cmd_error("%s: thread %zu: NT_PRSTATUS of %" PRIu64
			      " bytes, not %u",
			      core->path, core->thread_count, desc->size,
			      layout->prstatus_size);
	else if (core->thread_count == DWUNW_CORE_THREADS_MAX)
		dwu_cmd_error("%s: has more than %u threads, the bound",
			      core->path, DWUNW_CORE_THREADS_MAX);
	else
		return true;
	return false;
}

static struct dwu_core_thread *new_thread(struct dwu_core *core)
{
	if (!(core->thread_count & (core->thread_count - 1)))
		core->threads = dwu_cmd_grow(
			core->threads,
			core->thread_count ? core->thread_count * 2 : 1,
			sizeof(*core->threads));
	return &core->threads[core->thread_count++];
}

static bool add_thread(struct dwu_core *core, const struct desc *at)
{
	const struct dwunw_layout *layout =
		dwunw_layout_of(dwunw_arch_id(core->arch));
	uint8_t bytes[512];
	struct dwunw_span desc = { bytes, 0 };
	struct dwu_core_thread *thread;

	if (!can_add_thread(core, layout, at))
		return false;
	desc.size = layout->prstatus_size;
	if (dwu_core_read(core->fd, at->off, bytes, desc.size))
		return cannot_read(core, at->off);
	thread = new_thread(core);
	thread->tid =
		(int32_t)dwu_core_number(core, desc.data + layout->pid_off, 4);
	if (dwunw_regset_prepare(&thread->regs, dwunw_arch_id(core->arch)) ||
	    dwunw_layout_regs(dwunw_arch_id(core->arch),
			      desc.data + layout->reg_off, &thread->regs)) {
		dwu_cmd_error("%s: %s is not in this build", core->path,
			      dwunw_arch_name(core->arch));
		return false;
	}
	return true;
}

static bool read_auxv(struct dwu_core *core, const struct desc *at)
{
	uint8_t bytes[AUXV_SIZE_MAX];
	struct dwunw_span desc = { bytes, at->size < sizeof(bytes) ?
						  (size_t)at->size :
						  sizeof(bytes) };
	uint64_t count = word_count(core, desc);
	uint64_t i;

	if (dwu_core_read(core->fd, at->off, bytes, desc.size))
		return cannot_read(core, at->off);
	for (i = 0; i + 1 < count; i += 2) {
		uint64_t value = word(core, desc, i + 1);

		switch (word(core, desc, i)) {
		case AT_PHDR:
			core->auxv.programs = value;
			break;
		case AT_ENTRY:
			core->auxv.entry = value;
			break;
		case AT_SYSINFO_EHDR:
			core->auxv.vdso = value;
			break;
		default:
			break;
		}
	}
	return true;
}

static uint32_t file_index(struct dwu_core *core, const char *name)
{
	struct dwu_core_file *file;
	size_t count = core->file_count, i = count;
	size_t end = i > FILES_NEAR ? i - FILES_NEAR : 0;

	while (i-- > end)
		if (!strcmp(core->files[i].name, name))
			return (uint32_t)i;
	if (!(count & (count - 1)))
		core->files = dwu_cmd_grow(core->files, count ? count * 2 : 1,
					   sizeof(*core->files));
	file = &core->files[count];
	*file = (struct dwu_core_file){ .name = name, .fd = -1 };
	return (uint32_t)core->file_count++;
}

/* Names point into it: it stays as long as the core is open. */
static bool load_files(struct dwu_core *core, const struct desc *at,
		       struct dwunw_span *desc)
{
	if (at->size > DWUNW_CORE_FILES_MAX) {
		dwu_cmd_error("%s: NT_FILE of %" PRIu64
			      " bytes, more than the bound of %u",
			      core->path, at->size, DWUNW_CORE_FILES_MAX);
		return false;
	}
	free(core->names);
	core->names = dwu_cmd_alloc(1, (size_t)at->size + 1);
	*desc = (struct dwunw_span){ core->names, (size_t)at->size };
	return !dwu_core_read(core->fd, at->off, core->names,
			      (size_t)at->size) ||
	       cannot_read(core, at->off);
}

/*
 * NT_FILE: count, page size, count * { start, end, offset in pages }, then
 * count names, each ended by a zero byte.
 */
static bool read_files(struct dwu_core *core, struct dwunw_span desc)
{
	uint64_t words = word_count(core, desc);
	uint64_t count = words < 2 ? 0 : word(core, desc, 0);
	uint64_t page = words < 2 ? 0 : word(core, desc, 1);
	const char *name, *end = (const char *)desc.data + desc.size;
	uint64_t i;

	if (words < 2 || count > (words - 2) / 3 ||
	    count > DWUNW_CORE_MAPS_MAX || core->map_count) {
		dwu_cmd_error("%s: NT_FILE contradicts itself: %" PRIu64
			      " mappings in %zu bytes",
			      core->path, count, desc.size);
		return false;
	}
	if (!count)
		return true;
	name = (const char *)desc.data + (2 + 3 * count) * word_size(core);
	core->maps = dwu_cmd_alloc((size_t)count, sizeof(*core->maps));
	for (i = 0; i < count; i++) {
		const char *zero = memchr(name, 0, (size_t)(end - name));

		if (!zero) {
			dwu_cmd_error("%s: NT_FILE: name of mapping %" PRIu64
				      " is cut",
				      core->path, i);
			return false;
		}
		core->maps[i].start = word(core, desc, 2 + 3 * i);
		core->maps[i].end = word(core, desc, 3 + 3 * i);
		core->maps[i].off = word(core, desc, 4 + 3 * i) * page;
		core->maps[i].file = file_index(core, name);
		core->map_count = (size_t)i + 1;
		name = zero + 1;
	}
	return true;
}

static bool take_files(struct dwu_core *core, const struct desc *at)
{
	struct dwunw_span desc;

	if (core->map_count) {
		dwu_cmd_error("%s: has two NT_FILE", core->path);
		return false;
	}
	return load_files(core, at, &desc) && read_files(core, desc);
}

static bool take_note(struct dwu_core *core, uint32_t type,
		      const struct desc *desc)
{
	switch (type) {
	case NT_PRSTATUS:
		return add_thread(core, desc);
	case NT_AUXV:
		return read_auxv(core, desc);
	case NT_FILE:
		return take_files(core, desc);
	default:
		return true;
	}
}

/* A piece of the notes at a time: most of them are stepped over. */
struct window {
	uint64_t off;
	size_t size;
	uint8_t bytes[WINDOW_SIZE];
};

/* `size` bytes at off, which end before `end`; NULL: not readable. */
static const uint8_t *window_at(const struct dwu_core *core,
				struct window *window, uint64_t off,
				uint64_t end, size_t size)
{
	if (off >= window->off && off - window->off <= window->size &&
	    window->size - (size_t)(off - window->off) >= size)
		return window->bytes + (off - window->off);
	window->off = off;
	window->size = end - off < WINDOW_SIZE ? (size_t)(end - off) :
						 WINDOW_SIZE;
	if (!dwu_core_read(core->fd, off, window->bytes, window->size))
		return window->bytes;
	window->size = 0;
	return NULL;
}

/* One of more than that is as good as damaged: what was read serves. */
static bool too_many(struct dwu_core *core)
{
	if (core->note_count++ < DWUNW_CORE_NOTES_MAX)
		return false;
	if (core->note_count == DWUNW_CORE_NOTES_MAX + 1)
		dwu_cmd_error("warning: %s: has more than %u notes, the bound;"
			      " the others are not read",
			      core->path, DWUNW_CORE_NOTES_MAX);
	return true;
}

/* gABI 5, Note Section: names and descriptors are padded to 4 bytes. */
bool dwu_core_notes(struct dwu_core *core, uint64_t off, uint64_t size)
{
	struct window window = { .size = 0 };
	uint64_t at = off, end = off + size;

	while (end - at >= 12 && !too_many(core)) {
		const uint8_t *head = window_at(core, &window, at, end,
						end - at < 20 ? 12 : 20);
		uint64_t name_size, desc_size;
		struct desc desc;

		if (!head)
			return cannot_read(core, at);
		name_size = dwu_core_number(core, head, 4);
		desc_size = dwu_core_number(core, head + 4, 4);
		desc.off = at + 12 + ((name_size + 3) & ~(uint64_t)3);
		desc.size = desc_size;
		if (desc.off > end || desc_size > end - desc.off) {
			dwu_cmd_error("%s: a note at byte %" PRIu64
				      " of its notes is cut",
				      core->path, at - off);
			return false;
		}
		if (name_size == 5 && !memcmp(head + 12, "CORE", 5) &&
		    !take_note(core,
			       (uint32_t)dwu_core_number(core, head + 8, 4),
			       &desc))
			return false;
		at = desc.off + ((desc_size + 3) & ~(uint64_t)3);
		if (at > end)
			break;
	}
	return true;
}
