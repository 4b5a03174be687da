/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Leaks 100 bytes each 5 ms by own_malloc(), which is of the program, or of a
 * library (this file with -DLIBRARY; the program is then built with
 * -DLIBRARY_HAS_IT).
 */
#include <stdlib.h>
#include <unistd.h>

void *own_malloc(size_t size);
void own_free(void *p);
int request(size_t size);

#ifndef LIBRARY_HAS_IT
__attribute__((noinline)) void *own_malloc(size_t size)
{
	char *p = malloc(size);

	if (p)
		p[0] = 1;
	return p;
}

__attribute__((noinline)) void own_free(void *p)
{
	free(p);
}
#endif

#ifndef LIBRARY
__attribute__((noinline)) int request(size_t size)
{
	volatile char room[100];

	room[size & 63] = own_malloc(size) != NULL;
	usleep(5000);
	return room[size & 63];
}

int main(void)
{
	while (request(100))
		;
	own_free(NULL);
	return 0;
}
#endif
