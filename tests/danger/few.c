/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A small library: two functions that call one another, one that is hidden. */
int one(int x)
{
	return x + 1;
}

int two(int x)
{
	return one(x) * 2;
}

static int hidden(int x)
{
	return x;
}

int three(int x)
{
	return hidden(two(x));
}
