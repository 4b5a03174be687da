/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "layout.h"
#include "target.h"

#include "core/base/bytes.h"

const struct dwu_hosted dwu_hosted_arm64 = {
	.layout = DWU_LAYOUT_OF(ARM64, 8),
	.stubs = IS_ON(CONFIG_NAMES_PLT) ? &dwu_stubs_arm64 : NULL,
	.insn_unit = 4,
	.entry = IS_ON(CONFIG_TRACE) ? &dwu_entry_arm64 : NULL,
};
