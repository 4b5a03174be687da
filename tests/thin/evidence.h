/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * evidence.h - ELF files with evidence taken away: a copy in memory of what
 * the file would be, had it been linked or stripped otherwise. Its code stays.
 */
#ifndef EVIDENCE_H
#define EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WITHOUT_CFI 1u	     /* .eh_frame, its table, .debug_frame */
#define WITHOUT_SOME_FDES 2u /* 30 %, the same ones each time */
#define WITHOUT_SYMBOLS 4u   /* .symtab */
#define WITHOUT_SECTIONS 8u  /* symbols and section headers */

/*
 * A copy for free(). NULL: no memory, or a file that the removal does not
 * understand (a line on stderr says what).
 */
uint8_t *evidence_remove(const uint8_t *bytes, size_t size, unsigned without,
			 const char *path);

/* A number from numbers: the same on every host, in every run. */
uint64_t evidence_hash(uint64_t a, uint64_t b);

#endif
