/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Says which dwunw is in it, or in the shared library that it is linked to. */
#include "guest.h"

#include <stdio.h>

int main(void)
{
	printf("dwunw %s\n", guest_version());
	return 0;
}
