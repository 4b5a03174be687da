/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* e_flags and st_other of mips (binutils, include/elf/mips.h). */
#ifndef DWU_MIPS32_FLAGS_H
#define DWU_MIPS32_FLAGS_H

/* the highest 4 bits are the architecture: 9 is 32R6, then 64R6 */
#define EF_MIPS_ARCH_32R6 0x90000000u

enum {
	EF_MIPS_ABI2 = 0x20,	    /* n32 */
	EF_MIPS_ABI_OTHER = 0xe000, /* o64, EABI; o32 is 0x1000, or 0 */
	EF_MIPS_ARCH_ASE_MICROMIPS = 0x02000000,
	EF_MIPS_ARCH_ASE_M16 = 0x04000000,
	STO_MIPS16 = 0xf0,
	STO_MICROMIPS = 0x80,
	PDR_SIZE = 32, /* .pdr: gas/config/tc-mips.c, the procedure table */
};

static const struct dwu_arch_file dwu_mips32_file = {
	.flags_never = EF_MIPS_ABI2 | EF_MIPS_ABI_OTHER |
		       EF_MIPS_ARCH_ASE_MICROMIPS,
	.flags_end = EF_MIPS_ARCH_32R6,
	.isa_flag = EF_MIPS_ARCH_ASE_M16,
	.isa_other = { STO_MIPS16, STO_MICROMIPS },
	.function_table = ".pdr",
	.function_size = PDR_SIZE,
};

#endif
