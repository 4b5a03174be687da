/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Are two files of one build?
 *
 * Stripping changes the ELF header (e_shoff, e_shnum), file offsets and so
 * the program headers, and nothing else of what is loaded. So headers are
 * compared by value, without offsets, and the bytes of the executable
 * segments without the ELF header and the program headers, which ld puts at
 * the start of the first one where there is no -z separate-code (mips).
 * sstrip cuts zeros off the end of the file as well, and with them p_filesz of
 * the last segment, so sizes are those in memory.
 */
#include "debug.h"

#include <string.h>

enum {
	PT_LOAD = 1,
	PF_X = 1,
};

uint64_t dwu_build_id_hash(const struct dwunw_elf *elf)
{
	uint8_t id[DWUNW_BUILD_ID_MAX];
	size_t size = 0;

	return dwunw_elf_build_id(elf, id, &size) == DWUNW_OK ?
		       dwu_hash(id, size) :
		       0;
}

int dwu_build_id_compare(const struct dwunw_elf *a, const struct dwunw_elf *b)
{
	uint8_t id_a[DWUNW_BUILD_ID_MAX], id_b[DWUNW_BUILD_ID_MAX];
	size_t size_a = 0, size_b = 0;

	if (dwunw_elf_build_id(a, id_a, &size_a) != DWUNW_OK ||
	    dwunw_elf_build_id(b, id_b, &size_b) != DWUNW_OK)
		return -1;
	return size_a != size_b || memcmp(id_a, id_b, size_a) != 0;
}

/* FNV-1a, 64 bits, in pieces. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
	const uint8_t *p = bytes;

	while (size--)
		hash = (hash ^ *p++) * 0x100000001b3ull;
	return hash;
}

/* A hash in the making. */
struct digest {
	uint64_t hash;
	uint64_t code_size; /* bytes of code that are in it */
};

/* Where what stripping rewrites ends, if off is in it; else off. */
static uint64_t rewritten_until(const struct dwunw_elf *elf, uint64_t off)
{
	uint64_t head = elf->elf_class == 2 ? 64 : 52;
	uint64_t table = elf->program_off;
	uint64_t end =
		table + (uint64_t)elf->program_count * elf->program_entry_size;

	if (off < head)
		off = head;
	return off >= table && off < end ? end : off;
}

/* Where the next of those headers begins, behind off; else limit. */
static uint64_t kept_until(const struct dwunw_elf *elf, uint64_t off,
			   uint64_t limit)
{
	uint64_t table = elf->program_off;

	return table > off && table < limit && elf->program_count ? table :
								    limit;
}

static dwunw_status_t mix_code(const struct dwunw_elf *elf,
			       const struct dwunw_segment *segment,
			       struct digest *digest)
{
	const struct dwunw_source *src = &elf->src;
	uint64_t off = segment->off, end, stop, size;
	uint8_t bytes[16384];
	dwunw_status_t status;

	if (off > src->size || segment->file_size > src->size - off)
		return DWUNW_ERR_BAD_FORMAT;
	/* overlapping segments would be read again and again */
	if (segment->file_size > src->size - digest->code_size)
		return DWUNW_ERR_BAD_FORMAT;
	end = off + segment->file_size;
	while (off < end) {
		off = rewritten_until(elf, off);
		if (off >= end)
			break;
		stop = kept_until(elf, off, end);
		size = stop - off < sizeof(bytes) ? stop - off : sizeof(bytes);
		status = src->read(src->ctx, off, bytes, (size_t)size);
		if (status != DWUNW_OK)
			return status;
		digest->hash = mix(digest->hash, bytes, (size_t)size);
		digest->code_size += size;
		off += size;
	}
	return DWUNW_OK;
}

/* Of the headers, and of the code if asked. */
static dwunw_status_t digest_of(const struct dwunw_elf *elf, bool code,
				struct digest *digest)
{
	uint64_t head[] = { elf->machine, elf->type, elf->entry, elf->elf_class,
			    elf->data };
	dwunw_status_t status = DWUNW_OK;

	*digest = (struct digest){ .hash = 0xcbf29ce484222325ull };
	digest->hash = mix(digest->hash, head, sizeof(head));
	for (uint32_t i = 0; i < elf->program_count && status == DWUNW_OK;
	     i++) {
		struct dwunw_program_header h;

		status = dwunw_elf_program_header(elf, i, &h);
		if (status != DWUNW_OK || h.type != PT_LOAD)
			continue;
		uint64_t fields[] = { h.at.vaddr, h.at.mem_size, h.at.flags };

		digest->hash = mix(digest->hash, fields, sizeof(fields));
		if (code && h.at.flags & PF_X)
			status = mix_code(elf, &h.at, digest);
	}
	return status;
}

bool dwu_build_same(const struct dwunw_elf *a, const struct dwunw_elf *b)
{
	int ids = dwu_build_id_compare(a, b);
	struct digest of_a, of_b;

	if (ids >= 0)
		return ids == 0;
	for (int code = 0; code < 2; code++)
		if (digest_of(a, code, &of_a) != DWUNW_OK ||
		    digest_of(b, code, &of_b) != DWUNW_OK ||
		    of_a.hash != of_b.hash)
			return false;
	return of_a.code_size > 0;
}
