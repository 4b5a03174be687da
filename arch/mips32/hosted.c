/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "layout.h"
#include "target.h"

#include "core/base/bytes.h"

const struct dwu_hosted dwu_hosted_mips32el = {
	.layout = DWU_LAYOUT_OF(MIPS32, 4),
	.insn_unit = 4,
	.stubs = IS_ON(CONFIG_NAMES_PLT) ? &dwu_stubs_mips32 : NULL,
};

const struct dwu_hosted dwu_hosted_mips32eb = {
	.layout = DWU_LAYOUT_OF(MIPS32, 4),
	.insn_unit = 4,
	.stubs = IS_ON(CONFIG_NAMES_PLT) ? &dwu_stubs_mips32 : NULL,
};
