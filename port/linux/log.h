/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * log.h - one line a problem, once.
 */
#ifndef DWU_LOG_H
#define DWU_LOG_H

#include <dwunw/linux.h>

#define DWU_LOG_SLOTS 256u
#define DWU_LOG_LINE 1024u

/* Tells ctx->config.log, unless the same line was among the last ones. */
__attribute__((format(printf, 2, 3))) void dwu_log(struct dwunw_context *ctx,
						   const char *format, ...);

/* Names and paths are the target's: control characters become '?'. */
bool dwu_is_printable(const char *text);
void dwu_make_printable(char *text);

/* FNV-1a, 64 bits. */
uint64_t dwu_hash(const void *bytes, size_t size);

#endif
