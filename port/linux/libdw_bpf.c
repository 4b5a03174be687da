/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * libdw_bpf.c - dwunw/libdw_bpf.h: a context, and a walker for each thread that
 * is inside a call, taken from a list and put back.
 *
 * For example, two threads in bpf_unwind_ctx__resolve_callchain() at once have
 * two workers; a third call later takes the one that was put back last, whose
 * row cache is warm. So there are as many workers as there were calls at the
 * same time, each of 1.3 MB.
 */
#include "pages.h"
#include "process.h"
#include "shortage.h"

#include <dwunw/libdw_bpf.h>
#include <stdlib.h>
#include <string.h>

/* Of one thread, while it resolves. */
struct worker {
	struct worker *next;
	struct dwunw_arena arena;
	struct dwunw_walker *walker;
	struct dwunw_frame *frames;
	size_t room;
	struct dwunw_event event;
};

struct dwunw_machine {
	struct dwunw_context ctx;
	pthread_mutex_t lock;
	struct worker *idle; /* under lock */
};

/* --- workers ---------------------------------------------------------------- */

static void worker_free(struct worker *worker)
{
	dwu_pages_free(&worker->arena);
	free(worker->frames);
	free(worker);
}

/* NULL: no memory. The row cache is as large as the context's own. */
static struct worker *worker_new(const struct dwunw_context *ctx)
{
	struct worker *worker = dwu_calloc(1, sizeof(*worker));
	uint32_t entries = ctx->config.row_cache_entries;

	if (!worker)
		return NULL;
	if (!IS_ON(CONFIG_ROW_CACHE))
		entries = 0;
	if (dwu_pages_alloc(&worker->arena, dwunw_walker_size(entries)) ==
		    DWUNW_OK &&
	    dwunw_walker_init(&worker->walker, entries, &worker->arena) ==
		    DWUNW_OK)
		return worker;
	worker_free(worker);
	return NULL;
}

/* The one put back last: what its row cache holds is most likely wanted. */
static struct worker *worker_take(machine_t *machine)
{
	struct worker *worker;

	pthread_mutex_lock(&machine->lock);
	worker = machine->idle;
	if (worker)
		machine->idle = worker->next;
	pthread_mutex_unlock(&machine->lock);
	return worker ? worker : worker_new(&machine->ctx);
}

static void worker_put(machine_t *machine, struct worker *worker)
{
	pthread_mutex_lock(&machine->lock);
	worker->next = machine->idle;
	machine->idle = worker;
	pthread_mutex_unlock(&machine->lock);
}

/* For callers without frames of their own: addresses are all that they want. */
static bool worker_room(struct worker *worker, size_t count)
{
	struct dwunw_frame *frames;

	if (count <= worker->room)
		return true;
	if (count > SIZE_MAX / sizeof(*frames))
		return false;
	frames = dwu_realloc(worker->frames, count * sizeof(*frames));
	if (!frames)
		return false;
	worker->frames = frames;
	worker->room = count;
	return true;
}

/* --- machine ---------------------------------------------------------------- */

/* NULL: no memory. Everything that follows is freed by machine__delete(). */
machine_t *machine__new(void)
{
	machine_t *machine = dwu_calloc(1, sizeof(*machine));

	if (!machine)
		return NULL;
	if (pthread_mutex_init(&machine->lock, NULL)) {
		free(machine);
		return NULL;
	}
	if (dwunw_init(&machine->ctx) != DWUNW_OK) {
		machine__delete(machine);
		return NULL;
	}
	return machine;
}

/* No call may be under way. */
void machine__delete(machine_t *machine)
{
	if (!machine)
		return;
	while (machine->idle) {
		struct worker *worker = machine->idle;

		machine->idle = worker->next;
		worker_free(worker);
	}
	dwunw_shutdown(&machine->ctx);
	pthread_mutex_destroy(&machine->lock);
	free(machine);
}

struct dwunw_context *machine__context(machine_t *machine)
{
	return machine ? &machine->ctx : NULL;
}

/* --- processes -------------------------------------------------------------- */

/* The mappings are read now; of tid nothing is kept, threads share them. */
int bpf_unwind_ctx__thread_map(machine_t *machine, int32_t tgid, int32_t tid)
{
	struct dwu_hold how = { .pid = tgid, .refresh = true };
	struct dwu_image *image;
	dwunw_status_t status;

	if (!machine || tgid <= 0 || tid < 0)
		return DWUNW_ERR_INVALID_ARG;
	status = dwu_process_hold(&machine->ctx, &how, &image);
	if (status == DWUNW_OK)
		dwu_image_release(image);
	return status;
}

/*
 * Of one image, which is held: what the process maps meanwhile does not show.
 */
int bpf_dl_iterate_phdr(machine_t *machine, int32_t tgid,
			int (*cb)(struct dwunw_phdr_info *info, void *ctx),
			void *ctx)
{
	struct dwu_hold how = { .pid = tgid };
	struct dwu_image *image;
	dwunw_status_t status;
	int answer = 0;

	if (!machine || tgid <= 0 || !cb)
		return DWUNW_ERR_INVALID_ARG;
	status = dwu_process_hold(&machine->ctx, &how, &image);
	if (status != DWUNW_OK)
		return status;
	for (uint32_t i = 0; i < image->space.count && answer >= 0; i++) {
		const struct dwunw_mapping *mapping = &image->space.mappings[i];
		struct dwunw_phdr_info info = {
			.start = mapping->start,
			.end = mapping->end,
			.name = image->places[mapping->file].path,
		};

		answer = cb(&info, ctx);
	}
	dwu_image_release(image);
	return answer < 0 ? answer : 0;
}

/* --- call chains ------------------------------------------------------------ */

static void copy_header(struct unwind_ctx *uc,
			const struct dwunw_event_header *header)
{
	const uint8_t *raw = uc->data;

	uc->ts = header->time_ns;
	uc->tgid = header->pid;
	uc->tid = header->tid;
	uc->kind = header->kind;
	if (header->kind != DWUNW_EVENT_STACK)
		return;
	/* bytes, whatever the order of what the header calls two numbers */
	memcpy(uc->name, raw + offsetof(struct dwunw_event_header, cookie),
	       sizeof(uc->name) - 1);
}

/*
 * A frame whose pc is a return address has pc - 1 here, which lies in the call.
 */
static void copy_frames(struct stacktrace *st, const struct dwunw_frame *frames,
			size_t count)
{
	for (size_t i = 0; i < count; i++)
		st->ips[i] = dwunw_frame_lookup(&frames[i], frames[i].pc);
	st->depth = (int)count;
}

static dwunw_status_t resolve(machine_t *machine, struct worker *worker,
			      struct stacktrace *st, struct unwind_ctx *uc)
{
	struct dwunw_event *event = &worker->event;
	struct dwunw_frame *frames = st->frames;
	size_t room = (size_t)st->max_depth;
	dwunw_status_t status;
	size_t count = 0;

	status = dwunw_event_parse(event, uc->data, uc->size);
	if (status != DWUNW_OK)
		return status;
	copy_header(uc, &event->header);
	if (!frames && event->header.kind == DWUNW_EVENT_STACK) {
		if (!worker_room(worker, room))
			return DWUNW_ERR_NO_MEMORY;
		frames = worker->frames;
	}
	status = dwunw_event_consume(&machine->ctx, worker->walker, event,
				     frames, room, &count, &st->stop);
	copy_frames(st, frames, count);
	return status;
}

/*
 * 0, or a negative dwunw_status_t. *st has what was found, also of a walk that
 * ended early.
 */
int bpf_unwind_ctx__resolve_callchain(struct stacktrace *st, machine_t *machine,
				      struct unwind_ctx *uc)
{
	struct worker *worker;
	dwunw_status_t status;

	if (!st || !st->ips || st->max_depth < 1 || !machine || !uc ||
	    !uc->data)
		return DWUNW_ERR_INVALID_ARG;
	*uc = (struct unwind_ctx){ .data = uc->data, .size = uc->size };
	st->depth = 0;
	st->stop = (struct dwunw_stop){ 0 };
	worker = worker_take(machine);
	if (!worker)
		return DWUNW_ERR_NO_MEMORY;
	status = resolve(machine, worker, st, uc);
	worker_put(machine, worker);
	return status;
}
