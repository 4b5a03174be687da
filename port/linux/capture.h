/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * capture.h - an event -> its stack.
 */
#ifndef DWU_CAPTURE_H
#define DWU_CAPTURE_H

#include <dwunw/linux.h>

/*
 * dwunw_capture() from what an event has; its memory is the copy in it. request:
 * frames, max_frames, pid, tid, map_generation and walker; stop is set.
 */
dwunw_status_t dwu_capture_event(struct dwunw_context *ctx,
				 const struct dwunw_event *event,
				 struct dwunw_unwind_request *request,
				 size_t *count);

#endif
