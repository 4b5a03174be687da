/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Fifty pipes, kept open: the kernel's memory for them stays. */
#include "../live/begin.h"
#include <unistd.h>

int main(void)
{
	int ends[2];

	wait_for_begin();
	for (int i = 0; i < 50; i++) {
		if (pipe(ends))
			return 1;
	}
	tell_done();
	pause();
	return 0;
}
