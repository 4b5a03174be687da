/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Instructions as the flow analysis of core/scan/scan.c sees them.
 *
 *   code bytes -> where control goes -> what changes in the state -> row
 *
 * One file per target (arch/NAME_scan.c) has these few pure functions: no
 * reads but the bytes given, no memory but the state.
 */
#ifndef DWU_SCAN_ARCH_H
#define DWU_SCAN_ARCH_H

#include "arch.h"

/* Bytes of the longest instruction of any target; of what is taken for one. */
#define DWU_INSN_MAX 24u
/* … and is several, if it is longer: nothing is known in the midst of it. */
#define DWU_INSN_ONE 15u

/* Where control goes behind an instruction; bits, to ask for several. */
enum dwu_flow {
	DWU_FLOW_NEXT = 0,
	DWU_FLOW_CALL = 1,   /* to the next one, when the callee returns */
	DWU_FLOW_BRANCH = 2, /* to the next one or to target */
	DWU_FLOW_JUMP = 4,   /* to target */
	/* where a register or memory says: a switch, a tail call through a
	 * pointer */
	DWU_FLOW_INDIRECT = 8,
	DWU_FLOW_RETURN = 16,
	/* a trap: what stands behind is not reached from here */
	DWU_FLOW_END = 32,
};

struct dwu_insn {
	/* as linked, its low 32 bits: those of a text tell its places apart;
	 * of CALL, BRANCH and JUMP; 0: unknown. Of NEXT: a word of data among
	 * the code, loaded into column reg */
	uint32_t target;
	uint8_t reg;
	uint8_t size; /* 0: not an instruction */
	uint8_t flow; /* enum dwu_flow */
	bool delay;   /* mips: the next instruction runs before control goes */
	bool likely;  /* mips: … and only if the branch is taken */
	bool pad;     /* a no-op: functions are aligned with these */
	bool table; /* INDIRECT: through a table of this function, as it looks:
		     * not a tail call */
};

/* Bytes of code: [bytes, bytes + size) stand at vaddr. */
struct dwu_code {
	const uint8_t *bytes;
	size_t size;	/* under DWU_INSN_MAX only where the code ends */
	uint32_t vaddr; /* its low 32 bits */
	uint8_t isa;	/* 0; mips: 1 is MIPS16e */
};

enum dwu_value_kind {
	DWU_VALUE_UNKNOWN = 0,
	DWU_VALUE_ENTRY, /* what column `reg` held at the function's entry */
	DWU_VALUE_CFA,	 /* CFA + n */
	DWU_VALUE_CONST, /* n, sign-extended */
	/* only while tables are looked for: */
	DWU_VALUE_COPY,	      /* what was copied at n */
	DWU_VALUE_INDEX,      /* under `reg` */
	DWU_VALUE_ENTRY_AT,   /* an entry of the table at n */
	DWU_VALUE_TARGET_OF,  /* … added to n */
	DWU_VALUE_POINTER_AT, /* an address in the table at n */
};

/* What is known of a register. No padding: values are compared whole. */
struct dwu_value {
	int32_t n;
	uint16_t kind; /* enum dwu_value_kind */
	uint16_t reg;
};

#define DWU_SCAN_REGS 33u

/*
 * x86_64: a frame that sp was aligned in, at CFA - something. CFA + n is a
 * place in it if n is about this, and only its distance from others there is
 * known; the slot of sp is where the CFA is saved.
 */
#define DWU_ALIGNED (-0x20000000)

static inline bool dwu_is_aligned(int32_t n)
{
	return IS_ON(CONFIG_SCAN_PUSHED_RA) && n < DWU_ALIGNED / 2;
}

/* No slot: behind whatever a program could call its stack. */
#define DWU_SLOT_NONE INT32_MAX

/*
 * What is known before an instruction. At a function's entry every register
 * is ENTRY of itself, but sp, which is CFA - entry_size; where calls push
 * the return address, that is saved there.
 */
struct dwu_scan_state {
	struct dwu_value regs[DWU_SCAN_REGS]; /* by column */
	/* the entry value of a column stands at CFA + n, or nowhere */
	int32_t slots[DWU_SCAN_REGS];
	bool ra_signed;	  /* arm64: the return address in its register is */
	bool slot_signed; /* … and the one in its slot */
};

/* How much a place looks like a function's first instruction. */
enum dwu_start {
	DWU_START_NO = 0,
	DWU_START_MAYBE, /* opens a frame: a start if nothing leads here */
	DWU_START_SURE,	 /* nothing else looks so (endbr64 behind padding is
			  * no proof; a $gp set-up by $t9 is) */
};

/* A jump through a table: to base + entry i, i < count. */
struct dwu_table {
	uint32_t at;   /* of the table and */
	uint32_t base; /* … of what entries count from: addresses as linked */
	uint32_t compared; /* while tables are looked for: what was, last */
	uint16_t count;
	uint8_t size; /* bytes of an entry, a signed number */
};

struct dwu_scan_ops {
	uint8_t unit; /* instructions stand at multiples of unit >> isa */
	/* sp is CFA - a multiple of this at calls; 0: at every instruction,
	 * which tells nothing */
	uint8_t call_align;
	uint16_t red_zone; /* bytes below sp that a function may use */
	bool delay_slots;  /* of jumps: no linker puts others in their place */
	/*
	 * Two instructions of ld.so's function that binds a call when it is
	 * first made, near its start: who jumps there has the return address
	 * not where a call leaves it, but in this column; 0: at CFA - 8, and
	 * pushed 16 bytes. All 0: as a call has it.
	 */
	uint32_t resolver[2];
	uint8_t resolver_ra;

	/* Fills *insn whole. size 0: it cannot be decoded. */
	void (*decode)(const struct dwunw_arch_ops *arch,
		       const struct dwu_code *code, struct dwu_insn *insn);

	/*
	 * The state behind the instruction, from the one before it. Never
	 * asked for a CALL: a column that is not in arch->preserved is
	 * UNKNOWN behind one, and sp is what it was, but for pieces of
	 * functions (core/scan/explore.h).
	 */
	void (*effect)(const struct dwunw_arch_ops *arch,
		       const struct dwu_code *code, const struct dwu_insn *insn,
		       struct dwu_scan_state *state);

	/*
	 * The next place in code->bytes, from *off on, that looks like a branch,
	 * a jump or a call of 32 bits into [lo, hi), low 32 bits all; where it
	 * leads to in *to. DWU_FLOW_BRANCH or CALL; 0: none. NULL: compilers
	 * leave functions of the target in one piece.
	 */
	uint8_t (*far_branch)(const struct dwu_code *code, uint32_t *off,
			      uint32_t lo, uint32_t hi, uint32_t *to);

	/*
	 * Told every instruction of a function in the order of their places,
	 * with a state and a table of its own: fills the table and is true at
	 * a jump through one, if code right before it says how long it is.
	 * NULL: the target's switches are guessed at.
	 */
	bool (*table)(const struct dwunw_arch_ops *arch,
		      const struct dwu_code *code, struct dwu_scan_state *state,
		      struct dwu_table *table);

	/* enum dwu_start; for code whose functions nobody has listed. */
	uint8_t (*start)(const struct dwunw_arch_ops *arch,
			 const struct dwu_code *code);

	/* Where code has two isas: does this word look like isa 1, above 0,
	 * or like isa 0, below 0? NULL: there is one. */
	int (*isa)(const struct dwunw_arch_ops *arch,
		   const struct dwu_code *code);
};

/* call_align, known to be 0 where no target in the build has one. */
static inline uint8_t dwu_call_align(const struct dwu_scan_ops *ops)
{
	return IS_ON(CONFIG_SCAN_PUSHED_RA) ? ops->call_align : 0;
}

/* Numbers that the engine asks for, as dwu_arch() has them. */
#ifdef DWU_SCAN_ALONE
#include DWU_SCAN_ALONE
static inline const struct dwu_scan_ops *
dwu_scan_ops(const struct dwu_scan_ops *ops)
{
	(void)ops;
	return &dwu_scan_ops_alone;
}
#else
static inline const struct dwu_scan_ops *
dwu_scan_ops(const struct dwu_scan_ops *ops)
{
	return ops;
}
#endif

static inline bool dwu_scan_preserves(const struct dwunw_arch_ops *arch,
				      uint32_t column)
{
	return column < 32 && (uint32_t)arch->preserved >> column & 1;
}

/* Is a column's entry value what callers want back? */
static inline bool dwu_scan_is_saved(const struct dwunw_arch_ops *arch,
				     uint32_t column)
{
	return dwu_scan_preserves(arch, column) || column == arch->ra;
}

/*
 * For effect(): a register's entry value is stored at, or loaded from,
 * CFA + n; sp moved. Shared by the targets, in core/scan/scan.c's place below
 * them: arch/scan.c.
 */
void dwu_scan_store(const struct dwunw_arch_ops *arch,
		    struct dwu_scan_state *state, uint8_t reg, int32_t n);
void dwu_scan_load(const struct dwunw_arch_ops *arch,
		   struct dwu_scan_state *state, uint8_t reg, int32_t n);

#endif
