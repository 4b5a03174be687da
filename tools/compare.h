/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* tools/compare.h - scanned rows beside those of the CFI. */
#ifndef DWUNW_TOOLS_COMPARE_H
#define DWUNW_TOOLS_COMPARE_H

#include "cmd.h"

#include <dwunw/scan.h>

struct dwu_compare_options {
	const char *path;
	const char *debug_file; /* has CFI that path lacks; NULL: none */
	bool no_symbols;
	bool verbose;
};

/*
 * What scans whole files: not bounded by a walker's memory. *memory is to be
 * freed. NULL: this build has no scan, which has been said.
 */
struct dwunw_scan *dwu_scanner(void **memory);

/* Prints the result. CMD_OK, or CMD_FAILED with the reason said. */
int dwu_compare(struct dwunw_context *ctx,
		const struct dwu_compare_options *options);

#endif
