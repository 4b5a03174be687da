/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * recording.c - what a run sees, as a recording: each allocation and free is
 * counted at once, what is live at each step; other events by their sums.
 */
#include "leak.h"

#include "replace.h"

#include <dwunw/record.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* A stack that is in the recording, by where the heap has it. */
struct known_stack {
	const struct dwunw_stack *stack;
	uint32_t number;
};

/* A program of a process. */
struct known_process {
	int32_t pid;
	uint64_t since_ns;
	uint32_t number;
	uint32_t generation; /* of its mappings, when they were last written */
	uint32_t map_count;  /* … and how many of them had been opened */
	bool ended;
	bool gone; /* what was live at its end is counted */
};

struct leak_recording {
	struct dwunw_recording_writer *writer;
	struct leak *leak;
	struct known_stack *stacks; /* hashed; half of them free */
	uint32_t stack_room;
	uint32_t stack_count;
	struct known_process *processes;
	uint32_t process_count;
	uint32_t *files; /* number, by serial */
	uint32_t file_room;
	double unit;
	bool failed; /* told */
};

static void fail(struct leak_recording *recording, int error)
{
	struct leak *leak = recording->leak;

	const char *why = error == -ENOENT ? "was removed or moved meanwhile" :
			  error == -ESTALE ? "another file has its name now" :
					     strerror(-error);

	if (!recording->failed)
		fprintf(stderr, "%s: %s: %s: the recording ends here\n",
			leak->config.tool, leak->record, why);
	recording->failed = true;
	leak->export_failed = true;
}

/* --- files, frames, stacks ------------------------------------------------------- */

static bool make_file_room(struct leak_recording *recording, uint32_t serial)
{
	uint32_t room = serial * 2 + 16;
	uint32_t *files;

	if (serial < recording->file_room)
		return true;
	files = realloc(recording->files, room * sizeof(*files));
	if (!files)
		return false;
	memset(files + recording->file_room, 0,
	       (room - recording->file_room) * sizeof(*files));
	recording->files = files;
	recording->file_room = room;
	return true;
}

static uint32_t file_of(struct leak_recording *recording, uint32_t serial)
{
	const struct dwunw_context *ctx =
		dwunw_heap_context(recording->leak->heap);
	struct dwunw_recording_file file;

	if (!serial || !make_file_room(recording, serial))
		return 0;
	if (recording->files[serial])
		return recording->files[serial];
	file = (struct dwunw_recording_file){
		.identity = dwunw_module_identity(ctx, serial),
		.size = dwunw_module_size(ctx, serial),
		.path = dwunw_module_label(ctx, serial),
	};
	file.build_id_size =
		(uint32_t)dwunw_module_build_id(ctx, serial, file.build_id);
	recording->files[serial] =
		dwunw_recording_add_file(recording->writer, &file);
	return recording->files[serial];
}

/* Code is looked up as heap/stacks.c does: also an event's own pc is a return
 * address, but of a stack that is exact. */
static uint32_t frame_of(struct leak_recording *recording,
			 const struct dwunw_stack *stack,
			 const struct dwunw_frame *frame)
{
	bool exact = frame->flags & (DWUNW_FRAME_FLAG_INTERRUPTED |
				     DWUNW_FRAME_FLAG_SIGNAL) ||
		     (frame->how == DWUNW_HOW_EVENT && stack->exact);
	struct dwunw_recording_frame own = {
		.vaddr = frame->module ? frame->vaddr : frame->pc,
		.pc = frame->pc,
		.file = file_of(recording, frame->module),
		.how = frame->how,
		.flags = frame->flags,
		.lookup = exact ? DWUNW_RECORDING_FRAME_FLAG_EXACT : 0,
	};

	return dwunw_recording_add_frame(recording->writer, &own);
}

static uint64_t id_of(struct leak_recording *recording,
		      const struct dwunw_stack *stack)
{
	struct dwunw_frame *frames =
		malloc((stack->count + 1u) * sizeof(*frames));
	uint64_t id = 0;

	for (uint32_t i = 0; frames && i < stack->count; i++)
		frames[i] = stack->frames[i].frame;
	if (frames)
		id = dwunw_stack_id(dwunw_heap_context(recording->leak->heap),
				    frames, stack->count);
	free(frames);
	return id;
}

static uint32_t add_stack(struct leak_recording *recording,
			  const struct dwunw_stack *stack, uint32_t process)
{
	uint32_t *frames = calloc(stack->count + 1u, sizeof(*frames));
	struct dwunw_recording_stack own = {
		.id = id_of(recording, stack),
		.frames = frames,
		.count = stack->count,
		.process = process,
		.flags = stack->unkept ? DWUNW_RECORDING_STACK_FLAG_UNKEPT : 0,
		.stop = stack->stop.reason,
		.scan = stack->stop.scan,
		.end = stack->stop_text,
	};
	uint32_t number;

	for (uint32_t i = 0; frames && i < stack->count; i++)
		frames[i] = frame_of(recording, stack, &stack->frames[i].frame);
	number = frames ? dwunw_recording_add_stack(recording->writer, &own) :
			  0;
	if (!number)
		fail(recording, -ENOMEM);
	free(frames);
	return number;
}

static struct known_stack *slot_of(struct known_stack *stacks, uint32_t room,
				   const struct dwunw_stack *stack)
{
	uint64_t at = (uint64_t)(uintptr_t)stack * 0x9e3779b97f4a7c15u >> 32;

	while (stacks[at & (room - 1)].stack &&
	       stacks[at & (room - 1)].stack != stack)
		at++;
	return &stacks[at & (room - 1)];
}

static bool make_room(struct leak_recording *recording)
{
	uint32_t room = recording->stack_room ? recording->stack_room * 2 : 256;
	struct known_stack *stacks;

	if (recording->stack_count < recording->stack_room / 2)
		return true;
	stacks = calloc(room, sizeof(*stacks));
	if (!stacks)
		return false;
	for (uint32_t i = 0; i < recording->stack_room; i++)
		if (recording->stacks[i].stack)
			*slot_of(stacks, room, recording->stacks[i].stack) =
				recording->stacks[i];
	free(recording->stacks);
	recording->stacks = stacks;
	recording->stack_room = room;
	return true;
}

/* 0: none is known. */
static uint32_t number_of(struct leak_recording *recording,
			  const struct dwunw_stack *stack, uint32_t process)
{
	struct known_stack *slot;

	if (!stack || !make_room(recording))
		return 0;
	slot = slot_of(recording->stacks, recording->stack_room, stack);
	if (!slot->stack) {
		*slot = (struct known_stack){ stack, add_stack(recording, stack,
							       process) };
		recording->stack_count++;
	}
	return slot->number;
}

/* --- processes ------------------------------------------------------------------- */

static struct known_process *process_of(struct leak_recording *recording,
					int32_t pid)
{
	for (uint32_t i = recording->process_count; i-- > 0;)
		if (recording->processes[i].pid == pid)
			return &recording->processes[i];
	return NULL;
}

/* Since when it runs, by CLOCK_MONOTONIC; 0: not known. */
static uint64_t start_of(int32_t pid)
{
	char text[1024];
	const char *at = dwunw_proc_stat(pid, 22, text, sizeof(text));
	uint64_t ticks = at ? strtoull(at, NULL, 10) : 0;
	long hz = sysconf(_SC_CLK_TCK);
	struct timespec boot, now;
	int64_t slept;

	if (!ticks || hz <= 0 || clock_gettime(CLOCK_BOOTTIME, &boot) ||
	    clock_gettime(CLOCK_MONOTONIC, &now))
		return 0;
	slept = (boot.tv_sec - now.tv_sec) * (int64_t)LEAK_SECOND +
		boot.tv_nsec - now.tv_nsec;
	return ticks * (LEAK_SECOND / (uint64_t)hz) - (uint64_t)slept;
}

/* With blanks where /proc has NULs. */
static void read_command(int32_t pid, char *text, size_t size)
{
	char path[64];
	size_t used = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/cmdline", pid);
	in = fopen(path, "re");
	if (in) {
		used = fread(text, 1, size - 1, in);
		fclose(in);
	}
	text[used] = 0;
	for (size_t i = 0; i + 1 < used; i++)
		if (!text[i])
			text[i] = ' ';
}

static void add_process(struct leak_recording *recording,
			const struct dwunw_heap_target *target)
{
	struct known_process *all =
		realloc(recording->processes,
			(recording->process_count + 1u) * sizeof(*all));
	char command[4096] = "";
	struct dwunw_recording_process process = {
		.pid = target->pid,
		.parent = target->parent,
		.start_ns = start_of(target->pid),
		.name = target->name,
		.command = command,
	};

	if (!all) {
		fail(recording, -ENOMEM);
		return;
	}
	recording->processes = all;
	if (recording->leak->record_commands)
		read_command(target->pid, command, sizeof(command));
	all[recording->process_count++] = (struct known_process){
		.pid = target->pid,
		.since_ns = target->since_ns,
		.number = dwunw_recording_add_process(recording->writer,
						      &process),
	};
}

static void see_process(void *ctx, const struct dwunw_heap_target *target)
{
	struct leak_recording *recording = ctx;
	struct known_process *known = process_of(recording, target->pid);

	if (!known || known->since_ns != target->since_ns) {
		add_process(recording, target);
		known = process_of(recording, target->pid);
	}
	if (known)
		known->ended = target->ended;
}

static uint32_t process_number(struct leak_recording *recording, uint32_t pid)
{
	const struct known_process *known = process_of(recording, (int32_t)pid);

	if (!known) {
		dwunw_heap_targets(recording->leak->heap, see_process,
				   recording);
		known = process_of(recording, (int32_t)pid);
	}
	return known ? known->number : 0;
}

/* --- mappings ---------------------------------------------------------------------- */

/* Those whose files stacks have gone through; NULL: no memory. */
static struct dwunw_recording_mapping *
opened_maps(struct leak_recording *recording, const struct dwunw_space *space,
	    uint32_t *count)
{
	struct dwunw_recording_mapping *maps =
		calloc(space->count + 1u, sizeof(*maps));

	*count = 0;
	for (uint32_t i = 0; maps && i < space->count; i++) {
		const struct dwunw_mapping *mapping = &space->mappings[i];

		if (!mapping->serial)
			continue;
		maps[(*count)++] = (struct dwunw_recording_mapping){
			.start = mapping->start,
			.end = mapping->end,
			.off = mapping->off,
			.bias = mapping->bias,
			.file = file_of(recording, mapping->serial),
		};
	}
	return maps;
}

/* If they have changed since they were last written. */
static void see_maps(struct leak_recording *recording,
		     struct known_process *known)
{
	struct dwunw_process *process;
	struct dwunw_recording_mapping *maps;
	const struct dwunw_space *space;
	uint32_t count;

	if (known->ended ||
	    dwunw_process_open(dwunw_heap_context(recording->leak->heap),
			       known->pid, &process))
		return;
	space = dwunw_process_space(process);
	maps = opened_maps(recording, space, &count);
	if (maps && (space->generation != known->generation ||
		     count != known->map_count))
		dwunw_recording_add_maps(recording->writer, known->number, maps,
					 count);
	known->generation = space->generation;
	known->map_count = count;
	free(maps);
}

/* --- what is counted ---------------------------------------------------------------- */

static void add(struct leak_recording *recording, uint32_t process,
		uint32_t stack, uint16_t field, double amount)
{
	dwunw_recording_add(recording->writer, process, stack, field,
			    llrint(amount * recording->unit));
}

/* A bucket's blocks, and their bytes. */
static void add_bucket(struct leak_recording *recording, uint32_t process,
		       uint32_t stack, uint16_t first, uint16_t first_bytes,
		       uint64_t value, double blocks, double bytes)
{
	uint16_t bucket = dwunw_recording_bucket(value);

	add(recording, process, stack, (uint16_t)(first + bucket), blocks);
	add(recording, process, stack, (uint16_t)(first_bytes + bucket), bytes);
}

/* dwunw_heap_config.on_flow */
static void count_flow(void *ctx, const struct dwunw_heap_flow *flow)
{
	struct leak_recording *r = ctx;
	double blocks = flow->weight, bytes = blocks * (double)flow->size;
	uint32_t process, stack;

	if (!r->writer || r->failed)
		return;
	process = process_number(r, flow->pid);
	stack = number_of(r, flow->stack, process);
	if (!flow->freed) {
		add(r, process, stack, DWUNW_RECORDING_ALLOCATIONS, blocks);
		add(r, process, stack, DWUNW_RECORDING_BYTES, bytes);
		add_bucket(r, process, stack, DWUNW_RECORDING_SIZES,
			   DWUNW_RECORDING_SIZES_BYTES, flow->size, blocks,
			   bytes);
		return;
	}
	add(r, process, stack, DWUNW_RECORDING_FREES, blocks);
	add(r, process, stack, DWUNW_RECORDING_FREED_BYTES, bytes);
	add_bucket(r, process, stack, DWUNW_RECORDING_FREED_AGES,
		   DWUNW_RECORDING_FREED_AGES_BYTES, flow->age_ns, blocks,
		   bytes);
	if (!flow->temporary)
		return;
	add(r, process, stack, DWUNW_RECORDING_TEMPORARY, blocks);
	add(r, process, stack, DWUNW_RECORDING_TEMPORARY_BYTES, bytes);
}

static void count_block(void *ctx, const struct dwunw_heap_block *block)
{
	struct leak_recording *r = ctx;
	struct leak *leak = r->leak;
	uint64_t now = dwunw_heap_summed_ns(leak->heap);
	uint64_t age = now > block->time_ns ? now - block->time_ns : 0;
	uint32_t process = process_number(r, block->pid);
	const struct known_process *known = process_of(r, (int32_t)block->pid);
	uint32_t stack = number_of(r, block->stack, process);
	double blocks = block->weight, bytes = blocks * (double)block->size;
	/* as sum_block() of heap/live.c has it, where now may be before */
	bool young = now - block->time_ns < leak->view.min_age_ns;

	add(r, process, stack,
	    young ? DWUNW_RECORDING_YOUNG : DWUNW_RECORDING_LIVE, blocks);
	add(r, process, stack,
	    young ? DWUNW_RECORDING_YOUNG_BYTES : DWUNW_RECORDING_LIVE_BYTES,
	    bytes);
	add_bucket(r, process, stack, DWUNW_RECORDING_LIVE_AGES,
		   DWUNW_RECORDING_LIVE_AGES_BYTES, age, blocks, bytes);
	if (!known || !known->ended || known->gone)
		return;
	add(r, process, stack, DWUNW_RECORDING_GONE, blocks);
	add(r, process, stack, DWUNW_RECORDING_GONE_BYTES, bytes);
}

/* Of another event than allocations, since the start. */
static void set_events(void *ctx, const struct dwunw_heap_event_sum *sum)
{
	struct leak_recording *r = ctx;
	uint32_t process = sum->pid ? process_number(r, sum->pid) : 0;
	uint32_t stack = number_of(r, sum->stack, process);

	if (sum->stack && !stack)
		return; /* told */
	dwunw_recording_set(r->writer, process, stack, DWUNW_RECORDING_EVENTS,
			    (int64_t)sum->events);
	if (dwunw_heap_event_unit(&r->leak->event))
		dwunw_recording_set(r->writer, process, stack,
				    DWUNW_RECORDING_EVENT_AMOUNT,
				    (int64_t)sum->amount);
}

static void count_losses(struct leak_recording *recording)
{
	struct dwunw_heap_counts c;
	uint64_t all[DWUNW_RECORDING_COUNTERS] = { 0 };

	dwunw_heap_count(recording->leak->heap, &c);
	all[DWUNW_RECORDING_COUNT_ALLOCATIONS] = c.allocations;
	all[DWUNW_RECORDING_COUNT_STACKS] = c.stacks;
	all[DWUNW_RECORDING_COUNT_OVER_BUDGET] = c.over_budget;
	all[DWUNW_RECORDING_COUNT_NO_SLOT] = c.no_slot;
	all[DWUNW_RECORDING_COUNT_NO_ROOM] = c.no_room;
	all[DWUNW_RECORDING_COUNT_LIVE_FULL] = c.live_full;
	all[DWUNW_RECORDING_COUNT_CALLS_FULL] = c.calls_full;
	all[DWUNW_RECORDING_COUNT_IGNORED] = c.ignored;
	all[DWUNW_RECORDING_COUNT_EVENTS] = c.events;
	all[DWUNW_RECORDING_COUNT_RECEIVED] = c.received;
	all[DWUNW_RECORDING_COUNT_WHOLE] = c.whole;
	all[DWUNW_RECORDING_COUNT_TO_MAIN] = c.to_main;
	all[DWUNW_RECORDING_COUNT_SHORT] = c.short_ones;
	all[DWUNW_RECORDING_COUNT_BY_FP] = c.by_fp;
	all[DWUNW_RECORDING_COUNT_NOT_UNWOUND] = c.not_unwound;
	all[DWUNW_RECORDING_COUNT_STORAGE_FULL] = c.storage_full;
	all[DWUNW_RECORDING_COUNT_FAILED_PROBES] = c.failed_probes;
	all[DWUNW_RECORDING_COUNT_LATE_CHILDREN] = c.late_children;
	all[DWUNW_RECORDING_COUNT_LATE_PROGRAMS] = c.late_programs;
	all[DWUNW_RECORDING_COUNT_LATE_NS] = c.late_ns;
	all[DWUNW_RECORDING_COUNT_SHORTAGES] = dwunw_shortages(NULL);
	all[DWUNW_RECORDING_COUNT_THREADS] = c.threads;
	all[DWUNW_RECORDING_COUNT_PROCESSES] = c.processes;
	for (uint32_t i = 0; i < DWUNW_RECORDING_COUNT_STACKS_UNKEPT; i++)
		dwunw_recording_count(recording->writer, i, all[i]);
	dwunw_recording_count(recording->writer, DWUNW_RECORDING_COUNT_COUNTED,
			      c.counted);
}

/* --- a step ------------------------------------------------------------------------- */

/* What its names have told of a stack. */
static void mark_stacks(struct leak_recording *recording)
{
	for (uint32_t i = 0; i < recording->stack_room; i++) {
		const struct known_stack *known = &recording->stacks[i];
		uint32_t flags = 0;

		if (!known->stack || !dwunw_stack_is_named(known->stack))
			continue;
		if (known->stack->of_thread)
			flags |= DWUNW_RECORDING_STACK_FLAG_THREAD;
		if (known->stack->of_free)
			flags |= DWUNW_RECORDING_STACK_FLAG_OWN;
		dwunw_recording_mark_stack(recording->writer, known->number,
					   flags);
	}
}

static void take_step(struct leak_recording *recording)
{
	struct leak *leak = recording->leak;

	dwunw_recording_clear_gauges(recording->writer);
	dwunw_heap_targets(leak->heap, see_process, recording);
	dwunw_heap_visit(leak->heap, count_block, recording);
	dwunw_heap_visit_events(leak->heap, set_events, recording);
	mark_stacks(recording);
	count_losses(recording);
	for (uint32_t i = 0; i < recording->process_count; i++) {
		struct known_process *known = &recording->processes[i];

		known->gone |= known->ended;
		see_maps(recording, known);
	}
}

void leak_recording_step(struct leak *leak)
{
	struct leak_recording *recording = leak->recording;
	int error;

	if (!recording || recording->failed)
		return;
	take_step(recording);
	error = dwunw_recording_write_step(recording->writer,
					   dwunw_heap_summed_ns(leak->heap));
	if (error)
		fail(recording, error);
}

/* --- names and the end -------------------------------------------------------------- */

static int add_name(struct leak_recording *recording, uint32_t frame,
		    const struct dwunw_named_frame *named)
{
	struct dwunw_recording_call inlined[64];
	struct dwunw_recording_name name = {
		.at = { named->function, named->file, named->line, 0 },
		.offset = named->offset,
		.inlined = inlined,
	};
	const struct dwunw_symbol_info *info;

	for (info = named->inlined; info && name.inlined_count < 64;
	     info = info->inlined)
		inlined[name.inlined_count++] = (struct dwunw_recording_call){
			info->function, info->file, info->line, info->column
		};
	return dwunw_recording_add_name(recording->writer, frame, &name);
}

/* Of the frames that have been seen, by their numbers. */
struct seen {
	bool *at;
	uint32_t room;
};

/* Is it the first time? */
static bool see(struct seen *seen, uint32_t number)
{
	uint32_t room = 2 * number + 64;
	bool *at, first;

	if (number >= seen->room) {
		at = realloc(seen->at, room);
		if (!at)
			return false;
		memset(at + seen->room, 0, room - seen->room);
		*seen = (struct seen){ at, room };
	}
	first = !seen->at[number];
	seen->at[number] = true;
	return first;
}

/* Until there is no room for more. */
static void add_names(struct leak_recording *recording)
{
	struct seen seen = { 0 };
	int error = 0;

	for (uint32_t i = 0; !error && i < recording->stack_room; i++) {
		const struct dwunw_stack *stack = recording->stacks[i].stack;

		if (!stack || !dwunw_stack_is_named(stack))
			continue;
		for (uint32_t k = 0; !error && k < stack->count; k++) {
			const struct dwunw_named_frame *named =
				&stack->frames[k];
			uint32_t frame =
				frame_of(recording, stack, &named->frame);

			if ((named->function || named->file) &&
			    see(&seen, frame))
				error = add_name(recording, frame, named);
		}
	}
	free(seen.at);
}

static void free_recording(struct leak_recording *recording)
{
	free(recording->stacks);
	free(recording->processes);
	free(recording->files);
	free(recording);
}

static void say_stacks(const struct leak_recording *recording)
{
	const struct leak *leak = recording->leak;

	fprintf(stderr, "%s: ", leak->record);
	if (leak->events > 1)
		fprintf(stderr, "%s: ", leak->event.text);
	fprintf(stderr, "%" PRIu32 " stacks\n", recording->stack_count);
}

void leak_recording_close(struct leak *leak)
{
	struct leak_recording *recording = leak->recording;
	int error;

	if (!recording)
		return;
	if (recording->writer) {
		if (!recording->failed && !leak->record_bare)
			add_names(recording);
		error = dwunw_recording_close(recording->writer,
					      dwunw_heap_now());
		if (error)
			fail(recording, error);
		else if (!leak->print)
			say_stacks(recording);
	}
	free_recording(recording);
	leak->recording = NULL;
}

/* --- its beginning ------------------------------------------------------------------ */

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * LEAK_SECOND + (uint64_t)time.tv_nsec;
}

/* "Linux 6.1.0-26", and the machine. */
static void read_kernel(char *kernel, size_t size, struct utsname *name)
{
	if (uname(name))
		*name = (struct utsname){ .sysname = "" };
	snprintf(kernel, size, "%s %s", name->sysname, name->release);
}

static enum dwunw_recording_event event_of(const struct leak *leak)
{
	static const enum dwunw_recording_event events[] = {
		[DWUNW_HEAP_ALLOC] = DWUNW_RECORDING_ALLOC,
		[DWUNW_HEAP_CPU] = DWUNW_RECORDING_CPU,
		[DWUNW_HEAP_UPROBE] = DWUNW_RECORDING_UPROBE,
		[DWUNW_HEAP_URETPROBE] = DWUNW_RECORDING_URETPROBE,
		[DWUNW_HEAP_TRACEPOINT] = DWUNW_RECORDING_TRACEPOINT,
		[DWUNW_HEAP_KPROBE] = DWUNW_RECORDING_KPROBE,
		[DWUNW_HEAP_OFFCPU] = DWUNW_RECORDING_OFFCPU,
	};

	return events[leak->event.kind];
}

/* The file of the first event of a run; the next one's place in it. */
static int create(struct leak_recording *recording,
		  const struct leak_recording *first)
{
	const struct leak *leak = recording->leak;
	const struct dwunw_heap_config *config = &leak->config;
	const uint16_t one = 1;
	struct utsname name = { .sysname = "" };
	char kernel[2 * sizeof(name.release)], tool[32];
	struct dwunw_recording_head head = {
		.arch = DWU_HOST_ARCH,
		.data = *(const uint8_t *)&one ? 1 : 2,
		.elf_class = sizeof(void *) == 8 ? 2 : 1,
		.event = event_of(leak),
		.event_text = leak->event.text,
		.event_unit = dwunw_heap_event_unit(&leak->event),
		.event_period = dwunw_heap_event_period(&leak->event),
		.unit = (uint32_t)recording->unit,
		.real_ns = clock_ns(CLOCK_REALTIME),
		.start_ns = clock_ns(CLOCK_MONOTONIC),
		.min_age_ns = leak->view.min_age_ns,
		.min_size = config->min_size,
		.max_size = config->max_size,
		.sample_every = config->sample_every,
		.sample_bytes = config->sample_bytes,
		.kernel = kernel,
		.machine = name.machine,
		.tool = tool,
	};
	const struct dwunw_recording_writer_config writer = {
		.size_max = leak->record_max,
		.keep_ns = leak->record_keep_ns,
		.events = leak->events,
	};

	if (leak_is_estimated(leak))
		head.flags |= DWUNW_RECORDING_FLAG_ESTIMATED;
	if (leak->record_commands)
		head.flags |= DWUNW_RECORDING_FLAG_COMMANDS;
	read_kernel(kernel, sizeof(kernel), &name);
	snprintf(tool, sizeof(tool), "dwunw %d.%d.%d", DWUNW_VERSION_MAJOR,
		 DWUNW_VERSION_MINOR, DWUNW_VERSION_PATCH);
	return recording == first ?
		       dwunw_recording_create(&recording->writer, leak->record,
					      &head, &writer) :
		       dwunw_recording_create_next(&recording->writer,
						   first->writer, &head);
}

static int refused(const struct leak *leak, int error)
{
	fprintf(stderr, "%s: %s: %s\n", leak->config.tool, leak->record,
		error == EEXIST ? "what is there is no regular file" :
				  strerror(error));
	return EXIT_FAILURE;
}

int leak_recording_prepare(struct leak *leak)
{
	struct leak_recording *recording;
	int error;

	if (!leak->record)
		return 0;
	error = replace_check(leak->record);
	if (error)
		return refused(leak, error);
	recording = calloc(1, sizeof(*recording));
	if (!recording)
		return refused(leak, ENOMEM);
	recording->leak = leak;
	recording->unit = leak_is_estimated(leak) ? 1024 : 1;
	leak->recording = recording;
	if (leak->config.event)
		return 0;
	leak->config.on_flow = count_flow;
	leak->config.flow_ctx = recording;
	return 0;
}

/* A command that is not there has nothing to record, and what the file had before
 * stays; heap/ says so. */
static bool can_run(const char *command)
{
	const char *path = getenv("PATH");
	char file[4096];

	if (strchr(command, '/'))
		return !access(command, X_OK);
	path = path ? path : "/bin:/usr/bin";
	while (*path) {
		size_t size = strcspn(path, ":");

		/* none between two colons: the directory that one is in */
		snprintf(file, sizeof(file), "%.*s/%s", size ? (int)size : 1,
			 size ? path : ".", command);
		if (!access(file, X_OK))
			return true;
		path += size + (path[size] == ':');
	}
	return false;
}

int leak_recording_begin(struct leak *leak)
{
	char *const *command = leak->config.command;
	int error = 0;

	if (!leak->recording || (command && !can_run(command[0])))
		return 0;
	for (struct leak *at = leak; !error && at; at = at->next)
		error = create(at->recording, leak->recording);
	return error ? refused(leak, -error) : 0;
}
