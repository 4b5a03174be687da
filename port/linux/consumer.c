/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Event bytes -> frames, and what events tell of processes.
 *
 *	STACK	registers and bytes of stack	-> a walk
 *	WALKED	frames of the kernel, the rest	-> those, and a walk from there
 *	EXEC, EXIT, FORK			-> what is known of that pid is old
 *
 * For example, EXEC of pid 4711: its mappings are read anew with its next
 * stack, and not now, as there may be none. Other kinds (a MAP, one of a later
 * version) are OK and tell nothing here.
 */
#include "capture.h"
#include "modules.h"
#include "process.h"

/*
 * What is known of a pid is checked before it is used again. It is kept: the
 * last events of a process may come after the one that tells of its end.
 */
static dwunw_status_t note_change(struct dwunw_context *ctx, uint64_t pid)
{
	if (!pid || pid > INT32_MAX)
		return DWUNW_ERR_BAD_FORMAT;
	dwu_process_stale(ctx, (int32_t)pid);
	return DWUNW_OK;
}

/*
 * The event's pid is hostile as the rest: 0 and what is no pid are BAD_FORMAT.
 */
static dwunw_status_t unwind(struct dwunw_context *ctx,
			     struct dwunw_walker *walker,
			     const struct dwunw_event *event,
			     struct dwunw_frame *frames,
			     struct dwunw_step *steps, size_t max_frames,
			     size_t *count, struct dwunw_stop *stop)
{
	const struct dwunw_event_header *header = &event->header;
	struct dwunw_unwind_request request = {
		.frames = frames,
		.steps = steps,
		.max_frames = max_frames,
		.pid = (int32_t)header->pid,
		.tid = (int32_t)header->tid,
		.map_generation = header->map_generation,
		.walker = walker,
	};
	dwunw_status_t status;

	if (!header->pid || header->pid > INT32_MAX)
		return DWUNW_ERR_BAD_FORMAT;
	status = dwu_capture_event(ctx, event, &request, count);
	*stop = request.stop;
	return status;
}

/* --- frames that the kernel has walked ------------------------------------------ */

/* The file at an address of the process, if it has that content; 0: it is not. */
static uint32_t open_at(struct dwunw_context *ctx,
			const struct dwunw_event_header *header, uint64_t addr,
			uint64_t content)
{
	const struct dwu_hold how = {
		.pid = (int32_t)header->pid,
		.map_generation = header->map_generation,
	};
	const struct dwunw_module *module;
	struct dwunw_mapping *mapping;
	struct dwu_image *image;
	uint32_t serial = 0;

	if (dwu_process_hold(ctx, &how, &image) != DWUNW_OK)
		return 0;
	mapping = dwunw_space_find(&image->space, addr);
	if (mapping &&
	    image->space.open_module(image, mapping, &module) == DWUNW_OK) {
		serial = module->serial;
		image->space.close_module(image, module);
	}
	dwu_image_release(image);
	return dwunw_module_identity(ctx, serial) == content ? serial : 0;
}

/* Its own file where the process still has it, as of two with one content each
 * has a stack of its own; else any with that content, wherever it is. */
static size_t add_walked(struct dwunw_context *ctx,
			 const struct dwunw_event_header *header,
			 const struct dwunw_walked *walked,
			 struct dwunw_frame *frames, size_t max)
{
	uint64_t content = 0;
	size_t n = 0;

	for (; n < max && n < walked->walk.frame_count; n++) {
		struct dwunw_frame *frame = &frames[n];

		dwunw_walked_frame(walked, (uint32_t)n, frame, &content);
		if (!content)
			continue;
		frame->module = open_at(ctx, header,
					dwunw_frame_lookup(frame, frame->pc),
					content);
		if (!frame->module)
			frame->module = dwu_modules_with(ctx, content);
	}
	return n;
}

/* At the last of these frames. */
static void stop_at(struct dwunw_stop *stop, const struct dwunw_frame *frame)
{
	stop->pc = frame->pc;
	stop->vaddr = frame->vaddr;
	stop->module = frame->module;
}

/*
 * The kernel's frames and what a walk finds beyond. Where that walk fails as a
 * whole, for example since the process is gone, the kernel's frames stand.
 */
static dwunw_status_t unwind_walked(struct dwunw_context *ctx,
				    struct dwunw_walker *walker,
				    const struct dwunw_event *event,
				    struct dwunw_frame *frames,
				    struct dwunw_step *steps, size_t max_frames,
				    size_t *count, struct dwunw_stop *stop)
{
	struct dwunw_event own = *event;
	struct dwunw_walked walked;
	dwunw_status_t status = dwunw_walked_parse(&walked, &own);
	size_t n, more = 0;

	if (status != DWUNW_OK)
		return status;
	if (!frames || !max_frames)
		return DWUNW_ERR_INVALID_ARG;
	n = add_walked(ctx, &own.header, &walked, frames, max_frames);
	stop->reason = walked.walk.stop;
	if (n < walked.walk.frame_count ||
	    (n == max_frames && stop->reason == DWUNW_EVENT_GOES_ON))
		stop->reason = DWUNW_STOP_LIMIT;
	if (stop->reason == DWUNW_EVENT_GOES_ON) {
		status = unwind(ctx, walker, &own, frames + n,
				steps ? steps + n : NULL, max_frames - n, &more,
				stop);
		if (status != DWUNW_OK && n) {
			stop->reason = DWUNW_STOP_NO_MODULE;
			stop->status = status;
			status = DWUNW_OK;
		}
	}
	if (!more && n)
		stop_at(stop, &frames[n - 1]);
	*count = n + more;
	return status;
}

dwunw_status_t dwunw_event_consume_steps(struct dwunw_context *ctx,
					 struct dwunw_walker *walker,
					 const struct dwunw_event *event,
					 struct dwunw_frame *frames,
					 struct dwunw_step *steps,
					 size_t max_frames, size_t *count,
					 struct dwunw_stop *stop)
{
	if (!ctx || !ctx->port || !event || !count || !stop)
		return DWUNW_ERR_INVALID_ARG;
	*count = 0;
	*stop = (struct dwunw_stop){ 0 };
	switch (event->header.kind) {
	case DWUNW_EVENT_STACK:
		return unwind(ctx, walker, event, frames, steps, max_frames,
			      count, stop);
	case DWUNW_EVENT_WALKED:
		return unwind_walked(ctx, walker, event, frames, steps,
				     max_frames, count, stop);
	case DWUNW_EVENT_EXEC:
	case DWUNW_EVENT_EXIT:
		return note_change(ctx, event->header.pid);
	case DWUNW_EVENT_FORK: /* 0: its number is not known here */
		return event->header.cookie ?
			       note_change(ctx, event->header.cookie) :
			       DWUNW_OK;
	default:
		return DWUNW_OK;
	}
}

dwunw_status_t
dwunw_event_consume(struct dwunw_context *ctx, struct dwunw_walker *walker,
		    const struct dwunw_event *event, struct dwunw_frame *frames,
		    size_t max_frames, size_t *count, struct dwunw_stop *stop)
{
	return dwunw_event_consume_steps(ctx, walker, event, frames, NULL,
					 max_frames, count, stop);
}

/* The context's own walker: one thread at a time. */
dwunw_status_t dwunw_consume(struct dwunw_context *ctx, const void *bytes,
			     size_t size, struct dwunw_event *event,
			     struct dwunw_frame *frames, size_t max_frames,
			     size_t *count, struct dwunw_stop *stop)
{
	dwunw_status_t status;

	if (!ctx || !ctx->port || !bytes || !event || !count || !stop)
		return DWUNW_ERR_INVALID_ARG;
	*count = 0;
	*stop = (struct dwunw_stop){ 0 };
	status = dwunw_event_parse(event, bytes, size);
	if (status != DWUNW_OK)
		return status;
	return dwunw_event_consume(ctx, NULL, event, frames, max_frames, count,
				   stop);
}
