/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "host.h"

#include <dwunw/linux.h>

/* The target that this build runs on, as make knows it. */
uint16_t dwu_host_arch(void)
{
	return DWU_HOST_ARCH;
}
