/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "layout.h"

#include "arch/hosted.h"

const struct dwu_hosted dwu_hosted_riscv64 = {
	.layout = DWU_LAYOUT_OF(RISCV64, 8),
};
