/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * given.h - structs of callers, of this version or an older one: into *dst, of which
 * `last` is the last field that the first version with a `size` had.
 */
#ifndef DWU_GIVEN_H
#define DWU_GIVEN_H

#include <dwunw/linux.h>

#define DWU_GIVEN(dst, last, src)    \
	dwunw_struct_from(           \
		dst, sizeof(*(dst)), \
		(size_t)((char *)(&(dst)->last + 1) - (char *)(dst)), src)

#endif
