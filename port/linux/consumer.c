/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Event bytes -> frames, and what events tell of processes. */
#include "port.h"

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

static dwunw_status_t unwind(struct dwunw_context *ctx,
			     struct dwunw_walker *walker,
			     const struct dwunw_event *event,
			     struct dwunw_frame *frames, size_t max_frames,
			     size_t *count, struct dwunw_stop *stop)
{
	const struct dwunw_event_header *header = &event->header;
	struct dwunw_unwind_request request = {
		.frames = frames,
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

dwunw_status_t
dwunw_event_consume(struct dwunw_context *ctx, struct dwunw_walker *walker,
		    const struct dwunw_event *event, struct dwunw_frame *frames,
		    size_t max_frames, size_t *count, struct dwunw_stop *stop)
{
	if (!ctx || !ctx->port || !event || !count || !stop)
		return DWUNW_ERR_INVALID_ARG;
	*count = 0;
	*stop = (struct dwunw_stop){ 0 };
	switch (event->header.kind) {
	case DWUNW_EVENT_STACK:
		return unwind(ctx, walker, event, frames, max_frames, count,
			      stop);
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
