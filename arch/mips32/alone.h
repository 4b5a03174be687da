/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What is the same in both byte orders of mips32, as constants, where that is the
 * only target (tests/unit/scan_mips32.c compares them with target.c). For arch.h.
 */
#ifndef DWU_MIPS32_ALONE_H
#define DWU_MIPS32_ALONE_H

#include "flags.h"

static const struct dwunw_arch_ops dwu_arch_alone = {
	.machine = 8,
	.elf_class = 1,
	.address_size = 4,
	.reg_count = 32,
	.extra_count = 12,
	.extra_first = 32 + 20,
	.sp = 29,
	.ra = 31,
	.ra_alias = 64,
	.pc = 32,
	.link_register = true,
	.pc_mask = 0xfffffffe,
	.isa_mask = 1,
	.file = &dwu_mips32_file,
	.fp = 30,
	.preserved = 0x50ff0000,
	.saved_count = 11,
	.signal_step = 4,
};

#endif
