/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * flows.h - the names of enum dwu_flow in what the decoders' tests expect.
 */
#ifndef FLOWS_H
#define FLOWS_H

#include "arch/scan.h"

static const char *const flow_names[] = {
	[DWU_FLOW_NEXT] = "next",	  [DWU_FLOW_CALL] = "call",
	[DWU_FLOW_BRANCH] = "branch",	  [DWU_FLOW_JUMP] = "jump",
	[DWU_FLOW_INDIRECT] = "indirect", [DWU_FLOW_RETURN] = "return",
	[DWU_FLOW_END] = "end",
};

#endif
