/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* unpack.h - bytes as scripts/pack.c has made them. */
#ifndef DWUNW_TOOLS_UNPACK_H
#define DWUNW_TOOLS_UNPACK_H

#include <stddef.h>
#include <stdint.h>

/*
 * The bytes that were packed into [start, end), *size of them; they stay. NULL with
 * errno set: no memory, or EINVAL: those are none.
 */
const void *leak_unpack(const uint8_t *start, const uint8_t *end, size_t *size);

#endif
