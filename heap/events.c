/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * events.c - events that are no allocations: their names, and where the program
 * that counts them is put.
 *
 *	cpu			  a clock of each processor, so many times a second
 *	offcpu			  a thread leaves its processor: sched_switch
 *	uprobe:FILE:FUNCTION	  calls of it, in each process that is followed
 *	uretprobe:FILE:FUNCTION	  its returns
 *	tracepoint:SYSTEM:NAME	  e.g. tracepoint:syscalls:sys_enter_write
 *	kprobe:FUNCTION		  a function of the kernel
 *
 * FUNCTION may be 0xOFFSET in the file. All but the calls are events of every
 * process, of which the program takes those that are followed.
 */
#include "recorder.h"

#include <dwunw/trace.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- names ------------------------------------------------------------------- */

static bool take_text(char *to, size_t room, const char *text, size_t size)
{
	if (!size || size >= room)
		return false;
	memcpy(to, text, size);
	to[size] = 0;
	return true;
}

/* "FILE:FUNCTION", where FILE may have colons. */
static bool take_call(struct dwunw_heap_event *event, const char *text)
{
	const char *colon = strrchr(text, ':');

	return colon &&
	       take_text(event->file, sizeof(event->file), text,
			 (size_t)(colon - text)) &&
	       take_text(event->name, sizeof(event->name), colon + 1,
			 strlen(colon + 1));
}

/* "SYSTEM:NAME", or with a slash, as tracefs has it. */
static bool take_tracepoint(struct dwunw_heap_event *event, const char *text)
{
	size_t size = strcspn(text, ":/");

	if (!size || !text[size] || !text[size + 1] ||
	    strpbrk(text + size + 1, ":/"))
		return false;
	if (!take_text(event->name, sizeof(event->name), text, strlen(text)))
		return false;
	event->name[size] = '/';
	return true;
}

static bool take_rest(struct dwunw_heap_event *event, const char *text)
{
	switch (event->kind) {
	case DWUNW_HEAP_ALLOC:
	case DWUNW_HEAP_CPU:
	case DWUNW_HEAP_OFFCPU:
		return !*text;
	case DWUNW_HEAP_UPROBE:
	case DWUNW_HEAP_URETPROBE:
		return take_call(event, text);
	case DWUNW_HEAP_TRACEPOINT:
		return take_tracepoint(event, text);
	case DWUNW_HEAP_KPROBE:
		return take_text(event->name, sizeof(event->name), text,
				 strlen(text));
	}
	return false;
}

bool dwunw_heap_event_parse(struct dwunw_heap_event *event, const char *text)
{
	static const char *const kinds[] = {
		[DWUNW_HEAP_ALLOC] = "alloc",
		[DWUNW_HEAP_CPU] = "cpu",
		[DWUNW_HEAP_UPROBE] = "uprobe:",
		[DWUNW_HEAP_URETPROBE] = "uretprobe:",
		[DWUNW_HEAP_TRACEPOINT] = "tracepoint:",
		[DWUNW_HEAP_KPROBE] = "kprobe:",
		[DWUNW_HEAP_OFFCPU] = "offcpu",
	};
	uint32_t frequency = event->frequency;

	for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t size = strlen(kinds[i]);

		if (strncmp(text, kinds[i], size))
			continue;
		*event = (struct dwunw_heap_event){
			.kind = (enum dwunw_heap_kind)i, .frequency = frequency
		};
		if (!take_text(event->text, sizeof(event->text), text,
			       strlen(text)))
			return false;
		return take_rest(event, text + size);
	}
	return false;
}

bool dwu_is_of_calls(const struct dwunw_heap_event *event)
{
	return event->kind == DWUNW_HEAP_UPROBE ||
	       event->kind == DWUNW_HEAP_URETPROBE;
}

bool dwu_event_is_exact(const struct dwunw_heap_event *event)
{
	return event->kind != DWUNW_HEAP_ALLOC &&
	       event->kind != DWUNW_HEAP_URETPROBE;
}

const char *dwunw_heap_event_unit(const struct dwunw_heap_event *event)
{
	return event->kind == DWUNW_HEAP_CPU	? "nanoseconds" :
	       event->kind == DWUNW_HEAP_OFFCPU ? "microseconds" :
						  NULL;
}

uint64_t dwunw_heap_event_period(const struct dwunw_heap_event *event)
{
	return event->kind == DWUNW_HEAP_CPU ? SECOND / event->frequency : 0;
}

/* --- calls ------------------------------------------------------------------- */

dwunw_status_t dwu_event_place(struct dwunw_heap *heap,
			       struct dwu_known_file *known, const char *path,
			       uint64_t *off)
{
	const char *name = heap->counted.name;
	uint64_t size;
	char *end;

	if (strncmp(name, "0x", 2))
		return dwu_place_find(heap, known, path, name, off, &size);
	*off = strtoull(name, &end, 16);
	return *end ? DWUNW_ERR_INVALID_ARG : DWUNW_OK;
}

int dwu_event_probe(struct dwunw_heap *heap, int32_t pid, const char *path,
		    uint64_t off)
{
	bool returns = heap->counted.kind == DWUNW_HEAP_URETPROBE;
	int error = dwunw_loader_attach_uprobe(
		heap->loader, returns ? "count_return" : "count_call", returns,
		pid, path, off);

	if (!error)
		heap->statistics.probes++;
	return error;
}

/* --- events of every process --------------------------------------------------- */

static int put(struct dwunw_heap *heap, const char *program, int fd)
{
	int error = dwunw_loader_attach_event(heap->loader, program, fd, -1);

	if (!error)
		heap->statistics.probes++;
	return error;
}

/* Of each processor that is on. */
static int start_clocks(struct dwunw_heap *heap)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int error = -ENODEV;

	for (int cpu = 0; cpu < cpus; cpu++) {
		int fd = dwunw_clock_open(cpu, heap->counted.frequency);

		if (fd == -ENODEV)
			continue;
		error = put(heap, "count_sample", fd);
		if (error)
			return error;
	}
	return error;
}

static bool is_big_endian(void)
{
	const uint16_t one = 1;

	return !*(const uint8_t *)&one;
}

/* Between open and load: where sched_switch has what the program reads. */
int dwu_event_prepare(struct dwunw_heap *heap)
{
	static const char name[] = "sched/sched_switch";
	struct dwunw_heap_switch_fields fields = { 0 };
	uint32_t size;
	int error;

	if (heap->counted.kind != DWUNW_HEAP_OFFCPU)
		return 0;
	error = dwunw_tracepoint_field(name, "prev_state", &fields.prev_state,
				       &size);
	/* the lowest bits of a long */
	if (!error && size > 4 && is_big_endian())
		fields.prev_state += size - 4;
	if (!error)
		error = dwunw_tracepoint_field(name, "next_pid",
					       &fields.next_pid, &size);
	if (error)
		return error;
	return dwunw_loader_set_value(heap->loader, DWUNW_HEAP_SWITCH_MAP,
				      &fields, sizeof(fields));
}

static int start_event(struct dwunw_heap *heap)
{
	const struct dwunw_heap_event *event = &heap->counted;

	switch (event->kind) {
	case DWUNW_HEAP_CPU:
		return start_clocks(heap);
	case DWUNW_HEAP_TRACEPOINT:
		return put(heap, "count_tracepoint",
			   dwunw_tracepoint_open(event->name));
	case DWUNW_HEAP_KPROBE:
		return put(heap, "count_kprobe",
			   dwunw_kprobe_open(event->name));
	case DWUNW_HEAP_OFFCPU:
		return put(heap, "count_switch",
			   dwunw_tracepoint_open("sched/sched_switch"));
	default:
		return 0;
	}
}

int dwu_events_start(struct dwunw_heap *heap)
{
	const struct dwunw_heap_event *event = &heap->counted;
	int error = start_event(heap);

	if (!error)
		return 0;
	if (event->kind == DWUNW_HEAP_KPROBE && error == -EOPNOTSUPP)
		fprintf(stderr, "%s: %s: this kernel has no kprobes\n",
			heap->config.tool, event->text);
	else if (error == -ENOENT || error == -EINVAL)
		fprintf(stderr, "%s: %s: this kernel has no such %s\n",
			heap->config.tool, event->text,
			event->kind == DWUNW_HEAP_KPROBE ? "function" :
							   "event");
	else
		return dwunw_permission_explain(heap->config.tool, event->text,
						-error);
	return EXIT_FAILURE;
}
