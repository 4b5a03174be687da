/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Ten debug sections from one input: two bytes of flags, then for each a size
 * of 16 bits and its bytes. What one section has in vain is the next one's.
 * Read once in place and once through a source, which must come to the same.
 */
#include "chunks.h"

#include <dwunw/dwarf.h>

CHUNKS(2, DWUNW_DWARF_PARTS)

#define ROOM ((size_t)8 << 20)
#define UNITS_MAX 8u
#define NAMES_MAX 64u

struct input {
	struct dwunw_span file;
	uint64_t reads; /* bytes */
	void *blocks[2 * DWUNW_DWARF_PARTS];
	unsigned int block_count;
};

static dwunw_status_t input_read(void *ctx, uint64_t off, void *dst,
				 size_t size)
{
	struct input *in = ctx;

	if (off > in->file.size || size > in->file.size - off)
		return DWUNW_ERR_INVALID_ARG;
	memcpy(dst, in->file.data + off, size);
	in->reads += size;
	return DWUNW_OK;
}

/* The sections of the input; those of a second file are the same ones. */
static void open_input(struct input *in, struct dwunw_dwarf *dwarf,
		       const uint8_t *data, size_t size, bool in_place)
{
	size_t off = 2;
	uint32_t i;

	in->file = (struct dwunw_span){ data, size };
	*dwarf = (struct dwunw_dwarf){
		.src = { .read = input_read, .ctx = in, .size = size },
		.address_size = data[0] & 1 ? 4 : 8,
		.big = (data[0] & 2) != 0,
		.dead_zero = (data[0] & 4) != 0,
		.dwo = (data[0] & 8) != 0,
	};
	for (i = 0; i < DWUNW_DWARF_PARTS && size - off >= 2; i++) {
		size_t part = (size_t)data[off] | (size_t)data[off + 1] << 8;
		uint8_t *block;

		off += 2;
		if (part > size - off)
			part = size - off;
		dwarf->parts[i].off = off;
		dwarf->parts[i].size = part;
		if (in_place && part) {
			block = malloc(part);
			memcpy(block, data + off, part);
			in->blocks[in->block_count++] = block;
			dwarf->parts[i].data = block;
		}
		off += part;
	}
}

/* What was found, so that two ways can be compared. */
struct found {
	uint64_t hash;
	uint64_t bytes; /* taken from the arena */
};

static void mix(struct found *found, const void *bytes, size_t size)
{
	const uint8_t *p = bytes;

	while (size--)
		found->hash = (found->hash ^ *p++) * 0x100000001b3ull;
}

static void mix_u64(struct found *found, uint64_t value)
{
	mix(found, &value, sizeof(value));
}

static void look_at_calls(const struct dwunw_unit *unit,
			  const struct dwunw_calls *calls,
			  struct dwunw_arena *scratch, struct found *found)
{
	char text[256];
	uint32_t i;

	for (i = 0; i < calls->piece_count; i++) {
		const struct dwunw_call_piece *piece = &calls->pieces[i];

		LAW(piece->call == DWUNW_CALL_NONE ||
		    piece->call < calls->count);
		LAW(!i || calls->pieces[i - 1].start < piece->start);
		LAW(dwunw_calls_find(calls, piece->start) == piece->call);
		mix_u64(found, piece->start);
		mix_u64(found, piece->call);
	}
	for (i = 0; i < calls->count; i++) {
		const struct dwunw_call *call = &calls->calls[i];

		/* so every chain of callers ends */
		LAW(call->caller == DWUNW_CALL_NONE || call->caller < i);
		if (i >= NAMES_MAX)
			continue;
		mix_u64(found,
			(uint64_t)dwunw_call_name(unit, call->die_off, scratch,
						  text, sizeof(text)));
		LAW(memchr(text, '\0', sizeof(text)));
		mix(found, text, strlen(text));
		LAW(scratch->used == 0);
	}
}

static void look_at_lines(const struct dwunw_unit *unit,
			  const struct dwunw_lines *lines, struct found *found)
{
	char text[256];
	uint32_t i;

	for (i = 0; i < lines->run_count; i++) {
		const struct dwunw_line_run *run = &lines->runs[i];

		LAW(run->start < run->end);
		LAW(run->first < lines->row_count &&
		    run->count < lines->row_count - run->first);
		(void)dwunw_lines_find(lines, run->start);
		(void)dwunw_lines_find(lines, run->end - 1);
	}
	for (i = 0; i <= lines->file_count && i < NAMES_MAX; i++) {
		mix_u64(found, (uint64_t)dwunw_lines_path(lines, unit, i, text,
							  sizeof(text)));
		LAW(memchr(text, '\0', sizeof(text)));
		mix(found, text, strlen(text));
	}
	mix(found, lines->rows, lines->row_count * sizeof(*lines->rows));
}

static void look_at_unit(const struct dwunw_dwarf *dwarf, uint64_t off,
			 struct dwunw_arena *arena, struct dwunw_arena *scratch,
			 struct found *found)
{
	struct dwunw_unit unit, other;
	struct dwunw_calls calls;
	struct dwunw_lines lines;
	dwunw_status_t status;

	status = dwunw_unit_open(&unit, dwarf, off, arena, scratch);
	mix_u64(found, (uint64_t)status);
	if (status != DWUNW_OK)
		return;
	(void)dwunw_unit_open_dwo(&other, dwarf, &unit, arena, scratch);
	if (dwunw_calls_open(&calls, &unit, arena, scratch) == DWUNW_OK)
		look_at_calls(&unit, &calls, scratch, found);
	if (dwunw_lines_open(&lines, &unit, true, arena, scratch) == DWUNW_OK)
		look_at_lines(&unit, &lines, found);
}

static struct found look(const uint8_t *data, size_t size, bool in_place)
{
	static _Alignas(16) uint8_t kept[ROOM], scratched[ROOM];
	struct input in = { .reads = 0 };
	struct dwunw_arena arena, scratch;
	struct dwunw_dwarf dwarf, alt;
	struct dwunw_units units;
	struct found found = { .hash = 1 };
	uint32_t i;

	dwunw_arena_init(&arena, kept, sizeof(kept));
	dwunw_arena_init(&scratch, scratched, sizeof(scratched));
	open_input(&in, &dwarf, data, size, in_place);
	alt = dwarf;
	dwarf.alt = &alt;
	dwarf.main = data[1] & 1 ? &alt : NULL;
	for (i = 0; i < 2; i++) {
		mix_u64(&found, (uint64_t)dwunw_units_open(&units, &dwarf, i,
							   &arena, &scratch));
		mix(&found, units.ranges, units.count * sizeof(*units.ranges));
		LAW(scratch.used == 0);
	}
	mix_u64(&found, (uint64_t)dwunw_dwarf_list(&dwarf, &arena, &scratch));
	alt.units = dwarf.units;
	alt.unit_count = dwarf.unit_count;
	for (i = 0; i < dwarf.unit_count && i < UNITS_MAX; i++)
		look_at_unit(&dwarf, dwarf.units[i].off, &arena, &scratch,
			     &found);
	LAW(arena.used <= arena.size);
	while (in.block_count)
		free(in.blocks[--in.block_count]);
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct found in_place, read;

	if (size < 4)
		return 0;
	in_place = look(data, size, true);
	read = look(data, size, false);
	LAW(in_place.hash == read.hash);
	return 0;
}
