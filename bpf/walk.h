/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * walk.h - what the walk in the kernel (walk.bpf.h) and the tool that feeds it
 * (dwunw/rows.h) agree on: rows, mapping tables, counters. SPEC.md, chapter 6.
 */
#ifndef DWUNW_WALK_ROWS_H
#define DWUNW_WALK_ROWS_H

#include <dwunw/event.h>

/* --- rows ----------------------------------------------------------------- */

/*
 * check is the key xored with the other words, so a row that is replaced while
 * it is read does not match: no lock, no barrier, no sequence number, on any
 * processor. Two rows of a bucket share a cache line. All 0 is an empty row,
 * and nobody asks for the key 0.
 *
 *	w1  0 CFA offset s32 | 32 CFA register u4 | 36 how u4 | 40 flags u8 |
 *	    48 base s16
 *	w2  slots 0 to 7, u8 each
 *	w3  slots 8 to 11 | 32 saved u12 | 44 span u8 | 52 stop u8 | 60 0
 *
 * A slot is 1 + the number of the word, counted from `base` words below the
 * CFA, where a register is saved; 0: not saved; 255: lost. `saved` are those
 * with a word, as a mask; `span` is the highest of them, so that many words
 * are read. Register 0 is the return address (the link register), the others
 * come in the order of dwunw_arch_saved().
 */
struct dwunw_walk_row {
	uint64_t check;
	uint64_t w1, w2, w3;
};

#define DWUNW_WALK_SLOTS 12u
#define DWUNW_WALK_SLOT_LOST 255u
#define DWUNW_WALK_REGISTER_SP 12u

/* `stop` is why the stack ends with this frame; DWUNW_WALK_ASK: only user space
 * knows how to leave this code. */
#define DWUNW_WALK_ROW_END 1u
/* A slot may be far from the others, or lost. */
#define DWUNW_WALK_ROW_FAR 2u
/* A signal frame of the kernel: its pc is at sp + the CFA offset. */
#define DWUNW_WALK_ROW_SIGNAL 4u
/* CFA = *(register + offset); the return address stands below the CFA, the
 * slots count from `base` words below the register's value. */
#define DWUNW_WALK_ROW_REALIGNED 8u
/* The frame it leads to is marked so, or as a guess. */
#define DWUNW_WALK_ROW_BAD_CFI 16u
#define DWUNW_WALK_ROW_GUESS 32u
/* A return address of 0 is the start, or an end that is none. */
#define DWUNW_WALK_ROW_ZERO_ROOT 64u
#define DWUNW_WALK_ROW_ZERO_END 128u

#define DWUNW_WALK_ASK 0xffu

#define DWUNW_WALK_WAYS 2u
struct dwunw_walk_bucket {
	struct dwunw_walk_row rows[DWUNW_WALK_WAYS];
};

/*
 * The key of a frame's row: number of the file << 48 | EXACT | ISA | address
 * as linked, of a return address - 1. File 0 is none.
 */
#define DWUNW_WALK_ADDRESS_BITS 46
#define DWUNW_WALK_KEY_ISA (1ull << 46)
#define DWUNW_WALK_KEY_EXACT (1ull << 47)
#define DWUNW_WALK_KEY_FILE 48

/* Of 2^log2 buckets: multiplicative hashing, Knuth 6.4. */
static inline uint32_t dwunw_walk_bucket_of(uint64_t key, uint32_t log2)
{
	return (uint32_t)(key * 0x9e3779b97f4a7c15ull >> (64 - log2));
}

/* --- mappings of a process -------------------------------------------------- */

/* An executable mapping: key = pc + add for a pc in it; `file` is 0 for code
 * without a file, which is left by its frame pointer. */
struct dwunw_walk_mapping {
	uint64_t start;
	uint64_t size;
	uint64_t add;  /* number of the file << 48, minus the bias */
	uint64_t file; /* identity, as in an event's frames */
};

#define DWUNW_WALK_MAPPINGS 256u
/*
 * Sorted by start. The tool counts `version` up before it writes a table and
 * again when it is whole: a walk that saw another number before than after, or
 * an odd one, is of no use.
 */
struct dwunw_walk_table {
	uint32_t version;
	uint32_t count;
	uint64_t changes;    /* of the process, when its mappings were read */
	uint64_t trampoline; /* [uprobes]; size 0: none */
	uint64_t trampoline_size;
	struct dwunw_walk_mapping at[DWUNW_WALK_MAPPINGS];
};

/* Code that was mapped since a table was read. When more is than this, or two
 * threads did at the same time, the table is of no use. */
#define DWUNW_WALK_CHANGES 8u
#define DWUNW_WALK_CHANGES_ALL 1024u

struct dwunw_walk_range {
	uint64_t start;
	uint64_t end;
};

/*
 * One process. The tool writes the table that is not `current`, then switches:
 * whoever reads the other one then is done before that is written again, or
 * sees its version.
 */
struct dwunw_walk_space {
	uint64_t changes; /* the kernel's, up to `changed` */
	uint64_t writers;
	struct dwunw_walk_range changed[DWUNW_WALK_CHANGES]; /* by number */
	uint32_t current;
	uint32_t reserved;
	struct dwunw_walk_table tables[2];
};

/* --- numbers of dwunw/walk.h, which is none of BPF's; trace/rows.c compares ---- */

#define DWUNW_WALK_STOP_ROOT 0
#define DWUNW_WALK_STOP_TRAMPOLINE 9
#define DWUNW_WALK_STOP_CONTEXT 10
#define DWUNW_WALK_STOP_ZERO_RETURN 11
#define DWUNW_WALK_HOW_ENTRY 2
#define DWUNW_WALK_HOW_FP 7
#define DWUNW_WALK_FRAME_INTERRUPTED 2
#define DWUNW_WALK_FRAME_SIGNAL 4
#define DWUNW_WALK_FRAME_BAD_CFI 8
#define DWUNW_WALK_FRAME_GUESS 16

/* --- what the tool chooses ---------------------------------------------------- */

#define DWUNW_WALK_OPTIONS_MAP ".rodata.walk"

struct dwunw_walk_options {
	uint32_t rows_log2; /* of buckets; max_entries of dwunw_walk_rows */
	uint32_t slots;	    /* max_entries of dwunw_walk_slots */
	uint32_t spaces;    /* … of dwunw_walk_spaces, processes */
	uint32_t hold_ms;   /* a miss at a pc whose row was asked for so short
			       * a time ago is held back; 0: none is */
	uint32_t hold_from; /* … while so many events or more are unread */
	uint32_t by_thread; /* a stack is known of one thread alone */
	uint32_t whole;	    /* one that does not come to its start is sent each
			       * time */
	uint32_t user_regs; /* enum unwind_regs, for programs inside the kernel */
	uint32_t by_process; /* a stack is known of one process alone */
};

#define DWUNW_WALK_ROWS_LOG2 14u /* 32,768 rows, 1 MiB */
/* How many programs may run on one processor, each interrupted by the next. */
#define DWUNW_WALK_LEVELS 3u
#define DWUNW_WALK_CPUS 64u
#define DWUNW_WALK_SPACES 32u
#define DWUNW_WALK_STACKS 16384u
#define DWUNW_WALK_HELD 1024u
/* Of the keys of events that a stack is known by; others do without it. */
#define DWUNW_WALK_KNOWN_KEY (1ull << 63)

/* The map dwunw_walk_stacks: a key with that bit -> this. */
struct dwunw_walk_stack {
	uint64_t count; /* it was only counted so often */
	uint64_t sent;	/* not 0: its frames were sent, under that key */
	uint64_t ns;	/* the program's own: time that is summed */
};

/* Rows that user space was asked for, and when; at dwunw_walk_held_of(). */
struct dwunw_walk_asked {
	uint64_t key;
	uint64_t time_ns;
};

static inline uint32_t dwunw_walk_held_of(uint64_t key)
{
	return (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 54);
}

/* Indices of dwunw_walk_counters, for each processor: calls = known + new +
 * rest + copies + held + the drops of dwunw_counters. */
enum dwunw_walk_counter {
	DWUNW_WALK_COUNT_CALLS = 0,
	DWUNW_WALK_COUNT_KNOWN,	 /* whole, and only counted */
	DWUNW_WALK_COUNT_NEW,	 /* whole, and sent */
	DWUNW_WALK_COUNT_REST,	 /* sent from the frame on that has no row */
	DWUNW_WALK_COUNT_COPIES, /* sent from the first frame on */
	DWUNW_WALK_COUNT_HELD,	 /* dropped: its row is on the way */
	DWUNW_WALK_COUNT_DROPS,	 /* no slot, or no room in the buffer */
	DWUNW_WALK_COUNT_FRAMES, /* left by a row, for information as below */
	DWUNW_WALK_COUNT_SLOW,	 /* … not by the short way */
	DWUNW_WALK_COUNT_STACKS_FULL, /* of NEW: dwunw_walk_stacks had no room */
	DWUNW_WALK_COUNT_CAUSE, /* REST and COPIES by enum dwunw_walk_cause */
	DWUNW_WALK_COUNT_END = 24,
};

/* Why a walk did not go on. */
enum dwunw_walk_cause {
	DWUNW_WALK_ENDED = 0,  /* it did: the stack is whole */
	DWUNW_WALK_NO_ROW,     /* the row is not there (yet) */
	DWUNW_WALK_ASKED,      /* it says so */
	DWUNW_WALK_NO_MAPPING, /* the pc is in no known mapping */
	DWUNW_WALK_CHANGED,    /* … or in one that is new */
	DWUNW_WALK_UNREADABLE,
	DWUNW_WALK_NO_REGISTER,
	DWUNW_WALK_NO_PROGRESS,
	DWUNW_WALK_ZERO,	  /* a return address of 0 */
	DWUNW_WALK_NO_MARK,	  /* no signal frame where one should be */
	DWUNW_WALK_FRAME_POINTER, /* one that leads nowhere */
	DWUNW_WALK_LIMIT,	  /* too many frames */
	DWUNW_WALK_NO_SPACE,	  /* nothing is known of the process */
	DWUNW_WALK_CAUSES,
};

#endif
