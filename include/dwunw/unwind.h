/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/unwind.h - one call from a request to the frames of a stack.
 */
#ifndef DWUNW_UNWIND_H
#define DWUNW_UNWIND_H

#include <dwunw/walk.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dwunw_context;

/* regs are those of a function's first instruction (see entry_offset). */
#define DWUNW_OPTION_ENTRY DWUNW_WALK_ENTRY
/* The stack copy was cut at its cap. */
#define DWUNW_OPTION_CAPPED DWUNW_WALK_CAPPED
/* Read the mappings of pid anew, whatever map_generation says. */
#define DWUNW_OPTION_REFRESH 4u
/* What the snapshot lacks is read from the live process, if pid is set. */
#define DWUNW_OPTION_LIVE 8u
/* regs are those of an outer frame: DWUNW_WALK_RETURN of walk.h. */
#define DWUNW_OPTION_RETURN DWUNW_WALK_RETURN

/*
 * Zeroed by the caller, then filled:
 *
 *   regs, frames, max_frames   always
 *   pid       a live process: its mappings are read and kept; without
 *             read_memory and stack its memory is read live
 *   space     else the mappings, or
 *   module_path, load_bias     else one file (bias 0: addresses as linked)
 *   stack     a copy of stack bytes, looked at first
 *   read_memory, memory_ctx    any other way to read the target
 *
 * Nothing is kept of what it points to after dwunw_capture() returns.
 */
struct dwunw_unwind_request {
	size_t size; /* see types.h, "What may grow" */
	const char *module_path;
	uint64_t load_bias;
	const struct dwunw_space *space;
	const struct dwunw_regset *regs;
	struct dwunw_frame *frames;
	size_t max_frames;
	uint32_t options; /* DWUNW_OPTION_* */
	int32_t pid;
	int32_t tid;
	/* mappings are read anew when this differs from last time; 0: unknown,
	 * they are read anew when a pc is in none of them */
	uint32_t map_generation;
	struct dwunw_snapshot stack;
	dwunw_read_memory_fn read_memory;
	void *memory_ctx;
	const struct dwunw_event_return *returns;
	uint32_t return_count;
	int32_t entry_offset; /* ENTRY: bytes pushed since the first insn */
	/* this thread's own walker, or NULL for the context's only one */
	struct dwunw_walker *walker;
	/* out: why the walk ended, valid whenever the status is OK */
	struct dwunw_stop stop;
	/* max_frames of them, as dwunw_walk_steps() fills them; NULL: none */
	struct dwunw_step *steps;
	uint8_t first_how;   /* RETURN: of frame 0, enum dwunw_frame_how */
	uint8_t first_flags; /* RETURN: of frame 0, DWUNW_FRAME_FLAG_* */
	uint8_t reserved[6];
};

/*
 * Fills request->frames[0 .. *count) and request->stop. DWUNW_OK whenever
 * there is a frame; without any memory that is frame 0 alone, flagged
 * DWUNW_FRAME_FLAG_PARTIAL. With DWUNW_OPTION_RETURN there may be none, as
 * dwunw_walk() says.
 *
 * DWUNW_ERR_INVALID_ARG: a NULL, max_frames 0, neither pid, space nor
 * module_path, or RETURN with ENTRY or without first_how; _NOT_IMPLEMENTED:
 * steps, built without them; _UNSUPPORTED_ARCH; _IO: pid is gone or its mappings cannot be
 * read; _ATTACH_DENIED: the kernel refuses them; _NO_MEMORY.
 *
 * Calls that share a walker, or the context's own, must not overlap.
 */
dwunw_status_t dwunw_capture(struct dwunw_context *ctx,
			     struct dwunw_unwind_request *request,
			     size_t *count);

#ifdef __cplusplus
}
#endif
#endif
