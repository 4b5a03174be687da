/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A plugin of uses.c; SIZE, a number, is of its frame. */
#include <stddef.h>

void plug_run(void (*function)(size_t), size_t n);

void plug_run(void (*function)(size_t), size_t n)
{
	volatile char room[SIZE];

	room[n % SIZE] = 1;
	function(n);
	room[0]++;
}
