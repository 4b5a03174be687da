/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* scan_line.h - fields of a line of /proc. */
#ifndef DWU_SCAN_LINE_H
#define DWU_SCAN_LINE_H

/*
 * As sscanf(3), of a few conversions, of which each has a given size:
 *
 *	%u	uint32_t, decimal	%U	uint64_t, decimal
 *	%d	int32_t, decimal	%X	uint64_t, hexadecimal
 *	%w	a word, not kept
 *
 * Blanks stand for any number of them. A number that does not fit ends it. Returns
 * how many were kept. A libc's sscanf() brings its numbers with a point along: 13 KB
 * of a static tool with musl.
 */
int dwu_scan_line(const char *line, const char *format, ...);

#endif
