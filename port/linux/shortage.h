/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * shortage.h - memory of the C library, and the caller asked before there is none.
 */
#ifndef DWU_SHORTAGE_H
#define DWU_SHORTAGE_H

#include <dwunw/linux.h>

/* malloc() and the like, for which dwunw_short() is called where there is none. */
void *dwu_malloc(size_t size);
void *dwu_calloc(size_t number, size_t size);
void *dwu_realloc(void *old, size_t size);
char *dwu_strdup(const char *text);
char *dwu_strndup(const char *text, size_t size);

#endif
