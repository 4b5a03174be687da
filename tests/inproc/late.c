/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A plugin of serve.cc that allocates itself. */
#include <stdlib.h>

void *late_leak(size_t size);

void *late_leak(size_t size)
{
	char *at = malloc(size);

	if (at)
		at[0] = 1;
	return at;
}
