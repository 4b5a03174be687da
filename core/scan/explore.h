/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The instructions of one function -> what is known before each.
 *
 * Forward flow analysis to its fixed point (Kildall 1973): the state before an
 * instruction is what the states on all paths to it agree in. States are kept
 * where branches lead to, equal ones once; in between they are made again.
 *
 * A join only takes knowledge away, and there is little to take: so it ends.
 * What a path is worth is told by when it is explored: first the edges of
 * branches; then, call by call, what stands behind one (a callee may not
 * return); then what nothing is seen to lead to (behind a switch; landing
 * pads). Paths that agree on the frame are joined. Where they do not, one that
 * is worth less is dropped, and a call that it came from does not return; of
 * two that are worth the same none is believed.
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
	bool part;   /* of another one: memory->aside is the state there */
	bool gap;    /* for dwu_sweep(): FDEs bound it, code around is enough */
	bool sure;   /* a list says where it begins */
};

enum dwu_moment {
	DWU_BEFORE = 0, /* the state is the one before the instruction */
	/* … while a callee runs; the instruction is the call or what stands
	 * in its slot, the last one before the return address */
	DWU_IN_CALL,
	DWU_LEAVING, /* … behind a return and its slot */
	/* … behind a jump or a branch to another function, to this one's start
	 * or to where a register says, and its slot */
	DWU_JUMPING,
};

struct dwu_scan_at {
	const struct dwu_op *op;
	const struct dwu_scan_state *state;
	uint8_t moment; /* enum dwu_moment */
};

/* Called for each instruction; false ends the scan. */
typedef bool (*dwu_scan_visit_fn)(void *ctx, const struct dwu_scan_at *at);

/* Switches of one function whose states are told apart. */
#define DWU_SWITCH_MAX 8u
/* Tables of one function that are read. */
#define DWU_TABLE_MAX (IS_ON(CONFIG_SCAN_PUSHED_RA) ? 32u : 1u)
#define DWU_NO_STATE UINT16_MAX
/* sp is unknown, with this for its n: paths have met that had other ones. */
#define DWU_SP_DIFFERS 1

enum dwu_block_bits {
	DWU_BLOCK_DIRTY = 1, /* its state is new: to be explored, again */
	/* only what stands before it, a call, leads here */
	DWU_BLOCK_CALLED = 2,
	DWU_BLOCK_LEADER = 4, /* a branch leads here; else what is pending */
	DWU_BLOCK_CUT = 8,    /* the call before it does not return */
	DWU_BLOCK_DATA = 16,  /* a word that is loaded: nothing runs there */
	/* no edge leads to what comes here: told by what calls have in common */
	DWU_BLOCK_GUESS = 32,
	DWU_BLOCK_PHASE = 64, /* times the phase in which it was reached */
};

/* Where a branch leads to, or what is pending behind a call. */
struct dwu_block {
	uint32_t at;
	uint16_t state; /* there; DWU_NO_STATE: not reached yet */
	uint16_t bits;	/* enum dwu_block_bits */
};

/* A jump to where a register says, with the state there. */
struct dwu_switch {
	uint32_t at;
	uint16_t state;
	bool sure; /* no tail call through a pointer */
};

/* A jump through a table that is known. */
struct dwu_jump {
	uint32_t at;
	struct dwu_table table;
};

/* What is found out from the entry on; zeroed when it begins there again. */
struct dwu_round {
	uint32_t state_count; /* those that were ever in use */
	uint16_t phase; /* how many calls, and guesses, there were that began one */
	uint8_t switch_count;
	uint8_t guess;	  /* the phase begins with one: at what */
	bool untold;	  /* … and calls alone tell of it */
	bool restart;	  /* a call was found out not to return */
	bool undecodable; /* a path ended so */
	bool differ;	  /* what may lead to the rest has not one frame */
	bool framed;	  /* sp was not always what it is at the entry */
	bool called;	  /* `body` is what is known at all calls */
	bool saves;	  /* the return address, before it leaves or calls */
	bool loses;	  /* … is nowhere where it does */
	bool shares; /* … and it jumps into the midst of another function */
	bool misaligned; /* it calls with sp as no function does */
};

/* One exploration; zeroed when it begins. */
struct dwu_exploration {
	struct dwu_function function;
	dwu_scan_visit_fn visit;
	void *ctx;
	uint32_t steps, step_max;
	uint32_t low;  /* no block before it is dirty, but CALLED ones */
	uint32_t root; /* what stands behind the call that is taken to return */
	uint32_t block_count;
	struct dwu_round round;
	struct dwu_switch switches[DWU_SWITCH_MAX];
	struct dwu_jump jumps[DWU_TABLE_MAX];
	uint8_t jump_count;
	uint8_t restarts;
	uint8_t shift; /* 1 << shift bytes are a unit */
	bool resolver; /* struct dwu_scan_ops: where its return address is */
	bool telling;  /* all is settled: visit() is called */
	bool stopped;  /* visit() has seen enough */
	bool sparing;  /* states had no room, and now say less */
	bool dropped;  /* for want of room or time */
};

/* What a sweep has read; no padding: compared whole. */
struct dwu_swept {
	uint64_t segment; /* the text's vaddr */
	uint32_t serial;  /* of the module; 0: of none */
	uint32_t window;  /* where starts are kept from */
	uint32_t from;	  /* the code that was read: [from, to) */
	uint32_t to;
};

/* Code, as places of the text: [from, to). */
struct dwu_range {
	uint32_t from;
	uint32_t to;
};

/*
 * core/scan/sweep.c: where functions may start, a bit for each unit of a window
 * of a text. It stays from one sweep to the next.
 */
struct dwu_start_map {
	struct dwu_swept of;
	uint32_t *bits;
	uint32_t count; /* of them */
	bool unaligned; /* x86: calls have sp so here, as other ABIs do */
	/* the function that is looked for lies in these, and what is at or
	 * behind `done` was looked at */
	struct dwu_range within;
	uint32_t done;
};

/* Working memory: the parts of one block, see dwu_scan_memory_init(). */
struct dwu_scan_memory {
	struct dwu_text text;
	struct dwu_start_map starts;
	struct dwu_exploration x;
	uint32_t *visited;	  /* a bit a unit */
	uint32_t visited_count;	  /* bits */
	struct dwu_block *blocks; /* in the order of their places */
	uint32_t block_room;
	struct dwu_scan_state *states;
	uint16_t *users; /* of each state; 0: free */
	uint32_t state_room;
	uint32_t swept; /* bytes, for one walk; who counts them resets it */
	uint32_t steps; /* instructions explored; who counts them resets it */
	struct dwu_scan_state now; /* while exploring */
	struct dwu_scan_state next;
	struct dwu_scan_state body;
	/* one more, of who asks: core/scan/part.c has the state there that a part
	 * begins with, core/scan/sweep.c what one instruction does */
	struct dwu_scan_state aside;
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
 * clang -Oz moves what functions have in common, prologues too, into functions
 * of their own: straight code from `at` to a return or a jump that leaves with
 * another sp or frame pointer, in memory->next. DWU_FLOW_RETURN or JUMP; 0: that
 * is none.
 */
uint8_t dwu_scan_piece(struct dwu_scan_memory *memory, uint32_t at);

/*
 * Explores a function of memory->text (already open). DWUNW_SCAN_OK or the
 * reason why not all was reached; TOO_LARGE: what was told is not to be used.
 *
 * visit() is called for each instruction that is reached, in the order of their
 * places, when all is known; for those around `watch` alone, unless that is
 * DWU_NOWHERE.
 */
uint8_t dwu_scan_explore(struct dwu_scan_memory *memory,
			 const struct dwu_function *function, uint32_t watch,
			 dwu_scan_visit_fn visit, void *ctx);

/*
 * Does straight code from `at` call with the return address saved nowhere? It is
 * no function then, but a part of one. Uses memory->next.
 */
bool dwu_scan_is_bare(struct dwu_scan_memory *memory, uint32_t at);

/* Does no edge of what was explored last lead to `place`, and no switch? It may be
 * a landing pad of the function, or a part of another one. */
bool dwu_scan_is_guess(const struct dwu_scan_memory *memory, uint32_t place);

/* Does ld.so's function begin there that binds a call? struct dwu_scan_ops. */
bool dwu_scan_is_resolver(struct dwu_scan_memory *memory, uint32_t at);

/* Each column holds its own entry value, and it is saved nowhere. */
void dwu_scan_fresh(struct dwu_scan_state *state);

/* The column that a row tells the CFA by: sp, else one that lasts, else any
 * that is a known distance from it; DWU_SCAN_REGS: none is. */
uint8_t dwu_scan_cfa_column(const struct dwu_scan_memory *memory,
			    const struct dwu_scan_state *state);

/* … a known place in a realigned frame: one that lasts, or sp. */
uint8_t dwu_scan_aligned_column(const struct dwu_scan_memory *memory,
				const struct dwu_scan_state *state);

/* The column that holds the entry value of `reg`: itself, else another, or
 * DWU_SCAN_REGS. */
uint8_t dwu_scan_holder(const struct dwu_scan_state *state, uint8_t reg);

/* Is the return address neither saved nor in a register? */
bool dwu_scan_ra_lost(const struct dwu_scan_memory *memory,
		      const struct dwu_scan_state *state);

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
