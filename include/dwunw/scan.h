/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/scan.h - rows from instructions, for code that has no CFI.
 */
#ifndef DWUNW_SCAN_H
#define DWUNW_SCAN_H

#include <dwunw/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a scan came to. */
enum dwunw_scan_result {
	DWUNW_SCAN_OK = 0,
	DWUNW_SCAN_OFF,		  /* not in this build, or no memory for it */
	DWUNW_SCAN_UNBOUNDED,	  /* no code, or no function found around it */
	DWUNW_SCAN_TOO_LARGE,	  /* the function is, for the memory given */
	DWUNW_SCAN_UNDECODABLE,	  /* an unknown instruction stood before it */
	DWUNW_SCAN_UNREACHED,	  /* nothing in the function leads here */
	DWUNW_SCAN_NO_CALL,	  /* no call returns to what should be one */
	DWUNW_SCAN_CONTRADICTION, /* two paths disagree */
	DWUNW_SCAN_SP_UNKNOWN,	  /* no register is a known distance of CFA */
	DWUNW_SCAN_RA_LOST,	  /* the return address is nowhere */
};
/* "contradiction", …; static. */
const char *dwunw_scan_result_name(uint8_t result);

/* Working memory of one thread that scans; opaque, in the caller's arena. */
struct dwunw_scan;

/* Bytes of arena for `memory` bytes to work with; 0: not in this build. */
size_t dwunw_scan_size(size_t memory);
/* INVALID_ARG: memory under 16 KiB or over 64 MiB; NO_MEMORY. */
dwunw_status_t dwunw_scan_init(struct dwunw_scan **scan, size_t memory,
			       struct dwunw_arena *arena);

/* Take no bounds from symbols, .pdr or CFI, as in a stripped file. */
#define DWUNW_SCAN_NO_SYMBOLS 1u
/* vaddr is the pc of an instruction, not a return address - 1. */
#define DWUNW_SCAN_EXACT 2u
/* mips: vaddr is in MIPS16e code (bit 0 of the address that led there). */
#define DWUNW_SCAN_MIPS16 4u

/* The row at vaddr; enum dwunw_scan_result. Only OK fills *row. */
uint8_t dwunw_scan_row(struct dwunw_scan *scan,
		       const struct dwunw_module *module, uint64_t vaddr,
		       uint32_t flags, struct dwunw_row *row);

/* What visit() of dwunw_scan_function() is told. */
struct dwunw_scan_point {
	uint64_t vaddr; /* of an instruction */
	uint8_t size;
	/* the row is that of the time a callee runs: vaddr is the call or
	 * what stands in its delay slot */
	bool in_call;
	uint8_t result; /* enum dwunw_scan_result; OK: row is one */
	uint8_t isa;	/* mips: 1 is MIPS16e */
	uint8_t reserved[4];
	const struct dwunw_row *row;
	const void *state; /* for the function below */
};

/* Is `column` the CFA + *n here? */
bool dwunw_scan_cfa_offset(const struct dwunw_scan_point *point, uint8_t column,
			   int32_t *n);

/*
 * Finds the function around vaddr, [*start, *end), and tells visit() every
 * instruction that is reached, in no order, each once (and once more as
 * in_call). visit() ends it by returning false. A result other than OK says
 * what may be missing.
 */
uint8_t dwunw_scan_function(struct dwunw_scan *scan,
			    const struct dwunw_module *module, uint64_t vaddr,
			    uint32_t flags, uint64_t *start, uint64_t *end,
			    bool (*visit)(void *ctx,
					  const struct dwunw_scan_point *point),
			    void *ctx);

/* Where control goes behind an instruction. */
enum dwunw_scan_flow {
	DWUNW_SCAN_FLOW_NEXT = 0,
	DWUNW_SCAN_FLOW_CALL = 1,     /* to the next one, later */
	DWUNW_SCAN_FLOW_BRANCH = 2,   /* to the next one or to the target */
	DWUNW_SCAN_FLOW_JUMP = 4,     /* to the target */
	DWUNW_SCAN_FLOW_INDIRECT = 8, /* where a register or memory says */
	DWUNW_SCAN_FLOW_RETURN = 16,
	DWUNW_SCAN_FLOW_END = 32, /* nowhere: a trap */
};

/* One instruction by itself. size 0: it cannot be decoded. */
struct dwunw_scan_insn {
	uint8_t isa;  /* as above; known where symbols or CFI tell it */
	uint8_t size; /* with its delay slot */
	uint8_t last; /* bytes before its last part, the slot */
	bool call;
	bool pad;     /* a no-op between functions */
	bool likely;  /* the slot runs only if the branch is taken */
	uint8_t flow; /* enum dwunw_scan_flow */
	uint8_t reserved;
	uint64_t target; /* of CALL, BRANCH and JUMP; UINT64_MAX: not known */
};
void dwunw_scan_decode(struct dwunw_scan *scan,
		       const struct dwunw_module *module, uint64_t vaddr,
		       struct dwunw_scan_insn *insn);

/* What one instruction, no call, makes of the columns. A bit a column. */
struct dwunw_scan_effect {
	uint64_t kept;	/* holds what it held */
	uint64_t moved; /* holds what column `from` held before, + n */
	int32_t n[DWUNW_COLUMN_MAX];
};
/* Of an instruction of the function that was decoded last, or a slot there. */
void dwunw_scan_apply(struct dwunw_scan *scan, uint64_t vaddr, uint8_t from,
		      struct dwunw_scan_effect *effect);

#ifdef __cplusplus
}
#endif
#endif
