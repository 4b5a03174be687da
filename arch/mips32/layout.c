/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "layout.h"

#include "arch/layout.h"

const struct dwunw_layout dwu_layout_mips32el = DWU_LAYOUT_OF(MIPS32, 4);
const struct dwunw_layout dwu_layout_mips32eb = DWU_LAYOUT_OF(MIPS32, 4);
