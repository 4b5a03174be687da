/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * All that libdwunw-core.a needs around it, for the link of symbols.t. The
 * functions are slow on purpose: they are only linked.
 */
#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t size);
void *memmove(void *dst, const void *src, size_t size);
void *memset(void *dst, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void _start(void);

void *memmove(void *dst, const void *src, size_t size)
{
	volatile char *d = dst;
	const volatile char *s = src;

	if ((const volatile char *)d < s)
		for (size_t i = 0; i < size; i++)
			d[i] = s[i];
	else
		while (size--)
			d[size] = s[size];
	return dst;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t size)
{
	return memmove(dst, src, size);
}

void *memset(void *dst, int value, size_t size)
{
	volatile char *d = dst;

	while (size--)
		*d++ = (char)value;
	return dst;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const volatile unsigned char *x = a;
	const volatile unsigned char *y = b;

	for (; size; size--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

void _start(void)
{
	for (;;)
		;
}
