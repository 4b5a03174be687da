/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Are two files of one build? And a number that stands for a file's content.
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
#include "log.h"

#include <string.h>

enum {
	PT_LOAD = 1,
	PF_X = 1,
};

/* For comparing with what callers have kept; not for proof. */
uint64_t dwu_build_id_hash(const struct dwunw_elf *elf)
{
	uint8_t id[DWUNW_BUILD_ID_MAX];
	size_t size = 0;

	return dwunw_elf_build_id(elf, id, &size) == DWUNW_OK ?
		       dwu_hash(id, size) :
		       0;
}

/* 0: equal, 1: different, -1: one of them has none. */
int dwu_build_id_compare(const struct dwunw_elf *a, const struct dwunw_elf *b)
{
	uint8_t id_a[DWUNW_BUILD_ID_MAX], id_b[DWUNW_BUILD_ID_MAX];
	size_t size_a = 0, size_b = 0;

	if (dwunw_elf_build_id(a, id_a, &size_a) != DWUNW_OK ||
	    dwunw_elf_build_id(b, id_b, &size_b) != DWUNW_OK)
		return -1;
	return size_a != size_b || memcmp(id_a, id_b, size_a) != 0;
}

/* A hash in the making, of words of 8 bytes, least significant first: the same
 * on every host, and four times as fast as one of bytes. */
struct digest {
	uint64_t hash;
	uint64_t word;	    /* the last one, so far */
	uint64_t size;	    /* bytes that are in both */
	uint64_t code_size; /* … of code */
	uint64_t code_max;  /* further code is not read */
};

/*
 * A multiplication by 2^64 / golden ratio, and the upper half mixed into the
 * lower.
 */
static void mix_word(struct digest *digest, uint64_t word)
{
	digest->hash = (digest->hash ^ word) * 0x9e3779b97f4a7c15ull;
	digest->hash ^= digest->hash >> 32;
}

static void mix_byte(struct digest *digest, uint8_t byte)
{
	digest->word |= (uint64_t)byte << 8 * (digest->size++ & 7);
	if (digest->size & 7)
		return;
	mix_word(digest, digest->word);
	digest->word = 0;
}

/* One load, on hosts that have their words so: compilers see it. */
static uint64_t word_at(const uint8_t *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
	       (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 |
	       (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
	       (uint64_t)p[7] << 56;
}

/* By words where it can be: the result is that of mix_byte() for each byte. */
static void mix(struct digest *digest, const uint8_t *p, size_t size)
{
	while (size && digest->size & 7) {
		mix_byte(digest, *p++);
		size--;
	}
	for (; size >= 8; size -= 8, p += 8, digest->size += 8)
		mix_word(digest, word_at(p));
	while (size--)
		mix_byte(digest, *p++);
}

static void mix_number(struct digest *digest, uint64_t value)
{
	for (unsigned int i = 0; i < 8; i++)
		mix_byte(digest, (uint8_t)(value >> 8 * i));
}

/* Zeros fill the last word; then comes the number of bytes. */
static uint64_t finish(struct digest *digest)
{
	uint64_t size = digest->size;

	while (digest->size & 7)
		mix_byte(digest, 0);
	mix_word(digest, size);
	return digest->hash;
}

/*
 * Where what stripping rewrites ends, if off is in it; else off.
 *
 * For example, a header of 64 bytes with 13 program headers of 56 behind it: 0
 * -> 792.
 */
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

/*
 * Ends: each turn reads a byte at least, or leaves. What is read of all
 * segments is no more than the file, and no more than code_max.
 */
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
	while (off < end && digest->code_size < digest->code_max) {
		off = rewritten_until(elf, off);
		if (off >= end)
			break;
		stop = kept_until(elf, off, end);
		size = stop - off < sizeof(bytes) ? stop - off : sizeof(bytes);
		if (size > digest->code_max - digest->code_size)
			size = digest->code_max - digest->code_size;
		status = src->read(src->ctx, off, bytes, (size_t)size);
		if (status != DWUNW_OK)
			return status;
		mix(digest, bytes, (size_t)size);
		digest->code_size += size;
		off += size;
	}
	return DWUNW_OK;
}

/*
 * Of the headers, and of so many bytes of the code.
 *
 * 0xcbf29ce484222325 is FNV's offset basis: any number that is not 0 would do.
 */
static dwunw_status_t digest_of(const struct dwunw_elf *elf, uint64_t code_max,
				struct digest *digest)
{
	uint64_t head[] = { elf->machine, elf->type, elf->entry, elf->elf_class,
			    elf->data };
	dwunw_status_t status = DWUNW_OK;

	*digest = (struct digest){ .hash = 0xcbf29ce484222325ull,
				   .code_max = code_max };
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		mix_number(digest, head[i]);
	for (uint32_t i = 0; i < elf->program_count && status == DWUNW_OK;
	     i++) {
		struct dwunw_program_header h;

		status = dwunw_elf_program_header(elf, i, &h);
		if (status != DWUNW_OK || h.type != PT_LOAD)
			continue;
		mix_number(digest, h.at.vaddr);
		mix_number(digest, h.at.mem_size);
		mix_number(digest, h.at.flags);
		if (code_max && h.at.flags & PF_X)
			status = mix_code(elf, &h.at, digest);
	}
	return status;
}

/*
 * The build id where there is one: it costs little, and a debug file has the
 * same.
 */
dwunw_status_t dwunw_elf_identity(const struct dwunw_elf *elf,
				  uint64_t *identity)
{
	struct digest digest;
	dwunw_status_t status;

	if (!elf || !identity)
		return DWUNW_ERR_INVALID_ARG;
	*identity = dwu_build_id_hash(elf);
	if (*identity)
		return DWUNW_OK;
	status = digest_of(elf, DWUNW_IDENTITY_CODE_MAX, &digest);
	if (status == DWUNW_OK)
		*identity = finish(&digest);
	return status;
}

/*
 * The headers first, since code is read whole. Without code, equality says
 * nothing.
 */
bool dwu_build_same(const struct dwunw_elf *a, const struct dwunw_elf *b)
{
	int ids = dwu_build_id_compare(a, b);
	struct digest of_a, of_b;

	if (ids >= 0)
		return ids == 0;
	for (int code = 0; code < 2; code++)
		if (digest_of(a, code ? UINT64_MAX : 0, &of_a) != DWUNW_OK ||
		    digest_of(b, code ? UINT64_MAX : 0, &of_b) != DWUNW_OK ||
		    finish(&of_a) != finish(&of_b))
			return false;
	return of_a.code_size > 0;
}
