/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Calls four functions of libc, each by a stub. */
#include <stdio.h>
#include <stdlib.h>

int main(int c, char **v)
{
	puts(v[0]);
	printf("%d", atoi(v[c - 1]));
	return rand();
}
