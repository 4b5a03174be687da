// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/* A library whose function calls another one, and then has something to do. */
void calls_back(void (*inner)(void));

void calls_back(void (*inner)(void))
{
	inner();
	__asm__ volatile("");
}
