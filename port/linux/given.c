/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A struct of the caller's, from whichever version's header -> this version's.
 *
 * For example, a program built with 0.2.0 passes size 64 to a library whose
 * struct has 80: the 16 new bytes are 0, which means "as before". One built
 * with a later header passes 96: the 16 that are not known here must be 0, or
 * the caller asks for what this version cannot do (INVALID_ARG). A size of 0 is
 * this header's own.
 */
#include <dwunw/linux.h>

#include <string.h>

/* More than any version will have: a `size` that nobody has set. */
#define GIVEN_MAX 4096u

static bool all_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* `least`: the struct as it first was; a smaller one is no such struct. */
dwunw_status_t dwunw_struct_from(void *dst, size_t dst_size, size_t least,
				 const void *src)
{
	size_t size;

	if (!dst || !src || dst_size < sizeof(size))
		return DWUNW_ERR_INVALID_ARG;
	memcpy(&size, src, sizeof(size));
	if (!size)
		size = dst_size;
	if (size < least || size > GIVEN_MAX)
		return DWUNW_ERR_INVALID_ARG;
	if (size > dst_size) {
		if (!all_zero((const unsigned char *)src + dst_size,
			      size - dst_size))
			return DWUNW_ERR_INVALID_ARG;
		size = dst_size;
	}
	memset(dst, 0, dst_size);
	memcpy(dst, src, size);
	memcpy(dst, &dst_size, sizeof(dst_size));
	return DWUNW_OK;
}
