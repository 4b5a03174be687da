/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* What a shared library or a PIE has of dwunw in it. */
#include <dwunw/dwunw_api.h>

#include "guest.h"

__attribute__((visibility("default"))) const char *guest_version(void)
{
	struct dwunw_context ctx;

	if (dwunw_init(&ctx) != DWUNW_OK)
		return "no memory";
	dwunw_shutdown(&ctx);
	return dwunw_version();
}
