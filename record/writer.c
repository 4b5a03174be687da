/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * writer.c - a tool's side of a recording: what it adds is written with the next
 * step, all of a step at once.
 */
#include "record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE_LEAST 65536u

/* An array of the writer's, of which [0, written) are in the file. */
struct table {
	uint32_t count;
	uint32_t room;
	uint32_t written;
};

struct dwunw_recording_writer {
	struct dwunw_recording_writer_config config;
	struct dwu_rec_file *file; /* of all writers of its events */
	struct dwu_rec_chunks chunks;
	struct dwunw_recording_process *processes;
	struct dwunw_recording_file *files;
	struct dwunw_recording_frame *frames;
	struct dwunw_recording_stack *stacks;
	struct table process, files_at, frame, stack;
	uint32_t *frame_slots; /* number, hashed; half of them free */
	uint32_t frame_slot_count;
	struct dwu_rec_buffer maps; /* chunks' contents, each behind its size */
	struct dwu_rec_buffer names; /* of the last chunk */
	struct dwu_rec_values *values;
	uint64_t counters[DWUNW_RECORDING_COUNTERS];
	uint64_t told;	      /* those that were not 0, as bits */
	uint64_t stack_bytes; /* of the tables, as they are before packing */
	uint64_t name_bytes;
	uint32_t unkept; /* number of the stack for all that have no room */
	int error;
};

/* --- arrays ------------------------------------------------------------------------ */

/* Room for one more; NULL: no memory. */
static void *grow(void *at, struct table *table, size_t size)
{
	uint32_t room = table->room ? table->room * 2 : 64;
	void *more;

	if (table->count < table->room)
		return at;
	more = realloc(at, room * size);
	if (more)
		table->room = room;
	return more;
}

static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

uint32_t
dwunw_recording_add_process(struct dwunw_recording_writer *writer,
			    const struct dwunw_recording_process *process)
{
	struct dwunw_recording_process *all =
		grow(writer->processes, &writer->process, sizeof(*all));
	struct dwunw_recording_process own = *process;

	if (!all)
		return 0;
	writer->processes = all;
	own.name = copy(process->name);
	own.command = copy(process->command);
	if (!own.name || !own.command) {
		free((void *)(uintptr_t)own.name);
		free((void *)(uintptr_t)own.command);
		return 0;
	}
	all[writer->process.count++] = own;
	return writer->process.count;
}

uint32_t dwunw_recording_add_file(struct dwunw_recording_writer *writer,
				  const struct dwunw_recording_file *file)
{
	struct dwunw_recording_file *all =
		grow(writer->files, &writer->files_at, sizeof(*all));
	struct dwunw_recording_file own = *file;

	if (!all)
		return 0;
	writer->files = all;
	own.path = copy(file->path);
	if (!own.path)
		return 0;
	if (own.build_id_size > DWUNW_BUILD_ID_MAX)
		own.build_id_size = 0;
	writer->stack_bytes += 64 + strlen(own.path);
	all[writer->files_at.count++] = own;
	return writer->files_at.count;
}

/* --- frames, each once ---------------------------------------------------------------- */

static bool same_frame(const struct dwunw_recording_frame *a,
		       const struct dwunw_recording_frame *b)
{
	return a->vaddr == b->vaddr && a->pc == b->pc && a->file == b->file &&
	       a->how == b->how && a->flags == b->flags &&
	       a->lookup == b->lookup;
}

static uint32_t *frame_slot(const struct dwunw_recording_writer *writer,
			    const struct dwunw_recording_frame *frame)
{
	uint64_t hash = (frame->vaddr ^ frame->pc * 31 ^ frame->file) *
			0x9e3779b97f4a7c15ull;
	uint32_t at = (uint32_t)(hash >> 32);

	for (;; at++) {
		uint32_t *slot =
			&writer->frame_slots[at &
					     (writer->frame_slot_count - 1)];

		if (!*slot || same_frame(&writer->frames[*slot - 1], frame))
			return slot;
	}
}

static bool grow_frame_slots(struct dwunw_recording_writer *writer)
{
	uint32_t count =
		writer->frame_slot_count ? writer->frame_slot_count * 2 : 256;
	uint32_t *slots;

	if (writer->frame.count < writer->frame_slot_count / 2)
		return true;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return false;
	free(writer->frame_slots);
	writer->frame_slots = slots;
	writer->frame_slot_count = count;
	for (uint32_t i = 0; i < writer->frame.count; i++)
		*frame_slot(writer, &writer->frames[i]) = i + 1;
	return true;
}

uint32_t dwunw_recording_add_frame(struct dwunw_recording_writer *writer,
				   const struct dwunw_recording_frame *frame)
{
	struct dwunw_recording_frame *all;
	uint32_t *slot;

	if (frame->file > writer->files_at.count || !grow_frame_slots(writer))
		return 0;
	slot = frame_slot(writer, frame);
	if (*slot)
		return *slot;
	all = grow(writer->frames, &writer->frame, sizeof(*all));
	if (!all)
		return 0;
	writer->frames = all;
	all[writer->frame.count] = *frame;
	all[writer->frame.count].name = NULL;
	writer->stack_bytes += 12;
	*slot = ++writer->frame.count;
	return *slot;
}

/* --- stacks --------------------------------------------------------------------------- */

static uint32_t keep_stack(struct dwunw_recording_writer *writer,
			   const struct dwunw_recording_stack *stack)
{
	struct dwunw_recording_stack *all =
		grow(writer->stacks, &writer->stack, sizeof(*all));
	struct dwunw_recording_stack own = *stack;
	uint32_t *frames = malloc((stack->count + 1u) * sizeof(*frames));

	own.end = copy(stack->end);
	if (all)
		writer->stacks = all;
	if (!all || !frames || !own.end) {
		free((void *)(uintptr_t)own.end);
		free(frames);
		return 0;
	}
	if (stack->count)
		memcpy(frames, stack->frames, stack->count * sizeof(*frames));
	own.frames = frames;
	writer->stack_bytes += 20 + stack->count + strlen(own.end);
	all[writer->stack.count++] = own;
	return writer->stack.count;
}

/* Of the file, for each of its events; 0: no limit. */
static uint64_t share_of(const struct dwunw_recording_writer *writer)
{
	return writer->config.size_max / writer->file->events;
}

/* Half of it is for tables; what is counted has the rest. They are about half as
 * large once they are packed, as names are. */
static bool is_full(const struct dwunw_recording_writer *writer)
{
	return writer->config.size_max &&
	       writer->stack_bytes > share_of(writer) / 2;
}

uint32_t dwunw_recording_add_stack(struct dwunw_recording_writer *writer,
				   const struct dwunw_recording_stack *stack)
{
	static const struct dwunw_recording_stack unkept = {
		.flags = DWUNW_RECORDING_STACK_FLAG_UNKEPT
	};
	bool full = is_full(writer);

	for (uint32_t i = 0; i < stack->count; i++)
		if (!stack->frames[i] || stack->frames[i] > writer->frame.count)
			return 0;
	writer->counters[DWUNW_RECORDING_COUNT_STACKS_UNKEPT] += full;
	if (!full && !(stack->flags & DWUNW_RECORDING_STACK_FLAG_UNKEPT))
		return keep_stack(writer, stack);
	if (!writer->unkept)
		writer->unkept = keep_stack(writer, &unkept);
	return writer->unkept;
}

void dwunw_recording_mark_stack(struct dwunw_recording_writer *writer,
				uint32_t stack, uint32_t flags)
{
	if (stack > writer->stack.written && stack <= writer->stack.count)
		writer->stacks[stack - 1].flags |= flags;
}

void dwunw_recording_add_maps(struct dwunw_recording_writer *writer,
			      uint32_t process,
			      const struct dwunw_recording_mapping *maps,
			      uint32_t count)
{
	const struct dwunw_recording_maps all = { .process = process,
						  .count = count,
						  .at = maps };
	struct dwu_rec_buffer content = { 0 };

	dwu_rec_put_maps(&content, &all);
	dwu_rec_put_sized(&writer->maps, &content);
	dwu_rec_free(&content);
}

/* --- what is counted -------------------------------------------------------------------- */

void dwunw_recording_set(struct dwunw_recording_writer *writer,
			 uint32_t process, uint32_t stack, uint16_t field,
			 int64_t amount)
{
	if (!dwu_rec_values_set(writer->values, process, stack, field, amount,
				false))
		writer->error = -ENOMEM;
}

void dwunw_recording_add(struct dwunw_recording_writer *writer,
			 uint32_t process, uint32_t stack, uint16_t field,
			 int64_t amount)
{
	if (!dwu_rec_values_set(writer->values, process, stack, field, amount,
				true))
		writer->error = -ENOMEM;
}

void dwunw_recording_clear_gauges(struct dwunw_recording_writer *writer)
{
	dwu_rec_values_clear_gauges(writer->values);
}

void dwunw_recording_count(struct dwunw_recording_writer *writer,
			   uint32_t counter, uint64_t amount)
{
	if (counter < DWUNW_RECORDING_COUNTERS)
		writer->counters[counter] = amount;
}

/* --- the file ------------------------------------------------------------------------------ */

static void put_maps(struct dwunw_recording_writer *writer, uint64_t time_ns)
{
	struct dwu_rec_cursor at = { writer->maps.data,
				     writer->maps.data + writer->maps.size,
				     false };

	while (at.at < at.end) {
		struct dwu_rec_cursor maps = dwu_rec_take_sized(&at);

		/* it was put with time 0, which is a byte */
		dwu_rec_put_u(&writer->chunks.content, time_ns);
		dwu_rec_put(&writer->chunks.content, maps.at + 1,
			    (size_t)(maps.end - maps.at) - 1);
		dwu_rec_end_chunk(&writer->chunks, DWU_REC_MAPS);
	}
	writer->maps.size = 0;
}

static void put_tables(struct dwunw_recording_writer *writer)
{
	struct dwu_rec_chunks *chunks = &writer->chunks;

	dwu_rec_put_processes(chunks, writer->processes,
			      writer->process.written, writer->process.count);
	dwu_rec_put_files(chunks, writer->files, writer->files_at.written,
			  writer->files_at.count);
	dwu_rec_put_frames(chunks, writer->frames, writer->frame.written,
			   writer->frame.count);
	dwu_rec_put_stacks(chunks, writer->stacks, writer->stack.written,
			   writer->stack.count);
	writer->process.written = writer->process.count;
	writer->files_at.written = writer->files_at.count;
	writer->frame.written = writer->frame.count;
	writer->stack.written = writer->stack.count;
}

/* What the chunks have made so far goes to the file, at once. */
static int append(struct dwunw_recording_writer *writer)
{
	struct dwu_rec_buffer *out = &writer->chunks.out;
	int error = out->failed || writer->maps.failed ? -ENOMEM : 0;

	if (!error)
		error = dwu_rec_file_append(writer->file, out->data, out->size);
	if (!error)
		writer->file->chunk_count = writer->chunks.number;
	out->size = 0;
	return error;
}

/* The chunks of one event, with fewer steps, behind `all`. */
static int merge_event(struct dwunw_recording_writer *writer,
		       const uint8_t *bytes, uint32_t event, uint64_t before,
		       struct dwu_rec_chunks *all)
{
	const struct dwunw_recording_reader_config config = {
		.memory_max = UINT64_MAX, .event = event
	};
	struct dwu_rec_chunks chunks = { .plain = writer->config.plain,
					 .event = (uint8_t)event,
					 .events = writer->file->events,
					 .first = all->number };
	struct dwunw_recording recording = { 0 };
	int error = 0;

	if (dwunw_recording_read(&recording, bytes, (size_t)writer->file->size,
				 &config))
		error = -EIO;
	if (!error)
		error = dwu_rec_merge(&recording, share_of(writer) / 2, before,
				      &chunks);
	dwu_rec_put(&all->out, chunks.out.data, chunks.out.size);
	all->number = chunks.number;
	dwunw_recording_free(&recording);
	dwu_rec_chunks_free(&chunks);
	return error || !all->out.failed ? error : -ENOMEM;
}

/* The file again, with fewer steps. */
static int merge_now(struct dwunw_recording_writer *writer, uint64_t time_ns)
{
	const struct dwunw_recording_writer_config *config = &writer->config;
	struct dwu_rec_chunks chunks = { 0 };
	struct dwu_rec_file *file = writer->file;
	uint64_t before = 0;
	uint8_t *bytes;
	int error = dwu_rec_file_read(file, &bytes);

	if (error)
		return error;
	if (config->keep_ns && time_ns > config->keep_ns)
		before = time_ns - config->keep_ns;
	for (uint32_t i = 0; !error && i < file->begun; i++)
		error = merge_event(writer, bytes, i, before, &chunks);
	if (!error)
		error = dwu_rec_file_replace(file, chunks.out.data,
					     chunks.out.size);
	if (!error)
		file->chunk_count = chunks.number;
	file->merged_ns = time_ns;
	dwu_rec_chunks_free(&chunks);
	free(bytes);
	return error;
}

/* Without CONFIG_RECORD_MERGE nobody has asked for it (dwunw_recording_create()). */
static int merge(struct dwunw_recording_writer *writer, uint64_t time_ns)
{
	return IS_ON(CONFIG_RECORD_MERGE) ? merge_now(writer, time_ns) : 0;
}

/* Three quarters, as the names and the end are still to come. */
static bool has_to_merge(const struct dwunw_recording_writer *writer,
			 uint64_t time_ns)
{
	const struct dwunw_recording_writer_config *config = &writer->config;

	if (config->size_max &&
	    writer->file->size > config->size_max - config->size_max / 4)
		return true;
	return config->keep_ns &&
	       time_ns - writer->file->merged_ns > config->keep_ns / 4 + 1;
}

/* `last`: without a change there is none. */
static int step(struct dwunw_recording_writer *writer, uint64_t time_ns,
		bool last)
{
	struct dwunw_recording_step changes = { .time_ns = time_ns,
						.merged = 1 };
	int error;

	writer->chunks.number = writer->file->chunk_count;
	put_tables(writer);
	put_maps(writer, time_ns);
	error = dwu_rec_values_step(writer->values, &changes);
	if (!error) {
		if (changes.count || !last)
			dwu_rec_put_step(&writer->chunks, &changes);
		dwu_rec_put_counts(&writer->chunks, writer->counters,
				   &writer->told);
		error = append(writer);
	}
	dwu_rec_step_free(&changes);
	return error;
}

int dwunw_recording_write_step(struct dwunw_recording_writer *writer,
			       uint64_t time_ns)
{
	if (!writer->error)
		writer->error = step(writer, time_ns, false);
	if (!writer->error && has_to_merge(writer, time_ns))
		writer->error = merge(writer, time_ns);
	return writer->error;
}

/* --- names and the end ------------------------------------------------------------------------ */

int dwunw_recording_add_name(struct dwunw_recording_writer *writer,
			     uint32_t frame,
			     const struct dwunw_recording_name *name)
{
	struct dwu_rec_buffer *record = &writer->chunks.record;
	uint64_t max = share_of(writer);

	if (!frame || frame > writer->frame.count)
		return -EINVAL;
	dwu_rec_put_name(record, frame, name);
	writer->name_bytes += record->size;
	/* packed they are a third of that, or less */
	if (max && writer->name_bytes > max / 4) {
		record->size = 0;
		writer->counters[DWUNW_RECORDING_COUNT_NAMES_UNKEPT]++;
		return -ENOSPC;
	}
	dwu_rec_put_sized(&writer->names, record);
	return writer->names.failed ? -ENOMEM : 0;
}

/* A chunk ends between two names. */
static void put_names(struct dwunw_recording_writer *writer)
{
	struct dwu_rec_chunks *chunks = &writer->chunks;
	struct dwu_rec_cursor at = { writer->names.data,
				     writer->names.data + writer->names.size,
				     false };

	while (at.at < at.end) {
		struct dwunw_span name = dwu_rec_take_text(&at);

		dwu_rec_put_u(&chunks->content, name.size);
		dwu_rec_put(&chunks->content, name.data, name.size);
		if (chunks->content.size >= DWU_REC_CHUNK_FULL)
			dwu_rec_end_chunk(chunks, DWU_REC_NAMES);
	}
	dwu_rec_end_chunk(chunks, DWU_REC_NAMES);
}

static int end(struct dwunw_recording_writer *writer, uint64_t time_ns)
{
	int error = writer->error;

	if (!error)
		error = step(writer, time_ns, true);
	if (!error && (writer->config.size_max || writer->config.keep_ns))
		error = has_to_merge(writer, time_ns) ? merge(writer, time_ns) :
							0;
	if (error)
		return error;
	writer->chunks.number = writer->file->chunk_count;
	put_names(writer);
	dwu_rec_put_end(&writer->chunks, time_ns);
	return append(writer);
}

uint64_t dwunw_recording_size(const struct dwunw_recording_writer *writer)
{
	return writer->file->size;
}

static void free_writer(struct dwunw_recording_writer *writer)
{
	for (uint32_t i = 0; i < writer->process.count; i++) {
		free((void *)(uintptr_t)writer->processes[i].name);
		free((void *)(uintptr_t)writer->processes[i].command);
	}
	for (uint32_t i = 0; i < writer->files_at.count; i++)
		free((void *)(uintptr_t)writer->files[i].path);
	for (uint32_t i = 0; i < writer->stack.count; i++) {
		free((void *)(uintptr_t)writer->stacks[i].frames);
		free((void *)(uintptr_t)writer->stacks[i].end);
	}
	free(writer->processes);
	free(writer->files);
	free(writer->frames);
	free(writer->stacks);
	free(writer->frame_slots);
	dwu_rec_free(&writer->maps);
	dwu_rec_free(&writer->names);
	dwu_rec_chunks_free(&writer->chunks);
	dwu_rec_values_free(writer->values);
	free(writer);
}

/* The last of its writers closes it. */
static int leave_file(struct dwu_rec_file *file)
{
	int error = 0;

	if (--file->users)
		return 0;
	if (file->fd >= 0 && close(file->fd))
		error = -errno;
	free(file->path);
	free(file);
	return error;
}

int dwunw_recording_close(struct dwunw_recording_writer *writer,
			  uint64_t time_ns)
{
	int error, closed;

	if (!writer)
		return 0;
	error = end(writer, time_ns);
	if (!error)
		error = dwu_rec_file_is_there(writer->file);
	closed = leave_file(writer->file);
	free_writer(writer);
	return error ? error : closed;
}

/* --- its beginning ------------------------------------------------------------------------------ */

/* Its head goes to the file, which is made with the first of its writers. */
static int begin(struct dwunw_recording_writer *writer,
		 const struct dwunw_recording_head *head)
{
	struct dwu_rec_chunks *chunks = &writer->chunks;
	struct dwu_rec_file *file = writer->file;
	int error = dwu_rec_values_new(&writer->values);

	if (error)
		return -ENOMEM;
	chunks->plain = writer->config.plain;
	chunks->number = file->chunk_count;
	if (!chunks->event)
		dwu_rec_put_file_head(&chunks->out, head, file->events);
	dwu_rec_put_head(&chunks->content, head);
	dwu_rec_end_chunk(chunks, DWU_REC_HEAD);
	if (chunks->event || chunks->out.failed)
		return append(writer);
	error = dwu_rec_file_replace(file, chunks->out.data, chunks->out.size);
	chunks->out.size = 0;
	file->chunk_count = chunks->number;
	file->merged_ns = head->start_ns;
	return error;
}

/* The next one of a file. */
static int begin_next(struct dwunw_recording_writer **result,
		      struct dwu_rec_file *file,
		      const struct dwunw_recording_writer_config *config,
		      const struct dwunw_recording_head *head)
{
	struct dwunw_recording_writer *writer = calloc(1, sizeof(*writer));
	int error;

	if (!writer)
		return -ENOMEM;
	writer->config = *config;
	writer->file = file;
	writer->chunks.event = (uint8_t)file->begun;
	error = begin(writer, head);
	if (error) {
		free_writer(writer);
		return error;
	}
	file->begun++;
	file->users++;
	*result = writer;
	return 0;
}

/* NULL: no memory. */
static struct dwu_rec_file *new_file(const char *path, uint32_t events)
{
	struct dwu_rec_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->fd = -1;
	file->events = events ? events : 1;
	file->users = 1; /* who makes it, until it has a writer */
	file->path = strdup(path);
	if (file->path)
		return file;
	free(file);
	return NULL;
}

static int check(const struct dwunw_recording_writer_config *config)
{
	uint32_t events = config->events ? config->events : 1;

	if (events > DWUNW_RECORDING_EVENTS_MAX)
		return -EINVAL;
	if (config->size_max && config->size_max / events < SIZE_LEAST)
		return -EINVAL;
	return !IS_ON(CONFIG_RECORD_MERGE) &&
			       (config->size_max || config->keep_ns) ?
		       -ENOSYS :
		       0;
}

int dwunw_recording_create(struct dwunw_recording_writer **result,
			   const char *path,
			   const struct dwunw_recording_head *head,
			   const struct dwunw_recording_writer_config *given)
{
	struct dwunw_recording_writer_config config = { 0 };
	struct dwu_rec_file *file;
	int error;

	*result = NULL;
	if (given && DWUNW_STRUCT_FROM(&config, plain, given) != DWUNW_OK)
		return -EINVAL;
	error = check(&config);
	if (error)
		return error;
	file = new_file(path, config.events);
	if (!file)
		return -ENOMEM;
	error = begin_next(result, file, &config, head);
	leave_file(file);
	return error;
}

int dwunw_recording_create_next(struct dwunw_recording_writer **result,
				const struct dwunw_recording_writer *first,
				const struct dwunw_recording_head *head)
{
	struct dwu_rec_file *file = first->file;

	*result = NULL;
	if (file->begun >= file->events)
		return -EINVAL;
	return begin_next(result, file, &first->config, head);
}
