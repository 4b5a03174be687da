/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Two functions of the chain, of the program or of a library. */
#include "chain.h"

__attribute__((noinline)) int inner(struct chain *chain, int n)
{
	volatile char room[200];

	TELL(chain, "middle");
	room[n & 127] = 1;
	return chain->leaf(chain, n) + room[n & 127];
}

__attribute__((noinline)) int middle(struct chain *chain, int n)
{
	TELL(chain, "outer");
	return inner(chain, n + 1) * 3;
}
