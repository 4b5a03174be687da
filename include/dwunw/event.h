/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/event.h - one captured moment of the target, as bytes.
 *
 * A BPF program writes these structs, a ring or perf buffer carries them, a
 * recording is the same bytes one after another. All integers are in the
 * byte order of the machine that captured; `magic` tells which. SPEC.md has
 * the layout as a table.
 *
 *   dwunw_event_header      88 bytes
 *   u64 regs[reg_count]     DWARF numbering; x86_64: [16] is the pc
 *                           arm64: [31] sp, [32] pc; mips32: [32] pc
 *   dwunw_event_walk        WALKED only
 *   dwunw_event_return      return_count times
 *   dwunw_event_frame       WALKED only: frame_count times
 *   u8  stack[stack_size]   memory at [stack_addr, stack_addr + stack_size)
 */
#ifndef DWUNW_EVENT_H
#define DWUNW_EVENT_H

#ifndef DWUNW_TYPES_H
#include <stdint.h>
#endif

#define DWUNW_EVENT_MAGIC 0x31455744u /* "DWE1" where written LE */
#define DWUNW_EVENT_VERSION 1u

/* What happened. Kinds from 64 on are the tool's own. */
enum dwunw_event_kind {
	DWUNW_EVENT_STACK = 1, /* registers and stack: unwind it */
	DWUNW_EVENT_EXEC = 2,  /* pid runs another program now */
	DWUNW_EVENT_EXIT = 3,  /* pid's first thread has ended; others may
				* go on */
	DWUNW_EVENT_FORK = 4,  /* `cookie` is a child of pid; 0: one that has
				* to be looked for */
	/* frames that the kernel has walked; where it could not go on,
	 * registers and stack from there */
	DWUNW_EVENT_WALKED = 5,
};

/* Of a program's name in an EXEC event, with its 0. */
#define DWUNW_EVENT_NAME_SIZE 16u

/*
 * What a walk is told. DWUNW_WALK_* (walk.h) and DWUNW_OPTION_* (unwind.h) are the
 * same bits: an event's flags are a walk's and a request's.
 */
/* The pc is at a function's first instructions: see entry_offset. */
#define DWUNW_EVENT_FLAG_ENTRY 1u
/* The copy ended at its cap, not at the end of readable memory. */
#define DWUNW_EVENT_FLAG_CAPPED 2u

struct dwunw_event_header {
	uint32_t magic;
	uint16_t version;
	uint16_t arch;	/* enum dwunw_arch_id */
	uint32_t size;	/* of the whole record, padding excluded */
	uint16_t kind;	/* enum dwunw_event_kind */
	uint16_t flags; /* DWUNW_EVENT_FLAG_* */
	uint32_t pid;	/* process, as the reader's pid namespace counts */
	uint32_t tid;	/* thread; as its own one does, if that is further in */
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint64_t key;	  /* stack key: unique among live events, or 0 */
	/* the tool's own: an address, a size, …; EXEC: both are the program's
	 * name, DWUNW_EVENT_NAME_SIZE bytes with its 0 */
	uint64_t cookie;
	uint64_t value;
	uint32_t map_generation; /* counts mapping changes of pid; 0: unknown */
	/* ENTRY: bytes pushed since the first instruction */
	int32_t entry_offset;
	uint16_t reg_count;
	uint16_t return_count;
	uint32_t stack_size;
	uint64_t stack_addr;
	uint64_t reserved; /* 0 */
};

/*
 * A return address that a uretprobe replaced by its trampoline: the function
 * that was entered with stack pointer `entry_sp` truly returns to `addr`.
 */
struct dwunw_event_return {
	uint64_t entry_sp;
	uint64_t addr;
};

/*
 * The name of a stack, 64 bits: 0, and this for each frame from the innermost
 * on. `file` is the identity of its file's content (SPEC.md 4; 0: none), `vaddr`
 * the pc as linked, and `exact` 1 if that is no return address.
 */
static inline uint64_t dwunw_stack_id_add(uint64_t id, uint64_t file,
					  uint64_t vaddr, uint32_t exact)
{
	id = (id ^ file) * 0x9e3779b97f4a7c15ull;
	id = (id ^ id >> 32 ^ (vaddr << 1 | exact)) * 0xd6e8feb86659fd93ull;
	return id ^ id >> 32;
}

/* No reason to stop: the registers are those of the next frame. */
#define DWUNW_EVENT_GOES_ON 0xffu

/* What a WALKED event says of its frames and of the next one. */
struct dwunw_event_walk {
	uint64_t id;	/* of the frames: see dwunw_event_frame */
	uint64_t valid; /* GOES_ON: which registers have their values, as a mask */
	uint16_t frame_count;
	uint8_t stop;	/* enum dwunw_stop_reason, or GOES_ON */
	uint8_t cause;	/* GOES_ON: enum dwunw_walk_cause (bpf/walk.h) */
	uint8_t how;	/* GOES_ON: of the next frame, as in its own record */
	uint8_t flags;
	uint16_t reserved; /* 0 */
};

/* A frame that was walked, outside of the one before. */
struct dwunw_event_frame {
	uint64_t pc;
	uint64_t vaddr;	 /* the same as linked; pc if there is no file */
	uint64_t file;	 /* its identity; 0: none */
	uint8_t how;	 /* enum dwunw_frame_how */
	uint8_t flags;	 /* DWUNW_FRAME_FLAG_* */
	uint16_t reserved; /* 0 */
	uint32_t reserved2;
};

#endif
