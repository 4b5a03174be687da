/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A struct of the caller's, from whichever version's header -> this version's. */
#include "given.h"

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

dwunw_status_t dwu_given(void *dst, size_t dst_size, size_t least,
			 const void *src)
{
	size_t size;

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
