/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/flow.h - what is true of the code of one FDE, by its CFI and by a data
 * flow of its own that shares nothing with scans but the decoder.
 *
 * CFI says where the CFA is by one register. Another one tells it as well while
 * it is a known distance away: that is followed over every edge to a fixed
 * point.
 */
#ifndef DWUNW_TOOLS_FLOW_H
#define DWUNW_TOOLS_FLOW_H

#include "cmd.h"

#include <dwunw/scan.h>

/* All registers that code computes addresses in are followed, sp first: one
 * that callees save may be a copy of any. */
#define DWU_FLOW_REGS 33u

enum dwu_flow_kind {
	DWU_FLOW_NONE = 0, /* no edge leads here */
	DWU_FLOW_KNOWN,	   /* CFA = register + n */
	DWU_FLOW_VARIES,   /* that depends on the path, or on a value */
};

/* Before an instruction. */
struct dwu_flow_state {
	uint64_t changed; /* bit a column: on some path, since the entry */
	int32_t n[DWU_FLOW_REGS];
	uint8_t kind[DWU_FLOW_REGS]; /* enum dwu_flow_kind */
	bool entered;		     /* `changed` counts from the entry */
	bool reached;
};

struct dwu_flow_insn {
	struct dwunw_scan_insn insn;
	uint64_t vaddr;
	const struct dwunw_row *row; /* the CFI's; NULL: none */
	struct dwu_flow_state in;
	struct dwu_flow_state in_call; /* of a call: while the callee runs */
	bool queued;
};

struct dwu_flow {
	uint64_t saved; /* bit a column: callees save it */
	uint8_t regs[DWU_FLOW_REGS];
	uint8_t reg_count;
	uint64_t start;
	uint64_t size;
	struct dwu_flow_insn *insns; /* in order */
	size_t count;
	/* what grows and is kept from one FDE to the next */
	size_t room;
	struct dwunw_row *rows;
	size_t row_count;
	size_t row_room;
	uint32_t *at; /* number of the instruction + 1, by offset */
	size_t at_room;
	uint32_t *queue;
	size_t queue_room;
	size_t queue_count;
	struct dwunw_scan *scan;
	const struct dwunw_module *module; /* that has the code */
};

/* What callees save, by psABI, but for the return address. A bit a column. */
uint64_t dwu_flow_saved(const struct dwunw_arch_ops *arch);

/*
 * Fills *flow for an FDE of `cfi`, whose code flow->module has. False: the FDE
 * has no rows. Costs what the code is long.
 */
bool dwu_flow_run(struct dwu_flow *flow, const struct dwunw_module *cfi,
		  const struct dwunw_fde *fde,
		  struct dwunw_row_scratch *scratch);

/* The CFI's row at vaddr; NULL: none. */
const struct dwunw_row *dwu_flow_row(const struct dwu_flow *flow,
				     uint64_t vaddr);

/* Of a row's CFA by `column`: is that the same? enum dwu_flow_kind, and *n. */
uint8_t dwu_flow_cfa(const struct dwu_flow *flow, const struct dwunw_row *row,
		     const struct dwu_flow_state *state, uint8_t column,
		     int32_t *n);

void dwu_flow_free(struct dwu_flow *flow);

#endif
