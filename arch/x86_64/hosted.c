/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "layout.h"
#include "target.h"

#include "core/base/bytes.h"

const struct dwu_hosted dwu_hosted_x86_64 = {
	.layout = DWU_LAYOUT_OF(X86_64, 8),
	.stubs = IS_ON(CONFIG_NAMES_PLT) ? &dwu_stubs_x86_64 : NULL,
	.insn_unit = IS_ON(CONFIG_TRACE),
	.insn_size = IS_ON(CONFIG_TRACE) ? dwu_x86_insn_size : NULL,
	.entry = IS_ON(CONFIG_TRACE) ? &dwu_entry_x86_64 : NULL,
};
