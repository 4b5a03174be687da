/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * made.c - what a walk says of frames that it found from code without a file:
 * by the frame pointer, or at an exact pc by the code itself, and a guess from
 * there on; and of no other frame that it is by the frame pointer.
 */
#include "image.h"

#include <dwunw/dwunw_api.h>

/* Is this the evidence that a frame without a module has for its caller? */
static bool is_marked(const struct dwunw_frame *frame,
		      const struct dwunw_frame *caller)
{
	if (frame->module)
		return caller->how != DWUNW_HOW_FP;
	return caller->how == DWUNW_HOW_FP ||
	       (caller->how == DWUNW_HOW_SCAN && dwunw_frame_is_exact(frame));
}

void made_sample(const struct dwunw_frame *frames, size_t count, bool wrong,
		 struct made *sum)
{
	bool guess = false;

	sum->wrong += wrong;
	for (size_t i = 1; i < count; i++) {
		guess |= frames[i - 1].module == 0;
		sum->interrupted += frames[i].module == 0 &&
				    dwunw_frame_is_exact(&frames[i]);
		sum->by_fp += frames[i].how == DWUNW_HOW_FP;
		sum->by_code += frames[i - 1].module == 0 &&
				frames[i].how == DWUNW_HOW_SCAN;
		sum->unmarked +=
			!is_marked(&frames[i - 1], &frames[i]) ||
			(guess && !(frames[i].flags & DWUNW_FRAME_FLAG_GUESS));
	}
}
