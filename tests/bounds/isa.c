/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A function with a frame; for files of instruction sets that are refused. */
int other(int *n);

int framed(int n)
{
	int held[24] = { n };

	return other(held) + held[n & 7];
}
