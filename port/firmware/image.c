/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* An ELF image in memory, as a file: its headers tell what bytes it has. */
#include "elf.h"

static const uint8_t magic[7] = ELF_MAGIC;

dwunw_status_t dwu_read(const struct dwunw_firmware_space *space, uint64_t addr,
			void *dst, size_t size)
{
	return space->read_memory(space->memory_ctx, addr, dst, size);
}

bool dwu_is_code(const struct dwunw_segment *load)
{
	return (load->flags & PF_X) != 0;
}

static bool is_ours(const struct ehdr *e)
{
	return memcmp(e->ident, magic, sizeof(magic)) == 0 &&
	       e->machine == HOST(MACHINE) && e->phentsize == PHDR_SIZE &&
	       e->phnum > 0 && e->phnum <= PHDR_MAX;
}

static bool add_load(struct dwu_image *image, const struct phdr *p)
{
	uint64_t end = (uint64_t)p->off + p->filesz;

	if (p->type != PT_LOAD || p->filesz == 0)
		return true;
	if (image->count == DWU_LOAD_MAX || end < p->off)
		return false;
	image->loads[image->count++] = (struct dwunw_segment){
		.off = p->off,
		.vaddr = p->vaddr,
		.file_size = p->filesz,
		.mem_size = p->memsz,
		.flags = p->flags,
	};
	if (end > image->size)
		image->size = end;
	return true;
}

/* The header is at offset 0, in the segment that begins first in the file. */
static bool find_bias(struct dwu_image *image, uint64_t addr)
{
	uint64_t first = DWU_PAGE_SIZE;
	uint32_t i;

	for (i = 0; i < image->count; i++) {
		if (image->loads[i].off >= first)
			continue;
		first = image->loads[i].off;
		image->bias = addr - (image->loads[i].vaddr - first);
	}
	return first < DWU_PAGE_SIZE;
}

dwunw_status_t dwu_image_open(const struct dwunw_firmware_space *space,
			      struct dwu_image *image, uint64_t addr)
{
	struct ehdr e;
	struct phdr p;
	uint32_t i;

	*image = (struct dwu_image){ 0 };
	if (dwu_read(space, addr, &e, sizeof(e)) != DWUNW_OK)
		return DWUNW_ERR_INVALID_ARG;
	if (!is_ours(&e))
		return DWUNW_ERR_BAD_FORMAT;
	image->type = e.type;
	for (i = 0; i < e.phnum; i++)
		if (dwu_read(space, addr + e.phoff + i * sizeof(p), &p,
			     sizeof(p)) != DWUNW_OK ||
		    !add_load(image, &p))
			return DWUNW_ERR_BAD_FORMAT;
	return find_bias(image, addr) ? DWUNW_OK : DWUNW_ERR_BAD_FORMAT;
}

/* The bytes of a segment; what lies between segments reads as zeros. */
static dwunw_status_t image_read(void *ctx, uint64_t at, void *dst, size_t size)
{
	const struct dwu_bytes *bytes = ctx;
	const struct dwu_image *image = &bytes->image;
	size_t off = (size_t)at, start, end;
	uint32_t i;

	if (at > image->size || size > (size_t)image->size - off)
		return DWUNW_ERR_INVALID_ARG;
	memset(dst, 0, size);
	for (i = 0; i < image->count; i++) {
		const struct dwunw_segment *l = &image->loads[i];
		size_t from = (size_t)l->off;

		start = off > from ? off : from;
		end = from + (size_t)l->file_size;
		if (end > off + size)
			end = off + size;
		if (start < end &&
		    dwu_read(bytes->space,
			     image->bias + l->vaddr + (start - from),
			     (uint8_t *)dst + (start - off),
			     end - start) != DWUNW_OK)
			return DWUNW_ERR_IO;
	}
	return DWUNW_OK;
}

/* A byte of each page tells of it. */
static bool all_readable(const struct dwunw_firmware_space *space,
			 uintptr_t addr, size_t size)
{
	uintptr_t at = addr;
	uint8_t byte;

	for (; at < addr + size; at = (at | (DWU_PAGE_SIZE - 1)) + 1)
		if (dwu_read(space, at, &byte, 1) != DWUNW_OK)
			return false;
	return true;
}

/* In place: a firmware's tables are in memory already. */
static const void *image_view(void *ctx, uint64_t at, size_t size)
{
	const struct dwu_bytes *bytes = ctx;
	const struct dwu_image *image = &bytes->image;
	size_t off = (size_t)at, from, length;
	uintptr_t addr;
	uint32_t i;

	for (i = 0; i < image->count && off == at; i++) {
		from = (size_t)image->loads[i].off;
		length = (size_t)image->loads[i].file_size;
		if (off < from || off - from > length ||
		    size > length - (off - from))
			continue;
		addr = (uintptr_t)(image->bias + image->loads[i].vaddr) +
		       (off - from);
		return all_readable(bytes->space, addr, size) ?
			       (const void *)addr :
			       NULL;
	}
	return NULL;
}

dwunw_status_t dwu_use_image(struct dwu_bytes *bytes, uint64_t addr,
			     struct dwunw_source *src)
{
	dwunw_status_t status =
		dwu_image_open(bytes->space, &bytes->image, addr);

	if (status == DWUNW_OK)
		*src = (struct dwunw_source){ .read = image_read,
					      .view = image_view,
					      .ctx = bytes,
					      .size = bytes->image.size };
	return status;
}
