/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A library to be loaded late. PAD and NAME make one differ from another. */
#ifndef PAD
#define PAD 16
#endif

__attribute__((noinline)) static void inner(void (*leaf)(void))
{
	volatile char room[PAD];

	room[0] = 1;
	leaf();
	room[1] = room[0];
}

void NAME(void (*leaf)(void));
void NAME(void (*leaf)(void))
{
	inner(leaf);
	__asm__ volatile("");
}
