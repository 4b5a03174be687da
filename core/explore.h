/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The instructions of one function -> what is known before each.
 *
 * Forward flow analysis: from the function's first instruction along every
 * edge, each instruction once. Strong evidence goes first: the edges of
 * branches, then what stands behind a call (a callee may not return), then
 * what nothing is seen to lead to (behind a switch; landing pads).
 */
#ifndef DWU_EXPLORE_H
#define DWU_EXPLORE_H

#include <dwunw/scan.h>

#include "code.h"

/* The function to explore: [start, end) of the text. */
struct dwu_function {
	uint32_t start;
	uint32_t end;
	uint8_t isa; /* struct dwu_code */
	bool entry;  /* it begins at e_entry: nothing called it */
	bool part;   /* of another one: memory->now is the state at its start */
	bool gap;    /* for dwu_sweep(): FDEs bound it, code around is enough */
};

/* How an instruction was reached: the weaker, the greater. */
enum dwu_reach {
	DWU_REACH_EDGE = 0, /* by branches and fall-through alone */
	DWU_REACH_CALL,	    /* straight from behind a call */
	DWU_REACH_INDIRECT, /* by no edge, in a function that has a switch */
	DWU_REACH_PAD,	    /* by no edge: as at all calls, which agree */
};

enum dwu_moment {
	DWU_BEFORE = 0, /* the state is the one before the instruction */
	/* … while a callee runs; the instruction is the call or what stands
	 * in its slot, the last one before the return address */
	DWU_IN_CALL,
	DWU_LEAVING, /* … behind a return and its slot */
	/* … behind a jump or a branch to another function or to where a
	 * register says, and its slot */
	DWU_JUMPING,
};

struct dwu_scan_at {
	const struct dwu_op *op;
	const struct dwu_scan_state *state;
	uint8_t moment; /* enum dwu_moment */
	uint8_t reach;	/* enum dwu_reach */
};

/* Called for each instruction; false ends the scan. */
typedef bool (*dwu_scan_visit_fn)(void *ctx, const struct dwu_scan_at *at);

/* Switches of one function whose states are told apart. */
#define DWU_INDIRECT_MAX 8u

/* A place to explore, with the state there; or a switch. */
struct dwu_pending {
	uint32_t at;
	uint16_t state;
	uint8_t reach;
	bool sure; /* a switch: no tail call through a pointer */
};

/* One exploration; zeroed when it begins. */
struct dwu_exploration {
	struct dwu_function function;
	dwu_scan_visit_fn visit;
	void *ctx;
	uint32_t watch;
	uint32_t pending_count;
	uint32_t state_count; /* those that were ever in use */
	struct dwu_pending indirect[DWU_INDIRECT_MAX];
	uint8_t indirect_count;
	uint8_t shift;	   /* 1 << shift bytes are a unit */
	uint8_t reach;	   /* of the run */
	bool again;	   /* the run is where one was before */
	bool stopped;	   /* visit() has seen enough */
	bool undecodable;  /* a path ended so */
	bool dropped;	   /* for want of room */
	bool framed;	   /* sp was not always what it is at the entry */
	bool called;	   /* `body` is the state at calls */
	bool calls_differ; /* … which is not the same at all of them */
};

/* Working memory: the parts of one block, see dwu_scan_memory_init(). */
struct dwu_scan_memory {
	struct dwu_text text;
	struct dwu_exploration x;
	uint32_t *visited;	/* a bit a unit */
	uint32_t visited_count; /* bits */
	struct dwu_pending *pending;
	uint32_t pending_room;
	struct dwu_scan_state *states;
	uint16_t *users; /* of each state; 0: free */
	uint32_t state_room;
	uint32_t steps; /* instructions explored; who counts them resets it */
	struct dwu_scan_state now; /* while exploring */
	struct dwu_scan_state next;
	struct dwu_scan_state body;
	struct dwu_scan_state other; /* core/part.c's */
	bool misaligned; /* the last one explored calls with sp so */
	/* core/sweep.c: a bit for each unit of a window of the text */
	uint32_t *starts;
	uint32_t start_count; /* bits */
	uint32_t serial;      /* of the module they are of; 0: of none */
	uint32_t window;      /* where it begins */
	uint64_t segment;     /* the text's vaddr */
	uint32_t swept_from;  /* … and the code that was read for them */
	uint32_t swept_to;
	/* … the function lies in [lo, hi), the piece looked at is [from, to),
	 * and what is at or behind `done` was looked at */
	uint32_t lo, hi, from, to, done;
	/* … of the piece explored last: no function begins with it */
	bool inside;
	/* … it returns with something left on the stack, or calls with a stack
	 * that is not aligned: here, the first time */
	uint32_t odd;
};

/* Of the block, in bytes: so that places in its window have 32 bits. */
#define DWU_SCAN_MEMORY_MIN 16384u
#define DWU_SCAN_MEMORY_MAX (64u << 20)

/* Lays the memory out in a block of `size` bytes. */
void dwu_scan_memory_init(struct dwu_scan_memory *memory, uint8_t *block,
			  size_t size);

/*
 * Linkers move an instruction out of a function, for an erratum of a
 * processor: it stands elsewhere, with a jump back. Is this jump one to there?
 */
bool dwu_scan_detour(struct dwu_text *text, const struct dwu_op *jump);

/*
 * Explores a function of memory->text (already open). DWUNW_SCAN_OK or the
 * reason why not all was reached.
 *
 * `watch` is a place for which visit() is called again whenever another path
 * reaches it, with that path's state; DWU_NOWHERE: none.
 */
uint8_t dwu_scan_explore(struct dwu_scan_memory *memory,
			 const struct dwu_function *function, uint32_t watch,
			 dwu_scan_visit_fn visit, void *ctx);

/*
 * Can control that is at `at` leave the function? Code that has lost its
 * return address and never leaves is where a program or a thread starts.
 */
bool dwu_scan_may_return(struct dwu_scan_memory *memory,
			 const struct dwu_function *function, uint32_t at);

/* Leaves in *a what both states say. */
void dwu_scan_join(struct dwu_scan_state *a, const struct dwu_scan_state *b);

/* Bits of a map. */
static inline bool dwu_bit(const uint32_t *map, uint32_t bit)
{
	return map[bit / 32] >> bit % 32 & 1;
}

static inline void dwu_set_bit(uint32_t *map, uint32_t bit)
{
	map[bit / 32] |= 1u << bit % 32;
}

static inline bool dwu_value_is_zero(const struct dwu_value *value)
{
	return value->kind == DWU_VALUE_CONST && value->n == 0;
}

#endif
