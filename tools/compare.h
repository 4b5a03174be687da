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

/*
 * An object file or a kernel module says nothing of addresses before it is
 * linked: each section begins at 0, and where an FDE begins is a relocation.
 * Rows would be printed under addresses that are nobody's. True: it is one,
 * which has been said.
 */
bool dwu_rows_unrelocated(const char *path, const struct dwunw_module *module);

/* Prints the result. CMD_OK, or CMD_FAILED with the reason said. */
int dwu_compare(struct dwunw_context *ctx,
		const struct dwu_compare_options *options);

#endif
