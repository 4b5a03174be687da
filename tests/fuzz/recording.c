/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A recording of chunks with right checksums: of each the kind, and a content. What is
 * read refers only to what is there; with fewer steps the sums are the same. A
 * first part of kind 255 is a whole file as it is, one of kind 12 says that the
 * version is that of other events than allocations, one of kind 13 that it is that of two
 * events: chunks whose kind has the highest bit are of the second one.
 */
#include "chunks.h"

#include "record/record.h"

CHUNKS(0, 12)

static struct dwu_rec_buffer assemble(const uint8_t *data, size_t size)
{
	struct dwunw_recording_head head = { .event = DWUNW_RECORDING_ALLOC };
	struct dwu_rec_buffer out = { 0 }, content = { 0 };
	uint32_t number = 0;
	size_t off = 0;

	dwu_rec_put_file_head(&out, &head, 1);
	while (size - off > 2) {
		struct dwunw_span part = chunk_next(data, size, &off);

		if (!part.size)
			continue;
		if (!number && part.data[0] == 255) {
			out.size = 0;
			dwu_rec_put(&out, part.data + 1, part.size - 1);
			break;
		}
		if (!number && part.data[0] == 12) {
			out.size = 0;
			head.event = DWUNW_RECORDING_CPU;
			dwu_rec_put_file_head(&out, &head, 1);
			continue;
		}
		if (!number && part.data[0] == 13) {
			out.size = 0;
			dwu_rec_put_file_head(&out, &head, 2);
			continue;
		}
		dwu_rec_put(&content, part.data + 1, part.size - 1);
		dwu_rec_put_chunk(&out, part.data[0] & 0x7f, part.data[0] >> 7,
				  number++, &content, true);
	}
	dwu_rec_free(&content);
	return out;
}

static void check_entry(const struct dwunw_recording *r,
			const struct dwunw_recording_entry *entry)
{
	LAW(entry->stack <= r->stack_count);
	LAW(entry->process <= r->process_count);
	LAW(entry->count <= DWUNW_RECORDING_FIELDS);
	for (uint32_t i = 0; i < entry->count; i++) {
		LAW(entry->values[i].field < DWUNW_RECORDING_FIELDS);
		LAW(!i || entry->values[i].field > entry->values[i - 1].field);
	}
}

static bool printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static void check_tables(const struct dwunw_recording *r)
{
	for (uint32_t i = 0; i < r->process_count; i++)
		LAW(printable(r->processes[i].name));
	for (uint32_t i = 0; i < r->file_count; i++) {
		LAW(printable(r->files[i].path));
		LAW(r->files[i].build_id_size <= DWUNW_BUILD_ID_MAX);
	}
	for (uint32_t i = 0; i < r->frame_count; i++) {
		const struct dwunw_recording_name *name = r->frames[i].name;

		LAW(r->frames[i].file <= r->file_count);
		for (uint32_t k = 0; name && k < name->inlined_count; k++)
			LAW(printable(name->inlined[k].function) &&
			    printable(name->inlined[k].source));
		LAW(!name || printable(name->at.function));
	}
	for (uint32_t i = 0; i < r->stack_count; i++) {
		LAW(r->stacks[i].process <= r->process_count);
		for (uint32_t k = 0; k < r->stacks[i].count; k++)
			LAW(r->stacks[i].frames[k] &&
			    r->stacks[i].frames[k] <= r->frame_count);
	}
}

static void check(const struct dwunw_recording *r)
{
	check_tables(r);
	for (uint32_t i = 0; i < r->map_count; i++)
		for (uint32_t k = 0; k < r->maps[i].count; k++) {
			const struct dwunw_recording_mapping *at =
				&r->maps[i].at[k];

			LAW(at->start <= at->end && at->file <= r->file_count);
			LAW(!k || at->start >= at[-1].end);
		}
	for (uint32_t i = 0; i < r->step_count; i++) {
		LAW(!i || r->steps[i].time_ns >= r->steps[i - 1].time_ns);
		for (uint32_t k = 0; k < r->steps[i].count; k++)
			check_entry(r, &r->steps[i].entries[k]);
	}
	for (uint32_t i = 0; i < r->total_count; i++) {
		check_entry(r, &r->totals[i]);
		LAW(!i || r->totals[i].stack > r->totals[i - 1].stack ||
		    (r->totals[i].stack == r->totals[i - 1].stack &&
		     r->totals[i].process > r->totals[i - 1].process));
	}
}

/* Totals that are 0 may be there or not. */
static bool same_totals(const struct dwunw_recording *a,
			const struct dwunw_recording *b)
{
	uint32_t i = 0, k = 0;

	for (;;) {
		while (i < a->total_count && !a->totals[i].count)
			i++;
		while (k < b->total_count && !b->totals[k].count)
			k++;
		if (i == a->total_count || k == b->total_count)
			return i == a->total_count && k == b->total_count;
		if (a->totals[i].stack != b->totals[k].stack ||
		    a->totals[i].process != b->totals[k].process ||
		    a->totals[i].count != b->totals[k].count)
			return false;
		for (uint32_t n = 0; n < a->totals[i].count; n++)
			if (a->totals[i].values[n].field !=
				    b->totals[k].values[n].field ||
			    a->totals[i].values[n].amount !=
				    b->totals[k].values[n].amount)
				return false;
		i++;
		k++;
	}
}

/* Fewer steps, the same sums; and what was read can be written and read. */
static void merge(const struct dwunw_recording *r)
{
	const struct dwunw_recording_reader_config config = {
		.memory_max = FUZZ_MEMORY_MAX
	};
	struct dwu_rec_chunks chunks = { .plain = true };
	struct dwunw_recording again;

	LAW(!dwu_rec_merge(r, 1, 0, &chunks));
	if (chunks.out.size < FUZZ_MEMORY_MAX / 64) {
		LAW(dwunw_recording_read(&again, chunks.out.data,
					 chunks.out.size, &config) == DWUNW_OK);
		LAW(again.end == DWUNW_RECORDING_OPEN);
		LAW(again.step_count == (r->step_count != 0));
		LAW(again.stack_count == r->stack_count &&
		    again.frame_count == r->frame_count);
		LAW(same_totals(r, &again));
		dwunw_recording_free(&again);
	}
	dwu_rec_chunks_free(&chunks);
}

static void read_event(const struct dwu_rec_buffer *file, uint32_t event)
{
	const struct dwunw_recording_reader_config config = {
		.memory_max = FUZZ_MEMORY_MAX, .event = event
	};
	uint8_t *exact = malloc(file->size + !file->size);
	struct dwunw_recording r;
	dwunw_status_t status;

	if (file->size)
		memcpy(exact, file->data, file->size);
	status = dwunw_recording_read(&r, exact, file->size, &config);
	free(exact);
	LAW(status == DWUNW_OK || status == DWUNW_ERR_BAD_FORMAT ||
	    status == DWUNW_ERR_NOT_IMPLEMENTED ||
	    status == DWUNW_ERR_NO_MEMORY);
	LAW(status == DWUNW_OK || r.end_text[0]);
	LAW(r.end <= DWUNW_RECORDING_PACKED);
	if (status == DWUNW_OK) {
		LAW(r.chunk_count > 0 && r.end_off <= file->size);
		check(&r);
		merge(&r);
	}
	dwunw_recording_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dwu_rec_buffer file = assemble(data, size);
	uint32_t events = dwunw_recording_events(file.data, file.size);

	LAW(events <= DWUNW_RECORDING_EVENTS_MAX);
	read_event(&file, 0);
	for (uint32_t i = 1; i < events; i++)
		read_event(&file, i);
	dwu_rec_free(&file);
	return 0;
}
