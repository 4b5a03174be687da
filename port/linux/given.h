/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * given.h - structs of callers, of this version or an older one.
 */
#ifndef DWU_GIVEN_H
#define DWU_GIVEN_H

#include <dwunw/linux.h>

/*
 * A caller's struct that may grow (types.h), of which this version has `dst_size`
 * bytes and the first one that had a `size` had `least`. INVALID_ARG: fewer, or
 * more that are not 0.
 */
dwunw_status_t dwu_given(void *dst, size_t dst_size, size_t least,
			 const void *src);
#define DWU_GIVEN(dst, last, src)      \
	dwu_given(dst, sizeof(*(dst)), \
		  (size_t)((char *)(&(dst)->last + 1) - (char *)(dst)), src)

#endif
