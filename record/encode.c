/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* encode.c - what a recording holds, as the contents of chunks (SPEC.md 6). */
#include "record.h"

#include <stdlib.h>
#include <string.h>

/* --- chunks one after another --------------------------------------------------- */

void dwu_rec_end_chunk(struct dwu_rec_chunks *chunks, uint16_t kind)
{
	if (chunks->content.size)
		dwu_rec_put_chunk(&chunks->out, kind, chunks->event,
				  chunks->number++, &chunks->content,
				  chunks->plain);
}

/* chunks->record is whole; true: another chunk has begun. */
static bool end_record(struct dwu_rec_chunks *chunks, uint16_t kind)
{
	dwu_rec_put_sized(&chunks->content, &chunks->record);
	if (chunks->content.size < DWU_REC_CHUNK_FULL)
		return false;
	dwu_rec_end_chunk(chunks, kind);
	return true;
}

void dwu_rec_chunks_free(struct dwu_rec_chunks *chunks)
{
	dwu_rec_free(&chunks->out);
	dwu_rec_free(&chunks->content);
	dwu_rec_free(&chunks->record);
}

/* --- kinds ------------------------------------------------------------------------ */

void dwu_rec_put_head(struct dwu_rec_buffer *out,
		      const struct dwunw_recording_head *head)
{
	dwu_rec_put_u(out, head->arch);
	dwu_rec_put_u(out, head->data);
	dwu_rec_put_u(out, head->elf_class);
	dwu_rec_put_u(out, head->event);
	dwu_rec_put_u(out, head->flags);
	dwu_rec_put_u(out, head->unit);
	dwu_rec_put_u(out, head->real_ns);
	dwu_rec_put_u(out, head->start_ns);
	dwu_rec_put_u(out, head->min_age_ns);
	dwu_rec_put_u(out, head->min_size);
	dwu_rec_put_u(out, head->max_size);
	dwu_rec_put_u(out, head->sample_every);
	dwu_rec_put_u(out, head->sample_bytes);
	dwu_rec_put_text(out, head->kernel);
	dwu_rec_put_text(out, head->machine);
	dwu_rec_put_text(out, head->tool);
	if (head->event == DWUNW_RECORDING_ALLOC)
		return;
	dwu_rec_put_text(out, head->event_text);
	dwu_rec_put_text(out, head->event_unit);
	dwu_rec_put_u(out, head->event_period);
}

void dwu_rec_put_processes(struct dwu_rec_chunks *chunks,
			   const struct dwunw_recording_process *at,
			   uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct dwu_rec_buffer *out = &chunks->record;

		dwu_rec_put_u(out, (uint32_t)at[i].pid);
		dwu_rec_put_u(out, (uint32_t)at[i].parent);
		dwu_rec_put_u(out, at[i].start_ns);
		dwu_rec_put_text(out, at[i].name);
		dwu_rec_put_text(out, at[i].command);
		end_record(chunks, DWU_REC_PROCESSES);
	}
	dwu_rec_end_chunk(chunks, DWU_REC_PROCESSES);
}

void dwu_rec_put_files(struct dwu_rec_chunks *chunks,
		       const struct dwunw_recording_file *at, uint32_t from,
		       uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct dwu_rec_buffer *out = &chunks->record;

		dwu_rec_put_64(out, at[i].identity);
		dwu_rec_put_u(out, at[i].size);
		dwu_rec_put_u(out, at[i].build_id_size);
		dwu_rec_put(out, at[i].build_id, at[i].build_id_size);
		dwu_rec_put_text(out, at[i].path);
		end_record(chunks, DWU_REC_FILES);
	}
	dwu_rec_end_chunk(chunks, DWU_REC_FILES);
}

void dwu_rec_put_maps(struct dwu_rec_buffer *out,
		      const struct dwunw_recording_maps *maps)
{
	uint64_t before = 0, bias = 0;

	dwu_rec_put_u(out, maps->time_ns);
	dwu_rec_put_u(out, maps->process);
	dwu_rec_put_u(out, maps->count);
	for (uint32_t i = 0; i < maps->count; i++) {
		const struct dwunw_recording_mapping *at = &maps->at[i];

		dwu_rec_put_u(out, at->start - before);
		dwu_rec_put_u(out, at->end - at->start);
		dwu_rec_put_u(out, at->off);
		dwu_rec_put_u(out, at->file);
		dwu_rec_put_s(out, (int64_t)(at->bias - bias));
		before = at->end;
		bias = at->bias;
	}
}

/* Most frames of a file have the distance of the one before them. */
void dwu_rec_put_frames(struct dwu_rec_chunks *chunks,
			const struct dwunw_recording_frame *at, uint32_t from,
			uint32_t to)
{
	struct dwu_rec_buffer *out = &chunks->record;
	uint32_t last = 0;
	uint64_t *biases;

	for (uint32_t i = from; i < to; i++)
		last = at[i].file > last ? at[i].file : last;
	biases = calloc((size_t)last + 1, sizeof(*biases));
	out->failed |= !biases;
	for (uint32_t i = from; biases && i < to; i++) {
		uint64_t bias = at[i].pc - at[i].vaddr;

		dwu_rec_put_u(out, at[i].file);
		dwu_rec_put_u(out, at[i].vaddr);
		dwu_rec_put_s(out, (int64_t)(bias - biases[at[i].file]));
		dwu_rec_put_u(out, at[i].how);
		dwu_rec_put_u(out, at[i].flags);
		dwu_rec_put_u(out, at[i].lookup);
		biases[at[i].file] = bias;
		if (end_record(chunks, DWU_REC_FRAMES))
			memset(biases, 0, ((size_t)last + 1) * sizeof(*biases));
	}
	free(biases);
	dwu_rec_end_chunk(chunks, DWU_REC_FRAMES);
}

/* Frames that are the same outermost ones. */
static uint32_t shared(const struct dwunw_recording_stack *a,
		       const struct dwunw_recording_stack *b)
{
	uint32_t n = 0;

	while (n < a->count && n < b->count &&
	       a->frames[a->count - 1 - n] == b->frames[b->count - 1 - n])
		n++;
	return n;
}

static void put_stack(struct dwu_rec_buffer *out,
		      const struct dwunw_recording_stack *stack,
		      const struct dwunw_recording_stack *before)
{
	uint32_t same = before ? shared(stack, before) : 0, last = 0;

	dwu_rec_put_64(out, stack->id);
	dwu_rec_put_u(out, stack->process);
	dwu_rec_put_u(out, stack->flags);
	dwu_rec_put_u(out, stack->stop);
	dwu_rec_put_u(out, stack->scan);
	dwu_rec_put_text(out, stack->end);
	dwu_rec_put_u(out, same);
	dwu_rec_put_u(out, stack->count - same);
	for (uint32_t i = 0; i < stack->count - same; i++) {
		dwu_rec_put_s(out, (int64_t)stack->frames[i] - last);
		last = stack->frames[i];
	}
}

void dwu_rec_put_stacks(struct dwu_rec_chunks *chunks,
			const struct dwunw_recording_stack *at, uint32_t from,
			uint32_t to)
{
	bool first = true;

	for (uint32_t i = from; i < to; i++) {
		put_stack(&chunks->record, &at[i], first ? NULL : &at[i - 1]);
		first = end_record(chunks, DWU_REC_STACKS);
	}
	dwu_rec_end_chunk(chunks, DWU_REC_STACKS);
}

static void put_entry(struct dwu_rec_buffer *out,
		      const struct dwunw_recording_entry *entry, uint32_t stack)
{
	uint32_t field = 0;

	dwu_rec_put_s(out, (int64_t)entry->stack - stack);
	dwu_rec_put_u(out, entry->process);
	dwu_rec_put_u(out, entry->count);
	for (uint32_t i = 0; i < entry->count; i++) {
		dwu_rec_put_u(out, entry->values[i].field - field);
		dwu_rec_put_s(out, entry->values[i].amount);
		field = entry->values[i].field;
	}
}

/* All parts but the last say 0 for the steps that are in it. */
static void put_part(struct dwu_rec_buffer *out,
		     const struct dwunw_recording_step *step, uint32_t from,
		     uint32_t to)
{
	uint32_t stack = 0;

	dwu_rec_put_u(out, step->time_ns);
	dwu_rec_put_u(out, to == step->count ? step->merged : 0);
	dwu_rec_put_u(out, to - from);
	for (uint32_t i = from; i < to; i++) {
		put_entry(out, &step->entries[i], stack);
		stack = step->entries[i].stack;
	}
}

/* An entry has 6 KB at most. */
#define PART_ENTRIES 2048u

void dwu_rec_put_step(struct dwu_rec_chunks *chunks,
		      const struct dwunw_recording_step *step)
{
	uint32_t from = 0, to;

	do {
		to = step->count - from > PART_ENTRIES ? from + PART_ENTRIES :
							 step->count;
		put_part(&chunks->content, step, from, to);
		dwu_rec_end_chunk(chunks, DWU_REC_STEP);
		from = to;
	} while (from < step->count);
}

void dwu_rec_put_counts(struct dwu_rec_chunks *chunks, const uint64_t *counters,
			uint64_t *told)
{
	for (uint32_t i = 0; i < DWUNW_RECORDING_COUNTERS; i++) {
		if (counters[i])
			*told |= (uint64_t)1 << i;
		if (!(*told >> i & 1))
			continue;
		dwu_rec_put_u(&chunks->content, i);
		dwu_rec_put_u(&chunks->content, counters[i]);
	}
	dwu_rec_end_chunk(chunks, DWU_REC_COUNTS);
}

static void put_call(struct dwu_rec_buffer *out,
		     const struct dwunw_recording_call *call)
{
	dwu_rec_put_text(out, call->function);
	dwu_rec_put_text(out, call->source);
	dwu_rec_put_u(out, call->line);
	dwu_rec_put_u(out, call->column);
}

void dwu_rec_put_name(struct dwu_rec_buffer *out, uint32_t frame,
		      const struct dwunw_recording_name *name)
{
	dwu_rec_put_u(out, frame);
	dwu_rec_put_u(out, name->offset);
	dwu_rec_put_u(out, name->inlined_count);
	put_call(out, &name->at);
	for (uint32_t i = 0; i < name->inlined_count; i++)
		put_call(out, &name->inlined[i]);
}

void dwu_rec_put_end(struct dwu_rec_chunks *chunks, uint64_t time_ns)
{
	dwu_rec_put_u(&chunks->content, time_ns);
	dwu_rec_end_chunk(chunks, DWU_REC_END);
}
