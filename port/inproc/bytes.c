/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * memcpy and its kind for all that is in this object (ld's --wrap). The C library's may
 * be another's: AddressSanitizer and ThreadSanitizer stand before them, are not there
 * yet at the first malloc, and would look at memory that is none of the program's.
 *
 * Built without builtins: no loop here becomes a call of what it is.
 */
#include "inproc.h"

void *__wrap_memcpy(void *to, const void *from, size_t size);
void *__wrap_memmove(void *to, const void *from, size_t size);
void *__wrap_memset(void *to, int byte, size_t size);
int __wrap_memcmp(const void *a, const void *b, size_t size);
void *__wrap_memchr(const void *at, int byte, size_t size);
size_t __wrap_strlen(const char *text);
int __wrap_strcmp(const char *a, const char *b);
int __wrap_strncmp(const char *a, const char *b, size_t size);
char *__wrap_strcpy(char *to, const char *from);
char *__wrap_strstr(const char *text, const char *part);
size_t __wrap_strcspn(const char *text, const char *bytes);

typedef uintptr_t __attribute__((may_alias)) word_t;

static bool are_aligned(const void *a, const void *b)
{
	return !(((uintptr_t)a | (uintptr_t)b) % sizeof(word_t));
}

void *__wrap_memcpy(void *to, const void *from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (are_aligned(to, from))
		for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
			*(word_t *)(void *)t = *(const word_t *)(const void *)f;
			t += sizeof(word_t);
			f += sizeof(word_t);
		}
	while (size--)
		*t++ = *f++;
	return to;
}

void *__wrap_memmove(void *to, const void *from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if ((uintptr_t)to - (uintptr_t)from >= size)
		return __wrap_memcpy(to, from, size);
	while (size--)
		t[size] = f[size];
	return to;
}

void *__wrap_memset(void *to, int byte, size_t size)
{
	word_t all = (uint8_t)byte * (UINTPTR_MAX / 255);
	uint8_t *t = to;

	if (are_aligned(to, to))
		for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
			*(word_t *)(void *)t = all;
			t += sizeof(word_t);
		}
	while (size--)
		*t++ = (uint8_t)byte;
	return to;
}

int __wrap_memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (; size && *x == *y; size--)
		x++, y++;
	return size ? *x - *y : 0;
}

void *__wrap_memchr(const void *at, int byte, size_t size)
{
	const uint8_t *a = at;

	for (; size && *a != (uint8_t)byte; size--)
		a++;
	return size ? (void *)(uintptr_t)a : NULL;
}

size_t __wrap_strlen(const char *text)
{
	size_t size = 0;

	while (text[size])
		size++;
	return size;
}

int __wrap_strncmp(const char *a, const char *b, size_t size)
{
	for (; size && *a && *a == *b; size--)
		a++, b++;
	return size ? (uint8_t)*a - (uint8_t)*b : 0;
}

int __wrap_strcmp(const char *a, const char *b)
{
	return __wrap_strncmp(a, b, SIZE_MAX);
}

char *__wrap_strcpy(char *to, const char *from)
{
	return __wrap_memcpy(to, from, __wrap_strlen(from) + 1);
}

char *__wrap_strstr(const char *text, const char *part)
{
	size_t size = __wrap_strlen(part);

	for (; __wrap_strncmp(text, part, size) != 0; text++)
		if (!*text)
			return NULL;
	return (char *)(uintptr_t)text;
}

static bool is_one_of(char byte, const char *bytes)
{
	while (*bytes && *bytes != byte)
		bytes++;
	return *bytes;
}

size_t __wrap_strcspn(const char *text, const char *bytes)
{
	size_t size = 0;

	while (text[size] && !is_one_of(text[size], bytes))
		size++;
	return size;
}
