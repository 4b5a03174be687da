/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What there is in the tables, as a recording of one process and one step. It may be
 * written again: the tables stay.
 */
#include "inproc.h"

#include <dwunw/record.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Sums of a stack with all that threads have in hand, and what is live. */
struct total {
	struct dwu_inproc_sums sums;
	uint64_t live;
	uint64_t live_bytes;
};

struct output {
	struct dwunw_recording_writer *writer;
	struct total *totals; /* by stack */
	uint32_t *stacks;     /* its numbers there */
	uint32_t *frames;
	uint32_t *files;
	uint32_t process;
	uint32_t stack_count;
	uint64_t unit;
	uint64_t now_ns;
};

/* --- totals ----------------------------------------------------------------------------- */

static void add_sums(void *ctx, uint32_t stack,
		     const struct dwu_inproc_sums *part)
{
	struct output *out = ctx;
	struct dwu_inproc_sums *sums = &out->totals[stack].sums;

	sums->allocs += part->allocs;
	sums->bytes += part->bytes;
	sums->frees += part->frees;
	sums->freed_bytes += part->freed_bytes;
}

static void add_live(struct output *out, uint32_t stack, uint64_t size,
		     uint64_t weight)
{
	struct total *total = &out->totals[stack];

	total->live += weight;
	total->live_bytes += weight * size;
}

static void add_block(void *ctx, uint64_t block)
{
	uint64_t size = dwu_block_size(block);
	uint32_t mean = dwu_inproc_options.sample_bytes;

	add_live(ctx, dwu_block_stack(block), size,
		 mean ? dwu_inproc_weight(size, mean) : 1);
}

static void add_area(void *ctx, uint64_t size, uint32_t stack)
{
	struct output *out = ctx;

	add_live(out, stack, size, out->unit);
}

static void add_up(struct output *out)
{
	for (uint32_t i = 1; i < out->stack_count; i++)
		add_sums(out, i, &dwu_inproc_stack_at(i)->sums);
	dwu_event_visit(add_sums, out);
	dwu_blocks_each(add_block, out);
	dwu_areas_each(add_area, out);
}

/* --- files, frames, stacks ----------------------------------------------------------------- */

static uint32_t file_of(struct output *out, uint32_t number)
{
	const struct dwu_inproc_file *own = dwu_inproc_file_at(number);
	struct dwunw_recording_file file = {
		.identity = own->identity,
		.size = own->size,
		.path = own->path,
		.build_id_size = own->build_id_size,
	};

	if (!number || out->files[number])
		return out->files[number];
	memcpy(file.build_id, own->build_id, sizeof(file.build_id));
	out->files[number] = dwunw_recording_add_file(out->writer, &file);
	return out->files[number];
}

static uint32_t frame_of(struct output *out, uint32_t number)
{
	const struct dwu_inproc_frame *own = dwu_inproc_frame_at(number);
	struct dwunw_recording_frame frame = {
		.vaddr = own->vaddr,
		.pc = own->pc,
		.how = own->how,
		.flags = own->flags,
		.lookup = own->exact ? DWUNW_RECORDING_FRAME_FLAG_EXACT : 0,
	};

	if (out->frames[number])
		return out->frames[number];
	frame.file = file_of(out, own->file);
	out->frames[number] = dwunw_recording_add_frame(out->writer, &frame);
	return out->frames[number];
}

static uint64_t id_add(uint64_t id, uint32_t number)
{
	const struct dwu_inproc_frame *frame = dwu_inproc_frame_at(number);

	return dwunw_stack_id_add(id, dwu_inproc_file_at(frame->file)->identity,
				  frame->vaddr, frame->exact);
}

/* Frames of a recording stand innermost first, the function that was called first
 * of all. */
static uint32_t add_stack(struct output *out,
			  const struct dwu_inproc_stack *own)
{
	const uint32_t *from = dwu_inproc_stack_frames(own);
	uint32_t frames[DWU_DEPTH + 1] = { frame_of(out, own->leaf) };
	struct dwunw_recording_stack stack = {
		.id = id_add(0, own->leaf),
		.frames = frames,
		.count = own->count + 1u,
		.process = out->process,
		.stop = own->stop,
		.scan = own->scan,
		.end = dwunw_stop_is_complete(own->stop) ?
			       "" :
			       dwunw_stop_name(own->stop),
	};

	for (uint32_t i = 0; i < own->count; i++) {
		uint32_t number = from[own->count - 1u - i];

		frames[i + 1] = frame_of(out, number);
		stack.id = id_add(stack.id, number);
	}
	return dwunw_recording_add_stack(out->writer, &stack);
}

static uint32_t add_unkept(struct output *out)
{
	const struct dwunw_recording_stack stack = {
		.process = out->process,
		.flags = DWUNW_RECORDING_STACK_FLAG_UNKEPT,
		.stop = DWUNW_STOP_LIMIT,
		.end = "",
	};

	return dwunw_recording_add_stack(out->writer, &stack);
}

/* 0 for those whose stack is not known. */
static uint32_t stack_of(struct output *out, uint32_t number)
{
	if (number == DWU_STACK_UNKNOWN)
		return 0;
	return number == DWU_STACK_UNKEPT ?
		       add_unkept(out) :
		       add_stack(out, dwu_inproc_stack_at(number));
}

/* --- the recording -------------------------------------------------------------------------- */

static void set(const struct output *out, uint32_t stack, uint16_t field,
		uint64_t amount)
{
	if (amount)
		dwunw_recording_set(out->writer, out->process, stack, field,
				    (int64_t)amount);
}

static void put_total(struct output *out, uint32_t number)
{
	const struct total *total = &out->totals[number];
	uint32_t stack;

	if (!total->sums.allocs && !total->live)
		return;
	stack = stack_of(out, number);
	set(out, stack, DWUNW_RECORDING_ALLOCATIONS, total->sums.allocs);
	set(out, stack, DWUNW_RECORDING_BYTES, total->sums.bytes);
	set(out, stack, DWUNW_RECORDING_FREES, total->sums.frees);
	set(out, stack, DWUNW_RECORDING_FREED_BYTES, total->sums.freed_bytes);
	set(out, stack, DWUNW_RECORDING_LIVE, total->live);
	set(out, stack, DWUNW_RECORDING_LIVE_BYTES, total->live_bytes);
}

static void add_process(struct output *out)
{
	const struct dwunw_recording_process process = {
		.pid = dwu_kept->pid,
		.parent = dwu_kept->parent,
		.name = dwu_kept->name,
		.command = "",
	};

	out->process = dwunw_recording_add_process(out->writer, &process);
}

static void add_maps(struct output *out)
{
	const uint32_t room = 8192;
	size_t size = room * sizeof(struct dwunw_recording_mapping);
	struct dwunw_recording_mapping *maps = dwu_inproc_pages(size);
	uint32_t count = maps ? dwu_inproc_maps(maps, room) : 0;

	for (uint32_t i = 0; i < count; i++)
		maps[i].file = file_of(out, maps[i].file);
	if (count)
		dwunw_recording_add_maps(out->writer, out->process, maps,
					 count);
	dwu_inproc_unmap(maps, size);
}

static int create(struct output *out, const struct dwu_event_counts *counts,
		  const char *path)
{
	struct utsname name = { .sysname = "" };
	char kernel[2 * sizeof(name.release)], tool[64];
	const uint16_t one = 1;
	struct dwunw_recording_head head = {
		.arch = DWU_HOST_ARCH,
		.data = *(const uint8_t *)&one ? 1 : 2,
		.elf_class = sizeof(void *) == 8 ? 2 : 1,
		.event = DWUNW_RECORDING_ALLOC,
		.flags = dwu_inproc_options.sample_bytes ?
				 DWUNW_RECORDING_FLAG_ESTIMATED :
				 0,
		.unit = (uint32_t)out->unit,
		.real_ns = counts->start_real_ns,
		.start_ns = counts->start_ns,
		.max_size = UINT64_MAX,
		.sample_every = 1,
		.sample_bytes = dwu_inproc_options.sample_bytes,
		.kernel = kernel,
		.machine = name.machine,
		.tool = tool,
	};

	(void)uname(&name);
	snprintf(kernel, sizeof(kernel), "%s %s", name.sysname, name.release);
	snprintf(tool, sizeof(tool), "dwunw-preload %s", dwunw_version());
	return dwunw_recording_create(&out->writer, path, &head, NULL);
}

/* The three tables of an output; and away. */
static size_t room_of(const struct output *out, int table)
{
	return table == 0 ? out->stack_count * sizeof(*out->totals) :
	       table == 1 ? DWU_FRAMES_MAX * sizeof(*out->frames) :
			    DWU_FILES_MAX * sizeof(*out->files);
}

static bool make_room(struct output *out)
{
	out->stack_count = dwu_inproc_stack_count();
	out->totals = dwu_inproc_pages(room_of(out, 0));
	out->frames = dwu_inproc_pages(room_of(out, 1));
	out->files = dwu_inproc_pages(room_of(out, 2));
	return out->totals && out->frames && out->files;
}

static void drop_room(struct output *out)
{
	dwu_inproc_unmap(out->totals, room_of(out, 0));
	dwu_inproc_unmap(out->frames, room_of(out, 1));
	dwu_inproc_unmap(out->files, room_of(out, 2));
}

static void count_all(struct output *out, const struct dwu_event_counts *counts)
{
	uint64_t stacks = counts->walks.events;
	uint64_t allocs = stacks + counts->unknown;

	dwunw_recording_count(out->writer, DWUNW_RECORDING_COUNT_ALLOCATIONS,
			      allocs);
	dwunw_recording_count(out->writer, DWUNW_RECORDING_COUNT_STACKS,
			      stacks);
	dwunw_recording_count(out->writer, DWUNW_RECORDING_COUNT_LIVE_FULL,
			      counts->no_room);
	dwunw_recording_count(out->writer, DWUNW_RECORDING_COUNT_THREADS,
			      counts->threads);
	dwunw_recording_count(out->writer, DWUNW_RECORDING_COUNT_PROCESSES, 1);
}

static int fill(struct output *out, const struct dwu_event_counts *counts)
{
	add_process(out);
	add_maps(out);
	add_up(out);
	for (uint32_t i = 1; i < out->stack_count; i++)
		put_total(out, i);
	count_all(out, counts);
	return dwunw_recording_close(out->writer, out->now_ns);
}

static void say_counts(const struct dwu_event_counts *counts)
{
	const struct dwu_walk_counts *w = &counts->walks;
	char text[256];

	snprintf(text, sizeof(text),
		 "%llu stacks: %llu frames walked, %llu kept, %llu by "
		 "dwunw_walk(); %llu checked, %llu differ; %llu without room, "
		 "%llu unknown",
		 (unsigned long long)w->events, (unsigned long long)w->walked,
		 (unsigned long long)w->kept, (unsigned long long)w->slow,
		 (unsigned long long)w->checked, (unsigned long long)w->differ,
		 (unsigned long long)counts->no_room,
		 (unsigned long long)counts->unknown);
	dwu_inproc_say(text, NULL);
}

/* Beside the file, and in its place when it is whole: who looks at it, or ends the
 * process meanwhile, finds the one before. */
static int write_to(struct output *out, const struct dwu_event_counts *counts,
		    const char *path)
{
	char part[4096 + 64 + sizeof(".part")];
	int error;

	snprintf(part, sizeof(part), "%s.part", path);
	error = create(out, counts, part);
	if (!error)
		error = fill(out, counts);
	if (!error && rename(part, path))
		error = -errno;
	if (error)
		unlink(part);
	return error;
}

void dwu_inproc_write(void)
{
	struct output out = {
		.unit = dwu_inproc_options.sample_bytes ? 1024 : 1,
		.now_ns = dwu_inproc_now(),
	};
	struct dwu_event_counts counts;
	char path[4096 + 64];
	int error;

	if (!*dwu_inproc_options.path) /* it is the tool's to do (attach.c) */
		return;
	if (dwu_kept->pid == dwu_inproc_pid())
		dwu_kept_name(); /* the program may have changed it */
	dwu_event_count(&counts);
	dwu_slow_take();
	if (!dwu_inproc_path(path, sizeof(path)))
		dwu_inproc_say("the path of the recording is too long", path);
	else if (!make_room(&out))
		dwu_inproc_say("no memory for the recording", path);
	else if ((error = write_to(&out, &counts, path)) != 0)
		dwu_inproc_say(strerror(-error), path);
	else
		dwu_kept->state = DWU_KEPT_WRITTEN;
	dwu_slow_give();
	drop_room(&out);
	if (dwu_inproc_options.statistics || counts.walks.differ)
		say_counts(&counts);
}
