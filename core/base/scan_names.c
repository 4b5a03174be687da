/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The printable names of what a scan comes to, as names.c has those of walks. A
 * file of its own: a program that prints none of them links none of it. For
 * example, dwunw_scan_result_name(DWUNW_SCAN_RA_LOST) is "ra lost".
 */
#include <dwunw/scan.h>

const char *dwunw_scan_result_name(uint8_t result)
{
	static const char *const names[] = {
		[DWUNW_SCAN_OK] = "ok",
		[DWUNW_SCAN_OFF] = "off",
		[DWUNW_SCAN_UNBOUNDED] = "unbounded",
		[DWUNW_SCAN_TOO_LARGE] = "too large",
		[DWUNW_SCAN_UNDECODABLE] = "undecodable",
		[DWUNW_SCAN_UNREACHED] = "unreached",
		[DWUNW_SCAN_NO_CALL] = "no call",
		[DWUNW_SCAN_CONTRADICTION] = "contradiction",
		[DWUNW_SCAN_SP_UNKNOWN] = "sp unknown",
		[DWUNW_SCAN_RA_LOST] = "ra lost",
	};

	return result < sizeof(names) / sizeof(names[0]) ? names[result] :
							   "unknown";
}
