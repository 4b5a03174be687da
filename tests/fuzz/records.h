/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * records.h - call frame information: a byte that says of which target, then
 * the bytes of the section in a sound file; and a mutator that changes a record
 * alone. Its length follows, and the pointers of .eh_frame that lead across it.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include "fuzz.h"

static inline uint32_t record_u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, 4);
	return value;
}

/* The end of the record at off, or 0: there is none. */
static inline size_t record_end(const uint8_t *data, size_t size, size_t off)
{
	uint32_t length;

	if (size - off < 8)
		return 0;
	length = record_u32(data + off);
	return length < 4 || length > size - off - 4 ? 0 : off + 4 + length;
}

/* Records behind `at` that point back to something before it. */
static inline void record_move(uint8_t *data, size_t size, size_t at, size_t by)
{
	for (size_t end; (end = record_end(data, size, at)); at = end) {
		uint32_t back = record_u32(data + at + 4);

		if (back && back > at + 4 - by) {
			back += (uint32_t)by;
			memcpy(data + at + 4, &back, 4);
		}
	}
}

static inline size_t record_mutate(uint8_t *data, size_t size, size_t size_max,
				   unsigned int seed, bool eh)
{
	static uint8_t room[1 << 16];
	size_t off = 0, end, body, grown, behind;
	unsigned int wanted = seed / 4 % 16;

	while (wanted-- && (end = record_end(data, size, off)) &&
	       record_end(data, size, end))
		off = end;
	end = size ? record_end(data, size, off) : 0;
	if (seed % 4 == 0 || !end || size + 8 > size_max)
		return LLVMFuzzerMutate(data, size, size_max);
	body = end - off - 8;
	behind = size - end;
	grown = body + size_max - size;
	if (body + 8 > sizeof(room))
		return LLVMFuzzerMutate(data, size, size_max);
	if (grown > sizeof(room))
		grown = sizeof(room);
	memcpy(room, data + off + 8, body);
	grown = (LLVMFuzzerMutate(room, body, grown - 3) + 3) & ~(size_t)3;
	memmove(data + off + 8 + grown, data + end, behind);
	memcpy(data + off + 8, room, grown);
	end = off + 8 + grown;
	memcpy(data + off, &(uint32_t){ (uint32_t)(grown + 4) }, 4);
	if (eh)
		record_move(data, end + behind, end, grown - body);
	return end + behind;
}

static inline int records_run(const char *section, const uint8_t *data,
			      size_t size)
{
	static uint8_t file[1 << 18];
	struct elf_part parts[] = {
		{ .name = ".text",
		  .vaddr = 0x1000,
		  .size = 0x100,
		  .segment = PART_LOAD },
		{ .name = section,
		  .vaddr = 0x2000,
		  .bytes = data + 1,
		  .size = size - 1,
		  .segment = PART_LOAD },
	};
	struct fuzz_module m;
	struct elf_spec spec;
	size_t made;

	if (!size || size > sizeof(file) - 4096)
		return 0;
	spec = fuzz_specs[data[0] % COUNT(fuzz_specs)];
	made = make_elf(file, sizeof(file), &spec, parts, COUNT(parts));
	fuzz_open(&m, file, made, (data[0] & 4) == 0);
	LAW(m.status == DWUNW_OK);
	fuzz_all(&m);
	fuzz_close(&m);
	return 0;
}

#define RECORDS(section, eh)                                                \
	size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,          \
				       size_t size_max, unsigned int seed); \
	size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,          \
				       size_t size_max, unsigned int seed)  \
	{                                                                   \
		if (!size || seed % 8 == 7)                                 \
			return LLVMFuzzerMutate(data, size, size_max);      \
		return 1 + record_mutate(data + 1, size - 1, size_max - 1,  \
					 seed, eh);                         \
	}                                                                   \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)        \
	{                                                                   \
		return records_run(section, data, size);                    \
	}

#endif
