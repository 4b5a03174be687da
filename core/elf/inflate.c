/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Sections that are stored compressed -> their content in the arena. The head
 * says the algorithm and the size; the bytes behind it are unpacked by a
 * callback of the caller (zlib and zstd are the port's: the core has neither).
 *
 *	SHF_COMPRESSED		Elf64_Chdr: 01 00 00 00 | 0 | ch_size | ch_addralign
 *	.zdebug_frame		"ZLIB" 00 00 00 00 00 01 86 a0	(100,000 bytes, zlib)
 *
 * The head is the file's word. Without a bound 1 KB of file could ask for 4 GB
 * of memory; what claims to shrink by more than DWUNW_CONTENT_RATIO is refused.
 */
#include "inflate.h"

#include <dwunw/bounds.h>

#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "elf.h"

enum {
	ELFCOMPRESS_ZLIB = 1
};

/* Of what is small the ratio tells nothing. */
#define CONTENT_SMALL (1u << 20)

/* A compressed section's head. */
struct head {
	uint64_t size; /* of the content */
	uint32_t type; /* ELFCOMPRESS_* */
	uint8_t bytes; /* of the head itself */
};

/*
 * "ZLIB", then the size, 8 bytes big-endian (GNU as, --compress-debug).
 *
 * Big-endian whatever the file's byte order is. What does not begin with "ZLIB"
 * is not compressed, whatever its name says.
 */
static bool gnu_head(const uint8_t *bytes, struct head *head)
{
	struct dwu_cursor c = dwu_cursor(bytes, 12, true);

	head->type = ELFCOMPRESS_ZLIB;
	head->bytes = 12;
	dwu_skip(&c, 4);
	head->size = dwu_u64(&c);
	return memcmp(bytes, "ZLIB", 4) == 0;
}

/*
 * Elf32_Chdr, Elf64_Chdr
 *
 * gABI 4, Section Compression: ch_type, in 64-bit files ch_reserved, ch_size,
 * ch_addralign, which nobody needs. 12 or 24 bytes.
 */
static void elf_head(const struct dwunw_elf *elf, const uint8_t *bytes,
		     struct head *head)
{
	bool wide = dwu_elf_is_wide(elf->elf_class);
	struct dwu_cursor c = dwu_cursor(bytes, wide ? 24 : 12, elf->data == 2);

	head->bytes = wide ? 24 : 12;
	head->type = dwu_u32(&c);
	if (wide)
		(void)dwu_u32(&c);
	head->size = dwu_uint(&c, wide ? 8 : 4);
}

/*
 * True: the section is compressed. head->size is 0 if nobody can use it: the
 * head cannot be read, is cut off, or claims too much.
 */
static bool read_head(const struct dwunw_elf *elf,
		      const struct dwunw_section *section, bool gnu,
		      struct head *head)
{
	uint8_t bytes[24] = { 0 };
	size_t size = section->size < 24 ? (size_t)section->size : 24;

	*head = (struct head){ 0 };
	if (section->size == 0 ||
	    (!gnu && !(section->flags & DWU_SHF_COMPRESSED)))
		return false;
	if (elf->src.read(elf->src.ctx, section->off, bytes, size) != DWUNW_OK)
		return true;
	if (!gnu)
		elf_head(elf, bytes, head);
	else if (!gnu_head(bytes, head))
		return false;
	/* The size is the file's word, and memory is taken by it before
	 * anything is unpacked. Real debug sections shrink by far less than the
	 * ratio. Size 0 means: compressed, but of no use. */
	if (section->size < head->bytes ||
	    (head->size > CONTENT_SMALL &&
	     head->size / DWUNW_CONTENT_RATIO > section->size))
		head->size = 0;
	return true;
}

bool dwu_inflate_size(const struct dwunw_elf *elf,
		      const struct dwunw_section *section, bool gnu,
		      uint64_t *size)
{
	struct head head;
	bool compressed = read_head(elf, section, gnu, &head);

	*size = head.size;
	return compressed;
}

/* As dwu_arena_round(), for sizes that a 32-bit size_t does not hold. */
static uint64_t rounded(uint64_t size)
{
	return size > SIZE_MAX ? size : dwu_arena_round((size_t)size);
}

uint64_t dwu_inflate_need(const struct dwunw_elf *elf,
			  const struct dwunw_section *section, bool gnu)
{
	struct head head;

	if (!read_head(elf, section, gnu, &head))
		return 0;
	return rounded(head.size) + dwu_elf_load_size(elf, section);
}

/*
 * The content stays in the arena; `span` points to it. The packed bytes are
 * taken from it as well, and given back (mark).
 */
dwunw_status_t dwu_inflate(const struct dwunw_elf *elf,
			   const struct dwunw_section *section, bool gnu,
			   const struct dwunw_module_files *files,
			   struct dwunw_arena *arena, struct dwunw_span *span)
{
	struct dwunw_span packed;
	struct head head;
	dwunw_status_t status;
	uint8_t *content;
	size_t mark;

	*span = (struct dwunw_span){ NULL, 0 };
	if (!read_head(elf, section, gnu, &head) || head.size == 0)
		return DWUNW_ERR_BAD_FORMAT;
	if (!files->inflate)
		return DWUNW_ERR_NOT_IMPLEMENTED;
	if (!dwu_arena_fits(arena, dwu_inflate_need(elf, section, gnu)))
		return DWUNW_ERR_NO_MEMORY;
	/* the content first and the packed bytes behind it, which are given
	 * back when it is unpacked */
	content = dwunw_arena_alloc(arena, (size_t)head.size);
	mark = arena->used;
	status = dwu_elf_load(elf, section, arena, &packed);
	if (status == DWUNW_OK)
		status = files->inflate(files->inflate_ctx, head.type,
					packed.data + head.bytes,
					packed.size - head.bytes, content,
					(size_t)head.size);
	arena->used = mark;
	if (status != DWUNW_OK)
		return status;
	span->data = content;
	span->size = (size_t)head.size;
	return DWUNW_OK;
}
