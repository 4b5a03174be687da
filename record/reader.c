/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * reader.c - a file's bytes to a recording, chunk by chunk, up to the first that
 * is not whole. All memory is of one pool with a bound.
 */
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_MAX ((uint64_t)256 << 20)
#define ROOM_LEAST (64u << 10)

/* --- sums over all steps ----------------------------------------------------------- */

/* Of `count` entries of one stack in one process. False: no memory. */
static bool add_up(struct dwu_rec_pool *pool,
		   struct dwunw_recording_entry *total,
		   const struct dwunw_recording_entry *const *all, size_t count)
{
	struct dwu_rec_sums sums;
	struct dwunw_recording_value *values;

	memset(sums.there, 0, sizeof(sums.there));
	for (size_t i = 0; i < count; i++)
		dwu_rec_sums_add(&sums, all[i]);
	values = dwu_rec_alloc(pool, dwu_rec_sums_take(&sums, NULL) *
					     sizeof(*values));
	if (!values)
		return false;
	*total = (struct dwunw_recording_entry){ .process = all[0]->process,
						 .stack = all[0]->stack,
						 .values = values,
						 .count = dwu_rec_sums_take(
							 &sums, values) };
	return true;
}

static bool sum(struct dwunw_recording *recording, struct dwu_rec_pool *pool)
{
	const struct dwunw_recording_entry **all;
	struct dwunw_recording_entry *totals;
	size_t count = 0, from, to;

	for (uint32_t i = 0; i < recording->step_count; i++)
		count += recording->steps[i].count;
	all = dwu_rec_alloc(pool, count * sizeof(*all));
	totals = dwu_rec_alloc(pool, count * sizeof(*totals));
	if (!all || !totals)
		return false;
	count = 0;
	for (uint32_t i = 0; i < recording->step_count; i++)
		for (uint32_t k = 0; k < recording->steps[i].count; k++)
			all[count++] = &recording->steps[i].entries[k];
	if (count)
		qsort(all, count, sizeof(*all), dwu_rec_by_stack);
	recording->totals = totals;
	for (from = 0; from < count; from = to) {
		for (to = from + 1;
		     to < count && !dwu_rec_by_stack(&all[from], &all[to]);)
			to++;
		if (!add_up(pool, &totals[recording->total_count++], &all[from],
			    to - from))
			return false;
	}
	return true;
}

/* --- a file -------------------------------------------------------------------------- */

static void ends(struct dwunw_recording *recording,
		 const struct dwu_rec_chunk *chunk, uint32_t end,
		 const char *why)
{
	const char *name = dwunw_recording_chunk_name(chunk->kind);
	unsigned long long off = chunk->off;

	recording->end = end;
	recording->end_off = chunk->off;
	recording->end_chunk = chunk->kind;
	if (chunk->kind)
		snprintf(recording->end_text, sizeof(recording->end_text),
			 "the chunk at 0x%llx (%s): %s", off, name, why);
	else
		snprintf(recording->end_text, sizeof(recording->end_text),
			 "at 0x%llx: %s", off, why);
}

static const char *packing_name(uint8_t packing)
{
	return packing == DWU_REC_ZLIB ? "it is packed by zlib, which is not "
					 "in this build" :
	       packing == DWU_REC_ZSTD ? "it is packed by zstd, which is not "
					 "in this build" :
					 "it is packed in a way that is not "
					 "known";
}

/* Its content, which `dst` has room for. False: the recording ends there. */
static bool read_chunk(struct dwu_rec_reading *reading,
		       const struct dwu_rec_chunk *chunk, uint8_t *dst)
{
	struct dwunw_recording *recording = reading->recording;
	uint32_t end = dwu_rec_unpack(chunk, dst);

	if (end != DWUNW_RECORDING_ENDED) {
		ends(recording, chunk, end,
		     end == DWUNW_RECORDING_PACKED ?
			     packing_name(chunk->packing) :
			     "it cannot be unpacked");
		return false;
	}
	if (!recording->chunk_count != (chunk->kind == DWU_REC_HEAD)) {
		ends(recording, chunk, DWUNW_RECORDING_DAMAGED,
		     "not in its place: the head is first, and once");
		return false;
	}
	if (dwu_rec_decode(reading, chunk->kind,
			   (struct dwunw_span){ dst, chunk->size })) {
		recording->chunk_count++;
		return true;
	}
	if (!reading->no_memory)
		ends(recording, chunk, DWUNW_RECORDING_DAMAGED, reading->what);
	return false;
}

/* Is the chunk the next one of the file? What versions 1 and 2 say of its event is
 * ignored. */
static bool is_next(struct dwu_rec_reading *reading,
		    struct dwu_rec_chunk *chunk)
{
	if (reading->version < DWUNW_RECORDING_VERSION)
		chunk->event = 0;
	if (chunk->number == reading->number &&
	    chunk->event < reading->events) {
		reading->number++;
		return true;
	}
	ends(reading->recording, chunk, DWUNW_RECORDING_DAMAGED,
	     chunk->number == reading->number ?
		     "it is of an event that the file does not have" :
		     "its number is not the next one");
	return false;
}

/* Behind the end of its event others may have chunks. */
static void end_at(struct dwu_rec_reading *reading, uint64_t off, uint64_t size)
{
	if (off == size || reading->events > 1)
		reading->recording->end_off = off;
	else
		ends(reading->recording, &(struct dwu_rec_chunk){ .off = off },
		     DWUNW_RECORDING_DAMAGED, "bytes stand behind its end");
}

/* True: there is room for the content of a chunk. */
static bool make_room(struct dwu_rec_reading *reading, uint8_t **room,
		      uint32_t *has, uint32_t size)
{
	if (size > *has || !*room) {
		free(*room);
		*has = size > ROOM_LEAST ? size : ROOM_LEAST;
		*room = malloc(*has);
	}
	reading->no_memory |= !*room;
	return *room != NULL;
}

static void read_chunks(struct dwu_rec_reading *reading, const uint8_t *bytes,
			size_t size, uint8_t **room)
{
	struct dwunw_recording *recording = reading->recording;
	uint64_t off = DWU_REC_FILE_HEAD;
	struct dwu_rec_chunk chunk = { 0 };
	uint32_t end = 0, has = 0;
	char why[96];

	while (chunk.kind != DWU_REC_END || chunk.event != reading->event) {
		if (off == size) {
			chunk = (struct dwu_rec_chunk){ .off = off };
			ends(recording, &chunk, DWUNW_RECORDING_OPEN,
			     "its tool has not ended it");
			return;
		}
		if (!dwu_rec_take_chunk(bytes, size, off, &chunk, &end, why,
					sizeof(why))) {
			ends(recording, &chunk, end, why);
			return;
		}
		if (!is_next(reading, &chunk))
			return;
		if (chunk.event == reading->event &&
		    (!make_room(reading, room, &has, chunk.size) ||
		     !read_chunk(reading, &chunk, *room)))
			return;
		off += DWU_REC_CHUNK_HEAD + chunk.stored;
	}
	end_at(reading, off, size);
}

/* Why there is no recording at all. */
static dwunw_status_t refuse(struct dwunw_recording *recording,
			     dwunw_status_t status, const char *why)
{
	if (why)
		snprintf(recording->end_text, sizeof(recording->end_text), "%s",
			 why);
	recording->end = DWUNW_RECORDING_DAMAGED;
	return status;
}

static dwunw_status_t read_all(struct dwu_rec_reading *reading,
			       const uint8_t *bytes, size_t size)
{
	struct dwunw_recording *recording = reading->recording;
	uint8_t *room = NULL;

	read_chunks(reading, bytes, size, &room);
	free(room);
	if (reading->no_memory || !sum(recording, reading->pool))
		return refuse(recording, DWUNW_ERR_NO_MEMORY,
			      "it wants more memory than there is, or than the "
			      "bound");
	if (recording->chunk_count)
		return DWUNW_OK;
	return recording->end == DWUNW_RECORDING_PACKED ?
		       DWUNW_ERR_NOT_IMPLEMENTED :
		       DWUNW_ERR_BAD_FORMAT;
}

static uint32_t number_at(const void *bytes, size_t off)
{
	const uint8_t *at = (const uint8_t *)bytes + off;

	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

uint32_t dwunw_recording_events(const void *bytes, size_t size)
{
	uint32_t version, events;

	if (!dwunw_recording_is(bytes, size))
		return 0;
	version = number_at(bytes, 8);
	events = number_at(bytes, 12);
	if (version < DWUNW_RECORDING_VERSION)
		return version ? 1 : 0;
	return version == DWUNW_RECORDING_VERSION && events > 1 &&
			       events <= DWUNW_RECORDING_EVENTS_MAX ?
		       events :
		       0;
}

/* The head of the file is well. */
static dwunw_status_t begin(struct dwu_rec_reading *reading, const void *bytes,
			    size_t size,
			    const struct dwunw_recording_reader_config *config)
{
	struct dwunw_recording *recording = reading->recording;

	if (!dwunw_recording_is(bytes, size))
		return refuse(recording, DWUNW_ERR_BAD_FORMAT,
			      "no recording of dwunw");
	reading->version = number_at(bytes, 8);
	reading->events = dwunw_recording_events(bytes, size);
	reading->event = config->event;
	if (!reading->version || reading->version > DWUNW_RECORDING_VERSION) {
		snprintf(recording->end_text, sizeof(recording->end_text),
			 "a recording of version %u, and this reader knows "
			 "1 to %u",
			 (unsigned int)reading->version,
			 DWUNW_RECORDING_VERSION);
		return refuse(recording, DWUNW_ERR_NOT_IMPLEMENTED, NULL);
	}
	if (!reading->events)
		return refuse(recording, DWUNW_ERR_BAD_FORMAT,
			      "its number of events is none that a recording "
			      "can have");
	if (reading->event >= reading->events)
		return refuse(recording, DWUNW_ERR_INVALID_ARG,
			      "it has no event of that number");
	return DWUNW_OK;
}

dwunw_status_t
dwunw_recording_read(struct dwunw_recording *recording, const void *bytes,
		     size_t size,
		     const struct dwunw_recording_reader_config *given)
{
	struct dwu_rec_reading reading = { .recording = recording };
	struct dwunw_recording_reader_config config = { 0 };
	dwunw_status_t status;

	*recording = (struct dwunw_recording){ .head = { .kernel = "",
							 .machine = "",
							 .tool = "",
							 .event_text = "",
							 .event_unit = "" } };
	if (given && DWUNW_STRUCT_FROM(&config, memory_max, given) != DWUNW_OK)
		return refuse(recording, DWUNW_ERR_INVALID_ARG,
			      "the reader's configuration is of a later "
			      "version");
	status = begin(&reading, bytes, size, &config);
	if (status != DWUNW_OK)
		return status;
	reading.pool = dwu_rec_pool_new(config.memory_max ? config.memory_max :
							    MEMORY_MAX);
	if (!reading.pool)
		return refuse(recording, DWUNW_ERR_NO_MEMORY, "no memory");
	recording->memory = reading.pool;
	return read_all(&reading, bytes, size);
}

void dwunw_recording_free(struct dwunw_recording *recording)
{
	dwu_rec_pool_free(recording->memory);
	*recording = (struct dwunw_recording){ 0 };
}

/* --- what is in it --------------------------------------------------------------------- */

int64_t dwunw_recording_amount(const struct dwunw_recording_entry *entry,
			       uint16_t field)
{
	for (uint32_t i = 0; i < entry->count; i++)
		if (entry->values[i].field == field)
			return entry->values[i].amount;
	return 0;
}

uint16_t dwunw_recording_bucket(uint64_t value)
{
	uint16_t bits = 0;

	for (; value; value >>= 1)
		bits++;
	return bits < DWUNW_RECORDING_BUCKETS ? bits :
						DWUNW_RECORDING_BUCKETS - 1;
}

bool dwunw_recording_is_gauge(uint16_t field)
{
	return (field >= DWUNW_RECORDING_LIVE &&
		field <= DWUNW_RECORDING_YOUNG_BYTES) ||
	       (field >= DWUNW_RECORDING_LIVE_AGES &&
		field < DWUNW_RECORDING_SIZES_BYTES) ||
	       field >= DWUNW_RECORDING_LIVE_AGES_BYTES;
}
