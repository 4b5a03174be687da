/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/walk.h - from one register set to the frames of a stack.
 *
 *   space   which file is mapped where, in one process
 *   walker  working memory of one thread that walks
 *   walk    registers + memory -> frames, and why they end
 */
#ifndef DWUNW_WALK_H
#define DWUNW_WALK_H

#include <dwunw/event.h>
#include <dwunw/scan.h>

#ifdef __cplusplus
extern "C" {
#endif

/* By which evidence a frame was found. All but the first three may guess. */
enum dwunw_frame_how {
	DWUNW_HOW_EVENT = 0, /* frame 0: the registers given */
	DWUNW_HOW_CFI,	     /* call frame information of the inner frame */
	DWUNW_HOW_ENTRY,     /* the inner function was just entered, or a bad
			      * pointer was called */
	DWUNW_HOW_SIGNAL,    /* trampoline words of a signal frame */
	DWUNW_HOW_LEAF,	     /* code that returns or jumps on at once */
	DWUNW_HOW_LINK,	     /* the link register of a leaf */
	DWUNW_HOW_SCAN,	     /* instructions of the inner function */
	DWUNW_HOW_FP,	     /* the frame-pointer chain */
};
/* "cfi", "entry", …; static. */
const char *dwunw_how_name(uint8_t how);

/* Nothing could be read, so this may not be the last frame. */
#define DWUNW_FRAME_FLAG_PARTIAL 1u
/* A signal interrupted this frame at pc: pc is no return address. */
#define DWUNW_FRAME_FLAG_INTERRUPTED 2u
/* This frame is a signal trampoline. */
#define DWUNW_FRAME_FLAG_SIGNAL 4u
/* The inner function's CFI cannot be used; `how` says what was in its place. */
#define DWUNW_FRAME_FLAG_BAD_CFI 8u
/* Found by a frame pointer that nothing vouches for; in code without a file, and
 * behind no call as far as memory tells; where a pc in no code may have been
 * returned to (x86_64); or from such a frame. */
#define DWUNW_FRAME_FLAG_GUESS 16u

struct dwunw_frame {
	uint64_t pc;	 /* run-time address; mips: without the ISA bit */
	uint64_t vaddr;	 /* the same as linked; pc if there is no module */
	uint64_t cfa;	 /* of this frame; 0: not known */
	uint32_t module; /* serial; 0: none */
	uint8_t how;	 /* enum dwunw_frame_how */
	uint8_t flags;	 /* DWUNW_FRAME_FLAG_* */
	uint16_t reserved;
};

/* Is the frame's pc that of an instruction which was running: frame 0, or what a
 * signal interrupted? Else it is a return address. */
static inline bool dwunw_frame_is_exact(const struct dwunw_frame *frame)
{
	return frame->how == DWUNW_HOW_EVENT ||
	       (frame->flags & DWUNW_FRAME_FLAG_INTERRUPTED) != 0;
}

/*
 * The address to look a frame's code up with: pc - 1 for a return address,
 * which may stand behind the function's last instruction, else pc. A signal
 * trampoline starts where its handler returns to.
 */
static inline uint64_t dwunw_frame_lookup(const struct dwunw_frame *frame,
					  uint64_t addr)
{
	return frame->how == DWUNW_HOW_EVENT ||
			       (frame->flags & (DWUNW_FRAME_FLAG_INTERRUPTED |
						DWUNW_FRAME_FLAG_SIGNAL)) ?
		       addr :
		       addr - 1;
}

enum dwunw_stop_reason {
	DWUNW_STOP_ROOT = 0,	/* the program's or the thread's start */
	DWUNW_STOP_LIMIT,	/* max_frames reached */
	DWUNW_STOP_NO_MODULE,	/* pc is in no known mapping or file, or code */
	DWUNW_STOP_NO_ROW,	/* nothing tells how to leave this code */
	DWUNW_STOP_BAD_ROW,	/* the CFI is broken or unsupported here */
	DWUNW_STOP_UNREADABLE,	/* memory at `addr` could not be read */
	DWUNW_STOP_TRUNCATED,	/* `addr` is beyond the copied stack */
	DWUNW_STOP_NO_REGISTER, /* a register that is needed was lost */
	DWUNW_STOP_NO_PROGRESS, /* the caller would not be further out */
	DWUNW_STOP_TRAMPOLINE,	/* a uretprobe that is not ours */
	/* the start of a context (makecontext(), Boost.Context): complete */
	DWUNW_STOP_CONTEXT,
	/* the return address is 0, and nothing says that this is a start */
	DWUNW_STOP_ZERO_RETURN,
	DWUNW_STOP_NO_CODE, /* the return address `addr` is in no code */
	DWUNW_STOP_NO_CALL, /* … `addr` does not stand behind a call */
	/* a stopped thread had to go on before memory at `addr` was read */
	DWUNW_STOP_TIME,
};
/* Is the last frame the first function of a program, thread or context? */
static inline bool dwunw_stop_is_complete(uint8_t reason)
{
	return reason == DWUNW_STOP_ROOT || reason == DWUNW_STOP_CONTEXT;
}
/* "root", "no row", …; static. */
const char *dwunw_stop_name(uint8_t reason);

/* Why the walk ended, always at its last frame. */
struct dwunw_stop {
	uint64_t pc;	/* of the last frame */
	uint64_t vaddr; /* the same as linked */
	/* UNREADABLE, TRUNCATED: what was to be read; NO_REGISTER: what was
	 * last found unreadable, 0 if nothing was; NO_CODE, NO_CALL: what was
	 * found as the return address */
	uint64_t addr;
	uint32_t module; /* serial of the last frame's file; 0: none */
	uint8_t reason;	 /* enum dwunw_stop_reason */
	uint8_t scan;	 /* NO_ROW: enum dwunw_scan_result: why no scan told */
	uint8_t reserved[2];
	int32_t status; /* dwunw_status_t behind NO_MODULE or BAD_ROW */
	union {
		/* of a walk with DWUNW_WALK_ENDS: frames that are not told */
		uint32_t left_out;
		uint32_t reserved2;
	};
};

#define DWUNW_MAPPING_EXEC 1u
#define DWUNW_MAPPING_TRAMPOLINE 2u /* [uprobes] */
#define DWUNW_MAPPING_STACK 4u

/*
 * One mapping. `bias` and `serial` are filled by the first open_module() of
 * this mapping: bias first, then serial with release order, so that walkers
 * of several threads may share the space. serial 0: not opened yet.
 */
struct dwunw_mapping {
	uint64_t start;
	uint64_t end;
	uint64_t off;  /* file offset of start */
	uint64_t bias; /* pc - vaddr */
	uint32_t serial;
	uint32_t flags; /* DWUNW_MAPPING_* */
	uint32_t file;	/* the owner's own index */
	uint32_t reserved;
};

/*
 * The mappings of one process at one time: sorted by start, not overlapping.
 * Replaced whole when they change; `generation` then differs.
 *
 * open_module gives the module behind a mapping and sets mapping->bias and
 * mapping->serial; close_module gives it back. A walk holds one at a time.
 */
struct dwunw_space {
	struct dwunw_mapping *mappings;
	uint32_t count;
	uint32_t generation;
	const struct dwunw_arch_ops *arch;
	dwunw_status_t (*open_module)(void *ctx, struct dwunw_mapping *mapping,
				      const struct dwunw_module **module);
	void (*close_module)(void *ctx, const struct dwunw_module *module);
	void *ctx;
};

/*
 * Sorts the mappings in place. INVALID_ARG: an empty or overlapping one,
 * more than the build's limit of mappings, or no open_module.
 */
dwunw_status_t dwunw_space_init(struct dwunw_space *space);

/* The mapping that holds addr, or NULL. */
struct dwunw_mapping *dwunw_space_find(const struct dwunw_space *space,
				       uint64_t addr);

/* Working memory of one thread; opaque, in an arena of the caller. */
struct dwunw_walker;

/*
 * cache_entries: rows remembered, a power of two, or 0 for none (64 B each).
 * What scans of instructions work in comes with it, as large as the build
 * says (SCAN_MEMORY_KB).
 */
size_t dwunw_walker_size(uint32_t cache_entries);
/* INVALID_ARG: not a power of two; NO_MEMORY. */
dwunw_status_t dwunw_walker_init(struct dwunw_walker **walker,
				 uint32_t cache_entries,
				 struct dwunw_arena *arena);

/* Counted since dwunw_walker_init(). */
struct dwunw_walk_stats {
	uint64_t walks;
	uint64_t frames;
	uint64_t mapping_searches;
	uint64_t cache_hits;
	uint64_t rows;	/* rows made from CFI */
	uint64_t scans; /* rows made from instructions, or tried to */
	uint64_t opens; /* calls of open_module */
	uint64_t reads; /* reads of the target */
};
void dwunw_walker_stats(const struct dwunw_walker *walker,
			struct dwunw_walk_stats *stats);

/* The registers are those of a function's first instruction. */
#define DWUNW_WALK_ENTRY DWUNW_EVENT_FLAG_ENTRY
/* The memory is a copy that was cut at its cap: see STOP_TRUNCATED. */
#define DWUNW_WALK_CAPPED DWUNW_EVENT_FLAG_CAPPED
/* 4 and 8 are a request's: unwind.h */
/*
 * The registers are those of an outer frame: somebody else has walked up to
 * here. Their pc is a return address, unless first_flags has INTERRUPTED, and
 * the frames are those that a walk from the inside would have from here on, with
 * first_how and first_flags as frame 0's. Not together with ENTRY.
 */
#define DWUNW_WALK_RETURN 16u
/*
 * To the stack's end, however deep a recursion is: if there are more than
 * max_frames, frames[0 .. first_frames) are the innermost ones, stop->left_out
 * frames behind them are left out, and the others are the outermost ones. For
 * example, of a recursion that has filled 8 MiB: what crashed, and who began it.
 * 2^20 frames are left out at most; then the reason is LIMIT. first_frames + 2
 * are no more than max_frames. Not with steps.
 */
#define DWUNW_WALK_ENDS 32u

/*
 * A piece of target memory that the caller has at hand; read before
 * read_memory is asked. Zeroed: none.
 */
struct dwunw_snapshot {
	const uint8_t *bytes;
	uint64_t addr;
	uint64_t size;
};

/* What a walk starts from. Zeroed by the caller first. */
struct dwunw_walk_input {
	const struct dwunw_regset *regs;
	struct dwunw_snapshot stack;
	dwunw_read_memory_fn read_memory; /* NULL: the snapshot is all */
	void *memory_ctx;
	/* trampolines of uretprobes, as an event carries them */
	const struct dwunw_event_return *returns;
	uint32_t return_count;
	uint32_t flags; /* DWUNW_WALK_* */
	/* ENTRY: bytes pushed since the function's first instruction */
	int32_t entry_offset;
	/* RETURN: of frame 0, enum dwunw_frame_how, and not EVENT */
	uint8_t first_how;
	/* RETURN: of frame 0, DWUNW_FRAME_FLAG_*. GUESS holds for all frames;
	 * SIGNAL and PARTIAL are found out and need not be given */
	uint8_t first_flags;
	uint16_t first_frames; /* ENDS: see there */
};

/*
 * Fills frames[0 .. *count) from the innermost on and says in *stop why it
 * ended. OK whenever there is a frame. INVALID_ARG: a NULL, max 0, regs
 * of another version, RETURN with ENTRY or without first_how, or ENDS with steps
 * or too few frames; UNSUPPORTED_ARCH: the space's arch is not regs'.
 *
 * With RETURN, OK and *count 0: the pc is no frame, for the reason in *stop
 * (ZERO_RETURN, NO_CODE, NO_CALL, TRAMPOLINE, NO_ROW), and stop->addr is that
 * pc. The stack then ends at the frame inside, which the caller has.
 */
dwunw_status_t dwunw_walk(struct dwunw_walker *walker,
			  const struct dwunw_space *space,
			  const struct dwunw_walk_input *input,
			  struct dwunw_frame *frames, size_t max_frames,
			  size_t *count, struct dwunw_stop *stop);

/*
 * A row in 32 bytes: the CFA is a register plus an offset, and registers are
 * saved at multiples of 4 from it.
 */
#define DWUNW_PACKED_MAX 13u
/* Among the slots: the register's value is lost. */
#define DWUNW_PACKED_LOST INT16_MIN
struct dwunw_packed_row {
	uint32_t cfa;  /* DWARF register | offset << 8, signed */
	uint16_t bits; /* bit n: slots[n] tells of dwunw_arch_saved()[n]; a
			* register without its bit is unchanged */
	int16_t slots[DWUNW_PACKED_MAX]; /* in units of 4 bytes */
};

/* What a step's row says. */
enum dwunw_step_kind {
	/* nothing that may be used again: no row, one that does not fit, or
	 * one that only holds for this stack */
	DWUNW_STEP_NONE = 0,
	/* CFA = reg + offset; registers at CFA + 4 * slot */
	DWUNW_STEP_ROW,
	/* CFA = *(reg + offset); the return address at CFA + 4 * slots[0], the
	 * others at reg + 4 * slot, all by reg's value before the step */
	DWUNW_STEP_REALIGNED,
	/* a signal frame of the kernel: the pc is saved at sp + offset, and all
	 * other registers where they then are on this target. The CFA is sp as
	 * saved; the frame it leads to is exact. That the stack has such a
	 * frame must be checked each time (SPEC.md 4, the mark) */
	DWUNW_STEP_SIGNAL,
	/* the stack ends with this frame, by its code alone: for `stop` */
	DWUNW_STEP_END,
};

/* No reason to stop. Beside enum dwunw_stop_reason. */
#define DWUNW_STEP_ON 0xffu

/*
 * How one frame was left. By (file, vaddr, exact, isa) the same row may be
 * applied to any stack, by whoever has checked that the caller is further out
 * and its pc in a mapping with code: the return address of a frame whose row is
 * here stands behind a call.
 */
struct dwunw_step {
	uint64_t vaddr; /* of the frame, as in dwunw_frame */
	uint32_t module; /* serial; 0: code without a file, and vaddr is the pc */
	uint8_t kind;	 /* enum dwunw_step_kind */
	bool exact;	 /* vaddr is no return address */
	uint8_t isa;	 /* mips: bit 0 of the frame's pc */
	uint8_t stop;	 /* enum dwunw_stop_reason of the walk's last frame,
			  * else DWUNW_STEP_ON */
	uint8_t how;	 /* of the frame it leads to */
	uint8_t flags;	 /* … BAD_CFI, INTERRUPTED, GUESS by this row alone */
	uint16_t reserved;
	struct dwunw_packed_row row; /* not of NONE and END */
};

/*
 * As dwunw_walk(), and steps[n] tells how frames[n] was left: max_frames of
 * them, of which [0, *count) are written; NULL: it is dwunw_walk().
 * NOT_IMPLEMENTED: built without.
 */
dwunw_status_t dwunw_walk_steps(struct dwunw_walker *walker,
				const struct dwunw_space *space,
				const struct dwunw_walk_input *input,
				struct dwunw_frame *frames,
				struct dwunw_step *steps, size_t max_frames,
				size_t *count, struct dwunw_stop *stop);

/* The DWARF registers that slots of a packed row are of, *count of them. The
 * first is the return address, on x86_64 column 16. */
const uint8_t *dwunw_arch_saved(const struct dwunw_arch_ops *arch,
				uint8_t *count);

/*
 * An event's bytes, decoded: registers, and a walk input that points into
 * the bytes and into this struct. `bytes` must outlive it. Of another kind than
 * STACK only the header is decoded, and input.stack is the whole record
 * (dwunw_walked_parse() goes on with those of the walk in the kernel).
 */
#define DWUNW_EVENT_RETURN_MAX 16u
struct dwunw_event {
	struct dwunw_event_header header; /* in host order */
	struct dwunw_regset regs;
	struct dwunw_event_return returns[DWUNW_EVENT_RETURN_MAX];
	struct dwunw_walk_input input;
};

/*
 * BAD_FORMAT: no event, cut, or fields that contradict each other;
 * NOT_IMPLEMENTED: another version; UNSUPPORTED_ARCH.
 */
dwunw_status_t dwunw_event_parse(struct dwunw_event *event, const void *bytes,
				 size_t size);

#ifdef __cplusplus
}
#endif
#endif
