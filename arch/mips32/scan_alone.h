/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* As alone.h, for scan.h: numbers of the scan, which make scans 7 % smaller. */
#ifndef DWU_MIPS32_SCAN_ALONE_H
#define DWU_MIPS32_SCAN_ALONE_H

static const struct dwu_scan_ops dwu_scan_ops_alone = {
	.unit = 4,
	.delay_slots = true,
	.resolver = { 0xafbc0020, 0xafaf0024 },
	.resolver_ra = 15,
};

#endif
