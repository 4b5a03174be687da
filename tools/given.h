/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * given.h - what the command line says of files, and whether any file was one:
 * --symbol NAME=0xOFFSET[@FILE] and --debug-file FILE. What names nothing is
 * said: the tool would go on without it, and its user would not know.
 */
#ifndef GIVEN_H
#define GIVEN_H

#include <dwunw/types.h>
#include <stdbool.h>
#include <stdint.h>

#define GIVEN_MAX 16

/* Where a function is in a stripped file. */
struct given_symbol {
	char name[64];
	char file[128];	  /* part of its path; "": the program itself */
	const char *text; /* as it was given */
	uint64_t off;
	bool found;
};

struct given {
	struct given_symbol symbols[GIVEN_MAX];
	uint32_t count;
};

#define GIVEN_ALLOWED "NAME=0xOFFSET[@FILE], 16 of them at most"
/* Of the form? */
bool given_add(struct given *given, const char *text);

/* The offset of this function in the file at path, which is the program itself
 * or not; false: none was given. */
bool given_find(struct given *given, const char *path, bool program,
		const char *name, uint64_t *off);

/* A warning for each --symbol whose file was not there. Their number. */
uint32_t given_unused(const struct given *given, const char *tool);

/* The same for --debug-file, which served `used` files; path may be NULL. */
uint32_t given_debug_unused(const char *path, uint32_t used, const char *tool);

/* Of dwunw_symbol_offset(): a function that is there, and where no probe may be;
 * said on stderr. */
bool given_unprobed(dwunw_status_t status, const char *tool, const char *name,
		    const char *path);

#endif
