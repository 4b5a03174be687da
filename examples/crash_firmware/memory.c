/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The four functions that compilers and libdwunw need of a C library. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t size);
void *memmove(void *dst, const void *src, size_t size);
void *memset(void *dst, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* Or a compiler makes a call of memset() of the loop that is memset(). */
#define NO_IDIOM() __asm__ volatile("" ::: "memory")

void *memcpy(void *restrict dst, const void *restrict src, size_t size)
{
	uint8_t *to = dst;
	const uint8_t *from = src;

	while (size-- > 0) {
		*to++ = *from++;
		NO_IDIOM();
	}
	return dst;
}

void *memmove(void *dst, const void *src, size_t size)
{
	uint8_t *to = dst;
	const uint8_t *from = src;
	size_t i;

	if ((uintptr_t)to <= (uintptr_t)from)
		return memcpy(dst, src, size);
	for (i = size; i > 0; i--) {
		to[i - 1] = from[i - 1];
		NO_IDIOM();
	}
	return dst;
}

void *memset(void *dst, int byte, size_t size)
{
	uint8_t *to = dst;

	while (size-- > 0) {
		*to++ = (uint8_t)byte;
		NO_IDIOM();
	}
	return dst;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (; size > 0; size--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
