/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * decode.c - the contents of chunks to what a recording holds. Nothing is
 * trusted: each number is checked against what was read before.
 */
#include "record.h"

#include <string.h>

typedef bool decode_fn(struct dwu_rec_reading *reading,
		       struct dwu_rec_cursor *at);

static bool wrong(struct dwu_rec_reading *reading, const char *what)
{
	if (!reading->what)
		reading->what = what;
	return false;
}

static bool no_memory(struct dwu_rec_reading *reading)
{
	reading->no_memory = true;
	return false;
}

static const char *take_text(struct dwu_rec_reading *reading,
			     struct dwu_rec_cursor *at)
{
	const char *text =
		dwu_rec_keep_text(reading->pool, dwu_rec_take_text(at));

	if (!text)
		reading->no_memory = true;
	return text ? text : "";
}

/* Room for one more of an array that is `const` to others. */
#define ROOM(reading, array, one)                                  \
	dwu_rec_grow((reading)->pool, (reading)->recording->array, \
		     (reading)->recording->one##_count,            \
		     &(reading)->one##_room,                       \
		     sizeof(*(reading)->recording->array))

static bool take_head(struct dwu_rec_reading *reading,
		      struct dwu_rec_cursor *at)
{
	struct dwunw_recording_head *head = &reading->recording->head;

	if (reading->recording->chunk_count)
		return wrong(reading, "a second head");
	head->arch = (uint16_t)dwu_rec_take_number(at, UINT16_MAX);
	head->data = (uint8_t)dwu_rec_take_number(at, UINT8_MAX);
	head->elf_class = (uint8_t)dwu_rec_take_number(at, UINT8_MAX);
	head->event = dwu_rec_take_number(at, UINT32_MAX);
	head->flags = dwu_rec_take_number(at, UINT32_MAX);
	head->unit = dwu_rec_take_number(at, 1u << 20);
	head->real_ns = dwu_rec_take_u(at);
	head->start_ns = dwu_rec_take_u(at);
	head->min_age_ns = dwu_rec_take_u(at);
	head->min_size = dwu_rec_take_u(at);
	head->max_size = dwu_rec_take_u(at);
	head->sample_every = dwu_rec_take_number(at, UINT32_MAX);
	head->sample_bytes = dwu_rec_take_number(at, UINT32_MAX);
	head->kernel = take_text(reading, at);
	head->machine = take_text(reading, at);
	head->tool = take_text(reading, at);
	if (head->event != DWUNW_RECORDING_ALLOC) {
		head->event_text = take_text(reading, at);
		head->event_unit = take_text(reading, at);
		head->event_period = dwu_rec_take_u(at);
	}
	if (!at->bad && reading->version <= DWU_REC_VERSION_EVENT &&
	    (reading->version == DWU_REC_VERSION_ALLOC) !=
		    (head->event == DWUNW_RECORDING_ALLOC))
		return wrong(reading, "an event that is not of its version");
	if (!at->bad && !head->unit)
		return wrong(reading, "a unit of 1/0");
	reading->recording->end_ns = head->start_ns;
	return true;
}

static bool take_process(struct dwu_rec_reading *reading,
			 struct dwu_rec_cursor *at)
{
	struct dwunw_recording *recording = reading->recording;
	struct dwunw_recording_process *all = ROOM(reading, processes, process);
	struct dwunw_recording_process *process;

	if (!all)
		return no_memory(reading);
	recording->processes = all;
	process = &all[recording->process_count++];
	process->pid = (int32_t)dwu_rec_take_number(at, UINT32_MAX);
	process->parent = (int32_t)dwu_rec_take_number(at, UINT32_MAX);
	process->start_ns = dwu_rec_take_u(at);
	process->name = take_text(reading, at);
	process->command = take_text(reading, at);
	return true;
}

static bool take_file(struct dwu_rec_reading *reading,
		      struct dwu_rec_cursor *at)
{
	struct dwunw_recording *recording = reading->recording;
	struct dwunw_recording_file *all = ROOM(reading, files, file);
	struct dwunw_recording_file *file;
	struct dwunw_span id;

	if (!all)
		return no_memory(reading);
	recording->files = all;
	file = &all[recording->file_count++];
	file->path = ""; /* also of one that is refused below */
	file->identity = dwu_rec_take_64(at);
	file->size = dwu_rec_take_u(at);
	id = dwu_rec_take_text(at);
	if (id.size > DWUNW_BUILD_ID_MAX)
		return wrong(reading, "a build id of more than 32 bytes");
	file->build_id_size = (uint32_t)id.size;
	if (id.size)
		memcpy(file->build_id, id.data, id.size);
	file->path = take_text(reading, at);
	return true;
}

static bool take_mapping(struct dwu_rec_reading *reading,
			 struct dwu_rec_cursor *at,
			 struct dwunw_recording_mapping *mapping,
			 const struct dwunw_recording_mapping *before)
{
	uint64_t end = before ? before->end : 0;
	uint64_t bias = before ? before->bias : 0;
	uint64_t gap = dwu_rec_take_u(at), size = dwu_rec_take_u(at);

	mapping->start = end + gap;
	mapping->end = mapping->start + size;
	mapping->off = dwu_rec_take_u(at);
	mapping->file = dwu_rec_take_number(at, reading->recording->file_count);
	mapping->bias = bias + (uint64_t)dwu_rec_take_s(at);
	return !at->bad && mapping->start >= end &&
	       mapping->end >= mapping->start;
}

static bool take_maps(struct dwu_rec_reading *reading,
		      struct dwu_rec_cursor *at)
{
	struct dwunw_recording *recording = reading->recording;
	struct dwunw_recording_maps *all = ROOM(reading, maps, map);
	struct dwunw_recording_mapping *list;
	struct dwunw_recording_maps *maps;
	/* a mapping has 5 bytes at least */
	uint32_t most = (uint32_t)(at->end - at->at) / 5;

	if (!all)
		return no_memory(reading);
	recording->maps = all;
	maps = &all[recording->map_count];
	maps->time_ns = dwu_rec_take_u(at);
	maps->process = dwu_rec_take_number(at, recording->process_count);
	maps->count = dwu_rec_take_number(at, most);
	list = dwu_rec_alloc(reading->pool, maps->count * sizeof(*list));
	if (!list)
		return no_memory(reading);
	maps->at = list;
	for (uint32_t i = 0; i < maps->count; i++)
		if (!take_mapping(reading, at, &list[i],
				  i ? &list[i - 1] : NULL))
			return wrong(reading, "mappings that overlap, or of a "
					      "file that is not there");
	recording->map_count++;
	return true;
}

static bool take_frame(struct dwu_rec_reading *reading,
		       struct dwu_rec_cursor *at)
{
	struct dwunw_recording *recording = reading->recording;
	struct dwunw_recording_frame *all = ROOM(reading, frames, frame);
	struct dwunw_recording_frame *frame;

	if (!all)
		return no_memory(reading);
	recording->frames = all;
	frame = &all[recording->frame_count++];
	frame->file = dwu_rec_take_number(at, recording->file_count);
	frame->vaddr = dwu_rec_take_u(at);
	reading->biases[frame->file] += (uint64_t)dwu_rec_take_s(at);
	frame->pc = frame->vaddr + reading->biases[frame->file];
	frame->how = (uint8_t)dwu_rec_take_number(at, UINT8_MAX);
	frame->flags = (uint8_t)dwu_rec_take_number(at, UINT8_MAX);
	frame->lookup = (uint8_t)dwu_rec_take_number(at, UINT8_MAX);
	return true;
}

/* `same` frames of the stack before, outermost, and others within. */
static bool take_frames(struct dwu_rec_reading *reading,
			struct dwu_rec_cursor *at,
			struct dwunw_recording_stack *stack,
			const struct dwunw_recording_stack *before)
{
	uint32_t same = dwu_rec_take_number(at, before ? before->count : 0);
	uint32_t own = dwu_rec_take_number(at, (uint32_t)(at->end - at->at));
	uint32_t *frames = dwu_rec_alloc(
		reading->pool, ((size_t)same + own) * sizeof(*frames));
	int64_t last = 0;

	if (!frames)
		return no_memory(reading);
	stack->frames = frames;
	stack->count = same + own;
	for (uint32_t i = 0; i < own; i++) {
		int64_t by = dwu_rec_take_s(at);

		if (by < -(int64_t)UINT32_MAX || by > (int64_t)UINT32_MAX)
			return wrong(reading, "no such frame");
		last += by;
		if (last < 1 || last > reading->recording->frame_count)
			return wrong(reading, "no such frame");
		frames[i] = (uint32_t)last;
	}
	if (same)
		memcpy(frames + own, before->frames + before->count - same,
		       same * sizeof(*frames));
	return true;
}

static bool take_stack(struct dwu_rec_reading *reading,
		       struct dwu_rec_cursor *at)
{
	struct dwunw_recording *recording = reading->recording;
	struct dwunw_recording_stack *all = ROOM(reading, stacks, stack);
	struct dwunw_recording_stack *stack;
	bool first = reading->stack_first == recording->stack_count;

	if (!all)
		return no_memory(reading);
	recording->stacks = all;
	stack = &all[recording->stack_count];
	stack->id = dwu_rec_take_64(at);
	stack->process = dwu_rec_take_number(at, recording->process_count);
	stack->flags = dwu_rec_take_number(at, UINT32_MAX);
	stack->stop = (uint8_t)dwu_rec_take_number(at, UINT8_MAX);
	stack->scan = (uint8_t)dwu_rec_take_number(at, UINT8_MAX);
	stack->end = take_text(reading, at);
	if (!take_frames(reading, at, stack, first ? NULL : stack - 1))
		return false;
	recording->stack_count++;
	return true;
}

/* --- steps ------------------------------------------------------------------------- */

static bool take_values(struct dwu_rec_reading *reading,
			struct dwu_rec_cursor *at,
			struct dwunw_recording_entry *entry)
{
	struct dwunw_recording_value *values;
	uint32_t field = 0;

	/* a value has 2 bytes at least */
	entry->count =
		dwu_rec_take_number(at, (uint32_t)(at->end - at->at) / 2);
	if (entry->count > DWUNW_RECORDING_FIELDS)
		return wrong(reading, "more values than there are fields");
	values = dwu_rec_alloc(reading->pool, entry->count * sizeof(*values));
	if (!values)
		return no_memory(reading);
	entry->values = values;
	for (uint32_t i = 0; i < entry->count; i++) {
		uint32_t by =
			dwu_rec_take_number(at, DWUNW_RECORDING_FIELDS - 1);

		field += by;
		if (field >= DWUNW_RECORDING_FIELDS || (i && !by))
			return wrong(reading, "fields that do not ascend");
		values[i].field = (uint16_t)field;
		values[i].amount = dwu_rec_take_s(at);
	}
	return true;
}

static bool take_entries(struct dwu_rec_reading *reading,
			 struct dwu_rec_cursor *at, uint32_t count)
{
	const struct dwunw_recording *recording = reading->recording;
	int64_t stack = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct dwunw_recording_entry *all = dwu_rec_grow(
			reading->pool, reading->entries, reading->entry_count,
			&reading->entry_room, sizeof(*all));
		struct dwunw_recording_entry *entry;
		int64_t by = dwu_rec_take_s(at);

		if (!all)
			return no_memory(reading);
		reading->entries = all;
		entry = &all[reading->entry_count++];
		if (by < -(int64_t)UINT32_MAX || by > (int64_t)UINT32_MAX)
			return wrong(reading, "no such stack");
		stack += by;
		if (stack < 0 || stack > recording->stack_count)
			return wrong(reading, "no such stack");
		entry->stack = (uint32_t)stack;
		entry->process =
			dwu_rec_take_number(at, recording->process_count);
		if (!take_values(reading, at, entry))
			return false;
	}
	return true;
}

static bool take_step(struct dwu_rec_reading *reading,
		      struct dwu_rec_cursor *at)
{
	struct dwunw_recording *recording = reading->recording;
	struct dwunw_recording_step *all = ROOM(reading, steps, step);
	uint64_t time_ns = dwu_rec_take_u(at);
	uint32_t merged = dwu_rec_take_number(at, UINT32_MAX);
	/* an entry has 3 bytes at least */
	uint32_t count =
		dwu_rec_take_number(at, (uint32_t)(at->end - at->at) / 3);

	if (!all)
		return no_memory(reading);
	recording->steps = all;
	if (!take_entries(reading, at, count))
		return false;
	if (!merged || at->bad)
		return true;
	if (time_ns < recording->end_ns)
		return wrong(reading, "a step before the one before it");
	all[recording->step_count++] = (struct dwunw_recording_step){
		.time_ns = time_ns,
		.merged = merged,
		.count = reading->entry_count,
		.entries = reading->entries,
	};
	recording->end_ns = time_ns;
	reading->entries = NULL;
	reading->entry_count = reading->entry_room = 0;
	return true;
}

/* Counters that are not known are of a later writer. */
static bool take_counts(struct dwu_rec_reading *reading,
			struct dwu_rec_cursor *at)
{
	while (at->at < at->end && !at->bad) {
		uint64_t counter = dwu_rec_take_u(at);
		uint64_t amount = dwu_rec_take_u(at);

		if (!at->bad && counter < DWUNW_RECORDING_COUNTERS)
			reading->recording->counters[counter] = amount;
	}
	return true;
}

/* --- names ------------------------------------------------------------------------- */

static void take_call(struct dwu_rec_reading *reading,
		      struct dwu_rec_cursor *at,
		      struct dwunw_recording_call *call)
{
	call->function = take_text(reading, at);
	call->source = take_text(reading, at);
	call->line = dwu_rec_take_number(at, UINT32_MAX);
	call->column = dwu_rec_take_number(at, UINT32_MAX);
}

static bool take_name(struct dwu_rec_reading *reading,
		      struct dwu_rec_cursor *at)
{
	struct dwunw_recording_name *name =
		dwu_rec_alloc(reading->pool, sizeof(*name));
	struct dwunw_recording_call *calls;
	struct dwunw_recording_frame *frames =
		(struct dwunw_recording_frame *)(uintptr_t)
			reading->recording->frames;
	uint32_t frame =
		dwu_rec_take_number(at, reading->recording->frame_count);

	if (!name)
		return no_memory(reading);
	name->offset = dwu_rec_take_u(at);
	/* a call has 4 bytes at least */
	name->inlined_count =
		dwu_rec_take_number(at, (uint32_t)(at->end - at->at) / 4);
	calls = dwu_rec_alloc(reading->pool,
			      name->inlined_count * sizeof(*calls));
	if (!calls)
		return no_memory(reading);
	name->inlined = calls;
	take_call(reading, at, &name->at);
	for (uint32_t i = 0; i < name->inlined_count && !at->bad; i++)
		take_call(reading, at, &calls[i]);
	if (!frame)
		return wrong(reading, "no such frame");
	if (!at->bad)
		frames[frame - 1].name = name;
	return true;
}

static bool take_end(struct dwu_rec_reading *reading, struct dwu_rec_cursor *at)
{
	uint64_t time_ns = dwu_rec_take_u(at);

	if (!at->bad && time_ns < reading->recording->end_ns)
		return wrong(reading, "an end before the last step");
	reading->recording->end_ns = time_ns;
	return true;
}

/* --- a chunk ----------------------------------------------------------------------- */

/* Records, each behind its size; what a later writer has put behind the fields that
 * are known is not looked at. */
static bool take_records(struct dwu_rec_reading *reading,
			 struct dwu_rec_cursor *at, decode_fn *take)
{
	while (at->at < at->end) {
		struct dwu_rec_cursor record = dwu_rec_take_sized(at);

		if (record.bad)
			return wrong(reading, "a record that is too long");
		if (!take(reading, &record))
			return false;
		if (record.bad)
			return wrong(reading, "a record that is too short, or "
					      "a number that is too large");
	}
	return true;
}

static bool take_frame_records(struct dwu_rec_reading *reading,
			       struct dwu_rec_cursor *at)
{
	uint32_t files = reading->recording->file_count + 1;

	if (reading->bias_room < files) {
		reading->biases = dwu_rec_alloc(
			reading->pool, 2 * files * sizeof(*reading->biases));
		reading->bias_room = reading->biases ? 2 * files : 0;
		if (!reading->biases)
			return no_memory(reading);
	}
	memset(reading->biases, 0, files * sizeof(*reading->biases));
	return take_records(reading, at, take_frame);
}

static bool take_kind(struct dwu_rec_reading *reading, uint16_t kind,
		      struct dwu_rec_cursor *at)
{
	switch (kind) {
	case DWU_REC_HEAD:
		return take_head(reading, at);
	case DWU_REC_PROCESSES:
		return take_records(reading, at, take_process);
	case DWU_REC_FILES:
		return take_records(reading, at, take_file);
	case DWU_REC_MAPS:
		return take_maps(reading, at);
	case DWU_REC_FRAMES:
		return take_frame_records(reading, at);
	case DWU_REC_STACKS:
		reading->stack_first = reading->recording->stack_count;
		return take_records(reading, at, take_stack);
	case DWU_REC_STEP:
		return take_step(reading, at);
	case DWU_REC_COUNTS:
		return take_counts(reading, at);
	case DWU_REC_NAMES:
		return take_records(reading, at, take_name);
	case DWU_REC_END:
		return take_end(reading, at);
	default: /* of a later writer */
		return true;
	}
}

bool dwu_rec_decode(struct dwu_rec_reading *reading, uint16_t kind,
		    struct dwunw_span content)
{
	struct dwu_rec_cursor at = { content.data, content.data + content.size,
				     false };

	if (!take_kind(reading, kind, &at))
		return false;
	if (at.bad)
		return wrong(reading, "it is too short, or a number in it is "
				      "too large");
	return !reading->no_memory;
}
