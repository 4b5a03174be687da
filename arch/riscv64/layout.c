/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "layout.h"

#include "arch/layout.h"

const struct dwunw_layout dwu_layout_riscv64 = DWU_LAYOUT_OF(RISCV64, 8);
